//! What a chart shows, decided before anything is drawn: ranges, ticks, marks. Pure.

use epoch_model::business::Format;
use epoch_model::time::{Grain, Millis, Zone};

use crate::data::{KpiSection, ReportData};
use crate::format::{self, Currency};
use crate::story::Tone;

/// Labels under the chart.
const LABELS_X_MAX: usize = 7;
/// Characters of the goal's label.
const LABEL_CHARS_MAX: usize = 13;
/// Buckets drawn; more would be finer than print.
const POINTS_MAX: usize = 4_000;

/// A chart, in data coordinates: x is a bucket's number, y the metric's value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Plan {
    /// Runs of defined values; a gap is where the value is not defined.
    pub runs: Vec<Vec<(f64, f64)>>,
    /// Runs of `(x, p10, p50, p90)`.
    pub band: Vec<Vec<(f64, f64, f64, f64)>>,
    pub marks: Vec<(f64, f64, Tone)>,
    /// Height and label of the goal, where a bucket's value can be compared with it.
    pub goal: Option<(f64, String)>,
    pub x: (f64, f64),
    pub y: (f64, f64),
    pub ticks_x: Vec<(f64, String)>,
    pub ticks_y: Vec<(f64, String)>,
}

impl Plan {
    /// `None` when the KPI has no defined value in the period.
    pub fn of(kpi: &KpiSection, data: &ReportData, zone: &Zone) -> Option<Self> {
        let currency = Currency { code: &data.currency, digits: data.currency_digits };
        let points = &kpi.series.points[..kpi.series.points.len().min(POINTS_MAX)];
        let values = points.iter().enumerate().map(|(i, p)| (i as f64, p.value.filter(|v| v.is_finite())));
        let runs = split(values.map(|(x, v)| v.map(|v| (x, v))));
        if runs.is_empty() {
            return None;
        }
        let mut expected: Vec<Option<(f64, f64, f64, f64)>> = vec![None; points.len()];
        for band in &kpi.band {
            if let Ok(i) = points.binary_search_by_key(&band.start, |p| p.start)
                && [band.p10, band.p50, band.p90].iter().all(|v| v.is_finite())
            {
                expected[i] = Some((i as f64, band.p10, band.p50, band.p90));
            }
        }
        let band = split(expected.into_iter());
        let marks = data
            .insights
            .iter()
            .filter(|i| i.metric == kpi.key)
            .filter(|i| (data.from..data.to).contains(&i.from))
            .filter_map(|i| {
                let bucket = points.partition_point(|p| p.start <= i.from).checked_sub(1)?;
                let value = points.get(bucket)?.value.filter(|v| v.is_finite())?;
                Some((bucket as f64, value, crate::story::tone(i.good)))
            })
            .collect();
        let mut plan = Self {
            runs,
            band,
            marks,
            goal: None,
            x: (0.0, 0.0),
            y: (0.0, 0.0),
            ticks_x: Vec::new(),
            ticks_y: Vec::new(),
        };
        plan.goal = goal(kpi, &currency);
        let (low, high) = plan.extent();
        let (ticks, range) = ticks(low, high, kpi.format == Format::Duration);
        let step = if ticks.len() > 1 { ticks[1] - ticks[0] } else { high.abs().max(1.0) };
        plan.ticks_y = ticks.iter().map(|t| (*t, format::axis(*t, step, kpi.format, &currency))).collect();
        plan.y = range;
        let last = (points.len().saturating_sub(1)) as f64;
        plan.x = if last == 0.0 { (-1.0, 1.0) } else { (0.0, last) };
        plan.ticks_x = dates(points.iter().map(|p| p.start).collect(), kpi.series.grain, zone);
        Some(plan)
    }

    /// Lowest and highest value that must be visible.
    fn extent(&self) -> (f64, f64) {
        let seen = self.runs.iter().flatten().map(|p| p.1);
        let expected = self.band.iter().flatten().flat_map(|b| [b.1, b.3]);
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for v in seen.chain(expected).chain(self.goal.iter().map(|g| g.0)) {
            (low, high) = (low.min(v), high.max(v));
        }
        // A baseline of zero unless it would flatten the line.
        if low > 0.0 && low < 0.6 * high {
            low = 0.0;
        } else if high < 0.0 && high > 0.6 * low {
            high = 0.0;
        }
        (low, high)
    }
}

/// Runs between gaps.
fn split<T>(items: impl Iterator<Item = Option<T>>) -> Vec<Vec<T>> {
    let mut runs = Vec::new();
    let mut run = Vec::new();
    for item in items {
        match item {
            Some(item) => run.push(item),
            None if !run.is_empty() => runs.push(std::mem::take(&mut run)),
            None => {}
        }
    }
    if !run.is_empty() {
        runs.push(run);
    }
    runs
}

/// The goal as a line: not where the period's value is the sum of the buckets, since a bucket cannot be compared with
/// it then, and not where it lies so far off that the line would be flattened.
fn goal(kpi: &KpiSection, currency: &Currency) -> Option<(f64, String)> {
    let (target, _) = kpi.goal?;
    let values: Vec<f64> = kpi.series.points.iter().filter_map(|p| p.value).filter(|v| v.is_finite()).collect();
    let sum: f64 = values.iter().sum();
    let total = kpi.series.total.value?;
    let additive = values.len() > 1 && (sum - total).abs() <= 1e-6 * total.abs().max(1e-9);
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let reach = (high - low).max(high.abs()) * 0.8;
    let near = (low - reach..=high + reach).contains(&target);
    let label = format!("goal {}", format::value(target, kpi.format, currency));
    // The margin beside the chart holds so much; the figure stands above the chart as well.
    let label = if label.chars().count() > LABEL_CHARS_MAX { "goal".to_owned() } else { label };
    (!additive && near && target.is_finite()).then_some((target, label))
}

/// Round steps of a length of time, in seconds.
const STEPS_S: [f64; 19] = [
    1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_800.0, 3_600.0, 7_200.0, 10_800.0, 21_600.0,
    43_200.0, 86_400.0, 172_800.0, 432_000.0,
];

/// Three to six round values around the range, and the range they span.
fn ticks(low: f64, high: f64, time: bool) -> (Vec<f64>, (f64, f64)) {
    let spread = high - low;
    let spread = if spread > 0.0 && spread.is_finite() { spread } else { high.abs().max(1.0) };
    let rough = spread / 4.0;
    let magnitude = 10f64.powf(rough.log10().floor());
    let round = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|m| m * magnitude).find(|s| *s >= rough).unwrap_or(rough);
    let clock = STEPS_S.into_iter().find(|s| *s >= rough && rough >= 1.0);
    let step = clock.filter(|_| time).unwrap_or(round);
    let (first, mut last) = ((low / step).floor(), (high / step).ceil());
    if last <= first {
        last = first + 1.0;
    }
    let count = format::count((last - first).min(12.0));
    let ticks: Vec<f64> = (0..=count).map(|i| (first + i as f64) * step).collect();
    let range = (first * step, ticks.last().copied().unwrap_or(high).max(high));
    (ticks, range)
}

fn dates(starts: Vec<Millis>, grain: Grain, zone: &Zone) -> Vec<(f64, String)> {
    let every = starts.len().div_ceil(LABELS_X_MAX).max(1);
    let label = |at: Millis| match grain {
        Grain::Hour => format!("{} {}", format::short(at, zone), format::clock(at, zone)),
        Grain::Day | Grain::Week => format::short(at, zone),
        Grain::Month => format::day(at, zone).split_once(' ').map_or_else(String::new, |(_, rest)| rest.to_owned()),
    };
    starts.iter().enumerate().step_by(every).map(|(i, at)| (i as f64, label(*at))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_have_round_ticks() {
        assert_eq!(ticks(0.0, 21_000.0, true).0, [0.0, 7_200.0, 14_400.0, 21_600.0]);
    }

    #[test]
    fn ticks_are_round_and_cover_the_range() {
        for (low, high) in
            [(0.0, 58.0), (0.0312, 0.0417), (-5.0, 12.0), (7.0, 7.0), (0.0, 0.0), (1e9, 1.2e9), (-3.0, -3.0)]
        {
            let (ticks, (from, to)) = ticks(low, high, false);
            assert!((2..=13).contains(&ticks.len()), "{low} {high}: {ticks:?}");
            assert!(from <= low && to >= high && from < to, "{low} {high}: {from} {to}");
        }
    }

    #[test]
    fn gaps_split_runs() {
        assert_eq!(split([None, Some(1), Some(2), None, None, Some(3)].into_iter()), vec![vec![1, 2], vec![3]]);
        assert!(split(std::iter::empty::<Option<u8>>()).is_empty());
    }
}
