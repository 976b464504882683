/** One artificial person. */
import type { PersonView } from '../types';
import { hex } from './decisions';
import { DAY, HOUR, NOW } from './series';

export function person(unit: string, gone: boolean): PersonView {
  const known = !gone && /^(user_|anon-)/.test(unit);
  if (!known) return { unit, ids: [unit], identified: false, events: 0, first_at: null, last_at: null, recent: [] };
  return {
    unit,
    ids: ['user_481', 'anon-7c2f91d0', 'mara@example.invalid'],
    identified: true,
    events: 214,
    first_at: NOW - 71 * DAY,
    last_at: NOW - 3 * HOUR,
    recent: Array.from({ length: 24 }, (_, i) => ({
      id: hex(`p${i}`, 24),
      time: NOW - 3 * HOUR - i * 5 * HOUR,
      received: NOW - 3 * HOUR - i * 5 * HOUR + 400,
      name: ['visit', 'order', 'visit', 'reply'][i % 4]!,
      unit: i % 3 ? 'user_481' : 'anon-7c2f91d0',
      source: 'web',
      props: i % 4 === 1 ? { amount: 29, currency: 'EUR' } : { device: i % 2 ? 'mobile' : 'desktop', country: 'DE' },
    })),
  };
}
