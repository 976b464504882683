//! One simulated year, timed: `cargo run --release -p epoch-sandbox --example year [SCENARIO] [SEED]`

use epoch_sandbox::{Defaults, Scenario, World};

/// Peak resident memory in MiB, where the system says so.
#[expect(clippy::disallowed_methods, reason = "an example may read a file; the crate may not")]
fn peak_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<f64>().ok()? / 1024.0)
}

#[expect(clippy::print_stdout, reason = "an example speaks to a terminal")]
#[expect(clippy::disallowed_methods, reason = "an example may look at the clock; the crate may not")]
fn main() {
    let mut args = std::env::args().skip(1);
    let name = args.next().unwrap_or_else(|| "shop-large".to_owned());
    let seed = args.next().and_then(|n| n.parse().ok()).unwrap_or(1);
    let Some(scenario) = Scenario::builtin(&name) else {
        println!("there is no scenario {name}; there are {}", Scenario::names().collect::<Vec<_>>().join(", "));
        return;
    };
    let start = std::time::Instant::now();
    let mut world = World::new(&scenario, seed);
    let (mut events, mut bytes, mut buyers) = (0_u64, 0_usize, 0_u64);
    world.advance(scenario.ends_at(), &Defaults, &mut |event| {
        events += 1;
        buyers += u64::from(event.name == "subscription_started");
        buyers += u64::from(event.name == "order_placed" && event.props.contains("\"first\":true"));
        bytes += event.name.len() + event.unit.len() + event.props.len();
    });
    let seconds = start.elapsed().as_secs_f64();
    let ledger = world.money();
    let known: u64 = ledger.days.iter().map(|day| day.count.orders + day.count.renewals).sum();
    let customers = ledger.days.last().map_or(0, |day| day.count.customers);
    let people: u64 = ledger.days.iter().map(|day| day.count.new_visitors).sum();
    println!(
        "{name}, seed {seed}: {events} events ({:.0} MB) in {seconds:.2} s, {:.0} a second",
        bytes as f64 / 1e6,
        events as f64 / seconds
    );
    println!(
        "{people} people, {buyers} of whom bought, {known} payments, {customers} customers at the end, profit {:.2}",
        ledger.profit() as f64 / 100.0
    );
    println!(
        "snapshot {:.1} MB, peak memory {:.1} MiB",
        world.snapshot().len() as f64 / 1e6,
        peak_mib().unwrap_or(f64::NAN)
    );
    let start = std::time::Instant::now();
    let truth = world.truth();
    println!(
        "truth in {:.2} s: {} edges, {} surfaces",
        start.elapsed().as_secs_f64(),
        truth.edges.len(),
        truth.surfaces.len()
    );
}
