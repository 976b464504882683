import { fireEvent, screen, waitFor } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { BackendError } from '$lib/backend';
import { lastCall, show } from '../testing';
import { refusals } from './editor.svelte';
import Settings from './Settings.svelte';

test.each([
  ['policy', 'Any decision that cannot be undone', '10 %'],
  ['playbooks', 'Recover conversion', 'Cannot work yet. Missing: a metric “stock” and an effect “buyer”.'],
  ['health', 'Journal chain', 'Make a backup now.'],
  ['backups', 'Make a backup now', '/home/sample/made-up'],
  ['appearance', 'System', 'Compact'],
])('section %s shows “%s” and “%s”', async (section, one, other) => {
  await show(Settings, `#/settings/${section}`);
  expect((await screen.findAllByText(one, { exact: false })).length).toBeGreaterThan(0);
  expect(screen.getAllByText(other, { exact: false }).length).toBeGreaterThan(0);
});

describe('the business file', () => {
  async function type(text: string) {
    const fake = await show(Settings, '#/settings/business');
    const area = await screen.findByRole('textbox', { name: 'business.toml' });
    await waitFor(() => expect((area as HTMLTextAreaElement).value).toContain('[business]'));
    await fireEvent.input(area, { target: { value: text } });
    return { fake, area };
  }

  test('is sent as it stands', async () => {
    const { fake } = await type('[business]\nname = "Other"\n');
    await fireEvent.click(screen.getByRole('button', { name: /^Save/ }));
    await waitFor(() => expect(lastCall(fake, 'save_config')).toEqual({ toml: '[business]\nname = "Other"\n' }));
  });

  test('saves by keyboard', async () => {
    const { fake, area } = await type('[business]\n');
    await fireEvent.keyDown(area, { key: 's', ctrlKey: true });
    await waitFor(() => expect(lastCall(fake, 'save_config')).toBeDefined());
  });

  test('a refusal keeps the text, says why and marks the line', async () => {
    const { fake, area } = await type('[business]\nnam = 1\n');
    fake.write = () =>
      Promise.reject(new BackendError('config_invalid', 'line 2: “nam” is not known', 'Did you mean name?'));
    await fireEvent.click(screen.getByRole('button', { name: /^Save/ }));
    expect(await screen.findByRole('alert')).toHaveTextContent('“nam” is not known');
    expect(screen.getByRole('button', { name: 'Line 2' })).toBeInTheDocument();
    expect(area).toHaveValue('[business]\nnam = 1\n');
    expect(area).toHaveAttribute('aria-invalid', 'true');
  });

  test('nothing is sent when nothing was changed', async () => {
    const fake = await show(Settings, '#/settings');
    await fireEvent.click(await screen.findByRole('button', { name: /^Save/ }));
    expect(lastCall(fake, 'save_config')).toBeUndefined();
  });
});

test.each([
  ['line 12: no such metric', [12]],
  ['business.toml: line 3, column 4: bad\nline 9: worse', [3, 9]],
  ['business.toml, line 41: “signup_rat” is not a metric (and 2 more)', [41]],
  ['line 3, column 8 (metric.mrr.kind): no such kind; one of count, sum', [3]],
  ['the disk is full', []],
])('lines named by “%s”', (message, lines) =>
  expect(refusals(new BackendError('config_invalid', message)).map((problem) => problem.line)).toEqual(lines),
);

test('a playbook is switched off', async () => {
  const fake = await show(Settings, '#/settings/playbooks');
  await fireEvent.click(await screen.findByRole('switch', { name: 'Recover conversion' }));
  await waitFor(() => expect(lastCall(fake, 'set_playbook')).toEqual({ key: 'recover_conversion', on: false }));
});

test('a backup is made and the chain verified', async () => {
  const fake = await show(Settings, '#/settings/backups');
  await fireEvent.click(await screen.findByRole('button', { name: 'Make a backup now' }));
  await waitFor(() => expect(lastCall(fake, 'backup')).toEqual({}));
});
