// The OFREP provider for pages: bulk evaluation with ETag, and a stream that tells of changes.
import { EventSource } from 'eventsource'

const [baseUrl, key] = process.argv.slice(2)
const statuses = []
globalThis.EventSource = EventSource
const { OpenFeature } = await import('@openfeature/web-sdk')
const { OFREPWebProvider } = await import('@openfeature/ofrep-web-provider')
const provider = new OFREPWebProvider({
  baseUrl,
  cacheMode: 'disabled',
  headers: [['Authorization', `Bearer ${key}`]],
  pollInterval: 400,
  fetchImplementation: async (...call) => {
    const answer = await fetch(...call)
    statuses.push(answer.status)
    return answer
  },
})
await OpenFeature.setContext({ targetingKey: 'u1', plan: 'pro', country: 'DE' })
await OpenFeature.setProviderAndWait(provider)
const client = OpenFeature.getClient()
await new Promise((done) => setTimeout(done, 1000))
console.log(JSON.stringify({
  new_checkout: client.getBooleanValue('new_checkout', false), layout: client.getStringValue('layout', ''),
  price: client.getNumberValue('pro_price', 0), refetched: statuses.at(-1),
}))
const deadline = Date.now() + 15000
while (!client.getBooleanValue('killed', false) && Date.now() < deadline) await new Promise((done) => setTimeout(done, 50))
console.log(JSON.stringify({ killed: client.getBooleanValue('killed', false) }))
process.exit(0)
