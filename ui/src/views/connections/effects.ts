/** Effects by kind: what each does and what is promised when a call is cut short. The rules are those of docs/connect.md. */
import type { EffectTarget } from '$lib/backend';

export const KINDS: Record<EffectTarget['kind'], { word: string; does: string }> = {
  webhook: { word: 'Webhook', does: 'posts its payload, signed' },
  github: { word: 'GitHub Actions', does: 'starts a workflow and follows its run' },
  file: { word: 'File', does: 'writes a file of the business’s folder' },
  mail: { word: 'Mail', does: 'sends a mail' },
  slack: { word: 'Slack', does: 'posts a message to a channel' },
  shell: { word: 'Command', does: 'runs one fixed command, never through a shell' },
  model: { word: 'Language model', does: 'asks a model; its answer is data' },
};

export const PROMISES = {
  once: { word: 'Effectively once', means: 'every attempt carries the same key, and the receiver recognises it' },
  reconciled: {
    word: 'Effectively once',
    means: 'after a doubt the receiver is asked by our reference before anything is sent again',
  },
  never_twice: {
    word: 'Never twice silently',
    means: 'tried again only if the receiver said it failed; without an answer it is in doubt, and you are asked',
  },
  repeatable: { word: 'May be repeated', means: 'it changes nothing outside; each call is paid for' },
} as const;

/** What the adapter of this effect promises. */
export function promise(effect: EffectTarget): keyof typeof PROMISES {
  switch (effect.kind) {
    case 'webhook':
      return effect.idempotent ? 'once' : 'never_twice';
    case 'shell':
      return effect.idempotent ? 'once' : effect.check ? 'reconciled' : 'never_twice';
    case 'github':
    case 'file':
    case 'slack':
      return 'reconciled';
    case 'mail':
      return 'never_twice';
    case 'model':
      return 'repeatable';
  }
}
