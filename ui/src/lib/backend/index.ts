/** The one fence around the shell: everything the page knows, it asks for here. */
import type { Backend } from './contract';

export * from './contract';
export type * from './types';
export { PROVIDES } from './types';

let current: Backend | undefined;

/** Chooses the engine behind the page; `main.ts` and tests call it once. */
export function use(backend: Backend): void {
  current = backend;
}

/** The shell's engine when there is one, the fake one in a plain browser. */
export async function connect(): Promise<void> {
  if ('__TAURI_INTERNALS__' in window) use((await import('./tauri')).tauri);
  else use((await import('./fake')).fakeFromAddress());
}

function backend(): Backend {
  if (!current) throw new Error('no backend: call connect() or use() first');
  return current;
}

export const read: Backend['read'] = (name, args) => backend().read(name, args);
export const write: Backend['write'] = (name, args) => backend().write(name, args);
export const watch: Backend['watch'] = (heard) => backend().watch(heard);
export const pickFile: Backend['pickFile'] = (title, filters) => backend().pickFile(title, filters);
export const pickFolder: Backend['pickFolder'] = (title) => backend().pickFolder(title);
export const pickSave: Backend['pickSave'] = (title, suggested) => backend().pickSave(title, suggested);
export const reveal: Backend['reveal'] = (path) => backend().reveal(path);
