// mixpanel (node): prints how many events of each name it was asked to send.
import Mixpanel from 'mixpanel'

const [host, key] = process.argv.slice(2)
const sdk = Mixpanel.init(key, { host, protocol: 'http', verbose: true })
const done = (call) => new Promise((yes, no) => call((error) => (error ? no(error) : yes())))

for (let n = 0; n < 40; n++) await done((end) => sdk.track('Checkout', { distinct_id: `u${n}`, revenue: n, text: 'ü"\\ 😀' }, end))
const batch = Array.from({ length: 120 }, (_, n) => ({ event: 'Batched', properties: { distinct_id: `u${n}`, n } }))
await done((end) => sdk.track_batch(batch, end))
await done((end) => sdk.people.set('u1', { plan: 'pro' }, end))
await done((end) => sdk.people.set_once('u1', { first: 1 }, end))
await done((end) => sdk.people.track_charge('u1', 12.5, end))
await done((end) => sdk.groups.set('company', 'acme', { seats: 5 }, end))
console.log(JSON.stringify({ Checkout: 40, Batched: 120, $set: 1, $set_once: 1, $transaction: 1, $groupidentify: 1 }))
