//! Days of the company: when they begin and how much demand they have by season, weekday, holiday and campaign.

use epoch_model::time::{HOUR, Millis, Zone};
use jiff::civil::Date;

use crate::scenario::{Campaign, Scenario};

/// A day.
#[derive(Debug, Clone, PartialEq)]
pub struct Day {
    /// From 0 at the scenario's start.
    pub index: u32,
    pub date: Date,
    pub start: Millis,
    pub end: Millis,
    /// Demand against an average day: season, weekday, holiday.
    pub level: f64,
    /// Growth of those who come by themselves since the start.
    pub growth: f64,
    /// Factor on new visitors by campaigns.
    pub push: f64,
    /// Off the price by campaigns, 0 to 1.
    pub discount: f64,
}

/// The days of a scenario.
#[derive(Debug, Clone)]
pub struct Calendar {
    zone: Zone,
}

/// The largest level a day can have: a visit is drawn for the busiest day and thinned.
pub const LEVEL_MAX: f64 = 4.0;

impl Calendar {
    pub fn new(scenario: &Scenario) -> Self {
        Self { zone: scenario.zone() }
    }

    /// The day with this index.
    pub fn day(&self, scenario: &Scenario, index: u32) -> Day {
        let date = scenario.start.saturating_add(jiff::Span::new().days(i64::from(index)));
        let at = |date: Date| self.zone.instant(date.at(0, 0, 0, 0)).unwrap_or(0);
        let start = at(date);
        let end = at(date.tomorrow().unwrap_or(date)).max(start + HOUR);
        let running = |c: &&Campaign| {
            let since = date.since(c.start).map_or(-1, |span| i64::from(span.get_days()));
            (0..i64::from(c.days)).contains(&since)
        };
        let (mut push, mut price) = (1.0, 1.0);
        for campaign in scenario.demand.campaigns.iter().filter(running) {
            push *= campaign.visitors;
            price *= 1.0 - campaign.discount;
        }
        Day {
            index,
            date,
            start,
            end,
            level: level(scenario, date),
            growth: libm::exp(libm::log1p(scenario.demand.growth_per_year) * f64::from(index) / 365.25),
            push,
            discount: 1.0 - price,
        }
    }

    /// An instant within an hour of a day, on the wall clock's uniform part.
    pub fn within(day: &Day, hour: usize, part: f64) -> Millis {
        let at = day.start + hour as Millis * HOUR + (part * HOUR as f64) as Millis;
        // The day of the clock change to summer has no 24th hour.
        at.min(day.end - 1)
    }
}

/// Yearly cosine times weekday times holiday.
fn level(scenario: &Scenario, date: Date) -> f64 {
    let demand = &scenario.demand;
    let phase = (f64::from(date.day_of_year()) - demand.season_peak) / 365.25;
    let season = 1.0 + demand.season * libm::cos(std::f64::consts::TAU * phase);
    let weekday = usize::from(date.weekday().to_monday_zero_offset().unsigned_abs());
    let holiday: f64 = demand.holidays.iter().filter(|h| h.date == date).map(|h| h.factor).product();
    (season * demand.week[weekday] * holiday).min(LEVEL_MAX)
}
