//! Streams of tests: what the procedures promise, on tests whose truth is known.

use epoch_stats::fdr::trial::{Outcome, Plan, run};
use epoch_stats::fdr::{Evidence, Method, Procedure, Stream};

const PLAN: Plan = Plan { tests: 300, streams: 24, effects: 0.3, strength: 3.0, null_mean: 0.0, overlap: 0 };

fn trial(method: Method, plan: Plan) -> Outcome {
    run(Procedure::new(method, 0.05), plan, 41)
}

#[test]
fn realised_share_of_false_discoveries_stays_below_the_target() {
    let conservative = Plan { null_mean: -0.7, effects: 0.1, ..PLAN };
    for method in Method::ALL {
        for plan in [PLAN, conservative, Plan { overlap: 5, ..PLAN }] {
            let outcome = trial(method, plan);
            assert!(outcome.fdr <= 0.05 + 2.0 * outcome.fdr_error, "{method:?}: {outcome:?}");
            assert!(outcome.discoveries > 1.0, "{method:?} finds nothing: {outcome:?}");
        }
    }
}

#[test]
fn the_default_finds_what_the_best_finds() {
    let default = Procedure::default().method;
    for plan in [PLAN, Plan { null_mean: -0.7, ..PLAN }] {
        let power = trial(default, plan).power;
        for method in Method::ALL {
            assert!(power >= 0.9 * trial(method, plan).power, "{method:?} finds more on {plan:?}");
        }
    }
}

#[test]
fn a_budget_is_used_up_and_paid_in() {
    let mut stream = Stream::new(Procedure::default());
    assert_eq!(stream.budget().share_left, 1.0);
    let first = stream.next_level();
    for _ in 0..40 {
        stream.test(Evidence::P(0.4)).expect("one after the other");
    }
    let poor = stream.budget();
    assert!(poor.share_left < 0.7 && poor.next_level < 0.02 * first, "{poor:?}");
    assert!((poor.spent + poor.wealth - 0.05).abs() < 1e-15);
    stream.test(Evidence::P(1e-9)).expect("a discovery");
    stream.test(Evidence::P(1e-9)).expect("a discovery");
    let rich = stream.budget();
    assert!(rich.wealth > poor.wealth + 0.04 && rich.next_level > 50.0 * poor.next_level, "{rich:?}");
}

#[test]
fn what_is_under_way_counts_as_no_discovery_and_as_spent() {
    let procedure = Procedure::default();
    let mut open = Stream::new(procedure);
    let mut closed = Stream::new(procedure);
    for _ in 0..10 {
        open.start().expect("tests overlap");
        closed.test(Evidence::P(0.01)).expect("a candidate");
    }
    assert_eq!(open.under_way(), 10);
    assert!(open.next_level() < 0.2 * closed.next_level());
    assert!(open.budget().share_left < closed.budget().share_left);
    // Who ends later learns no more, but the next one does.
    for k in (0..10).rev() {
        open.finish(k, Evidence::P(0.01)).expect("under way");
    }
    assert!(open.next_level() > 0.9 * closed.next_level());
}

#[test]
fn a_lag_hides_the_last_outcomes() {
    let mut near = Stream::new(Procedure { lag: 2, ..Procedure::default() });
    let mut far = Stream::new(Procedure::default());
    let (mut hidden, mut seen) = (Vec::new(), Vec::new());
    for p in [1e-9, 0.3, 0.3, 0.3] {
        hidden.push(near.test(Evidence::P(p)).expect("a test").level);
        seen.push(far.test(Evidence::P(p)).expect("a test").level);
    }
    assert!(hidden[1] < seen[1] && hidden[2] < seen[2]);
    // From the fourth on the first is known.
    assert!(hidden[3] > hidden[2]);
}

#[test]
fn a_stream_survives_being_written_down() {
    let mut stream = Stream::new(Procedure::default());
    for p in [1e-6, 0.2, 0.7] {
        stream.test(Evidence::P(p)).expect("a test");
    }
    stream.start().expect("a test");
    let text = serde_json::to_string(&stream).expect("it is plain data");
    let mut again: Stream = serde_json::from_str(&text).expect("it is its own text");
    assert_eq!(again, stream);
    assert_eq!(again.finish(3, Evidence::P(0.001)), stream.finish(3, Evidence::P(0.001)));
}
