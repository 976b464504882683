// Builds the chart library's options: series, band, axes, and what is drawn by hand (goal, marks, anomalies). Colours come from the
// theme's tokens at the moment of building, because a canvas does not follow CSS.
import type uPlot from 'uplot';
import type { Annotation, Grain } from '$lib/backend/types';
import { business, LOCALE } from '$lib/format';
import type { Window } from './chart-data';

export interface Drawing {
  width: number;
  height: number;
  grain: Grain;
  /** Value for an axis, short. */
  axis: (value: number, compact: boolean) => string;
  goal: number | null;
  /** Times (seconds) of buckets outside their expectation, with whether that is bad (`null`: neither). */
  outside: Map<number, boolean | null>;
  marks: Annotation[];
  window: Window | null;
  onindex: (index: number | null) => void;
  onselect: (window: Window) => void;
  ondrag: (pixels: number, width: number) => void;
  onpick: (index: number) => void;
  ondraw: (chart: uPlot) => void;
}

/** Order of the columns after the time. */
export const LOW = 1;
export const HIGH = 2;
export const MIDDLE = 3;
export const PREVIOUS = 4;
export const ACTUAL = 5;
export const OPEN = 6;

function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim() || '#888';
}

function ticks(grain: Grain): (chart: uPlot, splits: number[], axis: number, space: number, step: number) => string[] {
  const form = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(LOCALE, { ...options, timeZone: business.timezone });
  const hour = form({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  const day = form({ day: 'numeric', month: 'short' });
  const month = form({ month: 'short', year: 'numeric' });
  return (_chart, splits, _axis, _space, step) => {
    const format = step >= 27 * 86_400 ? month : step >= 86_400 || grain !== 'hour' ? day : hour;
    let last = '';
    return splits.map((at) => {
      const text =
        format === hour && hour.format(at * 1000) === '00:00' ? day.format(at * 1000) : format.format(at * 1000);
      if (text === last) return '';
      last = text;
      return text;
    });
  };
}

/** The y range: from zero where that does not flatten the curve, and with the goal in sight when it is near. */
export function range(low: number, high: number, goal: number | null): [number, number] {
  if (!Number.isFinite(low) || !Number.isFinite(high)) return [0, 1];
  let [from, to] = [low, high];
  const reach = Math.max(Math.abs(low), Math.abs(high), 1e-9);
  if (goal !== null) {
    const wide = Math.max(to, goal) - Math.min(from, goal);
    if (to - from >= 0.3 * wide) [from, to] = [Math.min(from, goal), Math.max(to, goal)];
  }
  if (from >= 0 && from < 0.6 * to) from = 0;
  const room = (to - from || reach) * 0.08;
  return [from === 0 ? 0 : from - room, to + room];
}

/** Whether the short form (14.2 k) says every tick exactly; otherwise two ticks would read alike or wrong. */
export function short(ticks: number[]): boolean {
  return ticks.every((tick) => {
    const size = Math.abs(tick);
    return size < 10_000 || (size < 1_000_000 ? size % 100 === 0 : size % 100_000 === 0);
  });
}

export function options(drawing: Drawing): uPlot.Options {
  const colour = {
    line: token('--line'),
    text: token('--mute'),
    actual: token('--accent'),
    band: token('--band'),
    soft: token('--mute'),
    bad: token('--bad'),
    good: token('--good'),
    info: token('--info'),
    panel: token('--panel'),
  };
  const font = `11px ${getComputedStyle(document.body).fontFamily}`;
  const invisible = { points: { show: false }, stroke: 'transparent', width: 0 };
  let pressed: { x: number; moved: boolean; pan: boolean } | null = null;

  const byHand = (chart: uPlot) => {
    const { ctx, bbox } = chart;
    const ratio = devicePixelRatio || 1;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.lineWidth = ratio;
    for (const mark of drawing.marks) {
      const x = Math.round(chart.valToPos(mark.at / 1000, 'x', true));
      ctx.strokeStyle = mark.kind === 'anomaly' ? colour.bad : mark.kind === 'outcome' ? colour.good : colour.info;
      ctx.globalAlpha = 0.4;
      ctx.setLineDash([2 * ratio, 4 * ratio]);
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
    }
    ctx.globalAlpha = 1;
    if (drawing.goal !== null) {
      const y = Math.round(chart.valToPos(drawing.goal, 'y', true));
      const beyond = y < bbox.top ? '↑' : y > bbox.top + bbox.height ? '↓' : '';
      ctx.font = `${11 * ratio}px ${getComputedStyle(document.body).fontFamily}`;
      ctx.fillStyle = colour.good;
      ctx.textAlign = 'right';
      const line = Math.min(Math.max(y - 5 * ratio, bbox.top + 12 * ratio), bbox.top + bbox.height - 6 * ratio);
      ctx.fillText(
        `${beyond} Goal ${drawing.axis(drawing.goal, false)}`.trim(),
        bbox.left + bbox.width - 4 * ratio,
        line,
      );
      ctx.strokeStyle = colour.good;
      ctx.setLineDash([6 * ratio, 4 * ratio]);
      ctx.beginPath();
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(bbox.left + bbox.width, y);
      ctx.stroke();
    }
    ctx.setLineDash([]);
    const time = chart.data[0];
    const actual = chart.data[ACTUAL] ?? [];
    for (const [index, at] of time.entries()) {
      const value = actual[index];
      if (value === null || value === undefined || !drawing.outside.has(at)) continue;
      const bad = drawing.outside.get(at);
      ctx.strokeStyle = bad === null ? colour.soft : bad ? colour.bad : colour.good;
      ctx.fillStyle = colour.panel;
      ctx.lineWidth = 1.8 * ratio;
      ctx.beginPath();
      ctx.arc(chart.valToPos(at, 'x', true), chart.valToPos(value, 'y', true), 4 * ratio, 0, 2 * Math.PI);
      ctx.fill();
      ctx.stroke();
    }
    ctx.restore();
    drawing.ondraw(chart);
  };

  return {
    width: drawing.width,
    height: drawing.height,
    padding: [8, 22, 0, 0],
    tzDate: (seconds: number) => zoned(seconds),
    legend: { show: false },
    cursor: {
      drag: { x: true, y: false, setScale: false },
      points: { size: 7, width: 2 },
      bind: {
        mousedown: (_chart, _target, handler) => (event) => {
          pressed = { x: event.clientX, moved: false, pan: event.shiftKey };
          if (!event.shiftKey) handler(event);
          return null;
        },
        mousemove: (chart, _target, handler) => (event) => {
          if (pressed) {
            const by = event.clientX - pressed.x;
            if (Math.abs(by) > 3) pressed.moved = true;
            if (pressed.pan && event.buttons === 1) {
              drawing.ondrag(by, chart.over.clientWidth);
              pressed.x = event.clientX;
              return null;
            }
          }
          handler(event);
          return null;
        },
        mouseup: (chart, _target, handler) => (event) => {
          const was = pressed;
          pressed = null;
          if (!was?.pan) handler(event);
          if (was && !was.moved && chart.cursor.idx !== null && chart.cursor.idx !== undefined)
            drawing.onpick(chart.cursor.idx);
          return null;
        },
        dblclick: () => () => null,
      },
    },
    scales: {
      x: { time: true, ...(drawing.window ? { min: drawing.window.from, max: drawing.window.to } : {}) },
      y: { range: (_chart, low, high) => range(low, high, drawing.goal) },
    },
    series: [
      {},
      invisible,
      invisible,
      { stroke: colour.soft, width: 1, dash: [2, 3], points: { show: false } },
      { stroke: colour.soft, width: 1.2, dash: [6, 4], points: { show: false } },
      { stroke: colour.actual, width: 2, points: { show: true, size: 4, filter: lonely } },
      { stroke: colour.actual, width: 2, dash: [4, 4], points: { show: false } },
    ],
    bands: [{ series: [HIGH, LOW], fill: colour.band }],
    axes: [
      {
        stroke: colour.text,
        font,
        grid: { show: false },
        ticks: { stroke: colour.line, width: 1, size: 4 },
        values: ticks(drawing.grain),
        space: 64,
        size: 30,
      },
      {
        stroke: colour.text,
        font,
        grid: { stroke: colour.line, width: 1 },
        ticks: { show: false },
        values: (_chart, splits) => splits.map((at) => drawing.axis(at, short(splits))),
        size: (_chart, values) => 18 + 7 * Math.max(3, ...(values ?? []).map((text) => text.length)),
        space: 44,
      },
    ],
    hooks: {
      draw: [byHand],
      setCursor: [(chart) => drawing.onindex(chart.cursor.idx ?? null)],
      setSelect: [
        (chart) => {
          if (chart.select.width < 4) return;
          const from = chart.posToVal(chart.select.left, 'x');
          const to = chart.posToVal(chart.select.left + chart.select.width, 'x');
          chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          drawing.onselect({ from, to });
        },
      ],
    },
  };
}

/** A Date whose local fields are those of the business's timezone: the axis cuts days where the business does. */
function zoned(seconds: number): Date {
  const at = new Date(seconds * 1000);
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: business.timezone,
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
    hourCycle: 'h23',
  }).formatToParts(at);
  const get = (type: string) => Number(parts.find((part) => part.type === type)?.value ?? 0);
  return new Date(
    get('year'),
    get('month') - 1,
    get('day'),
    get('hour'),
    get('minute'),
    get('second'),
    at.getMilliseconds(),
  );
}

/** Only points without a neighbour need a dot: a line cannot show them. */
function lonely(chart: uPlot, series: number, show: boolean): number[] | null {
  void show;
  const values = chart.data[series] ?? [];
  const has = (index: number) => values[index] !== null && values[index] !== undefined;
  const alone: number[] = [];
  for (let index = 0; index < values.length; index += 1) {
    if (has(index) && !has(index - 1) && !has(index + 1)) alone.push(index);
  }
  return alone;
}
