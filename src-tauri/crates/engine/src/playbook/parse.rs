//! Reading playbooks from TOML, with the line of whatever is wrong.

use std::collections::{BTreeMap, BTreeSet};

use epoch_model::business::{Domain, LeverValue};
use epoch_model::decision::Alternative;
use epoch_model::time::{DAY, HOUR, Millis};
use epoch_model::{Code, Error};
use serde::Deserialize;
use toml::Spanned;

use super::{Direction, Matcher, Move, Play, Playbook, Prior, Trigger};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    role: BTreeMap<String, Matcher>,
    #[serde(default)]
    playbook: Vec<Raw>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    key: Spanned<String>,
    title: String,
    domain: Domain,
    when: Spanned<When>,
    act: Spanned<RawAct>,
    effect: Spanned<RawPrior>,
    horizon: Spanned<String>,
    cooldown: Spanned<String>,
    expires: Spanned<String>,
    headline: String,
    worst_case: String,
    minutes: u32,
    #[serde(default)]
    alternatives: Vec<Alternative>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Anomaly,
    Threshold,
    Guardrail,
    Goal,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct When {
    trigger: Kind,
    metric: Spanned<Role>,
    direction: Option<Direction>,
    at_least: Option<Spanned<Figure>>,
    segment_share: Option<Spanned<Figure>>,
    after_change: Option<Spanned<String>>,
    above: Option<Spanned<Figure>>,
    below: Option<Spanned<Figure>>,
    above_metric: Option<Spanned<Role>>,
    below_metric: Option<Spanned<Role>>,
    r#for: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAct {
    lever: Option<Spanned<Role>>,
    r#move: Option<Spanned<RawMove>>,
    steps: Option<u32>,
    webhook: Option<Spanned<Role>>,
    payload: Option<toml::Table>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawMove {
    Name(String),
    To { to: LeverValue },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Role {
    Name(String),
    Inline(Matcher),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Figure {
    Number(f64),
    Text(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPrior {
    p10: Spanned<Figure>,
    p50: Spanned<Figure>,
    p90: Spanned<Figure>,
}

struct Reader<'a> {
    text: &'a str,
    roles: BTreeMap<String, Matcher>,
}

pub(super) fn parse_all(text: &str) -> Result<Vec<Playbook>, Error> {
    let file: File = toml::from_str(text).map_err(|e| {
        let at = e.span().map_or(0, |s| s.start);
        fault(text, at, e.message())
    })?;
    let reader = Reader { text, roles: file.role };
    let mut seen = BTreeSet::new();
    let mut out = Vec::with_capacity(file.playbook.len());
    for raw in file.playbook {
        let key = raw.key.get_ref().clone();
        let at = raw.key.span().start;
        if !seen.insert(key.clone()) {
            return Err(fault(text, at, &format!("a playbook named {key} was already written above")));
        }
        out.push(reader.playbook(raw)?);
    }
    Ok(out)
}

impl Reader<'_> {
    fn playbook(&self, raw: Raw) -> Result<Playbook, Error> {
        Ok(Playbook {
            key: raw.key.into_inner(),
            title: raw.title,
            domain: raw.domain,
            when: self.trigger(&raw.when)?,
            act: self.act(&raw.act)?,
            prior: self.prior(&raw.effect)?,
            horizon: self.duration(&raw.horizon)?,
            cooldown: self.duration(&raw.cooldown)?,
            expires: self.duration(&raw.expires)?,
            headline: raw.headline,
            alternatives: raw.alternatives,
            worst_case: raw.worst_case,
            founder_minutes: raw.minutes,
        })
    }

    fn trigger(&self, raw: &Spanned<When>) -> Result<Trigger, Error> {
        let when = raw.get_ref();
        let metric = self.role(&when.metric)?;
        let only_for = |wanted: bool, present: bool, field: &str, trigger: &str| {
            if present && !wanted {
                return Err(fault(
                    self.text,
                    raw.span().start,
                    &format!("`{field}` belongs to trigger = \"{trigger}\""),
                ));
            }
            Ok(())
        };
        let anomaly = matches!(when.trigger, Kind::Anomaly);
        only_for(anomaly, when.direction.is_some(), "direction", "anomaly")?;
        only_for(anomaly, when.at_least.is_some(), "at_least", "anomaly")?;
        only_for(anomaly, when.segment_share.is_some(), "segment_share", "anomaly")?;
        only_for(anomaly, when.after_change.is_some(), "after_change", "anomaly")?;
        only_for(matches!(when.trigger, Kind::Threshold), when.r#for.is_some(), "for", "threshold")?;
        Ok(match when.trigger {
            Kind::Anomaly => Trigger::Anomaly {
                metric,
                direction: when.direction.unwrap_or(Direction::Bad),
                at_least: when.at_least.as_ref().map_or(Ok(0.0), |f| self.figure(f))?,
                segment_share: when.segment_share.as_ref().map(|f| self.figure(f)).transpose()?,
                after_change: when.after_change.as_ref().map(|d| self.duration(d)).transpose()?,
            },
            Kind::Threshold => {
                let buckets = when.r#for.unwrap_or(1).clamp(1, 1000);
                let sides = (&when.above, &when.below, &when.above_metric, &when.below_metric);
                let (above, value, other) = match sides {
                    (Some(f), None, None, None) => (true, Some(self.figure(f)?), None),
                    (None, Some(f), None, None) => (false, Some(self.figure(f)?), None),
                    (None, None, Some(r), None) => (true, None, Some(self.role(r)?)),
                    (None, None, None, Some(r)) => (false, None, Some(self.role(r)?)),
                    _ => {
                        let reason = "a threshold needs exactly one of above, below, above_metric, below_metric";
                        return Err(fault(self.text, raw.span().start, reason));
                    }
                };
                Trigger::Threshold { metric, above, value, other, buckets }
            }
            Kind::Guardrail => Trigger::Guardrail { metric },
            Kind::Goal => Trigger::Goal { metric },
        })
    }

    fn act(&self, raw: &Spanned<RawAct>) -> Result<Play, Error> {
        let act = raw.get_ref();
        match (&act.lever, &act.webhook) {
            (Some(lever), None) => {
                let Some(way) = &act.r#move else {
                    return Err(fault(self.text, raw.span().start, "a lever needs a `move`"));
                };
                let steps = act.steps.unwrap_or(1).clamp(1, 1000);
                let r#move = match way.get_ref() {
                    RawMove::To { to } => Move::To(to.clone()),
                    RawMove::Name(name) => match name.as_str() {
                        "up" => Move::Up(steps),
                        "down" => Move::Down(steps),
                        "next" => Move::Next,
                        "back" => Move::Back,
                        "default" => Move::Default,
                        other => {
                            let reason =
                                format!("`{other}` is no move; use up, down, next, back, default or {{ to = … }}");
                            return Err(fault(self.text, way.span().start, &reason));
                        }
                    },
                };
                Ok(Play::Lever { lever: self.role(lever)?, r#move })
            }
            (None, Some(effect)) => {
                let payload = serde_json::to_value(act.payload.clone().unwrap_or_default())
                    .map_err(|e| fault(self.text, raw.span().start, &e.to_string()))?;
                Ok(Play::Webhook { effect: self.role(effect)?, payload })
            }
            _ => Err(fault(self.text, raw.span().start, "an act needs either `lever` or `webhook`")),
        }
    }

    fn prior(&self, raw: &Spanned<RawPrior>) -> Result<Prior, Error> {
        let p = raw.get_ref();
        let prior = Prior { p10: self.figure(&p.p10)?, p50: self.figure(&p.p50)?, p90: self.figure(&p.p90)? };
        if prior.p10 <= prior.p50 && prior.p50 <= prior.p90 && prior.p10 < prior.p90 && prior.p10 >= -1.0 {
            return Ok(prior);
        }
        Err(fault(self.text, raw.span().start, "an effect needs -100 % <= p10 <= p50 <= p90, and p10 below p90"))
    }

    fn role(&self, raw: &Spanned<Role>) -> Result<Matcher, Error> {
        match raw.get_ref() {
            Role::Inline(matcher) => Ok(matcher.clone()),
            Role::Name(name) => {
                self.roles.get(name).cloned().ok_or_else(|| {
                    fault(self.text, raw.span().start, &format!("there is no [role.{name}] in this file"))
                })
            }
        }
    }

    fn figure(&self, raw: &Spanned<Figure>) -> Result<f64, Error> {
        let wrong = || fault(self.text, raw.span().start, "expected a number or a percentage such as \"5 %\"");
        let value = match raw.get_ref() {
            Figure::Number(n) => *n,
            Figure::Text(t) => {
                let digits = t.trim().strip_suffix('%').ok_or_else(wrong)?;
                digits.trim().parse::<f64>().map_err(|_| wrong())? / 100.0
            }
        };
        if value.is_finite() { Ok(value) } else { Err(wrong()) }
    }

    fn duration(&self, raw: &Spanned<String>) -> Result<Millis, Error> {
        let wrong =
            || fault(self.text, raw.span().start, "expected a duration such as \"14d\" or \"6h\", at most 366d");
        let text = raw.get_ref().trim();
        let (digits, unit) = if let Some(d) = text.strip_suffix('d') {
            (d, DAY)
        } else if let Some(h) = text.strip_suffix('h') {
            (h, HOUR)
        } else {
            return Err(wrong());
        };
        let n: Millis = digits.trim().parse().map_err(|_| wrong())?;
        n.checked_mul(unit).filter(|ms| (1..=366 * DAY).contains(ms)).ok_or_else(wrong)
    }
}

fn fault(text: &str, at: usize, reason: &str) -> Error {
    let before = text.get(..at.min(text.len())).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    Error::new(
        Code::ConfigInvalid,
        format!("playbooks, line {line}: {}", reason.trim()),
        "compare with the commented playbooks that come with EpochCore",
    )
}
