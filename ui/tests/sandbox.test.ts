import { describe, expect, test } from 'vitest';
import { SPOILER } from '../src/lib/backend/fake/sandbox';
import { commands } from '../src/app/commands.svelte';
import { sandbox } from '../src/app/sandbox.svelte';
import type { Fake } from '../src/lib/backend/fake';
import { router } from '../src/lib/router.svelte';
import { status } from '../src/lib/status.svelte';
import { toasts } from '../src/lib/toasts.svelte';
import { button, faults, open as openPage, press, settle, text } from './render';

async function open(...args: Parameters<typeof openPage>): Promise<Fake> {
  sandbox.asking = 'none';
  sandbox.meanwhile = false;
  sandbox.hide();
  status.view = undefined;
  return openPage(...args);
}
const args = (fake: Fake, name: string) => fake.calls.filter((call) => call.name === name).at(-1)?.args;
/** A menu opens by key: jsdom has no pointer capture. */
async function menu(trigger: string, item: string) {
  button(trigger)!.focus();
  await press('Enter');
  const found = [...document.querySelectorAll<HTMLElement>('[role="menuitem"]')].find((one) =>
    one.textContent?.trim().includes(item),
  );
  expect(found, `“${item}” in “${trigger}”`).toBeDefined();
  found!.focus();
  await press('Enter');
}

describe('first run', () => {
  test('offers it first, spoils nothing, starts it, fills history and opens Today', async () => {
    const fake = await open('#/today', 'first');
    expect(document.querySelector('.ways .way b')?.textContent).toBe('Try the sandbox business…');
    button('Try the sandbox business…')!.click();
    await settle();
    expect(text()).toMatch(/A web shop.*Software by the month.*A marketplace.*Calm.*Shocked.*Adversarial/);
    expect(text()).not.toContain(SPOILER);
    expect(await faults()).toEqual([]);
    document.querySelector<HTMLInputElement>('input[value="saas"]')!.click();
    await settle();
    document.querySelector<HTMLInputElement>('input[value="saas-shocked"]')!.click();
    await settle();
    // The luck is whose it was, unless somebody chooses another.
    button('Advanced…')!.click();
    await settle();
    const seed = document.querySelector<HTMLInputElement>('input[type="number"]')!;
    expect(seed.value).toBe('1');
    for (const [typed, possible] of [
      ['1.5', false],
      ['', false],
      ['7', true],
    ] as const) {
      seed.value = typed;
      seed.dispatchEvent(new Event('input', { bubbles: true }));
      await settle();
      expect(button('Start')!.getAttribute('aria-disabled') !== 'true', typed).toBe(possible);
    }
    button('Start')!.click();
    await settle();
    expect(args(fake, 'sandbox_start')).toEqual({
      scenario: 'saas-shocked',
      history_days: 90,
      speed: 3600,
      hold: true,
      seed: 7,
    });
    expect(text()).toMatch(/Filling history.*38 %.*88,410 events/);
    expect(document.querySelector('nav')).toBeNull();
    fake.fill(0.7);
    await new Promise((done) => setTimeout(done, 60));
    await settle();
    expect(document.querySelector('[role="progressbar"]')?.getAttribute('aria-valuenow')).toBe('70');
    fake.fill(1);
    await new Promise((done) => setTimeout(done, 60));
    await settle();
    expect(router.current.page).toBe('today');
    expect(text()).toMatch(/Simulated business: Northwind Notes, a year of shocks.*Day 143, 1 hour per second/);
  });
  test('a short year fills less', async () => {
    const fake = await open('#/sandbox', 'normal');
    document.querySelector<HTMLInputElement>('input[value="tiny"]')!.click();
    await settle();
    button('Start')!.click();
    await settle();
    expect(args(fake, 'sandbox_start')).toMatchObject({ scenario: 'tiny', history_days: 30 });
  });
  test('one may look around while it fills', async () => {
    const fake = await open('#/today', 'filling');
    expect(await faults()).toEqual([]);
    button('Look around meanwhile')!.click();
    await settle();
    expect(text()).toMatch(/Filling history, 38 %/);
    expect(button('Skip a week')?.getAttribute('aria-disabled')).toBe('true');
    await press('g', 'k');
    fake.fill(1);
    await new Promise((done) => setTimeout(done, 60));
    await settle();
    expect(router.current.page).toBe('kpis');
  });
});

describe('the banner', () => {
  test.each(['today', 'kpis', 'approvals', 'decisions', 'levers', 'connections', 'reports', 'settings'])(
    'is on %s',
    async (page) => {
      await open(`#/${page}`, 'running');
      expect(document.querySelector('[aria-label="Simulated business"]')?.textContent).toContain('a year of shocks');
      expect(text()).not.toMatch(/Replay of history/);
    },
  );
  test('a real business has none', async () => {
    await open('#/today');
    expect(document.querySelector('[aria-label="Simulated business"]')).toBeNull();
  });
  test('pauses, goes on as before, and skips', async () => {
    const fake = await open('#/today', 'running');
    button('Pause the simulation')!.click();
    await new Promise((done) => setTimeout(done, 60));
    await settle();
    expect(text()).toMatch(/Day 143, paused/);
    button('Let the simulation go on')!.click();
    await settle();
    expect(args(fake, 'sandbox_speed')).toMatchObject({ speed: 86_400 });
    button('Skip a week')!.click();
    await new Promise((done) => setTimeout(done, 60));
    await settle();
    expect(args(fake, 'sandbox_skip')).toEqual({ days: 7 });
    expect(text()).toMatch(/Day 150/);
  });
  test('changes the speed, and whether it waits for cards', async () => {
    const fake = await open('#/today', 'running');
    await menu('Speed', 'As fast as it goes');
    expect(Number(args(fake, 'sandbox_speed')?.speed)).toBeGreaterThanOrEqual(1e9);
    await menu('Speed', 'Stand still while a card waits');
    expect(args(fake, 'sandbox_speed')).toMatchObject({ hold: true });
  });
  test('lets something happen and does not say where it shows', async () => {
    const fake = await open('#/today', 'running');
    await menu('What happens next…', 'Checkout bug');
    expect(args(fake, 'sandbox_inject')).toEqual({ kind: 'checkout_bug' });
    const toast = toasts.list.find((one) => one.cause === 'sandbox inject');
    expect(`${toast?.text} ${toast?.detail}`).toMatch(/Checkout bug: it has begun/);
    expect(`${toast?.text} ${toast?.detail}`).not.toMatch(/rate|revenue|mobile/);
  });
  test('says when time stands still, with the way to the cards', async () => {
    await open('#/today', 'held');
    const link = [...document.querySelectorAll('a')].find((a) => a.textContent === '5 cards wait');
    expect(text()).toMatch(/Time stands still: 5 cards wait/);
    expect(link?.getAttribute('href')).toBe('#/approvals');
  });
  test('at its end only the truth, a reset and deletion are left', async () => {
    await open('#/today', 'ended');
    expect(text()).toMatch(/its last/);
    expect(button('Skip a week')?.getAttribute('aria-disabled')).toBe('true');
    expect(button('What happens next…')).toBeUndefined();
    expect(button('More about the simulation')).toBeDefined();
  });
  test('deletes after a typed word only', async () => {
    const fake = await open('#/today', 'running');
    await menu('More about the simulation', 'Delete…');
    const go = () => button(/^Delete/)!;
    expect(go().getAttribute('aria-disabled')).toBe('true');
    expect(text()).toContain('/home/sample/sandbox-shop-shocked');
    expect(await faults()).toEqual([]);
    go().click();
    await settle();
    expect(args(fake, 'sandbox_delete')).toBeUndefined();
    const field = document.querySelector<HTMLInputElement>('#sandbox-delete input')!;
    field.value = 'delete';
    field.dispatchEvent(new Event('input', { bubbles: true }));
    await settle();
    go().click();
    await settle();
    expect(args(fake, 'sandbox_delete')).toEqual({});
    expect(text()).toMatch(/Start with what you have/);
  });
  test('resets after a question', async () => {
    const fake = await open('#/kpis', 'ended');
    await menu('More about the simulation', 'Reset…');
    button(/^Reset$/)!.click();
    await settle();
    expect(args(fake, 'sandbox_reset')).toEqual({});
    expect(text()).toMatch(/Filling history/);
  });
});

describe('the truth', () => {
  test('is hidden, and not even asked for, until somebody wants it', async () => {
    const fake = await open('#/sandbox', 'running');
    expect(text()).toMatch(/This spoils the game/);
    expect(args(fake, 'sandbox_truth')).toBeUndefined();
    expect(text()).not.toMatch(/A competitor undercuts/);
    [...document.querySelectorAll<HTMLElement>('main button')]
      .find((b) => b.textContent === 'Reveal the truth')!
      .click();
    await settle();
    expect(text()).toMatch(/0 = doing nothing, 1 = knowing everything/);
    expect(text()).toMatch(/Incidents found ?3 of 4/);
    expect(text()).toMatch(/A release breaks the last step of checkout.*Device: mobile.*found after 5 hours/);
    expect(text()).toMatch(/1 planned event/);
    expect(text()).not.toMatch(/New year/);
    expect(text()).toMatch(/It named the people.*It did not name the people.*missed/);
    expect(text()).toMatch(/Knowing everything €.*As it was €.*Doing nothing €/);
    expect(text()).toMatch(/Price index.*lowers Orders.*−1\.42 %/);
    expect(text()).toMatch(/Refund rate: 3 days/);
    expect(document.activeElement?.id).toBe('page-title');
    expect(await faults()).toEqual([]);
  });
  test('is asked about once', async () => {
    await open('#/sandbox', 'truth');
    expect(text()).toMatch(/What moves what/);
  });
  test('is hidden again after a reset', async () => {
    await open('#/sandbox', 'truth');
    await menu('More about the simulation', 'Reset…');
    button(/^Reset$/)!.click();
    await settle();
    expect(sandbox.revealed).toBe(false);
  });
});

test('the palette offers what fits', async () => {
  await open('#/today');
  const titles = () => commands().map((one) => one.title);
  expect(titles()).toContain('Try the sandbox business…');
  await open('#/today', 'running');
  expect(titles()).toEqual(
    expect.arrayContaining([
      'Skip a week of the simulation',
      'Pause the simulation',
      'What was really going on',
      'Delete the simulated business…',
    ]),
  );
  expect(titles()).not.toContain('Try the sandbox business…');
  await open('#/today', 'ended');
  expect(titles()).not.toContain('Skip a week of the simulation');
});
