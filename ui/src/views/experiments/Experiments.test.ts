import { fireEvent, screen, waitFor, within } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { go, router } from '$lib/router.svelte';
import { shortcuts } from '$lib/shortcuts.svelte';
import { toasts } from '$lib/toasts.svelte';
import { lastCall, show } from '../testing';
import Experiments from './Experiments.svelte';

const press = (key: string) => shortcuts.handle(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
const rows = () => screen.getAllByRole('link').filter((link) => link.id.startsWith('experiment-'));
const text = () => document.body.textContent?.replace(/[\s\u00a0]+/g, ' ') ?? '';

test.each([
  ['#/experiments', 'normal', /Price of Pro: 29, 32 or 35/],
  ['#/experiments', 'empty', /No experiment yet/],
  ['#/experiments', 'error', /The store could not be read/],
  ['#/experiments?view=portfolio', 'normal', /at most 5 % may be false in the long run/],
  ['#/experiments?view=portfolio', 'empty', /No experiment was concluded under it yet/],
  ['#/experiments?view=hypotheses', 'normal', /Annual first for teams/],
  ['#/experiments?view=hypotheses', 'empty', /No hypothesis yet/],
  ['#/experiments/pro_price_2026', 'normal', /Who saw it.*What it did.*All metrics.*For whom.*Design.*History/],
  ['#/experiments/pro_price_2026', 'error', /The store could not be read/],
  ['#/experiments/nothing', 'normal', /There is no experiment “nothing”/],
  ['#/experiments/reply_promise', 'normal', /What it needs is being measured/],
  ['#/experiments/headline_time', 'normal', /It waits to start, then takes about 19 days/],
  ['#/experiments/red_button', 'normal', /It cannot be answered as it was asked.*Instead: A change of 14 %/],
  ['#/experiments/checkout_mobile', 'normal', /Nothing may be decided.*What explains it: posthog-js/],
  ['#/experiments/shorter_tour', 'normal', /On is better.*Measured.*Expected before/],
] as const)('%s, %s', async (address, scene, words) => {
  await show(Experiments, address, scene);
  await waitFor(() => expect(text()).toMatch(words));
});

test('what was read stays when a refresh fails, and says so', async () => {
  const fake = await show(Experiments, '#/experiments', 'stale');
  await waitFor(() => expect(rows().length).toBeGreaterThan(5));
  await import('$lib/query.svelte').then(({ invalidate }) => invalidate(['experiments']));
  expect(await screen.findByText('Not up to date.')).toBeInTheDocument();
  expect(rows().length).toBeGreaterThan(5);
  expect(fake.calls.filter((call) => call.name === 'experiments').length).toBeGreaterThan(1);
});

describe('the list', () => {
  test('groups by what is wanted, with effect, verdict, days and worth in words', async () => {
    await show(Experiments, '#/experiments');
    const needs = within(await screen.findByRole('region', { name: 'Needs you' }));
    expect(needs.getAllByRole('link').map((row) => row.id)).toEqual([
      'experiment-checkout_mobile',
      'experiment-headline_time',
      'experiment-shorter_tour',
    ]);
    expect(needs.getByText(/2,166 people got test where 2,040 were meant to/)).toBeInTheDocument();
    expect(needs.getAllByText('a card waits')).toHaveLength(2);
    const running = within(screen.getByRole('region', { name: 'Running' }));
    const price = running.getByRole('link', { name: /Price of Pro/ }).textContent?.replace(/[\s\u00a0]+/g, ' ');
    expect(price).toMatch(
      /29 against 32 and 35.*32 is .* better, \d+ %.*9 days \(7 to 12\) left.*of 21,840 people.*€31/,
    );
    const refused = within(screen.getByRole('region', { name: 'Cannot be answered' }));
    expect(refused.getByText(/Instead: A change of 14 %/)).toBeInTheDocument();
  });

  test('narrows by chip and by search, and leads back', async () => {
    await show(Experiments, '#/experiments');
    await fireEvent.click(await screen.findByRole('button', { name: /^Archived 3/ }));
    expect(router.current.params).toEqual({ only: 'archived' });
    await waitFor(() => expect(rows()).toHaveLength(3));
    await fireEvent.input(screen.getByLabelText('Search experiments'), { target: { value: 'no such thing' } });
    await fireEvent.click(await screen.findByRole('button', { name: 'Show all of them' }));
    await waitFor(() => expect(rows().length).toBeGreaterThan(8));
  });

  test('is walked by j and k, searched by /', async () => {
    await show(Experiments, '#/experiments');
    await waitFor(() => expect(rows().length).toBeGreaterThan(8));
    press('j');
    await waitFor(() => expect(document.activeElement?.id).toBe('experiment-checkout_mobile'));
    press('j');
    await waitFor(() => expect(document.activeElement?.id).toBe('experiment-headline_time'));
    press('k');
    await waitFor(() => expect(document.activeElement?.id).toBe('experiment-checkout_mobile'));
    // Enter on a focused link is the browser's own.
    expect(document.activeElement).toHaveAttribute('href', '#/experiments/checkout_mobile');
    press('/');
    expect(document.activeElement).toBe(screen.getByLabelText('Search experiments'));
  });

  test('v goes through the views', async () => {
    await show(Experiments, '#/experiments');
    await screen.findByRole('radiogroup', { name: 'View' });
    press('v');
    expect(router.current.params).toEqual({ view: 'portfolio' });
    press('v');
    expect(router.current.params).toEqual({ view: 'hypotheses' });
  });
});

describe('the story', () => {
  test('says the split first, then every metric with its role', async () => {
    await show(Experiments, '#/experiments/pro_price_2026');
    const split = within(await screen.findByRole('table', { name: /People per arm/ }));
    expect(split.getAllByRole('row')).toHaveLength(4);
    expect(split.getAllByText(/^33\.0/).length).toBeGreaterThan(1);
    for (const role of ['It decides', /Beside it/, /Must not get worse/])
      expect(screen.getByRole('columnheader', { name: role }).closest('tbody')).not.toBeNull();
    expect(screen.getAllByText('holds').length).toBeGreaterThan(0);
  });

  test('its looks are walked by arrow keys, the figures said in words', async () => {
    await show(Experiments, '#/experiments/pro_price_2026');
    const slider = await screen.findByRole('slider', { name: 'Look' });
    expect(slider).toHaveAttribute('aria-valuenow', '17');
    await fireEvent.keyDown(slider, { key: 'ArrowLeft' });
    expect(slider).toHaveAttribute('aria-valuenow', '16');
    expect(slider.getAttribute('aria-valuetext')).toMatch(/^Look 16, .*: 32 [+−].*, 35 [+−]/);
    await fireEvent.keyDown(slider, { key: 'Home' });
    expect(screen.getByText(/^Look 1,/)).toBeInTheDocument();
    await fireEvent.keyDown(slider, { key: 'End' });
    expect(slider).toHaveAttribute('aria-valuenow', '17');
  });

  test('arms are named in the charts and the limits by what they mean', async () => {
    await show(Experiments, '#/experiments/pro_price_2026');
    const slider = await screen.findByRole('slider', { name: 'Look' });
    const said = [...slider.querySelectorAll('text')].map((one) => one.textContent);
    for (const name of ['32', '35', 'better', 'worse', 'give up', 'made to find']) expect(said).toContain(name);
  });

  test('a failing check opens the checks and names its cause', async () => {
    await show(Experiments, '#/experiments/checkout_mobile');
    expect(await screen.findByText('1 of 8 checks fail')).toBeInTheDocument();
    expect(screen.getByText(/SDK posthog-js 1\.449\.2/)).toBeInTheDocument();
  });

  test('groups of people change with the dimension', async () => {
    await show(Experiments, '#/experiments/pro_price_2026');
    const panel = within(await screen.findByRole('region', { name: 'For whom' }));
    expect(panel.getByText('DE')).toBeInTheDocument();
    await fireEvent.click(panel.getByRole('radio', { name: 'Device' }));
    expect(panel.getByText('tablet')).toBeInTheDocument();
  });

  test('the open card is one click away', async () => {
    await show(Experiments, '#/experiments/shorter_tour');
    expect(await screen.findByRole('link', { name: /Answer the card/ })).toHaveAttribute(
      'href',
      '#/approvals/dec_000155',
    );
    expect(screen.getByRole('button', { name: /^End…/ })).toHaveAttribute('aria-disabled', 'true');
  });

  test('is ended with a reason only', async () => {
    const fake = await show(Experiments, '#/experiments/annual_first');
    await fireEvent.click(await screen.findByRole('button', { name: /^End…/ }));
    const dialog = within(await screen.findByRole('dialog'));
    expect(dialog.getByText(/everyone gets monthly again/)).toBeInTheDocument();
    await fireEvent.click(dialog.getByRole('button', { name: /End experiment/ }));
    expect(lastCall(fake, 'end_experiment')).toBeUndefined();
    await fireEvent.input(dialog.getByLabelText('Why'), { target: { value: ' the price changes anyway ' } });
    await fireEvent.click(dialog.getByRole('button', { name: /End experiment/ }));
    await waitFor(() =>
      expect(lastCall(fake, 'end_experiment')).toEqual({ key: 'annual_first', reason: 'the price changes anyway' }),
    );
    await waitFor(() => expect(toasts.list.at(-1)?.text).toBe('Ended: Show the annual plan first'));
  });
});

describe('the portfolio', () => {
  test('says the budget, the self-audit and what was learnt', async () => {
    await show(Experiments, '#/experiments?view=portfolio');
    await waitFor(() =>
      expect(text()).toMatch(
        /called 6 of 23 experiments.*p below 0\.021.*84 % of what it began with.*1 of 31 A\/A tests were called.*47 of 50 intervals held the truth.*7 of 9 planted effects, after 9\.2 days/,
      ),
    );
    expect(screen.getByRole('img', { name: /p-values of 4 concluded experiments/ })).toBeInTheDocument();
    expect(text()).toMatch(/Learnt from 23 of your own experiments/);
    expect(text()).toMatch(/Price step playbook0 of 4.*3\.4 points too much/);
  });
});

describe('hypotheses', () => {
  test('are ranked, filtered, and one click from being asked', async () => {
    const fake = await show(Experiments, '#/experiments?view=hypotheses');
    await screen.findByText(/Annual first for teams/);
    expect(screen.queryByText(/Pro price at 32/)).toBeNull();
    await fireEvent.click(screen.getByRole('button', { name: /^Asked 2/ }));
    expect(await screen.findAllByRole('link', { name: 'Its story' })).toHaveLength(2);
    go('#/experiments?view=hypotheses', 'replace');
    await screen.findByText(/Four free seats/);
    press('j');
    press('j');
    await waitFor(() => expect(document.activeElement?.id).toBe('hyp_000024'));
    press('t');
    const dialog = within(await screen.findByRole('dialog', { name: 'Test a hypothesis' }));
    expect(dialog.getByLabelText('Lever')).toHaveValue('search_v2');
    expect(dialog.getByLabelText('Decides by')).toHaveValue('activation_d7');
    await waitFor(() =>
      expect(lastCall(fake, 'experiment_check')).toMatchObject({
        hypothesis_id: 'hyp_000024',
        audience: "device == 'mobile'",
      }),
    );
  });
});

describe('a question of one’s own', () => {
  test('proposes arms, says how long it takes, and is asked', async () => {
    const fake = await show(Experiments, '#/experiments?new=1&lever=headline');
    const dialog = within(await screen.findByRole('dialog', { name: 'New experiment' }));
    expect(await dialog.findByLabelText('Control')).toHaveValue('Notes that stay found');
    await fireEvent.click(dialog.getByRole('button', { name: /Start experiment/ }));
    expect(dialog.getByText('Fill it in')).toBeInTheDocument();
    expect(lastCall(fake, 'ask_experiment')).toBeUndefined();
    await fireEvent.input(dialog.getByLabelText('Against'), { target: { value: 'An hour back' } });
    await waitFor(() => expect(text()).toMatch(/About 23 days \(17 to 31\) at your traffic/), { timeout: 2000 });
    await fireEvent.click(dialog.getByRole('button', { name: /Start experiment/ }));
    await waitFor(() =>
      expect(lastCall(fake, 'ask_experiment')).toMatchObject({
        lever: 'headline',
        title: 'Headline of the start page: Notes that stay found against An hour back',
        arms: [
          { key: null, value: 'Notes that stay found', weight: null },
          { key: null, value: 'An hour back', weight: null },
        ],
        guardrails: null,
      }),
    );
    await waitFor(() => expect(router.current.rest).toHaveLength(1));
  });

  test('a question that cannot be answered offers one that can', async () => {
    await show(Experiments, '#/experiments?new=1&lever=team_seats');
    const dialog = within(await screen.findByRole('dialog', { name: 'New experiment' }));
    await fireEvent.change(await dialog.findByLabelText('Decides by'), { target: { value: 'refund_rate' } });
    await waitFor(() => expect(text()).toMatch(/It cannot be answered. It would take 41 weeks/), { timeout: 2000 });
    await waitFor(() =>
      expect(dialog.getByRole('button', { name: /Start experiment/ })).toHaveAttribute('aria-disabled', 'true'),
    );
    await fireEvent.click(dialog.getByRole('button', { name: /Look for changes of 14/ }));
    await waitFor(() => expect(text()).toMatch(/About 52 days/), { timeout: 2000 });
    expect(dialog.getByRole('button', { name: /Start experiment/ })).not.toHaveAttribute('aria-disabled');
  });

  test('a lever that cannot be tested now says why', async () => {
    await show(Experiments, '#/experiments?new=1&lever=quick_export');
    const dialog = within(await screen.findByRole('dialog', { name: 'New experiment' }));
    expect(await dialog.findByText('It is killed: everyone gets the default.')).toBeInTheDocument();
  });

  test('without a lever the first step is named', async () => {
    await show(Experiments, '#/experiments?new=1', 'empty');
    expect(await screen.findByText('There is no lever to test')).toBeInTheDocument();
  });

  test('opens with n', async () => {
    await show(Experiments, '#/experiments');
    await waitFor(() => expect(rows().length).toBeGreaterThan(5));
    press('n');
    expect(await screen.findByRole('dialog', { name: 'New experiment' })).toBeInTheDocument();
  });
});
