// The theme in force before the first paint; src/lib/prefs.svelte.ts takes over from here.
(function () {
  var theme = 'system';
  try {
    theme = JSON.parse(localStorage.getItem('epochcore.prefs') || '{}').theme || theme;
  } catch {
    // An unreadable preference is none.
  }
  if (theme === 'system') theme = matchMedia('(prefers-color-scheme: light)').matches ? 'light' : 'dark';
  document.documentElement.dataset.theme = theme;
})();
