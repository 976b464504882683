//! Limits that no rule lifts: budgets, rates, exposure, losses, attention; audits by chance; proposers that only watch.

use epoch_engine::{Action, Input};
use epoch_model::business::PolicyAnswer;
use epoch_model::decision::{State, Verdict};
use epoch_model::gate::RunState;
use epoch_model::time::{DAY, HOUR};

use crate::bounds::{call, decision, discount, free, put};
use crate::world::{World, effects};

fn failed(world: &mut World, id: &str) -> Vec<Action> {
    world.send(Input::EffectResult {
        decision: id.to_owned(),
        ok: false,
        in_doubt: false,
        detail: "refused".into(),
        answer: None,
    })
}

/// Four euros each; the week has ten.
const LINE: &str = "[[budget]]\nkey = \"alerts\"\ntitle = \"Alerts\"\nper = \"week\"\namount = \"10 EUR\"\ntargets = [\"ops_alert\"]\n";

#[test]
fn what_a_budget_cannot_pay_waits_and_runs_when_something_fails() {
    let mut world = free("audit_share = 0", LINE);
    let (first, second, third) = (call("a"), call("b"), call("c"));
    let d = put(&mut world, &first);
    assert_eq!(d.state, State::Executing);
    let left: Vec<(&str, i64)> = d.budgets.iter().map(|b| (b.budget.as_str(), b.left_minor)).collect();
    assert_eq!(left, [("alerts", 1_000), ("autonomous_spend_per_day", 2_000)]);
    assert_eq!(d.budget_left_minor, 1_000);
    assert_eq!(put(&mut world, &second).budget_left_minor, 600);
    let held = put(&mut world, &third);
    assert_eq!(held.state, State::Draft);
    let reason = &held.history.last().expect("a reason").reason;
    assert!(reason.contains("2.00 EUR of the budget “Alerts”"), "{reason}");
    let line = world.engine.budgets().into_iter().find(|b| b.budget == "alerts").expect("a line");
    assert_eq!((line.reserved_minor, line.spent_minor, line.left_minor), (800, 0, 200));

    world.done(&d.id);
    let line = world.engine.budgets().into_iter().find(|b| b.budget == "alerts").expect("a line");
    assert_eq!((line.reserved_minor, line.spent_minor, line.left_minor), (400, 400, 200));
    let id = decision(&world, &second).id;
    let sent = failed(&mut world, &id);
    assert_eq!(effects(&sent).len(), 1, "what failed gave its money back");
    assert_eq!(decision(&world, &third).state, State::Executing);
}

#[test]
fn the_founder_cannot_be_made_to_overspend_either() {
    // Everything asks, and every approval comes before anything runs.
    let mut world = free("audit_share = 1.0", LINE);
    let all: Vec<_> = ["a", "b", "c"].map(call).to_vec();
    for p in &all {
        assert_eq!(put(&mut world, p).state, State::Pending);
    }
    world.run(RunState::Paused);
    for p in &all {
        let id = decision(&world, p).id;
        world.answer(&id, Verdict::Approve);
    }
    let sent = world.run(RunState::Running);
    assert_eq!(effects(&sent).len(), 2, "ten euros pay for two");
    let waiting = decision(&world, &all[2]);
    assert_eq!(waiting.state, State::Approved);
    assert!(waiting.history.last().is_some_and(|t| t.reason.starts_with("waits: it costs 4.00 EUR")));
    // It is Monday; the next week has money, but the card's three days are over by then.
    world.now += 8 * DAY;
    world.send(Input::Tick);
    assert_eq!(decision(&world, &all[2]).state, State::Stale);
}

#[test]
fn what_never_fits_is_refused_at_once() {
    let mut world = free("audit_share = 0", &LINE.replace("10 EUR", "3 EUR"));
    let d = put(&mut world, &call("a"));
    assert_eq!(d.state, State::Rejected);
    assert!(d.history.last().is_some_and(|t| t.reason.contains("has 3.00 EUR in all")), "{:?}", d.history);
}

#[test]
fn calls_keep_their_rate_whoever_approved_them() {
    let rate = "[[rate]]\nof = \"webhook\"\nmost = 2\nper = \"6h\"\n";
    let mut world = free("audit_share = 0", rate);
    let all: Vec<_> = ["a", "b", "c"].map(call).to_vec();
    let states: Vec<State> = all.iter().map(|p| put(&mut world, p).state).collect();
    assert_eq!(states, [State::Executing, State::Executing, State::Draft]);
    world.now += 5 * HOUR;
    assert!(effects(&world.send(Input::Tick)).is_empty());
    world.now += HOUR + HOUR / 6;
    assert_eq!(effects(&world.send(Input::Tick)).len(), 1);

    let mut asked = free("audit_share = 1.0", rate);
    let ids: Vec<String> = all.iter().map(|p| put(&mut asked, p).id).collect();
    for id in ids {
        asked.answer(&id, Verdict::Approve);
    }
    assert_eq!(decision(&asked, &all[2]).state, State::Approved, "it waits its turn");
    asked.now += 7 * HOUR;
    assert_eq!(effects(&asked.send(Input::Tick)).len(), 1);
}

#[test]
fn a_day_touches_only_so_many_customers() {
    let mut world = free("audit_share = 0\nexposure_per_day = \"50 %\"", "");
    world.days(60);
    let p = discount(&world, "a", 15.0);
    let d = put(&mut world, &p);
    assert_eq!((d.state, d.policy.answer), (State::Pending, PolicyAnswer::Ask), "more than a day may touch asks");
    assert!(d.policy.reason.contains("50 % a day"), "{}", d.policy.reason);
}

#[test]
fn losses_of_what_ran_alone_make_everything_ask_until_the_founder_resumes() {
    let mut world = free("audit_share = 0\ndrawdown = { loss = \"500 EUR\", over = \"28d\" }", "");
    world.days(60);
    let p = discount(&world, "a", 15.0);
    let d = put(&mut world, &p);
    assert_eq!(d.state, State::Executing, "{:?}", d.policy);
    world.done(&d.id);
    let mut said = 0;
    for _ in 0..9 {
        let actions = world.day(0.7, 1.0);
        said +=
            actions.iter().filter(|a| matches!(a, Action::Notify { text, .. } if text.contains("lost more"))).count();
    }
    assert_eq!((decision(&world, &p).state, said), (State::Scored, 1), "said once");
    assert!(world.engine.drawn_down());
    let asks = put(&mut world, &call("b"));
    assert_eq!(asks.state, State::Pending);
    assert!(asks.policy.reason.contains("500.00 EUR") && asks.conditions.drawdown, "{}", asks.policy.reason);
    world.run(RunState::Running);
    assert_eq!(put(&mut world, &call("c")).state, State::Executing, "the founder resumed");
}

#[test]
fn attention_goes_where_an_answer_is_worth_most() {
    let mut world = free("audit_share = 1.0\nminutes_per_day = 5", "");
    world.days(60);
    // Each card takes two minutes: two fit into five.
    let calls: Vec<_> = ["a", "b", "c"].map(call).to_vec();
    let states: Vec<State> = calls.iter().map(|p| put(&mut world, p).state).collect();
    assert_eq!(states, [State::Pending, State::Pending, State::Draft]);
    let worthy = discount(&world, "d", 15.0);
    let held = put(&mut world, &worthy);
    assert_eq!(held.state, State::Draft);
    assert!(held.history.last().is_some_and(|t| t.reason.contains("4 of your 5 minutes")), "{:?}", held.history);
    world.now += DAY;
    let shown: Vec<String> = world
        .send(Input::Tick)
        .into_iter()
        .filter_map(|a| match a {
            Action::Decision(d) if d.state == State::Pending => d.proposal.clone(),
            _ => None,
        })
        .collect();
    assert_eq!(shown, ["d", "c"], "money at stake comes before what has none");
}

#[test]
fn chance_puts_what_could_run_alone_to_the_founder() {
    let mut world = free("audit_share = 0.25", "");
    let mut audited = 0;
    for n in 0..40 {
        // Another day each, so that neither cards nor money run out.
        world.now += DAY;
        let d = put(&mut world, &call(&format!("n{n}")));
        assert_eq!(d.audited, d.state == State::Pending, "{:?}", d.policy);
        audited += usize::from(d.audited);
        if d.state == State::Executing {
            world.done(&d.id);
        }
    }
    assert!((4..18).contains(&audited), "{audited} of 40");
}

#[test]
fn an_audit_nobody_looked_at_runs_as_policy_says() {
    let mut world = free("audit_share = 1.0", "");
    let p = call("a");
    let d = put(&mut world, &p);
    assert!(d.audited && d.state == State::Pending && d.policy.reason.contains("chance"), "{:?}", d.policy);
    world.now += 3 * DAY + HOUR;
    assert_eq!(effects(&world.send(Input::Tick)).len(), 1, "R1 runs without an answer where a rule lets it");
    let ran = decision(&world, &p);
    assert!(ran.history.iter().any(|t| t.to == State::Approved && t.actor == "system"));

    let mut world = free("audit_share = 1.0", "");
    let d = put(&mut world, &p);
    world.answer(&d.id, Verdict::Veto { reason: "wrong".into(), text: String::new() });
    assert_eq!(decision(&world, &p).state, State::Rejected);
}

#[test]
fn who_only_watches_is_scored_and_never_shown_or_run() {
    let mut world = free("audit_share = 0\nshadow = [\"client:*\"]", "");
    world.days(60);
    let p = discount(&world, "a", 15.0);
    let d = put(&mut world, &p);
    assert!(d.shadow && d.state == State::Observing, "{:?}", d.history);
    assert!(d.history.last().is_some_and(|t| t.reason.contains("would have said run")), "{:?}", d.history);
    // Somebody who may acts on the same lever meanwhile.
    let other = epoch_model::proposal::Proposal { proposer: "workflow:sale".into(), key: "w".into(), ..p.clone() };
    world.send(Input::Proposed { proposal: Box::new(other.clone()), by: "system".into() });
    assert_eq!(decision(&world, &other).state, State::Executing, "the lever is free");
    let id = decision(&world, &other).id;
    failed(&mut world, &id);
    world.days(10);
    let scored = decision(&world, &p);
    let outcome = scored.outcome.expect("an outcome");
    assert_eq!(scored.state, State::Scored);
    assert!(outcome.note.contains("only watched") && outcome.inside, "{outcome:?}");
    assert!(!world.engine.calibration().contains_key("client:desk"), "what was not done proves nothing");
    let all: Vec<Action> = world.log.iter().flat_map(|(_, _, a)| a.clone()).collect();
    let own = |id: &str| id == d.id;
    assert!(!effects(&all).iter().any(|(id, _)| own(id)));
    assert!(!all.iter().any(|a| matches!(a, Action::Notify { decision, .. } if own(decision))));
    assert_eq!(put(&mut world, &call("b")).state, State::Withdrawn, "it predicts nothing that could be compared");
}
