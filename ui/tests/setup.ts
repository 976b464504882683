import '@testing-library/jest-dom/vitest';
import { beforeEach } from 'vitest';
import { reset } from '../src/lib/query.svelte';
import { toasts } from '../src/lib/toasts.svelte';

// Files share their modules, so what one test leaves behind is cleared before the next.
beforeEach(() => {
  toasts.list = [];
  reset();
  localStorage.clear();
});

class Observer {
  observe() {}
  unobserve() {}
  disconnect() {}
}
globalThis.ResizeObserver ??= Observer as unknown as typeof ResizeObserver;
globalThis.IntersectionObserver ??= Observer as unknown as typeof IntersectionObserver;
Element.prototype.scrollIntoView ??= () => undefined;
Element.prototype.scrollTo ??= () => undefined;
Element.prototype.animate ??= (() => ({ cancel() {}, finished: Promise.resolve(), onfinish: null })) as never;
window.matchMedia ??= ((media: string) => ({
  media,
  matches: false,
  addEventListener() {},
  removeEventListener() {},
  addListener() {},
  removeListener() {},
  onchange: null,
  dispatchEvent: () => false,
})) as never;
HTMLCanvasElement.prototype.getContext = (() => null) as never;
