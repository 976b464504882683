// posthog-node: prints how many events of each name it was asked to send.
import { PostHog } from 'posthog-node'

const [host, key] = process.argv.slice(2)
const sent = {}
const count = (name, n = 1) => (sent[name] = (sent[name] ?? 0) + n)

for (const disableCompression of [false, true]) {
  const sdk = new PostHog(key, { host, flushAt: 20, flushInterval: 100, disableCompression, fetchRetryDelay: 200 })
  for (let n = 0; n < 150; n++) {
    sdk.capture({ distinctId: `c${n}`, event: 'order', properties: { amount: n, text: 'ü"\\ 😀' } })
    count('order')
  }
  sdk.capture({ distinctId: 'c1', event: 'visit', groups: { company: 'acme' }, timestamp: new Date('2026-01-02') })
  count('visit')
  sdk.identify({ distinctId: 'c1', properties: { plan: 'pro' } })
  count('$identify')
  sdk.alias({ distinctId: 'c1', alias: 'anon' })
  count('$create_alias')
  sdk.groupIdentify({ groupType: 'company', groupKey: 'acme', properties: { seats: 5 } })
  count('$groupidentify')
  await sdk.captureImmediate({ distinctId: 'c1', event: 'now' })
  count('now')
  const flags = await sdk.getAllFlags('c1')
  if (Object.keys(flags).length !== 0) throw new Error('flags out of nowhere')
  await sdk.shutdown(10000)
}
console.log(JSON.stringify(sent))
