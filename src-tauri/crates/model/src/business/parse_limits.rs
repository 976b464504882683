//! `[limits]`, `[[budget]]` and `[[rate]]`.

use super::limits::{AUDIT_SHARE, Budget, COOL_OFF, Drawdown, Limits, Period, Rate};
use super::literal::{duration_ms, share};
use super::parse::Frame;
use super::parse_metric::{DOMAINS, key, title};
use super::section::Section;
use crate::time::{DAY, Millis};

const PERIODS: [(&str, Period); 4] =
    [("decision", Period::Decision), ("day", Period::Day), ("week", Period::Week), ("month", Period::Month)];

/// The limits with the budgets and rates of the file.
pub(super) fn limits(section: &Section<'_>, frame: &Frame, budgets: Vec<Budget>, rates: Vec<Rate>) -> Limits {
    let part = |key: &'static str| {
        let found = section.number_or(key, "\"10 %\" or 0.1", |t| share(t).ok_or_else(|| format!("“{t}” is no share")));
        if found.is_some_and(|n| !(0.0..=1.0).contains(&n)) {
            section.bad(key, "a share lies between 0 and 1", "write \"10 %\" or 0.1");
        }
        found
    };
    let autonomous_spend_per_day_minor = frame.amount(section, "autonomous_spend_per_day").unwrap_or(0);
    let exposure_per_decision = part("exposure_per_decision").unwrap_or(0.1);
    let exposure_per_day = part("exposure_per_day");
    let audit_share = part("audit_share").unwrap_or(AUDIT_SHARE);
    let cards_per_day = section.whole("cards_per_day", 0..1001).unwrap_or(5);
    let minutes_per_day = section.whole("minutes_per_day", 0..1441);
    let cool_off = time(section, "cool_off").unwrap_or(COOL_OFF);
    let drawdown = section.section("drawdown").and_then(|row| drawdown(&row, frame));
    let shadow = section.texts("shadow");
    section.finish();
    Limits {
        autonomous_spend_per_day_minor,
        exposure_per_decision,
        cards_per_day,
        exposure_per_day,
        minutes_per_day,
        drawdown,
        audit_share,
        cool_off,
        shadow,
        budgets,
        rates,
    }
}

fn time(section: &Section<'_>, key: &'static str) -> Option<Millis> {
    let text = section.text(key)?;
    let found = duration_ms(&text);
    if found.is_none() {
        section.bad(key, format!("“{text}” is no duration"), "write e.g. \"24h\" or \"7d\"");
    }
    found
}

fn drawdown(section: &Section<'_>, frame: &Frame) -> Option<Drawdown> {
    let loss_minor = frame.amount(section, "loss");
    if !section.has("loss") {
        section.bad("loss", "loss is missing", "write e.g. loss = \"200 EUR\"");
    }
    let over = time(section, "over").unwrap_or(28 * DAY);
    section.finish();
    Some(Drawdown { loss_minor: loss_minor?, over })
}

/// One `[[budget]]`.
pub(super) fn budget(section: &Section<'_>, frame: &Frame) -> Option<Budget> {
    let key = key(section);
    let title = title(section, key.as_deref().unwrap_or_default());
    let per = section.choice("per", &PERIODS).unwrap_or(Period::Month);
    let amount_minor = frame.amount(section, "amount");
    if !section.has("amount") {
        section.bad("amount", "amount is missing", "write e.g. amount = \"100 EUR\"");
    }
    let targets = section.texts("targets");
    let proposers = section.texts("proposers");
    let domains = section.texts("domains").iter().filter_map(|t| section.choose("domains", t, &DOMAINS)).collect();
    section.finish();
    Some(Budget { key: key?, title, per, amount_minor: amount_minor?, targets, proposers, domains })
}

/// One `[[rate]]`.
pub(super) fn rate(section: &Section<'_>) -> Option<Rate> {
    let of = section.required("of", "name an effect, a kind such as mail, lever, or *");
    let most = section.whole("most", 0..1_000_001);
    if !section.has("most") {
        section.bad("most", "most is missing", "write how many are allowed, e.g. most = 10");
    }
    let per = time(section, "per");
    if !section.has("per") {
        section.bad("per", "per is missing", "write within which time, e.g. per = \"1h\"");
    }
    if per == Some(0) {
        section.bad("per", "a rate needs a time", "write e.g. per = \"1h\"");
    }
    section.finish();
    Some(Rate { of: of?, most: most?, per: per.filter(|p| *p > 0)? })
}
