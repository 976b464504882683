/** Hash routes: `#/kpis/revenue?by=country` is page `kpis`, rest `['revenue']`, params `by=country`. */
import { SvelteURLSearchParams } from 'svelte/reactivity';

export interface Route {
  page: string;
  rest: string[];
  params: Record<string, string>;
}

export function parse(hash: string): Route {
  const [path = '', search = ''] = hash.replace(/^#?\/?/, '').split('?', 2) as [string, string?];
  const decode = (part: string) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  };
  const [page = '', ...rest] = path.split('/').filter(Boolean).map(decode);
  return { page: page || 'today', rest, params: Object.fromEntries(new SvelteURLSearchParams(search)) };
}

/** The address of a page: `href('kpis', 'revenue', { by: 'country' })`. */
export function href(page: string, ...parts: (string | Record<string, string | undefined>)[]): string {
  const path = [page];
  const search = new SvelteURLSearchParams();
  for (const part of parts) {
    if (typeof part === 'string') path.push(part);
    else for (const [key, value] of Object.entries(part)) if (value) search.set(key, value);
  }
  const query = search.toString();
  return `#/${path.map(encodeURIComponent).join('/')}${query ? `?${query}` : ''}`;
}

class Router {
  current = $state.raw<Route>(parse(typeof location === 'undefined' ? '' : location.hash));

  listen(): () => void {
    const update = () => (this.current = parse(location.hash));
    update();
    window.addEventListener('hashchange', update);
    return () => window.removeEventListener('hashchange', update);
  }
}

export const router = new Router();

/** Goes to an address made by `href` (or written out). */
export function go(address: string, how: 'push' | 'replace' = 'push'): void {
  const hash = address.startsWith('#') ? address : `#/${address.replace(/^\//, '')}`;
  if (how === 'replace') history.replaceState(null, '', hash);
  else history.pushState(null, '', hash);
  router.current = parse(hash);
}
