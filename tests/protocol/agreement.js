// For each unit: what an SDK works out locally beside what the gateway says. Prints [unit, lever, local, remote] rows.
import http from 'node:http'

const [kind, host, count, ...keys] = process.argv.slice(2)
const agent = new http.Agent({ keepAlive: true, maxSockets: 8 })
const attributes = (n) => ({ plan: ['free', 'pro', 'team'][n % 3], country: ['DE', 'FR', 'US', 'AT'][n % 4], seats: n % 7 })

function call(method, path, body, headers = {}) {
  return new Promise((done, fail) => {
    const request = http.request(`${host}${path}`, { method, agent, headers: { 'content-type': 'application/json', ...headers } }, (answer) => {
      const parts = []
      answer.on('data', (part) => parts.push(part))
      answer.on('end', () => (answer.statusCode === 200 ? done(JSON.parse(Buffer.concat(parts))) : fail(new Error(`${path}: ${answer.statusCode} ${Buffer.concat(parts)}`))))
    })
    request.on('error', fail)
    request.end(body && JSON.stringify(body))
  })
}

const kinds = {
  async posthog(key, secret) {
    const { PostHog } = await import('posthog-node')
    const sdk = new PostHog(key, { host, personalApiKey: secret })
    await sdk.waitForLocalEvaluationReady(5000)
    return async (unit, person) => {
      const personProperties = Object.fromEntries(Object.entries(person).map(([name, value]) => [name, value]))
      const local = await sdk.getAllFlags(unit, { personProperties, onlyEvaluateLocally: true })
      const { flags } = await call('POST', '/flags/?v=2', { token: key, distinct_id: unit, person_properties: person })
      return Object.keys(local).map((lever) => [lever, local[lever], flags[lever].variant ?? flags[lever].enabled])
    }
  },
  async growthbook(key) {
    const { GrowthBook } = await import('@growthbook/growthbook')
    const { features } = await call('GET', `/api/features/${key}`)
    return async (unit, person) => {
      const sdk = new GrowthBook({ attributes: { id: unit, ...person }, features })
      const remote = await call('POST', `/api/eval/${key}`, { attributes: { id: unit, ...person }, forcedVariations: {}, forcedFeatures: [], url: '' })
      const there = new GrowthBook({ attributes: { id: unit, ...person }, features: remote.features })
      return Object.keys(features).map((lever) => [lever, sdk.getFeatureValue(lever, null), there.getFeatureValue(lever, null)])
    }
  },
  async unleash(key) {
    const { initialize } = await import('unleash-client')
    const sdk = initialize({ url: `${host}/api`, appName: 'shop', customHeaders: { Authorization: key }, disableMetrics: true })
    await new Promise((ready) => sdk.once('synchronized', ready))
    const names = sdk.getFeatureToggleDefinitions().map((toggle) => toggle.name).filter((name) => !name.startsWith('holdout:'))
    return async (unit, person) => {
      const query = new URLSearchParams({ userId: unit })
      for (const [name, value] of Object.entries(person)) query.set(`properties[${name}]`, String(value))
      const { toggles } = await call('GET', `/api/frontend?${query}`, undefined, { authorization: key })
      const on = new Map(toggles.map((toggle) => [toggle.name, toggle]))
      const properties = Object.fromEntries(Object.entries(person).map(([name, value]) => [name, String(value)]))
      const say = (enabled, variant) => (enabled ? (variant?.enabled ? `${variant.name}=${variant.payload?.value}` : 'on') : 'off')
      return names.map((name) => {
        const context = { userId: unit, properties }
        const remote = on.get(name)
        return [name, say(sdk.isEnabled(name, context), sdk.getVariant(name, context)), say(remote !== undefined, remote?.variant)]
      })
    }
  },
}
const compare = await kinds[kind](...keys)
const rows = []
let next = 0
await Promise.all(
  Array.from({ length: 8 }, async () => {
    for (let n = next++; n < Number(count); n = next++)
      for (const [lever, local, remote] of await compare(`user-${n}`, attributes(n))) rows.push([`user-${n}`, lever, local, remote])
  })
)
process.stdout.write(JSON.stringify(rows) + '\n', () => process.exit(0))
