//! What the founder writes: `business.toml` as types. Parsing, validation and their line numbers live in `business/parse.rs`.

mod defaults;
mod effect;
mod limits;
mod literal;
mod parse;
mod parse_arms;
mod parse_effect;
mod parse_experiment;
mod parse_lever;
mod parse_limits;
mod parse_metric;
mod parse_publish;
mod parse_rule;
mod parse_source;
mod problem;
mod section;
mod settle_experiments;
mod settle_levers;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub use effect::{EffectKind, EffectTarget, MailTls, ModelApi, Promise};
pub use limits::{AUDIT_SHARE, Budget, COOL_OFF, Drawdown, Limits, Period, Rate, fits};
pub use literal::{currency_digits, duration_ms};
pub use parse_arms::{arm_key, misfit};
pub use problem::Problem;
pub use section::{Section, Sink, did_you_mean, plain_number};

use crate::experiment::{Experimenting, Spec};
use crate::serving::Serving;
use crate::time::Grain;

/// The thirteen domains; every metric, lever and playbook belongs to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Domain {
    Product,
    Marketing,
    Pricing,
    Support,
    Analytics,
    Content,
    Ux,
    Sales,
    Operations,
    Ecommerce,
    Iot,
    Saas,
    Infrastructure,
}

/// Which way a metric should move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    Up,
    Down,
    Neither,
}

/// How a number is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// A plain number with as many digits as it needs.
    Number,
    /// A whole number.
    Integer,
    /// Money in the business's currency.
    Money,
    /// A share, shown in per cent.
    Percent,
    /// Seconds, shown as h/m/s.
    Duration,
}

/// Something counted or summed per bucket: events of one name, filtered, as count, sum or distinct values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Measure {
    /// The event's name.
    pub event: String,
    /// Only events for which this expression is true (`country == 'DE' and amount > 10`).
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// Sum of this expression over properties; without it events are counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Count distinct values of this property (`unit` for units) instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// For conversions and retention: how long after the start it still counts (`7d`, `12h`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<String>,
}

/// What a metric computes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum MetricKind {
    /// Events.
    Count { measure: Measure },
    /// Distinct units, or distinct values of a property (`of`). Only known units are counted: an event without a unit adds
    /// nothing here (it still counts in [`MetricKind::Count`] and [`MetricKind::Sum`]), and a missing property is no value.
    Unique { measure: Measure },
    /// Sum of a value.
    Sum { measure: Measure },
    /// Sum (or count) per distinct unit (`of`, default unit).
    MeanPerUnit { measure: Measure },
    /// Share of units with the denominator's event in the bucket that had the numerator's event within the window after it.
    Proportion { numerator: Measure, denominator: Measure },
    /// One measure over another.
    Ratio { numerator: Measure, denominator: Measure },
    /// Share of the units first seen in the bucket that came back between `after` and `after + within`.
    Retention { start: Measure, comeback: Measure, after: String, within: String },
    /// A quantile of a value, within 0.5 % relative error.
    Quantile { measure: Measure, q: f64 },
    /// An expression over other metrics, measures (`sum(order.amount)`, `count(visit)`, `unique(visit)`) and durations (`/ 1 month`).
    Formula { formula: String },
}

impl MetricKind {
    /// Whether it can be said of one unit alone, so that arms of an experiment can be compared by it: what a unit did, summed,
    /// counted, or divided. A formula of other metrics cannot, nor can distinct values of a property, which units share.
    pub fn is_per_unit(&self) -> bool {
        let of_units = |m: &Measure| m.of.as_deref().is_none_or(|of| of == "unit");
        match self {
            Self::Count { .. }
            | Self::Sum { .. }
            | Self::Quantile { .. }
            | Self::Proportion { .. }
            | Self::Retention { .. } => true,
            Self::Unique { measure } | Self::MeanPerUnit { measure } => of_units(measure),
            Self::Ratio { numerator, denominator } => of_units(numerator) && of_units(denominator),
            Self::Formula { .. } => false,
        }
    }
}

/// A KPI.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Metric {
    /// One word others refer to.
    pub key: String,
    /// What people read; defaults to the key in words.
    pub title: String,
    /// What it computes.
    #[serde(flatten)]
    pub kind: MetricKind,
    /// The unit of analysis and of the value, in words (`visitor`, `order`).
    pub unit: Option<String>,
    /// The kind of group whose key is the unit of analysis (`company`: `$groups.company` of the event); absent for persons.
    #[serde(default)]
    pub by: Option<String>,
    /// Direction.
    pub better: Better,
    /// Domain.
    pub domain: Domain,
    /// How it is written.
    pub format: Format,
    /// Properties it is split by.
    pub segments: Vec<String>,
    /// Width of its own buckets: the loop looks at it when one closes.
    pub grain: Grain,
    /// What one unit of the value per bucket is worth in minor units of money, where the founder said so; money metrics are worth themselves.
    pub worth_minor: Option<f64>,
}

/// A target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Goal {
    /// The metric's key.
    pub metric: String,
    /// The value to reach.
    pub target: f64,
    /// Until then (ms), if dated.
    pub by: Option<i64>,
}

/// How hard something is to undo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
pub enum Reversibility {
    /// Read or draft.
    R0,
    /// Free undo.
    R1,
    /// Undo at a cost.
    R2,
    /// Cannot be undone.
    R3,
}

/// A value a lever can take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(untagged)]
pub enum LeverValue {
    Bool(bool),
    Number(f64),
    Text(String),
}

/// What values a lever may take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LeverKind {
    Boolean,
    Number { min: f64, max: f64, step: f64 },
    Variant { options: Vec<String> },
    Text { max_chars: u32 },
}

/// A typed value the engine may change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Lever {
    pub key: String,
    pub title: String,
    #[serde(flatten)]
    pub kind: LeverKind,
    pub default: LeverValue,
    pub domain: Domain,
    pub reversibility: Reversibility,
    /// What one change costs at once, in minor units (printing, migration); 0 when free.
    pub cost_minor: i64,
    /// To whom which value is served, and through which protocols. Journals of before this was known have none.
    #[serde(default)]
    pub serving: Serving,
}

/// A metric that must not get worse.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Guardrail {
    pub metric: String,
    /// Largest worsening against the baseline, in the metric's own unit (points for shares) …
    pub absolute: Option<f64>,
    /// … or as a share of the baseline.
    pub relative: Option<f64>,
}

/// How the levers reach the place they are published at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PublishKind {
    /// A file, relative to the business's folder.
    File { path: String },
    /// An HTTP PUT; `secret` names the entry of the secret store that holds the Authorization header's value.
    HttpPut {
        url: String,
        secret: Option<String>,
        /// Allows plain http and a private or loopback address, by name.
        allow_private: bool,
    },
    /// A file at `path` inside the clone at `repo`, committed to `branch` (the one checked out when absent), and pushed
    /// where `push` says so.
    Git { repo: String, path: String, branch: Option<String>, push: bool },
}

/// Where the levers are published as a GrowthBook payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PublishTarget {
    pub key: String,
    pub title: String,
    #[serde(flatten)]
    pub kind: PublishKind,
}

/// What a policy rule answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum PolicyAnswer {
    /// Runs without asking.
    Run,
    /// Becomes a card.
    Ask,
    /// Is refused.
    Deny,
}

/// A row of the policy table; the first row that fits decides, and what fits none asks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct PolicyRule {
    /// Name shown on the card.
    pub name: String,
    /// Levels it speaks of; empty for all.
    pub levels: Vec<crate::decision::Level>,
    /// Reversibilities it speaks of; empty for all.
    pub reversibility: Vec<Reversibility>,
    /// Domains it speaks of; empty for all.
    pub domains: Vec<Domain>,
    /// Only up to this stake, in minor units.
    pub stake_at_most_minor: Option<i64>,
    pub answer: PolicyAnswer,
}

/// Where events come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SourceKind {
    /// A write key of the gateway; the key itself is never in the file.
    Sdk,
    /// A watched folder, relative to the business's folder or absolute.
    Folder { path: String, pattern: Option<String> },
    /// Stripe's webhooks; the signing secret is in the secret store under the source's key.
    Stripe,
}

/// How columns become events; expressions over column names (`'order'`, `Quantity * UnitPrice`).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct Mapping {
    /// Event name.
    pub event: String,
    /// Time.
    pub time: String,
    /// Unit; empty for none.
    pub unit: String,
    /// Id that recognises duplicates; without it the row's own content does.
    pub id: Option<String>,
    /// Properties by name. Columns not named are kept under their own name unless `only_mapped`.
    pub props: std::collections::BTreeMap<String, String>,
    /// Drops columns that are not named.
    pub only_mapped: bool,
    /// Format of the time (`%d/%m/%Y %H:%M`), guessed when absent.
    pub time_format: Option<String>,
    /// Timezone of times without one; the business's by default.
    pub timezone: Option<String>,
    /// Field delimiter, guessed when absent.
    pub delimiter: Option<char>,
    /// Character encoding (WHATWG label), guessed when absent.
    pub encoding: Option<String>,
    /// `,` where numbers are written 1.234,56; guessed when absent.
    pub decimal: Option<char>,
    /// Sheet of a workbook; the first by default.
    pub sheet: Option<String>,
}

/// A source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Source {
    pub key: String,
    pub title: String,
    #[serde(flatten)]
    pub kind: SourceKind,
    pub map: Option<Mapping>,
    /// Only these properties are kept; empty for all.
    #[serde(default)]
    pub allow: Vec<String>,
    /// These properties are dropped.
    #[serde(default)]
    pub deny: Vec<String>,
    /// These are replaced by a keyed hash; `unit` hashes the unit's id.
    #[serde(default)]
    pub hash: Vec<String>,
    /// Keeps IP addresses; they are dropped unless this is set.
    #[serde(default)]
    pub keep_ip: bool,
}

/// The whole of `business.toml`, validated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Business {
    pub name: String,
    /// ISO 4217.
    pub currency: String,
    /// Digits after the point of the currency (2 for EUR, 0 for JPY).
    pub currency_digits: u32,
    /// IANA name.
    pub timezone: String,
    pub metrics: Vec<Metric>,
    pub goals: Vec<Goal>,
    pub levers: Vec<Lever>,
    pub effects: Vec<EffectTarget>,
    pub guardrails: Vec<Guardrail>,
    pub limits: Limits,
    pub policy: Vec<PolicyRule>,
    pub sources: Vec<Source>,
    #[serde(default)]
    pub publish: Vec<PublishTarget>,
    /// Policies in Cedar, from `policy.cedar` beside the file; they take the place of `policy`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub cedar: Option<String>,
    /// Playbooks switched off by key.
    pub playbooks_off: Vec<String>,
    /// Experiments declared in the file. Journals of before they were known have none.
    #[serde(default)]
    pub experiments: Vec<Spec>,
    /// How the engine experiments.
    #[serde(default)]
    pub experimenting: Experimenting,
}

#[cfg(test)]
mod tests;
