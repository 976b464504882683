/** Artificial sources, sinks, keys, levers, and a file to look at. */
import type { ConnectionsView, ImportPreviewView } from '../types';
import { hex } from './decisions';
import { LEVERS } from './levers';
import { DAY, FIRST, HOUR, METRICS, NOW } from './series';
import { snippets } from './snippets';

const EVENTS = [
  'visit',
  'signup',
  'order',
  'refund',
  'reply',
  '$identify',
  '$feature_flag_called',
  '$assigned',
  'export_started',
  'note_shared',
];

export function connections(empty = false): ConnectionsView {
  const base = {
    gateway: 'http://127.0.0.1:8787',
    rejections: [],
    rejected_total: 0,
    levers: [],
    events: [],
    sinks: [],
    sources: [],
    keys: [],
    secrets: [],
  } satisfies ConnectionsView;
  if (empty) return base;
  const key = `phc_${hex('key', 36)}`;
  const client = `ec_${hex('client', 36)}`;
  const host = base.gateway;
  return {
    ...base,
    sources: [
      {
        key: 'web',
        title: 'Website',
        kind: 'sdk',
        place: 'http://127.0.0.1:8787',
        health: 'healthy',
        health_text: 'An event every 2 s',
        accepted: 1_284_310,
        duplicates: 412,
        rejected: 9,
        first_event_at: NOW - 88 * DAY,
        last_event_at: NOW - 2000,
        last_received_at: NOW - 1700,
        last_error: null,
      },
      {
        key: 'orders',
        title: 'Order exports',
        kind: 'folder',
        place: '/home/sample/made-up/exports',
        health: 'stale',
        health_text: 'No new file for 3 days; one a day is usual',
        accepted: 25_610,
        duplicates: 25_610,
        rejected: 31,
        first_event_at: FIRST,
        last_event_at: NOW - 3 * DAY,
        last_received_at: NOW - 3 * DAY,
        last_error: null,
      },
      {
        key: 'tickets',
        title: 'Support tickets',
        kind: 'folder',
        place: '/home/sample/made-up/tickets',
        health: 'failing',
        health_text: 'The newest file cannot be read',
        accepted: 9120,
        duplicates: 0,
        rejected: 122,
        first_event_at: FIRST,
        last_event_at: NOW - 9 * HOUR,
        last_received_at: NOW - 9 * HOUR,
        last_error: 'tickets-47.csv: line 12 has 9 fields, the header has 8',
      },
      {
        key: 'billing',
        title: 'Billing',
        kind: 'sdk',
        place: 'http://127.0.0.1:8787',
        health: 'waiting',
        health_text: 'No event yet',
        accepted: 0,
        duplicates: 0,
        rejected: 0,
        first_event_at: null,
        last_event_at: null,
        last_received_at: null,
        last_error: null,
      },
    ],
    sinks: [
      {
        key: 'support_desk',
        title: 'Support desk',
        place: 'hooks.example.invalid',
        health: 'healthy',
        health_text: 'Answered 2 h ago',
        sent: 12,
        failed: 1,
        has_secret: true,
      },
      {
        key: 'newsletter',
        title: 'Newsletter',
        place: 'subscribers@example.invalid',
        health: 'failing',
        health_text: 'the server refused the login 3 times; held for 10 min',
        sent: 4,
        failed: 3,
        has_secret: true,
      },
      {
        key: 'drafts',
        title: 'Drafts',
        place: 'drafts/{date}.md',
        health: 'waiting',
        health_text: 'nothing was sent yet',
        sent: 0,
        failed: 0,
        has_secret: false,
      },
    ],
    keys: [
      {
        name: 'web',
        source: 'web',
        kind: 'write',
        value: key,
        created_at: NOW - 90 * DAY,
        last_used_at: NOW - 2000,
        revoked: false,
        snippets: snippets(host, key),
      },
      {
        name: 'billing',
        source: 'billing',
        kind: 'write',
        value: `phc_${hex('billing', 36)}`,
        created_at: NOW - HOUR,
        last_used_at: null,
        revoked: false,
        snippets: snippets(host, `phc_${hex('billing', 36)}`),
      },
      {
        name: 'website-reads',
        source: 'website-reads',
        kind: 'client',
        value: client,
        created_at: NOW - 60 * DAY,
        last_used_at: NOW - 12_000,
        revoked: false,
        snippets: snippets(host, client, 'client'),
      },
      {
        name: 'checkout-service',
        source: 'checkout-service',
        kind: 'read',
        value: 'er_4f1c…',
        created_at: NOW - 20 * DAY,
        last_used_at: null,
        revoked: false,
        snippets: [],
      },
      {
        name: 'old-website',
        source: 'old-website',
        kind: 'write',
        value: 'phc_09aa…',
        created_at: NOW - 200 * DAY,
        last_used_at: NOW - 91 * DAY,
        revoked: true,
        snippets: [],
      },
    ],
    secrets: [
      { name: 'cdn_token', set: true, used_by: ['publish cdn'] },
      { name: 'stripe_payments', set: false, used_by: ['source payments'] },
    ],
    events: EVENTS.map((name, i) => ({
      name,
      count: Math.round(900_000 / (i * 9 + 1)),
      first_at: FIRST,
      last_at: NOW - 2000 * (i + 1),
      metrics: METRICS.filter((m) => m.definition.includes(name)).map((m) => m.key),
      props: [
        { name: 'country', kind: 'text', samples: ['DE', 'AT', 'CH'] },
        { name: 'device', kind: 'text', samples: ['mobile', 'desktop'] },
        ...(name === 'visit'
          ? [
              {
                name: '$current_url',
                kind: 'text',
                samples: ['https://made-up.example/pricing?ref=newsletter&week=47'],
              },
              { name: 'is_new', kind: 'boolean', samples: ['true', 'false'] },
            ]
          : []),
        ...(name === 'order' ? [{ name: 'amount', kind: 'number', samples: ['19.00', '29.00'] }] : []),
      ],
    })),
    rejections: Array.from({ length: 14 }, (_, i) => ({
      id: 900 - i,
      at: NOW - i * 3 * HOUR,
      source: i % 3 ? 'tickets' : 'web',
      position: i % 3 ? 12 + i * 7 : 0,
      code: 'event_invalid',
      reason: i % 3 ? (i % 2 ? 'time is empty' : 'line has 9 fields, the header has 8') : 'the event has no name',
      raw:
        i % 3
          ? `2026-11-2${i % 3},reply,"export, Word",${i}`
          : `{"event":"","distinct_id":"user_${i}","properties":{"plan":"pro","$lib":"web"},"timestamp":"2026-11-21T09:4${i % 10}:00Z"}`,
      done: i === 9,
    })),
    rejected_total: 162,
    levers: LEVERS,
  };
}

export function preview(path: string): ImportPreviewView {
  return {
    path,
    bytes: 45_580_638,
    format: 'CSV, comma, UTF-8, header in line 1',
    rows_estimate: 541_909,
    columns: [
      { name: 'InvoiceNo', kind: 'text', samples: ['536365', '536366', 'C536379'], used_as: 'invoice' },
      { name: 'Quantity', kind: 'number', samples: ['6', '8', '-1'], used_as: 'quantity' },
      { name: 'InvoiceDate', kind: 'time', samples: ['12/1/2010 8:26', '12/1/2010 8:28'], used_as: 'time' },
      { name: 'UnitPrice', kind: 'number', samples: ['2.55', '3.39'], used_as: 'price' },
      { name: 'CustomerID', kind: 'text', samples: ['17850', '13047'], used_as: 'unit' },
      { name: 'Country', kind: 'text', samples: ['United Kingdom', 'France'], used_as: 'country' },
    ],
    mapping: {
      event: "'order'",
      time: 'InvoiceDate',
      unit: 'CustomerID',
      id: null,
      props: { amount: 'Quantity * UnitPrice', invoice: 'InvoiceNo', country: 'Country' },
      only_mapped: true,
      time_format: '%m/%d/%Y %H:%M',
      timezone: null,
      delimiter: ',',
      encoding: 'utf-8',
      decimal: '.',
      sheet: null,
    },
    reasons: [
      '“InvoiceDate” is the only column whose values are all times.',
      '“CustomerID” repeats and is called an id, so it names the unit.',
      '“Quantity” and “UnitPrice” multiply to an amount.',
    ],
    events: Array.from({ length: 10 }, (_, i) => ({
      id: hex(`pre${i}`, 24),
      time: Date.UTC(2010, 11, 1, 8, 26 + i),
      received: NOW,
      name: 'order',
      unit: String(17850 - i * 13),
      source: 'import',
      props: { amount: 15.3 + i, invoice: String(536365 + i), country: i % 4 ? 'United Kingdom' : 'France' },
    })),
    problems: [
      {
        code: 'event_invalid',
        message: '25 % of the rows have no customer',
        hint: 'They count in sums, not in unique customers.',
        line: null,
      },
    ],
    metrics_suggested: [
      {
        key: 'revenue',
        title: 'Revenue',
        toml: '[[metric]]\nkey = "revenue"\nkind = "sum"\nevent = "order"\nvalue = "amount"\nformat = "money"\n',
        why: '“amount” is money and every row has it.',
      },
      {
        key: 'customers',
        title: 'Customers',
        toml: '[[metric]]\nkey = "customers"\nkind = "unique"\nevent = "order"\n',
        why: 'Rows name a customer.',
      },
    ],
  };
}
