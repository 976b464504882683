// Generated from Rust by `cargo run -p epoch-api --example types`; a test fails when this file is stale.

/**
 * What it would do.
 */
export type Act = { "kind": "set_lever", lever: string, from: LeverValue, to: LeverValue, } | { "kind": "start_experiment", experiment: string, lever: string, arms: Array<Arm>, 
/**
 * Share of the units that are in it, 0 to 1.
 */
share: number, audience: string | null, slice: Slice | null, } | { "kind": "end_experiment", experiment: string, lever: string, from: LeverValue, ship: LeverValue | null, } | { "kind": "call", effect: string, payload: unknown, } | { "kind": "start_workflow", workflow: string, version: number, input: unknown, } | { "kind": "edit_workflow", workflow: string, 
/**
 * The version it was written against; 0 for a new one.
 */
from_version: number, 
/**
 * The definition whole, as TOML.
 */
text: string, } | { "kind": "choose", question: string, options: Array<string>, 
/**
 * What approving as it stands means.
 */
choice: string, };

/**
 * A thing the engine did.
 */
export type Activity = { at: number, layer: Layer, text: string, detail: string, decision: string | null, insight: string | null, };

/**
 * Adds a table such as `[[metric]]` to `business.toml`, keeping comments.
 */
export type AddConfigArgs = { toml: string, };

/**
 * Connects something in one step: a `[[source]]` where one is needed, and the keys.
 */
export type AddSourceArgs = { 
/**
 * `sdk` (PostHog, Mixpanel, Segment, plain events, and levers), `levers` (only reads levers), `server` (a server that
 * reads definitions), `stripe`.
 */
kind: string, 
/**
 * One word; names the key and the source of its events.
 */
key: string, 
/**
 * What people read; the key in words when absent.
 */
title: string | null, 
/**
 * Stripe's signing secret (`whsec_…`); kept outside the business's folder.
 */
secret: string | null, };

/**
 * A way not taken.
 */
export type Alternative = { what: string, why_not: string, };

/**
 * A mark on the chart.
 */
export type Annotation = { at: number, 
/**
 * `anomaly`, `decision`, `outcome`, `lever`.
 */
kind: string, text: string, decision: string | null, insight: string | null, };

/**
 * An answer to a card. Signed by the process that holds the operator's key.
 */
export type AnswerArgs = { id: string, 
/**
 * The hash of the card that was on screen.
 */
card_hash: string, };

/**
 * One value of an experiment and its weight.
 */
export type Arm = { 
/**
 * Its name in exposures: `control`, `test`, …
 */
key: string, value: LeverValue, 
/**
 * Share of the units in the experiment, 0 to 1; the arms of a rule add up to 1.
 */
weight: number, };

/**
 * An arm as somebody asks for it.
 */
export type ArmDraft = { 
/**
 * Its name in exposures; `control` for the first, `test` (`test2`, …) for the others when absent.
 */
key: string | null, value: LeverValue, 
/**
 * Relative to the others; 1 when absent.
 */
weight: number | null, };

/**
 * Asks a card's proposer something; the card waits for the reply.
 */
export type AskArgs = { id: string, card_hash: string, question: string, };

/**
 * A question as somebody asks it, or only wants to look at. What is absent is chosen.
 */
export type AskExperimentArgs = { 
/**
 * One word; made of the lever (or the title) and a number when absent.
 */
key: string | null, title: string | null, 
/**
 * What is believed and why, in a sentence.
 */
hypothesis: string | null, 
/**
 * The lever whose values are compared; without it `exposure` says which events sort units.
 */
lever: string | null, 
/**
 * The first is the control. One arm only: the lever's value in force is the control.
 */
arms: Array<ArmDraft>, 
/**
 * The metric that decides.
 */
metric: string, secondary: Array<string>, 
/**
 * Metrics that must not get worse; the business's guardrails when absent.
 */
guardrails: Array<string> | null, 
/**
 * Predicate over attributes (`plan == 'pro'`).
 */
audience: string | null, 
/**
 * Share of the audience that is in it, 0 to 1; everyone when absent.
 */
share: number | null, 
/**
 * The smallest relative effect worth knowing (0.05 is 5 %).
 */
mde: number | null, 
/**
 * Values of one unit above this count as this.
 */
cap: number | null, 
/**
 * Group type whose key is the unit.
 */
group: string | null, 
/**
 * No unit is counted from here on.
 */
until: number | null, exposure: Exposure | null, 
/**
 * The hypothesis of the portfolio that it tests.
 */
hypothesis_id: string | null, 
/**
 * `decide` when absent.
 */
purpose: Purpose | null, };

/**
 * Answer of the audit check.
 */
export type AuditView = { rows: number, head: string, problem: string | null, };

/**
 * How much may be done alone.
 */
export type Autonomy = "watch" | "propose" | "limited" | "full";

/**
 * Where a backup goes; the business's `backups` folder when absent.
 */
export type BackupArgs = { path: string | null, };

/**
 * A backup made from the console.
 */
export type BackupView = { path: string, at: number, bytes: number, };

/**
 * What was expected of one bucket.
 */
export type BandPoint = { start: number, p10: number, p50: number, p90: number, 
/**
 * Robust z of the actual value; 0 while open.
 */
score: number, };

/**
 * Which way a metric should move.
 */
export type Better = "up" | "down" | "neither";

/**
 * A budget line. An act must fit every line that covers it; a line without selectors is the company's.
 */
export type Budget = { key: string, title: string, per: Period, amount_minor: number, 
/**
 * Effects by key, or levers as `lever:<key>`; empty for all.
 */
targets: Array<string>, 
/**
 * Proposers, `*` at the end fits the rest; empty for all.
 */
proposers: Array<string>, 
/**
 * Domains; empty for all.
 */
domains: Array<Domain>, };

/**
 * What remains of a budget line the act is paid from.
 */
export type BudgetLeft = { 
/**
 * The line's key, and its title.
 */
budget: string, title: string, amount_minor: number, 
/**
 * Before this decision.
 */
left_minor: number, };

/**
 * A budget line as it stands.
 */
export type BudgetView = { 
/**
 * Key of the `[[budget]]`, or `autonomous_spend_per_day`.
 */
budget: string, title: string, per: Period, 
/**
 * First instant of the period that runs.
 */
since: number, 
/**
 * All in minor units: what may be spent per period, what was, what approved decisions will, what remains.
 */
amount_minor: number, spent_minor: number, reserved_minor: number, left_minor: number, };

/**
 * The whole of `business.toml`, validated.
 */
export type Business = { name: string, 
/**
 * ISO 4217.
 */
currency: string, 
/**
 * Digits after the point of the currency (2 for EUR, 0 for JPY).
 */
currency_digits: number, 
/**
 * IANA name.
 */
timezone: string, metrics: Array<Metric>, goals: Array<Goal>, levers: Array<Lever>, effects: Array<EffectTarget>, guardrails: Array<Guardrail>, limits: Limits, policy: Array<PolicyRule>, sources: Array<Source>, publish: Array<PublishTarget>, 
/**
 * Policies in Cedar, from `policy.cedar` beside the file; they take the place of `policy`.
 */
cedar?: string, 
/**
 * Playbooks switched off by key.
 */
playbooks_off: Array<string>, 
/**
 * Experiments declared in the file. Journals of before they were known have none.
 */
experiments: Array<ExperimentSpec>, 
/**
 * How the engine experiments.
 */
experimenting: Experimenting, };

/**
 * The business in force.
 */
export type BusinessBrief = { name: string, currency: string, currency_digits: number, timezone: string, folder: string, metrics: number, };

/**
 * A record of scored predictions.
 */
export type Calibration = { scored: number, inside: number, };

/**
 * How well a proposer's predictions held.
 */
export type CalibrationView = { proposer: string, 
/**
 * Predictions that were scored.
 */
scored: number, 
/**
 * Share of the newest outcomes inside their 80 % interval, with its 95 % interval (low, high).
 */
coverage: [number, number, number] | null, 
/**
 * Shares of outcomes at or below p10, p50 and p90; 0.1, 0.5 and 0.9 would be right.
 */
below: [number, number, number] | null, 
/**
 * Outcomes by tenth of predicted probability; all equal would be right.
 */
histogram: Array<number>, 
/**
 * 1 minus the loss over that of predicting that nothing changes; above 0 the proposer knows something.
 */
skill: number | null, 
/**
 * What its next interval is multiplied by.
 */
factor: number, 
/**
 * What is wrong with its intervals, where chance does not explain it.
 */
off: string | null, 
/**
 * Its newest predictions miss more often than chance explains.
 */
drifting: boolean, };

/**
 * What follows from a look.
 */
export type Call = { "call": "continue" } | { "call": "blocked" } | { "call": "ship", arm: string, } | { "call": "roll_back", arm: string, } | { "call": "futile" } | { "call": "inconclusive" };

/**
 * Where a record is kept: who, on what kind of act, how hard to undo, how big.
 */
export type Cell = { proposer: string, 
/**
 * `set_lever`, `call mail`, `start_workflow`, …
 */
act: string, reversibility: Reversibility, size: Size, };

/**
 * What changed, for the page to refresh: topics such as `status`, `kpis`, `decisions`, `connections`, `settings`, `reports`.
 */
export type Change = { topics: Array<string>, };

/**
 * A check of `ras doctor`.
 */
export type CheckView = { name: string, ok: boolean, detail: string, hint: string, };

/**
 * A verdict as it is signed: bound to the business, the decision and the card that was on screen.
 */
export type Claim = { business: string, decision: string, card_hash: string, at: number, } & ({ "answer": "approve" } | { "answer": "edit", set: { [key in string]: LeverValue }, } | { "answer": "veto", reason: string, text: string, } | { "answer": "defer", until: number, 
/**
 * Earlier if this happens.
 */
wake?: Wake | null, } | { "answer": "ask", question: string, } | { "answer": "delegate", terms: GrantTerms, });

/**
 * A client's new token, shown once.
 */
export type ClientMade = { name: string, token: string, };

/**
 * What became of it: refused from now on, its scope held, its open proposals withdrawn.
 */
export type ClientRevoked = { name: string, 
/**
 * Decisions that were withdrawn.
 */
withdrawn: Array<string>, };

/**
 * An outside client.
 */
export type ClientView = { 
/**
 * One word; as a proposer it is `client:<id>`.
 */
id: string, 
/**
 * `read`, `propose`.
 */
scopes: Array<string>, 
/**
 * The first characters of its token; empty for the local one, which has none.
 */
prefix: string, created_at: number, revoked_at: number | null, 
/**
 * Proposals that wait for an answer.
 */
open: number, 
/**
 * Decisions it ever proposed.
 */
proposed: number, 
/**
 * Scored predictions, and how many lay inside their 80 % interval.
 */
scored: number, inside: number, 
/**
 * Whether a stop holds it.
 */
halted: boolean, };

/**
 * How the engine's time runs.
 */
export type ClockView = { "mode": "real" } | { "mode": "replay", speed: number, held: boolean, until: number, };

/**
 * What went wrong, as a closed list. The string form (`config_invalid`, …) is stable and documented.
 */
export type Code = "config_invalid" | "expression_invalid" | "not_found" | "invalid_argument" | "event_invalid" | "file_unreadable" | "mapping_invalid" | "folder_busy" | "not_a_business" | "overloaded" | "disk_full" | "store_damaged" | "unauthorized" | "signature_invalid" | "wrong_state" | "stale" | "denied" | "effect_failed" | "audit_broken" | "replay_differs" | "address_unavailable" | "internal";

/**
 * A column.
 */
export type ColumnView = { name: string, kind: string, samples: Array<string>, 
/**
 * Where it goes: `event`, `time`, `unit`, `id`, a property's name, or empty when dropped.
 */
used_as: string, };

/**
 * What came out.
 */
export type Conclusion = { at: number, 
/**
 * What was called.
 */
call: Call, 
/**
 * One sentence with the figures.
 */
text: string, 
/**
 * Relative effect of the called arm on the primary metric as it was expected before …
 */
predicted: Interval | null, 
/**
 * … and as it was measured (median unbiased, interval after stopping).
 */
measured: Interval | null, 
/**
 * Level of the online false-discovery procedure it was tested at, and its p-value.
 */
level: number | null, p_value: number | null, };

/**
 * How things stood when a decision was judged, beside what is on its card.
 */
export type Conditions = { 
/**
 * What ran alone lost more than the founder allows.
 */
drawdown?: boolean, 
/**
 * Nothing was ever done to this target.
 */
first_contact?: boolean, 
/**
 * The provider of the effect fails at present.
 */
breaker_open?: boolean, };

/**
 * Two decisions that could not be told apart, or that pull at one number.
 */
export type Conflict = { 
/**
 * The other decision.
 */
decision: string, 
/**
 * What they share: `lever pro_price`, `metric mrr`.
 */
on: string, 
/**
 * What was done about it, in one sentence.
 */
resolution: string, };

/**
 * Connections.
 */
export type ConnectionsView = { gateway: string | null, sources: Array<SourceView>, sinks: Array<SinkView>, keys: Array<KeyView>, 
/**
 * Events seen, with their properties.
 */
events: Array<EventKindView>, rejections: Array<RejectionView>, rejected_total: number, levers: Array<LeverView>, 
/**
 * Named secrets that something needs or that are kept.
 */
secrets: Array<SecretView>, };

/**
 * How many events: of this name, or all.
 */
export type CountArgs = { event: string | null, };

/**
 * A number of events.
 */
export type CountView = { count: number, };

/**
 * A policy held against decisions that were made.
 */
export type Counterfactual = { 
/**
 * Decisions looked at, and those that would have gone the same way.
 */
looked_at: number, same: number, 
/**
 * Put to the founder, and would have run without.
 */
would_run: CounterfactualGroup, 
/**
 * Of those: approved by the founder all the same; the outcome is the one that came.
 */
would_run_approved: number, 
/**
 * Of those: the founder said no, or nothing. What they would have done is not known; this is what was predicted of them
 * (sum of p10, p50 and p90, minor units, as if they moved together).
 */
would_run_refused: number, refused_predicted_minor: [number, number, number], 
/**
 * Ran without the founder, and would have been put to them.
 */
would_ask: CounterfactualGroup, 
/**
 * Ran, and would have been denied.
 */
would_be_denied: CounterfactualGroup, 
/**
 * Would have been put to the founder or run, and was denied.
 */
no_longer_denied: CounterfactualGroup, 
/**
 * Founder's minutes those cards asked for that would not have come, less those of the cards that would.
 */
minutes_saved: number, 
/**
 * What waiting for an answer cost those the founder approved, by their own cost of delay, minor units.
 */
waiting_minor: number, 
/**
 * What the scored decisions would have come to under the policy, against what they came to, where that is known for certain: what
 * would have been denied, taken away.
 */
difference: Array<CounterfactualTotal>, 
/**
 * What cannot be known, a sentence each.
 */
unknowable: Array<string>, };

/**
 * Decisions that would have gone another way.
 */
export type CounterfactualGroup = { decisions: number, 
/**
 * The newest hundred of them.
 */
ids: Array<string>, 
/**
 * What the scored ones among them came to against doing nothing: money, then metrics without a worth.
 */
came_to: Array<CounterfactualTotal>, 
/**
 * How many have no outcome, because they did not run or are not scored yet.
 */
unknown: number, };

/**
 * A total with its 95 % interval: each scored decision is its own pair (what came, against the forecast for doing nothing), and their
 * differences are taken as draws of one distribution (t interval of the mean, times their number).
 */
export type CounterfactualTotal = { 
/**
 * `money`, else the metric's key.
 */
unit: string, 
/**
 * Scored decisions it is of.
 */
scored: number, 
/**
 * Minor units for money, else the metric's own unit; positive is more.
 */
total: number, 
/**
 * The bounds; `None` where fewer than three were scored.
 */
low: number | null, high: number | null, };

/**
 * A policy held against what happened: which decisions would have gone another way, and what that came to.
 */
export type CounterfactualView = { 
/**
 * What keeps the text from being a policy; the rest is empty then.
 */
problems: Array<PolicyProblem>, 
/**
 * From the newest 2,000 decisions.
 */
counterfactual: Counterfactual, };

/**
 * What a unit did before.
 */
export type Covariate = { mean: number, m2: number, 
/**
 * With the outcome (or the numerator).
 */
with_outcome: number, 
/**
 * With the denominator; 0 where there is none.
 */
with_den: number, 
/**
 * The denominator before.
 */
den?: PreDenominator | null, };

/**
 * Makes a new business.
 */
export type CreateArgs = { name: string, currency: string | null, timezone: string | null, 
/**
 * Folder; below the data home when absent.
 */
folder: string | null, };

/**
 * New units of one day by arm.
 */
export type DayCount = { 
/**
 * First instant of the day in the business's timezone.
 */
day: number, units: Array<number>, };

/**
 * Profit of a day in minor units: as it was, with all levers at their defaults, and in the hands of one who knows all.
 */
export type DayMoneyView = { day: number, actual: number, nothing: number, oracle: number, };

/**
 * Days, with their uncertainty.
 */
export type Days = { p10: number, p50: number, p90: number, };

/**
 * A decision with everything its card shows.
 */
export type Decision = { 
/**
 * `dec_000001`, counted by the engine.
 */
id: string, state: State, created_at: number, level: Level, layer: Layer, domain: Domain, headline: string, 
/**
 * `playbook:<key>`.
 */
proposer: string, 
/**
 * Hash of the configuration in force (first 12 hex digits).
 */
policy_version: string, act: Act, 
/**
 * Hash of `act`.
 */
act_hash: string, 
/**
 * Sent with the effect; the same for every attempt.
 */
idempotency_key: string, 
/**
 * What would change, as text (`pro_price: 29 -> 28`).
 */
dry_run: string, 
/**
 * The goal it serves, if one is declared.
 */
goal: string | null, insight: string, evidence: Array<Evidence>, counter_evidence: Array<Evidence>, 
/**
 * What was searched for counter-evidence (shown when none was found).
 */
counter_search: string, prediction: Prediction, nothing: Prediction, alternatives: Array<Alternative>, cost_minor: number, 
/**
 * Money at stake over the horizon, in minor units; `None` when the metric has no worth.
 */
stake_minor: number | null, budget_left_minor: number, founder_minutes: number, reversibility: Reversibility, undo: string, blast_radius: string, worst_case: string, 
/**
 * What each day of waiting costs in minor units, where known.
 */
delay_cost_per_day_minor: number | null, expires_at: number, 
/**
 * What happens at expiry, in words.
 */
on_expiry: string, preconditions: Array<Precondition>, guardrails: Array<string>, policy: PolicyVerdict, editable: Array<Editable>, precedents: Array<Precedent>, 
/**
 * Hidden from the inbox until then.
 */
deferred_until: number | null, history: Array<Transition>, outcome: Outcome | null, 
/**
 * The proposer's own key of it: proposing twice under one key is proposing once.
 */
proposal?: string | null, 
/**
 * The step of a workflow it is.
 */
origin?: StepOrigin | null, 
/**
 * What its proposer may do alone in this cell, and what is missing for more.
 */
standing?: Standing | null, 
/**
 * The budget lines it is paid from, the tightest first.
 */
budgets?: Array<BudgetLeft>, 
/**
 * How things stood when it was judged.
 */
conditions?: Conditions, 
/**
 * Drawn by chance to be looked at although it could have run alone.
 */
audited?: boolean, 
/**
 * Only predicted and scored, never shown for an answer or run.
 */
shadow?: boolean, 
/**
 * What else is open or being observed on the same lever or the same KPI's path, and how that was resolved.
 */
conflicts?: Array<Conflict>, 
/**
 * The standing grant it ran under.
 */
grant?: string | null, 
/**
 * Approved, and may be withdrawn until then.
 */
cools_until?: number | null, 
/**
 * Hidden until this changes, beside the time.
 */
deferred_for?: Wake | null, 
/**
 * Questions and answers.
 */
talk?: Array<Remark>, 
/**
 * The card that was on screen, where it was approved with another value. The signature binds to that card.
 */
edited_from?: Decision | null, };

/**
 * A decision with where it comes from.
 */
export type DecisionView = { decision: Decision, card_hash: string, insight: Insight | null, 
/**
 * Journal rows about it, oldest first.
 */
journal: Array<JournalRow>, effect: EffectView | null, 
/**
 * The metric around the decision, for the chart on the card.
 */
series: Series | null, band: Array<BandPoint>, };

/**
 * A filter over decisions.
 */
export type DecisionsArgs = { 
/**
 * States; empty for all.
 */
states: Array<State>, limit: number | null, };

/**
 * Decisions with the proposers' records.
 */
export type DecisionsView = { decisions: Array<Decision>, total: number, 
/**
 * By state, for the filter chips.
 */
counts: Array<[State, number]>, 
/**
 * Scored predictions, oldest first, for the calibration plot.
 */
scored: Array<ScoredPoint>, calibration: Calibration, };

/**
 * Hides a card until then, or until something happens.
 */
export type DeferArgs = { id: string, card_hash: string, until: number, 
/**
 * Earlier if this happens.
 */
wake: Wake | null, };

/**
 * Approves, and lets the proposer do the same again within these terms.
 */
export type DelegateArgs = { id: string, card_hash: string, terms: GrantTerms, };

/**
 * The denominator of a ratio.
 */
export type Denominator = { mean: number, m2: number, 
/**
 * With the numerator.
 */
with_outcome: number, };

/**
 * The thirteen domains; every metric, lever and playbook belongs to one.
 */
export type Domain = "product" | "marketing" | "pricing" | "support" | "analytics" | "content" | "ux" | "sales" | "operations" | "ecommerce" | "iot" | "saas" | "infrastructure";

/**
 * A domain and how much of the business lies in it.
 */
export type DomainView = { domain: Domain, metrics: number, levers: number, playbooks: number, insights_30d: number, decisions_30d: number, };

/**
 * The loss at which autonomy ends: what scored decisions that ran alone cost against doing nothing, within a time.
 */
export type Drawdown = { loss_minor: number, over: number, };

/**
 * A share of a deviation that one segment value carries.
 */
export type Driver = { 
/**
 * Segment, e.g. `country`.
 */
segment: string, 
/**
 * Its value, e.g. `Germany`.
 */
value: string, 
/**
 * What was seen.
 */
actual: number, 
/**
 * What was expected.
 */
expected: number, 
/**
 * Share of the whole deviation it explains (may exceed 1 when others offset it).
 */
share: number, };

/**
 * Money of scored decisions.
 */
export type Earned = { minor: number, 
/**
 * 80 % interval by the predictions' own spread.
 */
low_minor: number, high_minor: number, decisions: number, 
/**
 * Since when.
 */
since: number, note: string, };

/**
 * Approves with other values for editable fields (`to`, `choice`, `payload.<name>`).
 */
export type EditArgs = { id: string, card_hash: string, set: { [key in string]: LeverValue }, };

/**
 * A field that may be edited before approval.
 */
export type Editable = { 
/**
 * `to` for a lever's value.
 */
field: string, min: number | null, max: number | null, step: number | null, options: Array<string>, };

/**
 * An outside action that is declared by name. What it needs to be let in (a token, a password) is in the secret store under
 * `effect.<key>`, never in the file.
 */
export type EffectTarget = { key: string, title: string, domain: Domain, reversibility: Reversibility, 
/**
 * What one call costs, in minor units.
 */
cost_minor: number, } & ({ "kind": "webhook", url: string, allow_private: boolean, idempotent: boolean, } | { "kind": "github", 
/**
 * `owner/name`.
 */
repo: string, 
/**
 * File name or id of the workflow.
 */
workflow: string, 
/**
 * Branch or tag.
 */
git_ref: string, 
/**
 * Root of the API.
 */
api: string, allow_private: boolean, } | { "kind": "file", path: string, 
/**
 * Adds to the end instead of replacing.
 */
append: boolean, } | { "kind": "mail", host: string, port: number, tls: MailTls, user: string | null, from: string, to: Array<string>, allow_private: boolean, } | { "kind": "slack", channel: string, api: string, allow_private: boolean, } | { "kind": "shell", 
/**
 * Program and arguments; `{field}` takes a field of the payload as one argument.
 */
command: Array<string>, 
/**
 * Answers 0 when the call with the key in `EPOCHCORE_KEY` took place, 1 when it did not.
 */
check: Array<string> | null, timeout_s: number, 
/**
 * Running it twice with one key does it once.
 */
idempotent: boolean, } | { "kind": "model", api: ModelApi, url: string, model: string, 
/**
 * JSON schema the answer must fit.
 */
schema: unknown, tokens_max: number, allow_private: boolean, });

/**
 * An effect in the outbox.
 */
export type EffectView = { decision: string, idempotency_key: string, 
/**
 * `pending`, `sending`, `done`, `failed`, `in_doubt`.
 */
state: string, attempts: number, target: string, 
/**
 * What the provider promises ("effectively once: carries our key").
 */
promise: string, last_error: string | null, next_at: number | null, done_at: number | null, };

/**
 * Ends an experiment before it is answered.
 */
export type EndExperimentArgs = { key: string, reason: string, };

/**
 * What an erasure took away.
 */
export type ErasedView = { 
/**
 * Events overwritten: the person's, and those of others that linked somebody with them.
 */
events: number, 
/**
 * Ids of the person that were forgotten.
 */
ids: number, 
/**
 * Refused events that mentioned them, removed.
 */
rejections: number, at: number, 
/**
 * Where an id is still mentioned, untouched.
 */
elsewhere: Array<MentionView>, 
/**
 * What is left to the founder: backups.
 */
note: string, };

/**
 * An error that a person can act on: code, cause, next step.
 */
export type Error = { 
/**
 * The closed code.
 */
code: Code, 
/**
 * The cause, in one plain sentence.
 */
message: string, 
/**
 * The next step.
 */
hint: string, };

/**
 * What may still be called wrong.
 */
export type ErrorBudget = { 
/**
 * `addis_async`.
 */
method: string, 
/**
 * The share of false calls that is kept to.
 */
target: number, 
/**
 * Experiments concluded under it, and calls among them.
 */
tests: number, calls: number, 
/**
 * The level the next experiment would be tested at.
 */
next_level: number, 
/**
 * What is left of the budget, as a share of what it began with; above 1 after calls.
 */
left: number, };

/**
 * A kind of event seen.
 */
export type EventKindView = { name: string, count: number, first_at: number, last_at: number, props: Array<PropView>, 
/**
 * Metrics that read it.
 */
metrics: Array<string>, };

/**
 * An event.
 */
export type EventRow = { id: string, time: number, received: number, name: string, unit: string, source: string, props: Record<string, unknown>, };

/**
 * A piece of evidence, with the way to its rows.
 */
export type Evidence = { 
/**
 * One sentence.
 */
text: string, strength: Strength, 
/**
 * When it was observed.
 */
at: number, 
/**
 * The insight it comes from.
 */
insight: string | null, 
/**
 * The rows behind it.
 */
rows: RowsRef | null, };

/**
 * What a value was expected to be, with its method named.
 */
export type Expectation = { 
/**
 * 10 % quantile.
 */
p10: number, 
/**
 * Median.
 */
p50: number, 
/**
 * 90 % quantile.
 */
p90: number, 
/**
 * How it was computed, in one phrase a founder can read.
 */
method: string, 
/**
 * Buckets of history it rests on.
 */
history: number, };

/**
 * An experiment with everything its story shows.
 */
export type Experiment = { spec: ExperimentSpec, state: ExperimentState, created_at: number, 
/**
 * Units before this instant do not count.
 */
started_at: number | null, ended_at: number | null, 
/**
 * What the designer found out before it started.
 */
pilot: Pilot | null, design: ExperimentDesign | null, 
/**
 * Why it cannot be answered.
 */
refusal: Refusal | null, 
/**
 * Looks so far.
 */
looks: number, 
/**
 * The newest look.
 */
last: Reading | null, conclusion: Conclusion | null, 
/**
 * Worth of knowing the answer, in minor units per week of its traffic.
 */
value_minor_per_week: number | null, 
/**
 * Decisions to start, ship, roll back or end it, oldest first.
 */
decisions: Array<string>, 
/**
 * Experiments that follow from it.
 */
follow_ups: Array<string>, history: Array<ExperimentStep>, };

/**
 * An experiment by key.
 */
export type ExperimentArgs = { key: string, };

/**
 * What would become of a question, before anything happens.
 */
export type ExperimentCheckView = { 
/**
 * What is wrong with the question; the rest is empty then.
 */
problems: Array<ProblemView>, 
/**
 * The question as it would be asked.
 */
spec: ExperimentSpec | null, 
/**
 * What was measured to answer this; `None` where nothing could be.
 */
pilot: Pilot | null, 
/**
 * How it would be answered …
 */
design: ExperimentDesign | null, 
/**
 * … or why it cannot be.
 */
refusal: Refusal | null, 
/**
 * In one sentence: "61 days", or why never.
 */
text: string, 
/**
 * What else to know before it is asked, a sentence each.
 */
notes: Array<string>, };

/**
 * A design in force.
 */
export type ExperimentDesign = { method: Method, 
/**
 * Two-sided error of the first kind.
 */
alpha: number, power: number, 
/**
 * The smallest relative effect it is made to find.
 */
mde: number, 
/**
 * The metric's mean per unit before it started, and the variance that is left with the covariate.
 */
baseline: number, variance: number, 
/**
 * Share of the variance the covariate takes away, 0 to 1; 0 where none is used.
 */
variance_reduction: number, 
/**
 * Days before the first exposure that the covariate covers.
 */
covariate_days: number, 
/**
 * Units over all arms that answer it.
 */
units: number, 
/**
 * New units per day it may count on.
 */
units_per_day: number, 
/**
 * How long that takes.
 */
days: Days, 
/**
 * Planned looks, and the time between two.
 */
looks: number, look_every: number, 
/**
 * When it ends at the latest, answered or not, counted from its start.
 */
days_max: number, 
/**
 * Money that the MDE is worth per month, in minor units.
 */
stake_minor_per_month: number | null, 
/**
 * Why it is as it is, a sentence each.
 */
why: Array<string>, };

/**
 * An arm against the control on one metric.
 */
export type ExperimentEffect = { metric: string, arm: string, role: Role, 
/**
 * The metric per unit in the control and in the arm, covariate-adjusted where one is used.
 */
control: number, treated: number, 
/**
 * Relative change (0.1 is +10 %); absent where the control is 0.
 */
relative: Interval | null, 
/**
 * In the metric's unit per unit.
 */
absolute: Interval, 
/**
 * Minor units of money per month if everyone got the arm instead of the control.
 */
money_minor_per_month: Interval | null, 
/**
 * Valid at this look, however often one looked before.
 */
p_value: number | null, 
/**
 * Corrected for the number of metrics and arms.
 */
adjusted_p: number | null, 
/**
 * Probability that the arm is better, with the business's own prior.
 */
chance: number | null, 
/**
 * Relative loss that is expected if it is shipped.
 */
expected_loss: number | null, stopping: Stopping | null, segments: Array<SegmentEffect>, 
/**
 * Why there is no number, where there is none.
 */
note: string | null, };

/**
 * A validity check; while one fails, nothing is decided.
 */
export type ExperimentGate = { kind: GateKind, passed: boolean, 
/**
 * With the figures.
 */
text: string, 
/**
 * What explains the failure, where it was found.
 */
cause: string | null, p_value: number | null, };

/**
 * A lever that can be experimented with.
 */
export type ExperimentLever = { key: string, title: string, value: LeverValue, value_text: string, 
/**
 * Values other than the one in force that an arm could have, at most 20; empty for free text.
 */
values: Array<LeverValue>, 
/**
 * Why nothing can be asked of it now; `None` where it can.
 */
blocked: string | null, };

/**
 * Something that happens next.
 */
export type ExperimentNext = { at: number | null, text: string, };

/**
 * A line of the list.
 */
export type ExperimentRow = { key: string, title: string, hypothesis: string, state: ExperimentState, 
/**
 * The state in words ("waits for you", "runs").
 */
state_text: string, origin: Origin, purpose: Purpose, 
/**
 * `None`: somebody else sorts units, it is only read.
 */
lever: string | null, 
/**
 * The first is the control.
 */
arms: Array<Arm>, metric: string, metric_title: string, created_at: number, started_at: number | null, ended_at: number | null, 
/**
 * Looks so far, and planned.
 */
looks: number, looks_planned: number | null, 
/**
 * Units in all arms so far, per arm, and planned.
 */
units: number, units_by_arm: Array<number>, units_planned: number | null, 
/**
 * Days it has run (or ran).
 */
days_run: number | null, 
/**
 * Days it still takes: by the newest look, else by its design.
 */
days_left: Days | null, 
/**
 * Share of the planned information seen, 0 to 1 and beyond.
 */
information: number, 
/**
 * Worth of the answer, in minor units per week of its traffic.
 */
value_minor_per_week: number | null, 
/**
 * The arm that the figures below are of: the called one, else the one that does best on the primary metric.
 */
arm: string | null, 
/**
 * Probability that it is better than the control.
 */
chance: number | null, 
/**
 * Its relative effect on the primary metric, valid at this look.
 */
effect: Interval | null, 
/**
 * What the newest look called.
 */
call: Call | null, 
/**
 * What stands in the way, in words: a failing gate, or why it cannot be answered.
 */
problem: string | null, 
/**
 * The decision that waits for an answer.
 */
decision: string | null, 
/**
 * What the engine does next, in a sentence, and when where that is known.
 */
next: string, next_at: number | null, };

/**
 * How the arms reach people.
 */
export type ExperimentServing = { 
/**
 * Protocols that serve the arms now; empty while they are not served.
 */
served_as: Array<string>, 
/**
 * Whether the arms are served at this moment.
 */
in_force: boolean, 
/**
 * What is wrong or worth knowing, a sentence each: a protocol that cannot say the rule, a lever nobody reads.
 */
notes: Array<string>, };

/**
 * The question an experiment answers.
 */
export type ExperimentSpec = { 
/**
 * One word; the rule's key where it is served, so renaming it sorts units anew.
 */
key: string, title: string, 
/**
 * What is believed and why, in a sentence.
 */
hypothesis: string, origin: Origin, purpose: Purpose, 
/**
 * The lever whose values are the arms; `None`: somebody else sorts units, we only read.
 */
lever: string | null, 
/**
 * The first is the control. Weights add up to 1.
 */
arms: Array<Arm>, 
/**
 * The metric that decides.
 */
metric: string, 
/**
 * Metrics that are shown and corrected for their number.
 */
secondary: Array<string>, 
/**
 * Metrics that must not get worse (one-sided).
 */
guardrails: Array<string>, exposure: Exposure, 
/**
 * Predicate over attributes (`plan == 'pro'`): whom it is about.
 */
audience: string | null, 
/**
 * Share of those who are in it, 0 to 1.
 */
share: number, 
/**
 * Its slice of a layer, where it must not share units with others.
 */
slice: Slice | null, 
/**
 * Group type whose key is the unit; `None` for persons.
 */
group: string | null, 
/**
 * Units are counted from here; from its start when absent.
 */
from: number | null, 
/**
 * No unit is counted from here on.
 */
until: number | null, 
/**
 * The smallest relative effect worth knowing; the designer finds one when absent.
 */
mde: number | null, 
/**
 * Values of one unit above this count as this.
 */
cap: number | null, 
/**
 * The hypothesis it tests.
 */
hypothesis_id: string | null, 
/**
 * The experiment it follows from.
 */
parent: string | null, };

/**
 * Where an experiment stands.
 */
export type ExperimentState = "proposed" | "refused" | "designed" | "waiting" | "running" | "concluding" | "stopped" | "watching" | "archived";

/**
 * A change of state.
 */
export type ExperimentStep = { at: number, to: ExperimentState, 
/**
 * `engine`, `system`, `operator:<key id>`.
 */
actor: string, reason: string, };

/**
 * One experiment with its story.
 */
export type ExperimentView = { experiment: Experiment, row: ExperimentRow, 
/**
 * The metrics it names, the primary one first.
 */
titles: Array<MetricBrief>, 
/**
 * All looks, oldest first.
 */
readings: Array<Reading>, 
/**
 * New units per day and by slice, as counted now; empty while nothing is counted.
 */
days: Array<DayCount>, slices: Array<SliceCount>, 
/**
 * Decisions about it, oldest first.
 */
decisions: Array<Decision>, 
/**
 * The card that waits among them, and the hash that an answer to it names.
 */
card: string | null, card_hash: string | null, 
/**
 * What the engine does next.
 */
next: Array<ExperimentNext>, 
/**
 * `None` for an experiment without a lever.
 */
serving: ExperimentServing | null, 
/**
 * Why it cannot be ended now; `None` where it can.
 */
cannot_end: string | null, now: number, currency: string, currency_digits: number, timezone: string, };

/**
 * `[experiments]` of `business.toml`: how the engine experiments.
 */
export type Experimenting = { 
/**
 * Whether the engine asks questions of its own.
 */
autonomous: boolean, 
/**
 * Two-sided error of the first kind of one experiment.
 */
alpha: number, 
/**
 * Probability of finding an effect of the size of the MDE.
 */
power: number, 
/**
 * Largest share of false calls among all calls, over the whole stream.
 */
false_discoveries: number, 
/**
 * Longest an experiment may be expected to take.
 */
days_max: number, 
/**
 * Most experiments that run at once.
 */
running_max: number, 
/**
 * Share of traffic for A/A tests and injected effects that check the engine itself.
 */
self_audit: number, };

/**
 * Experiments of the business.
 */
export type ExperimentsView = { 
/**
 * Those that need somebody first, then running ones, those that wait, those that are over (newest first).
 */
experiments: Array<Experiment>, 
/**
 * A line of the list for each, in the same order.
 */
rows: Array<ExperimentRow>, 
/**
 * The metrics they name.
 */
titles: Array<MetricBrief>, 
/**
 * The stream as a whole: error budget, self-audit, hypotheses, strategies. `at` is 0 until the engine said something of it.
 */
portfolio: Portfolio, 
/**
 * How the engine experiments, as `[experiments]` of `business.toml` says.
 */
settings: Experimenting, 
/**
 * Experiments whose card waits: key and decision.
 */
open: Array<[string, string]>, 
/**
 * What can be asked about: levers, and metrics that can decide.
 */
levers: Array<ExperimentLever>, metrics: Array<MetricBrief>, 
/**
 * The engine's clock.
 */
now: number, currency: string, currency_digits: number, };

/**
 * Which events say that a unit saw an arm.
 */
export type Exposure = { 
/**
 * The event's name.
 */
event: string, 
/**
 * The property that holds the arm's key (or its value, as text).
 */
arm: string, 
/**
 * Only events for which this expression is true.
 */
filter: string | null, };

/**
 * How a number is written.
 */
export type Format = "number" | "integer" | "money" | "percent" | "duration";

/**
 * Which check.
 */
export type GateKind = "sample_ratio" | "mixed_units" | "before_assignment" | "pre_exposure_balance" | "stale_data" | "too_few_units" | "interaction" | "self_audit";

/**
 * A target.
 */
export type Goal = { 
/**
 * The metric's key.
 */
metric: string, 
/**
 * The value to reach.
 */
target: number, 
/**
 * Until then (ms), if dated.
 */
by: number | null, };

/**
 * A goal with where it stands.
 */
export type GoalView = { target: number, by: number | null, reached: boolean, };

/**
 * The width of a time bucket.
 */
export type Grain = "hour" | "day" | "week" | "month";

/**
 * A standing grant, with the signature that gave it.
 */
export type Grant = { 
/**
 * `grant_000001`.
 */
id: string, terms: GrantTerms, 
/**
 * The signed verdict that gave it.
 */
signed: SignedVerdict, given_at: number, used: number, revoked: number | null, };

/**
 * What the founder allows a proposer to do without asking again.
 */
export type GrantTerms = { 
/**
 * Who: a proposer, exactly.
 */
proposer: string, 
/**
 * On what: [`Act::target`], exactly.
 */
target: string, 
/**
 * Most each use may cost and put at stake, in minor units.
 */
cap_minor: number, uses: number, until: number, };

/**
 * A metric that must not get worse.
 */
export type Guardrail = { metric: string, 
/**
 * Largest worsening against the baseline, in the metric's own unit (points for shares) …
 */
absolute: number | null, 
/**
 * … or as a share of the baseline.
 */
relative: number | null, };

/**
 * A stop of one scope.
 */
export type HaltArgs = { scope: Scope, reason: string, };

/**
 * Hierarchy.
 */
export type HierarchyView = { 
/**
 * Sovereign first.
 */
layers: Array<LayerView>, 
/**
 * The improvement stack, as it truly is in this version.
 */
stack: Array<StackItem>, 
/**
 * The thirteen domains with what exists in them.
 */
domains: Array<DomainView>, };

/**
 * A search hit of the palette.
 */
export type Hit = { 
/**
 * `metric`, `decision`, `insight`, `lever`, `experiment`, `event`.
 */
kind: string, key: string, title: string, detail: string, };

/**
 * Units that get the default whatever the rules say, to measure what all changes together are worth. Levers that name
 * the same holdout hold the same units out.
 */
export type Holdout = { key: string, 
/**
 * 0 to 1.
 */
share: number, };

/**
 * A belief that can be tested.
 */
export type Hypothesis = { 
/**
 * `hyp_000001`.
 */
id: string, at: number, 
/**
 * "Pro price at 32 raises revenue per visitor".
 */
title: string, 
/**
 * Why it is believed.
 */
because: string, 
/**
 * `insight`, `playbook:<key>`, `neighbour` (next step of a lever), `follow_up`, `retest`, `segment`, `contradiction`, `founder`.
 */
generator: string, lever: string, from: LeverValue, to: LeverValue, metric: string, 
/**
 * Predicate over attributes, for a hypothesis about some.
 */
audience: string | null, 
/**
 * Relative effect that is expected (p10, p50, p90).
 */
prior: Interval, state: HypothesisState, 
/**
 * Worth of knowing, in minor units per week of its traffic; `None` where nothing is known of money or traffic.
 */
value_minor_per_week: number | null, days: Days | null, 
/**
 * The experiment that tests or tested it.
 */
experiment: string | null, 
/**
 * Insights, decisions and experiments it rests on.
 */
evidence: Array<string>, };

/**
 * Where a hypothesis stands.
 */
export type HypothesisState = "queued" | "testing" | "supported" | "refuted" | "open" | "unanswerable" | "dropped";

/**
 * By id.
 */
export type IdArgs = { id: string, };

/**
 * Starts an import.
 */
export type ImportArgs = { path: string, mapping: Mapping, 
/**
 * Seconds of history per second; without it the file is imported at once.
 */
as_live: number | null, 
/**
 * With `as_live`: history before this instant is imported at once, the rest arrives.
 */
live_from: number | null, 
/**
 * With `as_live`: whether time stands still while a card waits. It does unless told otherwise.
 */
hold: boolean | null, 
/**
 * The source its events belong to; `file` when absent.
 */
source: string | null, 
/**
 * TOML of metrics to add to `business.toml` first.
 */
add_metrics: Array<string>, };

/**
 * What an import would do.
 */
export type ImportPreviewView = { path: string, bytes: number, 
/**
 * "CSV, comma, UTF-8, header in line 1".
 */
format: string, columns: Array<ColumnView>, mapping: Mapping, 
/**
 * Why the mapping was guessed so, one sentence each.
 */
reasons: Array<string>, 
/**
 * The first events it would make.
 */
events: Array<EventRow>, problems: Array<ProblemView>, rows_estimate: number | null, 
/**
 * The file's time range in the sample, if any.
 */
metrics_suggested: Array<MetricSuggestion>, };

/**
 * A running or finished import.
 */
export type ImportProgress = { file: string, 
/**
 * `running`, `done`, `failed`, `cancelled`.
 */
state: string, bytes_done: number, bytes_total: number, rows: number, rows_per_second: number, seconds_left: number | null, accepted: number, duplicates: number, rejected: number, 
/**
 * File with the rejected lines, when there are any.
 */
rejected_file: string | null, error: ProblemView | null, };

/**
 * A kind of incident.
 */
export type InjectableView = { 
/**
 * For `sandbox_inject`.
 */
kind: string, 
/**
 * The cause in words.
 */
what: string, };

/**
 * An incident somebody let happen.
 */
export type InjectedView = { kind: string, at: number, days: number, };

/**
 * A finding with its evidence.
 */
export type Insight = { 
/**
 * `ins_000001`, counted by the engine.
 */
id: string, 
/**
 * When it was found (the engine's clock).
 */
at: number, 
/**
 * The kind.
 */
kind: InsightKind, 
/**
 * The metric.
 */
metric: string, 
/**
 * The bucket it speaks of: first instant …
 */
from: number, 
/**
 * … and first instant after it.
 */
to: number, 
/**
 * What was seen.
 */
actual: number, 
/**
 * What was expected (none for a plain threshold).
 */
expected: Expectation | null, 
/**
 * Standardised deviation (robust z); sign is the direction.
 */
score: number, 
/**
 * Two-sided tail probability under the baseline.
 */
p_value: number, 
/**
 * Whether the move is good, bad or neither, by the metric's direction.
 */
good: boolean | null, 
/**
 * Segments that explain it, strongest first.
 */
drivers: Array<Driver>, 
/**
 * One sentence, sentence case, with units.
 */
headline: string, 
/**
 * The insight this one continues (the same anomaly on the next bucket).
 */
continues: string | null, 
/**
 * Decisions proposed because of it.
 */
decisions: Array<string>, };

/**
 * What kind of finding it is.
 */
export type InsightKind = "anomaly" | "threshold" | "guardrail" | "goal";

/**
 * A number with its interval.
 */
export type Interval = { low: number, middle: number, high: number, };

/**
 * A row of the journal.
 */
export type JournalRow = { 
/**
 * From 1, without a gap.
 */
seq: number, 
/**
 * The business's clock when it was written.
 */
at: number, 
/**
 * Kind.
 */
kind: RowKind, 
/**
 * `system`, `engine`, `operator:<key id>`, `source:<key>`, `playbook:<key>`.
 */
actor: string, 
/**
 * For an action: the input that caused it.
 */
cause: number | null, 
/**
 * The thing itself, canonical JSON.
 */
body: unknown, 
/**
 * Hash of the row before (64 hex digits; zeros for the first).
 */
prev: string, 
/**
 * Hash of this row.
 */
hash: string, };

/**
 * Makes a key.
 */
export type KeyArgs = { name: string, 
/**
 * `write`, `client` or `read`.
 */
kind: string, 
/**
 * The source its events belong to; the key's own name when absent. A key that takes the place of another one keeps
 * its source.
 */
source: string | null, };

/**
 * A key's new value, shown once.
 */
export type KeyMade = { name: string, 
/**
 * `write`, `client` or `read`.
 */
kind: string, value: string, };

/**
 * A key of the gateway.
 */
export type KeyView = { name: string, 
/**
 * `write`, `client` or `read`.
 */
kind: string, 
/**
 * The key itself (write and client keys are public by nature; read keys show once and are masked after).
 */
value: string, 
/**
 * The source its events belong to; its own name unless it took the place of another key.
 */
source: string, created_at: number, last_used_at: number | null, revoked: boolean, 
/**
 * Ready-made snippets for write and client keys.
 */
snippets: Array<Snippet>, };

/**
 * One KPI over a range.
 */
export type KpiArgs = { metric: string, from: number | null, to: number | null, grain: Grain | null, by: string | null, };

/**
 * One line of "what moved, and why", and a KPI tile.
 */
export type KpiTile = { metric: MetricBrief, 
/**
 * Over the chosen range, and over the range before it of the same length.
 */
value: number | null, previous: number | null, 
/**
 * (value - previous) / |previous|; for shares the difference in points is `value - previous`.
 */
change: number | null, 
/**
 * The metric's own buckets over the range (at most 60; the last one may be open), and what was expected of each where known.
 */
spark: Array<Point>, band: Array<BandPoint>, 
/**
 * The newest insight about it in the range.
 */
insight: Insight | null, 
/**
 * One sentence: why it moved, or "within what was expected".
 */
note: string, goal: GoalView | null, };

/**
 * One KPI.
 */
export type KpiView = { metric: MetricBrief, series: Series, previous: Series, band: Array<BandPoint>, 
/**
 * By the chosen segment, largest first, at most 12 and the number of others.
 */
by: Array<Series>, others: number, insights: Array<Insight>, annotations: Array<Annotation>, goal: GoalView | null, };

/**
 * KPIs over a range.
 */
export type KpisView = { from: number, to: number, tiles: Array<KpiTile>, 
/**
 * First and last event, to offer sensible ranges.
 */
first_event_at: number | null, last_event_at: number | null, };

/**
 * The five layers.
 */
export type Layer = "executor" | "strategist" | "architect" | "commander" | "sovereign";

/**
 * One item of a layer.
 */
export type LayerItem = { text: string, decision: string | null, insight: string | null, metric: string | null, };

/**
 * A layer with its real activity.
 */
export type LayerView = { layer: Layer, 
/**
 * What it is for, in half a sentence.
 */
purpose: string, 
/**
 * What it is busy with, most important first (at most 5). Empty: nothing yet, `idle` says why.
 */
focus: Array<LayerItem>, idle: string, 
/**
 * Things it did per day over the last 14 days, oldest first.
 */
pulse: Array<number>, 
/**
 * What the pulse counts ("decisions", "effects", "buckets scored").
 */
pulse_of: string, decisions_today: number, asked_today: number, 
/**
 * Handed up to the layer above today ("3 insights, 1 decision").
 */
up: string, 
/**
 * Handed down to the layer below ("focus: revenue", "2 to execute").
 */
down: string, };

/**
 * Which engine takes it.
 */
export type Level = "operational" | "tactical" | "strategic" | "sovereign";

/**
 * A typed value the engine may change.
 */
export type Lever = { key: string, title: string, default: LeverValue, domain: Domain, reversibility: Reversibility, 
/**
 * What one change costs at once, in minor units (printing, migration); 0 when free.
 */
cost_minor: number, 
/**
 * To whom which value is served, and through which protocols. Journals of before this was known have none.
 */
serving: Serving, } & ({ "kind": "boolean" } | { "kind": "number", min: number, max: number, step: number, } | { "kind": "variant", options: Array<string>, } | { "kind": "text", max_chars: number, });

/**
 * By the lever's key.
 */
export type LeverArgs = { key: string, };

/**
 * A change of a lever.
 */
export type LeverChangeView = { at: number, 
/**
 * `value`, `killed`, `restored`, `rules`, `declared`, `removed`.
 */
kind: string, 
/**
 * "0 → 29", "killed".
 */
text: string, from: LeverValue | null, to: LeverValue | null, 
/**
 * `engine`, `operator:<key id>`, `business.toml`.
 */
actor: string, decision: string | null, 
/**
 * The lever's version after it, where known.
 */
version: number | null, };

/**
 * One lever with everything known of it.
 */
export type LeverDetailView = { lever: LeverRowView, seed: string, requires: Array<Prerequisite>, holdout: Holdout | null, 
/**
 * Newest first.
 */
history: Array<LeverChangeView>, 
/**
 * Last seen first.
 */
readers: Array<LeverReaderView>, 
/**
 * One per protocol, in their order.
 */
protocols: Array<LeverProtocolView>, };

/**
 * What values a lever may take.
 */
export type LeverKind = { "kind": "boolean" } | { "kind": "number", min: number, max: number, step: number, } | { "kind": "variant", options: Array<string>, } | { "kind": "text", max_chars: number, };

/**
 * What one protocol serves of a lever.
 */
export type LeverProtocolView = { protocol: Protocol, 
/**
 * Whether it serves the lever at all.
 */
served: boolean, 
/**
 * In the protocol's own terms; `None` when it does not serve it.
 */
definition: Record<string, unknown> | null, 
/**
 * What cannot be expressed: "local evaluation only: …".
 */
notes: Array<string>, };

/**
 * Who reads a lever.
 */
export type LeverReaderView = { protocol: Protocol, 
/**
 * SDK and version as it says of itself; empty when it does not.
 */
client: string, 
/**
 * The gateway key it came with.
 */
key: string, first_at: number, last_at: number, requests: number, 
/**
 * Asked for all levers, not for this one by name.
 */
all: boolean, };

/**
 * A lever with its health.
 */
export type LeverRowView = { key: string, title: string, kind: LeverKind, domain: Domain, 
/**
 * What those get whom no rule takes.
 */
value: LeverValue, default: LeverValue, value_text: string, default_text: string, off: boolean, 
/**
 * Protocols that serve it.
 */
served_as: Array<Protocol>, 
/**
 * The group type whose key is the unit; `None`: the person.
 */
group: string | null, rules: Array<RuleView>, 
/**
 * Whether chance decides for some units.
 */
random: boolean, 
/**
 * Grows with each change.
 */
version: number, updated_at: number | null, 
/**
 * The decision that set the value.
 */
decision: string | null, 
/**
 * Distinct readers known (protocol, client and key).
 */
readers: number, last_read_at: number | null, 
/**
 * `live`, `killed`, `unread` (nobody reads it yet), `stale`.
 */
state: string, 
/**
 * What makes it stale and what to do, in a sentence.
 */
stale_reason: string | null, warnings: Array<WarningView>, };

/**
 * What each protocol would serve.
 */
export type LeverTrialView = { key: string, unit: string, results: Array<ProtocolTrialView>, 
/**
 * Whether all protocols that serve it give the same value.
 */
agree: boolean, };

/**
 * A value a lever can take.
 */
export type LeverValue = boolean | number | string;

/**
 * A lever with its value in force.
 */
export type LeverView = { key: string, title: string, kind: LeverKind, domain: Domain, value: LeverValue, default: LeverValue, updated_at: number | null, decision: string | null, };

/**
 * A lever: what it is set to and what would be best, by expected profit over these four weeks with all others at their
 * defaults.
 */
export type LeverWorthView = { lever: string, now: LeverValue | null, best: LeverValue, 
/**
 * What one who knows all has it at now, together with all others; absent where that differs by segment.
 */
oracle: LeverValue | null, settings: Array<SettingWorthView>, };

/**
 * Levers of the business, who reads them and where they are published.
 */
export type LeversView = { levers: Array<LeverRowView>, 
/**
 * Keys that products asked for and that do not exist, newest first.
 */
unknown_reads: Array<UnknownReadView>, publish: Array<PublishView>, 
/**
 * Where the gateway listens; `None` when it does not.
 */
gateway: string | null, };

/**
 * What the engine may do alone.
 */
export type Limits = { autonomous_spend_per_day_minor: number, 
/**
 * Share of customers one decision may touch alone.
 */
exposure_per_decision: number, 
/**
 * Cards put to the founder per local day.
 */
cards_per_day: number, 
/**
 * Share of customers all decisions of a local day may touch alone, together.
 */
exposure_per_day?: number | null, 
/**
 * Minutes of the founder's per local day.
 */
minutes_per_day?: number | null, 
/**
 * When what ran alone lost so much, everything asks.
 */
drawdown?: Drawdown | null, 
/**
 * Share of what may run alone that is put to the founder all the same, drawn by chance, for ever.
 */
audit_share?: number, 
/**
 * How long an approved sovereign decision can still be withdrawn before it runs, ms.
 */
cool_off?: number, 
/**
 * Proposers that only watch: what they propose is predicted and scored, never shown or run. `*` at the end fits the rest.
 */
shadow?: Array<string>, budgets?: Array<Budget>, rates?: Array<Rate>, };

/**
 * How mail reaches its server.
 */
export type MailTls = "tls" | "starttls" | "none";

/**
 * Makes a client.
 */
export type MakeClientArgs = { name: string, 
/**
 * `read`, `propose`; both when absent.
 */
scopes: Array<string>, };

/**
 * How columns become events; expressions over column names (`'order'`, `Quantity * UnitPrice`).
 */
export type Mapping = { 
/**
 * Event name.
 */
event: string, 
/**
 * Time.
 */
time: string, 
/**
 * Unit; empty for none.
 */
unit: string, 
/**
 * Id that recognises duplicates; without it the row's own content does.
 */
id: string | null, 
/**
 * Properties by name. Columns not named are kept under their own name unless `only_mapped`.
 */
props: { [key in string]: string }, 
/**
 * Drops columns that are not named.
 */
only_mapped: boolean, 
/**
 * Format of the time (`%d/%m/%Y %H:%M`), guessed when absent.
 */
time_format: string | null, 
/**
 * Timezone of times without one; the business's by default.
 */
timezone: string | null, 
/**
 * Field delimiter, guessed when absent.
 */
delimiter: string | null, 
/**
 * Character encoding (WHATWG label), guessed when absent.
 */
encoding: string | null, 
/**
 * `,` where numbers are written 1.234,56; guessed when absent.
 */
decimal: string | null, 
/**
 * Sheet of a workbook; the first by default.
 */
sheet: string | null, };

/**
 * Something counted or summed per bucket: events of one name, filtered, as count, sum or distinct values.
 */
export type Measure = { 
/**
 * The event's name.
 */
event: string, 
/**
 * Only events for which this expression is true (`country == 'DE' and amount > 10`).
 */
where?: string | null, 
/**
 * Sum of this expression over properties; without it events are counted.
 */
value?: string | null, 
/**
 * Count distinct values of this property (`unit` for units) instead.
 */
of?: string | null, 
/**
 * For conversions and retention: how long after the start it still counts (`7d`, `12h`).
 */
within?: string | null, };

/**
 * How often something is mentioned in a part of the store.
 */
export type MentionView = { 
/**
 * `journal`, `decisions`, `insights`, `expectations`, `outbox`, `meta`, `imports`, `snapshots`.
 */
place: string, rows: number, };

/**
 * How looks turn into a decision.
 */
export type Method = "group_sequential" | "confidence_sequence" | "exact" | "bandit";

/**
 * A KPI.
 */
export type Metric = { 
/**
 * One word others refer to.
 */
key: string, 
/**
 * What people read; defaults to the key in words.
 */
title: string, 
/**
 * The unit of analysis and of the value, in words (`visitor`, `order`).
 */
unit: string | null, 
/**
 * The kind of group whose key is the unit of analysis (`company`: `$groups.company` of the event); absent for persons.
 */
by: string | null, 
/**
 * Direction.
 */
better: Better, 
/**
 * Domain.
 */
domain: Domain, 
/**
 * How it is written.
 */
format: Format, 
/**
 * Properties it is split by.
 */
segments: Array<string>, 
/**
 * Width of its own buckets: the loop looks at it when one closes.
 */
grain: Grain, 
/**
 * What one unit of the value per bucket is worth in minor units of money, where the founder said so; money metrics are worth themselves.
 */
worth_minor: number | null, } & ({ "kind": "count", measure: Measure, } | { "kind": "unique", measure: Measure, } | { "kind": "sum", measure: Measure, } | { "kind": "mean_per_unit", measure: Measure, } | { "kind": "proportion", numerator: Measure, denominator: Measure, } | { "kind": "ratio", numerator: Measure, denominator: Measure, } | { "kind": "retention", start: Measure, comeback: Measure, after: string, within: string, } | { "kind": "quantile", measure: Measure, q: number, } | { "kind": "formula", formula: string, });

/**
 * A metric's face.
 */
export type MetricBrief = { key: string, title: string, format: Format, unit: string | null, better: Better, domain: Domain, segments: Array<string>, grain: Grain, 
/**
 * How it is computed, in words.
 */
definition: string, };

/**
 * A metric that this file would support, ready to add to `business.toml`.
 */
export type MetricSuggestion = { key: string, title: string, toml: string, why: string, };

/**
 * What a language model's server speaks.
 */
export type ModelApi = "openai" | "ollama";

/**
 * Central moments of one arm's units for one metric: means, sums of squared deviations (`m2`) and sums of products of
 * deviations (`with_…`), computed from exact sums, so that a mean much larger than its spread loses no digits.
 */
export type Moments = { 
/**
 * Units.
 */
units: number, 
/**
 * Mean per unit: of the outcome, or of a ratio's numerator.
 */
mean: number, m2: number, 
/**
 * Sum of cubed deviations of the outcome; `None` of ratios and quantiles, and where values lie too far apart for it to be
 * exact.
 */
m3?: number | null, 
/**
 * A ratio's denominator per unit.
 */
den?: Denominator | null, 
/**
 * The same before the first exposure.
 */
pre?: Covariate | null, 
/**
 * For quantiles: `mean` and `m2` are of the number of values at or below it per unit, `den` of the number of values.
 */
quantile?: QuantileAt | null, };

/**
 * By name.
 */
export type NameArgs = { name: string, };

/**
 * No arguments.
 */
export type Nothing = Record<symbol, never>;

/**
 * A notice: no card, nothing is broken.
 */
export type NoticeView = { 
/**
 * As in [`WarningView`].
 */
code: string, text: string, next: string, 
/**
 * The lever it is about.
 */
lever: string | null, };

/**
 * Opens a folder.
 */
export type OpenArgs = { folder: string, };

/**
 * Who asked.
 */
export type Origin = "file" | "operator" | "engine";

/**
 * What came of it.
 */
export type Outcome = { at: number, 
/**
 * The metric's value over the horizon.
 */
actual: number, 
/**
 * Inside the predicted p10…p90.
 */
inside: boolean, 
/**
 * Actual minus what was predicted for doing nothing (p50), in the metric's unit.
 */
against_nothing: number, 
/**
 * The same in minor units of money, where the metric has a worth.
 */
money_minor: number | null, 
/**
 * Pinball loss over p10, p50, p90, relative to the width of the interval (0 is perfect).
 */
loss: number, 
/**
 * What the figure can and cannot say.
 */
note: string, };

/**
 * Over which time a budget is counted.
 */
export type Period = "decision" | "day" | "week" | "month";

/**
 * What is kept of one person.
 */
export type PersonView = { 
/**
 * As asked for.
 */
unit: string, 
/**
 * All ids known to be the same person, in the order they were first seen.
 */
ids: Array<string>, 
/**
 * Whether an event said who they are.
 */
identified: boolean, events: number, first_at: number | null, last_at: number | null, 
/**
 * The newest events, at most 100, as far as they are among the newest 50,000 of that time.
 */
recent: Array<EventRow>, };

/**
 * What is known of the population before an experiment starts: units of the exposure, as if all were in one arm.
 */
export type Pilot = { 
/**
 * What was measured.
 */
metric: string, exposure: Exposure, group: string | null, 
/**
 * The days that were looked at: first instant, and first instant after them.
 */
from: number, to: number, 
/**
 * New units per day of that range, in order.
 */
new_units: Array<number>, 
/**
 * The metric per unit over `window` after its first exposure, with the same metric before it as covariate.
 */
moments: Moments, 
/**
 * Days before the first exposure that the covariate covers; 0 for none.
 */
covariate_days: number, };

/**
 * Something everybody could have known.
 */
export type PlannedView = { what: string, start: number, end: number, };

/**
 * A playbook on or off.
 */
export type PlaybookArgs = { key: string, on: boolean, };

/**
 * A playbook.
 */
export type PlaybookView = { key: string, title: string, domain: Domain, 
/**
 * "click-through below 5 % for 3 days".
 */
when: string, then: string, 
/**
 * Whether the business has the metric and the lever or effect it needs; if not, what is missing.
 */
usable: boolean, missing: string, on: boolean, };

/**
 * One bucket of a KPI.
 */
export type Point = { 
/**
 * First instant of the bucket.
 */
start: number, 
/**
 * The value in the metric's unit; `None` where it is not defined (a ratio over nothing).
 */
value: number | null, 
/**
 * What was divided: sum or count above the line (equals `value` for plain counts and sums).
 */
numerator: number, 
/**
 * What it was divided by; 1 for counts and sums.
 */
denominator: number, 
/**
 * Events behind the number.
 */
events: number, };

/**
 * What a policy rule answers.
 */
export type PolicyAnswer = "run" | "ask" | "deny";

/**
 * A policy's text; empty for the table of `business.toml`.
 */
export type PolicyArgs = { text: string, };

/**
 * A decision that another policy would have answered differently.
 */
export type PolicyChange = { decision: string, headline: string, at: number, state: State, 
/**
 * The answer on its card, by the policy of that day.
 */
had: PolicyAnswer, 
/**
 * By the policy in force.
 */
was: PolicyAnswer, 
/**
 * By the other.
 */
would_be: PolicyAnswer, 
/**
 * The rule that would have decided, and why.
 */
rule: string, reason: string, };

/**
 * What a policy would mean, before it is saved.
 */
export type PolicyCheckView = { 
/**
 * What keeps it from being saved; the rest is empty then.
 */
problems: Array<PolicyProblem>, rules: Array<PolicySentence>, findings: Array<PolicyFinding>, 
/**
 * What it lets through that the policy in force does not.
 */
loosens: Array<PolicyLoosened>, 
/**
 * Whether every combination of facts was tried for that.
 */
loosens_proven: boolean, 
/**
 * Held against the newest decisions.
 */
preview: PolicyPreview, };

/**
 * A rule that does nothing, or harm.
 */
export type PolicyFinding = { 
/**
 * The rule's title.
 */
rule: string, kind: PolicyFindingKind, 
/**
 * The rules that overrule it.
 */
because: Array<string>, 
/**
 * In a sentence.
 */
text: string, 
/**
 * Whether every combination was tried.
 */
proven: boolean, };

/**
 * What is wrong with a rule.
 */
export type PolicyFindingKind = "never" | "shadowed" | "redundant" | "idle" | "fails";

/**
 * A way in which a policy is looser than another.
 */
export type PolicyLoosened = { 
/**
 * The rule that lets it through.
 */
rule: string, was: PolicyAnswer, will_be: PolicyAnswer, 
/**
 * An act of which that holds, in the facts either policy asks: `its level is tactical, its stake is 20.00 EUR`.
 */
example: string, };

/**
 * What another policy would have answered to the newest decisions, all else as it was. The answers compared are the one of the
 * policy in force and the other's, both with the limits that no rule can lift.
 */
export type PolicyPreview = { looked_at: number, same: number, 
/**
 * How many would have run that do not under the policy in force; been asked; been denied.
 */
would_run: number, would_ask: number, would_deny: number, 
/**
 * Newest first.
 */
changed: Array<PolicyChange>, };

/**
 * Something wrong with a policy text.
 */
export type PolicyProblem = { 
/**
 * From 1; 0 where it is about the whole text.
 */
line: number, message: string, 
/**
 * What to do.
 */
hint: string, };

/**
 * A row of the policy table; the first row that fits decides, and what fits none asks.
 */
export type PolicyRule = { 
/**
 * Name shown on the card.
 */
name: string, 
/**
 * Levels it speaks of; empty for all.
 */
levels: Array<Level>, 
/**
 * Reversibilities it speaks of; empty for all.
 */
reversibility: Array<Reversibility>, 
/**
 * Domains it speaks of; empty for all.
 */
domains: Array<Domain>, 
/**
 * Only up to this stake, in minor units.
 */
stake_at_most_minor: number | null, answer: PolicyAnswer, };

/**
 * A rule as people read it.
 */
export type PolicySentence = { title: string, 
/**
 * `Runs alone when its level is operational and its stake is at most 20.00 EUR.`
 */
text: string, 
/**
 * Whether it allows or forbids.
 */
allows: boolean, };

/**
 * Which rule said what.
 */
export type PolicyVerdict = { answer: PolicyAnswer, 
/**
 * The rule's name.
 */
rule: string, 
/**
 * Why, in a sentence with the figures.
 */
reason: string, };

/**
 * The policy in force.
 */
export type PolicyView = { 
/**
 * In Cedar; made from the table of `business.toml` where there is no `policy.cedar`.
 */
text: string, 
/**
 * Whether it is from `policy.cedar`.
 */
from_file: boolean, 
/**
 * The table of `business.toml` as Cedar: what holds once `policy.cedar` is taken away.
 */
table: string, 
/**
 * Every rule in plain words, in the order of the text.
 */
rules: Array<PolicySentence>, 
/**
 * Rules without effect.
 */
findings: Array<PolicyFinding>, 
/**
 * `policy.cedar` as it lies on disk, where it was refused: the policy above stays in force.
 */
refused: string | null, 
/**
 * Why.
 */
problems: Array<PolicyProblem>, 
/**
 * What a rule may ask, in Cedar's schema language.
 */
schema: string, 
/**
 * Hash of the text in force; a change is signed for it.
 */
hash: string, 
/**
 * When a policy file was last put in force or taken away; absent where there never was one.
 */
since: number | null, 
/**
 * Who did: `operator:<key>`, or the file that changed on disk.
 */
by: string | null, 
/**
 * What no rule can lift, in sentences.
 */
limits: Array<string>, };

/**
 * The experiments of a business as a whole.
 */
export type Portfolio = { at: number, budget: ErrorBudget, audit: SelfAudit, 
/**
 * Best first, at most 200.
 */
hypotheses: Array<Hypothesis>, strategies: Array<StrategyRecord>, 
/**
 * The prior of relative effects learnt from past experiments: mean and standard deviation, and how many it rests on.
 */
prior_mean: number, prior_sd: number, prior_from: number, };

/**
 * A ratio's denominator before the first exposure.
 */
export type PreDenominator = { mean: number, m2: number, 
/**
 * With the numerator before.
 */
with_pre: number, 
/**
 * With the numerator.
 */
with_outcome: number, 
/**
 * With the denominator.
 */
with_den: number, };

/**
 * An earlier decision of the same kind.
 */
export type Precedent = { decision: string, headline: string, predicted: number, actual: number, };

/**
 * Something that must hold when it runs.
 */
export type Precondition = { "kind": "lever_is", lever: string, value: LeverValue, } | { "kind": "before", at: number, } | { "kind": "workflow_is", workflow: string, version: number, };

/**
 * What is expected of a metric over the horizon.
 */
export type Prediction = { metric: string, 
/**
 * First instant of the horizon …
 */
from: number, 
/**
 * … and first instant after it.
 */
to: number, 
/**
 * The value over the horizon, in the metric's unit, with its method.
 */
value: Expectation, 
/**
 * The same in money against doing nothing, in minor units (p10, p50, p90), where the metric has a worth.
 */
money_minor: [number, number, number] | null, 
/**
 * Probability that it is worse than doing nothing.
 */
p_worse: number, 
/**
 * How such predictions did so far: scored ones, and how many lay inside their 80 % interval.
 */
calibration: Calibration, };

/**
 * Another lever that must have this value for the same unit, else the default is served.
 */
export type Prerequisite = { lever: string, is: LeverValue, };

/**
 * A file to look at before importing.
 */
export type PreviewArgs = { path: string, 
/**
 * The mapping as corrected; guessed when absent.
 */
mapping: Mapping | null, };

/**
 * Something that is wrong and what to do about it (shown in the top bar and on Settings).
 */
export type ProblemView = { code: string, message: string, hint: string, 
/**
 * Line in `business.toml`, when it is about the file.
 */
line: number | null, };

/**
 * A property of an event.
 */
export type PropView = { name: string, 
/**
 * `text`, `number`, `boolean`, `mixed`.
 */
kind: string, samples: Array<string>, };

/**
 * A proposal.
 */
export type ProposeArgs = { 
/**
 * `{ key, headline, act: { kind: "set_lever", lever, to } | …, expected?, reasons?, expires_in?, … }`; docs/mcp.md has all of it.
 */
draft: Record<string, unknown>, };

/**
 * A flag protocol. Each has its own way of sorting units into arms.
 */
export type Protocol = "ofrep" | "posthog" | "growthbook" | "unleash";

/**
 * What one protocol would serve.
 */
export type ProtocolTrialView = { protocol: Protocol, 
/**
 * `None` when this protocol does not serve the lever; `problem` says why.
 */
value: LeverValue | null, value_text: string, variant: string | null, reason: Reason | null, rule: string | null, experiment: string | null, 
/**
 * Where chance decided: the probability of this value.
 */
propensity: number | null, problem: string | null, };

/**
 * Where the levers are published as a GrowthBook payload.
 */
export type PublishTarget = { key: string, title: string, } & ({ "kind": "file", path: string, } | { "kind": "http_put", url: string, secret: string | null, 
/**
 * Allows plain http and a private or loopback address, by name.
 */
allow_private: boolean, } | { "kind": "git", repo: string, path: string, branch: string | null, push: boolean, });

/**
 * A place the levers are published to.
 */
export type PublishView = { key: string, 
/**
 * `file`, `http_put`, `git`.
 */
kind: string, place: string, 
/**
 * `healthy`, `waiting`, `failing`, `held` (the engine is stopped), `unknown` (nothing published yet).
 */
health: string, health_text: string, 
/**
 * The version of the levers that lies there.
 */
version: number | null, published_at: number | null, last_error: string | null, next_at: number | null, };

/**
 * What it is for.
 */
export type Purpose = "decide" | "bandit" | "self_audit" | "retest";

/**
 * A quantile of the values of an arm.
 */
export type QuantileAt = { q: number, value: number, 
/**
 * Values at the ranks `q ± 1.96 sqrt(q (1 - q) / n)`: they give the density at the quantile.
 */
lower: number, upper: number, 
/**
 * Values.
 */
values: number, };

/**
 * A range; both ends absent means the newest 28 days of data.
 */
export type RangeArgs = { from: number | null, to: number | null, };

/**
 * At most so many calls of an effect within a sliding time, whoever decided them.
 */
export type Rate = { 
/**
 * An effect's key, a kind of effect (`mail`), `lever`, or `*`.
 */
of: string, most: number, per: number, };

/**
 * A look read.
 */
export type Reading = { 
/**
 * The experiment's key and the number of the look, from 1.
 */
experiment: string, number: number, 
/**
 * Data up to this instant.
 */
at: number, 
/**
 * Units per arm.
 */
units: Array<number>, gates: Array<ExperimentGate>, 
/**
 * Arms against the control, the primary metric first.
 */
effects: Array<ExperimentEffect>, 
/**
 * Share of the planned information seen.
 */
information: number, days_left: Days | null, 
/**
 * When it is looked at again.
 */
next_look: number | null, call: Call, 
/**
 * What the engine makes of it and does next, in a sentence or two.
 */
text: string, };

/**
 * Why a value was served.
 */
export type Reason = "static" | "targeted" | "split" | "held_out" | "prerequisite" | "no_group" | "off";

/**
 * Aggregates computed from zero against those in force.
 */
export type RebuildView = { events: number, cells: number, 
/**
 * Whether both were the same, byte for byte. If not, the new ones are in force now.
 */
identical: boolean, };

/**
 * Why a question cannot be answered.
 */
export type Refusal = { at: number, 
/**
 * `no_exposures`, `no_traffic`, `too_long`, `no_variance`, `metric_unfit`, `purpose_unfit`, `conflict`, `self_audit_failed`.
 */
code: string, reason: string, 
/**
 * A question that can be answered instead, in words …
 */
cheaper: string | null, 
/**
 * … and its smallest effect.
 */
cheaper_mde: number | null, };

/**
 * What became of it.
 */
export type RejectionReplayed = { accepted: number, 
/**
 * It had arrived already.
 */
duplicates: number, };

/**
 * A refused event or line.
 */
export type RejectionView = { id: number, at: number, source: string, position: number, code: string, reason: string, raw: string, 
/**
 * It was sent again and taken.
 */
done: boolean, };

/**
 * A line of the talk between founder and proposer.
 */
export type Remark = { at: number, 
/**
 * `operator:<key id>`, or the proposer.
 */
by: string, text: string, };

/**
 * Speed of a running replay; 0 holds it.
 */
export type ReplayArgs = { speed: number, };

/**
 * Sends a refused event again, as it is or mended.
 */
export type ReplayRejectionArgs = { id: number, 
/**
 * The mended text; as it was kept when absent.
 */
raw: string | null, };

/**
 * Makes a report.
 */
export type ReportArgs = { from: number | null, to: number | null, 
/**
 * `pdf`, `html`, `csv`, `xlsx`.
 */
format: string, 
/**
 * Where to write it; the business's `reports` folder when absent.
 */
path: string | null, };

/**
 * A report on disk.
 */
export type ReportFile = { path: string, name: string, format: string, bytes: number, at: number, };

/**
 * The page to show in the preview.
 */
export type ReportPreview = { 
/**
 * A whole HTML document without scripts.
 */
html: string, };

/**
 * Reports made so far, and what can be made.
 */
export type ReportsView = { reports: Array<ReportFile>, folder: string, };

/**
 * The card as it would be with other values; nothing changes.
 */
export type RepredictArgs = { id: string, set: { [key in string]: LeverValue }, };

/**
 * How hard something is to undo.
 */
export type Reversibility = "R0" | "R1" | "R2" | "R3";

/**
 * Ends a client's access.
 */
export type RevokeClientArgs = { name: string, reason: string, };

/**
 * What a metric is to an experiment.
 */
export type Role = "primary" | "secondary" | "guardrail";

/**
 * What a row records.
 */
export type RowKind = "input" | "action" | "host";

/**
 * The events behind a number.
 */
export type RowsArgs = { 
/**
 * Events that count for this metric; or …
 */
metric: string | null, 
/**
 * … events of this name; or all.
 */
event: string | null, from: number, to: number, 
/**
 * Segment and value.
 */
segment: [string, string] | null, cursor: string | null, 
/**
 * At most 500.
 */
limit: number | null, };

/**
 * Names the events behind a number.
 */
export type RowsRef = { metric: string, from: number, to: number, 
/**
 * Segment and value.
 */
segment: [string, string] | null, };

/**
 * The events behind a number.
 */
export type RowsView = { rows: Array<EventRow>, 
/**
 * Give it back to read on; `None` at the end.
 */
cursor: string | null, 
/**
 * How many match, where it is known without a scan.
 */
total: number | null, };

/**
 * A rule; the first that takes a unit decides.
 */
export type Rule = { 
/**
 * One word, unique within the lever; part of the seed, so renaming it sorts units anew.
 */
key: string, 
/**
 * In words.
 */
name: string, 
/**
 * CEL predicate over the subject's attributes; absent for everyone.
 */
when: string | null, } & ({ "serve": "value", value: LeverValue, share: number, } | { "serve": "experiment", experiment: string, arms: Array<Arm>, share: number, slice: Slice | null, });

/**
 * A rule in words and numbers.
 */
export type RuleView = { key: string, name: string, 
/**
 * The predicate; `None` for everyone.
 */
when: string | null, 
/**
 * "20 % of those with plan == 'pro' get true".
 */
text: string, 
/**
 * Share of those who fit, 0 to 1.
 */
share: number, 
/**
 * The value it serves, unless it is an experiment.
 */
value: LeverValue | null, experiment: string | null, 
/**
 * Arms of an experiment with their weights; empty otherwise.
 */
arms: Array<Arm>, slice: Slice | null, };

/**
 * Why the engine is paused, stopped or resumed.
 */
export type RunArgs = { reason: string, };

/**
 * Whether the engine may act.
 */
export type RunState = "running" | "paused" | "stopped";

/**
 * The frame's word of it.
 */
export type SandboxBrief = { scenario: string, title: string, 
/**
 * As in [`SandboxView`].
 */
phase: string, progress: number, speed: number, };

/**
 * Lets something happen to the simulated business from now on.
 */
export type SandboxInjectArgs = { 
/**
 * As in [`SandboxView::injectable`].
 */
kind: string, 
/**
 * 3 when absent.
 */
days: number | null, };

/**
 * Goes on as fast as it goes for so many days, then as before.
 */
export type SandboxSkipArgs = { days: number, };

/**
 * How fast it goes on: simulated seconds per second.
 */
export type SandboxSpeedArgs = { 
/**
 * 0 stands still; from a billion on as fast as it goes.
 */
speed: number, 
/**
 * Whether time stands still while a card waits; as it was when absent.
 */
hold: boolean | null, };

/**
 * Starts a simulated business in a folder of its own and opens it.
 */
export type SandboxStartArgs = { 
/**
 * A name of `sandbox_scenarios`, or the text of a scenario.
 */
scenario: string, 
/**
 * 1 when absent.
 */
seed: number | null, 
/**
 * Days filled at once; 90 when absent, at most the scenario's length.
 */
history_days: number | null, 
/**
 * Simulated seconds per second after that; an hour per second when absent, 0 stands still.
 */
speed: number | null, 
/**
 * Whether time stands still while a card waits; it does not when absent.
 */
hold: boolean | null, 
/**
 * Whether the company lives in a process of its own and comes in through the gateway after its history; it does, where
 * that is possible, when absent.
 */
live: boolean | null, 
/**
 * The folder; below the data home when absent.
 */
folder: string | null, };

/**
 * What was really going on, and how well it was understood. Its computation takes seconds.
 */
export type SandboxTruthView = { scenario: string, seed: number, from: number, until: number, currency: string, 
/**
 * Those that began so far, oldest first.
 */
incidents: Array<TrueIncidentView>, 
/**
 * Holidays and promotions.
 */
planned: Array<PlannedView>, 
/**
 * Whole days.
 */
money: Array<DayMoneyView>, 
/**
 * What moves what.
 */
edges: Array<TrueEdgeView>, 
/**
 * Levers with what each setting is worth now.
 */
levers: Array<LeverWorthView>, score: ScoreView, };

/**
 * The simulation behind the open business.
 */
export type SandboxView = { 
/**
 * The scenario's name.
 */
scenario: string, title: string, 
/**
 * `shop`, `saas`, `marketplace`.
 */
company: string, seed: number, 
/**
 * First instant of the simulation, where it stands, and where it ends.
 */
from: number, now: number, until: number, 
/**
 * Until then it is filled as fast as it goes.
 */
history_until: number, 
/**
 * `filling` (history), `running`, `paused`, `ended`.
 */
phase: string, 
/**
 * Of what is being filled, else of the whole simulation: 0 to 1.
 */
progress: number, 
/**
 * Sent so far.
 */
events: number, 
/**
 * Simulated seconds per second; a very large one is as fast as it goes, 0 stands still.
 */
speed: number, 
/**
 * Whether time stands still while a card waits, and whether it does so now.
 */
hold: boolean, held: boolean, 
/**
 * While it is skipping, until when.
 */
skipping_until: number | null, 
/**
 * `live`: from a process of its own, through the gateway; `in_process`: beside the gateway. History is always filled
 * beside it.
 */
transport: string, 
/**
 * What can be let happen to it.
 */
injectable: Array<InjectableView>, 
/**
 * What was let happen, newest first.
 */
injected: Array<InjectedView>, 
/**
 * Why it stopped, where it did.
 */
problem: string | null, };

/**
 * Replaces `business.toml`.
 */
export type SaveConfigArgs = { toml: string, };

/**
 * A scenario that comes with the program.
 */
export type ScenarioView = { name: string, title: string, 
/**
 * `shop`, `saas`, `marketplace`.
 */
company: string, 
/**
 * What happens in it.
 */
what: string, days: number, 
/**
 * About how many people come in that time.
 */
customers: number, };

/**
 * Whose effects a stop holds.
 */
export type Scope = { "scope": "proposer", proposer: string, } | { "scope": "kind", kind: string, } | { "scope": "target", target: string, };

/**
 * The scorecard.
 */
export type ScoreView = { incidents: number, found: number, 
/**
 * Hours from an incident's start until it was found.
 */
median_delay_hours: number | null, insights: number, 
/**
 * Insights with another known reason: an aftermath, a holiday, an own decision.
 */
explained: number, false_alarms: number, false_alarms_per_week: number, 
/**
 * Profit so far in minor units; `share` is 0 for doing nothing and 1 for the oracle.
 */
actual_minor: number, nothing_minor: number, oracle_minor: number, share: number | null, 
/**
 * Days on which a guardrail was broken, by metric.
 */
guardrail_days: { [key in string]: number }, 
/**
 * Experiments that ended: those whose verdict is what the truth says, and those whose is not.
 */
experiments_right: number, experiments_wrong: number, };

/**
 * A prediction and what came of it.
 */
export type ScoredPoint = { decision: string, at: number, p10: number, p50: number, p90: number, actual: number, inside: boolean, };

/**
 * A text to search for.
 */
export type SearchArgs = { text: string, };

/**
 * Keeps a secret on this machine.
 */
export type SecretArgs = { name: string, value: string, };

/**
 * A named secret; its value is never shown.
 */
export type SecretView = { name: string, 
/**
 * Whether it is kept on this machine.
 */
set: boolean, 
/**
 * What needs it ("publish cdn", "source payments").
 */
used_by: Array<string>, };

/**
 * The effect on one value of a segment, shrunk towards the whole.
 */
export type SegmentEffect = { segment: string, value: string, units: number, 
/**
 * Relative.
 */
raw: Interval, shrunk: Interval, };

/**
 * How the engine does where the truth is known: A/A tests and injected effects.
 */
export type SelfAudit = { 
/**
 * A/A tests read to their end, and those that were called all the same.
 */
aa_tests: number, aa_called: number, 
/**
 * Injected effects, those that were found, and days it took on average.
 */
injected: number, found: number, found_days: number, 
/**
 * Intervals of the audit that held the truth, of how many, at their nominal level.
 */
inside: number, intervals: number, nominal: number, 
/**
 * Whether autonomy is reduced because the figures do not hold.
 */
failed: boolean, 
/**
 * In words.
 */
text: string, };

/**
 * A KPI over a range, whole or for one segment value.
 */
export type Series = { 
/**
 * The metric's key.
 */
metric: string, 
/**
 * The value of the segment this is restricted to; `None` for the whole.
 */
segment: string | null, 
/**
 * Width of the buckets.
 */
grain: Grain, 
/**
 * One point per bucket, without gaps, in order.
 */
points: Array<Point>, 
/**
 * The same over the whole range (not the mean of the points: distinct counts and ratios are recomputed).
 */
total: Point, };

/**
 * Plain series, for scripts.
 */
export type SeriesView = { metric: MetricBrief, currency: string, timezone: string, from: number, to: number, grain: Grain, 
/**
 * The whole, or one per value of the segment, largest first.
 */
series: Array<Series>, };

/**
 * How `business.toml` says a lever is served.
 */
export type Serving = { 
/**
 * Protocols that serve it; empty for all.
 */
served_as: Array<Protocol>, 
/**
 * The group type whose key is the unit (`company`); absent: the person.
 */
group: string | null, 
/**
 * Killed: everyone gets the default, and protocols that know disabled flags say so.
 */
off: boolean, 
/**
 * Seed of the hashes; the lever's key unless given.
 */
seed: string, rules: Array<Rule>, requires: Array<Prerequisite>, holdout: Holdout | null, };

/**
 * A setting and its expected profit a day in minor units.
 */
export type SettingWorthView = { value: LeverValue, minor_per_day: number, };

/**
 * Settings.
 */
export type SettingsView = { business: Business, 
/**
 * `business.toml` as it is on disk.
 */
toml: string, problems: Array<ProblemView>, policy: Array<PolicyRule>, limits: Limits, playbooks: Array<PlaybookView>, operator_key: string | null, folder: string, database_bytes: number, checks: Array<CheckView>, backups: Array<BackupView>, };

/**
 * A claim with the operator's Ed25519 signature over its canonical JSON.
 */
export type SignedVerdict = { claim: Claim, 
/**
 * First 16 hex digits of the BLAKE3 of the public key.
 */
key_id: string, 
/**
 * Base64.
 */
signature: string, };

/**
 * An effect target with its health.
 */
export type SinkView = { key: string, title: string, 
/**
 * Host of the URL only; paths may hold secrets.
 */
place: string, health: string, health_text: string, sent: number, failed: number, has_secret: boolean, };

/**
 * How big a decision is within its cell.
 */
export type Size = "small" | "medium" | "large";

/**
 * A slice of a layer. Experiments of one layer with disjoint slices never share a unit.
 */
export type Slice = { layer: string, 
/**
 * First point of the slice, 0 to 1.
 */
from: number, 
/**
 * First point after it.
 */
to: number, };

/**
 * Units of a slice by arm: for finding what explains a wrong split.
 */
export type SliceCount = { 
/**
 * A segment's name, `$lib` (SDK and version), `day`.
 */
dimension: string, value: string, units: Array<number>, };

/**
 * Code to paste into a product.
 */
export type Snippet = { title: string, language: string, code: string, 
/**
 * What it is for: `events`, `levers`, `both`.
 */
purpose: string, 
/**
 * The command that installs it; empty when nothing is installed.
 */
install: string, };

/**
 * A source.
 */
export type Source = { key: string, title: string, map: Mapping | null, 
/**
 * Only these properties are kept; empty for all.
 */
allow: Array<string>, 
/**
 * These properties are dropped.
 */
deny: Array<string>, 
/**
 * These are replaced by a keyed hash; `unit` hashes the unit's id.
 */
hash: Array<string>, 
/**
 * Keeps IP addresses; they are dropped unless this is set.
 */
keep_ip: boolean, } & ({ "kind": "sdk" } | { "kind": "folder", path: string, pattern: string | null, } | { "kind": "stripe" });

/**
 * What was made, and what to paste where.
 */
export type SourceAdded = { source: SourceView | null, 
/**
 * Keys just made; a `read` key is shown this once.
 */
keys: Array<KeyMade>, snippets: Array<Snippet>, 
/**
 * What is left to do, in sentences.
 */
next: Array<string>, };

/**
 * A source with its health.
 */
export type SourceView = { key: string, title: string, 
/**
 * `sdk`, `stripe`, `folder`, `file`.
 */
kind: string, 
/**
 * Folder path, or the gateway's address.
 */
place: string, 
/**
 * `healthy`, `waiting` (no event yet), `stale`, `failing`, `unknown`.
 */
health: string, health_text: string, accepted: number, duplicates: number, rejected: number, 
/**
 * When its first event came in; `None` before, and where that was before it was noted.
 */
first_event_at: number | null, last_event_at: number | null, last_received_at: number | null, last_error: string | null, };

/**
 * A level of the improvement stack.
 */
export type StackItem = { name: string, on: boolean, text: string, };

/**
 * The record of a cell as shown on a card and on the ladder.
 */
export type Standing = { cell: Cell, level: Autonomy, 
/**
 * Scored cases, weighted by age (half-life 60 days), and how many of them were acceptable.
 */
cases: number, acceptable: number, 
/**
 * 95 % lower bound of the acceptable share (Beta posterior; the prior comes from the parent cell).
 */
lower: number, 
/**
 * What the lower bound must pass for the next level; `None` where there is none.
 */
threshold: number | null, 
/**
 * What is missing for the next level, a sentence each; empty where it was reached or there is none.
 */
missing: Array<string>, 
/**
 * Why it was taken down last, and when.
 */
lowered: [number, string] | null, };

/**
 * Where a decision stands. `draft -> pending <-> asked -> {approved, rejected, expired, withdrawn, superseded, stale}`;
 * `approved -> executing -> {executed, failed}`; `executed -> observing -> scored`. What nothing was predicted of ends executed.
 */
export type State = "draft" | "pending" | "asked" | "approved" | "rejected" | "expired" | "withdrawn" | "superseded" | "stale" | "executing" | "executed" | "failed" | "in_doubt" | "observing" | "scored";

/**
 * The frame around every page.
 */
export type StatusView = { 
/**
 * `None` on first start: show the first-run page.
 */
business: BusinessBrief | null, run_state: RunState, 
/**
 * Who set it and why, when not running.
 */
run_reason: string | null, 
/**
 * The engine's clock.
 */
now: number, clock: ClockView, 
/**
 * Time of the newest event, and when the newest batch was committed.
 */
last_event_at: number | null, last_commit_at: number | null, events: number, 
/**
 * Where the gateway listens (`http://127.0.0.1:8787`).
 */
gateway: string | null, approvals_waiting: number, anomalies_open: number, 
/**
 * Experiments that run now.
 */
experiments_running: number, import: ImportProgress | null, problems: Array<ProblemView>, 
/**
 * What nobody has to answer but everybody should know, such as a lever that two SDKs sort differently.
 */
notices: Array<NoticeView>, 
/**
 * Set while the business is simulated: nothing on screen is real.
 */
sandbox: SandboxBrief | null, version: string, };

/**
 * Where a proposal came from when not from the engine's own loop.
 */
export type StepOrigin = { 
/**
 * The run of a workflow and the node in it.
 */
run: string, node: string, };

/**
 * Where the statistic stands between its boundaries.
 */
export type Stopping = { 
/**
 * Standardised effect, positive is better.
 */
z: number, 
/**
 * Above it the arm is better, below `lower` worse (absent where one-sided).
 */
upper: number, lower: number | null, 
/**
 * Below it (and above `lower`) going on is futile.
 */
futility: number | null, 
/**
 * Share of the planned information seen, 0 to 1 and beyond.
 */
information: number, };

/**
 * How a way of finding hypotheses did.
 */
export type StrategyRecord = { 
/**
 * A generator, or `design:<method>`.
 */
strategy: string, tested: number, hits: number, 
/**
 * Mean of measured minus predicted relative effect.
 */
bias: number, 
/**
 * Weight it has in choosing what is tested next.
 */
weight: number, };

/**
 * How strong a piece of evidence is.
 */
export type Strength = "expert" | "observational" | "quasi" | "experiment";

/**
 * Today.
 */
export type TodayView = { 
/**
 * The day in the business's timezone (ms of its start).
 */
day: number, 
/**
 * Two or three sentences: what moved, why, what waits.
 */
lead: string, 
/**
 * Cards waiting, most costly to wait first.
 */
needs_you: Array<Decision>, 
/**
 * KPIs, those that moved first.
 */
moved: Array<KpiTile>, 
/**
 * What the engine did by itself, newest first.
 */
did: Array<Activity>, 
/**
 * Scored decisions this month against doing nothing; `None` while none is scored or nothing has a worth.
 */
earned: Earned | null, 
/**
 * What it will do next and when.
 */
next: Array<Upcoming>, layers: Array<LayerView>, };

/**
 * A change of state.
 */
export type Transition = { at: number, to: State, 
/**
 * `system`, `engine`, `operator:<key id>`.
 */
actor: string, reason: string, };

/**
 * Something moves something else.
 */
export type TrueEdgeView = { 
/**
 * A lever or a metric.
 */
from: string, 
/**
 * A metric.
 */
to: string, 
/**
 * 1 or -1.
 */
sign: number, 
/**
 * d ln(to) / d ln(from).
 */
elasticity: number, lag_days: number, };

/**
 * An incident with its cause, and whether it was found.
 */
export type TrueIncidentView = { key: string, kind: string, 
/**
 * The hidden cause.
 */
what: string, start: number, end: number, 
/**
 * Whom it hit: dimension and value; everyone when absent.
 */
segment: [string, string] | null, 
/**
 * Keys of the metrics it shows in, the most telling first.
 */
shows: Array<string>, 
/**
 * When it was noticed, by which insight and in which metric.
 */
found_at: number | null, insight: string | null, metric: string | null, 
/**
 * Whether the insight named the segment; absent where it hit everyone.
 */
localised: boolean | null, };

/**
 * Evaluates a lever for one unit through every protocol; nothing is logged.
 */
export type TryLeverArgs = { key: string, unit: string, attributes: Record<string, unknown>, };

/**
 * A person or another unit.
 */
export type UnitArgs = { unit: string, };

/**
 * A key that products asked for and that does not exist.
 */
export type UnknownReadView = { lever: string, protocol: Protocol, client: string, key: string, last_at: number, requests: number, };

/**
 * Something ahead.
 */
export type Upcoming = { at: number, text: string, decision: string | null, };

/**
 * Says no, with a reason (`wrong`, `not_now`, `too_risky`, `too_costly`, `other`).
 */
export type VetoArgs = { id: string, card_hash: string, reason: string, text: string, };

/**
 * What brings a deferred card back before its time.
 */
export type Wake = { "kind": "insight", metric: string, } | { "kind": "decision", decision: string, };

/**
 * Something a founder should know about a lever, and the next step.
 */
export type WarningView = { 
/**
 * `mixed_assignment`, `unservable`, `unread`, `one_value`, `not_read_lately`, `killed_long`, `dangling`.
 */
code: string, text: string, next: string, };

/**
 * Takes over a procedure that comes with the program.
 */
export type WorkflowAdoptArgs = { key: string, 
/**
 * The business's key for each role; what is not given takes the one that fits best.
 */
roles: Record<string, string>, };

/**
 * What became of a call.
 */
export type WorkflowAnswer = { "answer": "done", value: unknown, 
/**
 * What it cost, in minor units.
 */
cost_minor: number, } | { "answer": "failed", reason: string, again: boolean, } | { "answer": "refused", reason: string, } | { "answer": "silence" } | { "answer": "withdrawn" };

/**
 * A procedure, and which version (the newest when absent).
 */
export type WorkflowArgs = { key: string, version: number | null, };

/**
 * A value under test; as text it may hold `{expressions}`.
 */
export type WorkflowArm = { key: string, value: LeverValue, };

/**
 * A published procedure in one line.
 */
export type WorkflowBrief = { key: string, title: string, purpose: string, 
/**
 * The newest version.
 */
version: number, published_at: number, by: string, 
/**
 * What starts it, in words.
 */
triggers: Array<string>, 
/**
 * When the clock starts it next.
 */
next_at: number | null, 
/**
 * Runs of which something may still come.
 */
open: number, 
/**
 * Whether its file is there: without it nothing starts it any more.
 */
in_force: boolean, last_run: WorkflowRunBrief | null, };

/**
 * Written as `hour`, `day 07:00`, `workday 08:30`, `monday 09:00` or `month 1 09:00`; always in the business's timezone.
 */
export type WorkflowCadence = string;

/**
 * An outside action; its undoing is one, too.
 */
export type WorkflowCall = { "kind": "effect", effect: string, payload: WorkflowTemplate, } | { "kind": "lever", lever: string, to: WorkflowTemplate, } | { "kind": "restore", lever: string, };

/**
 * Cancels a run; what it did is undone.
 */
export type WorkflowCancelArgs = { run: string, reason: string, };

/**
 * A condition and where it leads.
 */
export type WorkflowCase = { 
/**
 * An expression over the run's variables.
 */
when: string, next: string, };

/**
 * What no run, and no day of runs, may exceed. A run that reaches one is quarantined.
 */
export type WorkflowCeilings = { 
/**
 * Nodes entered.
 */
steps: number, 
/**
 * Calls of effects and levers, those that undo excepted.
 */
effects: number, 
/**
 * Money spent by its calls, in minor units.
 */
money_minor?: number, 
/**
 * How long it may live.
 */
lives_ms: number, 
/**
 * How often a node may be entered with the same arguments without anything from outside in between.
 */
repeats: number, 
/**
 * Runs started on one local day.
 */
runs_per_day: number, 
/**
 * Calls of effects and levers of all its runs on one local day.
 */
effects_per_day: number, 
/**
 * Money spent by all its runs on one local day, in minor units.
 */
money_per_day_minor?: number, };

/**
 * What a text means, or what stands in its way.
 */
export type WorkflowCheckView = { problems: Array<WorkflowProblemView>, definition: WorkflowDefinition | null, graph: WorkflowGraph | null, words: Array<WorkflowNodeWords>, 
/**
 * The newest version of the same key; absent for a new one.
 */
published: number | null, 
/**
 * How it differs from that.
 */
diff: WorkflowDiff | null, };

/**
 * A way the founder may choose.
 */
export type WorkflowChoice = { key: string, title: string, 
/**
 * Where it leads; the node's `next` when empty.
 */
next?: Array<string>, };

/**
 * What a run has used up.
 */
export type WorkflowCounters = { 
/**
 * Events handled; the number of durable steps.
 */
events: number, 
/**
 * Nodes entered.
 */
steps: number, 
/**
 * Calls of effects and levers.
 */
effects: number, 
/**
 * Minor units.
 */
spent_minor: number, 
/**
 * Tokens made, forks made.
 */
tokens: number, forks: number, };

/**
 * What was used of a day.
 */
export type WorkflowDay = { 
/**
 * First instant of the local day.
 */
starts_at: number, runs: number, calls: number, spent_minor: number, };

/**
 * A published procedure.
 */
export type WorkflowDefinition = { 
/**
 * One word; runs and other workflows refer to it.
 */
key: string, 
/**
 * From 1. Runs pin theirs.
 */
version: number, title: string, 
/**
 * What it is for, in a sentence or two.
 */
purpose: string, 
/**
 * What it is given when it starts.
 */
inputs: { [key in string]: WorkflowInput }, 
/**
 * Roles the business's own effects, levers, metrics and workflows must fill; a node names one as `@role`.
 */
needs: { [key in string]: WorkflowNeed }, 
/**
 * In the order of the file.
 */
nodes: Array<WorkflowNode>, 
/**
 * Key of the first node.
 */
start: string, triggers: Array<WorkflowTrigger>, ceilings: WorkflowCeilings, };

/**
 * What changed from one definition to another.
 */
export type WorkflowDiff = { from: number, to: number, 
/**
 * Title, purpose, inputs, needs, triggers, ceilings, start.
 */
head: Array<WorkflowFieldChange>, 
/**
 * Nodes that are new.
 */
added: Array<string>, 
/**
 * Nodes that are gone.
 */
removed: Array<string>, changed: Array<WorkflowNodeChange>, edges_added: Array<WorkflowEdgeWords>, edges_removed: Array<WorkflowEdgeWords>, };

/**
 * Two versions.
 */
export type WorkflowDiffArgs = { key: string, from: number, to: number, };

/**
 * Which way a metric moved.
 */
export type WorkflowDirection = "up" | "down" | "better" | "worse" | "any";

/**
 * Something that was done, and how it is undone.
 */
export type WorkflowDone = { key: string, node: string, visit: number, at: number, undo: WorkflowUndo, };

/**
 * An edge as people name it.
 */
export type WorkflowEdgeWords = { from: string, to: string, 
/**
 * `next`, a case's condition, `otherwise`, an option's key, `error`, `timeout`.
 */
why: string, };

/**
 * The end of a run.
 */
export type WorkflowEnded = { at: number, state: WorkflowRunState, 
/**
 * In one sentence.
 */
reason: string, 
/**
 * What was done and is not undone, by node, where it failed.
 */
remaining?: Array<string>, };

/**
 * Why a run is being undone.
 */
export type WorkflowEnding = { 
/**
 * [`State::Failed`] or [`State::Cancelled`].
 */
state: WorkflowRunState, reason: string, 
/**
 * Calls undone so far.
 */
undone: number, 
/**
 * Calls of which it is not known whether they took place, by node.
 */
unknown?: Array<string>, };

/**
 * What moves a run. One event is one durable step.
 */
export type WorkflowEvent = { "kind": "start" } | { "kind": "timer" } | { "kind": "signal", id: string, name: string, key: string | null, payload: unknown, } | { "kind": "answered", key: string, attempt: number, answer: WorkflowAnswer, } | { "kind": "measured", key: string, value: number | null, before: number | null, } | { "kind": "sub_ended", key: string, state: WorkflowRunState, reason: string, variables: { [key in string]: WorkflowScalar }, } | { "kind": "cancel", reason: string, } | { "kind": "migrate", nodes: { [key in string]: string }, };

/**
 * A value that differs; `null` where there was or is none.
 */
export type WorkflowFieldChange = { 
/**
 * `payload.text`, `retry.attempts`, `options.0.title`.
 */
path: string, before: unknown, after: unknown, };

/**
 * A file of `workflows/` that is refused; the version before it stays in force.
 */
export type WorkflowFileView = { 
/**
 * `workflows/launch.toml`.
 */
file: string, problems: Array<WorkflowProblemView>, };

/**
 * When a join goes on.
 */
export type WorkflowGather = "all" | "any";

/**
 * A definition as it is drawn.
 */
export type WorkflowGraph = { nodes: Array<WorkflowGraphNode>, edges: Array<WorkflowGraphEdge>, layers: number, 
/**
 * Columns of the widest layer.
 */
columns: number, };

/**
 * An edge.
 */
export type WorkflowGraphEdge = { from: string, to: string, 
/**
 * `next`, a case's condition, `otherwise`, an option's key, `error`, `timeout`.
 */
why: string, 
/**
 * It leads to the same layer or one above.
 */
back: boolean, 
/**
 * Columns at which it passes the layers between its ends, from the upper to the lower.
 */
bends: Array<number>, };

/**
 * A node and where it stands.
 */
export type WorkflowGraphNode = { key: string, title: string, 
/**
 * The kind of its step.
 */
kind: string, 
/**
 * From 0 at the top.
 */
layer: number, 
/**
 * From the left, in columns; layers are centred, so halves occur.
 */
column: number, };

/**
 * A value a run is given at its start.
 */
export type WorkflowInput = { kind: WorkflowInputKind, 
/**
 * What it is, for whoever starts a run.
 */
about: string, 
/**
 * Taken when none is given; without one the input is required.
 */
default?: WorkflowScalar, };

/**
 * What kind of value an input takes.
 */
export type WorkflowInputKind = "text" | "number" | "boolean";

/**
 * A procedure that comes with the program.
 */
export type WorkflowLibraryView = { key: string, title: string, purpose: string, triggers: Array<string>, roles: Array<WorkflowRoleView>, text: string, graph: WorkflowGraph, words: Array<WorkflowNodeWords>, 
/**
 * Whether one of this key is published already.
 */
adopted: boolean, };

/**
 * Moves the live runs of one version to another.
 */
export type WorkflowMigrateArgs = { key: string, from: number, to: number, 
/**
 * Old node to new node; what is not named keeps its key.
 */
nodes: Record<string, string>, };

/**
 * What a migration would do to the live runs.
 */
export type WorkflowMigration = { workflow: string, from: number, to: number, 
/**
 * Old node to new node of every node a live run stands at or has to undo.
 */
nodes: Record<string, string>, runs: Array<WorkflowRunMigration>, };

/**
 * A role and what fits it.
 */
export type WorkflowNeed = { kind: WorkflowNeedKind, 
/**
 * What it is used for, for whoever fills it.
 */
about: string, 
/**
 * Keys that fit best.
 */
keys: Array<string>, 
/**
 * Keys with a part (split at `_` and `-`) that starts with one of these fit, too.
 */
words: Array<string>, 
/**
 * Kinds of it that fit (`file`, `mail`, … of an effect; `boolean`, `number`, `variant`, `text` of a lever); empty for all.
 */
of: Array<string>, 
/**
 * The hardest to undo that still fits.
 */
at_most?: Reversibility, 
/**
 * Which way a metric should move.
 */
better?: Better, 
/**
 * The business's key that fills it, once bound.
 */
bound?: string, };

/**
 * What may fill a role.
 */
export type WorkflowNeedKind = "effect" | "lever" | "metric" | "workflow";

/**
 * A step with its edges.
 */
export type WorkflowNode = { key: string, title: string, 
/**
 * Where it goes on; several go on side by side.
 */
next?: Array<string>, 
/**
 * Where it goes on when it fails; without one the run fails.
 */
on_error?: string, 
/**
 * Variables it sets: name and where the value lies in the result (`order.amount`; empty for the result itself).
 */
into?: { [key in string]: string }, retry?: WorkflowRetry, timeout?: WorkflowTimeout, 
/**
 * What undoes it, should the run fail or be cancelled later.
 */
undo?: WorkflowCall, } & ({ "kind": "effect", effect: string, payload: WorkflowTemplate, } | { "kind": "lever", lever: string, to: WorkflowTemplate, } | { "kind": "wait", for_ms: number, } | { "kind": "timer", at: WorkflowCadence, } | { "kind": "signal", name: string, } | { "kind": "decision", question: string, options: Array<WorkflowChoice>, 
/**
 * The option taken when nobody answers.
 */
silence: string, 
/**
 * How long it is asked.
 */
within_ms: number, } | { "kind": "branch", cases: Array<WorkflowCase>, 
/**
 * Where none holds.
 */
otherwise: string, } | { "kind": "measure", metric: string, window_ms: number, } | { "kind": "experiment", question: WorkflowQuestion, } | { "kind": "set", values: { [key in string]: string }, } | { "kind": "sub", workflow: string, 
/**
 * Its inputs, as expressions.
 */
inputs: { [key in string]: WorkflowTemplate }, 
/**
 * Whether this one goes on only when that one has ended.
 */
wait: boolean, } | { "kind": "join", gather: WorkflowGather, } | { "kind": "end", outcome: WorkflowOutcome, });

/**
 * A node that is in both and differs.
 */
export type WorkflowNodeChange = { node: string, fields: Array<WorkflowFieldChange>, };

/**
 * A node in words.
 */
export type WorkflowNodeWords = { node: string, 
/**
 * What it does, in one sentence.
 */
does: string, 
/**
 * Where it goes on, one sentence per way.
 */
goes: Array<string>, 
/**
 * What it says about failing, taking too long and being undone.
 */
care: Array<string>, };

/**
 * How a path ends.
 */
export type WorkflowOutcome = "succeeded" | "failed";

/**
 * The run that started this one, and the key under which it waits.
 */
export type WorkflowParent = { run: string, key: string, };

/**
 * Something that stands in the way of publishing a text.
 */
export type WorkflowProblemView = { 
/**
 * From 1; 0 where it has no place in the text.
 */
line: number, column: number, 
/**
 * `node.send.effect`.
 */
path: string, message: string, hint: string, };

/**
 * A question for the experiments.
 */
export type WorkflowQuestion = { lever: string, 
/**
 * The first is the control.
 */
arms: Array<WorkflowArm>, metric: string, 
/**
 * What is believed and why, in a sentence.
 */
hypothesis: string, 
/**
 * Share of those concerned who are in it, 0 to 1.
 */
share: number, 
/**
 * Predicate over attributes (`plan == 'pro'`): whom it is about.
 */
audience?: string, 
/**
 * The smallest relative effect worth knowing; the designer finds one when absent.
 */
mde?: number, };

/**
 * An outside action with its arguments filled in.
 */
export type WorkflowRequest = { "kind": "effect", effect: string, payload: unknown, } | { "kind": "lever", lever: string, to: LeverValue, } | { "kind": "restore", lever: string, of: string, to: LeverValue | null, };

/**
 * How often and after which pauses a failed call is tried again.
 *
 * Before attempt `n + 1` it pauses a time drawn evenly from nothing to `min(most, first · factor^(n-1))` (full jitter), the
 * draw being a hash of run, node, visit and attempt.
 */
export type WorkflowRetry = { 
/**
 * In all, the first included.
 */
attempts: number, first_ms: number, factor: number, most_ms: number, };

/**
 * A role of a procedure that comes with the program.
 */
export type WorkflowRoleView = { role: string, kind: WorkflowNeedKind, about: string, 
/**
 * Keys of this business that fit, the best first.
 */
fits: Array<string>, };

/**
 * A run.
 */
export type WorkflowRun = { id: string, workflow: string, version: number, state: WorkflowRunState, 
/**
 * Where it is; empty before the first step and after the last.
 */
tokens?: Array<WorkflowToken>, variables?: { [key in string]: WorkflowScalar }, 
/**
 * What is to be undone should it fail, in the order in which it was done.
 */
done?: Array<WorkflowDone>, 
/**
 * Calls that were withdrawn and of which it is not yet known whether they took place.
 */
settling?: Array<WorkflowSettling>, 
/**
 * What is being undone now: the last of `done`.
 */
undoing?: WorkflowUndoing, counters: WorkflowCounters, 
/**
 * How often each node was entered.
 */
visits?: { [key in string]: number }, 
/**
 * Arguments of the calls made since something last came from outside, and how often.
 */
echoes?: { [key in string]: number }, 
/**
 * Ids of the signals taken, oldest first.
 */
signals?: Array<string>, started_at: number, 
/**
 * The latest instant it may live to.
 */
lives_until: number, parent?: WorkflowParent, 
/**
 * Why it is being undone.
 */
ending?: WorkflowEnding, ended?: WorkflowEnded, };

/**
 * Starts a run.
 */
export type WorkflowRunArgs = { key: string, input: Record<string, WorkflowScalar>, };

/**
 * A run in one line.
 */
export type WorkflowRunBrief = { id: string, workflow: string, title: string, version: number, state: WorkflowRunState, started_at: number, updated_at: number, 
/**
 * When the clock moves it next.
 */
due: number | null, 
/**
 * Titles of the nodes it stands at.
 */
at: Array<string>, 
/**
 * What it waits for, in words.
 */
waits: Array<string>, 
/**
 * How it ended, in one sentence.
 */
ended: string | null, };

/**
 * What a migration would do to one run.
 */
export type WorkflowRunMigration = { run: string, 
/**
 * Where its tokens stand, and where they would.
 */
lands: Array<[string, string]>, 
/**
 * Why it cannot go on by the new version; empty when it can.
 */
problems: Array<string>, };

/**
 * Where a run stands.
 */
export type WorkflowRunState = "running" | "waiting" | "compensating" | "compensated" | "succeeded" | "failed" | "cancelled" | "quarantined";

/**
 * A step of a run, as its journal row says it.
 */
export type WorkflowRunStep = { 
/**
 * The journal's row.
 */
seq: number, at: number, actor: string, event: WorkflowEvent, 
/**
 * The run's state after it.
 */
state: WorkflowRunState, 
/**
 * Nodes it stood at after it.
 */
at_nodes: Array<string>, 
/**
 * What it asked for and noted, in words.
 */
did: Array<string>, };

/**
 * A run with its steps and what it waits for.
 */
export type WorkflowRunView = { brief: WorkflowRunBrief, run: WorkflowRun, definition: WorkflowDefinition, graph: WorkflowGraph, waits: Array<WorkflowWaiting>, 
/**
 * Decisions its calls and questions became, by the key of the wait.
 */
decisions: Record<string, string>, 
/**
 * Newest first; at most 500.
 */
steps: Array<WorkflowRunStep>, 
/**
 * Runs it started.
 */
children: Array<string>, };

/**
 * Which runs. Newest first.
 */
export type WorkflowRunsArgs = { workflow: string | null, 
/**
 * Only those of which something may still come.
 */
open: boolean, limit: number | null, };

/**
 * A value of a variable.
 */
export type WorkflowScalar = null | boolean | number | string;

/**
 * One passage through a fork.
 */
export type WorkflowScope = { 
/**
 * The node whose several `next` sent the tokens out.
 */
fork: string, id: number, };

/**
 * A withdrawn call whose answer is still out.
 */
export type WorkflowSettling = { key: string, node: string, visit: number, on: WorkflowWaitOn, attempt: number, request?: WorkflowRequest, 
/**
 * When it counts as unknown.
 */
until: number, };

/**
 * Sends a run a signal.
 */
export type WorkflowSignalArgs = { run: string, name: string, payload: unknown, 
/**
 * The wait it is for, where several steps wait for the same name.
 */
key: string | null, 
/**
 * Tells one signal from the next; the same is taken once.
 */
id: string | null, };

/**
 * JSON with `{expressions}` in its texts. A text that is nothing but one expression becomes its value, with its type; within
 * other text a missing value reads `unknown`. `{{` and `}}` are braces.
 */
export type WorkflowTemplate = unknown;

/**
 * A procedure's TOML.
 */
export type WorkflowTextArgs = { toml: string, };

/**
 * How long a step may take.
 */
export type WorkflowTimeout = { after_ms: number, 
/**
 * Where it goes on then; without it the step has failed.
 */
next?: string, };

/**
 * A place in the graph at which the run stands.
 */
export type WorkflowToken = { id: number, node: string, 
/**
 * The how manyeth time the run is at this node, from 1.
 */
visit: number, 
/**
 * The forks it came out of, outermost first.
 */
scopes?: Array<WorkflowScope>, 
/**
 * What it waits for. Between two events every token waits.
 */
wait?: WorkflowWait, };

/**
 * What starts a run.
 */
export type WorkflowTrigger = { "kind": "manual" } | { "kind": "schedule", every: WorkflowCadence, } | { "kind": "insight", metric: string, direction: WorkflowDirection, } | { "kind": "decision", state: State, 
/**
 * Only those about this: `lever pro_price`, `effect alert`.
 */
target?: string, };

/**
 * How something is undone; its arguments are fixed when it was done, since variables go on changing.
 */
export type WorkflowUndo = { "kind": "call", request: WorkflowRequest, } | { "kind": "unknown", reason: string, };

/**
 * An undoing under way.
 */
export type WorkflowUndoing = { key: string, node: string, attempt: number, since: number, 
/**
 * The end of the pause before the next attempt; absent while one is out.
 */
due?: number, };

/**
 * A version that was published.
 */
export type WorkflowVersionView = { version: number, published_at: number, by: string, 
/**
 * Of what it says.
 */
hash: string, 
/**
 * Runs that pin it and are open.
 */
open: number, };

/**
 * One version of a procedure with its graph and its runs.
 */
export type WorkflowView = { brief: WorkflowBrief, 
/**
 * The version that is shown.
 */
version: number, definition: WorkflowDefinition, 
/**
 * Its TOML, comments kept.
 */
text: string, graph: WorkflowGraph, words: Array<WorkflowNodeWords>, 
/**
 * Newest first.
 */
versions: Array<WorkflowVersionView>, 
/**
 * Newest first, of all versions.
 */
runs: Array<WorkflowRunBrief>, 
/**
 * What its runs used of the ceilings of a day.
 */
today: WorkflowDay, };

/**
 * What a token waits for.
 */
export type WorkflowWait = { 
/**
 * Names this wait and no other: events say it. Hash of run, node and visit, never of the attempt.
 */
key: string, on: WorkflowWaitOn, since: number, 
/**
 * When it goes on by itself: the end of a pause, of a wait, of the founder's time to answer.
 */
due?: number, 
/**
 * When the node has taken too long.
 */
until?: number, 
/**
 * The how manyeth attempt of a call is out, from 1.
 */
attempt?: number, 
/**
 * The call that is out: another attempt sends the same.
 */
request?: WorkflowRequest, };

/**
 * What somebody else has to do, or what has to come, before a token goes on.
 */
export type WorkflowWaitOn = { "kind": "call" } | { "kind": "pause" } | { "kind": "time" } | { "kind": "signal", name: string, } | { "kind": "founder" } | { "kind": "measure" } | { "kind": "verdict" } | { "kind": "child", run: string, } | { "kind": "gather", gather: WorkflowGather, 
/**
 * The passage through the fork it gathers.
 */
scope: number, };

/**
 * Something a run waits for, as [`Run::waits_for`] lists it.
 */
export type WorkflowWaiting = { key: string, node: string, on: WorkflowWaitOn, since: number, 
/**
 * When the run goes on even without it.
 */
due: number | null, 
/**
 * The call that is waited for undoes another.
 */
undoes: boolean, };

/**
 * All procedures.
 */
export type WorkflowsView = { workflows: Array<WorkflowBrief>, refused: Array<WorkflowFileView>, 
/**
 * Open runs of all of them.
 */
open: number, };

export interface Reads {
  status: { args: Nothing; result: StatusView };
  today: { args: RangeArgs; result: TodayView };
  hierarchy: { args: Nothing; result: HierarchyView };
  kpis: { args: RangeArgs; result: KpisView };
  kpi: { args: KpiArgs; result: KpiView };
  rows: { args: RowsArgs; result: RowsView };
  approvals: { args: Nothing; result: Array<Decision> };
  decisions: { args: DecisionsArgs; result: DecisionsView };
  decision: { args: IdArgs; result: DecisionView };
  repredict: { args: RepredictArgs; result: Decision };
  check_config: { args: SaveConfigArgs; result: Array<ProblemView> };
  insights: { args: RangeArgs; result: Array<Insight> };
  series: { args: KpiArgs; result: SeriesView };
  count: { args: CountArgs; result: CountView };
  connections: { args: Nothing; result: ConnectionsView };
  levers: { args: Nothing; result: LeversView };
  lever: { args: LeverArgs; result: LeverDetailView };
  try_lever: { args: TryLeverArgs; result: LeverTrialView };
  experiments: { args: Nothing; result: ExperimentsView };
  experiment: { args: ExperimentArgs; result: ExperimentView };
  experiment_check: { args: AskExperimentArgs; result: ExperimentCheckView };
  person: { args: UnitArgs; result: PersonView };
  import_preview: { args: PreviewArgs; result: ImportPreviewView };
  import_progress: { args: Nothing; result: ImportProgress | null };
  reports: { args: Nothing; result: ReportsView };
  report_preview: { args: RangeArgs; result: ReportPreview };
  policy: { args: Nothing; result: PolicyView };
  counterfactual: { args: PolicyArgs; result: CounterfactualView };
  check_policy: { args: PolicyArgs; result: PolicyCheckView };
  settings: { args: Nothing; result: SettingsView };
  clients: { args: Nothing; result: Array<ClientView> };
  search: { args: SearchArgs; result: Array<Hit> };
  audit: { args: Nothing; result: AuditView };
  grants: { args: Nothing; result: Array<Grant> };
  halts: { args: Nothing; result: Array<Scope> };
  autonomy: { args: Nothing; result: Array<Standing> };
  budgets: { args: Nothing; result: Array<BudgetView> };
  calibration: { args: Nothing; result: Array<CalibrationView> };
  sandbox: { args: Nothing; result: SandboxView | null };
  sandbox_scenarios: { args: Nothing; result: Array<ScenarioView> };
  sandbox_truth: { args: Nothing; result: SandboxTruthView };
  workflows: { args: Nothing; result: WorkflowsView };
  workflow: { args: WorkflowArgs; result: WorkflowView };
  workflow_check: { args: WorkflowTextArgs; result: WorkflowCheckView };
  workflow_diff: { args: WorkflowDiffArgs; result: WorkflowDiff };
  workflow_library: { args: Nothing; result: Array<WorkflowLibraryView> };
  workflow_migration: { args: WorkflowMigrateArgs; result: WorkflowMigration };
  runs: { args: WorkflowRunsArgs; result: Array<WorkflowRunBrief> };
  run: { args: IdArgs; result: WorkflowRunView };
}

export interface Writes {
  create_business: { args: CreateArgs; result: StatusView };
  open_business: { args: OpenArgs; result: StatusView };
  propose: { args: ProposeArgs; result: Decision };
  approve: { args: AnswerArgs; result: Decision };
  edit: { args: EditArgs; result: Decision };
  veto: { args: VetoArgs; result: Decision };
  defer: { args: DeferArgs; result: Decision };
  ask: { args: AskArgs; result: Decision };
  delegate: { args: DelegateArgs; result: Decision };
  withdraw_approval: { args: IdArgs; result: Decision };
  reopen: { args: IdArgs; result: Decision };
  revoke_grant: { args: IdArgs; result: Array<Grant> };
  halt: { args: HaltArgs; result: Array<Scope> };
  release: { args: HaltArgs; result: Array<Scope> };
  pause: { args: RunArgs; result: StatusView };
  stop: { args: RunArgs; result: StatusView };
  resume: { args: RunArgs; result: StatusView };
  import_start: { args: ImportArgs; result: ImportProgress };
  import_cancel: { args: Nothing; result: ImportProgress | null };
  replay_speed: { args: ReplayArgs; result: StatusView };
  save_config: { args: SaveConfigArgs; result: SettingsView };
  add_config: { args: AddConfigArgs; result: SettingsView };
  save_policy: { args: PolicyArgs; result: PolicyView };
  set_playbook: { args: PlaybookArgs; result: SettingsView };
  make_key: { args: KeyArgs; result: KeyMade };
  revoke_key: { args: IdArgs; result: ConnectionsView };
  make_client: { args: MakeClientArgs; result: ClientMade };
  renew_client: { args: IdArgs; result: ClientMade };
  revoke_client: { args: RevokeClientArgs; result: ClientRevoked };
  kill_lever: { args: LeverArgs; result: LeverDetailView };
  restore_lever: { args: LeverArgs; result: LeverDetailView };
  ask_experiment: { args: AskExperimentArgs; result: Experiment };
  end_experiment: { args: EndExperimentArgs; result: Experiment };
  workflow_publish: { args: WorkflowTextArgs; result: WorkflowView };
  workflow_adopt: { args: WorkflowAdoptArgs; result: WorkflowView };
  workflow_run: { args: WorkflowRunArgs; result: WorkflowRunView };
  workflow_migrate: { args: WorkflowMigrateArgs; result: WorkflowMigration };
  run_signal: { args: WorkflowSignalArgs; result: WorkflowRunView };
  run_cancel: { args: WorkflowCancelArgs; result: WorkflowRunView };
  add_source: { args: AddSourceArgs; result: SourceAdded };
  set_secret: { args: SecretArgs; result: Array<SecretView> };
  remove_secret: { args: NameArgs; result: Array<SecretView> };
  replay_rejection: { args: ReplayRejectionArgs; result: RejectionReplayed };
  erase_person: { args: UnitArgs; result: ErasedView };
  make_report: { args: ReportArgs; result: ReportFile };
  backup: { args: BackupArgs; result: BackupView };
  rebuild: { args: Nothing; result: RebuildView };
  sandbox_start: { args: SandboxStartArgs; result: StatusView };
  sandbox_speed: { args: SandboxSpeedArgs; result: SandboxView };
  sandbox_skip: { args: SandboxSkipArgs; result: SandboxView };
  sandbox_inject: { args: SandboxInjectArgs; result: SandboxView };
  sandbox_reset: { args: Nothing; result: StatusView };
  sandbox_delete: { args: Nothing; result: StatusView };
}

/** Topics a read depends on. */
export const PROVIDES: Record<keyof Reads, string[]> = {
  status: ["status"],
  today: ["kpis", "decisions", "status"],
  hierarchy: ["decisions", "kpis"],
  kpis: ["kpis"],
  kpi: ["kpis", "decisions"],
  rows: ["kpis"],
  approvals: ["decisions"],
  decisions: ["decisions"],
  decision: ["decisions"],
  repredict: ["decisions"],
  check_config: [],
  insights: ["kpis"],
  series: ["kpis"],
  count: ["kpis"],
  connections: ["connections"],
  levers: ["levers"],
  lever: ["levers"],
  try_lever: ["levers"],
  experiments: ["experiments", "decisions"],
  experiment: ["experiments", "decisions", "levers"],
  experiment_check: ["experiments"],
  person: ["kpis"],
  import_preview: [],
  import_progress: ["status"],
  reports: ["reports"],
  report_preview: ["kpis", "decisions"],
  policy: ["settings"],
  counterfactual: ["settings", "decisions"],
  check_policy: ["settings", "decisions"],
  settings: ["settings"],
  clients: ["settings", "decisions"],
  search: ["settings", "decisions"],
  audit: ["decisions"],
  grants: ["decisions"],
  halts: ["status", "decisions"],
  autonomy: ["decisions"],
  budgets: ["decisions", "settings"],
  calibration: ["decisions"],
  sandbox: ["sandbox", "status"],
  sandbox_scenarios: [],
  sandbox_truth: [],
  workflows: ["workflows", "decisions"],
  workflow: ["workflows", "decisions"],
  workflow_check: ["settings"],
  workflow_diff: ["workflows"],
  workflow_library: ["workflows", "settings"],
  workflow_migration: ["workflows"],
  runs: ["workflows", "decisions"],
  run: ["workflows", "decisions"],
};
