//! The generator does what the scenario says. Seeds are fixed; tolerances are about four standard errors.

use epoch_model::business::LeverValue;
use epoch_sandbox::{Attributes, Defaults, IncidentKind, Kpi, LeverSource, SimEvent, World};

use crate::kit::{DAY, books, happens, kpi, scenario, set};

#[test]
fn weeks_seasons_and_holidays_have_their_shape() {
    let mut scenario = scenario("shop-seasonal");
    scenario.demand.campaigns.clear();
    scenario.demand.growth_per_year = 0.0;
    let all: Vec<_> = (0..4).flat_map(|seed| books(&scenario, seed, 365, &Defaults, &[])).collect();
    let mean = |pick: &dyn Fn(usize) -> bool| {
        let days: Vec<f64> =
            all.iter().enumerate().filter(|(i, _)| pick(i % 365)).map(|(_, d)| d.count.new_visitors as f64).collect();
        days.iter().sum::<f64>() / days.len() as f64
    };
    // 2026 begins on a Thursday; Sundays have weight 1.12, Saturdays .94.
    let week = mean(&|i| (i + 3) % 7 == 6) / mean(&|i| (i + 3) % 7 == 5);
    assert!((week / (1.12 / 0.94) - 1.0).abs() < 0.03, "{week}");
    // The cosine peaks on day 340 with amplitude .45; a month around the peak against one around the trough.
    let season = mean(&|i| (324..354).contains(&i)) / mean(&|i| (142..172).contains(&i));
    assert!((season / (1.447 / 0.553) - 1.0).abs() < 0.06, "{season}");
    let christmas = mean(&|i| i == 358) / mean(&|i| (351..358).contains(&i));
    assert!((christmas - 0.45).abs() < 0.08, "{christmas}");
}

#[test]
fn steps_of_the_funnel_have_their_rates() {
    let mut scenario = scenario("shop-calm");
    // One kind of people, no queues, nobody comes back: the rates are the scenario's.
    for tastes in [&mut scenario.countries, &mut scenario.devices] {
        tastes.truncate(1);
        let taste = &mut tastes[0];
        (taste.share, taste.view, taste.intent, taste.buy, taste.price) = (1.0, 0.0, 0.0, 0.0, 0.0);
        taste.headline.fill(0.0);
    }
    scenario.channels.clear();
    scenario.abuse.bots = 0.0;
    scenario.habits.churn = 1.0;
    scenario.infrastructure.visits_per_hour = 1e5;
    scenario.stock = None;
    let rate = |k| kpi(&scenario, 3, 365, &set(&[("delivery_promise", 4.0)]), &[], k);
    for (got, want, n) in [
        (rate(Kpi::ViewRate), 0.62, 100_000.0_f64),
        (rate(Kpi::IntentRate), 0.24, 60_000.0),
        (rate(Kpi::BuyRate), 0.418, 15_000.0),
    ] {
        assert!((got - want).abs() < 4.0 * (want * (1.0 - want) / n).sqrt() + 0.003, "{got} is not {want}");
    }
}

#[test]
fn prices_and_load_times_have_their_elasticities() {
    let scenario = scenario("shop-calm");
    let buy = |index: f64| {
        kpi(&scenario, 6, 180, &set(&[("price_index", index), ("reorder_point", 1000.0)]), &[], Kpi::BuyRate)
    };
    // Common luck: only the price differs. -1.9 for newcomers, less for those who buy anyway, more in France.
    let elasticity = (buy(106.0) / buy(94.0)).ln() / (106.0_f64 / 94.0).ln();
    assert!((-2.1..-1.2).contains(&elasticity), "{elasticity}");
    let slow = happens(&scenario, IncidentKind::ServerSlow, 1.0, 0, 120);
    let view = |incidents: &[_]| kpi(&scenario, 6, 120, &set(&[("servers", 20.0)]), incidents, Kpi::ViewRate);
    let elasticity = (view(&[slow]) / view(&[])).ln() / 2.0_f64.ln();
    assert!((elasticity + 0.18).abs() < 0.04, "{elasticity}");
}

#[test]
fn advertising_saturates_and_carries_over() {
    let scenario = scenario("shop-calm");
    let visitors = |spend: f64, days: std::ops::Range<usize>| {
        let all = (0..8).flat_map(|seed| {
            let levers = Until { day: scenario.starts_at() + 120 * DAY, spend };
            books(&scenario, seed, 160, &levers, &[])[days.clone()].to_vec()
        });
        all.map(|day| day.count.new_visitors as f64).sum::<f64>() / 8.0 / days.len() as f64
    };
    // Of `video`: 140 visitors at most, half at 150, slope 1.6.
    let hill = |x: f64| 140.0 / (1.0 + (150.0 / x).powf(1.6));
    let gain = |spend: f64| visitors(spend, 60..120) - visitors(0.0, 60..120);
    for spend in [75.0, 150.0, 400.0] {
        // Levels of these weeks are about the mean of the year, less the season.
        let got = gain(spend) / hill(spend);
        assert!((0.8..1.05).contains(&got), "{spend}: {got}");
    }
    // Nine days after the budget is cut, half of the carry-over is left.
    let left = (visitors(150.0, 128..131) - visitors(0.0, 128..131)) / gain(150.0);
    let want = hill(75.0) / hill(150.0);
    assert!((left / want - 1.0).abs() < 0.25, "{left} is not {want}");
}

/// Spends on video until a day, then nothing.
struct Until {
    day: i64,
    spend: f64,
}

impl LeverSource for Until {
    fn value(&self, lever: &str, _: &str, attributes: &Attributes<'_>) -> Option<LeverValue> {
        let spend = if attributes.at < self.day { self.spend } else { 0.0 };
        (lever == "spend_video").then_some(LeverValue::Number(spend))
    }
}

/// Half of the units see another headline.
struct Split;

impl LeverSource for Split {
    fn value(&self, lever: &str, unit: &str, _: &Attributes<'_>) -> Option<LeverValue> {
        let test = unit.bytes().fold(7_u32, |h, b| h.wrapping_mul(31).wrapping_add(u32::from(b))) % 2 == 0;
        (lever == "headline" && test).then(|| LeverValue::Text("proof".to_owned()))
    }
}

#[test]
fn an_experiment_by_unit_measures_what_the_truth_says() {
    let scenario = scenario("shop-calm");
    let mut world = World::new(&scenario, 9);
    let mut counts = [[0.0_f64; 2]; 2];
    world.advance(scenario.starts_at() + 200 * DAY, &Split, &mut |event: SimEvent<'_>| {
        let arm = usize::from(Split.value("headline", event.unit, &NOBODY).is_some());
        match event.name {
            "product_viewed" => counts[arm][0] += 1.0,
            "cart_added" => counts[arm][1] += 1.0,
            _ => {}
        }
    });
    let rate = |arm: usize| counts[arm][1] / counts[arm][0];
    let lift = (rate(1) / rate(0)).ln();
    let truth = world.truth();
    let text = |t: &str| LeverValue::Text(t.to_owned());
    let surface = truth.surfaces.iter().filter(|s| s.lever == "headline").nth(3).unwrap();
    let want =
        (surface.at(&text("proof"), "cart_rate").unwrap() / surface.at(&text("plain"), "cart_rate").unwrap()).ln();
    // 20,000 views an arm at a quarter: the standard error of the logarithm is about .017.
    assert!((lift - want).abs() < 4.0 * 0.02 && want > 0.08, "{lift} is not {want}");
}

const NOBODY: Attributes<'static> = Attributes { at: 0, country: "", device: "", plan: "", channel: "" };

#[test]
fn segments_differ_as_they_should_and_tickets_follow_their_causes() {
    let scenario = scenario("shop-calm");
    let mut world = World::new(&scenario, 1);
    let mut orders = std::collections::BTreeMap::<(bool, bool), f64>::new();
    let (mut tickets, mut deliveries) = (0.0, 0.0);
    world.advance(scenario.ends_at(), &Defaults, &mut |event: SimEvent<'_>| {
        let french = event.props.contains("\"country\":\"FR\"");
        match event.name {
            "cart_added" => *orders.entry((french, false)).or_default() += 1.0,
            "order_placed" => *orders.entry((french, true)).or_default() += 1.0,
            "ticket_opened" => tickets += 1.0,
            "order_delivered" => deliveries += 1.0,
            _ => {}
        }
    });
    let rate = |french| orders[&(french, true)] / orders[&(french, false)];
    // French buyers have .15 less log-odds: a tenth less at rates near .4.
    assert!((0.8..0.97).contains(&(rate(true) / rate(false))), "{} {}", rate(true), rate(false));
    // 5 % defects, a tenth late of which 30 % write, and questions of customers.
    assert!((0.07..0.13).contains(&(tickets / deliveries)), "{}", tickets / deliveries);
}
