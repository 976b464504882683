//! What is remembered of one unit.

use epoch_model::time::Millis;

/// An event that feeds a measure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    pub time: Millis,
    /// 1 where events are counted only; not a number where it has none.
    pub value: f64,
}

/// The points of one unit for one measure, by time and value.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History(Vec<Point>);

impl History {
    pub fn insert(&mut self, point: Point) {
        let before = |p: &Point| p.time.cmp(&point.time).then(p.value.total_cmp(&point.value)).is_le();
        // Mostly it is the latest.
        let at = if self.0.last().is_none_or(before) { self.0.len() } else { self.0.partition_point(before) };
        if self.0.is_empty() {
            // Most units have one or two.
            self.0.reserve_exact(1);
        }
        self.0.insert(at, point);
    }

    /// Takes another unit's points in.
    pub fn join(&mut self, other: Self) {
        self.0.extend(other.0);
        self.0.sort_by(|a, b| a.time.cmp(&b.time).then(a.value.total_cmp(&b.value)));
    }

    /// Those of `from..=to`.
    pub fn within(&self, from: Millis, to: Millis) -> &[Point] {
        let a = self.0.partition_point(|p| p.time < from);
        let b = self.0.partition_point(|p| p.time <= to);
        self.0.get(a..b).unwrap_or_default()
    }

    /// When the newest was; only of those with a value where asked for.
    pub fn newest(&self, valued: bool) -> Option<Millis> {
        self.0.iter().rev().find(|p| !valued || !p.value.is_nan()).map(|p| p.time)
    }
}

/// Totals of a unit for a metric, with nine decimals: before caps, and the number of events where only whether there was one counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    pub outcome: i128,
    pub den: i128,
    pub pre: i128,
    pub pre_den: i128,
}

/// A unit in an experiment.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// Which experiment.
    pub experiment: u32,
    /// Its arm; means nothing when it is mixed.
    pub arm: u16,
    /// It was seen in two arms.
    pub mixed: bool,
    /// Its segment values at the first exposure: a number of the experiment's.
    pub combo: u32,
    /// First exposure.
    pub first: Millis,
    /// Metrics in which it has something, in order.
    pub totals: Vec<(u16, Totals)>,
}

impl Member {
    /// Its totals for a metric; zeros where it has none.
    pub fn totals(&self, metric: u16) -> Totals {
        self.totals.binary_search_by_key(&metric, |t| t.0).map_or(Totals::default(), |at| self.totals[at].1)
    }

    /// The same, to be changed.
    pub fn totals_mut(&mut self, metric: u16) -> &mut Totals {
        let at = match self.totals.binary_search_by_key(&metric, |t| t.0) {
            Ok(at) => at,
            Err(at) => {
                self.totals.insert(at, (metric, Totals::default()));
                at
            }
        };
        &mut self.totals[at].1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_stand_in_order_however_they_come() {
        let points = [(5, 1.0), (3, 2.0), (5, 0.5), (9, 1.0), (3, -2.0), (5, 1.0)];
        let mut history = History::default();
        for (time, value) in points {
            history.insert(Point { time, value });
        }
        let seen: Vec<(i64, f64)> = history.within(i64::MIN, i64::MAX).iter().map(|p| (p.time, p.value)).collect();
        assert_eq!(seen, [(3, -2.0), (3, 2.0), (5, 0.5), (5, 1.0), (5, 1.0), (9, 1.0)]);
        assert_eq!(history.within(4, 5).len(), 3);
        let mut other = History::default();
        other.insert(Point { time: 4, value: 7.0 });
        other.join(history);
        assert_eq!((other.within(4, 5).len(), other.newest(false)), (4, Some(9)));
    }
}
