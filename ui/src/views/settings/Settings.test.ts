import { fireEvent, screen, waitFor } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { BackendError } from '$lib/backend';
import { lastCall, show } from '../testing';
import { refusals } from './editor.svelte';
import Settings from './Settings.svelte';

test.each([
  ['policy', 'Small steps run', '10 %'],
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

describe('the policy', () => {
  async function edit(text: string) {
    const fake = await show(Settings, '#/settings/policy');
    await fireEvent.click(await screen.findByRole('button', { name: 'Edit policy' }));
    const area = await screen.findByRole('textbox', { name: 'policy.cedar' });
    await fireEvent.input(area, { target: { value: text } });
    return fake;
  }
  const rule = (title: string, effect = 'permit') => `@title("${title}")\n${effect} (principal, action, resource);\n`;

  test('is told in plain words, with what no rule can lift', async () => {
    await show(Settings, '#/settings/policy');
    expect(await screen.findByText('What cannot be undone asks')).toBeInTheDocument();
    expect(screen.getByText('A stop holds everything.')).toBeInTheDocument();
  });

  test('a problem is marked at its line and keeps it from being saved', async () => {
    const fake = await edit(`${rule('A')}\nforbid (principal, action, resource) when { context.stak > 1 };`);
    expect(await screen.findByRole('alert')).toHaveTextContent('`stak` not found');
    expect(screen.getByRole('button', { name: 'Line 4' })).toBeInTheDocument();
    await fireEvent.click(screen.getByRole('button', { name: /^Save…/ }));
    expect(screen.queryByRole('dialog')).toBeNull();
    expect(lastCall(fake, 'save_policy')).toBeUndefined();
  });

  test('says what it would have changed, and what loosens is confirmed by name', async () => {
    const text = rule('Everything runs');
    const fake = await edit(text);
    expect((await screen.findAllByText(/would run alone instead of asking you/)).length).toBe(3);
    const links = screen.getAllByRole('link').filter((link) => link.getAttribute('href')?.includes('decisions/'));
    expect(links.length).toBeGreaterThanOrEqual(3);
    await fireEvent.click(screen.getByRole('button', { name: /^Save…/ }));
    const dialog = await screen.findByRole('dialog');
    expect(dialog).toHaveTextContent('This loosens what happens without you');
    expect(dialog).toHaveTextContent('its stake is 20.01 EUR');
    expect(lastCall(fake, 'save_policy')).toBeUndefined();
    await fireEvent.click(screen.getByRole('button', { name: 'Loosen and save' }));
    await waitFor(() => expect(lastCall(fake, 'save_policy')).toEqual({ text }));
    await waitFor(() => expect(screen.queryByRole('textbox', { name: 'policy.cedar' })).toBeNull());
  });

  test('names rules without effect, and a refusal stays on screen', async () => {
    const fake = await edit(rule('Small') + rule('Idle', 'forbid'));
    expect(await screen.findByText(/what it forbids nothing allows/)).toBeInTheDocument();
    fake.write = () => Promise.reject(new BackendError('signature_invalid', 'not this key', 'Use the other machine.'));
    await fireEvent.click(screen.getByRole('button', { name: /^Save…/ }));
    expect(await screen.findByText(/Nothing gets looser/)).toBeInTheDocument();
    await fireEvent.click(screen.getByRole('button', { name: 'Save' }));
    expect((await screen.findAllByText(/not this key/)).length).toBeGreaterThan(0);
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
