// What can send events, in the order it is offered, and which snippets belong to each.
import Activity from '@lucide/svelte/icons/activity';
import CreditCard from '@lucide/svelte/icons/credit-card';
import FileInput from '@lucide/svelte/icons/file-input';
import FolderOpen from '@lucide/svelte/icons/folder-open';
import MousePointer from '@lucide/svelte/icons/mouse-pointer-click';
import Split from '@lucide/svelte/icons/split';
import Terminal from '@lucide/svelte/icons/terminal';
import type { Component } from 'svelte';
import type { Snippet } from '$lib/backend';
import { words } from '$lib/format';

export interface Sender {
  key: string;
  title: string;
  says: string;
  icon: Component<{ size?: number | string; strokeWidth?: number | string }>;
  /** What `add_source` calls it; absent where it is another way in. */
  kind?: 'sdk' | 'stripe';
  /** The name offered first. */
  name: string;
  /** Its snippets, by how their titles begin. */
  titles: RegExp;
}

export const SENDERS: Sender[] = [
  {
    key: 'posthog',
    title: 'PostHog SDK',
    says: 'Browser, Node, Python and others, unmodified. Also reads levers.',
    icon: MousePointer,
    kind: 'sdk',
    name: 'Web',
    titles: /^posthog/i,
  },
  {
    key: 'mixpanel',
    title: 'Mixpanel SDK',
    says: 'Events and profiles; only the host changes.',
    icon: Activity,
    kind: 'sdk',
    name: 'App',
    titles: /^mixpanel/i,
  },
  {
    key: 'segment',
    title: 'Segment SDK',
    says: 'Track, identify, group and page calls.',
    icon: Split,
    kind: 'sdk',
    name: 'Site',
    titles: /^(segment|analytics)/i,
  },
  {
    key: 'stripe',
    title: 'Stripe',
    says: 'Payments, refunds and subscriptions by signed webhook.',
    icon: CreditCard,
    kind: 'stripe',
    name: 'Payments',
    titles: /^stripe/i,
  },
  {
    key: 'http',
    title: 'Plain HTTP',
    says: 'One POST per event, from anything that speaks HTTP.',
    icon: Terminal,
    kind: 'sdk',
    name: 'Server',
    titles: /^(curl|http|fetch|plain)/i,
  },
  {
    key: 'folder',
    title: 'A folder',
    says: 'Exports that keep appearing in one place.',
    icon: FolderOpen,
    name: 'Exports',
    titles: /^$/,
  },
  {
    key: 'file',
    title: 'A file',
    says: 'History, once: CSV, JSON lines or a workbook.',
    icon: FileInput,
    name: '',
    titles: /^$/,
  },
];

export const sender = (key: string | undefined): Sender | undefined => SENDERS.find((one) => one.key === key);

const READERS: { key: string; title: string; titles: RegExp }[] = [
  { key: 'openfeature', title: 'OpenFeature', titles: /^openfeature/i },
  { key: 'growthbook', title: 'GrowthBook', titles: /^growthbook/i },
  { key: 'unleash', title: 'Unleash', titles: /^unleash/i },
];

/** The snippets of a key by the SDK they are for; an SDK without any is left out. */
export function bySdk(snippets: Snippet[]): { key: string; title: string; snippets: Snippet[] }[] {
  return [...SENDERS, ...READERS]
    .map(({ key, title, titles }) => ({
      key,
      title: title.replace(/ SDK$/, ''),
      snippets: snippets.filter((one) => titles.test(one.title)),
    }))
    .filter((group) => group.snippets.length > 0)
    .sort((a, b) => Number(a.key === 'http') - Number(b.key === 'http'));
}

/** What a source is, in words. */
export function kindWord(kind: string): string {
  return { sdk: 'SDK', stripe: 'Stripe', folder: 'Folder', file: 'File' }[kind] ?? words(kind);
}

/** The part of a title that tells one snippet of a sender from the next: `posthog-js` → `js`. */
export function shortTitle(title: string): string {
  const rest = title.replace(/^[a-z]+[- ]/i, '').replace(/^proxy-client$/, 'browser');
  const names: Record<string, string> = {
    js: 'Browser',
    web: 'Browser',
    browser: 'Browser',
    node: 'Node',
    python: 'Python',
    curl: 'curl',
    fetch: 'JavaScript',
  };
  return names[rest.toLowerCase()] ?? (rest === title ? title : words(rest));
}
