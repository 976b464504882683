// A page of another site, in jsdom, as posthog-js finds it: answers `window`.
import { JSDOM } from 'jsdom'

const origin = 'http://shop.example'

export function page(html = '<!doctype html><title>Shop</title>') {
  const { window } = new JSDOM(html, { url: `${origin}/app`, pretendToBeVisual: true })
  window.fetch = (url, options = {}) =>
    fetch(url, { ...options, headers: { ...Object.fromEntries(new Headers(options.headers)), origin } })
  for (const name of ['Blob', 'CompressionStream', 'Response', 'Request', 'Headers', 'AbortController', 'TextEncoder']) window[name] = globalThis[name]
  for (const name of ['window', 'document', 'location', 'history', 'localStorage', 'sessionStorage', 'XMLHttpRequest', 'screen'])
    Object.defineProperty(globalThis, name, { value: name === 'window' ? window : window[name], configurable: true, writable: true })
  Object.defineProperty(globalThis, 'navigator', { value: window.navigator, configurable: true })
  globalThis.addEventListener = window.addEventListener.bind(window)
  return window
}
