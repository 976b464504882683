//! The same numbers computed another way, event by event: what rollups and peers must agree with.

use std::collections::BTreeMap;

use epoch_model::Result;
use epoch_model::series::{Series, SeriesQuery};
use epoch_model::time::{DAY, Grain};
use epoch_store::Store;

use super::events::{COUNTRIES, DAYS, END, Row, START, USERS};
use super::report::{failed, same};

/// Counts, sums in cents and users by day, and some by country.
#[derive(Debug, Clone)]
pub(super) struct Tally {
    pub events: u64,
    pub pageviews: Vec<u64>,
    pub orders: Vec<u64>,
    pub cents: Vec<u64>,
    pub slow_mobile: u64,
    by_country: Vec<u64>,
    cents_by_country: Vec<u64>,
    visitors: Vec<bool>,
}

impl Tally {
    pub(super) fn new() -> Self {
        Self {
            events: 0,
            pageviews: vec![0; DAYS],
            orders: vec![0; DAYS],
            cents: vec![0; DAYS],
            slow_mobile: 0,
            by_country: vec![0; COUNTRIES.len()],
            cents_by_country: vec![0; COUNTRIES.len()],
            visitors: vec![false; USERS as usize + 1],
        }
    }

    pub(super) fn see(&mut self, row: &Row) {
        self.events += 1;
        let day = usize::try_from((row.time - START) / DAY).unwrap_or(0);
        match row.name {
            "pageview" => {
                self.pageviews[day] += 1;
                self.by_country[row.country] += 1;
                self.visitors[row.user as usize] = true;
                self.slow_mobile += u64::from(row.mobile && row.load_ms > 1000);
            }
            "order" => {
                self.orders[day] += 1;
                self.cents[day] += row.cents;
                self.cents_by_country[row.country] += row.cents;
            }
            _ => {}
        }
    }

    pub(super) fn visitors(&self) -> u64 {
        self.visitors.iter().map(|seen| u64::from(*seen)).sum()
    }

    /// Fails when a number of the store is another one.
    pub(super) fn check(&self, store: &Store) -> Result<()> {
        same("events", &store.count(None), &self.events)?;
        let by_day = |metric: &str| -> Result<Vec<u64>> { Ok(whole(&series(store, metric, None)?)) };
        same("pageviews by day", &by_day("pageviews")?, &self.pageviews)?;
        same("orders by day", &by_day("orders")?, &self.orders)?;
        same("slow mobile pageviews", &by_day("slow_mobile")?.iter().sum(), &self.slow_mobile)?;
        same("revenue by day", &cents(&series(store, "revenue", None)?), &self.cents)?;
        let visitors = series(store, "visitors", None)?.first().and_then(|s| s.total.value);
        same("visitors", &visitors, &Some(self.visitors() as f64))?;
        let split = |metric: &str, scale: f64| -> Result<BTreeMap<String, u64>> {
            let all = series(store, metric, Some("country"))?;
            Ok(all.into_iter().map(|s| (s.segment.unwrap_or_default(), rounded(s.total.value, scale))).collect())
        };
        let named = |values: &[u64]| -> BTreeMap<String, u64> {
            let pairs = COUNTRIES.iter().zip(values).filter(|(_, n)| **n > 0);
            pairs.map(|(c, n)| ((*c).to_owned(), *n)).collect()
        };
        same("pageviews by country", &split("pageviews", 1.0)?, &named(&self.by_country))?;
        same("revenue by country", &split("revenue", 100.0)?, &named(&self.cents_by_country))
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts and cents of its own making")]
fn rounded(value: Option<f64>, scale: f64) -> u64 {
    (value.unwrap_or(0.0) * scale).round() as u64
}

fn whole(series: &[Series]) -> Vec<u64> {
    series.first().map(|s| s.points.iter().map(|p| rounded(p.value, 1.0)).collect()).unwrap_or_default()
}

fn cents(series: &[Series]) -> Vec<u64> {
    series.first().map(|s| s.points.iter().map(|p| rounded(p.value, 100.0)).collect()).unwrap_or_default()
}

/// The year by day.
pub(super) fn series(store: &Store, metric: &str, by: Option<&str>) -> Result<Vec<Series>> {
    let query =
        SeriesQuery { metric: metric.into(), from: START, to: END, grain: Grain::Day, by: by.map(str::to_owned) };
    store.series(&query).map_err(|e| failed(format!("{metric}: {}", e.message)))
}
