/** Numbers, money and times as text. Every Intl call names its locale, because the webview's may be "C". */
import type { Format, LeverValue } from './backend';

export const LOCALE = 'en-GB';
const MINUS = '\u2212';
const NBSP = '\u00a0';
const NONE = '–';

/** What formatting needs to know of the business; the shell sets it from `status`. */
export const business = { currency: 'EUR', digits: 2, timezone: 'UTC' };

const cache = new Map<string, Intl.NumberFormat>();
function intl(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = JSON.stringify(options);
  let made = cache.get(key);
  if (!made) cache.set(key, (made = new Intl.NumberFormat(LOCALE, options)));
  return made;
}
const minus = (text: string) => text.replace('-', MINUS);
const sane = (value: number | null | undefined): value is number =>
  value !== null && value !== undefined && Number.isFinite(value);

export interface Style {
  /** A plus before positive values. */
  sign?: boolean;
  /** Short form for axes and tiles: 1.2 M. */
  compact?: boolean;
  /** Digits after the point; otherwise as many as the size asks for. */
  digits?: number;
}

function digitsFor(value: number): number {
  const size = Math.abs(value);
  return size >= 100 || size === 0 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
}

/** `1,234`, `0.042`. */
export function number(value: number | null | undefined, style: Style = {}): string {
  if (!sane(value)) return NONE;
  const digits = style.digits ?? (Number.isInteger(value) ? 0 : digitsFor(value));
  const options: Intl.NumberFormatOptions = {
    signDisplay: style.sign ? 'exceptZero' : 'negative',
    maximumFractionDigits: digits,
    minimumFractionDigits: style.digits ?? 0,
  };
  if (style.compact && Math.abs(value) >= 10_000) {
    return minus(
      intl({ ...options, notation: 'compact', maximumFractionDigits: 1, minimumFractionDigits: 0 }).format(value),
    );
  }
  return minus(intl(options).format(value));
}

/** `1,234`. */
export function integer(value: number | null | undefined, style: Style = {}): string {
  return number(sane(value) ? Math.round(value) : value, { ...style, digits: 0 });
}

/** `4.02 %` from 0.0402. */
export function percent(share: number | null | undefined, style: Style = {}): string {
  if (!sane(share)) return NONE;
  const value = share * 100;
  const size = Math.abs(value);
  const digits = style.digits ?? (size >= 100 ? 0 : size >= 10 ? 1 : 2);
  return `${minus(intl({ signDisplay: style.sign ? 'exceptZero' : 'negative', minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value))}${NBSP}%`;
}

/** Money given in major units (`12.5` → `€12.50`); whole units from 1,000 on. */
export function moneyMajor(value: number | null | undefined, style: Style = {}): string {
  if (!sane(value)) return NONE;
  const whole = Math.abs(value) >= 1000 || (Number.isInteger(value) && style.digits === undefined);
  const digits = style.digits ?? (whole ? 0 : business.digits);
  const options: Intl.NumberFormatOptions = {
    style: 'currency',
    currency: business.currency,
    currencyDisplay: 'narrowSymbol',
    signDisplay: style.sign ? 'exceptZero' : 'negative',
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  };
  if (style.compact && Math.abs(value) >= 10_000) {
    return minus(
      intl({ ...options, notation: 'compact', minimumFractionDigits: 0, maximumFractionDigits: 1 }).format(value),
    );
  }
  return minus(intl(options).format(value));
}

/** Money given in minor units, as the engine sends it (`1250` → `€12.50`). */
export function money(minor: number | null | undefined, style: Style = {}): string {
  return moneyMajor(sane(minor) ? minor / 10 ** business.digits : minor, style);
}

/** An estimate of money in minor units: cents would claim more than is known. */
export function estimate(minor: number | null | undefined, style: Style = {}): string {
  const small = sane(minor) && Math.abs(minor / 10 ** business.digits) < 10;
  return money(minor, { ...style, digits: small ? business.digits : 0 });
}

/** A length of time in seconds: `3 h 10 m`, `45 s`, `12 d`. */
export function duration(seconds: number | null | undefined, style: Style = {}): string {
  if (!sane(seconds)) return NONE;
  const sign = seconds < 0 ? MINUS : style.sign && seconds > 0 ? '+' : '';
  const size = Math.abs(seconds);
  const parts: [number, string][] = [
    [86_400, 'd'],
    [3600, 'h'],
    [60, 'm'],
    [1, 's'],
  ];
  const first = parts.findIndex(([unit]) => size >= unit);
  if (first < 0) return `${sign}${number(size, { digits: size === 0 ? 0 : 2 })}${NBSP}s`;
  const [unit, name] = parts[first]!;
  const next = parts[first + 1];
  let whole = Math.floor(size / unit);
  let below = next ? Math.round((size - whole * unit) / next[0]) : 0;
  if (next && below * next[0] >= unit) {
    whole += 1;
    below = 0;
  }
  const tail = next && below > 0 && whole < 10 ? `${NBSP}${below}${NBSP}${next[1]}` : '';
  return `${sign}${whole}${NBSP}${name}${tail}`;
}

/** A metric's value in its own format. */
export function metricValue(value: number | null | undefined, format: Format, style: Style = {}): string {
  switch (format) {
    case 'money':
      return moneyMajor(value, style);
    case 'percent':
      return percent(value, style);
    case 'duration':
      return duration(value, style);
    case 'integer':
      return integer(value, style);
    case 'number':
      return number(value, style);
  }
}

/**
 * The change of a metric: points for shares, per cent of the value before for the rest. Per cent of next to nothing says
 * nothing, so large factors are written as factors (`×14`) and beyond that in words.
 */
export function metricChange(value: number | null, previous: number | null, format: Format): string {
  if (!sane(value) || !sane(previous)) return NONE;
  if (format === 'percent') return `${number((value - previous) * 100, { sign: true, digits: 2 })}${NBSP}points`;
  if (previous === 0) return value === 0 ? 'no change' : 'from nothing';
  const share = (value - previous) / Math.abs(previous);
  if (Math.abs(share) >= 100) return 'from almost nothing';
  if (share >= 9 && previous > 0) return `×${number(value / previous, { digits: 0 })}`;
  return percent(share, { sign: true, digits: 1 });
}

/** `90…430`: an interval without repeating the unit. */
export function interval(low: number, high: number, format: (value: number) => string): string {
  return `${format(low)}…${format(high)}`;
}

/** `12.4 MB`. */
export function bytes(size: number | null | undefined): string {
  if (!sane(size)) return NONE;
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let at = 0;
  let rest = size;
  while (rest >= 1000 && at < units.length - 1) {
    rest /= 1000;
    at += 1;
  }
  return `${number(rest, { digits: at === 0 || rest >= 100 ? 0 : 1 })}${NBSP}${units[at]}`;
}

/** `3 cards`, `1 card`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${integer(count)} ${count === 1 ? one : many}`;
}

export function leverValue(value: LeverValue): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (typeof value === 'number') return number(value);
  return value === '' ? '(empty)' : value;
}

// Times, in the business's timezone.

const dates = new Map<string, Intl.DateTimeFormat>();
function date(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${business.timezone} ${JSON.stringify(options)}`;
  let made = dates.get(key);
  if (!made) {
    try {
      made = new Intl.DateTimeFormat(LOCALE, { ...options, timeZone: business.timezone });
    } catch {
      made = new Intl.DateTimeFormat(LOCALE, { ...options, timeZone: 'UTC' });
    }
    dates.set(key, made);
  }
  return made;
}

/** `09:41` or, with seconds, `09:41:12`. */
export function clock(ms: number, seconds = false): string {
  return date({ hour: '2-digit', minute: '2-digit', second: seconds ? '2-digit' : undefined, hourCycle: 'h23' }).format(
    ms,
  );
}

/** `22 Nov`, with the year when it is not the year of `now`. */
export function day(ms: number, now?: number): string {
  const year = (at: number) => date({ year: 'numeric' }).format(at);
  const withYear = now === undefined || year(ms) !== year(now);
  return date({ day: 'numeric', month: 'short', year: withYear ? 'numeric' : undefined }).format(ms);
}

/** `Sunday, 22 November`. */
export function longDay(ms: number): string {
  return date({ weekday: 'long', day: 'numeric', month: 'long' })
    .format(ms)
    .replace(/^(\w+) /, '$1, ');
}

/** `22 Nov 2026, 09:41:12 Europe/Berlin`: what a hover shows. */
export function exact(ms: number): string {
  return `${day(ms)}, ${clock(ms, true)} ${business.timezone}`;
}

/** `22 Nov, 09:41`. */
export function moment(ms: number, now?: number): string {
  return `${day(ms, now)}, ${clock(ms)}`;
}

/** `22 to 28 Nov`; `to` is the first instant after the range. */
export function span(from: number, to: number, now?: number): string {
  const last = Math.max(from, to - 1);
  const first = day(from, now);
  const end = day(last, now);
  if (first === end) return first;
  const [a, b] = [first.split(' '), end.split(' ')];
  return a.slice(1).join(' ') === b.slice(1).join(' ') ? `${a[0]} to ${end}` : `${first} to ${end}`;
}

/** `5 min ago`, `in 19 h`, `just now`: no seconds, so that an idle page need not tick. */
export function relative(ms: number, now: number): string {
  const seconds = (ms - now) / 1000;
  const size = Math.abs(seconds);
  if (size < 60) return seconds <= 0 ? 'just now' : 'in a minute';
  const steps: [number, string][] = [
    [86_400, 'd'],
    [3600, 'h'],
    [60, 'min'],
  ];
  const [unit, name] = steps.find(([u]) => size >= u) ?? [60, 'min'];
  if (unit === 86_400 && size >= 60 * 86_400) {
    const months = Math.round(size / (30.44 * 86_400));
    const text = months >= 24 ? `${Math.round(months / 12)} years` : `${months} months`;
    return seconds < 0 ? `${text} ago` : `in ${text}`;
  }
  const text = `${Math.floor(size / unit)}${NBSP}${name}`;
  return seconds < 0 ? `${text} ago` : `in ${text}`;
}

/** First instant of the local day that holds `ms`, in the business's timezone. */
export function startOfDay(ms: number): number {
  const parts = Object.fromEntries(
    date({
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      hourCycle: 'h23',
    })
      .formatToParts(ms)
      .map((p) => [p.type, p.value]),
  );
  const since = (Number(parts.hour) * 3600 + Number(parts.minute) * 60 + Number(parts.second)) * 1000 + (ms % 1000);
  const guess = ms - since;
  // A clock change in between shifts the guess by an hour.
  const hour = Number(date({ hour: '2-digit', hourCycle: 'h23' }).format(guess));
  if (hour === 0) return guess;
  return hour > 12 ? guess + (24 - hour) * 3_600_000 : guess - hour * 3_600_000;
}

/** A word out of an identifier: `in_doubt` → `In doubt`. */
export function words(identifier: string): string {
  const text = identifier.replace(/[_-]+/g, ' ').trim();
  return text.charAt(0).toUpperCase() + text.slice(1);
}
