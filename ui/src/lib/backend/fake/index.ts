/**
 * An engine made of artificial data, for unit tests and for the page in a plain browser. Scenes: `?fake=quiet` (nothing
 * waits), `steps` (cards of procedures, too), `empty` (no data), `first` (no business), `error` (reads fail), `stale` (reads fail after the first), `loading`
 * (reads never end), `replay`, `paused`, `stopped`, `importing`, `problems`; of a simulated business `filling`, `running`, `held`
 * (a card waits), `ended`, `truth` (asked for before).
 */
import { BackendError, type Backend, type Message, type ReadName, type WriteName } from '../contract';
import {
  PROVIDES,
  type AddSourceArgs,
  type AskExperimentArgs,
  type Decision,
  type DecisionsView,
  type EventRow,
  type Experiment,
  type Hit,
  type ImportProgress,
  type LeverValue,
  type RunState,
  type SandboxView,
  type ConnectionsView,
  type LeversView,
  type RejectionView,
  type SourceView,
  type State,
  type StatusView,
  type TryLeverArgs,
} from '../types';
import { LEDGER, cardHash, detail, scored } from './decisions';
import { DAY, METRICS, NOW } from './series';
import { repredict } from './repredict';
import { Standing } from './standing';
import { STEPS } from './steps';
import * as views from './views';

export { NOW } from './series';
export const SCENES = [
  'normal',
  'steps',
  'quiet',
  'empty',
  'first',
  'error',
  'stale',
  'loading',
  'replay',
  'paused',
  'stopped',
  'importing',
  'problems',
  'filling',
  'running',
  'held',
  'ended',
  'truth',
] as const;
const SIMULATED: readonly string[] = ['filling', 'running', 'held', 'ended', 'truth'];
export type Scene = (typeof SCENES)[number];

const OPERATOR = 'operator:9f2c41d07ab3e655';
type Calls = { name: ReadName | WriteName; args: Record<string, unknown> }[];

export class Fake implements Backend {
  /** Every call, for tests. */
  calls: Calls = [];
  /** What the next file and folder dialogs answer. */
  picks: { file: string | null; folder: string | null } = {
    file: '/home/sample/orders.csv',
    folder: '/home/sample/made-up',
  };
  decisions: Decision[];
  status: StatusView;
  connections: ConnectionsView;
  levers: LeversView;
  /** Experiments that were asked for while the page was open. */
  asked: Experiment[] = [];
  /** Events that came while the page was open. */
  arrived: EventRow[] = [];
  erased = false;
  /** The text of `policy.cedar`, once there is one. */
  policy: string | null = null;
  sandbox: SandboxView | null = null;
  standing: Standing;
  #watchers = new Set<(message: Message) => void>();
  #seen = new Set<string>();

  constructor(
    public scene: Scene = 'normal',
    private readonly delayMs = 0,
  ) {
    const bare = scene === 'empty' || scene === 'first';
    this.standing = new Standing(bare);
    this.decisions = bare
      ? []
      : structuredClone(
          scene === 'quiet'
            ? LEDGER.filter((d) => d.state !== 'pending')
            : scene === 'steps'
              ? [...STEPS, ...LEDGER]
              : LEDGER,
        );
    this.status = {
      business:
        scene === 'first'
          ? null
          : {
              name: 'Made-up Notes',
              currency: 'EUR',
              currency_digits: 2,
              timezone: 'Europe/Berlin',
              folder: '/home/sample/made-up',
              metrics: bare ? 0 : METRICS.length,
            },
      run_state: scene === 'paused' ? 'paused' : scene === 'stopped' ? 'stopped' : 'running',
      run_reason:
        scene === 'paused'
          ? 'operator: looking at the checkout'
          : scene === 'stopped'
            ? 'operator: wrong prices on the site'
            : null,
      now: NOW,
      clock: scene === 'replay' ? { mode: 'replay', speed: 3600, held: true, until: NOW + 20 * DAY } : { mode: 'real' },
      last_event_at: bare ? null : NOW - 2000,
      last_commit_at: bare ? null : NOW - 1800,
      events: bare ? 0 : 1_319_040,
      gateway: scene === 'first' ? null : 'http://127.0.0.1:8787',
      approvals_waiting: 0,
      anomalies_open: bare || scene === 'quiet' ? 0 : 2,
      experiments_running: bare ? 0 : 4,
      import: scene === 'importing' ? this.importing('online-retail.csv') : null,
      problems:
        scene === 'problems'
          ? [
              {
                code: 'config_invalid',
                message: '“signup_rat” is not a metric',
                hint: 'Did you mean “signup_rate”?',
                line: 41,
              },
              {
                code: 'file_unreadable',
                message: 'tickets-47.csv: line 12 has 9 fields, the header has 8',
                hint: 'Look at the rejected lines on Connections.',
                line: null,
              },
            ]
          : [],
      notices: bare
        ? []
        : views
            .levers()
            .levers.flatMap((one) => one.warnings.map((w) => ({ ...w, lever: one.key })))
            .slice(0, 1),
      sandbox: null,
      version: '0.1.0',
    };
    this.connections = views.connections(bare);
    this.levers = views.levers(bare);
    if (SIMULATED.includes(scene)) this.#simulate(scene as views.Simulated);
    this.#count();
  }

  #simulate(scene: views.Simulated, scenario?: string) {
    this.sandbox = views.simulation(scene, scenario);
    if (this.status.business) {
      this.status.business.name = this.sandbox.title;
      this.status.business.folder = `/home/sample/sandbox-${this.sandbox.scenario}`;
    }
    if (scene === 'truth' && this.status.business) localStorage.setItem('epochcore.truth', this.status.business.folder);
    this.#tell();
    // In a browser somebody looks at it: let time pass.
    if (this.delayMs > 0 && scene === 'filling') this.#fillOn();
  }
  /** The frame's words of the simulation. */
  #tell() {
    const view = this.sandbox;
    this.status.sandbox = view && {
      scenario: view.scenario,
      title: view.title,
      phase: view.phase,
      progress: view.progress,
      speed: view.speed,
    };
    if (!view) return;
    const { speed, held, until, now } = view;
    this.status.clock = { mode: 'replay', speed: view.phase === 'ended' ? 0 : speed, held, until };
    this.status.now = this.status.last_event_at = now;
  }
  #fillOn() {
    setTimeout(() => {
      this.fill((this.sandbox?.progress ?? 1) + 0.02);
      if (this.sandbox?.phase === 'filling') this.#fillOn();
    }, 400);
  }
  /** History is filled up to this share. */
  fill(share: number): void {
    const view = this.sandbox;
    if (view?.phase !== 'filling') return;
    if (share >= 1)
      this.sandbox = { ...views.simulation('running', view.scenario), hold: view.hold, speed: view.speed };
    else Object.assign(view, { progress: share, now: view.from + share * (view.history_until - view.from) });
    this.#tell();
    this.change(['status', 'sandbox']);
  }
  #simulation(): SandboxView {
    if (!this.sandbox)
      throw new BackendError('wrong_state', 'This business is not simulated', 'Start a sandbox first.');
    return this.sandbox;
  }
  #sandbox(name: WriteName, args: Record<string, unknown>): unknown {
    if (name === 'sandbox_start' || name === 'sandbox_reset') {
      const scenario = name === 'sandbox_start' ? String(args.scenario) : this.#simulation().scenario;
      this.scene = 'normal';
      this.status = { ...new Fake('normal').status };
      this.#simulate('filling', scenario);
      if (this.sandbox && name === 'sandbox_start')
        Object.assign(this.sandbox, { hold: args.hold === true, speed: Number(args.speed ?? 3600) });
      return this.status;
    }
    if (name === 'sandbox_delete') {
      this.#simulation();
      this.scene = 'first';
      this.sandbox = null;
      this.status = { ...new Fake('first').status };
      return this.status;
    }
    const view = this.#simulation();
    if (name === 'sandbox_skip') view.now = Math.min(view.until, view.now + Number(args.days) * DAY);
    else if (name === 'sandbox_inject')
      view.injected.unshift({ kind: String(args.kind), at: view.now, days: Number(args.days ?? 3) });
    else {
      view.speed = Number(args.speed);
      view.phase = view.speed > 0 ? 'running' : 'paused';
      if (typeof args.hold === 'boolean') view.hold = args.hold;
      view.held &&= view.hold;
    }
    this.#tell();
    return view;
  }

  importing(file: string): ImportProgress {
    return {
      file,
      state: 'running',
      bytes_done: 19_400_000,
      bytes_total: 45_580_638,
      rows: 231_044,
      rows_per_second: 188_000,
      seconds_left: 2,
      accepted: 230_911,
      duplicates: 0,
      rejected: 133,
      rejected_file: '/home/sample/made-up/rejected/online-retail.jsonl',
      error: null,
    };
  }

  pending(): Decision[] {
    return this.decisions.filter(
      (d) => d.state === 'pending' && (d.deferred_until === null || d.deferred_until <= this.status.now),
    );
  }

  read: Backend['read'] = async (name, args) => {
    this.calls.push({ name, args: args as Record<string, unknown> });
    await this.#wait();
    if (this.scene === 'loading' && name !== 'status') return new Promise(() => undefined);
    const key = `${name} ${JSON.stringify(args)}`;
    if ((this.scene === 'error' || (this.scene === 'stale' && this.#seen.has(key))) && name !== 'status')
      throw new BackendError(
        'store_damaged',
        'The store could not be read',
        'Run the checks on Settings, or restore the newest backup.',
      );
    this.#seen.add(key);
    return structuredClone(this.#answer(name, args as Record<string, unknown>)) as never;
  };

  write: Backend['write'] = async (name, args) => {
    this.calls.push({ name, args: args as Record<string, unknown> });
    await this.#wait();
    const result = this.#act(name, args as Record<string, unknown>);
    this.change(Object.values(PROVIDES).flat());
    return structuredClone(result) as never;
  };

  watch: Backend['watch'] = (heard) => {
    this.#watchers.add(heard);
    return () => this.#watchers.delete(heard);
  };
  /** Tells the page that something changed. */
  change(topics: string[]): void {
    this.say({ type: 'changes', topics });
  }
  say(message: Message): void {
    for (const heard of this.#watchers) heard(message);
  }
  pickFile = async () => this.picks.file;
  pickFolder = async () => this.picks.folder;
  pickSave = async (_title: string, suggested: string) => suggested;
  reveal = async () => undefined;

  #wait = () => (this.delayMs > 0 ? new Promise<void>((done) => setTimeout(done, this.delayMs)) : Promise.resolve());
  #count() {
    this.status.approvals_waiting = this.pending().length;
  }
  #find(id: string): Decision {
    const found = this.decisions.find((d) => d.id === id);
    if (!found)
      throw new BackendError('not_found', `There is no decision “${id}”`, 'It may belong to another business.');
    return found;
  }

  #answer(name: ReadName, args: Record<string, unknown>): unknown {
    const empty = this.scene === 'empty' || this.scene === 'first';
    const quiet = this.scene === 'quiet';
    const procedure = views.procedures(name, args, empty);
    if (procedure !== undefined) return procedure;
    const standing = this.standing.answer(name, this.decisions, args);
    if (standing !== undefined) return standing;
    switch (name) {
      case 'status':
        return this.status;
      case 'today':
        return empty
          ? { ...views.today({}, [], true), moved: [], lead: '', next: [] }
          : views.today(args, this.pending(), quiet);
      case 'hierarchy':
        return views.hierarchy(quiet || empty);
      case 'kpis':
        return empty
          ? { from: NOW - 28 * DAY, to: NOW, tiles: [], first_event_at: null, last_event_at: null }
          : views.kpis(args);
      case 'kpi': {
        const view = views.kpi(args as never);
        if (!view)
          throw new BackendError(
            'not_found',
            `There is no metric “${String(args.metric)}”`,
            'Metrics are listed on KPIs.',
          );
        return view;
      }
      case 'rows':
        if (this.arrived.length > 0 && !args.metric && !args.event)
          return { rows: this.arrived, cursor: null, total: this.arrived.length };
        return empty ? { rows: [], cursor: null, total: 0 } : views.rows(args as never);
      case 'approvals':
        return this.pending();
      case 'decisions':
        return this.#ledger((args.states as State[] | undefined) ?? [], (args.limit as number | undefined) ?? 500);
      case 'decision':
        return detail(this.#find(String(args.id)));
      case 'insights':
        return empty || quiet ? [] : views.insights;
      case 'connections':
        return this.connections;
      case 'levers':
        return this.levers;
      case 'lever':
        return views.lever(this.levers, String(args.key));
      case 'experiments':
        return views.experiments(empty, this.asked, this.decisions);
      case 'experiment':
        return views.experiment(String(args.key), this.asked, this.decisions);
      case 'experiment_check':
        return views.checked(args as unknown as AskExperimentArgs);
      case 'try_lever':
        return views.trial(this.levers, args as TryLeverArgs);
      case 'person':
        return views.person(String(args.unit), empty || this.erased);
      case 'import_preview':
        return views.preview(String(args.path));
      case 'import_progress':
        return this.status.import;
      case 'reports':
        return views.reports(empty);
      case 'report_preview':
        return {
          html: '<!doctype html><html lang="en"><title>Weekly brief</title><body style="font:14px sans-serif;margin:40px"><h1>Made-up Notes, week 47</h1><p>An artificial report.</p></body></html>',
        };
      case 'policy':
        return views.policy(this.policy);
      case 'check_policy':
        return views.checkedPolicy(String(args.text), this.policy, this.decisions);
      case 'settings':
        return views.settings();
      case 'search':
        return this.#search(String(args.text).toLowerCase());
      case 'repredict':
        return repredict(this.#find(String(args.id)), (args.set as Record<string, LeverValue>).to!);
      case 'check_config':
        return [];
      case 'series': {
        const { metric, series } = views.kpi(args as never)!;
        const { from, to } = views.range(args as never);
        return { metric, currency: 'EUR', timezone: 'Europe/Berlin', from, to, grain: series.grain, series: [series] };
      }
      case 'count':
        return { count: this.status.events };
      case 'sandbox':
        return this.sandbox;
      case 'sandbox_scenarios':
        return views.scenarios();
      case 'sandbox_truth':
        return views.truth(this.#simulation());
      case 'audit':
        return { rows: 3412, head: detail(LEDGER[5]!).journal.at(-1)?.hash ?? '', problem: null };
    }
  }

  #ledger(states: State[], limit: number): DecisionsView {
    const counts = new Map<State, number>();
    for (const d of this.decisions) counts.set(d.state, (counts.get(d.state) ?? 0) + 1);
    const fits = this.decisions.filter((d) => states.length === 0 || states.includes(d.state));
    const points = scored(this.decisions);
    return {
      decisions: fits.slice(0, limit),
      total: fits.length,
      counts: [...counts],
      scored: points,
      calibration: { scored: points.length, inside: points.filter((p) => p.inside).length },
    };
  }

  #search(text: string): Hit[] {
    if (!text) return [];
    const hits: Hit[] = [
      ...METRICS.map((m) => ({ kind: 'metric', key: m.key, title: m.title, detail: m.definition })),
      ...views.experiments(false, this.asked).rows.map((one) => ({
        kind: 'experiment',
        key: one.key,
        title: one.title,
        detail: 'experiment',
      })),
      ...this.decisions.map((d) => ({
        kind: 'decision',
        key: d.id,
        title: d.headline,
        detail: `${d.id} · ${d.state}`,
      })),
      ...views.insights.map((i) => ({ kind: 'insight', key: i.id, title: i.headline, detail: i.metric })),
    ];
    return hits.filter((h) => `${h.title} ${h.key}`.toLowerCase().includes(text)).slice(0, 12);
  }

  #verdict(id: string, hash: string, to: State, reason: string, states: State[] = ['pending']): Decision {
    const found = this.#find(id);
    if (!states.includes(found.state))
      throw new BackendError('wrong_state', `The decision is already ${found.state}`, 'Look at it in the ledger.');
    if (hash !== cardHash(found))
      throw new BackendError('stale', 'The card changed while you looked at it', 'Read it again, then answer.');
    found.state = to;
    found.history.push({ at: this.status.now, to, actor: OPERATOR, reason });
    this.#count();
    return found;
  }
  #run(state: RunState, reason: string): StatusView {
    this.status.run_state = state;
    this.status.run_reason = state === 'running' ? null : reason ? `operator: ${reason}` : 'operator';
    return this.status;
  }

  #key(name: string, kind: string, source: string | null = null) {
    if (this.connections.keys.some((key) => key.name === name))
      throw new BackendError('invalid_argument', `There is a key named “${name}” already`, 'Choose another name.');
    const value = `${{ write: 'phc', client: 'ec' }[kind] ?? 'er'}_made_up_0123456789abcdef`;
    this.connections.keys.push({
      name,
      source: source ?? name,
      kind,
      value: kind === 'read' ? 'er_made…' : value,
      created_at: this.status.now,
      last_used_at: null,
      revoked: false,
      snippets: views.snippets(this.connections.gateway ?? '', value, kind),
    });
    return { name, kind, value };
  }
  #add({ kind, key, title, secret }: AddSourceArgs) {
    const sends = kind !== 'levers' && kind !== 'server';
    const made =
      kind === 'stripe'
        ? []
        : kind === 'sdk'
          ? [this.#key(key, 'write'), this.#key(`${key}-levers`, 'client')]
          : [this.#key(key, kind === 'levers' ? 'client' : 'read')];
    const source: SourceView = {
      key,
      title: title ?? key,
      kind,
      place: kind === 'stripe' ? `${this.connections.gateway}/hooks/stripe/${key}` : (this.connections.gateway ?? ''),
      health: 'waiting',
      health_text: 'No event yet',
      accepted: 0,
      duplicates: 0,
      rejected: 0,
      first_event_at: null,
      last_event_at: null,
      last_received_at: null,
      last_error: null,
    };
    if (kind === 'stripe')
      this.connections.secrets.push({ name: key, set: Boolean(secret), used_by: [`source ${key}`] });
    if (sends) {
      this.connections.sources.push(source);
      // In a browser somebody looks at it: let an event come.
      if (this.delayMs > 0) setTimeout(() => this.arrive(key), 6000);
    }
    return {
      source: sends ? source : null,
      keys: made,
      snippets: made.flatMap((one) => views.snippets(this.connections.gateway ?? '', one.value, one.kind)),
      next: [],
    };
  }
  /** The first event of a source comes in. */
  arrive(source: string, name = 'signup', unit = 'user_1'): void {
    const found = this.connections.sources.find((one) => one.key === source);
    if (!found) return;
    const at = this.status.now;
    Object.assign(found, {
      health: 'healthy',
      health_text: 'Events arrive',
      accepted: found.accepted + 1,
      first_event_at: found.first_event_at ?? at,
      last_event_at: at,
      last_received_at: at,
    });
    this.arrived = [{ id: `arrived-${source}`, time: at, received: at, name, unit, source, props: { plan: 'pro' } }];
    this.change(['connections', 'status', 'kpis']);
  }
  #replay(id: number, raw: string | null) {
    const found: RejectionView | undefined = this.connections.rejections.find((one) => one.id === id);
    if (!found) throw new BackendError('not_found', 'This refusal is no longer kept', 'Look at the list again.');
    if ((raw ?? found.raw) === found.raw)
      throw new BackendError('event_invalid', found.reason, 'Mend it, then send it again.');
    found.done = true;
    return { accepted: 1, duplicates: 0 };
  }

  #act(name: WriteName, args: Record<string, unknown>): unknown {
    const { id, card_hash } = args as { id: string; card_hash: string };
    const procedure = views.procedures(name, args, false);
    if (procedure !== undefined) return procedure;
    const standing = this.standing.act(name, args, this.status.now);
    if (standing !== undefined) return standing;
    if (name === 'ask') {
      const found = this.#verdict(id, card_hash, 'asked', 'asked on the card');
      found.talk = [...(found.talk ?? []), { at: this.status.now, by: OPERATOR, text: String(args.question) }];
      return found;
    }
    if (name === 'withdraw_approval') {
      const found = this.#find(id);
      found.state = 'rejected';
      found.history.push({
        at: this.status.now,
        to: 'rejected',
        actor: OPERATOR,
        reason: 'not_now: its approval was taken back before it ran',
      });
      return found;
    }
    if (name === 'delegate') {
      const found = this.#verdict(id, card_hash, 'approved', 'approved, and allowed again');
      found.grant = 'grant_000001';
      return found;
    }
    switch (name) {
      case 'approve':
        return this.#verdict(id, card_hash, 'approved', 'approved on the card');
      case 'edit': {
        const done = this.#verdict(id, card_hash, 'approved', 'approved with another value');
        const set = args.set as Record<string, LeverValue>;
        if (done.act.kind === 'set_lever') done.act.to = set.to!;
        if (done.act.kind === 'choose') done.act.choice = String(set.choice);
        return done;
      }
      case 'veto':
        return this.#verdict(id, card_hash, 'rejected', `${String(args.reason)}: ${String(args.text ?? '')}`);
      case 'defer': {
        const found = this.#find(id);
        found.deferred_until = Number(args.until);
        found.deferred_for = (args.wake as Decision['deferred_for']) ?? null;
        this.#count();
        return found;
      }
      case 'pause':
        return this.#run('paused', String(args.reason ?? ''));
      case 'stop':
        return this.#run('stopped', String(args.reason ?? ''));
      case 'resume':
        return this.#run('running', '');
      case 'create_business':
      case 'open_business':
        this.scene = name === 'open_business' ? 'normal' : 'empty';
        this.status = { ...new Fake(this.scene).status };
        if (name === 'create_business' && this.status.business) this.status.business.name = String(args.name);
        return this.status;
      case 'import_start':
        return (this.status.import = this.importing(String(args.path).split('/').pop() ?? ''));
      case 'import_cancel':
        return (this.status.import = this.status.import && { ...this.status.import, state: 'cancelled' });
      case 'replay_speed':
        if (this.status.clock.mode === 'replay')
          this.status.clock = { ...this.status.clock, speed: Number(args.speed), held: args.speed === 0 };
        return this.status;
      case 'save_policy':
        this.policy = String(args.text) || null;
        this.change(['settings', 'status']);
        return views.policy(this.policy);
      case 'save_config':
      case 'add_config':
      case 'set_playbook':
        return views.settings();
      case 'make_key':
        return this.#key(String(args.name), String(args.kind), args.source as string | null);
      case 'revoke_key':
        for (const key of this.connections.keys) if (key.name === args.id) key.revoked = true;
        return this.connections;
      case 'add_source':
        return this.#add(args as unknown as AddSourceArgs);
      case 'set_secret':
      case 'remove_secret':
        for (const secret of this.connections.secrets)
          if (secret.name === args.name) secret.set = name === 'set_secret';
        return this.connections.secrets;
      case 'replay_rejection':
        return this.#replay(Number(args.id), (args.raw as string | null | undefined) ?? null);
      case 'erase_person':
        this.erased = true;
        return {
          events: 214,
          ids: 3,
          rejections: 2,
          elsewhere: [{ place: 'journal', rows: 1 }],
          note: 'Backups made before still hold what was erased; delete them when they are no longer needed.',
          at: this.status.now,
        };
      case 'kill_lever':
      case 'restore_lever': {
        for (const one of this.levers.levers)
          if (one.key === args.key) {
            one.off = name === 'kill_lever';
            one.state = one.off ? 'killed' : 'live';
            one.version += 1;
          }
        return views.lever(this.levers, String(args.key));
      }
      case 'ask_experiment': {
        const made = views.asked(args as unknown as AskExperimentArgs);
        this.asked.unshift(made);
        return made;
      }
      case 'end_experiment': {
        const { experiment } = views.experiment(String(args.key), this.asked, this.decisions);
        const over = views.ended(structuredClone(experiment), String(args.reason), this.status.now);
        this.asked = [over, ...this.asked.filter((one) => one.spec.key !== over.spec.key)];
        return over;
      }
      case 'make_report':
        return {
          path: `/home/sample/made-up/reports/brief.${String(args.format)}`,
          name: `brief.${String(args.format)}`,
          format: args.format,
          bytes: 120_000,
          at: NOW,
        };
      case 'backup':
        return { path: '/home/sample/backups/made-up.tar', at: NOW, bytes: 398_000_000 };
      case 'rebuild':
        return { events: this.status.events, cells: 10_240, identical: true };
      case 'sandbox_start':
      case 'sandbox_speed':
      case 'sandbox_skip':
      case 'sandbox_inject':
      case 'sandbox_reset':
      case 'sandbox_delete':
        return this.#sandbox(name, args);
    }
  }
}

/** The scene named in the address: `http://127.0.0.1:5173/?fake=empty#/today`. */
export function fakeFromAddress(): Fake {
  const wanted = new URLSearchParams(location.search).get('fake');
  return new Fake(SCENES.find((s) => s === wanted) ?? 'normal', 60);
}
