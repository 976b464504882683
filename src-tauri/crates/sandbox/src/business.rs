//! The `business.toml` that a founder of this company would write. It says what is measured and what may be moved, and
//! nothing of what is behind it.

use std::fmt::Write as _;

use epoch_model::business::{Domain, LeverKind, LeverValue};

use crate::kpi::Kpi;
use crate::levers::LeverSpec;
use crate::scenario::{Company, Scenario};

/// How much worse a number may get, against doing nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Allowance {
    /// In the number's own unit; points, for shares.
    Absolute(f64),
    /// As a share of what it was.
    Relative(f64),
}

/// The numbers that must not get worse. All of them are better when they are lower.
pub const GUARDRAILS: [(Kpi, Allowance); 3] = [
    (Kpi::RefundRate, Allowance::Absolute(0.015)),
    (Kpi::PageLoad, Allowance::Relative(0.35)),
    (Kpi::ResponseHours, Allowance::Absolute(12.0)),
];

/// A founder who is often away: what can be undone and is small runs, prices and budgets ask.
const POLICY: &str = r#"
[[policy]]
name = "What cannot be undone asks"
reversibility = ["R3"]
answer = "ask"
[[policy]]
name = "Capacity, service and copy move by small steps"
levels = ["operational", "tactical"]
reversibility = ["R0", "R1"]
domains = ["infrastructure", "support", "operations", "content", "ux", "product"]
answer = "run"
[[policy]]
name = "Small steps of prices and budgets run"
levels = ["operational", "tactical"]
reversibility = ["R0", "R1"]
stake_at_most = 250
answer = "run"
[[policy]]
name = "Everything else asks"
answer = "ask"
"#;

/// The whole file.
pub fn business_toml(scenario: &Scenario, levers: &[LeverSpec]) -> String {
    let mut text = format!(
        "# The simulated company “{}”. Its customers, and what happens to it, are made by the sandbox.\n\n[business]\nname = {}\ncurrency = \"{}\"\ntimezone = \"{}\"\nopens = \"{}\"\n",
        scenario.name,
        quoted(&scenario.title),
        scenario.currency,
        scenario.timezone,
        scenario.start
    );
    let segments = segments(scenario);
    for kpi in Kpi::ALL {
        if let Some(key) = kpi.key(scenario.company) {
            let body = metric(kpi, scenario.company);
            let _ = write!(text, "\n[[metric]]\nkey = \"{key}\"\n{body}");
            if !segments.is_empty() && by_person(kpi) {
                let _ = writeln!(text, "segments = [{segments}]");
            }
        }
    }
    goals(scenario, &mut text);
    for lever in levers {
        write_lever(lever, &mut text);
    }
    for (kpi, allowance) in GUARDRAILS {
        let Some(key) = kpi.key(scenario.company) else { continue };
        let most = match allowance {
            Allowance::Absolute(n) if kpi == Kpi::RefundRate => format!("\"{} points\"", 100.0 * n),
            Allowance::Absolute(n) => n.to_string(),
            Allowance::Relative(n) => format!("\"{} %\"", libm::round(100.0 * n)),
        };
        let _ = write!(text, "\n[[guardrail]]\nmetric = \"{key}\"\nworsens_by_at_most = {most}\n");
    }
    text.push_str("\n[limits]\nautonomous_spend_per_day = 50\nexposure_per_decision = \"100 %\"\ncards_per_day = 5\n");
    // Where procedures put what they write: briefs, letters, plans.
    text.push_str("\n[[effect]]\nkey = \"drafts\"\nkind = \"file\"\npath = \"drafts/{date}.md\"\nappend = true\n");
    text.push_str(POLICY);
    text.push_str("\n[[source]]\nkey = \"sandbox\"\nkind = \"sdk\"\n");
    text
}

fn quoted(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string()
}

/// Dimensions that say something, as a list for TOML.
fn segments(scenario: &Scenario) -> String {
    let dimensions = [("country", &scenario.countries), ("device", &scenario.devices), ("plan", &scenario.plans)];
    let named = dimensions.iter().filter(|(_, values)| values.len() > 1).map(|(name, _)| format!("\"{name}\""));
    named.collect::<Vec<_>>().join(", ")
}

fn by_person(kpi: Kpi) -> bool {
    !matches!(kpi, Kpi::Sellers | Kpi::MarketingSpend)
}

fn ratio(numerator: &str, denominator: &str, rest: &str) -> String {
    format!(
        "kind = \"ratio\"\nnumerator = {{ event = \"{numerator}\" }}\ndenominator = {{ event = \"{denominator}\" }}\nformat = \"percent\"\n{rest}\n"
    )
}

fn mean(event: &str, value: &str, rest: &str) -> String {
    format!(
        "kind = \"ratio\"\nnumerator = {{ event = \"{event}\", value = \"{value}\" }}\ndenominator = {{ event = \"{event}\" }}\n{rest}\n"
    )
}

fn count(event: &str, rest: &str) -> String {
    format!("kind = \"count\"\nevent = \"{event}\"\n{rest}\n")
}

/// How a number is measured on the events.
fn metric(kpi: Kpi, company: Company) -> String {
    let saas = company == Company::Saas;
    let domain = if saas { "saas" } else { "ecommerce" };
    match kpi {
        Kpi::Visits => count("visit", "domain = \"marketing\""),
        Kpi::ViewRate => ratio("product_viewed", "visit", "domain = \"ux\""),
        Kpi::IntentRate if saas => ratio("signup", "product_viewed", "domain = \"product\""),
        Kpi::IntentRate => ratio("cart_added", "product_viewed", "domain = \"product\""),
        Kpi::BuyRate if saas => ratio("subscription_started", "signup", "domain = \"product\""),
        Kpi::BuyRate => ratio("order_placed", "cart_added", "domain = \"product\""),
        Kpi::Orders if saas => count("subscription_started", "domain = \"sales\""),
        Kpi::Orders => count("order_placed", "domain = \"sales\""),
        Kpi::Revenue if saas => {
            "kind = \"formula\"\nformula = \"sum(subscription_started.amount) + sum(subscription_renewed.amount)\"\nformat = \"money\"\ndomain = \"sales\"\n".to_owned()
        }
        Kpi::Revenue => "kind = \"sum\"\nevent = \"order_placed\"\nvalue = \"amount\"\nformat = \"money\"\ndomain = \"sales\"\n".to_owned(),
        Kpi::AverageOrder if saas => mean("subscription_started", "amount", "format = \"money\"\ndomain = \"pricing\""),
        Kpi::AverageOrder => mean("order_placed", "amount", "format = \"money\"\ndomain = \"pricing\""),
        Kpi::RefundRate if saas => ratio("refund", "subscription_renewed", "better = \"down\"\ndomain = \"saas\""),
        Kpi::RefundRate => ratio("refund", "order_placed", "better = \"down\"\ndomain = \"ecommerce\""),
        Kpi::Chargebacks => count("chargeback", "better = \"down\"\ndomain = \"operations\""),
        Kpi::Tickets => count("ticket_opened", "better = \"down\"\ndomain = \"support\""),
        Kpi::ResponseHours => mean("ticket_answered", "hours", "better = \"down\"\ndomain = \"support\""),
        Kpi::PageLoad => mean("$pageview", "load_ms", "better = \"down\"\ndomain = \"infrastructure\""),
        Kpi::Errors => count("$exception", "better = \"down\"\ndomain = \"infrastructure\""),
        Kpi::LateShare => {
            format!("kind = \"ratio\"\nnumerator = {{ event = \"order_delivered\", where = \"late\" }}\ndenominator = {{ event = \"order_delivered\" }}\nformat = \"percent\"\nbetter = \"down\"\ndomain = \"{domain}\"\n")
        }
        Kpi::OutOfStock => count("out_of_stock", "better = \"down\"\ndomain = \"operations\""),
        Kpi::Churn => count("subscription_cancelled", "better = \"down\"\ndomain = \"saas\""),
        Kpi::Sellers => "kind = \"sum\"\nevent = \"sellers_counted\"\nvalue = \"sellers\"\ndomain = \"operations\"\n".to_owned(),
        Kpi::MarketingSpend => "kind = \"sum\"\nevent = \"ad_spend\"\nvalue = \"amount\"\nformat = \"money\"\nbetter = \"down\"\ndomain = \"marketing\"\n".to_owned(),
    }
}

fn goals(scenario: &Scenario, text: &mut String) {
    let model = crate::expected::Model::new(scenario, &[], 56);
    let mut state = model.start();
    model.run(&mut state, &model.defaults(), 28);
    let usual = model.run(&mut state, &model.defaults(), 56);
    // A fifth above what doing nothing will bring.
    let target = libm::round(usual.revenue / usual.days * 1.2);
    let by = scenario.start.saturating_add(jiff::Span::new().days(i64::from(scenario.days)));
    let _ = write!(text, "\n[[goal]]\nmetric = \"revenue\"\ntarget = {target}\nby = {by}\n");
}

fn write_lever(lever: &LeverSpec, text: &mut String) {
    let domain = match lever.domain {
        Domain::Pricing => "pricing",
        Domain::Content => "content",
        Domain::Ux => "ux",
        Domain::Marketing => "marketing",
        Domain::Support => "support",
        Domain::Infrastructure => "infrastructure",
        _ => "operations",
    };
    let _ = write!(text, "\n[[lever]]\nkey = \"{}\"\n", lever.key);
    let default = match &lever.default {
        LeverValue::Number(n) => n.to_string(),
        LeverValue::Text(option) => quoted(option),
        LeverValue::Bool(flag) => flag.to_string(),
    };
    let _ = match &lever.kind {
        LeverKind::Number { min, max, step } => {
            writeln!(text, "kind = \"number\"\nmin = {min}\nmax = {max}\nstep = {step}")
        }
        LeverKind::Variant { options } => {
            let options = options.iter().map(|option| quoted(option)).collect::<Vec<_>>().join(", ");
            writeln!(text, "kind = \"variant\"\noptions = [{options}]")
        }
        LeverKind::Boolean => writeln!(text, "kind = \"boolean\""),
        LeverKind::Text { max_chars } => writeln!(text, "kind = \"text\"\nmax_chars = {max_chars}"),
    };
    let _ = writeln!(text, "default = {default}\ndomain = \"{domain}\"\nreversibility = \"R1\"");
}
