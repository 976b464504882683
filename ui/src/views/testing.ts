/** Puts a page on the screen over the artificial engine, for tests. */
import { render, screen, waitFor } from '@testing-library/svelte';
import type { Component } from 'svelte';
import { use } from '$lib/backend';
import { Fake, type Scene } from '$lib/backend/fake';
import { forget } from '$lib/query.svelte';
import { go } from '$lib/router.svelte';
import { status } from '$lib/status.svelte';

export async function show(page: Component, address: string, scene: Scene = 'normal'): Promise<Fake> {
  const fake = new Fake(scene);
  use(fake);
  forget();
  status.set(fake.status);
  go(address, 'replace');
  render(page);
  if (scene !== 'loading') await waitFor(() => screen.getByRole('heading', { level: 1 }));
  return fake;
}

/** The arguments of the last call of a read or command. */
export function lastCall(fake: Fake, name: string): Record<string, unknown> | undefined {
  return fake.calls.filter((call) => call.name === name).at(-1)?.args;
}
