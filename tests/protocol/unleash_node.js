// unleash-client: evaluates locally what the gateway serves.
import { initialize } from 'unleash-client'

const [host, key] = process.argv.slice(2)
const sdk = initialize({ url: `${host}/api`, appName: 'shop', customHeaders: { Authorization: key }, refreshInterval: 1000, metricsInterval: 300 })
await new Promise((ready, no) => (sdk.once('synchronized', ready), sdk.once('error', no)))
const pro = { userId: 'u1', properties: { plan: 'pro', country: 'DE' } }
const free = { userId: 'u2', properties: { plan: 'free', country: 'FR' } }
const result = {
  pro: sdk.isEnabled('new_checkout', pro), free: sdk.isEnabled('new_checkout', free),
  layout: sdk.getVariant('layout', pro).payload?.value, price: sdk.getVariant('pro_price', pro).payload?.value,
}
await new Promise((done) => setTimeout(done, 600))
sdk.destroy()
console.log(JSON.stringify(result))
process.exit(0)
