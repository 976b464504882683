// @growthbook/growthbook: reads the features, then waits for the stream to bring a change.
import { GrowthBook, setPolyfills } from '@growthbook/growthbook'
import { EventSource } from 'eventsource'

const [apiHost, clientKey] = process.argv.slice(2)
setPolyfills({ EventSource })
const sdk = new GrowthBook({ apiHost, clientKey, attributes: { id: 'u1', plan: 'pro', country: 'DE' } })
await sdk.init({ streaming: true, timeout: 5000 })
console.log(JSON.stringify({
  new_checkout: sdk.isOn('new_checkout'), layout: sdk.getFeatureValue('layout', ''),
  headline: sdk.getFeatureValue('headline', ''), price: sdk.getFeatureValue('pro_price', 0),
}))
const deadline = Date.now() + 15000
while (sdk.getFeatureValue('headline', '') === 'Sell more' && Date.now() < deadline) await new Promise((done) => setTimeout(done, 50))
console.log(JSON.stringify({ headline: sdk.getFeatureValue('headline', '') }))
process.exit(0)
