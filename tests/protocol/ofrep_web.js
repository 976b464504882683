// The OFREP provider for pages: bulk evaluation polled with an ETag, then a stream that tells of changes.
import { OpenFeature } from '@openfeature/web-sdk'
import { OFREPWebProvider } from '@openfeature/ofrep-web-provider'
import { EventSource } from 'eventsource'

const [baseUrl, key] = process.argv.slice(2)
const pause = (ms) => new Promise((done) => setTimeout(done, ms))
let statuses = []
const provider = (more) => new OFREPWebProvider({
  baseUrl,
  cacheMode: 'disabled',
  headers: [['Authorization', `Bearer ${key}`]],
  fetchImplementation: async (...call) => {
    const answer = await fetch(...call)
    statuses.push(answer.status)
    return answer
  },
  ...more,
})
await OpenFeature.setContext({ targetingKey: 'u1', plan: 'pro', country: 'DE' })
await OpenFeature.setProviderAndWait(provider({ pollInterval: 300 }))
await pause(1000)
const polled = statuses.slice(1)
if (polled.length === 0 || polled.some((status) => status !== 304)) throw new Error(`polled: ${statuses}`)

globalThis.EventSource = EventSource
await OpenFeature.setProviderAndWait(provider({}))
const client = OpenFeature.getClient()
statuses = []
console.log(JSON.stringify({
  new_checkout: client.getBooleanValue('new_checkout', false), layout: client.getStringValue('layout', ''),
  price: client.getNumberValue('pro_price', 0), killed: client.getBooleanValue('killed', false),
}))
const deadline = Date.now() + 15000
while (!client.getBooleanValue('killed', false) && Date.now() < deadline) await pause(50)
console.log(JSON.stringify({ killed: client.getBooleanValue('killed', false), requests: statuses.length }))
process.exit(0)
