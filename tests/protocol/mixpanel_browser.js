// mixpanel-browser in jsdom: batched JSON, base64 forms, and one request per event.
import { JSDOM } from 'jsdom'

const [host, key, mode] = process.argv.slice(2)
const { window } = new JSDOM('<!doctype html><title>Shop</title>', { url: `${host}/app`, pretendToBeVisual: true })
for (const name of ['window', 'document', 'location', 'localStorage', 'sessionStorage', 'XMLHttpRequest', 'screen'])
  Object.defineProperty(globalThis, name, { value: name === 'window' ? window : window[name], configurable: true, writable: true })
Object.defineProperty(globalThis, 'navigator', { value: window.navigator, configurable: true })

let open = 0
let quiet = Date.now()
const send = window.XMLHttpRequest.prototype.send
window.XMLHttpRequest.prototype.send = function (...body) {
  open++
  this.addEventListener('loadend', () => (open--, (quiet = Date.now())))
  return send.apply(this, body)
}

const module = await import('mixpanel-browser')
const mixpanel = module.default.default ?? module.default
mixpanel.init(key, {
  api_host: host,
  batch_requests: mode !== 'nobatch',
  batch_flush_interval_ms: 100,
  api_payload_format: mode === 'base64' ? 'base64' : 'json',
  persistence: 'localStorage',
  ignore_dnt: true,
  track_pageview: false,
})
let sent = 0
const track = () => (sent++, mixpanel.track(`Checkout ${mode}`, { revenue: sent, text: 'ü"\\ 😀' }))
track()
mixpanel.identify(`user-${mode}`)
for (let n = 0; n < 20; n++) track()
mixpanel.people.set({ plan: 'pro' })
const deadline = Date.now() + 20000
while ((open > 0 || Date.now() - quiet < 1500) && Date.now() < deadline) await new Promise((done) => setTimeout(done, 50))
console.log(JSON.stringify({ Checkout: sent }))
process.exit(0)
