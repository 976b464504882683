/** Which values a card's editable fields take. Mirrors what the engine accepts, so that a refusal is seen before it is sent. */
import type { Editable, LeverValue } from '$lib/backend';
import { number, words } from '$lib/format';
import type { Act } from '$lib/backend';

/** `to` → `the value`, `payload.subject` → `Subject`. */
export function fieldTitle(field: string): string {
  if (field === 'to') return 'the value';
  if (field === 'choice') return 'the answer';
  return words(field.replace(/^payload\./, ''));
}

/** What a field says as the card stands. */
export function current(act: Act, field: string): LeverValue {
  if (act.kind === 'set_lever' && field === 'to') return act.to;
  if (act.kind === 'choose' && field === 'choice') return act.choice;
  const payload = 'payload' in act ? (act.payload as Record<string, unknown> | null) : null;
  const value = payload?.[field.replace(/^payload\./, '')];
  return typeof value === 'number' || typeof value === 'boolean' ? value : String(value ?? '');
}

/** Why a field may not say this; `null` when it may. */
export function problem(act: Act, field: Editable, value: LeverValue | null | undefined): string | null {
  const now = current(act, field.field);
  if (field.options.length > 0) return field.options.includes(String(value)) ? null : 'choose one';
  if (typeof now === 'boolean') return typeof value === 'boolean' ? null : 'on or off';
  if (typeof now === 'number') {
    if (typeof value !== 'number' || !Number.isFinite(value)) return 'write a number';
    if (field.min !== null && value < field.min) return `at least ${number(field.min)}`;
    if (field.max !== null && value > field.max) return `at most ${number(field.max)}`;
    const steps = (value - (field.min ?? 0)) / (field.step ?? 1);
    if (field.step !== null && Math.abs(steps - Math.round(steps)) > 1e-6) return `in steps of ${number(field.step)}`;
  } else if (typeof value !== 'string' || value.trim() === '') return 'write something';
  if (act.kind === 'set_lever' && field.field === 'to' && value === act.from)
    return 'that is the value in force: veto instead';
  return null;
}
