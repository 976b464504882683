//! Whole lives of experiments, from the question to what everyone has in the end.

use epoch_engine::{Engine, Input};
use epoch_model::business::{Guardrail, PolicyAnswer};
use epoch_model::decision::{Act, State as DecisionState, Strength, Verdict};
use epoch_model::experiment::{Call, GateKind, Method, Role, State};
use epoch_model::gate::RunState;
use epoch_model::time::DAY;

use crate::company::{Company, Traffic, price, quiet};
use crate::world::number;

/// Northwind with traffic on its price.
fn company(traffic: Traffic, seed: u64) -> Company {
    let mut company = Company::new(quiet(), seed);
    company.traffic.insert("pro_price".to_owned(), traffic);
    company.days(30);
    company
}

#[test]
fn a_winner_is_shipped_watched_and_scored() {
    let mut c = company(Traffic::with(4000.0, "signup_rate", 0.15), 1);
    c.ask(price("dearer"));
    let e = c.experiment("dearer");
    assert_eq!(e.state, State::Running, "{:?} {:?}", e.refusal, e.history);
    let design = e.design.clone().expect("a design");
    assert_eq!(design.method, Method::GroupSequential);
    assert!((design.baseline - 0.05).abs() < 0.005 && design.units > 20_000, "{design:?}");
    assert!(design.days.p10 < design.days.p50 && design.days.p50 < design.days.p90);
    let start = c.card(&e.decisions[0]);
    assert!(
        matches!(&start.act, Act::StartExperiment { experiment, share, .. } if experiment == "dearer" && *share > 0.999)
    );
    assert_eq!(start.policy.answer, PolicyAnswer::Ask, "half of the customers are more than a tenth");
    assert!(
        start.prediction.value.p10 < start.nothing.value.p50 && start.nothing.value.p50 < start.prediction.value.p90
    );
    assert!(start.evidence.len() >= 3 && start.counter_search.contains("past experiments"));

    c.until("dearer", &[State::Watching], 60);
    let e = c.experiment("dearer");
    let conclusion = e.conclusion.clone().expect("a conclusion");
    assert!(matches!(&conclusion.call, Call::Ship { arm } if arm == "test"), "{conclusion:?}");
    let measured = conclusion.measured.expect("a figure");
    assert!(measured.low < 0.15 && 0.15 < measured.high, "{measured:?}");
    assert!(conclusion.level.is_some_and(|l| l < 0.005));
    let end = c.card(e.decisions.last().expect("an end"));
    assert!(matches!(&end.act, Act::EndExperiment { ship: Some(v), .. } if *v == number(32.0)));
    assert!(end.evidence.iter().all(|p| p.strength == Strength::Experiment) && !end.evidence.is_empty());
    assert!(end.prediction.value.p50 > end.nothing.value.p50 && end.prediction.value.method.contains("dearer"));
    assert!(end.counter_search.contains("1 guardrails") && !end.undo.is_empty() && !end.blast_radius.is_empty());
    assert_eq!(c.world.engine.lever("pro_price"), Some(&number(32.0)));
    let scored = c.card(&e.decisions[0]);
    assert_eq!(scored.state, DecisionState::Scored);
    assert!(scored.outcome.is_some_and(|o| o.note.contains("control group")));
    assert_eq!(c.world.engine.calibration().get("experiment:start").map(|k| k.scored), Some(1));
    assert_eq!(c.portfolio.budget.calls, 1);
    c.days(32);
    assert_eq!(c.world.engine.calibration().get("experiment:ship").map(|k| k.scored), Some(1));
    // The engine asks nothing of its own, so nobody tests it again.
    c.days(50);
    assert_eq!(c.experiment("dearer").state, State::Archived);
}

#[test]
fn a_loser_is_taken_back_without_waiting() {
    let mut c = company(Traffic::with(4000.0, "signup_rate", -0.25), 2);
    c.ask(price("dearer"));
    c.yes = false;
    c.until("dearer", &[State::Archived], 40);
    let e = c.experiment("dearer");
    assert!(matches!(&e.conclusion.as_ref().expect("a conclusion").call, Call::RollBack { .. }));
    let end = c.card(e.decisions.last().expect("an end"));
    assert!(matches!(end.act, Act::EndExperiment { ship: None, .. }));
    assert_eq!((end.policy.answer, end.policy.rule.as_str()), (PolicyAnswer::Run, "taking back"));
    assert!(end.policy.reason.contains("does not wait"), "{}", end.policy.reason);
    assert_eq!(c.world.engine.lever("pro_price"), Some(&number(29.0)));
    assert!(e.ended_at.expect("an end") - e.started_at.expect("a start") < 20 * DAY);
}

#[test]
fn without_an_effect_it_gives_up_or_runs_out() {
    let mut calls = Vec::new();
    for seed in 0..6 {
        let mut c = company(Traffic::with(4000.0, "signup_rate", 0.0), 10 + seed);
        c.ask(price("dearer"));
        c.until("dearer", &[State::Archived], 90);
        let e = c.experiment("dearer");
        calls.push(e.conclusion.expect("a conclusion").call);
        assert_eq!(c.world.engine.lever("pro_price"), Some(&number(29.0)));
    }
    assert!(calls.iter().all(|c| matches!(c, Call::Futile | Call::Inconclusive)), "{calls:?}");
    assert!(calls.contains(&Call::Futile), "giving up saves traffic: {calls:?}");
}

#[test]
fn a_wrong_split_blocks_and_its_cause_is_named() {
    let mut c = company(Traffic { lost: 0.3, ..Traffic::with(4000.0, "signup_rate", 0.3) }, 3);
    c.ask(price("dearer"));
    c.until("dearer", &[State::Stopped], 40);
    let blocked = c.readings.iter().find(|r| r.call == Call::Blocked).expect("a blocked look");
    let gate = blocked.gates.iter().find(|g| g.kind == GateKind::SampleRatio).expect("the gate");
    assert!(
        !gate.passed && gate.cause.as_ref().is_some_and(|c| c.contains("country Spain: too few units in test")),
        "{gate:?}"
    );
    assert!(blocked.text.contains("Spain"), "{}", blocked.text);
    let e = c.experiment("dearer");
    assert_eq!(e.conclusion.expect("a conclusion").call, Call::Blocked);
    assert!(c.readings.iter().all(|r| !matches!(r.call, Call::Ship { .. })), "however good it looks");
    assert!(matches!(c.card(e.decisions.last().expect("an end")).act, Act::EndExperiment { ship: None, .. }));
    // The level it was given is not lost to anybody: an unsound test says nothing.
    assert_eq!((c.portfolio.budget.tests, c.portfolio.budget.calls), (1, 0));
}

#[test]
fn a_broken_guardrail_ends_it_although_the_metric_likes_it() {
    let mut business = quiet();
    business.guardrails.push(Guardrail { metric: "refund_rate".to_owned(), absolute: Some(0.002), relative: None });
    let mut c = Company::new(business, 4);
    c.traffic.insert("pro_price".to_owned(), Traffic::with(4000.0, "signup_rate", 0.05).and("refund_rate", 0.6));
    c.days(30);
    c.ask(price("dearer"));
    c.until("dearer", &[State::Archived], 60);
    let e = c.experiment("dearer");
    assert!(matches!(&e.conclusion.as_ref().expect("a conclusion").call, Call::RollBack { .. }));
    let last = e.last.expect("a reading");
    assert!(last.text.contains("guardrail refund_rate"), "{}", last.text);
    let row = last.effects.iter().find(|r| r.role == Role::Guardrail).expect("its row");
    assert!(row.p_value.is_some_and(|p| p < 0.025));
}

#[test]
fn too_little_traffic_is_refused_with_a_cheaper_question() {
    let mut c = company(Traffic::with(60.0, "signup_rate", 0.0), 5);
    c.ask(price("dearer"));
    let e = c.experiment("dearer");
    assert_eq!(e.state, State::Refused);
    let refusal = e.refusal.expect("a refusal");
    assert_eq!(refusal.code, "too_long");
    assert!(refusal.reason.contains("days at"), "{}", refusal.reason);
    assert!(refusal.cheaper.is_some() && refusal.cheaper_mde.is_none_or(|m| m > 0.1), "{refusal:?}");
    // Asking the cheaper question is answered.
    let mut c = company(Traffic::with(400.0, "signup_rate", 0.0), 5);
    c.ask(price("dearer"));
    let mde = c.experiment("dearer").refusal.and_then(|r| r.cheaper_mde).expect("a smallest effect");
    c.ask(epoch_model::experiment::Spec { mde: Some(mde), ..price("dearer") });
    assert_eq!(c.experiment("dearer").state, State::Running, "{mde} {:?}", c.experiment("dearer").refusal);

    let mut c = Company::new(quiet(), 6);
    c.days(20);
    c.ask(price("dearer"));
    assert_eq!(c.experiment("dearer").refusal.map(|r| r.code), Some("no_exposures".to_owned()));
    c.traffic.insert("pro_price".to_owned(), Traffic::with(4000.0, "signup_rate", 0.0));
    c.days(8);
    assert_eq!(c.experiment("dearer").state, State::Running, "its traffic is measured again");
}

#[test]
fn questions_that_make_no_sense_are_refused() {
    let base = price("x");
    let arm = |key: &str, value: f64, weight: f64| epoch_model::serving::Arm {
        key: key.to_owned(),
        value: number(value),
        weight,
    };
    let cases = [
        (epoch_model::experiment::Spec { metric: "nope".into(), ..base.clone() }, "metric_unfit"),
        (epoch_model::experiment::Spec { guardrails: vec!["nope".into()], ..base.clone() }, "metric_unfit"),
        (epoch_model::experiment::Spec { lever: Some("nope".into()), ..base.clone() }, "conflict"),
        (epoch_model::experiment::Spec { arms: vec![arm("a", 29.0, 1.0)], ..base.clone() }, "conflict"),
        (
            epoch_model::experiment::Spec { arms: vec![arm("a", 29.0, 0.5), arm("b", 99.0, 0.5)], ..base.clone() },
            "conflict",
        ),
        (
            epoch_model::experiment::Spec { arms: vec![arm("a", 29.0, 0.5), arm("b", 32.0, 0.4)], ..base.clone() },
            "conflict",
        ),
        (
            epoch_model::experiment::Spec { arms: vec![arm("a", 31.0, 0.5), arm("b", 32.0, 0.5)], ..base.clone() },
            "conflict",
        ),
        (epoch_model::experiment::Spec { share: 0.0, ..base.clone() }, "conflict"),
        (epoch_model::experiment::Spec { purpose: epoch_model::experiment::Purpose::Bandit, ..base }, "purpose_unfit"),
    ];
    for (spec, code) in cases {
        let mut c = company(Traffic::with(4000.0, "signup_rate", 0.0), 7);
        let what = format!("{spec:?}");
        c.ask(spec);
        let e = c.experiment("x");
        assert_eq!((e.state, e.refusal.map(|r| r.code)), (State::Refused, Some(code.to_owned())), "{what}");
        assert!(c.effects.is_empty());
    }
}

#[test]
fn the_founder_decides_about_the_start_and_the_end() {
    let fresh = |seed| {
        let mut c = company(Traffic::with(4000.0, "signup_rate", 0.2), seed);
        c.yes = false;
        c.ask(price("dearer"));
        c
    };
    let mut c = fresh(8);
    let e = c.experiment("dearer");
    assert_eq!(e.state, State::Waiting);
    let id = e.decisions[0].clone();
    let card = c.world.engine.decision(&id).expect("open").clone();
    let signed = c.world.sign(&card, Verdict::Veto { reason: "too_risky".into(), text: "not before the fair".into() });
    c.send(Input::Verdict { signed });
    let e = c.experiment("dearer");
    assert_eq!(e.state, State::Stopped);
    assert!(e.history.last().expect("history").reason.contains("not before the fair"));
    assert!(c.effects.is_empty());

    let mut c = fresh(9);
    c.days(9);
    let e = c.experiment("dearer");
    assert_eq!(e.state, State::Stopped);
    assert!(e.history.last().expect("history").reason.contains("nobody answered"));

    // Approved, found, but the founder does not want it.
    let mut c = fresh(10);
    let id = c.experiment("dearer").decisions[0].clone();
    let card = c.world.engine.decision(&id).expect("open").clone();
    let signed = c.world.sign(&card, Verdict::Approve);
    c.send(Input::Verdict { signed });
    c.until("dearer", &[State::Concluding], 60);
    let e = c.experiment("dearer");
    let id = e.decisions.last().expect("an end").clone();
    let card = c.world.engine.decision(&id).expect("open").clone();
    assert_eq!(card.state, DecisionState::Pending, "it reaches everybody, so it asks");
    let signed = c.world.sign(&card, Verdict::Veto { reason: "other".into(), text: "no".into() });
    c.send(Input::Verdict { signed });
    assert_eq!(c.experiment("dearer").state, State::Archived);
    assert_eq!(c.world.engine.lever("pro_price"), Some(&number(29.0)));
    assert!(matches!(c.effects.last(), Some(Act::EndExperiment { ship: None, .. })), "its arms are taken back");
    assert!(c.world.engine.tracked().is_empty());
}

#[test]
fn it_ends_when_somebody_wants_it_to() {
    let mut c = company(Traffic::with(4000.0, "signup_rate", 0.02), 11);
    c.ask(price("dearer"));
    c.days(5);
    let end = || Input::EndAsked { experiment: "dearer".into(), by: "operator:test".into(), reason: "the fair".into() };
    c.send(end());
    let e = c.experiment("dearer");
    assert_eq!(e.state, State::Stopped);
    assert!(e.history.iter().any(|s| s.actor == "operator:test" && s.reason == "the fair"));
    assert!(matches!(c.effects.last(), Some(Act::EndExperiment { ship: None, .. })));
    let actions = c.world.send(end());
    assert_eq!(crate::world::refusals(&actions), [epoch_model::Code::WrongState]);
    // Asked again under the same key it starts anew.
    c.ask(price("dearer"));
    assert_eq!(c.experiment("dearer").state, State::Running);
}

#[test]
fn a_stop_holds_everything_back() {
    let mut c = company(Traffic::with(4000.0, "signup_rate", -0.3), 12);
    c.ask(price("dearer"));
    c.world.run(RunState::Stopped);
    let before = c.effects.len();
    c.days(20);
    assert_eq!(c.experiment("dearer").state, State::Concluding);
    assert_eq!(c.effects.len(), before, "not even taking back");
    let actions = c.world.run(RunState::Running);
    assert!(
        crate::world::effects(&actions).iter().any(|(_, act)| matches!(act, Act::EndExperiment { ship: None, .. }))
    );
}

#[test]
fn one_experiment_per_lever_and_no_playbook_beneath_it() {
    let mut c = Company::with(quiet(), epoch_engine::Playbook::defaults(), 13);
    c.traffic.insert("pro_price".to_owned(), Traffic::with(4000.0, "signup_rate", 0.0));
    c.yes = false;
    c.days(90);
    c.yes = true;
    c.ask(price("dearer"));
    c.until("dearer", &[State::Running], 30);
    let actions = c.world.day(0.4, 1.0);
    let refused = actions.iter().any(|a| {
        matches!(a, epoch_engine::Action::Refused { message, .. } if message.contains("the experiment dearer runs"))
    });
    assert!(refused && c.world.on("pro_price").is_none());

    let mut c = company(Traffic::with(4000.0, "signup_rate", 0.0), 13);
    c.ask(price("dearer"));
    c.ask(epoch_model::experiment::Spec { title: "Cheaper".into(), ..price("cheaper") });
    assert_eq!(c.experiment("dearer").state, State::Running);
    assert_eq!(c.experiment("cheaper").state, State::Designed, "it waits for its turn");
    c.until("dearer", &[State::Archived], 90);
    assert_eq!(c.experiment("cheaper").state, State::Running);

    // A lever whose change is still observed is not tested on.
    let mut c = Company::with(quiet(), epoch_engine::Playbook::defaults(), 13);
    c.traffic.insert("pro_price".to_owned(), Traffic::with(4000.0, "signup_rate", 0.0));
    c.days(90);
    let actions = c.world.day(0.4, 1.0);
    assert!(!actions.is_empty());
    let card = c.world.on("pro_price").expect("a card");
    c.world.answer(&card.id, Verdict::Approve);
    c.world.done(&card.id);
    let mut spec = price("dearer");
    spec.arms[0].value = number(28.0);
    c.ask(spec);
    assert_eq!(c.experiment("dearer").state, State::Designed);
    c.days(20);
    assert_ne!(c.experiment("dearer").state, State::Designed, "{:?}", c.experiment("dearer").history);
}

#[test]
fn two_experiments_that_change_each_other_are_told_apart() {
    use epoch_model::experiment::Moments;
    let mut c = company(Traffic::with(4000.0, "signup_rate", 0.1), 16);
    let share = |units: u64, p: f64| Moments { units, mean: p, m2: units as f64 * p * (1.0 - p), ..Moments::default() };
    c.ask(price("dearer"));
    // Half of the units are in another experiment, which turns the effect round.
    c.crossed = vec![(
        "other".to_owned(),
        vec![vec![share(9000, 0.05), share(9000, 0.05)], vec![share(9000, 0.065), share(9000, 0.045)]],
    )];
    c.days(8);
    let last = c.readings.last().expect("a reading");
    assert_eq!(last.call, Call::Blocked);
    let gate = last.gates.iter().find(|g| g.kind == GateKind::Interaction).expect("the gate");
    assert!(!gate.passed && gate.cause.as_ref().is_some_and(|c| c.contains("arms of other")), "{gate:?}");
    c.crossed = vec![(
        "other".to_owned(),
        vec![vec![share(9000, 0.05), share(9000, 0.05)], vec![share(9000, 0.055), share(9000, 0.055)]],
    )];
    c.day();
    assert_ne!(c.readings.last().expect("a reading").call, Call::Blocked);
}

#[test]
fn what_others_sort_is_read_and_concluded_without_an_act() {
    let mut c = company(Traffic::default(), 17);
    c.traffic.insert(String::new(), Traffic::with(3000.0, "signup_rate", 0.2));
    let spec = epoch_model::experiment::Spec {
        lever: None,
        exposure: epoch_model::experiment::Exposure { event: "saw".into(), arm: "variant".into(), filter: None },
        ..price("imported")
    };
    c.ask(spec);
    assert_eq!(c.experiment("imported").state, State::Running, "nothing is to be started");
    c.until("imported", &[State::Archived], 90);
    let e = c.experiment("imported");
    assert!(matches!(&e.conclusion.as_ref().expect("a conclusion").call, Call::Ship { .. }));
    assert!(e.decisions.is_empty() && c.effects.is_empty());
    assert_eq!(c.portfolio.budget.tests, 0, "nothing is acted on, so it is no test of the stream");
}

#[test]
fn a_rule_of_the_file_is_an_experiment_and_its_winner_a_value() {
    let mut business = quiet();
    let spec = price("dearer");
    let lever = business.levers.iter_mut().find(|l| l.key == "pro_price").expect("the lever");
    lever.serving.rules.push(epoch_model::serving::Rule {
        key: "dearer".into(),
        name: "Dearer".into(),
        when: None,
        serve: epoch_model::serving::Serve::Experiment {
            experiment: "dearer".into(),
            arms: spec.arms.clone(),
            share: 1.0,
            slice: None,
        },
    });
    business.goals.push(epoch_model::business::Goal { metric: "signup_rate".into(), target: 0.06, by: None });
    let mut c = Company::new(business.clone(), 18);
    assert_eq!(c.experiment("dearer").state, State::Refused, "nobody has met it yet");
    c.traffic.insert("pro_price".to_owned(), Traffic::with(6000.0, "signup_rate", 0.2));
    c.days(30);
    let e = c.experiment("dearer");
    assert_eq!((e.spec.metric.as_str(), e.spec.origin), ("signup_rate", epoch_model::experiment::Origin::File));
    c.until("dearer", &[State::Watching], 60);
    let end = c.card(c.experiment("dearer").decisions.last().expect("an end"));
    assert!(matches!(&end.act, Act::SetLever { to, .. } if *to == number(32.0)), "{:?}", end.act);
    assert!(end.headline.contains("Remove its rule"), "{}", end.headline);
    assert!(!c.effects.iter().any(|a| matches!(a, Act::StartExperiment { .. })), "the file serves it");
}

#[test]
fn a_snapshot_in_the_middle_changes_nothing() {
    let mut c = company(Traffic::with(4000.0, "signup_rate", 0.1), 14);
    c.ask(price("dearer"));
    c.days(40);
    let log = c.world.log;
    let mut rng = c.world.rng.clone();
    for cut in [3, log.len() / 3, log.len() / 2, log.len() * 3 / 4] {
        let mut engine = Engine::new();
        for (i, (input, at, expected)) in log.iter().enumerate() {
            if i == cut {
                let bytes = engine.snapshot();
                engine = Engine::restore(&bytes).expect("what was just written");
                assert_eq!(engine.snapshot(), bytes);
            }
            let actions = engine.handle(input, *at, &mut rng);
            assert_eq!(
                serde_json::to_string(&actions).expect("json"),
                serde_json::to_string(expected).expect("json"),
                "input {i} after a cut at {cut}"
            );
        }
    }
}

#[test]
fn a_winner_that_lasts_is_tested_again_and_one_that_faded_is_reopened() {
    for (fades, call) in [(false, "kept"), (true, "reopened")] {
        let mut business = quiet();
        business.experimenting.self_audit = 0.0;
        let mut c = Company::new(business.clone(), 15);
        c.traffic.insert("pro_price".to_owned(), Traffic::with(6000.0, "signup_rate", 0.15));
        c.days(30);
        c.ask(price("dearer"));
        c.until("dearer", &[State::Watching], 60);
        business.experimenting.autonomous = true;
        business.levers.retain(|l| l.key == "pro_price");
        c.send(Input::Configure {
            business: Box::new(business),
            playbooks: Vec::new(),
            operator_keys: vec![c.world.key.verifying_key().to_bytes().map(|b| format!("{b:02x}")).concat()],
        });
        // Later the old price is worse by what was found, or better.
        let traffic = c.traffic.get_mut("pro_price").expect("traffic");
        let old = if fades { 0.2 } else { -0.13 };
        traffic.effects.insert(("signup_rate".into(), "before".into()), old);
        traffic.effects.insert(("signup_rate".into(), "test".into()), 0.0);
        c.days(76);
        let again = c.world.engine.experiment("dearer_again").expect("a re-test").clone();
        assert_eq!(again.spec.parent.as_deref(), Some("dearer"));
        c.until("dearer_again", &[State::Archived], 90);
        let e = c.experiment("dearer_again");
        let found = e.conclusion.clone().expect("a conclusion").call;
        assert_eq!(matches!(found, Call::Ship { .. }), fades, "{call}: {found:?}");
        c.day();
        assert_eq!(c.experiment("dearer").state, State::Archived);
        let reopened = c.portfolio.hypotheses.iter().any(|h| h.generator == "contradiction");
        assert_eq!(reopened, fades, "{call}");
    }
}

#[test]
fn a_lever_that_somebody_else_moves_ends_the_question_about_it() {
    let mut c = company(Traffic::with(4000.0, "signup_rate", 0.1), 19);
    c.yes = false;
    c.ask(price("dearer"));
    let id = c.experiment("dearer").decisions[0].clone();
    c.send(Input::LeverSeen { lever: "pro_price".into(), value: number(31.0), by: "founder".into() });
    assert_eq!(c.card(&id).state, DecisionState::Stale);
    c.days(2);
    let e = c.experiment("dearer");
    assert_eq!((e.state, e.refusal.map(|r| r.code)), (State::Refused, Some("conflict".to_owned())));
}

#[test]
fn silence_of_a_source_blocks_and_says_which() {
    let mut c = company(Traffic::with(4000.0, "signup_rate", 0.1), 20);
    c.ask(price("dearer"));
    c.days(8);
    for (exposure, outcome, word) in
        [(3, 3, "still connected"), (3, 0, "is the lever still read"), (0, 3, "none of the events")]
    {
        c.silence = (exposure * DAY, outcome * DAY);
        c.day();
        let last = c.readings.last().expect("a reading");
        let gate = last.gates.iter().find(|g| g.kind == GateKind::StaleData).expect("the gate");
        assert_eq!(last.call, Call::Blocked);
        assert!(gate.cause.as_ref().is_some_and(|c| c.contains(word)), "{gate:?}");
    }
    c.silence = (0, 0);
    c.day();
    assert_ne!(c.readings.last().expect("a reading").call, Call::Blocked, "it goes on once data arrives again");
}
