//! What the metric will be over the horizon, when nothing is done and when the act is.

use epoch_model::business::{Better, Format, Metric, MetricKind};
use epoch_model::decision::{Calibration, Prediction};
use epoch_model::insight::Expectation;
use epoch_model::time::{Millis, Zone};
use epoch_stats::baseline::Band;
use epoch_stats::effect;
use epoch_stats::horizon::{self, Pool};

use super::book::{Book, Past};
use crate::config::{Config, family, pool};
use crate::monitor::track::{Track, ahead, buckets_in};
use crate::text;

/// So many similar anomalies make a precedent for what happens when nothing is done.
const EPISODES_LEAST: usize = 5;

/// Doing nothing and acting, over the same horizon.
pub(crate) struct Forecast {
    pub nothing: Prediction,
    pub acting: Prediction,
    /// Similar anomalies that doing nothing rests on (0 when too few).
    pub episodes: usize,
    /// Scored uses of the same lever or webhook on this metric.
    pub uses: usize,
}

/// Where the expected improvement comes from.
#[derive(Clone, Copy)]
pub(crate) enum Origin<'a> {
    /// A playbook's title: its expert's guess.
    Playbook(&'a str),
    /// Something measured, in words.
    Measured(&'a str),
}

/// What is being predicted.
pub(crate) struct Question<'a> {
    pub metric: &'a Metric,
    pub track: &'a Track,
    pub from: Millis,
    pub horizon: Millis,
    /// Direction of the anomaly, if it is one.
    pub up: Option<bool>,
    /// Relative improvement the expert expects of the act.
    pub prior: Band,
    pub origin: Origin<'a>,
    /// `lever pro_price`.
    pub target: &'a str,
    /// Steps the act makes, with sign; scales what was learnt per step.
    pub steps: f64,
    pub calibration: Calibration,
}

/// `None` while the metric has too little history for a forecast.
pub(crate) fn forecast(config: &Config, zone: &Zone, book: &Book, q: &Question) -> Option<Forecast> {
    let n = buckets_in(q.horizon, q.metric.grain);
    let baseline = q.track.fit(family(q.metric), 0)?;
    let pool = pool(q.metric);
    let weight = if pool == Pool::RatioOfSums { baseline.weight_typical() } else { 1.0 };
    let (at, to) = ahead(zone, q.from, q.metric.grain, n, weight);
    // The seed is of the question, so that the same question has the same answer in every replay.
    let mut draws = horizon::draws(&baseline, &at, pool, q.from.unsigned_abs() ^ (n as u64) << 48);
    let mut method = format!(
        "baseline from {} drawn on over {}",
        text::span(baseline.history as usize, q.metric.grain),
        text::span(n, q.metric.grain)
    );
    let mut episodes = 0;
    if let Some(up) = q.up {
        let mut ratios = aftermath(q.track, up, n, q.from);
        if ratios.len() >= EPISODES_LEAST {
            episodes = ratios.len();
            let middle = epoch_stats::robust::median(&mut ratios);
            for d in &mut draws {
                *d *= middle;
            }
            method = format!(
                "{method}, and how {episodes} earlier {} went on ({} against the time before)",
                if up { "rises" } else { "drops" },
                text::change(middle - 1.0)
            );
        }
    }
    let nothing = finish(q.metric, horizon::band(&draws));
    let used: Vec<&Past> = book.past.iter().filter(|p| p.target == q.target && p.metric == q.metric.key).collect();
    let observed: Vec<(f64, f64)> =
        used.iter().map(|p| (p.effect * q.steps, p.noise * q.steps.abs().max(0.1))).collect();
    let improvement = if observed.is_empty() { q.prior } else { effect::update(q.prior, &observed) };
    let change = if q.metric.better == Better::Down {
        Band { p10: -improvement.p90, p50: -improvement.p50, p90: -improvement.p10 }
    } else {
        improvement
    };
    let acting = finish(q.metric, effect::apply(&draws, change)?);
    let worth = worth(config, q.metric, n, weight);
    // An improvement of a number that is negative (a loss) still counts upwards.
    let size = nothing.p50.abs();
    let money = worth.map(|w| {
        let of = |share: f64| to_minor(share * size * w);
        (of(improvement.p10), of(improvement.p50), of(improvement.p90))
    });
    let history = baseline.history;
    let base =
        |band: Band, method: String| Expectation { p10: band.p10, p50: band.p50, p90: band.p90, method, history };
    let source = match (q.origin, used.len()) {
        (Origin::Measured(words), _) => words.to_owned(),
        (Origin::Playbook(title), 0) => format!("expert prior of the playbook “{title}”"),
        (Origin::Playbook(title), 1) => format!("expert prior of “{title}” with one scored use"),
        (Origin::Playbook(title), k) => format!("expert prior of “{title}” with {k} scored uses"),
    };
    Some(Forecast {
        acting: Prediction {
            metric: q.metric.key.clone(),
            from: q.from,
            to,
            value: base(acting, format!("{source}, on top of the {method}")),
            money_minor: money,
            p_worse: effect::below(improvement, 0.0),
            calibration: q.calibration,
        },
        nothing: Prediction {
            metric: q.metric.key.clone(),
            from: q.from,
            to,
            value: base(nothing, method),
            money_minor: None,
            p_worse: 0.0,
            calibration: q.calibration,
        },
        episodes,
        uses: used.len(),
    })
}

/// After each earlier anomaly of this direction: the mean of the next `n` buckets against the mean of the `n` before it.
fn aftermath(track: &Track, up: bool, n: usize, now: Millis) -> Vec<f64> {
    let mut out = Vec::new();
    for episode in track.episodes.iter().filter(|e| e.up == up && e.start < now) {
        let at = track.cells.partition_point(|c| c.start < episode.start);
        if at < n || at + 1 + n > track.cells.len() {
            continue;
        }
        let mean = |from: usize| {
            let known: Vec<f64> = track.cells.range(from..from + n).filter_map(|c| c.value).collect();
            (known.len() * 2 > n).then(|| known.iter().sum::<f64>() / known.len() as f64)
        };
        if let (Some(before), Some(after)) = (mean(at - n), mean(at + 1))
            && before > 0.0
            && after >= 0.0
        {
            out.push((after / before).min(5.0));
        }
    }
    out
}

fn finish(metric: &Metric, band: Band) -> Band {
    let top = match metric.kind {
        MetricKind::Proportion { .. } | MetricKind::Retention { .. } => 1.0,
        _ => f64::INFINITY,
    };
    Band { p10: band.p10.min(top), p50: band.p50.min(top), p90: band.p90.min(top) }
}

/// Minor units that one unit of the horizon's value is worth; for numbers where lower is better, one unit less.
pub(crate) fn worth(config: &Config, metric: &Metric, buckets: usize, weight: f64) -> Option<f64> {
    let minor = 10_f64.powi(config.business.currency_digits.cast_signed());
    let n = buckets as f64;
    match (metric.worth_minor, metric.format, pool(metric)) {
        (Some(w), _, Pool::Sum) => Some(w),
        (Some(w), _, Pool::RatioOfSums | Pool::Mean) => Some(w * n),
        // A formula in money per bucket (recurring revenue) is not earned anew each bucket, so it is counted once.
        (None, Format::Money, Pool::Sum | Pool::Mean) => Some(minor),
        // A quotient of money (cost per customer) weighs as much as what it is divided by.
        (None, Format::Money, Pool::RatioOfSums) => Some(minor * weight * n),
        (None, _, _) => None,
    }
}

/// Rounded to whole minor units, within what can be added without overflow.
pub(crate) fn to_minor(v: f64) -> i64 {
    const MOST: f64 = 1e15;
    if v.is_finite() {
        #[expect(clippy::cast_possible_truncation, reason = "clamped to 1e15 just before")]
        let minor = v.clamp(-MOST, MOST).round() as i64;
        minor
    } else {
        0
    }
}
