// posthog-node: flags by the server, then the same by local evaluation; both must agree.
import { PostHog } from 'posthog-node'

const [host, key, secret] = process.argv.slice(2)
const pro = { personProperties: { plan: 'pro', country: 'DE' } }
const free = { personProperties: { plan: 'free', country: 'FR' } }

async function read(sdk) {
  return {
    new_checkout: await sdk.getFeatureFlag('new_checkout', 'u1', pro),
    free: await sdk.isFeatureEnabled('new_checkout', 'u2', free),
    layout: await sdk.getFeatureFlag('layout', 'u1', pro),
    price: await sdk.getFeatureFlagPayload('pro_price', 'u1', undefined, pro),
    killed: await sdk.getFeatureFlag('killed', 'u1', pro),
  }
}
const remote = new PostHog(key, { host, flushAt: 1 })
const answers = [await read(remote)]
await remote.shutdown(5000)
const local = new PostHog(key, { host, personalApiKey: secret, flushAt: 1 })
await local.waitForLocalEvaluationReady(5000)
answers.push(await read(local))
await local.shutdown(5000)
const [a, b] = answers.map((answer) => JSON.stringify(answer))
if (a !== b) throw new Error(`remote ${a}, local ${b}`)
console.log(a)
