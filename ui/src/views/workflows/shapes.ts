/** Where nodes and edges of a laid-out workflow stand, in pixels. Reads the layout; decides nothing about it. */
import type { WorkflowGraph } from '$lib/backend';

export const NODE = { width: 176, height: 44 };
const STEP = { x: 200, y: 88 };
const EDGE = 12;

export const at = (node: { layer: number; column: number }) => ({
  x: EDGE + node.column * STEP.x,
  y: EDGE + node.layer * STEP.y,
});
export const size = (graph: WorkflowGraph) => ({
  width: 2 * EDGE + Math.max(0, graph.columns - 1) * STEP.x + NODE.width + (graph.edges.some((e) => e.back) ? 36 : 0),
  height: 2 * EDGE + Math.max(0, graph.layers - 1) * STEP.y + NODE.height,
});

export interface Line {
  key: string;
  path: string;
  /** Where the words of the edge stand; `null` for a plain `next`. */
  label: { x: number; y: number; text: string } | null;
  why: string;
  back: boolean;
}

const middle = (column: number) => EDGE + column * STEP.x + NODE.width / 2;

/** A smooth way from point to point, leaving and arriving upright. */
function smooth(points: [number, number][]): string {
  return points.reduce((path, [x, y], i) => {
    const before = points[i - 1];
    if (!before) return `M${x} ${y}`;
    const half = (before[1] + y) / 2;
    return `${path}C${before[0]} ${half} ${x} ${half} ${x} ${y}`;
  }, '');
}

/** The edges as paths: downwards through their bends; what leads back goes around the right side. */
export function lines(graph: WorkflowGraph): Line[] {
  const byKey = new Map(graph.nodes.map((node) => [node.key, node]));
  const { width } = size(graph);
  return graph.edges.flatMap((edge, i): Line[] => {
    const [from, to] = [byKey.get(edge.from), byKey.get(edge.to)];
    if (!from || !to) return [];
    const [a, b] = [at(from), at(to)];
    const start: [number, number] = [a.x + NODE.width / 2, a.y + NODE.height];
    const end: [number, number] = [b.x + NODE.width / 2, b.y];
    const words = edge.why === 'next' ? null : edge.why;
    if (edge.back) {
      const side = width - 10 - (i % 3) * 8;
      const [ya, yb] = [a.y + NODE.height / 2, b.y + NODE.height / 2];
      return [
        {
          key: `${edge.from} ${edge.to} ${edge.why}`,
          path: `M${a.x + NODE.width} ${ya}C${side} ${ya} ${side} ${ya} ${side} ${(ya + yb) / 2}C${side} ${yb} ${side} ${yb} ${b.x + NODE.width} ${yb}`,
          label: words ? { x: side - 6, y: (ya + yb) / 2, text: words } : null,
          why: edge.why,
          back: true,
        },
      ];
    }
    const way: [number, number][] = [
      start,
      ...edge.bends.map((column, n): [number, number] => [
        middle(column),
        EDGE + (from.layer + 1 + n) * STEP.y + NODE.height / 2,
      ]),
      end,
    ];
    const second = way[1]!;
    return [
      {
        key: `${edge.from} ${edge.to} ${edge.why}`,
        path: smooth(way),
        label: words ? { x: (start[0] + second[0]) / 2, y: (start[1] + second[1]) / 2, text: words } : null,
        why: edge.why,
        back: false,
      },
    ];
  });
}
