import { expect, test } from 'vitest';
import { blank, keyOf, problems, toml, type LeverDraft } from './lever-draft';

const draft = (more: Partial<LeverDraft>): LeverDraft => ({ ...blank(), title: 'New checkout', ...more });

test('a switch needs no more than a name', () => {
  expect(problems(draft({}), [])).toEqual({});
  expect(toml(draft({}))).toBe(
    '[[lever]]\nkey = "new_checkout"\ntitle = "New checkout"\nkind = "boolean"\ndefault = false\ndomain = "product"\n',
  );
});

test('a number stays within its bounds', () => {
  const price = draft({ kind: 'number', min: '19', max: '49', number: '60' });
  expect(problems(price, [])).toEqual({ number: 'Within the bounds' });
  expect(problems(draft({ kind: 'number', min: '5', max: '1', number: '3', step: '0' }), [])).toMatchObject({
    max: 'More than the smallest',
    step: 'More than 0',
  });
  expect(toml({ ...price, number: '29' })).toContain('min = 19\nmax = 49\nstep = 1\ndefault = 29\n');
});

test('variants are a list, the first is the default unless another is chosen', () => {
  const plan = draft({ kind: 'variant', options: 'monthly, annual\nannual' });
  expect(problems(plan, [])).toEqual({});
  expect(toml(plan)).toContain('options = ["monthly", "annual"]\ndefault = "monthly"\n');
  expect(problems({ ...plan, options: 'one' }, [])).toEqual({ options: 'At least two' });
});

test('text is quoted as TOML wants it', () => {
  expect(toml(draft({ kind: 'text', text: 'Say "hello"' }))).toContain('max_chars = 80\ndefault = "Say \\"hello\\""\n');
  expect(problems(draft({ kind: 'text', text: 'abc', max_chars: '2' }), [])).toEqual({
    text: 'Longer than 2 characters',
  });
});

test('a taken or broken key is said', () => {
  expect(problems(draft({}), ['new_checkout'])).toEqual({ key: 'A lever of this key exists' });
  expect(problems(draft({ key: '1st key' }), []).key).toMatch(/beginning with a letter/);
  expect(keyOf(blank('pro_price'))).toBe('pro_price');
  expect(blank('pro_price').title).toBe('Pro price');
});

test('only named protocols serve it', () => {
  expect(toml(draft({ served_as: ['posthog', 'ofrep'] }))).toContain('served_as = ["posthog", "ofrep"]');
});
