import { fireEvent, screen, waitFor, within } from '@testing-library/svelte';
import { describe, expect, test, vi } from 'vitest';
import { invalidate } from '$lib/query.svelte';
import { router } from '$lib/router.svelte';
import { lastCall, show } from '../testing';
import Connections from './Connections.svelte';
import { ago, keyOf, rotated, wanted } from './health';
import { bySdk, shortTitle } from './senders';
import { snippets } from '$lib/backend/fake/snippets';

test.each([
  ['#/connections', 'normal', 'tickets-47.csv: line 12 has 9 fields, the header has 8'],
  ['#/connections', 'empty', 'Nothing is connected yet'],
  ['#/connections', 'error', 'The store could not be read'],
  ['#/connections/sources/web', 'normal', 'Code to paste'],
  ['#/connections/sources/nothing', 'normal', 'There is no source “nothing”'],
  ['#/connections/schema', 'normal', '$feature_flag_called'],
  ['#/connections/schema', 'empty', 'No event yet'],
  ['#/connections/refused', 'normal', 'the newest 14 of 162'],
  ['#/connections/refused', 'empty', 'Nothing was refused'],
  ['#/connections/keys', 'normal', 'Client keys'],
  ['#/connections/keys', 'empty', 'Add a source and its key is made, with the code to paste.'],
  ['#/connections/targets', 'normal', 'remote: main is protected; push to another branch'],
  ['#/connections/targets', 'empty', 'The levers are published nowhere'],
  ['#/connections/people', 'normal', 'Look up a person'],
  ['#/connections/people/nobody', 'normal', 'Nothing is kept of “nobody”'],
] as const)('%s, %s: “%s”', async (address, scene, words) => {
  await show(Connections, address, scene);
  expect(await screen.findByText(words)).toBeInTheDocument();
});

describe('a source', () => {
  test('is offered from the list', async () => {
    await show(Connections, '#/connections');
    expect(await screen.findByRole('link', { name: /Add a source/ })).toHaveAttribute('href', '#/connections/add');
  });

  test('is made with its key, and its first event shows by itself', async () => {
    const fake = await show(Connections, '#/connections/add/mixpanel', 'empty');
    await fireEvent.click(await screen.findByRole('button', { name: 'Create source' }));
    await waitFor(() => expect(router.current.rest).toEqual(['sources', 'app']));
    expect(lastCall(fake, 'add_source')).toEqual({ kind: 'sdk', key: 'app', title: 'App', secret: null });
    expect(await screen.findByText(/Waiting for the first event/)).toBeInTheDocument();
    expect(await screen.findByText(/mixpanel\.init\('phc_made_up/)).toBeInTheDocument();
    fake.arrive('app');
    // Nothing else tells the page in a test that has no frame around it.
    invalidate(['connections', 'kpis']);
    expect(await screen.findByText('First event received')).toBeInTheDocument();
    await waitFor(() => expect(flat(screen.getByRole('status'))).toMatch(/signup from user_1, \d s ago/));
  });

  test('of a taken name is not made', async () => {
    const fake = await show(Connections, '#/connections/add/posthog');
    await fireEvent.input(await screen.findByLabelText(/Name/), { target: { value: 'Billing' } });
    expect(await screen.findByText('A source or key of this name exists; choose another')).toBeInTheDocument();
    await fireEvent.click(screen.getByRole('button', { name: /Create source/ }));
    expect(lastCall(fake, 'add_source')).toBeUndefined();
  });

  test('that is a folder becomes a table of business.toml', async () => {
    const fake = await show(Connections, '#/connections/add/folder');
    await fireEvent.click(await screen.findByRole('button', { name: 'Browse…' }));
    await fireEvent.click(screen.getByRole('button', { name: /Create source/ }));
    await waitFor(() =>
      expect(lastCall(fake, 'add_config')?.toml).toBe(
        '[[source]]\nkey = "made-up"\ntitle = "made-up"\nkind = "folder"\npath = "/home/sample/made-up"\npattern = "*.csv"\n',
      ),
    );
  });

  test('that stays silent for a minute gets hints', async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    try {
      await show(Connections, '#/connections/sources/billing');
      expect(await screen.findByText(/Waiting for the first event/)).toBeInTheDocument();
      expect(screen.queryByText(/Nothing for a minute/)).not.toBeInTheDocument();
      await vi.advanceTimersByTimeAsync(62_000);
      expect(screen.getByText(/Nothing for a minute/)).toBeInTheDocument();
      expect(screen.getByText(/is reached from this machine only/)).toBeInTheDocument();
    } finally {
      vi.useRealTimers();
    }
  });
});

test('an event shows its properties, samples and metrics', async () => {
  await show(Connections, '#/connections/schema/order');
  expect(await screen.findByText('amount')).toBeInTheDocument();
  expect(screen.getByRole('link', { name: 'revenue' })).toHaveAttribute('href', '#/kpis/revenue');
  await fireEvent.input(screen.getByLabelText('Search events and properties'), { target: { value: 'current_url' } });
  await waitFor(() => expect(screen.getAllByRole('listitem').map((row) => flat(row))[0]).toMatch(/^visit/));
});

describe('what was refused', () => {
  test('is mended and sent again, and says what became of it', async () => {
    const fake = await show(Connections, '#/connections/refused?source=web');
    await fireEvent.click((await screen.findAllByRole('button', { name: 'Send again' }))[0]!);
    expect(await screen.findByText(/Refused again: the event has no name/)).toBeInTheDocument();
    await fireEvent.click(screen.getAllByRole('button', { name: 'Edit…' })[0]!);
    const field = screen.getByLabelText('The event as it will be sent');
    await fireEvent.input(field, { target: { value: '{"event":' } });
    expect(screen.getByText(/Not JSON yet/)).toBeInTheDocument();
    await fireEvent.input(field, { target: { value: '{\n  "event": "visit"\n}' } });
    await fireEvent.click(screen.getAllByRole('button', { name: 'Send again' })[0]!);
    await waitFor(() => expect(lastCall(fake, 'replay_rejection')).toEqual({ id: 900, raw: '{"event":"visit"}' }));
    await waitFor(() => expect(screen.getAllByText('Sent again and taken')).toHaveLength(2));
  });

  test('goes again as a group, with a text replaced in all', async () => {
    const fake = await show(Connections, '#/connections/refused?source=web');
    await fireEvent.click(await screen.findByRole('button', { name: 'Send all 4 again…' }));
    const dialog = within(await screen.findByRole('dialog'));
    await fireEvent.input(dialog.getByLabelText('Replace this text'), { target: { value: '"event":""' } });
    await fireEvent.input(dialog.getByLabelText('with'), { target: { value: '"event":"visit"' } });
    expect(dialog.getByText(/Changes 4 events/)).toBeInTheDocument();
    await fireEvent.click(dialog.getByRole('button', { name: 'Send again' }));
    expect(await dialog.findByText('4 taken')).toBeInTheDocument();
    expect(fake.calls.filter((call) => call.name === 'replay_rejection')).toHaveLength(4);
  });

  test('can be narrowed to one source', async () => {
    await show(Connections, '#/connections/refused?source=tickets');
    await waitFor(() => expect(screen.getByRole('button', { name: /Line has 9 fields/ })).toBeInTheDocument());
    expect(screen.queryByText('The event has no name')).not.toBeInTheDocument();
  });
});

describe('keys', () => {
  test('are made under a plain name and shown', async () => {
    const fake = await show(Connections, '#/connections/keys');
    await fireEvent.click(await screen.findByRole('button', { name: 'Make a read key…' }));
    const dialog = within(await screen.findByRole('dialog'));
    await fireEvent.input(dialog.getByLabelText('Name'), { target: { value: 'My Shop' } });
    await fireEvent.click(dialog.getByRole('button', { name: 'Make key' }));
    expect(await dialog.findByText('er_made_up_0123456789abcdef')).toBeInTheDocument();
    expect(lastCall(fake, 'make_key')).toEqual({ name: 'my-shop', kind: 'read' });
  });

  test('of a taken name are not made', async () => {
    const fake = await show(Connections, '#/connections/keys');
    await fireEvent.click(await screen.findByRole('button', { name: 'Make a write key…' }));
    const dialog = within(await screen.findByRole('dialog'));
    await fireEvent.input(dialog.getByLabelText('Name'), { target: { value: 'Web' } });
    await fireEvent.click(dialog.getByRole('button', { name: /Make key/ }));
    expect(dialog.getByText(/A key of this name exists/)).toBeInTheDocument();
    expect(lastCall(fake, 'make_key')).toBeUndefined();
  });

  test('are rotated beside the old one, which is revoked when asked', async () => {
    const fake = await show(Connections, '#/connections/keys');
    await fireEvent.keyDown(await screen.findByRole('button', { name: 'More for web' }), { key: 'Enter' });
    await fireEvent.click(await screen.findByRole('menuitem', { name: /Rotate/ }));
    const dialog = within(await screen.findByRole('dialog'));
    await fireEvent.click(dialog.getByRole('button', { name: 'Make the new key' }));
    expect(await dialog.findByText('phc_made_up_0123456789abcdef')).toBeInTheDocument();
    expect(lastCall(fake, 'make_key')).toEqual({ name: 'web-2', kind: 'write', source: 'web' });
    expect(lastCall(fake, 'revoke_key')).toBeUndefined();
    await fireEvent.click(dialog.getByRole('button', { name: 'Revoke web now' }));
    await waitFor(() => expect(lastCall(fake, 'revoke_key')).toEqual({ id: 'web' }));
  });
});

describe('a person', () => {
  test('is shown with every id and erased only when the id is typed', async () => {
    const fake = await show(Connections, '#/connections/people/user_481');
    expect(await screen.findByText('mara@example.invalid')).toBeInTheDocument();
    await fireEvent.click(screen.getByRole('button', { name: /Erase this person/ }));
    const dialog = within(await screen.findByRole('dialog'));
    await fireEvent.click(dialog.getByRole('button', { name: /Erase for good/ }));
    expect(lastCall(fake, 'erase_person')).toBeUndefined();
    await fireEvent.input(dialog.getByLabelText(/to confirm/), { target: { value: 'user_481' } });
    await fireEvent.click(dialog.getByRole('button', { name: 'Erase for good' }));
    await waitFor(() => expect(lastCall(fake, 'erase_person')).toEqual({ unit: 'user_481' }));
    expect(await screen.findByText(/214 events no longer/)).toBeInTheDocument();
    expect(await screen.findByText('Nothing is kept of “user_481”')).toBeInTheDocument();
  });
});

test('a secret is set without being shown', async () => {
  const fake = await show(Connections, '#/connections/targets');
  await fireEvent.click(await screen.findByRole('button', { name: 'Set…' }));
  const dialog = within(await screen.findByRole('dialog'));
  const field = dialog.getByLabelText('Value');
  expect(field).toHaveAttribute('type', 'password');
  await fireEvent.input(field, { target: { value: 'whsec_1' } });
  await fireEvent.click(dialog.getByRole('button', { name: 'Keep it' }));
  await waitFor(() => expect(lastCall(fake, 'set_secret')).toEqual({ name: 'stripe_payments', value: 'whsec_1' }));
});

describe('words', () => {
  const key = (name: string, created_at: number, revoked = false) => ({
    name,
    source: 'web',
    kind: 'write',
    value: '',
    created_at,
    last_used_at: null,
    revoked,
    snippets: [],
  });
  test('a rotated key stays the key of its source', () => {
    const keys = [key('web', 1, true), key('web-2', 2), { ...key('webshop', 4), source: 'webshop' }];
    expect(keyOf('web', keys)?.name).toBe('web-2');
    expect(rotated('web-2', ['web', 'web-2'])).toBe('web-3');
  });
  test('what is wanted is apart from how it is', () => {
    const source = { key: 'web', kind: 'sdk', health: 'stale' } as never;
    expect(wanted(source, [key('web', 1)])).toEqual({ on: true, text: 'On' });
    expect(wanted(source, [key('web', 1, true)]).on).toBe(false);
  });
  test('seconds count in the first minute', () => {
    expect([ago(-5), ago(2100), ago(61_000)]).toEqual(['0 s ago', '2 s ago', '1 min ago']);
  });
  test('snippets belong to what sends', () => {
    const groups = bySdk(snippets('http://h', 'k'));
    expect(groups.map((group) => group.key)).toEqual(['posthog', 'mixpanel', 'segment', 'http']);
    expect(bySdk(snippets('http://h', 'k', 'client')).map((group) => group.title)).toEqual([
      'OpenFeature',
      'GrowthBook',
    ]);
    expect(['posthog-js', 'mixpanel-python', 'curl'].map(shortTitle)).toEqual(['Browser', 'Python', 'curl']);
  });
});

function flat(element: HTMLElement): string {
  return (element.textContent ?? '').replace(/\s+/g, ' ').trim();
}
