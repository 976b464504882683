// How the arms of an experiment are told apart: by mark, line and pattern first, by colour second. Pure.

/** Shape and line of an arm, so that arms are told apart without colour; the control is first. */
export const MARKS = ['ring', 'dot', 'square', 'triangle', 'diamond', 'cross'] as const;
export type Mark = (typeof MARKS)[number];
export const DASHES = ['2 3', '', '6 3', '1.5 2.5', '8 3 2 3', '4 2'];
export const TONES = ['mute', 'accent', 'info', 'l-commander', 'warn', 'good'];
export const markOf = (index: number): Mark => MARKS[index % MARKS.length]!;
export const dashOf = (index: number): string => DASHES[index % DASHES.length]!;
export const toneOf = (index: number): string => `var(--${TONES[index % TONES.length]!})`;

/** The path of a mark around the origin, `r` its radius. */
export function markPath(mark: Mark, r: number): string {
  switch (mark) {
    case 'ring':
    case 'dot':
      return `M${-r} 0a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`;
    case 'square':
      return `M${-r * 0.88} ${-r * 0.88}h${r * 1.76}v${r * 1.76}h${-r * 1.76}Z`;
    case 'triangle':
      return `M0 ${-r * 1.15}L${r * 1.1} ${r * 0.85}L${-r * 1.1} ${r * 0.85}Z`;
    case 'diamond':
      return `M0 ${-r * 1.25}L${r * 1.1} 0L0 ${r * 1.25}L${-r * 1.1} 0Z`;
    case 'cross':
      return `M${-r} ${-r}L${r} ${r}M${r} ${-r}L${-r} ${r}`;
  }
}
