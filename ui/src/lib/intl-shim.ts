/** With LANG=C the webview's `navigator.language` is "C", which is no locale: uPlot throws at import. Loaded before anything else. */
try {
  new Intl.NumberFormat(navigator.language);
} catch {
  Object.defineProperty(navigator, 'language', { value: 'en-GB', configurable: true });
  Object.defineProperty(navigator, 'languages', { value: ['en-GB'], configurable: true });
}
export {};
