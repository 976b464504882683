import { fireEvent, screen, waitFor } from '@testing-library/svelte';
import { expect, test } from 'vitest';
import { lastCall, show } from '../testing';
import Reports from './Reports.svelte';

test('the preview may run and fetch nothing', async () => {
  await show(Reports, '#/reports');
  const frame = await screen.findByTitle('Preview of the report');
  expect(frame).toHaveAttribute('sandbox', '');
  expect(frame.getAttribute('srcdoc')).toContain("default-src 'none'");
  expect(frame.getAttribute('srcdoc')).toContain('An artificial report.');
});

test.each(['pdf', 'html', 'xlsx', 'csv'])('makes a %s of the range', async (format) => {
  const fake = await show(Reports, '#/reports');
  await fireEvent.click(await screen.findByRole('button', { name: new RegExp(`^${format}`, 'i') }));
  await waitFor(() => expect(lastCall(fake, 'make_report')).toMatchObject({ format }));
});

test('lists what was made, newest first', async () => {
  await show(Reports, '#/reports');
  const shown = await screen.findAllByRole('button', { name: /in its folder/ });
  expect(shown.map((button) => /week-\d+/.exec(button.getAttribute('aria-label') ?? '')?.[0])).toEqual([
    'week-47',
    'week-46',
    'week-45',
    'week-44',
  ]);
});

test('without data it says what a report is', async () => {
  const fake = await show(Reports, '#/reports', 'empty');
  expect(screen.getByText('Nothing to report yet')).toBeInTheDocument();
  expect(lastCall(fake, 'report_preview')).toBeUndefined();
});
