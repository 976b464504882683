//! What holds where the founder wrote nothing, and the file to start from.

use super::{Business, PolicyAnswer, PolicyRule, Reversibility};
use crate::decision::Level;

impl Business {
    /// The policy of a file without `[[policy]]`: reading and drafting runs, small and freely undoable steps run, all else
    /// asks.
    pub fn default_policy() -> Vec<PolicyRule> {
        let rule = |name: &str, answer| PolicyRule {
            name: name.to_owned(),
            levels: Vec::new(),
            reversibility: Vec::new(),
            domains: Vec::new(),
            stake_at_most_minor: None,
            answer,
        };
        vec![
            PolicyRule { levels: vec![Level::Sovereign], ..rule("Sovereign decisions ask", PolicyAnswer::Ask) },
            PolicyRule {
                reversibility: vec![Reversibility::R3],
                ..rule("What cannot be undone asks", PolicyAnswer::Ask)
            },
            PolicyRule {
                reversibility: vec![Reversibility::R0],
                ..rule("Reading and drafting runs", PolicyAnswer::Run)
            },
            PolicyRule {
                levels: vec![Level::Operational],
                reversibility: vec![Reversibility::R1],
                stake_at_most_minor: Some(2_000),
                ..rule("Small and freely undoable steps run", PolicyAnswer::Run)
            },
            rule("Everything else asks", PolicyAnswer::Ask),
        ]
    }

    /// A commented file to start from. It is valid as it is.
    pub fn template(name: &str) -> String {
        // A TOML basic string takes what a JSON string takes.
        let name = serde_json::Value::String(name.trim().to_owned()).to_string().replace('\u{7f}', "");
        let name = if name == "\"\"" { "\"My business\"".to_owned() } else { name };
        TEMPLATE.replace("{name}", &name)
    }
}

const TEMPLATE: &str = r#"# One file says what this business is. Edit it here or in the console; a change is checked as a whole
# before it takes effect, and the old file stays in force while the new one has a mistake.

[business]
name = {name}
currency = "EUR"            # ISO 4217
timezone = "UTC"            # IANA name, e.g. Europe/Berlin: days and weeks begin at midnight there
# bucket = "day"            # how often metrics are looked at: day or hour

# --- What matters -------------------------------------------------------------------------------------------------
# kinds: count, unique, sum, mean_per_unit, proportion, ratio, retention, quantile, formula
#
# [[metric]]
# key = "revenue"
# kind = "sum"
# event = "order"
# value = "amount"          # an expression over the event's properties, e.g. quantity * price
# where = "amount > 0"
# format = "money"
# segments = ["country"]
#
# [[metric]]
# key = "signup_rate"
# kind = "proportion"       # share of visitors who signed up within seven days
# numerator = { event = "signup", within = "7d" }
# denominator = { event = "visit" }
#
# [[goal]]
# metric = "revenue"
# target = 1000             # per bucket
# by = 2027-12-31

# --- What the engine may move -------------------------------------------------------------------------------------
# [[lever]]
# key = "pro_price"
# kind = "number"           # or boolean, variant (options = ["a", "b"]), text
# min = 19
# max = 49
# step = 1
# default = 29
# domain = "pricing"
# reversibility = "R1"      # R0 read, R1 free undo, R2 undo at a cost, R3 cannot be undone
#
# [[guardrail]]
# metric = "signup_rate"
# worsens_by_at_most = "0.5 points"   # or "5 %" of what it was
#
# [[experiment]]
# key = "price_up"
# lever = "pro_price"
# arms = [29, 32]           # the first is what everyone has now
# metric = "signup_rate"    # what decides; the guardrails above are watched, too
#
# [experiments]
# on = true                 # whether the engine asks questions of its own
# days_max = 60             # the longest an experiment may be expected to take

[limits]
autonomous_spend_per_day = 0     # money it may spend without asking
exposure_per_decision = "10 %"   # share of customers one decision may touch
cards_per_day = 5                # questions a day at most

# [[policy]]                # the first rule that fits decides; what fits none asks
# name = "Small price steps run"
# levels = ["operational"]
# reversibility = ["R1"]
# stake_at_most = "20 EUR"
# answer = "run"            # run, ask or deny

# --- Where events come from ---------------------------------------------------------------------------------------
# [[source]]
# key = "exports"
# kind = "folder"
# path = "exports"
# map = { event = "'order'", time = "Date", unit = "Customer", amount = "Quantity * Price" }
"#;
