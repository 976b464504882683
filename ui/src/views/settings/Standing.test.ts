import { fireEvent, screen, waitFor } from '@testing-library/svelte';
import axe from 'axe-core';
import { expect, test } from 'vitest';
import type { BudgetView } from '$lib/backend';
import { lastCall, show } from '../testing';
import Settings from './Settings.svelte';
import { nameOf, scopeOf, scopeWords, used } from './standing';

const faults = async () =>
  (
    await axe.run(document.body, { rules: { 'color-contrast': { enabled: false }, region: { enabled: false } } })
  ).violations.map((v) => v.id);

test('spent and reserved never draw more than the whole line', () => {
  const line = (amount_minor: number, spent_minor: number, reserved_minor: number) =>
    used({ amount_minor, spent_minor, reserved_minor } as BudgetView);
  expect(line(100, 30, 20)).toEqual({ spent: 0.3, reserved: 0.2 });
  expect(line(100, 90, 40)).toEqual({ spent: 0.9, reserved: expect.closeTo(0.1) as number });
  expect(line(0, 0, 0)).toEqual({ spent: 1, reserved: 0 });
});

test('a scope is made of its name and read back', () => {
  for (const kind of ['proposer', 'kind', 'target'] as const) expect(nameOf(scopeOf(kind, 'mail'))).toBe('mail');
  expect(scopeWords(scopeOf('proposer', 'client:planner'))).toBe('Planner client');
  expect(scopeWords(scopeOf('proposer', 'client:*'))).toBe('every client:…');
});

test('budgets say what is left, and a grant is revoked', async () => {
  const fake = await show(Settings, '#/settings/budgets');
  expect(await screen.findByText('used up', { selector: '.bad' })).toBeInTheDocument();
  expect(await screen.findByText('2 of 5')).toBeInTheDocument();
  expect(await faults()).toEqual([]);
  await fireEvent.click(await screen.findByRole('button', { name: 'Revoke' }));
  await waitFor(() => expect(lastCall(fake, 'revoke_grant')).toEqual({ id: 'grant_000001' }));
  await waitFor(() => expect(fake.standing.grants[0]?.revoked).toBe(fake.status.now));
});

test('one scope is stopped with a reason, and a stop is released', async () => {
  const fake = await show(Settings, '#/settings/stops?stop=1');
  expect(await screen.findByText(/Acts of the kind mail/)).toBeInTheDocument();
  const go = await screen.findByRole('button', { name: /^Stop it/ });
  expect(go).toHaveAttribute('title', 'name what is to be stopped');
  await fireEvent.input(screen.getByLabelText(/^Proposer/), { target: { value: 'playbook:price_step' } });
  await fireEvent.input(screen.getByLabelText(/^Why/), { target: { value: 'odd prices' } });
  expect(await faults()).toEqual([]);
  await fireEvent.submit(document.querySelector('#halt-form')!);
  await waitFor(() =>
    expect(lastCall(fake, 'halt')).toEqual({
      scope: { scope: 'proposer', proposer: 'playbook:price_step' },
      reason: 'odd prices',
    }),
  );
  await waitFor(() => expect(document.querySelector('#halt-form')).toBeNull());
  await fireEvent.click(screen.getAllByRole('button', { name: /^Release/ })[0]!);
  await screen.findByText(/with key 9f2c41d0/);
  await fireEvent.submit(document.querySelector('#release-form')!);
  await waitFor(() =>
    expect(lastCall(fake, 'release')).toEqual({ scope: { scope: 'kind', kind: 'mail' }, reason: '' }),
  );
  await waitFor(() => expect(fake.standing.halts).toEqual([{ scope: 'proposer', proposer: 'playbook:price_step' }]));
});

test('a client is made, its token is shown once; revoking says what was withdrawn', async () => {
  const fake = await show(Settings, '#/settings/agents');
  await fireEvent.click(await screen.findByRole('button', { name: /^Make a client/ }));
  await fireEvent.input(await screen.findByLabelText(/^Name/), { target: { value: 'Bad Name' } });
  await fireEvent.submit(document.querySelector('#client-form')!);
  expect(lastCall(fake, 'make_client')).toBeUndefined();
  await fireEvent.input(screen.getByLabelText(/^Name/), { target: { value: 'scout' } });
  await fireEvent.submit(document.querySelector('#client-form')!);
  await waitFor(() => expect(lastCall(fake, 'make_client')).toEqual({ name: 'scout', scopes: ['read', 'propose'] }));
  expect(await screen.findByText('ecm_scout_made_up_0123456789')).toBeInTheDocument();
  expect(await faults()).toEqual([]);
  await fireEvent.click(screen.getByRole('button', { name: 'I have kept it' }));
  await waitFor(() => expect(screen.queryByText('ecm_scout_made_up_0123456789')).toBeNull());
  await fireEvent.click(screen.getAllByRole('button', { name: /^Revoke/ })[0]!);
  await screen.findByText(/its open proposals are withdrawn/);
  await fireEvent.submit(document.querySelector('#client-form')!);
  await waitFor(() => expect(lastCall(fake, 'revoke_client')).toEqual({ name: 'planner', reason: '' }));
  await waitFor(() => expect(fake.standing.clients.find((c) => c.id === 'planner')?.open).toBe(0));
});
