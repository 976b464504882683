import { fireEvent, screen, waitFor, within } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { lastCall, show } from '../testing';
import Connections from './Connections.svelte';

test.each([
  ['#/connections', 'normal', 'tickets-47.csv: line 12 has 9 fields, the header has 8'],
  ['#/connections', 'empty', 'Nothing is connected yet'],
  ['#/connections', 'error', 'The store could not be read'],
  ['#/connections/events', 'normal', 'signup'],
  ['#/connections/events', 'empty', 'No event yet'],
  ['#/connections/refused', 'normal', 'the newest 14 of 162'],
  ['#/connections/refused', 'empty', 'Nothing was refused'],
  ['#/connections/levers', 'normal', 'Price of Pro'],
  ['#/connections/levers', 'empty', 'No lever declared'],
] as const)('%s, %s: “%s”', async (address, scene, words) => {
  await show(Connections, address, scene);
  expect(await screen.findByText(words)).toBeInTheDocument();
});

test('an event shows its properties, samples and metrics', async () => {
  await show(Connections, '#/connections/events');
  await fireEvent.click(await screen.findByRole('button', { name: /order/ }));
  expect(screen.getByText('amount')).toBeInTheDocument();
  expect(screen.getByRole('link', { name: 'revenue' })).toHaveAttribute('href', '#/kpis/revenue');
});

test('refusals can be narrowed to one source', async () => {
  await show(Connections, '#/connections/refused?source=web');
  await waitFor(() => expect(screen.getAllByRole('row').length).toBeGreaterThan(1));
  const sources = screen
    .getAllByRole('row')
    .slice(1)
    .map((row) => row.children[1]?.textContent);
  expect(new Set(sources)).toEqual(new Set(['web']));
});

describe('keys', () => {
  test('show the snippets of the chosen one', async () => {
    await show(Connections, '#/connections');
    expect(await screen.findByText(/posthog.init/)).toBeInTheDocument();
    await fireEvent.click(screen.getByRole('radio', { name: 'curl' }));
    expect(screen.getByText(/v1\/track/)).toBeInTheDocument();
  });

  test('are made under a plain name and shown once', async () => {
    const fake = await show(Connections, '#/connections');
    await fireEvent.click(await screen.findByRole('button', { name: /Make a key/ }));
    const dialog = within(await screen.findByRole('dialog'));
    await fireEvent.click(dialog.getByRole('radio', { name: /Read/ }));
    await fireEvent.input(dialog.getByLabelText('Name'), { target: { value: 'My Shop' } });
    await fireEvent.click(dialog.getByRole('button', { name: 'Make key' }));
    expect(await dialog.findByText('ek_made_up_0123456789abcdef')).toBeInTheDocument();
    expect(lastCall(fake, 'make_key')).toEqual({ name: 'my-shop', kind: 'read' });
  });

  test('of a taken name are not made', async () => {
    const fake = await show(Connections, '#/connections');
    await fireEvent.click(await screen.findByRole('button', { name: /Make a key/ }));
    const dialog = within(await screen.findByRole('dialog'));
    await fireEvent.input(dialog.getByLabelText('Name'), { target: { value: 'Website' } });
    await fireEvent.click(dialog.getByRole('button', { name: /Make key/ }));
    expect(dialog.getByText(/A key of this name exists/)).toBeInTheDocument();
    expect(lastCall(fake, 'make_key')).toBeUndefined();
  });

  test('are revoked only after a question', async () => {
    const fake = await show(Connections, '#/connections');
    await fireEvent.click(await screen.findByRole('button', { name: /Revoke/ }));
    expect(lastCall(fake, 'revoke_key')).toBeUndefined();
    await fireEvent.click(within(await screen.findByRole('dialog')).getByRole('button', { name: 'Revoke key' }));
    await waitFor(() => expect(lastCall(fake, 'revoke_key')).toEqual({ id: 'website' }));
  });
});
