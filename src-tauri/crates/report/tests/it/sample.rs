//! A made-up business, the same on every run.

use epoch_model::business::{Better, Domain, Format, LeverValue, PolicyAnswer, Reversibility};
use epoch_model::decision::{Act, Calibration, Decision, Layer, Level, Outcome, PolicyVerdict, Prediction, State};
use epoch_model::insight::{Driver, Expectation, Insight, InsightKind};
use epoch_model::series::{Point, Series};
use epoch_model::time::{DAY, Grain, Millis};
use epoch_report::{Band, KpiSection, ReportData, SegmentShare};

/// 2026-11-01T00:00 in Berlin.
pub const FROM: Millis = 1_793_487_600_000;
pub const DAYS: i64 = 28;

/// Noise in -1…1 from a number: a linear congruential step, so no generator is needed.
fn noise(n: i64) -> f64 {
    let mixed = n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    ((mixed >> 33) as f64 / f64::from(1u32 << 30)).fract()
}

fn expectation(p10: f64, p50: f64, p90: f64) -> Expectation {
    Expectation { p10, p50, p90, method: "weekday pattern with trend, robust".into(), history: 84 }
}

struct Shape {
    key: &'static str,
    title: &'static str,
    definition: &'static str,
    format: Format,
    better: Better,
    level: f64,
    swing: f64,
    goal: Option<(f64, Option<Millis>)>,
    summed: bool,
    /// Day and factor of a break.
    broken: Option<(i64, f64)>,
}

fn kpi(n: i64, s: &Shape) -> KpiSection {
    let middle = |day: i64| s.level * (1.0 + 0.004 * day as f64) * if day % 7 >= 5 { 0.82 } else { 1.04 };
    let mut points = Vec::new();
    let mut band = Vec::new();
    for day in 0..DAYS {
        let start = FROM + day * DAY;
        let jump = s.broken.filter(|(from, _)| day >= *from && day < from + 3).map_or(1.0, |b| b.1);
        let value = middle(day) * (1.0 + s.swing * noise(n * 1000 + day)) * jump;
        let value = if s.format == Format::Integer { value.round() } else { value };
        points.push(Point {
            start,
            value: Some(value),
            numerator: value,
            denominator: 1.0,
            events: 40 + day.unsigned_abs(),
        });
        let p50 = middle(day);
        band.push(Band { start, p10: p50 * (1.0 - 1.3 * s.swing), p50, p90: p50 * (1.0 + 1.3 * s.swing) });
    }
    let sum: f64 = points.iter().filter_map(|p| p.value).sum();
    let value = if s.summed { sum } else { sum / DAYS as f64 };
    let previous = value * (1.0 - 0.03 * (n - 2) as f64);
    let total = Point { start: FROM, value: Some(value), numerator: sum, denominator: 1.0, events: 1_500 };
    KpiSection {
        key: s.key.into(),
        title: s.title.into(),
        definition: s.definition.into(),
        format: s.format,
        unit: None,
        better: s.better,
        value: Some(value),
        previous: Some(previous),
        change: Some((value - previous) / previous),
        series: Series { metric: s.key.into(), segment: None, grain: Grain::Day, points, total },
        band,
        goal: s.goal,
        note: if s.broken.is_some() {
            format!("{} left its expected range", s.title)
        } else {
            "within what was expected".into()
        },
        segments: Vec::new(),
    }
}

fn insight(n: u32, metric: &str, day: i64, actual: f64, expected: f64, good: Option<bool>, headline: &str) -> Insight {
    Insight {
        id: format!("ins_{n:06}"),
        at: FROM + (day + 1) * DAY,
        kind: InsightKind::Anomaly,
        metric: metric.into(),
        from: FROM + day * DAY,
        to: FROM + (day + 1) * DAY,
        actual,
        expected: Some(expectation(expected * 0.92, expected, expected * 1.08)),
        score: -4.1,
        p_value: 0.0009,
        good,
        drivers: vec![
            Driver {
                segment: "country".into(),
                value: "Germany".into(),
                actual: actual * 0.3,
                expected: expected * 0.45,
                share: 0.84,
            },
            Driver {
                segment: "device".into(),
                value: "mobile Safari".into(),
                actual: actual * 0.2,
                expected: expected * 0.3,
                share: 0.41,
            },
        ],
        headline: headline.into(),
        continues: None,
        decisions: vec![format!("dec_{n:06}")],
    }
}

fn prediction(metric: &str, p50: f64) -> Prediction {
    Prediction {
        metric: metric.into(),
        from: FROM + 10 * DAY,
        to: FROM + 17 * DAY,
        value: Expectation {
            method: "elasticity from 6 earlier changes".into(),
            ..expectation(p50 * 0.9, p50, p50 * 1.12)
        },
        money_minor: Some((9_000, 26_000, 43_000)),
        p_worse: 0.08,
        calibration: Calibration { scored: 41, inside: 32 },
    }
}

pub fn decision(
    n: u32,
    metric: &str,
    state: State,
    p50: f64,
    actual: Option<f64>,
    headline: &str,
    change: &str,
) -> Decision {
    let act = Act::SetLever { lever: "pro_price".into(), from: LeverValue::Number(29.0), to: LeverValue::Number(28.0) };
    Decision {
        id: format!("dec_{n:06}"),
        state,
        created_at: FROM + i64::from(n) * 3 * DAY,
        level: Level::Tactical,
        layer: Layer::Strategist,
        domain: Domain::Pricing,
        headline: headline.into(),
        proposer: "playbook:price_step".into(),
        policy_version: "0123456789ab".into(),
        act,
        act_hash: String::new(),
        idempotency_key: String::new(),
        dry_run: change.into(),
        goal: None,
        insight: "ins_000001".into(),
        evidence: Vec::new(),
        counter_evidence: Vec::new(),
        counter_search: String::new(),
        prediction: prediction(metric, p50),
        nothing: prediction(metric, p50 * 0.97),
        alternatives: Vec::new(),
        cost_minor: 0,
        stake_minor: Some(26_000),
        budget_left_minor: 2_000,
        founder_minutes: 1,
        reversibility: Reversibility::R1,
        undo: String::new(),
        blast_radius: String::new(),
        worst_case: String::new(),
        delay_cost_per_day_minor: None,
        expires_at: FROM + 20 * DAY,
        on_expiry: String::new(),
        preconditions: Vec::new(),
        guardrails: Vec::new(),
        policy: PolicyVerdict { answer: PolicyAnswer::Ask, rule: "prices ask".into(), reason: String::new() },
        editable: Vec::new(),
        precedents: Vec::new(),
        proposal: None,
        origin: None,
        standing: None,
        budgets: Vec::new(),
        audited: false,
        shadow: false,
        conflicts: Vec::new(),
        conditions: epoch_model::autonomy::Conditions::default(),
        grant: None,
        cools_until: None,
        deferred_for: None,
        talk: Vec::new(),
        edited_from: None,
        deferred_until: None,
        history: Vec::new(),
        outcome: actual.map(|actual| Outcome {
            at: FROM + 18 * DAY,
            actual,
            inside: actual >= p50 * 0.9 && actual <= p50 * 1.12,
            against_nothing: actual - p50 * 0.97,
            money_minor: (metric == "revenue").then_some(32_000),
            loss: 0.21,
            note: "an observation, not an experiment".into(),
        }),
    }
}

/// A full report.
pub fn report() -> ReportData {
    let shapes = [
        Shape {
            key: "revenue",
            title: "Revenue",
            definition: "sum of order.amount",
            format: Format::Money,
            better: Better::Up,
            level: 512.4,
            swing: 0.12,
            goal: Some((20_000.0, Some(FROM + 150 * DAY))),
            summed: true,
            broken: Some((17, 0.55)),
        },
        Shape {
            key: "signup_rate",
            title: "Signup rate",
            definition: "visitors with a signup within 7 days",
            format: Format::Percent,
            better: Better::Up,
            level: 0.0412,
            swing: 0.08,
            goal: Some((0.045, None)),
            summed: false,
            broken: Some((20, 0.78)),
        },
        Shape {
            key: "orders",
            title: "Orders",
            definition: "count of order",
            format: Format::Integer,
            better: Better::Up,
            level: 46.0,
            swing: 0.14,
            goal: None,
            summed: true,
            broken: None,
        },
        Shape {
            key: "first_reply",
            title: "Support first reply",
            definition: "median time to the first reply",
            format: Format::Duration,
            better: Better::Down,
            level: 11_400.0,
            swing: 0.18,
            goal: None,
            summed: false,
            broken: Some((24, 1.6)),
        },
    ];
    let mut kpis: Vec<KpiSection> = (1..).zip(&shapes).map(|(n, s)| kpi(n, s)).collect();
    let value = kpis[0].value.unwrap_or_default();
    kpis[0].segments = [
        ("country", "Germany", 0.52),
        ("country", "France", 0.21),
        ("country", "Austria", 0.14),
        ("country", "(other)", 0.13),
        ("plan", "Pro", 0.71),
        ("plan", "Team", 0.29),
    ]
    .map(|(segment, name, share)| SegmentShare {
        segment: segment.into(),
        value: name.into(),
        amount: value * share,
        share,
    })
    .to_vec();
    for day in [8, 9] {
        kpis[2].series.points[day].value = None;
    }
    let mut empty = kpis[3].clone();
    (empty.key, empty.title, empty.definition) =
        ("refund_rate".into(), "Refund rate".into(), "refunds over orders".into());
    (empty.value, empty.previous, empty.change, empty.format) = (None, None, None, Format::Percent);
    (empty.band, empty.note) = (Vec::new(), "no events in this range".into());
    for point in &mut empty.series.points {
        (point.value, point.numerator, point.denominator, point.events) = (None, 0.0, 0.0, 0);
    }
    empty.series.total.value = None;
    kpis.push(empty);
    ReportData {
        business: "Northwind Notes".into(),
        currency: "EUR".into(),
        currency_digits: 2,
        timezone: "Europe/Berlin".into(),
        from: FROM,
        to: FROM + DAYS * DAY,
        generated_at: FROM + DAYS * DAY + 34_872_000,
        version: "0.1.0".into(),
        lead: "Signups fell 22 % from 21 November, almost all on mobile Safari in Germany; the checkout release of the evening before explains it best. Revenue is back within its limits since 21 November. One decision waits for you.".into(),
        insights: vec![
            insight(1, "revenue", 17, 281.0, 540.0, Some(false), "Revenue was 48 % below what was expected on 18 November, mostly in Germany"),
            insight(2, "signup_rate", 20, 0.0331, 0.0426, Some(false), "Signup rate fell to 3.31 % on 21 November"),
            insight(3, "first_reply", 24, 17_000.0, 11_900.0, Some(false), "The first reply took 4 h 43 m on 25 November"),
        ],
        decisions: vec![
            decision(1, "revenue", State::Scored, 3_600.0, Some(3_812.0), "Lower the Pro price for new customers by one euro", "pro_price: 29 -> 28"),
            decision(2, "signup_rate", State::Scored, 0.046, Some(0.0391), "Show the short tour to every new visitor", "tour: long -> short"),
            decision(3, "first_reply", State::Observing, 9_800.0, None, "Route “export to Word” tickets to the prepared answer", "route_export: off -> on"),
            decision(4, "signup_rate", State::Pending, 0.042, None, "Roll back checkout 2.14 for mobile Safari (12 % of visitors)", "checkout: 2.14 -> 2.13"),
        ],
        notes: vec![
            "Bands are what the engine expected before each bucket closed: 80 % of values should lie inside.".into(),
            "Outcomes compare with the forecast for doing nothing; they are observations, not experiments.".into(),
        ],
        kpis,
    }
}

/// A business on its first day.
pub fn empty() -> ReportData {
    ReportData {
        kpis: Vec::new(),
        insights: Vec::new(),
        decisions: Vec::new(),
        notes: Vec::new(),
        lead: String::new(),
        ..report()
    }
}
