// posthog-js in jsdom: page view, identify, groups, a batch, and what is sent while the page goes away.
import { page } from './page.js'

const [host, key, mode] = process.argv.slice(2)
const window = page('<!doctype html><title>Shop</title><body><button id=b>Buy</button>')
const beacons = []
Object.defineProperty(window.navigator, 'sendBeacon', {
  value: (url, body) => {
    // What a browser does: the page does not wait, the request goes out with the page's origin.
    beacons.push(fetch(url, { method: 'POST', body, headers: { origin: 'http://shop.example' } }).then((a) => a.status))
    return true
  },
})

const module = await import('posthog-js')
const posthog = module.posthog ?? module.default.posthog ?? module.default.default
const sent = {}
const capture = (name, ...more) => {
  sent[name] = (sent[name] ?? 0) + 1
  posthog.capture(name, ...more)
}
const pause = (ms) => new Promise((done) => setTimeout(done, ms))

await new Promise((loaded) =>
  posthog.init(key, {
    api_host: host,
    loaded,
    capture_pageview: false,
    capture_pageleave: false,
    autocapture: false,
    disable_compression: mode === 'plain',
    request_queue_config: { flush_interval_ms: 250 },
    disable_session_recording: true,
    opt_out_useragent_filter: true,
    rate_limiting: { events_per_second: 1000, events_burst_limit: 1000 },
    advanced_disable_toolbar_metrics: true,
  })
)
capture('$pageview')
await pause(700)
posthog.identify('c1', { plan: 'pro' })
sent['$identify'] = 1
posthog.group('company', 'acme', { seats: 5 })
sent['$groupidentify'] = 1
for (let n = 0; n < 50; n++) capture('order', { amount: n, text: 'ü"\\ 😀' })
capture('instant', { a: 1 }, { send_instantly: true })
await pause(900)
if (posthog.isFeatureEnabled('anything', { send_event: false })) throw new Error('a flag out of nowhere')
for (let n = 0; n < 5; n++) capture('leaving', { n }, { transport: 'sendBeacon' })
window.dispatchEvent(new window.Event('pagehide'))
window.dispatchEvent(new window.Event('beforeunload'))
window.dispatchEvent(new window.Event('unload'))
await pause(300)
const statuses = await Promise.all(beacons)
if (beacons.length === 0 || statuses.some((status) => status !== 204 && status !== 200)) throw new Error(`beacons: ${statuses}`)
console.log(JSON.stringify(sent))
process.exit(0)
