//! Killed at every commit and every outside call: nothing lost, nothing doubled.

use epoch_testkit::crash::{Extent, Report, explore, record, workload};
use epoch_testkit::plan::{Answer, Plan, Step, Wanted, What};
use epoch_testkit::shop;
use epoch_testkit::stage::Start;

/// Recovers from the points of workloads from `seed` on, and answers what was seen.
fn kill(seed: u64, points: u64) -> Report {
    let extent = Extent { points, steps: 10, again_every: 16, damage_every: 4, threads: 1 };
    let report = explore(seed, extent, &|_| ()).unwrap();
    for f in &report.failures {
        println!("seed {} {:?} {:?}: {:#?}\n{:#?}", f.seed, f.points, f.damage, f.what, f.shrunk);
    }
    assert!(
        report.failures.is_empty(),
        "{} failures, the first with seed {}",
        report.failures.len(),
        report.failures[0].seed
    );
    // A search that found nothing because nothing happened is no proof.
    assert!(report.points >= points && report.again * 8 > report.points, "{report:?}");
    assert!(report.decisions * 2 > report.workloads && report.calls > report.workloads / 2, "{report:?}");
    println!("{report:?}, {:.1} points/s", report.rate());
    report
}

#[test]
fn nothing_is_lost_or_doubled_wherever_it_is_killed() {
    kill(1, 250);
}

#[test]
fn nor_with_other_workloads() {
    kill(1_000_000, 250);
}

#[test]
fn nor_with_a_third_lot_of_them() {
    kill(2_000_000, 250);
}

#[test]
fn a_procedure_of_two_calls_ends_once_wherever_it_is_killed() {
    let at = |hours: i64| shop::START + hours * 3_600_000;
    let happens =
        [What::Propose { card: 1, wanted: Wanted::Run }, What::Answer { card: 1, answer: Answer::Approve }, What::Work];
    let steps = (1..).zip(happens).map(|(hours, what)| Step { at: at(hours), what }).collect();
    let plan = Plan { seed: 1, steps };
    let golden = record(&Start::fresh().unwrap(), &plan).unwrap();
    assert_eq!(golden.picture.runs.values().collect::<Vec<_>>(), ["succeeded"]);
    assert_eq!(golden.picture.done.values().map(|d| d.2).collect::<Vec<_>>(), [1, 1]);
    let extent = Extent { points: 1, steps: 0, again_every: 12, damage_every: 4, threads: 1 };
    let report = workload(&plan, extent, false).unwrap();
    assert!(report.failures.is_empty(), "{:#?}", report.failures);
    assert!(report.points > 25, "{report:?}");
}
