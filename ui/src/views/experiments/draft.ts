// A question as it is being asked in the dialog: what is proposed, what is still wrong with it, and the arguments it becomes. Pure.
import type { AskExperimentArgs, Hypothesis, LeverKind, LeverValue } from '$lib/backend/types';

export interface Draft {
  lever: string;
  /** As typed or chosen; the first is the control. */
  arms: string[];
  metric: string;
  /** `null`: the business's own guardrails. */
  guardrails: string[] | null;
  title: string;
  hypothesis: string;
  audience: string;
  /** Per cent of the audience, as typed. */
  share: string;
  /** Smallest effect worth knowing in per cent, as typed; empty: the designer finds one. */
  mde: string;
  hypothesisId: string | null;
}

export const ARMS_MAX = 5;

export const asText = (value: LeverValue): string => String(value);

/** A value as typed, in the lever's kind; `undefined` where it is none. */
export function parsed(text: string, kind: LeverKind): LeverValue | undefined {
  const bare = text.trim();
  switch (kind.kind) {
    case 'boolean':
      return bare === 'true' ? true : bare === 'false' ? false : undefined;
    case 'number': {
      const value = bare === '' ? NaN : Number(bare.replace(',', '.'));
      return Number.isFinite(value) ? value : undefined;
    }
    case 'variant':
      return kind.options.includes(text) ? text : undefined;
    case 'text':
      return bare === '' ? undefined : text;
  }
}

/** What could be tried next: the other option, about a tenth more within the bounds, nothing for words. */
export function proposed(kind: LeverKind, taken: string[]): string {
  const free = (one: LeverValue) => !taken.includes(asText(one));
  switch (kind.kind) {
    case 'boolean':
      return asText([true, false].find(free) ?? true);
    case 'variant':
      return kind.options.find(free) ?? '';
    case 'text':
      return '';
    case 'number': {
      const from = Number(taken.at(-1) ?? kind.min);
      const step = kind.step > 0 ? kind.step : 1;
      const by = Math.max(step, Math.round((Math.abs(from) * 0.1) / step) * step);
      const tidy = (value: number) => Number(value.toFixed(10));
      return asText(
        [tidy(from + by), tidy(Number(taken[0]) - by)].find((one) => one >= kind.min && one <= kind.max && free(one)) ??
          from,
      );
    }
  }
}

export function blank(
  lever: { key: string; kind: LeverKind; value: LeverValue } | undefined,
  metric: string,
  from?: Hypothesis,
): Draft {
  const first = lever ? asText(from?.from ?? lever.value) : '';
  return {
    lever: lever?.key ?? '',
    arms: lever ? [first, from ? asText(from.to) : proposed(lever.kind, [first])] : ['', ''],
    metric: from?.metric ?? metric,
    guardrails: null,
    title: '',
    hypothesis: from ? `${from.title}: ${from.because}` : '',
    audience: from?.audience ?? '',
    share: '100',
    mde: '',
    hypothesisId: from?.id ?? null,
  };
}

export type Problems = Partial<Record<'lever' | 'metric' | 'share' | 'mde' | `arm${number}`, string>>;

const amount = (text: string) => (text.trim() === '' ? NaN : Number(text.trim().replace(',', '.')));

/** What is still wrong, by field. */
export function problems(draft: Draft, kind: LeverKind | undefined): Problems {
  const found: Problems = {};
  if (!draft.lever || !kind) found.lever = 'Choose a lever';
  if (!draft.metric) found.metric = 'Choose what decides';
  if (kind) {
    draft.arms.forEach((text, i) => {
      const value = parsed(text, kind);
      const field = `arm${i}` as const;
      if (value === undefined) found[field] = kind.kind === 'number' ? 'A number' : 'Fill it in';
      else if (typeof value === 'number' && kind.kind === 'number' && (value < kind.min || value > kind.max))
        found[field] = `Between ${kind.min} and ${kind.max}`;
      else if (kind.kind === 'text' && [...text].length > kind.max_chars)
        found[field] = `At most ${kind.max_chars} characters`;
      else if (draft.arms.findIndex((other) => parsed(other, kind) === value) < i) found[field] = 'Another arm has it';
    });
  }
  const share = amount(draft.share);
  if (!(share > 0 && share <= 100)) found.share = 'Above 0, at most 100';
  if (draft.mde.trim() !== '' && !(amount(draft.mde) > 0 && amount(draft.mde) < 1000)) found.mde = 'A number above 0';
  return found;
}

/** What is asked of the engine; call it on a draft without problems. */
export function args(draft: Draft, kind: LeverKind): AskExperimentArgs {
  const words = (text: string) => (text.trim() === '' ? null : text.trim());
  return {
    key: null,
    title: words(draft.title),
    hypothesis: words(draft.hypothesis),
    lever: draft.lever,
    arms: draft.arms.map((text) => ({ key: null, value: parsed(text, kind)!, weight: null })),
    metric: draft.metric,
    secondary: [],
    guardrails: draft.guardrails,
    audience: words(draft.audience),
    share: amount(draft.share) >= 100 ? null : amount(draft.share) / 100,
    mde: draft.mde.trim() === '' ? null : amount(draft.mde) / 100,
    cap: null,
    group: null,
    until: null,
    exposure: null,
    hypothesis_id: draft.hypothesisId,
    purpose: null,
  };
}
