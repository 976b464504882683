import { describe, expect, test } from 'vitest';
import type { Decision } from '../src/lib/backend';
import type { Fake } from '../src/lib/backend/fake';
import { PENDING } from '../src/lib/backend/fake/decisions';
import { router } from '../src/lib/router.svelte';
import { toasts } from '../src/lib/toasts.svelte';
import { button, faults, open, press, settle, text } from './render';

const VERDICTS: string[] = ['approve', 'edit', 'veto', 'defer', 'ask', 'delegate'];
const answers = (fake: Fake) => fake.calls.filter((c) => VERDICTS.includes(c.name));
const given = (fake: Fake) => answers(fake).map((c) => `${c.name} ${String(c.args.id)}`);
const chosen = () => router.current.rest[0];
const focus = () => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.tagName;
const submit = async (form: string) => {
  document.querySelector<HTMLFormElement>(form)!.requestSubmit();
  await settle();
};

/** So many cards: of five, three are free to undo, one costs, one cannot be undone; each is worth a little less than the one before. */
function many(count: number): Decision[] {
  return Array.from({ length: count }, (_, i) => {
    const card = structuredClone(PENDING[i % 5]!);
    card.id = `dec_${String(200_000 + i)}`;
    card.deferred_until = null;
    card.created_at = PENDING[0]!.created_at;
    card.expires_at = card.created_at + 5 * 86_400_000;
    card.preconditions = [];
    card.prediction.money_minor = [0, 1_000_000 - i * 100, 2_000_000];
    return card;
  });
}
const inbox = (count: number) => (fake: Fake) => {
  fake.decisions = [...many(count), ...fake.decisions.filter((d) => d.state !== 'pending')];
};
/** Holds every answer until it is let go. */
function slow(fake: Fake): () => Promise<void> {
  const write = fake.write;
  let go: (() => void)[] = [];
  fake.write = (name, args) => new Promise<void>((done) => go.push(done)).then(() => write(name, args)) as never;
  return async () => {
    const held = go;
    go = [];
    held.forEach((one) => one());
    await settle();
  };
}

describe('one card', () => {
  test('expiring cards stand first, then what a minute is worth most for, then those without a worth', async () => {
    await open('#/approvals', 'normal', (fake) => {
      const late = fake.decisions.find((d) => d.id === 'dec_000154')!;
      late.created_at = fake.status.now - 90 * 3_600_000;
      late.expires_at = fake.status.now + 3_600_000;
    });
    const rows = [...document.querySelectorAll('[aria-label="Cards that wait"] b')].map((b) => b.textContent);
    expect(rows.map((r) => r?.split(' ').slice(0, 2).join(' '))).toEqual([
      'Test a',
      'Give everyone',
      'Turn the',
      'Raise the',
      'Tell the',
    ]);
  });
  test('verdict keys work from the list and from the card, and focus is never lost', async () => {
    const fake = await open('#/approvals/dec_000155');
    await press('Enter');
    expect(focus()).toBe('Card');
    await press('1');
    expect(given(fake)).toEqual(['approve dec_000155']);
    expect(focus()).toBe('Card');
    document.querySelector<HTMLElement>('[aria-label="Cards that wait"] button[aria-current]')?.focus();
    expect(chosen()).toBe('dec_000152');
    await press('3');
    await submit('#veto-form');
    expect(given(fake)).toEqual(['approve dec_000155', 'veto dec_000152']);
    expect(focus()).not.toBe('BODY');
    expect(chosen()).toBe('dec_000150');
  });
  test('a key pressed while an answer is on its way is queued, and sent in its turn', async () => {
    const fake = await open('#/approvals', 'normal', inbox(10));
    const release = slow(fake);
    await press('j', 'j', 'j');
    expect(chosen()).toBe('dec_200003');
    await press('1');
    // On to the next one at once; its answer waits behind the first.
    expect(chosen()).toBe('dec_200004');
    await press('1');
    expect(chosen()).toBe('dec_200005');
    expect(answers(fake)).toEqual([]);
    await release();
    expect(given(fake)).toEqual(['approve dec_200003']);
    await release();
    expect(given(fake)).toEqual(['approve dec_200003', 'approve dec_200004']);
    expect(fake.decisions.filter((d) => d.state === 'approved' && d.id > 'dec_2').length).toBe(2);
  });
  test('a key held down is one answer', async () => {
    const fake = await open('#/approvals/dec_000155');
    for (let i = 0; i < 5; i += 1)
      document.body.dispatchEvent(
        new KeyboardEvent('keydown', { key: '1', repeat: i > 0, bubbles: true, cancelable: true }),
      );
    await settle();
    expect(given(fake)).toEqual(['approve dec_000155']);
  });
  test('an answer that fails brings the card back and says so', async () => {
    const fake = await open('#/approvals/dec_000155');
    fake.write = () => Promise.reject(new Error('the store is full'));
    await press('1');
    await settle();
    expect(toasts.list.at(-1)?.text).toMatch(/Could not approve “Give everyone.*the store is full/);
    expect(document.querySelectorAll('[aria-label="Cards that wait"] [role="listitem"]').length).toBe(5);
  });
  test('what costs money and cannot be undone asks for the amount', async () => {
    const fake = await open('#/approvals/dec_000151', 'normal', (one) => {
      one.decisions.find((d) => d.id === 'dec_000151')!.cost_minor = 120_050;
    });
    await press('1');
    expect(text()).toMatch(/Type €1,201 to approve|Type €1,200.50 to approve/);
    const field = document.querySelector<HTMLInputElement>('#approve-form input')!;
    field.value = 'support_desk';
    field.dispatchEvent(new Event('input', { bubbles: true }));
    await settle();
    await submit('#approve-form');
    expect(answers(fake)).toEqual([]);
    field.value = document.querySelector('#approve-form b')!.textContent!.replace(/[€,]/g, '');
    field.dispatchEvent(new Event('input', { bubbles: true }));
    await settle();
    await submit('#approve-form');
    expect(given(fake)).toEqual(['approve dec_000151']);
  });
  test('later takes a digit, or a moment of one’s own, and never one after it expires', async () => {
    const fake = await open('#/approvals/dec_000150');
    await press('h', '2');
    expect(answers(fake)[0]?.args.until).toBe(fake.status.now + 4 * 3_600_000);
    await press('h');
    const field = document.querySelector<HTMLInputElement>('input[type="datetime-local"]')!;
    field.value = '2031-01-01T09:00';
    field.dispatchEvent(new Event('input', { bubbles: true }));
    await settle();
    expect(button('Put off')?.getAttribute('title')).toBe('after it expires');
  });
});

describe('finding', () => {
  test('chips and words narrow the list, and the address keeps them', async () => {
    await open('#/approvals');
    button(/^Free to undo/)?.click();
    await settle();
    expect(router.current.params.only).toBe('free');
    expect(document.querySelectorAll('[aria-label="Cards that wait"] [role="listitem"]').length).toBe(3);
    await press('/');
    const field = document.activeElement as HTMLInputElement;
    expect(field.id).toBe('card-search');
    field.value = 'price pricing';
    field.dispatchEvent(new Event('input', { bubbles: true }));
    await settle();
    expect(router.current.params.q).toBe('price pricing');
    expect(document.querySelectorAll('[aria-label="Cards that wait"] [role="listitem"]').length).toBe(1);
    // Escape leaves the field; verdicts go to what is shown.
    await press('Escape');
    expect(focus()).toBe('Cards that wait');
    field.value = 'nothing like it';
    field.dispatchEvent(new Event('input', { bubbles: true }));
    await settle();
    expect(text()).toMatch(/No card fits.*5 cards wait outside this filter/);
    button('Show all')?.click();
    await settle();
    expect(router.current.params).toEqual({});
  });
  test('cards that come while somebody reads wait behind a button', async () => {
    const fake = await open('#/approvals');
    fake.decisions = [...many(3), ...fake.decisions];
    fake.change(['decisions', 'approvals', 'status']);
    await new Promise((done) => setTimeout(done, 60));
    await settle();
    expect(document.querySelectorAll('[aria-label="Cards that wait"] [role="listitem"]').length).toBe(5);
    button('3 new cards')?.click();
    await settle();
    expect(document.querySelectorAll('[aria-label="Cards that wait"] [role="listitem"]').length).toBe(8);
  });
  test('an empty inbox says what is put off', async () => {
    await open('#/approvals', 'normal', (fake) => {
      for (const d of fake.decisions) if (d.state === 'pending') d.deferred_until = fake.status.now + 3_600_000;
    });
    expect(text()).toMatch(/Nothing waits for you.*5 cards are put off.*comes back in 1 h/);
    expect(await faults()).toEqual([]);
  });
});

describe('cards of procedures', () => {
  const type = async (field: HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement, value: string) => {
    field.value = value;
    field.dispatchEvent(new Event(field.tagName === 'SELECT' ? 'change' : 'input', { bubbles: true }));
    await settle();
  };
  test('a step of a procedure says that nothing is predicted, and its fields can be edited', async () => {
    const fake = await open('#/approvals/dec_000162', 'steps');
    expect(text()).toMatch(
      /Nothing is predicted of a KPI.*€12.00 more than is left|Nothing is predicted of a KPI.*€12 more than is left/,
    );
    await press('2');
    expect(button('Approve with changes')?.getAttribute('title')).toBe('nothing is changed');
    await type(document.querySelector<HTMLTextAreaElement>('#edit-value')!, 'It opens faster');
    await submit('#edit-form');
    // An edit approves, so what cannot be undone still asks for the amount.
    expect(answers(fake)).toEqual([]);
    await type(document.querySelector<HTMLInputElement>('#edit-form input')!, '42');
    await submit('#edit-form');
    expect(answers(fake)[0]?.args).toMatchObject({ set: { 'payload.subject': 'It opens faster' } });
  });
  test('a question is answered as proposed by one key, otherwise by its options', async () => {
    const fake = await open('#/approvals/dec_000161', 'steps');
    expect(text()).toMatch(/Answer “watch”.*A question to you/);
    await press('2');
    expect(await faults()).toEqual([]);
    document.querySelector<HTMLInputElement>('#edit-form input[value="mend"]')!.click();
    await settle();
    await submit('#edit-form');
    expect(answers(fake)[0]).toMatchObject({ name: 'edit', args: { id: 'dec_000161', set: { choice: 'mend' } } });
  });
  test('what a proposer may do alone, budgets, conflicts, audit and talk stand on the card', async () => {
    await open('#/approvals/dec_000152');
    expect(text()).toMatch(/Pulls at the same.*dec_000154.*metric signup_rate/);
    expect(text()).toMatch(/Product changes: €42 of €100 left/);
    expect(text()).toMatch(/WatchesProposesRuns smallRuns alone.*at least 55 %.*290 more acceptable.*Taken down/);
    await open('#/approvals/dec_000150');
    expect(text()).toMatch(/Random audit.*You asked.*Why not wait.*answered.*New customers pay at once/);
    expect(await faults()).toEqual([]);
  });
  test('ask, delegate and a wake', async () => {
    const fake = await open('#/approvals/dec_000155');
    await press('a');
    expect(await faults()).toEqual([]);
    await type(document.querySelector<HTMLTextAreaElement>('#ask-form textarea')!, 'How long does it hold?');
    await submit('#ask-form');
    expect(answers(fake)[0]?.args).toMatchObject({ id: 'dec_000155', question: 'How long does it hold?' });
    expect(chosen()).toBe('dec_000152');
    await press('h');
    await type(document.querySelector<HTMLSelectElement>('.wake select')!, '1');
    await press('1');
    expect(answers(fake)[1]?.args).toMatchObject({
      id: 'dec_000152',
      wake: { kind: 'decision', decision: 'dec_000154' },
    });
    await press('d');
    expect(text()).toMatch(/Price step playbook may act on lever pro_price without asking/);
    expect(await faults()).toEqual([]);
    await submit('#delegate-form');
    expect(answers(fake)[2]).toMatchObject({
      name: 'delegate',
      args: {
        id: 'dec_000150',
        terms: { proposer: 'playbook:price_step', target: 'lever pro_price', cap_minor: 17_900, uses: 5 },
      },
    });
  });
});

test('what cools off can be withdrawn from the ledger', async () => {
  const fake = await open('#/decisions/dec_000163', 'steps');
  expect(text()).toMatch(/It runs in 9 h; until then it can be withdrawn/);
  button(/^Withdraw$/)?.click();
  await settle();
  expect(fake.decisions.find((d) => d.id === 'dec_000163')?.state).toBe('rejected');
  expect(toasts.list.at(-1)?.text).toBe('Withdrawn');
});

describe('several cards', () => {
  test('x and Shift choose, and the bar says what they come to', async () => {
    await open('#/approvals');
    await press('x', 'shift+j', 'shift+j');
    expect(text()).toMatch(/3 cards chosen/);
    // 620 + 260 + 81; below √(410² + 170² + 103²), above √(420² + 170² + 98²).
    expect(text()).toMatch(/\+€961 \+€505…\+€1,425 expected, added as independent · €1,229 at stake · costs €15/);
    await press('shift+k');
    expect(text()).toMatch(/2 cards chosen/);
    await press('Escape');
    expect(text()).not.toMatch(/cards? chosen/);
    expect(await faults()).toEqual([]);
  });
  test('a mixed choice says for which cards a verdict is off, and can leave them out', async () => {
    const fake = await open('#/approvals');
    await press('mod+a');
    expect(text()).toMatch(/5 cards chosen.*Approve is off for 1 card: it cannot be undone.*\(Tell the support desk/);
    await press('1');
    await settle();
    expect(document.querySelector('[role="dialog"]')).toBeNull();
    button('Leave it out')?.click();
    await settle();
    await press('1');
    await settle();
    expect(text()).toMatch(/Approve 4 cards.*Medians are added.*quadrature/);
    expect(await faults()).toEqual([]);
    await submit('#approve-form');
    expect(given(fake).sort()).toEqual(
      ['dec_000150', 'dec_000152', 'dec_000154', 'dec_000155'].map((id) => `approve ${id}`),
    );
    expect(chosen()).toBe('dec_000151');
    expect(toasts.list.at(-1)?.text).toBe('Approved: 4 cards');
  });
  test('each card of a batch that fails is told, the others stay answered', async () => {
    const fake = await open('#/approvals');
    await press('mod+a', '3');
    await settle();
    fake.decisions.find((d) => d.id === 'dec_000150')!.state = 'withdrawn';
    await submit('#veto-form');
    expect(fake.decisions.filter((d) => d.state === 'rejected' && PENDING.some((p) => p.id === d.id)).length).toBe(4);
    expect(toasts.list.map((t) => t.text).join(' ')).toMatch(/Vetoed: 4 cards.*Could not veto “Raise the price/);
  });
});

test('a hundred mixed cards are cleared by keyboard alone', { timeout: 120_000 }, async () => {
  const fake = await open('#/approvals', 'normal', inbox(100));
  let keys = 0;
  const hit = async (...all: string[]) => {
    keys += all.length;
    await press(...all);
  };
  for (let i = 0; i < 100; i += 1) {
    const card = fake.decisions.find((d) => d.id === chosen() || (!chosen() && d.state === 'pending'))!;
    expect(card.state).toBe('pending');
    expect(document.activeElement).not.toBe(document.body);
    if (i % 10 === 7) {
      await hit('h', '2');
    } else if (card.reversibility === 'R3') {
      await hit('3');
      await submit('#veto-form');
    } else {
      await hit('1');
      if (card.reversibility === 'R2') await submit('#approve-form');
    }
  }
  expect(fake.pending()).toEqual([]);
  expect(answers(fake).length).toBe(100);
  expect(new Set(answers(fake).map((c) => c.args.id)).size).toBe(100);
  expect(keys).toBeLessThanOrEqual(120);
  expect(text()).toMatch(/Nothing waits for you/);
});
