import { fireEvent, screen, waitFor, within } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { router } from '$lib/router.svelte';
import { shortcuts } from '$lib/shortcuts.svelte';
import { toasts } from '$lib/toasts.svelte';
import { lastCall, show } from '../testing';
import Levers from './Levers.svelte';

test.each([
  ['#/levers', 'normal', 'New checkout on mobile'],
  ['#/levers', 'empty', 'No lever yet'],
  ['#/levers', 'error', 'The store could not be read'],
  ['#/levers/pro_price', 'normal', 'Who gets what'],
  ['#/levers/pro_price', 'error', 'The store could not be read'],
  ['#/levers/nothing', 'normal', 'There is no lever “nothing”'],
  ['#/levers/headline', 'normal', /Nobody has read it yet/],
] as const)('%s, %s: “%s”', async (address, scene, words) => {
  await show(Levers, address, scene);
  expect(await screen.findByText(words)).toBeInTheDocument();
});

const rows = () => screen.getAllByRole('link').filter((link) => link.id.startsWith('lever-'));
const press = (key: string) => shortcuts.handle(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));

describe('the list', () => {
  test('says rules in words and what is wrong', async () => {
    await show(Levers, '#/levers');
    await waitFor(() => expect(rows()).toHaveLength(7));
    expect(screen.getByText('20 % where plan is pro and country is DE or AT: on')).toBeInTheDocument();
    expect(screen.getByText(/the two sort units into the 20 % differently/)).toBeInTheDocument();
    expect(screen.getByText(/one value to everyone for 96 days/)).toBeInTheDocument();
    expect(screen.getByText(/which does not exist/)).toBeInTheDocument();
    expect(screen.getByRole('link', { name: 'new_checkout_mobile' })).toHaveAttribute(
      'href',
      '#/levers/new_checkout_mobile',
    );
  });

  test('narrows by chip and by search', async () => {
    await show(Levers, '#/levers');
    await fireEvent.click(await screen.findByRole('button', { name: /^Random 2/ }));
    expect(router.current.params).toEqual({ only: 'random' });
    await waitFor(() => expect(rows().map((row) => row.id)).toEqual(['lever-new_checkout_mobile', 'lever-pro_price']));
    await fireEvent.input(screen.getByLabelText('Search levers'), { target: { value: 'price' } });
    await waitFor(() => expect(rows().map((row) => row.id)).toEqual(['lever-pro_price']));
  });

  test('is walked by j and k', async () => {
    await show(Levers, '#/levers');
    await waitFor(() => expect(rows()).toHaveLength(7));
    press('j');
    press('j');
    expect(document.activeElement?.id).toBe('lever-pro_price');
    press('k');
    expect(document.activeElement?.id).toBe('lever-new_checkout_mobile');
  });
});

describe('one lever', () => {
  test('is tried through every protocol, with reason and probability', async () => {
    const fake = await show(Levers, '#/levers/new_checkout_mobile');
    expect(await screen.findByText('Every protocol that serves it gives the same value.')).toBeInTheDocument();
    await fireEvent.input(screen.getByLabelText('Value of plan'), { target: { value: 'pro' } });
    await waitFor(() =>
      expect(lastCall(fake, 'try_lever')).toEqual({
        key: 'new_checkout_mobile',
        unit: 'user_1',
        attributes: { plan: 'pro' },
      }),
    );
    expect(await screen.findByText(/The protocols differ/)).toBeInTheDocument();
    const table = within(screen.getByRole('table', { name: 'What each protocol serves' }));
    expect(table.getByRole('row', { name: /OpenFeature on by chance, rule beta 20\.0\s%/ })).toBeInTheDocument();
    expect(table.getByRole('row', { name: /PostHog off no rule takes this unit certain/ })).toBeInTheDocument();
  });

  test('is killed with one click and restored from the toast', async () => {
    const fake = await show(Levers, '#/levers/annual_first');
    await fireEvent.click(await screen.findByRole('button', { name: 'Kill' }));
    await waitFor(() => expect(lastCall(fake, 'kill_lever')).toEqual({ key: 'annual_first' }));
    const toast = toasts.list.find((one) => one.cause === 'lever annual_first');
    expect(toast?.text).toBe('Killed: everyone gets monthly');
    toast?.action?.run();
    await waitFor(() => expect(lastCall(fake, 'restore_lever')).toEqual({ key: 'annual_first' }));
  });

  test('tells its history with the decisions, and its readers', async () => {
    await show(Levers, '#/levers/pro_price');
    expect(await screen.findByRole('link', { name: 'decision 97' })).toHaveAttribute('href', '#/decisions/dec_000097');
    expect(screen.getByText('OpenFeature web 0.4.3')).toBeInTheDocument();
    expect(screen.getByText('control')).toBeInTheDocument();
  });

  test('shows the code of its protocols only, with keys that exist', async () => {
    await show(Levers, '#/levers/pro_price');
    const sdk = within(await screen.findByRole('radiogroup', { name: 'SDK' }));
    expect(sdk.getAllByRole('radio').map((one) => one.textContent)).toEqual(['OpenFeature', 'GrowthBook', 'curl']);
    await waitFor(() => expect(screen.getByLabelText('Code for OpenFeature, Web').textContent).toMatch(/Bearer ec_/));
    expect(screen.getByLabelText('Code for OpenFeature, Web').textContent).toContain("getNumberValue('pro_price', 25)");
  });
});

describe('a new lever', () => {
  test('is written to business.toml and opened', async () => {
    const fake = await show(Levers, '#/levers?add=lever');
    const dialog = within(await screen.findByRole('dialog'));
    await fireEvent.click(dialog.getByRole('button', { name: 'Add lever' }));
    expect(dialog.getByText('Give it a name')).toBeInTheDocument();
    await fireEvent.input(dialog.getByLabelText(/Name/), { target: { value: 'Free seats' } });
    await fireEvent.click(dialog.getByLabelText('Number'));
    for (const [label, value] of [
      ['Default', '3'],
      ['Smallest', '1'],
      ['Largest', '10'],
    ] as const)
      await fireEvent.input(dialog.getByLabelText(new RegExp(`^${label}`), { selector: 'input:not([type])' }), {
        target: { value },
      });
    await fireEvent.click(dialog.getByRole('button', { name: 'Add lever' }));
    await waitFor(() =>
      expect(lastCall(fake, 'add_config')?.toml).toBe(
        '[[lever]]\nkey = "free_seats"\ntitle = "Free seats"\nkind = "number"\nmin = 1\nmax = 10\nstep = 1\ndefault = 3\ndomain = "product"\n',
      ),
    );
    expect(router.current.rest).toEqual(['free_seats']);
  });

  test('begins with the key a product asked for', async () => {
    await show(Levers, '#/levers');
    await fireEvent.click(await screen.findByRole('button', { name: 'Add it…' }));
    const dialog = within(await screen.findByRole('dialog'));
    expect(dialog.getByLabelText(/Key/)).toHaveValue('new_chekout_mobile');
  });
});
