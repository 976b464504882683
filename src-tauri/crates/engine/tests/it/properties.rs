//! Whatever comes in: no panic, no decision leaves its end, one live decision per lever, replays are identical.

use std::collections::{BTreeMap, BTreeSet};

use epoch_engine::{Action, Engine, Input};
use epoch_model::decision::{Act, State, Verdict};
use epoch_model::gate::RunState;
use epoch_model::time::{DAY, HOUR};
use proptest::prelude::*;
use rand_core::SeedableRng;
use rand_pcg::Pcg64;

use crate::world::{BUSINESS, World, closed, number};

#[derive(Debug, Clone)]
enum Step {
    Day { factor: f64, germany: f64, signups: f64, refunds: f64 },
    Rewrite { back: i64, factor: f64 },
    Answer { nth: usize, kind: u8, value: f64 },
    Result { nth: usize, ok: bool, in_doubt: bool },
    Run(u8),
    Lever(f64),
    Sleep(i64),
    Odd(f64),
}

fn step() -> impl Strategy<Value = Step> {
    let factor = prop_oneof![4 => Just(1.0), 2 => 0.05..0.5, 1 => 1.5..6.0, 1 => Just(0.0)];
    prop_oneof![
        10 => (factor.clone(), 0.0..2.0, 0.2..1.2, 0.5..4.0_f64)
            .prop_map(|(factor, germany, signups, refunds)| Step::Day { factor, germany, signups, refunds }),
        1 => (0..20_i64, factor).prop_map(|(back, factor)| Step::Rewrite { back, factor }),
        5 => (0..4_usize, 0..4_u8, 15.0..55.0_f64).prop_map(|(nth, kind, value)| Step::Answer { nth, kind, value }),
        4 => (0..4_usize, any::<bool>(), any::<bool>()).prop_map(|(nth, ok, in_doubt)| Step::Result { nth, ok, in_doubt }),
        1 => (0..3_u8).prop_map(Step::Run),
        1 => (19.0..49.0_f64).prop_map(Step::Lever),
        2 => (-3 * 24..40 * 24_i64).prop_map(Step::Sleep),
        1 => prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(-1e300), Just(1e300)].prop_map(Step::Odd),
    ]
}

fn perform(world: &mut World, step: &Step) {
    match step {
        Step::Day { factor, germany, signups, refunds } => {
            world.day_with(*factor, *germany, *signups, *refunds);
        }
        Step::Rewrite { back, factor } => {
            world.day = (world.day - back).max(0);
            world.send(closed(world.day, *factor, 1.0, 1.0, 1.0));
            world.day += 1;
        }
        Step::Answer { nth, kind, value } => {
            let Some(d) = world.engine.open_decisions().nth(*nth).cloned() else { return };
            let verdict = match kind {
                0 => Verdict::Approve,
                1 => Verdict::edit_to(number(value.round())),
                2 => Verdict::Veto { reason: "other".into(), text: String::new() },
                _ => Verdict::until(world.now + 6 * HOUR),
            };
            let signed = world.sign(&d, verdict);
            world.send(Input::Verdict { signed });
        }
        Step::Result { nth, ok, in_doubt } => {
            let Some(id) = world.engine.open_decisions().nth(*nth).map(|d| d.id.clone()) else { return };
            world.send(Input::EffectResult {
                decision: id,
                ok: *ok,
                in_doubt: *in_doubt,
                detail: String::new(),
                answer: None,
            });
        }
        Step::Run(which) => {
            world.run([RunState::Running, RunState::Paused, RunState::Stopped][usize::from(*which)]);
        }
        Step::Lever(v) => {
            world.send(Input::LeverSeen { lever: "pro_price".into(), value: number(v.round()), by: "founder".into() });
        }
        Step::Sleep(hours) => {
            world.now += hours * HOUR;
            world.send(Input::Tick);
        }
        Step::Odd(v) => {
            let Input::Closed { grain, start, end, mut metrics } = closed(world.day, 1.0, 1.0, 1.0, 1.0) else {
                return;
            };
            for m in &mut metrics {
                m.point.value = Some(*v);
                m.point.numerator = if v.is_finite() { *v } else { 0.0 };
                m.point.denominator = m.point.numerator;
            }
            world.day += 1;
            world.now = world.now.max(end);
            world.send(Input::Closed { grain, start, end, metrics });
        }
    }
}

fn terminal(state: State) -> bool {
    use State as S;
    matches!(state, S::Rejected | S::Expired | S::Withdrawn | S::Superseded | S::Stale | S::Failed | S::Scored)
}

fn check(world: &World) {
    let mut states: BTreeMap<&str, State> = BTreeMap::new();
    let mut sent = BTreeSet::new();
    for (_, _, actions) in &world.log {
        for action in actions {
            match action {
                Action::Decision(d) => {
                    if let Some(before) = states.insert(&d.id, d.state) {
                        assert!(!terminal(before) || before == d.state, "{} left {before:?} for {:?}", d.id, d.state);
                    }
                    assert!(d.history.windows(2).all(|t| t[0].at <= t[1].at), "time went backwards");
                    assert!(
                        d.prediction.value.p10 <= d.prediction.value.p50
                            && d.prediction.value.p50 <= d.prediction.value.p90
                    );
                }
                Action::Effect { decision, idempotency_key, .. } => {
                    assert_eq!(states.get(decision.as_str()), Some(&State::Executing));
                    assert!(sent.insert(idempotency_key.clone()), "{decision} was sent twice");
                }
                _ => {}
            }
        }
    }
}

fn one_per_lever(world: &World) {
    let mut levers = BTreeSet::new();
    for d in world.engine.open_decisions() {
        if let Act::SetLever { lever, .. } = &d.act
            && !matches!(d.state, State::Executed | State::Observing)
        {
            assert!(levers.insert(lever.clone()), "two live decisions on {lever}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 14, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_comes_in(steps in prop::collection::vec(step(), 10..60), cut in 0..60_usize) {
        let free = format!("{}\n[[policy]]\nname = \"small runs\"\nreversibility = [\"R0\"]\nanswer = \"run\"\n", BUSINESS.replace("\"10 %\"", "\"100 %\""));
        let mut world = World::new(&free);
        world.days(40);
        for s in &steps {
            perform(&mut world, s);
            one_per_lever(&world);
        }
        check(&world);

        // The same inputs from the journal's JSON, and with the engine replaced by its snapshot on the way.
        let mut fresh = Engine::new();
        let mut restored = Engine::new();
        for (i, (input, now, actions)) in world.log.iter().enumerate() {
            let text = serde_json::to_string(input).expect("writes");
            let input: Input = serde_json::from_str(&text).expect("reads");
            let mut rng = Pcg64::seed_from_u64(99);
            let again = fresh.handle(&input, *now, &mut rng);
            let want = serde_json::to_string(actions).expect("writes");
            prop_assert_eq!(serde_json::to_string(&again).expect("writes"), want.clone());
            if i == cut || i % 17 == 3 {
                restored = Engine::restore(&restored.snapshot()).expect("restores");
            }
            let other = restored.handle(&input, *now, &mut rng);
            prop_assert_eq!(serde_json::to_string(&other).expect("writes"), want);
        }
        prop_assert_eq!(fresh.snapshot(), restored.snapshot());
    }
}

#[test]
fn a_snapshot_of_something_else_is_refused() {
    assert!(Engine::restore(b"{}").is_err());
    assert!(Engine::restore(b"").is_err());
    let world = World::new(BUSINESS);
    let text = String::from_utf8(world.engine.snapshot()).expect("text").replace("\"form\":2", "\"form\":3");
    assert!(Engine::restore(text.as_bytes()).is_err());
}

#[test]
fn days_without_end_stay_bounded() {
    let mut world = World::new(BUSINESS);
    world.days(60);
    world.now += 1000 * DAY;
    world.send(Input::Tick);
    let size = world.engine.snapshot().len();
    assert!(size < 200_000, "{size}");
}
