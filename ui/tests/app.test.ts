import { describe, expect, test } from 'vitest';
import { status } from '../src/lib/status.svelte';
import { router } from '../src/lib/router.svelte';
import { toasts } from '../src/lib/toasts.svelte';
import { button, faults, open, press, settle, text } from './render';

const OWN = ['today', 'hierarchy', 'approvals', 'decisions', 'decisions/dec_000145', 'approvals/dec_000150'] as const;

describe('every page in every state', () => {
  const says: Record<string, Record<string, RegExp>> = {
    today: {
      normal: /Needs you.*What moved, and why.*What the engine did/,
      quiet: /Nothing waits for you/,
      empty: /No numbers yet.*Import a file…/,
    },
    hierarchy: {
      normal: /Sovereign.*Commander.*Architect.*Strategist.*Executor.*Improvement stack.*Domains/,
      quiet: /nothing handed up today/,
      empty: /no effects in 14 days/,
    },
    approvals: { normal: /5 cards wait/, quiet: /Nothing waits for you/, empty: /Nothing waits for you/ },
    decisions: { normal: /of \d+ scored predictions lay inside/, quiet: /Scored/, empty: /No decision yet/ },
  };
  test.each(
    Object.entries(says).flatMap(([page, scenes]) =>
      Object.entries(scenes).map(([scene, want]) => [page, scene, want] as const),
    ),
  )('%s, %s', async (page, scene, want) => {
    await open(`#/${page}`, scene as 'normal');
    expect(text()).toMatch(want);
  });
  test.each(OWN)('%s says what failed and what to do', async (page) => {
    await open(`#/${page}`, 'error');
    expect(text()).toMatch(/The store could not be read.*Run the checks on Settings.*store_damaged/);
    if (page === 'today') expect(await faults()).toEqual([]);
  });
  test.each(OWN)('%s shows that it loads', async (page) => {
    await open(`#/${page}`, 'loading');
    expect(document.querySelector('main [role="status"]')?.textContent).toMatch(/Loading/);
  });
  test.each(['today', 'hierarchy', 'approvals', 'decisions'])('%s keeps stale data and says so', async (page) => {
    const fake = await open(`#/${page}`, 'stale');
    fake.change(['kpis', 'decisions', 'status']);
    await new Promise((done) => setTimeout(done, 60));
    await settle();
    expect(text()).toMatch(/Not up to date/);
  });
});

describe('frame', () => {
  test('without a business it offers the first steps and no pages', async () => {
    const fake = await open('#/today', 'first');
    expect(text()).toMatch(/Import a file….*Create a business….*Open a folder…/);
    expect(document.querySelector('nav')).toBeNull();
    expect(await faults()).toEqual([]);
    button('Create a business…')?.click();
    await settle();
    expect(button('Create')?.getAttribute('aria-disabled')).toBe('true');
    const name = document.querySelector<HTMLInputElement>('form input')!;
    name.value = 'Corner shop';
    name.dispatchEvent(new Event('input', { bubbles: true }));
    await settle();
    button('Create')?.click();
    await settle();
    expect(fake.calls.find((c) => c.name === 'create_business')?.args).toMatchObject({
      name: 'Corner shop',
      currency: 'EUR',
    });
    expect(router.current.page).toBe('connections');
  });
  test.each([
    ['normal', /Running/],
    ['paused', /Paused.*Resume/],
    ['stopped', /Stopped.*Resume…/],
    ['replay', /Replay.*Time stands still until you answer/],
    ['importing', /Importing online-retail.csv.*231,044 rows/],
  ] as const)('the badge and the notices of %s', async (scene, want) => {
    await open('#/today', scene);
    expect(text()).toMatch(want);
  });
  test('g and a letter go, and only pages that exist are offered', async () => {
    await open('#/today');
    await press('g', 'd');
    expect(router.current.page).toBe('decisions');
    const pages = [...document.querySelectorAll('nav[aria-label="Pages"] li a .clip')].map((a) => a.textContent);
    expect(pages).toEqual([
      'Today',
      'Hierarchy',
      'KPIs',
      'Approvals',
      'Experiments',
      'Decisions',
      'Workflows',
      'Levers',
      'Connections',
      'Reports',
      'Settings',
    ]);
  });
  test('? lists the keys of the page', async () => {
    await open('#/approvals');
    await press('?');
    expect(text()).toMatch(/Keyboard shortcuts.*Search or act.*Approve/);
    expect(await faults()).toEqual([]);
  });
  test('the palette goes, acts and finds', async () => {
    const fake = await open('#/today');
    await press('mod+k');
    const input = document.querySelector<HTMLInputElement>('[role="combobox"]')!;
    input.value = 'refund';
    input.dispatchEvent(new Event('input', { bubbles: true }));
    await new Promise((done) => setTimeout(done, 180));
    await settle();
    expect(document.querySelector('[role="listbox"]')?.textContent).toMatch(/Refund rate/);
    expect(await faults()).toEqual([]);
    input.focus();
    await press('Enter');
    expect([router.current.page, router.current.rest[0]]).toEqual(['kpis', 'refund_rate']);
    expect(fake.calls.some((c) => c.name === 'search')).toBe(true);
  });
  test('pausing takes a click, resuming after a stop a typed word', async () => {
    const fake = await open('#/today');
    await press('mod+.');
    expect(await faults()).toEqual([]);
    button('Stop everything')?.click();
    await settle();
    expect(status.view?.run_state).toBe('stopped');
    button('Resume…')?.click();
    await settle();
    const resume = () =>
      [...document.querySelectorAll<HTMLElement>('[role="dialog"] button')].find((b) =>
        b.textContent?.includes('Resume'),
      )!;
    resume().click();
    await settle();
    expect(fake.calls.some((c) => c.name === 'resume')).toBe(false);
    const word = document.querySelector<HTMLInputElement>('[role="dialog"] input')!;
    word.value = 'resume';
    word.dispatchEvent(new Event('input', { bubbles: true }));
    await settle();
    resume().click();
    await settle();
    expect(status.view?.run_state).toBe('running');
  });
  test('messages of the shell', async () => {
    const fake = await open('#/today');
    fake.say({ type: 'open', path: '/decisions/dec_000140' });
    await settle();
    expect(router.current).toMatchObject({ page: 'decisions', rest: ['dec_000140'] });
    fake.say({ type: 'files', paths: ['/tmp/orders.csv'] });
    expect(router.current).toMatchObject({ page: 'import', params: { path: '/tmp/orders.csv' } });
  });
});

describe('answering', () => {
  const answers = (fake: Awaited<ReturnType<typeof open>>) =>
    fake.calls.filter((c) => ['approve', 'edit', 'veto', 'defer'].includes(c.name));

  test('a card that is free to undo takes one key, and the next one is shown', async () => {
    const fake = await open('#/approvals/dec_000150');
    await press('1');
    expect(answers(fake)).toEqual([
      { name: 'approve', args: { id: 'dec_000150', card_hash: expect.stringMatching(/^[0-9a-f]{64}$/) } },
    ]);
    await settle();
    expect(router.current.rest[0]).toBe('dec_000154');
    expect(toasts.list.some((t) => t.text === 'Approved')).toBe(true);
  });
  test('what cannot be undone asks for its name', async () => {
    const fake = await open('#/approvals/dec_000151');
    await press('1');
    expect(text()).toMatch(/This cannot be undone/);
    expect(await faults()).toEqual([]);
    const form = document.querySelector<HTMLFormElement>('#approve-form')!;
    form.requestSubmit();
    await settle();
    expect(answers(fake)).toEqual([]);
    const word = form.querySelector('input')!;
    word.value = 'support_desk';
    word.dispatchEvent(new Event('input', { bubbles: true }));
    await settle();
    form.requestSubmit();
    await settle();
    expect(answers(fake).map((c) => c.name)).toEqual(['approve']);
  });
  test.each([
    ['in range', 30, true],
    ['above the highest', 60, false],
    ['off the steps', 30.5, false],
    ['the value in force', 29, false],
  ])('an edit: %s', async (_name, value, goes) => {
    const fake = await open('#/approvals/dec_000150');
    await press('2');
    const input = document.querySelector<HTMLInputElement>('#edit-value')!;
    input.value = String(value);
    input.dispatchEvent(new Event('input', { bubbles: true }));
    await settle();
    document.querySelector<HTMLFormElement>('#edit-form')!.requestSubmit();
    await settle();
    expect(answers(fake).map((c) => c.args.set)).toEqual(goes ? [{ to: value }] : []);
  });
  test('a card without an editable field says why', async () => {
    const fake = await open('#/approvals/dec_000152');
    expect(button('Edit…')?.getAttribute('title')).toBe('nothing on this card may be edited');
    await press('2');
    expect(answers(fake)).toEqual([]);
    expect(toasts.list.at(-1)?.text).toMatch(/nothing on this card may be edited/);
  });
  test('a veto carries its reason', async () => {
    const fake = await open('#/approvals/dec_000152');
    await press('3');
    expect(await faults()).toEqual([]);
    document.querySelector<HTMLInputElement>('input[value="too_risky"]')!.click();
    await settle();
    document.querySelector<HTMLFormElement>('#veto-form')!.requestSubmit();
    await settle();
    expect(answers(fake)[0]?.args).toMatchObject({ id: 'dec_000152', reason: 'too_risky', text: '' });
  });
  test('later leaves the inbox and can be undone', async () => {
    const fake = await open('#/approvals/dec_000150');
    await press('h');
    button('In an hour')?.click();
    await settle();
    expect(fake.pending().map((d) => d.id)).not.toContain('dec_000150');
    toasts.list.at(-1)?.action?.run();
    await settle();
    expect(fake.pending().map((d) => d.id)).toContain('dec_000150');
  });
  test('a card that changed meanwhile is not answered', async () => {
    const fake = await open('#/approvals/dec_000150');
    const card = fake.decisions.find((d) => d.id === 'dec_000150')!;
    if (card.act.kind === 'set_lever') card.act.to = 33;
    await press('1');
    expect(card.state).toBe('pending');
    expect(toasts.list.at(-1)?.text).toMatch(/changed while you looked/);
  });
  test('j and k move, and Today answers too', async () => {
    await open('#/approvals');
    await press('j');
    expect(router.current.rest[0]).toBe('dec_000152');
    await press('k');
    expect(router.current.rest[0]).toBe('dec_000155');
    const fake = await open('#/today');
    await press('j', '3');
    document.querySelector<HTMLFormElement>('#veto-form')!.requestSubmit();
    await settle();
    expect(answers(fake).map((c) => c.args.id)).toEqual(['dec_000150']);
  });
});

describe('ledger', () => {
  test('draws a screenful, not everything', async () => {
    await open('#/decisions');
    expect(document.querySelectorAll('[role="list"][aria-label="Decisions"] [role="listitem"]').length).toBeLessThan(
      40,
    );
  });
  test('chips filter and show counts', async () => {
    const fake = await open('#/decisions');
    document.querySelector<HTMLElement>('button.chip[aria-pressed]')?.click();
    await settle();
    expect(fake.calls.filter((c) => c.name === 'decisions').at(-1)?.args).toMatchObject({ states: ['pending'] });
    expect(router.current.params.state).toBe('pending');
    await press('x');
    expect(router.current.params.state).toBeUndefined();
  });
  test('a decision leads back to its rows and its journal', async () => {
    await open('#/decisions/dec_000152');
    expect(text()).toMatch(/Where it comes from.*Events.*Insight.*Decision.*Effect.*Outcome/);
    expect(
      [...document.querySelectorAll('a')].some((a) => a.getAttribute('href')?.startsWith('#/kpis/signup_rate?rows=1')),
    ).toBe(true);
    document.querySelector<HTMLElement>('.jr button')?.click();
    await settle();
    expect(text()).toMatch(/this row ?[0-9a-f]{64}/);
  });
  test('the journal can be checked', async () => {
    await open('#/decisions');
    button('Check the journal')?.click();
    await settle();
    expect(toasts.list.at(-1)?.text).toMatch(/The journal is whole: 3,412 rows/);
  });
});
