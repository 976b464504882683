//! Whole lives under faults, kills and jumps of the clock, each lived twice.

use epoch_testkit::sim::explore;

/// Lives of weeks, from a seed on.
fn live(seed: u64, lives: u64) {
    let report = explore(seed, lives, 40, &|_| ()).unwrap();
    let told: Vec<String> =
        report.broken.iter().map(|b| format!("seed {}: {}\n{:#?}", b.seed, b.what, b.shrunk)).collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
    assert!(report.kills > lives && report.calls > lives && report.decisions > lives, "{report:?}");
    println!("{report:?}");
}

#[test]
fn lives_keep_their_promises_and_repeat_to_the_byte() {
    live(1, 20);
}

#[test]
fn so_do_others() {
    live(1_000, 20);
}
