import { fireEvent, screen, waitFor } from '@testing-library/svelte';
import axe from 'axe-core';
import { expect, test } from 'vitest';
import { router } from '$lib/router.svelte';
import { lastCall, show } from '../testing';
import Workflows from './Workflows.svelte';

const faults = async () =>
  (
    await axe.run(document.body, { rules: { 'color-contrast': { enabled: false }, region: { enabled: false } } })
  ).violations.map((v) => v.id);

test('the list says what starts a procedure and what is open; without any it says how one comes', async () => {
  await show(Workflows, '#/workflows');
  const links = await screen.findAllByRole('link', { name: 'Refund spike' });
  expect(links.map((link) => link.getAttribute('href'))).toContain('#/workflows/refund-spike');
  expect(screen.getAllByText(/a finding that Refund rate got worse/).length).toBeGreaterThan(0);
  expect(await screen.findByText('your choice')).toBeInTheDocument();
  expect(await faults()).toEqual([]);
  document.body.innerHTML = '';
  await show(Workflows, '#/workflows', 'empty');
  expect(await screen.findByText('No procedure yet')).toBeInTheDocument();
});

test('a procedure: its graph in words, what changed between versions and where its runs would land', async () => {
  await show(Workflows, '#/workflows/refund-spike');
  await fireEvent.click(await screen.findByRole('button', { name: /What is done about the refunds\?.*Decision/ }));
  expect(await screen.findByText(/Asks you; after 2 days the safe answer/)).toBeInTheDocument();
  await fireEvent.click(screen.getByRole('button', { name: 'Compare with 2' }));
  expect(await screen.findByText(/3 changes from version 1 to 2/)).toBeInTheDocument();
  expect(await screen.findByText(/If its open runs moved to version 2/)).toBeInTheDocument();
  expect(await faults()).toEqual([]);
});

test('run now asks for what is missing, and shows the run', async () => {
  const fake = await show(Workflows, '#/workflows/refund-spike');
  await fireEvent.click(await screen.findByRole('button', { name: /^Run now/ }));
  const go = await screen.findByRole('button', { name: /^Start/ });
  expect(go).toHaveAttribute('title', 'give “share” a value');
  await fireEvent.input(screen.getByLabelText(/Share of customers/), { target: { value: '0.2' } });
  await fireEvent.submit(document.querySelector('#start-form')!);
  await waitFor(() =>
    expect(lastCall(fake, 'workflow_run')).toEqual({
      key: 'refund-spike',
      input: { headline: 'Refunds rose', share: 0.2 },
    }),
  );
  await waitFor(() => expect(router.current.rest).toEqual(['run', 'run_000017']));
});

test('an edit with a problem names its line and is not published', async () => {
  const fake = await show(Workflows, '#/workflows/refund-spike');
  await fireEvent.click(await screen.findByRole('button', { name: /^Edit/ }));
  const area = await screen.findByRole('textbox', { name: 'refund-spike.toml' });
  await fireEvent.input(area, { target: { value: 'key = "refund-spike"\nmetrik = "x"\n' } });
  expect(await screen.findByRole('button', { name: 'Line 2' })).toBeInTheDocument();
  await fireEvent.click(screen.getByRole('button', { name: /^Publish/ }));
  expect(lastCall(fake, 'workflow_publish')).toBeUndefined();
  await fireEvent.input(area, { target: { value: 'key = "refund-spike"\n' } });
  await waitFor(() => expect(screen.getByRole('button', { name: /^Publish/ })).not.toHaveAttribute('aria-disabled'));
  await fireEvent.click(screen.getByRole('button', { name: /^Publish/ }));
  await waitFor(() => expect(lastCall(fake, 'workflow_publish')).toEqual({ toml: 'key = "refund-spike"\n' }));
});

test('a run says where it is, leads to its card, and is cancelled with a reason', async () => {
  const fake = await show(Workflows, '#/workflows/run/run_000017');
  expect(await screen.findByRole('link', { name: 'dec_000161' })).toHaveAttribute('href', '#/approvals/dec_000161');
  expect(screen.getByRole('button', { name: /What is done.*the run is here/ })).toBeInTheDocument();
  expect(await faults()).toEqual([]);
  await fireEvent.click(screen.getByRole('button', { name: /^Cancel/ }));
  await fireEvent.input(await screen.findByLabelText(/Why/), { target: { value: 'by mistake' } });
  await fireEvent.submit(document.querySelector('#cancel-form')!);
  await waitFor(() => expect(lastCall(fake, 'run_cancel')).toEqual({ run: 'run_000017', reason: 'by mistake' }));
});

test('a procedure of the library is adopted with its roles bound as suggested, or as chosen', async () => {
  const fake = await show(Workflows, '#/workflows');
  expect(await screen.findByText('Adopted')).toBeInTheDocument();
  const [weekly, stock] = await screen.findAllByRole('button', { name: /^Adopt/ });
  expect(stock).toHaveAttribute('title', 'nothing here fits “stock”');
  await fireEvent.click(weekly!);
  await fireEvent.change(await screen.findByLabelText(/^Drafts/), { target: { value: 'support_desk' } });
  expect(await faults()).toEqual([]);
  await fireEvent.submit(document.querySelector('#adopt-form')!);
  await waitFor(() =>
    expect(lastCall(fake, 'workflow_adopt')).toEqual({
      key: 'weekly-brief',
      roles: { drafts: 'support_desk', revenue: 'mrr' },
    }),
  );
});
