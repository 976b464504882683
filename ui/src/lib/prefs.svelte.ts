/** What this person prefers on this machine: theme, motion, density, range. Kept in the webview's own storage. */
export type Theme = 'system' | 'light' | 'dark';
export type Motion = 'system' | 'reduced';
export type Density = 'comfortable' | 'compact';

const KEY = 'epochcore.prefs';

interface Stored {
  theme: Theme;
  motion: Motion;
  density: Density;
}

function load(): Stored {
  const fallback: Stored = { theme: 'system', motion: 'system', density: 'comfortable' };
  try {
    return { ...fallback, ...(JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Stored>) };
  } catch {
    return fallback;
  }
}

class Prefs {
  #stored = $state<Stored>(load());
  #systemDark = $state(true);

  constructor() {
    const media = typeof matchMedia === 'function' ? matchMedia('(prefers-color-scheme: dark)') : undefined;
    this.#systemDark = media?.matches ?? true;
    media?.addEventListener?.('change', (event) => {
      this.#systemDark = event.matches;
      this.#apply();
    });
    this.#apply();
  }

  get theme(): Theme {
    return this.#stored.theme;
  }
  set theme(value: Theme) {
    this.#stored.theme = value;
    this.#save();
  }
  get motion(): Motion {
    return this.#stored.motion;
  }
  set motion(value: Motion) {
    this.#stored.motion = value;
    this.#save();
  }
  get density(): Density {
    return this.#stored.density;
  }
  set density(value: Density) {
    this.#stored.density = value;
    this.#save();
  }
  /** The theme in force: charts draw on a canvas and must know. */
  get dark(): boolean {
    return this.#stored.theme === 'dark' || (this.#stored.theme === 'system' && this.#systemDark);
  }

  #save() {
    this.#apply();
    try {
      localStorage.setItem(KEY, JSON.stringify(this.#stored));
    } catch {
      // A full or forbidden storage loses the preference, nothing else.
    }
  }
  #apply() {
    const root = document.documentElement;
    root.dataset.theme = this.dark ? 'dark' : 'light';
    root.dataset.motion = this.#stored.motion;
    root.dataset.density = this.#stored.density;
  }
}

export const prefs = new Prefs();
