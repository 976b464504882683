//! Prints what doing nothing and the oracle earn in each scenario, and what the oracle does.
//! `cargo run -p epoch-sandbox --example truth [SCENARIO…]`

use epoch_sandbox::{Defaults, Scenario, World, describe};

#[expect(clippy::print_stdout, reason = "an example speaks to a terminal")]
fn main() {
    let named: Vec<String> = std::env::args().skip(1).collect();
    for scenario in Scenario::all().into_iter().filter(|s| named.is_empty() || named.contains(&s.name)) {
        let mut world = World::new(&scenario, 1).muted();
        world.advance(scenario.ends_at(), &Defaults, &mut |_| {});
        let truth = world.truth();
        let sum = |of: fn(&epoch_sandbox::truth::DayMoney) -> i64| truth.money.iter().map(of).sum::<i64>() / 100;
        let days = i64::try_from(truth.money.len()).unwrap_or(1).max(1);
        println!(
            "{}: nothing {} a day, oracle {} a day",
            scenario.name,
            sum(|d| d.nothing) / days,
            sum(|d| d.oracle) / days
        );
        if !named.is_empty() {
            println!("{}", describe(&scenario));
            for step in &truth.oracle {
                println!("{}", serde_json::to_string(step).unwrap_or_default());
            }
            for edge in &truth.edges {
                println!("{} -> {}: {:+.3} after {:.1} days", edge.from, edge.to, edge.elasticity, edge.lag_days);
            }
            println!("{}", serde_json::to_string(&truth.best_options).unwrap_or_default());
        }
    }
}
