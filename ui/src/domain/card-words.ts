/** Words for what a card carries beside its act: autonomy, cells, wakes. Knows nothing of the screen. */
import { words } from '$lib/format';
import { proposer } from '$lib/words';
import type { Cell, Standing, Wake } from '$lib/backend';

/** The ladder, lowest first. */
export const AUTONOMY: { level: Standing['level']; word: string; means: string }[] = [
  { level: 'watch', word: 'Watches', means: 'predicted and scored, never shown' },
  { level: 'propose', word: 'Proposes', means: 'put to you' },
  { level: 'limited', word: 'Runs small', means: 'runs alone while it touches at most 5 % of customers' },
  { level: 'full', word: 'Runs alone', means: 'runs alone within policy and limits' },
];

export const SIZES: Record<Cell['size'], string> = {
  small: 'small stakes',
  medium: 'medium stakes',
  large: 'large or unknown stakes',
};

/** `Set lever`, `Call mail`. */
export const actKind = (act: string): string => words(act);

export function cellWords(cell: Cell): string {
  return `${proposer(cell.proposer)}: ${actKind(cell.act).toLowerCase()}, ${cell.reversibility}, ${SIZES[cell.size]}`;
}

/** What brings a card back before its time. */
export function wakeWords(wake: Wake, metric: (key: string) => string): string {
  return wake.kind === 'insight' ? `a new finding on ${metric(wake.metric)}` : `${wake.decision} comes to its end`;
}
