//! How long a judgement takes under fifty rules: `cargo run --release -p epoch-policy --example judge_bench`.

#![expect(clippy::print_stdout, clippy::print_stderr, clippy::cast_precision_loss, reason = "it prints figures")]

use std::time::Instant;

use epoch_model::business::{Domain, Reversibility};
use epoch_model::decision::Level;
use epoch_policy::{Facts, Policy};

const RULES: usize = 50;
const JUDGEMENTS: usize = 20_000;

/// Rules of every shape a founder writes, none of which lets anything run: the slowest case, since both questions are asked.
fn text() -> String {
    let both = r#"action in [Action::"execute", Action::"propose"]"#;
    let rule = |n: usize| match n % 5 {
        0 => format!(
            "@title(\"small {n}\") permit (principal, {both}, resource) when {{ context.level == {} && context has stake && context.stake <= {} }};",
            n % 4,
            n * 10
        ),
        1 => format!(
            "@title(\"never {n}\") forbid (principal in Kind::\"agent\", action == Action::\"execute\", resource) when {{ context.exposure > {} || context.novel }};",
            n * 100
        ),
        2 => format!(
            "@title(\"ask {n}\") permit (principal, action == Action::\"propose\", resource in Domain::\"pricing\") unless {{ context.hour < {} }};",
            n % 24
        ),
        3 => format!(
            "@title(\"night {n}\") forbid (principal, action == Action::\"execute\", resource) when {{ !(context.hour >= 9 && context.hour < 17) && context.cost > {n} }};"
        ),
        _ => format!(
            "@title(\"acts {n}\") permit (principal, {both}, resource) when {{ [\"set_lever\", \"call\"].contains(context.act) && context.chance_worse < {n} && context.budget_left - context.cost > 100 }};"
        ),
    };
    (0..RULES).map(rule).collect::<Vec<_>>().join("\n")
}

fn main() {
    let Ok(policy) = Policy::read(&text()) else { return eprintln!("the rules are not valid") };
    let facts = |n: usize| Facts {
        proposer: "playbook:price".into(),
        target: "lever pro_price".into(),
        domain: [Domain::Pricing, Domain::Product, Domain::Sales][n % 3],
        act: "set_lever".into(),
        level: Level::Tactical,
        reversibility: Reversibility::R1,
        stake: Some(100_000),
        cost: 0,
        budget_left: 2_000,
        exposure: 500,
        chance_worse: 2_000,
        novel: n.is_multiple_of(2),
        effect: String::new(),
        autonomy: 1,
        drawdown: false,
        first_contact: false,
        breaker_open: false,
        run_of_workflow: false,
        uncertainty: 1_000,
        delay_cost: 0,
        hour: i64::try_from(n % 24).unwrap_or(0),
        weekday: 2,
    };
    let mut nanos: Vec<u128> = (0..JUDGEMENTS)
        .map(|n| {
            let facts = facts(n);
            let begun = Instant::now();
            std::hint::black_box(policy.judge(&facts, "tactical and R1"));
            begun.elapsed().as_nanos()
        })
        .collect();
    nanos.sort_unstable();
    let at = |share: usize| nanos[(JUDGEMENTS - 1) * share / 100] as f64 / 1000.0;
    println!("{RULES} rules, {JUDGEMENTS} judgements: p50 {:.1} us, p99 {:.1} us", at(50), at(99));
    let begun = Instant::now();
    let found = policy.lint().len();
    println!("rules without effect: {found}, found in {} ms", begun.elapsed().as_millis());
}
