// @segment/analytics-node: prints how many events of each name it was asked to send.
import { Analytics } from '@segment/analytics-node'

const [host, key] = process.argv.slice(2)
const failed = []
const sdk = new Analytics({ writeKey: key, host, flushAt: 20, flushInterval: 100 }).on('error', (e) => failed.push(e))
for (let n = 0; n < 120; n++) sdk.track({ userId: `u${n}`, event: 'Order Completed', properties: { revenue: n, text: 'ü"\\ 😀' } })
sdk.identify({ userId: 'u1', anonymousId: 'anon-1', traits: { email: 'a@example.com' } })
sdk.group({ userId: 'u1', groupId: 'acme', traits: { seats: 5 } })
sdk.alias({ userId: 'u2', previousId: 'anon-2' })
sdk.page({ userId: 'u1', name: 'Start', properties: { url: 'http://shop.example/' } })
sdk.screen({ userId: 'u1', name: 'Home' })
await sdk.closeAndFlush({ timeout: 10000 })
if (failed.length) throw new Error(JSON.stringify(failed))
console.log(JSON.stringify({ 'Order Completed': 120, $identify: 1, $groupidentify: 1, $create_alias: 1, $pageview: 1, $screen: 1 }))
