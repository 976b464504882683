import { fireEvent, screen, waitFor, within } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { BackendError } from '$lib/backend';
import { METRICS } from '$lib/backend/fake/series';
import { prefs } from '$lib/prefs.svelte';
import { router } from '$lib/router.svelte';
import { lastCall, show } from '../testing';
import Kpis from './Kpis.svelte';

describe('the grid', () => {
  test('shows every metric once, with its change', async () => {
    await show(Kpis, '#/kpis');
    await waitFor(() => expect(document.querySelectorAll('[data-kpi]')).toHaveLength(METRICS.length));
    const keys = [...document.querySelectorAll('[data-kpi]')].map((tile) => tile.getAttribute('data-kpi'));
    expect(keys.sort()).toEqual(METRICS.map((m) => m.key).sort());
  });

  test('filters, and says so when nothing fits', async () => {
    await show(Kpis, '#/kpis');
    const filter = await screen.findByLabelText('Filter KPIs');
    await fireEvent.input(filter, { target: { value: 'refund' } });
    expect(document.querySelectorAll('[data-kpi]')).toHaveLength(1);
    await fireEvent.input(filter, { target: { value: 'no such thing' } });
    expect(screen.getByText(/No metric is called/)).toBeInTheDocument();
  });

  test('changes order and density', async () => {
    await show(Kpis, '#/kpis');
    await fireEvent.click(await screen.findByRole('radio', { name: 'By movement' }));
    expect(document.querySelector('[data-kpi]')).toHaveTextContent(/anomaly/);
    await fireEvent.click(screen.getByRole('radio', { name: 'List' }));
    expect(prefs.density).toBe('compact');
    prefs.density = 'comfortable';
  });

  test.each([
    ['empty', /No metrics yet/],
    ['error', /The store could not be read/],
  ] as const)('%s is said', async (scene, words) => {
    await show(Kpis, '#/kpis', scene);
    expect(await screen.findByText(words)).toBeInTheDocument();
  });
});

describe('adding a metric', () => {
  async function fill() {
    const fake = await show(Kpis, '#/kpis');
    await fireEvent.click(await screen.findByRole('button', { name: /Add a metric/ }));
    const dialog = await screen.findByRole('dialog');
    return { fake, dialog: within(dialog) };
  }

  test('an empty form is not sent', async () => {
    const { fake, dialog } = await fill();
    await fireEvent.click(dialog.getByRole('button', { name: 'Add metric' }));
    expect(dialog.getByText('Choose the event it reads')).toBeInTheDocument();
    expect(lastCall(fake, 'add_config')).toBeUndefined();
  });

  test('writes the table, then opens the new KPI', async () => {
    const { fake, dialog } = await fill();
    await fireEvent.input(dialog.getByLabelText('Name'), { target: { value: 'Big orders' } });
    await fireEvent.input(dialog.getByLabelText(/^Event/), { target: { value: 'order' } });
    await fireEvent.input(dialog.getByLabelText(/Only where/), { target: { value: 'amount > 100' } });
    await fireEvent.click(dialog.getByRole('button', { name: 'Add metric' }));
    await waitFor(() => expect(lastCall(fake, 'add_config')).toBeDefined());
    expect(lastCall(fake, 'add_config')?.['toml']).toContain('key = "big_orders"');
    expect(lastCall(fake, 'add_config')?.['toml']).toContain('where = "amount > 100"');
    await waitFor(() => expect(router.current.rest).toEqual(['big_orders']));
  });

  test('a refusal is shown and nothing is lost', async () => {
    const { fake, dialog } = await fill();
    fake.write = () =>
      Promise.reject(new BackendError('expression_invalid', '“amont” is not a property', 'Did you mean “amount”?'));
    await fireEvent.input(dialog.getByLabelText('Name'), { target: { value: 'Big orders' } });
    await fireEvent.input(dialog.getByLabelText(/^Event/), { target: { value: 'order' } });
    await fireEvent.click(dialog.getByRole('button', { name: 'Add metric' }));
    expect(await dialog.findByRole('alert')).toHaveTextContent('“amont” is not a property');
    expect(dialog.getByLabelText('Name')).toHaveValue('Big orders');
  });
});

describe('one KPI', () => {
  test('says value, period before, definition and findings', async () => {
    await show(Kpis, '#/kpis/signup_rate');
    expect(await screen.findByText(/in the period before/)).toBeInTheDocument();
    expect(screen.getByText(/Visitors with a signup within 7 days/)).toBeInTheDocument();
    expect(screen.getByText(/11.2 % below/)).toBeInTheDocument();
    expect(screen.getByRole('slider')).toHaveAttribute('aria-valuetext', expect.stringContaining('expected'));
  });

  test('splits by a segment, restricts to a value, keeps both in the address', async () => {
    const fake = await show(Kpis, '#/kpis/signup_rate');
    await fireEvent.click(await screen.findByRole('radio', { name: 'Country' }));
    expect(router.current.params).toEqual({ by: 'country' });
    await fireEvent.click(await screen.findByRole('button', { name: /^DE/ }));
    expect(router.current.params).toEqual({ by: 'country', value: 'DE' });
    expect(lastCall(fake, 'kpi')).toMatchObject({ metric: 'signup_rate', by: 'country' });
    expect(screen.getByText('country: DE')).toBeInTheDocument();
  });

  test('asks for another grain', async () => {
    const fake = await show(Kpis, '#/kpis/signup_rate');
    await fireEvent.click(await screen.findByRole('radio', { name: 'Week' }));
    await waitFor(() => expect(lastCall(fake, 'kpi')).toMatchObject({ grain: 'week' }));
  });

  test('leads to the rows, page by page', async () => {
    const fake = await show(Kpis, '#/kpis/signup_rate');
    await fireEvent.click((await screen.findAllByRole('button', { name: 'Rows behind this' }))[0]!);
    const sheet = within(await screen.findByRole('dialog'));
    expect(await sheet.findByText('640 events')).toBeInTheDocument();
    expect(lastCall(fake, 'rows')).toMatchObject({ metric: 'signup_rate', limit: 200 });
    const list = sheet.getByRole('listbox');
    await fireEvent.keyDown(list, { key: 'ArrowDown' });
    expect(list).toHaveAttribute('aria-activedescendant', 'row-1');
    await fireEvent.keyDown(list, { key: 'End' });
    await waitFor(() => expect(list).toHaveAttribute('aria-activedescendant', 'row-199'));
  });

  test('an unknown metric is an error with a next step', async () => {
    await show(Kpis, '#/kpis/nope');
    expect(await screen.findByText('There is no metric “nope”')).toBeInTheDocument();
  });
});
