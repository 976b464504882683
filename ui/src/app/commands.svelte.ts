/** What the palette offers, and the shell's own keys. */
import { pickFile, pickFolder, read, write, type Hit } from '$lib/backend';
import { integer } from '$lib/format';
import { prefs } from '$lib/prefs.svelte';
import { forget } from '$lib/query.svelte';
import { PRESETS, range } from '$lib/range.svelte';
import { go, href } from '$lib/router.svelte';
import { status } from '$lib/status.svelte';
import { toasts } from '$lib/toasts.svelte';
import { PAGES } from './pages';
import { run } from './run.svelte';
import { sandbox } from './sandbox.svelte';
import { shell } from './shell.svelte';

export interface Command {
  group: string;
  title: string;
  hint?: string;
  keys?: string;
  run: () => void;
}

export const DATA_FILES = [
  { name: 'Data', extensions: ['csv', 'tsv', 'txt', 'jsonl', 'ndjson', 'json', 'xlsx', 'xls', 'ods', 'gz'] },
];

export async function importFile(): Promise<void> {
  const path = await pickFile('Choose a file to import', DATA_FILES);
  if (path) go(href('import', { path }));
}

export async function openBusiness(): Promise<boolean> {
  const folder = await pickFolder('Open the folder of a business');
  if (!folder) return false;
  try {
    status.set(await write('open_business', { folder }));
    forget();
    go('#/today');
    return true;
  } catch (cause) {
    toasts.fail('Could not open the folder', cause);
    return false;
  }
}

export async function verifyAudit(): Promise<void> {
  try {
    const audit = await read('audit', {});
    if (audit.problem)
      toasts.show({ cause: 'audit', tone: 'bad', text: 'The journal is not whole', detail: audit.problem });
    else
      toasts.show({
        cause: 'audit',
        text: `The journal is whole: ${integer(audit.rows)} rows`,
        detail: `Head ${audit.head.slice(0, 16)}…`,
      });
  } catch (cause) {
    toasts.fail('Could not check the journal', cause);
  }
}

export function commands(): Command[] {
  const acts: Command[] = [];
  const act = (title: string, run: () => void, more: Partial<Command> = {}) =>
    acts.push({ group: 'Do', title, run, ...more });
  if (run.state === 'running') act('Pause or stop the engine…', () => (run.asking = 'pause'), { keys: 'mod+.' });
  if (run.state !== 'stopped')
    act('Stop everything now', () => void run.to('stop'), { hint: 'denies every effect at once' });
  act('Stop one proposer, kind of act or target…', () => go(href('settings', 'stops', { stop: '1' })), {
    hint: 'the rest goes on',
  });
  act('Stops of one scope', () => go(href('settings', 'stops')), { hint: 'what is held, and release' });
  if (run.state === 'paused') act('Resume', () => run.resume());
  if (run.state === 'stopped') act('Resume after the stop…', () => run.resume());
  act('Import a file…', () => void importFile(), { hint: 'CSV, JSONL, XLSX' });
  act('Add a source…', () => go(href('connections', 'add')), {
    hint: 'PostHog, Mixpanel, Segment, OpenTelemetry, Stripe',
  });
  act('Add a lever…', () => go(href('levers', { add: 'lever' })), { hint: 'a value your product reads' });
  act('New experiment…', () => go(href('experiments', { new: '1' })), { hint: 'which value is better, by chance' });
  act('Error budget of the experiments', () => go(href('experiments', { view: 'portfolio' })), {
    hint: 'false calls, self-audit',
  });
  act('Hypotheses that wait', () => go(href('experiments', { view: 'hypotheses' })), {
    hint: 'ranked by what knowing is worth',
  });
  act('Budgets and standing grants', () => go(href('settings', 'budgets')), { hint: 'spent, reserved, left' });
  act('Outside agents', () => go(href('settings', 'agents')), { hint: 'clients that speak MCP' });
  act('Find or erase a person…', () => go(href('connections', 'people')), { hint: 'by id' });
  act('Open another business…', () => void openBusiness(), { hint: 'choose its folder' });
  for (const one of sandbox.commands()) act(one.title, one.run, { hint: one.hint });
  act('Check the journal', () => void verifyAudit(), { hint: 'follows every hash from the first row' });
  act('Keyboard shortcuts', () => (shell.sheet = true), { keys: '?' });
  for (const theme of ['light', 'dark', 'system'] as const) {
    if (prefs.theme !== theme)
      act(
        theme === 'system' ? 'Theme like the system' : `${theme === 'light' ? 'Light' : 'Dark'} theme`,
        () => (prefs.theme = theme),
      );
  }
  return [
    ...PAGES.filter((p) => !p.parent).map((p) => ({
      group: 'Go',
      title: p.title,
      keys: p.go ? `g ${p.go}` : undefined,
      run: () => go(href(p.key)),
    })),
    ...acts,
    ...PRESETS.map((p) => ({ group: 'Time range', title: p.title, run: () => range.choose(p.key) })),
  ];
}

export function hitAddress(hit: Hit): string {
  switch (hit.kind) {
    case 'metric':
      return href('kpis', hit.key);
    case 'decision':
      return href('decisions', hit.key);
    case 'insight':
      return href('kpis', { insight: hit.key });
    case 'lever':
      return href('levers', hit.key);
    case 'experiment':
      return href('experiments', hit.key);
    default:
      return href('connections', 'schema', hit.key);
  }
}
