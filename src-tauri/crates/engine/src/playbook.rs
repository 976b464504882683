//! Playbooks: what to propose when something happens. Data, not code; see `assets/playbooks.toml` for the commented default.

use epoch_model::Error;
use epoch_model::business::{Better, Domain, EffectTarget, Format, Lever, LeverValue, Metric};
use epoch_model::decision::Alternative;
use epoch_model::time::Millis;
use serde::{Deserialize, Serialize};

mod parse;

/// Which metrics, levers or effects are meant. Everything written must hold; an empty matcher means everything.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Matcher {
    /// One of these keys …
    pub keys: Vec<String>,
    /// … or a key that contains one of these words (`_`-separated parts of the key).
    pub words: Vec<String>,
    /// One of these domains.
    pub domains: Vec<Domain>,
    /// Only this direction (metrics).
    pub better: Option<Better>,
    /// Only this format (metrics).
    pub format: Option<Format>,
}

/// Which way something went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Against the metric's `better`.
    Bad,
    /// With it.
    Good,
    /// Upwards.
    Up,
    /// Downwards.
    Down,
    /// Either.
    Any,
}

/// When a playbook proposes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Trigger {
    /// A closed bucket outside its baseline.
    Anomaly {
        /// The metric.
        metric: Matcher,
        /// Which way.
        direction: Direction,
        /// At least this far off, relative to what was expected.
        #[serde(default)]
        at_least: f64,
        /// Only when one segment value carries at least this share of the deviation.
        #[serde(default)]
        segment_share: Option<f64>,
        /// Only within this long after a decision of ours was executed in the playbook's domain (ms).
        #[serde(default)]
        after_change: Option<Millis>,
    },
    /// A value past a constant or another metric for some buckets running.
    Threshold {
        /// The metric.
        metric: Matcher,
        /// `true`: above, `false`: below.
        above: bool,
        /// The constant …
        #[serde(default)]
        value: Option<f64>,
        /// … or the other metric.
        #[serde(default)]
        other: Option<Matcher>,
        /// Buckets running.
        buckets: u32,
    },
    /// A declared guardrail is broken.
    Guardrail {
        /// The metric.
        metric: Matcher,
    },
    /// A declared goal is off course.
    Goal {
        /// The metric.
        metric: Matcher,
    },
}

/// What it proposes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Play {
    /// Sets the first declared lever that fits and can move.
    Lever {
        /// The lever.
        lever: Matcher,
        /// How.
        r#move: Move,
    },
    /// Posts to the first declared webhook that fits.
    Webhook {
        /// The effect.
        effect: Matcher,
        /// Body; `{metric}` `{actual}` `{expected}` `{headline}` `{segment}` `{value}` `{business}` are filled in in strings.
        payload: serde_json::Value,
    },
}

/// How a lever moves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Move {
    /// Up by so many steps.
    Up(u32),
    /// Down by so many steps.
    Down(u32),
    /// The next option of a variant, the other value of a switch.
    Next,
    /// To this value.
    To(LeverValue),
    /// Back to the value before the last change.
    Back,
    /// To the declared default.
    Default,
}

/// The expert's guess: relative improvement of the metric (positive is better) over the horizon against doing nothing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prior {
    /// 10 % quantile.
    pub p10: f64,
    /// Median.
    pub p50: f64,
    /// 90 % quantile.
    pub p90: f64,
}

/// When this happens, propose that.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Playbook {
    /// One word; the proposer is `playbook:<key>`.
    pub key: String,
    /// In words.
    pub title: String,
    /// The domain of the decision.
    pub domain: Domain,
    /// When.
    pub when: Trigger,
    /// What.
    pub act: Play,
    /// Expected effect.
    pub prior: Prior,
    /// How long the effect is observed (ms).
    pub horizon: Millis,
    /// No second proposal on the same metric for so long (ms).
    pub cooldown: Millis,
    /// How long the card waits for an answer (ms).
    pub expires: Millis,
    /// Headline with `{metric}` `{actual}` `{expected}` `{change}` `{lever}` `{from}` `{to}` `{segment}` `{value}`.
    pub headline: String,
    /// Ways not taken.
    pub alternatives: Vec<Alternative>,
    /// What can go wrong at worst.
    pub worst_case: String,
    /// Minutes the founder needs to judge or carry it out.
    pub founder_minutes: u32,
}

impl Playbook {
    /// Reads a file of playbooks. The error names the line and the reason.
    pub fn parse_all(text: &str) -> Result<Vec<Playbook>, Error> {
        parse::parse_all(text)
    }

    /// The playbooks that come with the engine (`assets/playbooks.toml`).
    pub fn defaults() -> Vec<Playbook> {
        // A test parses the file, so it cannot be broken in a release.
        parse::parse_all(DEFAULTS).unwrap_or_default()
    }

    /// The commented text of the playbooks that come with the engine.
    pub fn defaults_text() -> &'static str {
        DEFAULTS
    }
}

impl Matcher {
    /// Whether a metric is meant.
    pub fn metric(&self, metric: &Metric) -> bool {
        self.key(&metric.key)
            && (self.domains.is_empty() || self.domains.contains(&metric.domain))
            && self.better.is_none_or(|b| b == metric.better)
            && self.format.is_none_or(|f| f == metric.format)
    }

    /// Whether a lever is meant.
    pub fn lever(&self, lever: &Lever) -> bool {
        self.key(&lever.key) && (self.domains.is_empty() || self.domains.contains(&lever.domain))
    }

    /// Whether a webhook is meant.
    pub fn effect(&self, effect: &EffectTarget) -> bool {
        self.key(&effect.key) && (self.domains.is_empty() || self.domains.contains(&effect.domain))
    }

    fn key(&self, key: &str) -> bool {
        if self.keys.is_empty() && self.words.is_empty() {
            return true;
        }
        let part_fits = |part: &str| self.words.iter().any(|w| part.starts_with(w.as_str()));
        self.keys.iter().any(|k| k == key) || key.to_lowercase().split(['_', '-', '.', ' ']).any(part_fits)
    }
}

const DEFAULTS: &str = include_str!("../../../../assets/playbooks.toml");
