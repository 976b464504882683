/** An artificial prediction of another value. */
import type { Decision, LeverValue } from '../types';

/** Twice the steps, twice the effect: enough to see that the answer is another one. */
export function repredict(card: Decision, to: LeverValue): Decision {
  const made = structuredClone(card);
  if (made.act.kind !== 'set_lever') return made;
  const { from, to: before } = made.act;
  const by = (Number(to) - Number(from)) / (Number(before) - Number(from) || 1) || 1;
  const base = made.nothing.value.p50;
  const value = made.prediction.value;
  [value.p10, value.p50, value.p90] = [value.p10, value.p50, value.p90].map((v) => base + (v - base) * by) as [
    number,
    number,
    number,
  ];
  if (made.prediction.money_minor)
    made.prediction.money_minor = made.prediction.money_minor.map((m) => Math.round(m * by)) as [
      number,
      number,
      number,
    ];
  made.act.to = to;
  return made;
}
