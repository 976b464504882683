//! A scenario in plain words and numbers, for people who choose or write one.

use std::fmt::Write as _;

use super::{Company, Scenario, Taste};
use crate::formula::hill;
use crate::levers::{LeverSpec, catalog};

/// Several short paragraphs.
pub fn describe(scenario: &Scenario) -> String {
    let mut text = format!("{} ({})\n", scenario.title, scenario.name);
    if !scenario.about.is_empty() {
        let _ = writeln!(text, "{}", scenario.about);
    }
    let kind = match scenario.company {
        Company::Shop => "a web shop that sells from stock",
        Company::Saas => "software sold by the month after a trial",
        Company::Marketplace => "a marketplace that takes a share of every sale",
    };
    let _ = writeln!(
        text,
        "\nIt is {kind}, from {} for {} days, in {}, {}.",
        scenario.start, scenario.days, scenario.timezone, scenario.currency
    );
    people(scenario, &mut text);
    money(scenario, &mut text);
    text.push_str("\nLevers\n");
    for lever in catalog(scenario) {
        let _ = writeln!(text, "  {}: {}", lever.key, range(&lever));
    }
    text.push_str(if scenario.incidents.is_empty() {
        "\nNothing out of the ordinary happens.\n"
    } else {
        "\nWhat happens\n"
    });
    let zone = scenario.zone();
    for incident in &scenario.incidents {
        let day =
            |at| zone.local(at).map_or_else(String::new, |t| format!("{} {:02}:{:02}", t.date(), t.hour(), t.minute()));
        let whom = incident.target.as_ref().map_or_else(String::new, |t| format!(", only {} {}", t.dimension, t.value));
        let about = incident.about.as_ref().map_or_else(String::new, |about| format!(" ({about})"));
        let law = incident.kind.law();
        let _ = writeln!(
            text,
            "  {}: {}{about}{whom}, {} to {}, strength {} (at 0.5: {})",
            incident.key,
            law.cause,
            day(incident.start),
            day(incident.end),
            incident.strength,
            law.meaning
        );
    }
    text
}

fn people(scenario: &Scenario, text: &mut String) {
    let demand = &scenario.demand;
    let (funnel, habits) = (&scenario.funnel, &scenario.habits);
    let paid: f64 = scenario.channels.iter().map(|c| c.visitors_max * hill(c.spend, c.half_at, c.slope)).sum();
    let _ = writeln!(
        text,
        "About {:.0} new people a day come by themselves and {paid:.0} through paid channels at their default budgets; \
         demand grows by {:.0} % a year and swings by {:.0} % with the season.",
        demand.visitors_per_day,
        100.0 * demand.growth_per_year,
        100.0 * demand.season
    );
    let (second, third) = match scenario.company {
        Company::Saas => ("sign up", "pay after the trial"),
        Company::Shop | Company::Marketplace => ("fill the cart", "buy"),
    };
    let _ = writeln!(
        text,
        "Of the visits {:.0} % look closer, {:.1} % of those {second}, {:.0} % of those {third}: {:.2} % in all. \
         One per cent more price costs {:.2} % of the last step.",
        100.0 * funnel.view,
        100.0 * funnel.intent,
        100.0 * funnel.buy,
        100.0 * funnel.view * funnel.intent * funnel.buy,
        -funnel.price_elasticity
    );
    let leave = if scenario.company == Company::Saas { "month" } else { "visit" };
    let _ = writeln!(
        text,
        "Customers come on {:.0} % of days; {:.1} % leave at each {leave}.",
        100.0 * habits.visits_per_day,
        100.0 * habits.churn
    );
    for (name, tastes) in
        [("Countries", &scenario.countries), ("Devices", &scenario.devices), ("Plans", &scenario.plans)]
    {
        if tastes.len() > 1 {
            let _ = writeln!(text, "{name}: {}.", tastes.iter().map(shares).collect::<Vec<_>>().join(", "));
        }
    }
    for campaign in &demand.campaigns {
        let _ = writeln!(
            text,
            "Promotion {} from {} for {} days: {:.1} times the new visitors, {:.0} % off.",
            campaign.key,
            campaign.start,
            campaign.days,
            campaign.visitors,
            100.0 * campaign.discount
        );
    }
}

fn shares(taste: &Taste) -> String {
    format!("{} {:.0} %", taste.key, 100.0 * taste.share)
}

fn money(scenario: &Scenario, text: &mut String) {
    let offer = &scenario.offer;
    let unit = if scenario.company == Company::Saas { "A month costs" } else { "A basket is worth" };
    let _ = writeln!(
        text,
        "{unit} {:.2} {} and {:.2} go into it; the payment provider keeps {:.1} %, {:.1} % are refunded.",
        offer.amount,
        scenario.currency,
        offer.cost + offer.shipping,
        100.0 * offer.fee,
        100.0 * offer.refunds
    );
}

fn range(lever: &LeverSpec) -> String {
    use epoch_model::business::{LeverKind, LeverValue};
    let default = match &lever.default {
        LeverValue::Number(n) => n.to_string(),
        LeverValue::Text(text) => text.clone(),
        LeverValue::Bool(flag) => flag.to_string(),
    };
    match &lever.kind {
        LeverKind::Number { min, max, step } => format!("{min} to {max} by {step}, now {default}"),
        LeverKind::Variant { options } => format!("{}, now {default}", options.join(" | ")),
        LeverKind::Boolean | LeverKind::Text { .. } => format!("now {default}"),
    }
}
