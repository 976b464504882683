// posthog-js in jsdom: flags of an identified person, read as a page does.
import { page } from './page.js'

const [host, key] = process.argv.slice(2)
page()

const module = await import('posthog-js')
const posthog = module.posthog ?? module.default.posthog ?? module.default.default
const settings = {
  api_host: host, capture_pageview: false, capture_pageleave: false, autocapture: false, disable_session_recording: true,
  opt_out_useragent_filter: true, request_queue_config: { flush_interval_ms: 250 },
}
await new Promise((loaded) => posthog.init(key, { ...settings, loaded }))
const until = async (truth) => {
  for (let n = 0; n < 100 && !truth(); n++) await new Promise((done) => setTimeout(done, 100))
}
async function as(person, properties) {
  posthog.identify(person)
  posthog.setPersonPropertiesForFlags(properties, false)
  let loaded = 0
  const stop = posthog.onFeatureFlags(() => loaded++)
  const before = loaded
  posthog.reloadFeatureFlags()
  await until(() => loaded > before)
  stop()
}
await until(() => posthog.featureFlags.hasLoadedFlags)
await as('u2', { plan: 'free', country: 'FR' })
const free = posthog.isFeatureEnabled('new_checkout')
posthog.reset()
await as('u1', { plan: 'pro', country: 'DE' })
const payload = posthog.getFeatureFlagPayload('pro_price')
console.log(JSON.stringify({
  new_checkout: posthog.getFeatureFlag('new_checkout'), free: free ?? false, layout: posthog.getFeatureFlag('layout'),
  price: payload, killed: posthog.getFeatureFlag('killed') ?? false,
}))
await new Promise((done) => setTimeout(done, 600))
process.exit(0)
