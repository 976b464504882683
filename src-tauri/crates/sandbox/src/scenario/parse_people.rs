//! The tables of a scenario about people and how they are treated. Every key has a default that suits a middling shop.

use super::table::Table;
use super::{
    Abuse, Campaign, Channel, Choice, Company, Delivery, Demand, Funnel, Habits, Holiday, Infrastructure, Offer,
    Support, Taste,
};

/// Weights of the hours of a day where a scenario names none: quiet nights, a peak at eight in the evening.
const HOURS: [f64; 24] = [
    1.2, 0.7, 0.5, 0.4, 0.4, 0.6, 1.2, 2.2, 3.4, 4.4, 5.0, 5.4, 5.6, 5.4, 5.2, 5.2, 5.4, 5.8, 6.4, 7.2, 7.6, 6.8, 4.8,
    2.6,
];

pub(super) fn demand(t: &Table<'_>) -> Demand {
    let week = list(t, "week", &[1.0; 7]);
    let mean = week.iter().sum::<f64>() / 7.0;
    let hours = list(t, "hours", &HOURS);
    let sum: f64 = hours.iter().sum();
    let demand = Demand {
        visitors_per_day: t.number("visitors_per_day", 100.0, 0.0..=1e6),
        growth_per_year: t.number("growth_per_year", 0.0, -0.99..=100.0),
        season: t.number("season", 0.0, 0.0..=0.95),
        season_peak: t.number("season_peak", 340.0, 1.0..=366.0),
        week: std::array::from_fn(|i| week[i] / mean),
        hours: hours.iter().map(|w| w / sum).collect(),
        holidays: t.rows("holiday").iter().filter_map(holiday).collect(),
        campaigns: t.rows("campaign").iter().filter_map(campaign).collect(),
    };
    t.finish();
    demand
}

fn list(t: &Table<'_>, key: &str, default: &[f64]) -> Vec<f64> {
    let Some(list) = t.numbers(key) else { return default.to_vec() };
    if list.len() != default.len() || list.iter().sum::<f64>() <= 0.0 {
        t.bad(key, format!("{key} should have {} weights, not all 0", default.len()), "");
        return default.to_vec();
    }
    list
}

fn holiday(t: &Table<'_>) -> Option<Holiday> {
    let (date, factor) = (t.date("date"), t.number("factor", 0.5, 0.0..=50.0));
    t.finish();
    Some(Holiday { date: date?, factor })
}

fn campaign(t: &Table<'_>) -> Option<Campaign> {
    let (key, start) = (t.text("key"), t.date("start"));
    let days = t.whole("days", 7, 1..=366);
    let (visitors, discount) = (t.number("visitors", 1.5, 0.0..=50.0), t.number("discount", 0.1, 0.0..=0.9));
    if key.is_none() || start.is_none() {
        t.bad("key", "a campaign needs key and start", "write key = \"summer\" and start = 2026-06-01");
    }
    t.finish();
    Some(Campaign { key: key?, start: start?, days, visitors, discount })
}

pub(super) fn choices(root: &Table<'_>, key: &str) -> Vec<Choice> {
    let read = |t: &Table<'_>| {
        let choice = Choice { key: t.text("key").unwrap_or_default(), effect: t.number("effect", 0.0, -5.0..=5.0) };
        t.finish();
        choice
    };
    let found: Vec<Choice> = root.rows(key).iter().map(read).collect();
    if found.is_empty() {
        vec![Choice { key: "plain".into(), effect: 0.0 }, Choice { key: "bold".into(), effect: 0.0 }]
    } else {
        found
    }
}

/// The values of a dimension; one for everybody where none is named.
pub(super) fn tastes(root: &Table<'_>, key: &str, headlines: &[Choice], onboardings: &[Choice]) -> Vec<Taste> {
    let read = |t: &Table<'_>| {
        let shift = |key| t.number(key, 0.0, -5.0..=5.0);
        let taste = Taste {
            key: t.text("key").unwrap_or_default(),
            share: t.share("share", 1.0),
            view: shift("view"),
            intent: shift("intent"),
            buy: shift("buy"),
            price: t.number("price", 0.0, -10.0..=10.0),
            spend: t.number("spend", 1.0, 0.01..=100.0),
            headline: by_option(&t.table("headline"), headlines),
            onboarding: by_option(&t.table("onboarding"), onboardings),
        };
        t.finish();
        taste
    };
    let found: Vec<Taste> = root.rows(key).iter().map(read).collect();
    if !found.is_empty() {
        return found;
    }
    vec![Taste {
        key: "all".to_owned(),
        share: 1.0,
        view: 0.0,
        intent: 0.0,
        buy: 0.0,
        price: 0.0,
        spend: 1.0,
        headline: vec![0.0; headlines.len()],
        onboarding: vec![0.0; onboardings.len()],
    }]
}

/// `headline = { bold = 0.2 }` in the order of the options.
fn by_option(t: &Table<'_>, options: &[Choice]) -> Vec<f64> {
    let effects = options.iter().map(|option| t.number(&option.key, 0.0, -5.0..=5.0)).collect();
    t.finish();
    effects
}

pub(super) fn channels(root: &Table<'_>) -> Vec<Channel> {
    let read = |t: &Table<'_>| {
        let channel = Channel {
            key: t.text("key").unwrap_or_default(),
            visitors_max: t.number("visitors_max", 50.0, 0.0..=1e6),
            half_at: t.number("half_at", 100.0, 1e-6..=1e9),
            slope: t.number("slope", 1.3, 0.1..=10.0),
            half_life_days: t.number("half_life_days", 3.0, 0.01..=365.0),
            quality: t.number("quality", 0.0, -5.0..=5.0),
            spend: t.number("spend", 50.0, 0.0..=1e7),
            spend_max: t.number("spend_max", 400.0, 1.0..=1e7),
        };
        t.finish();
        channel
    };
    root.rows("channel").iter().map(read).collect()
}

pub(super) fn funnel(t: &Table<'_>) -> Funnel {
    let funnel = Funnel {
        view: t.share("view", 0.6),
        intent: t.share("intent", 0.2),
        buy: t.share("buy", 0.4),
        price_elasticity: t.number("price_elasticity", -1.8, -20.0..=20.0),
        latency_elasticity: t.number("latency_elasticity", -0.1, -5.0..=0.0),
        promise_elasticity: t.number("promise_elasticity", -0.15, -5.0..=0.0),
        loyalty: t.number("loyalty", 0.5, -5.0..=5.0),
        trust: t.number("trust", 0.3, 0.0..=5.0),
    };
    if t.has("price_elasticity") && funnel.price_elasticity >= 0.0 {
        t.bad("price_elasticity", "a higher price cannot sell more", "write a negative elasticity, e.g. -1.8");
    }
    t.finish();
    funnel
}

pub(super) fn habits(t: &Table<'_>) -> Habits {
    let habits = Habits {
        visitor_returns: t.number("visitor_returns", 0.35, 0.0..=0.95),
        visitor_gap_days: t.number("visitor_gap_days", 4.0, 1.0..=365.0),
        visits_per_day: t.number("visits_per_day", 0.1, 0.0001..=1.0),
        churn: t.share("churn", 0.03),
        churn_price_elasticity: t.number("churn_price_elasticity", 1.0, 0.0..=20.0),
        pages: t.number("pages", 3.0, 1.0..=20.0),
    };
    t.finish();
    habits
}

pub(super) fn offer(t: &Table<'_>, company: Company) -> Offer {
    let products = ["classic", "light", "pro", "mini"].map(str::to_owned).to_vec();
    let offer = Offer {
        amount: t.number("amount", 60.0, 1.0..=1e7),
        spread: t.number("spread", 0.5, 0.0..=2.0),
        cost: t.number("cost", 30.0, 0.0..=1e7),
        shipping: t.number("shipping", 0.0, 0.0..=1e6),
        fee: t.share("fee", 0.03),
        refunds: t.share("refunds", 0.03),
        refund_days: t.number("refund_days", 6.0, 0.1..=365.0),
        trial_days: t.whole("trial_days", 14, 1..=90),
        products: t.texts("products").unwrap_or(products),
    };
    if company != Company::Saas && t.has("trial_days") {
        t.bad("trial_days", "only a saas company has trials", "leave it out");
    }
    t.finish();
    offer
}

pub(super) fn delivery(t: &Table<'_>) -> Delivery {
    let delivery = Delivery {
        days: t.number("days", 2.5, 0.1..=365.0),
        spread: t.number("spread", 0.35, 0.01..=2.0),
        kept: t.number("kept", 0.1, 0.0..=5.0),
        broken: t.number("broken", 1.0, 0.0..=10.0),
        refund_factor: t.number("refund_factor", 3.0, 1.0..=100.0),
        ticket_share: t.share("ticket_share", 0.3),
    };
    t.finish();
    delivery
}

pub(super) fn support(t: &Table<'_>) -> Support {
    let support = Support {
        per_order: t.share("per_order", 0.04),
        per_visit: t.share("per_visit", 0.004),
        agent_per_day: t.number("agent_per_day", 30.0, 0.01..=1e5),
        agent_cost: t.number("agent_cost", 120.0, 0.0..=1e6),
        base_hours: t.number("base_hours", 2.0, 0.0..=500.0),
        wait_hurts: t.number("wait_hurts", 0.5, 0.0..=10.0),
        languages: t.texts("languages").unwrap_or_else(|| vec!["en".to_owned()]),
    };
    for language in &support.languages {
        if !crate::tickets::LANGUAGES.contains(&language.as_str()) {
            t.bad(
                "languages",
                format!("tickets are not written in “{language}”"),
                crate::tickets::LANGUAGES.join(", "),
            );
        }
    }
    t.finish();
    support
}

pub(super) fn infrastructure(t: &Table<'_>) -> Infrastructure {
    let infrastructure = Infrastructure {
        base_ms: t.number("base_ms", 700.0, 1.0..=60_000.0),
        visits_per_hour: t.number("visits_per_hour", 60.0, 0.01..=1e7),
        server_cost: t.number("server_cost", 8.0, 0.0..=1e6),
    };
    t.finish();
    infrastructure
}

pub(super) fn abuse(t: &Table<'_>) -> Abuse {
    let abuse = Abuse {
        fraud: t.share("fraud", 0.001),
        coupon_orders: t.number("coupon_orders", 0.0, 0.0..=1e5),
        coupon_returns: t.share("coupon_returns", 0.6),
        bots: t.number("bots", 0.02, 0.0..=50.0),
    };
    t.finish();
    abuse
}
