import axe from 'axe-core';
import { cleanup, render } from '@testing-library/svelte';
import { tick } from 'svelte';
import App from '../src/app/App.svelte';
import { use } from '../src/lib/backend';
import { Fake, type Scene } from '../src/lib/backend/fake';
import { reset } from '../src/lib/query.svelte';
import { go } from '../src/lib/router.svelte';
import { toasts } from '../src/lib/toasts.svelte';
import { answer } from '../src/domain/answer.svelte';
import { PAGES } from '../src/app/pages';
import { run } from '../src/app/run.svelte';
import { shell } from '../src/app/shell.svelte';

/** The whole page on an artificial engine, at an address; `prepare` changes the engine before the page asks it anything. */
export async function open(
  address: string,
  scene: Scene = 'normal',
  prepare: (fake: Fake) => void = () => undefined,
): Promise<Fake> {
  cleanup();
  reset();
  toasts.list = [];
  answer.reset();
  run.asking = 'none';
  shell.palette = shell.sheet = shell.problems = false;
  // Chunks are loaded before, so that waiting is for answers only.
  await Promise.all(PAGES.map((p) => p.load()));
  const fake = new Fake(scene);
  prepare(fake);
  use(fake);
  go(address, 'replace');
  render(App);
  await settle();
  return fake;
}

/** Until the answers in flight are on screen. */
export async function settle(rounds = 12): Promise<void> {
  for (let i = 0; i < rounds; i += 1) {
    await new Promise((done) => setTimeout(done, 2));
    await tick();
  }
}

export async function press(...keys: string[]): Promise<void> {
  for (const key of keys) {
    const mod = key.startsWith('mod+');
    const shift = key.startsWith('shift+');
    const target = document.activeElement ?? document.body;
    target.dispatchEvent(
      new KeyboardEvent('keydown', {
        key: mod ? key.slice(4) : shift ? key.slice(6) : key,
        ctrlKey: mod,
        shiftKey: shift,
        bubbles: true,
        cancelable: true,
      }),
    );
    await settle(8);
  }
}

/**
 * Faults of the page as axe names them. Slow, so only for what the end-to-end tests do not look at in the real webview:
 * dialogs, menus, errors. Colours need a layout and are judged there, too.
 */
export async function faults(): Promise<string[]> {
  const result = await axe.run(document.body, {
    rules: {
      'color-contrast': { enabled: false },
      region: { enabled: false },
      'scrollable-region-focusable': { enabled: false },
    },
    resultTypes: ['violations'],
    elementRef: false,
    preload: false,
    iframes: false,
  });
  return result.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 160)).join(' | ')}`);
}

export const text = () => document.body.textContent?.replace(/[\s\u00a0]+/g, ' ') ?? '';
export const button = (name: string | RegExp) =>
  [...document.querySelectorAll<HTMLElement>('button, a.btn')].find((b) => {
    const label = (b.getAttribute('aria-label') ?? b.textContent ?? '').replace(/[\s\u00a0]+/g, ' ').trim();
    return typeof name === 'string' ? label.startsWith(name) : name.test(label);
  });
