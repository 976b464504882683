//! The simulated business: how it stands, what can be simulated, and what was really going on.

use std::collections::BTreeMap;

use epoch_model::business::LeverValue;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The simulation behind the open business.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct SandboxView {
    /// The scenario's name.
    pub scenario: String,
    pub title: String,
    /// `shop`, `saas`, `marketplace`.
    pub company: String,
    pub seed: u64,
    /// First instant of the simulation, where it stands, and where it ends.
    pub from: i64,
    pub now: i64,
    pub until: i64,
    /// Until then it is filled as fast as it goes.
    pub history_until: i64,
    /// `filling` (history), `running`, `paused`, `ended`.
    pub phase: String,
    /// Of what is being filled, else of the whole simulation: 0 to 1.
    pub progress: f64,
    /// Sent so far.
    pub events: u64,
    /// Simulated seconds per second; a very large one is as fast as it goes, 0 stands still.
    pub speed: f64,
    /// Whether time stands still while a card waits, and whether it does so now.
    pub hold: bool,
    pub held: bool,
    /// While it is skipping, until when.
    pub skipping_until: Option<i64>,
    /// `live`: from a process of its own, through the gateway; `in_process`: beside the gateway. History is always filled
    /// beside it.
    pub transport: String,
    /// What can be let happen to it.
    pub injectable: Vec<InjectableView>,
    /// What was let happen, newest first.
    pub injected: Vec<InjectedView>,
    /// Why it stopped, where it did.
    pub problem: Option<String>,
}

/// A kind of incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct InjectableView {
    /// For `sandbox_inject`.
    pub kind: String,
    /// The cause in words.
    pub what: String,
}

/// An incident somebody let happen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct InjectedView {
    pub kind: String,
    pub at: i64,
    pub days: f64,
}

/// The frame's word of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct SandboxBrief {
    pub scenario: String,
    pub title: String,
    /// As in [`SandboxView`].
    pub phase: String,
    pub progress: f64,
    pub speed: f64,
}

/// A scenario that comes with the program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ScenarioView {
    pub name: String,
    pub title: String,
    /// `shop`, `saas`, `marketplace`.
    pub company: String,
    /// What happens in it.
    pub what: String,
    pub days: u32,
    /// About how many people come in that time.
    pub customers: u64,
}

/// What was really going on, and how well it was understood. Its computation takes seconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct SandboxTruthView {
    pub scenario: String,
    pub seed: u64,
    pub from: i64,
    pub until: i64,
    pub currency: String,
    /// Those that began so far, oldest first.
    pub incidents: Vec<TrueIncidentView>,
    /// Holidays and promotions.
    pub planned: Vec<PlannedView>,
    /// Whole days.
    pub money: Vec<DayMoneyView>,
    /// What moves what.
    pub edges: Vec<TrueEdgeView>,
    /// Levers with what each setting is worth now.
    pub levers: Vec<LeverWorthView>,
    pub score: ScoreView,
}

/// An incident with its cause, and whether it was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct TrueIncidentView {
    pub key: String,
    pub kind: String,
    /// The hidden cause.
    pub what: String,
    pub start: i64,
    pub end: i64,
    /// Whom it hit: dimension and value; everyone when absent.
    pub segment: Option<(String, String)>,
    /// Keys of the metrics it shows in, the most telling first.
    pub shows: Vec<String>,
    /// When it was noticed, by which insight and in which metric.
    pub found_at: Option<i64>,
    pub insight: Option<String>,
    pub metric: Option<String>,
    /// Whether the insight named the segment; absent where it hit everyone.
    pub localised: Option<bool>,
}

/// Something everybody could have known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PlannedView {
    pub what: String,
    pub start: i64,
    pub end: i64,
}

/// Profit of a day in minor units: as it was, with all levers at their defaults, and in the hands of one who knows all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DayMoneyView {
    pub day: i64,
    pub actual: i64,
    pub nothing: i64,
    pub oracle: i64,
}

/// Something moves something else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct TrueEdgeView {
    /// A lever or a metric.
    pub from: String,
    /// A metric.
    pub to: String,
    /// 1 or -1.
    pub sign: i8,
    /// d ln(to) / d ln(from).
    pub elasticity: f64,
    pub lag_days: f64,
}

/// A lever: what it is set to and what would be best, by expected profit over these four weeks with all others at their
/// defaults.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct LeverWorthView {
    pub lever: String,
    pub now: Option<LeverValue>,
    pub best: LeverValue,
    /// What one who knows all has it at now, together with all others; absent where that differs by segment.
    pub oracle: Option<LeverValue>,
    pub settings: Vec<SettingWorthView>,
}

/// A setting and its expected profit a day in minor units.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct SettingWorthView {
    pub value: LeverValue,
    pub minor_per_day: i64,
}

/// The scorecard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ScoreView {
    pub incidents: u32,
    pub found: u32,
    /// Hours from an incident's start until it was found.
    pub median_delay_hours: Option<f64>,
    pub insights: u32,
    /// Insights with another known reason: an aftermath, a holiday, an own decision.
    pub explained: u32,
    pub false_alarms: u32,
    pub false_alarms_per_week: f64,
    /// Profit so far in minor units; `share` is 0 for doing nothing and 1 for the oracle.
    pub actual_minor: i64,
    pub nothing_minor: i64,
    pub oracle_minor: i64,
    pub share: Option<f64>,
    /// Days on which a guardrail was broken, by metric.
    pub guardrail_days: BTreeMap<String, u32>,
    /// Experiments that ended: those whose verdict is what the truth says, and those whose is not.
    pub experiments_right: u32,
    pub experiments_wrong: u32,
}

/// Starts a simulated business in a folder of its own and opens it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
pub struct SandboxStartArgs {
    /// A name of `sandbox_scenarios`, or the text of a scenario.
    pub scenario: String,
    /// 1 when absent.
    #[serde(default)]
    pub seed: Option<u64>,
    /// Days filled at once; 90 when absent, at most the scenario's length.
    #[serde(default)]
    pub history_days: Option<u32>,
    /// Simulated seconds per second after that; an hour per second when absent, 0 stands still.
    #[serde(default)]
    pub speed: Option<f64>,
    /// Whether time stands still while a card waits; it does not when absent.
    #[serde(default)]
    pub hold: Option<bool>,
    /// Whether the company lives in a process of its own and comes in through the gateway after its history; it does, where
    /// that is possible, when absent.
    #[serde(default)]
    pub live: Option<bool>,
    /// The folder; below the data home when absent.
    #[serde(default)]
    pub folder: Option<String>,
}

/// How fast it goes on: simulated seconds per second.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, TS)]
pub struct SandboxSpeedArgs {
    /// 0 stands still; from a billion on as fast as it goes.
    pub speed: f64,
    /// Whether time stands still while a card waits; as it was when absent.
    #[serde(default)]
    pub hold: Option<bool>,
}

/// Goes on as fast as it goes for so many days, then as before.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, TS)]
pub struct SandboxSkipArgs {
    pub days: f64,
}

/// Lets something happen to the simulated business from now on.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct SandboxInjectArgs {
    /// As in [`SandboxView::injectable`].
    pub kind: String,
    /// 3 when absent.
    #[serde(default)]
    pub days: Option<f64>,
}
