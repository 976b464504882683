import { describe, expect, test } from 'vitest';
import * as f from '../src/lib/format';
import { href, parse } from '../src/lib/router.svelte';
import { keyText, shortcuts } from '../src/lib/shortcuts.svelte';
import { toasts } from '../src/lib/toasts.svelte';
import { actor, proposer } from '../src/lib/words';

Object.assign(f.business, { currency: 'EUR', digits: 2, timezone: 'Europe/Berlin' });
const flat = (text: string) => text.replace(/[\u00a0\u202f]/g, ' ');

const AT = Date.UTC(2026, 10, 22, 8, 41, 12);
describe('format', () => {
  test.each<[string, string]>([
    [f.number(1234.5), '1,235'],
    [f.number(0.0421), '0.042'],
    [f.number(-3), '−3'],
    [f.number(null), '–'],
    [f.number(Number.NaN), '–'],
    [f.number(5, { sign: true }), '+5'],
    [f.number(0, { sign: true }), '0'],
    [f.integer(1234.6), '1,235'],
    [f.percent(0.0402), '4.02 %'],
    [f.percent(0.311), '31.1 %'],
    [f.percent(1.5), '150 %'],
    [f.percent(-0.112, { sign: true }), '−11.2 %'],
    [f.money(41_200), '€412'],
    [f.money(1250), '€12.50'],
    [f.money(1_431_000), '€14,310'],
    [f.money(-24_000, { sign: true }), '−€240'],
    [f.money(26_000, { sign: true }), '+€260'],
    [f.money(null), '–'],
    [f.moneyMajor(19.4), '€19.40'],
    [f.duration(11_400), '3 h 10 m'],
    [f.duration(45), '45 s'],
    [f.duration(0), '0 s'],
    [f.duration(7199.9), '2 h'],
    [f.duration(90_000), '1 d 1 h'],
    [f.duration(-60), '−1 m'],
    [f.bytes(45_580_638), '45.6 MB'],
    [f.bytes(999), '999 B'],
    [f.metricValue(0.5, 'percent'), '50.0 %'],
    [f.metricValue(1240, 'money'), '€1,240'],
    [f.metricValue(3.7, 'integer'), '4'],
    [f.metricChange(0.045, 0.044, 'percent'), '+0.10 points'],
    [f.metricChange(110, 100, 'money'), '+10.0 %'],
    [f.metricChange(1, 0, 'number'), 'from nothing'],
    [f.metricChange(0, 0, 'number'), 'no change'],
    [f.metricChange(1400, 100, 'money'), '×14'],
    [f.metricChange(755_000, 10, 'money'), 'from almost nothing'],
    [f.clock(AT), '09:41'],
    [f.clock(AT, true), '09:41:12'],
    [f.longDay(AT), 'Sunday, 22 November'],
    [f.day(AT, AT), '22 Nov'],
    [f.day(AT, AT + 400 * 86_400_000), '22 Nov 2026'],
    [f.exact(AT), '22 Nov 2026, 09:41:12 Europe/Berlin'],
    [f.relative(AT - 2000, AT), 'just now'],
    [f.relative(AT + 2000, AT), 'in a minute'],
    [f.relative(AT - 150_000, AT), '2 min ago'],
    [f.relative(AT + 19.5 * 3_600_000, AT), 'in 19 h'],
    [f.relative(AT, AT), 'just now'],
    [f.relative(AT - 400 * 86_400_000, AT), '13 months ago'],
    [f.span(f.startOfDay(AT), f.startOfDay(AT) + 86_400_000, AT), '22 Nov'],
    [f.span(AT - 6 * 86_400_000, AT, AT), '16 to 22 Nov'],
    [f.plural(1, 'card'), '1 card'],
    [f.plural(3, 'card'), '3 cards'],
    [f.words('in_doubt'), 'In doubt'],
    [f.leverValue(true), 'on'],
    [f.leverValue(29), '29'],
  ])('%s', (got, want) => expect(flat(got)).toBe(want));

  test.each([
    ['an ordinary day', AT, Date.UTC(2026, 10, 21, 23)],
    ['clocks went back that day', Date.UTC(2026, 9, 25, 12), Date.UTC(2026, 9, 24, 22)],
    ['clocks went forward that day', Date.UTC(2026, 2, 29, 12), Date.UTC(2026, 2, 28, 23)],
  ])('start of day: %s', (_name, at, want) => expect(f.startOfDay(at)).toBe(want));

  test('another currency has its own digits', () => {
    Object.assign(f.business, { currency: 'JPY', digits: 0 });
    expect(f.money(1250)).toBe('¥1,250');
    Object.assign(f.business, { currency: 'EUR', digits: 2 });
  });
});

describe('router', () => {
  test.each([
    ['', 'today', [], {}],
    ['#/', 'today', [], {}],
    ['#/kpis/revenue?by=country', 'kpis', ['revenue'], { by: 'country' }],
    ['#/kpis/a%2Fb', 'kpis', ['a/b'], {}],
    ['#/kpis/%E0%A4%A', 'kpis', ['%E0%A4%A'], {}],
  ])('%s', (hash, page, rest, params) => expect(parse(hash)).toEqual({ page, rest, params }));
  test.each([
    [href('today'), '#/today'],
    [href('kpis', 'a/b', { by: 'x y', none: undefined }), '#/kpis/a%2Fb?by=x+y'],
  ])('%s', (got, want) => expect(got).toBe(want));
});

describe('shortcuts', () => {
  const hit = (key: string, init: KeyboardEventInit = {}, target: EventTarget = document.body) => {
    const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...init });
    Object.defineProperty(event, 'target', { value: target });
    shortcuts.handle(event);
  };
  test.each<[string, string, (run: () => string[]) => void]>([
    ['a key', 'j', () => hit('j')],
    ['a sequence', 'g t', () => (hit('g'), hit('t'))],
    ['with ctrl', 'mod+k', () => hit('k', { ctrlKey: true })],
    ['with command', 'mod+k', () => hit('k', { metaKey: true })],
  ])('%s', (_name, keys, act) => {
    const got: string[] = [];
    const stop = shortcuts.add([{ keys, label: '', group: '', run: () => got.push(keys) }]);
    act(() => got);
    expect(got).toEqual([keys]);
    stop();
    act(() => got);
    expect(got).toHaveLength(1);
  });
  test('typing in a field is no shortcut, unless it says so', () => {
    const got: string[] = [];
    const stop = shortcuts.add([
      { keys: 'j', label: '', group: '', run: () => got.push('j') },
      { keys: 'mod+k', label: '', group: '', run: () => got.push('k'), inFields: true },
    ]);
    const input = document.body.appendChild(document.createElement('input'));
    hit('j', {}, input);
    hit('k', { ctrlKey: true }, input);
    expect(got).toEqual(['k']);
    input.remove();
    stop();
  });
  test('the newest registration wins', () => {
    const got: string[] = [];
    const stops = ['shell', 'page'].map((who) =>
      shortcuts.add([{ keys: 'x', label: '', group: '', run: () => got.push(who) }]),
    );
    hit('x');
    expect(got).toEqual(['page']);
    for (const stop of stops) stop();
  });
  test.each([
    ['mod+k', 'Ctrl K'],
    ['g t', 'G T'],
    ['Enter', '↵'],
  ])('%s is written %s', (keys, want) => expect(keyText(keys)).toBe(want));
});

test('one toast per cause', () => {
  toasts.show({ cause: 'a', text: 'first' });
  toasts.show({ cause: 'a', text: 'second' });
  toasts.show({ cause: 'b', text: 'other' });
  expect(toasts.list.map((t) => [t.text, t.times])).toEqual([
    ['second', 2],
    ['other', 1],
  ]);
  toasts.dismiss('a');
  toasts.dismiss('b');
  expect(toasts.list).toEqual([]);
});

test.each([
  [proposer('playbook:price_step'), 'Price step playbook'],
  [actor('operator:9f2c41d07ab3e655'), 'you (key 9f2c41d0)'],
  [actor('system'), 'system'],
])('%s', (got, want) => expect(got).toBe(want));
