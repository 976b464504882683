import { fireEvent, screen, waitFor } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { BackendError } from '$lib/backend';
import { lastCall, show } from '../testing';
import Import from './Import.svelte';

async function preview() {
  const fake = await show(Import, '#/import?path=/made/up.csv');
  await screen.findByText('What each row becomes');
  return fake;
}

test('a file is chosen by dialog or by path', async () => {
  const fake = await show(Import, '#/import');
  await fireEvent.click(screen.getByRole('button', { name: /Choose a file/ }));
  await screen.findByText('What each row becomes');
  expect(lastCall(fake, 'import_preview')).toEqual({ path: '/home/sample/orders.csv', mapping: null });
});

test('a file that cannot be read says why and keeps its path', async () => {
  const fake = await show(Import, '#/import');
  fake.read = () => Promise.reject(new BackendError('file_unreadable', 'It is not a table', 'Save it as CSV.'));
  await fireEvent.input(screen.getByLabelText('Path of a file'), { target: { value: '/made/up.bin' } });
  await fireEvent.click(screen.getByRole('button', { name: 'Look at it' }));
  expect(await screen.findByText('It is not a table')).toBeInTheDocument();
  expect(screen.getByLabelText('Path of a file')).toHaveValue('/made/up.bin');
});

describe('the mapping', () => {
  test('a column sent elsewhere is looked at again', async () => {
    const fake = await preview();
    await fireEvent.change(screen.getByLabelText('InvoiceNo goes to'), { target: { value: 'id' } });
    await waitFor(() => expect(lastCall(fake, 'import_preview')?.['mapping']).toMatchObject({ id: 'InvoiceNo' }));
  });

  test('an expression that does not fit is shown with its error and keeps the import from starting', async () => {
    const fake = await preview();
    fake.read = () =>
      Promise.reject(new BackendError('expression_invalid', '“Quantty” is not a column', 'Did you mean Quantity?'));
    await fireEvent.input(screen.getByLabelText('Expression of amount'), { target: { value: 'Quantty * 2' } });
    expect((await screen.findAllByText(/“Quantty” is not a column/)).length).toBeGreaterThan(0);
    await fireEvent.click(screen.getByRole('button', { name: 'Import' }));
    expect(lastCall(fake, 'import_start')).toBeUndefined();
  });
});

describe('starting', () => {
  test('at once, with the metrics that are ticked', async () => {
    const fake = await preview();
    await fireEvent.click(screen.getByRole('checkbox', { name: /Customers/ }));
    await fireEvent.click(screen.getByRole('button', { name: 'Import' }));
    await waitFor(() => expect(lastCall(fake, 'import_start')).toBeDefined());
    const args = lastCall(fake, 'import_start');
    expect(args).toMatchObject({ path: '/made/up.csv', as_live: null, live_from: null });
    expect(args?.['add_metrics']).toEqual([expect.stringContaining('key = "revenue"')]);
    expect(await screen.findByRole('progressbar')).toHaveAttribute('aria-valuenow', '43');
  });

  test('as if live, from a date at a speed', async () => {
    const fake = await preview();
    await fireEvent.click(screen.getByRole('radio', { name: 'Replay as if live' }));
    await fireEvent.change(screen.getByLabelText(/from/), { target: { value: '2011-06-01' } });
    await fireEvent.click(screen.getByRole('button', { name: 'Start the replay' }));
    await waitFor(() =>
      expect(lastCall(fake, 'import_start')).toMatchObject({ as_live: 86_400, live_from: Date.UTC(2011, 5, 1) }),
    );
  });
});

describe('a running import', () => {
  test('shows how far it is and what was refused, and can be cancelled', async () => {
    const fake = await show(Import, '#/import', 'importing');
    expect(screen.getByText('188,000 rows a second')).toBeInTheDocument();
    expect(screen.getByRole('link', { name: 'See why' })).toHaveAttribute('href', '#/connections/refused');
    await fireEvent.click(screen.getByRole('button', { name: 'Cancel import' }));
    await waitFor(() => expect(lastCall(fake, 'import_cancel')).toEqual({}));
  });
});
