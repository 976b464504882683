// The OFREP provider for servers.
import { OpenFeature } from '@openfeature/server-sdk'
import { OFREPProvider } from '@openfeature/ofrep-provider'

const [baseUrl, key] = process.argv.slice(2)
await OpenFeature.setProviderAndWait(new OFREPProvider({ baseUrl, headers: [['Authorization', `Bearer ${key}`]] }))
const client = OpenFeature.getClient()
const pro = { targetingKey: 'u1', plan: 'pro', country: 'DE' }
console.log(JSON.stringify({
  pro: await client.getBooleanValue('new_checkout', false, pro),
  free: await client.getBooleanValue('new_checkout', true, { targetingKey: 'u2', plan: 'free', country: 'FR' }),
  layout: await client.getStringValue('layout', '', pro),
  price: await client.getNumberValue('pro_price', 0, pro),
  missing: (await client.getBooleanDetails('no_such_lever', true, pro)).errorCode,
}))
