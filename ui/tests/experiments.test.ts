import { describe, expect, test } from 'vitest';
import { shell } from '../src/app/shell.svelte';
import { router } from '../src/lib/router.svelte';
import { button, faults, open, press, settle, text } from './render';

const PAGES = [
  'experiments',
  'experiments?view=portfolio',
  'experiments?view=hypotheses',
  'experiments/pro_price_2026',
];

describe('in the frame', () => {
  test.each(PAGES)('%s is whole for a screen reader', async (page) => {
    await open(`#/${page}`);
    expect(await faults()).toEqual([]);
  });
  test.each(['experiments', 'experiments?view=portfolio', 'experiments?new=1'])('%s, empty', async (page) => {
    await open(`#/${page}`, 'empty');
    expect(await faults()).toEqual([]);
  });
  test.each(PAGES)('%s shows that it loads', async (page) => {
    await open(`#/${page}`, 'loading');
    expect(document.querySelector('main [role="status"]')?.textContent).toMatch(/Loading/);
  });

  test('the dialogs', async () => {
    await open('#/experiments?new=1&lever=headline');
    expect(text()).toMatch(/New experiment.*Decides by.*Must not get worse/);
    expect(await faults()).toEqual([]);
    await open('#/experiments/annual_first');
    button(/^End…/)?.click();
    await settle();
    expect(text()).toMatch(/End “Show the annual plan first”/);
    expect(await faults()).toEqual([]);
  });

  test('a failing check', async () => {
    await open('#/experiments/checkout_mobile');
    expect(text()).toMatch(/Nothing may be decided: a check fails/);
    expect(await faults()).toEqual([]);
  });

  test('g e goes there, and the navigation counts what runs', async () => {
    await open('#/today');
    expect(text()).toMatch(/Experiments 4running/);
    await press('g', 'e');
    expect(router.current.page).toBe('experiments');
  });

  test('the palette asks a question', async () => {
    await open('#/today');
    await press('mod+k');
    const input = document.querySelector<HTMLInputElement>('[role="combobox"]')!;
    input.value = 'new exper';
    input.dispatchEvent(new Event('input', { bubbles: true }));
    await settle();
    input.focus();
    await press('Enter');
    expect(shell.palette).toBe(false);
    expect(router.current).toMatchObject({ page: 'experiments', params: { new: '1' } });
  });
});

describe('cards about experiments', () => {
  test('starting one says who gets which value', async () => {
    await open('#/approvals/dec_000154');
    expect(text()).toMatch(
      /40 % of those where plan == 'free' && country in \['DE', 'AT'\] are sorted by chance.*Notes that stay found.*20 %.*the control, as now.*An hour back, every day.*20 %/,
    );
    expect(text()).toMatch(/slice 0 % to 40 % of layer start_page/);
    expect(
      [...document.querySelectorAll('a')].some((a) => a.getAttribute('href') === '#/experiments/headline_time'),
    ).toBe(true);
    expect(await faults()).toEqual([]);
  });
  test('ending one says what everyone gets', async () => {
    await open('#/approvals/dec_000155');
    expect(text()).toMatch(/The experiment ends and everyone gets one value.*search_v2off→on/);
    await open('#/decisions/dec_000155');
    expect(text()).toMatch(/What it does.*everyone gets one value/);
  });
});
