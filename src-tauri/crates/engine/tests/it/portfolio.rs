//! Questions of the engine's own: from levers nobody tried, from playbooks, from what was found before.

use epoch_engine::{Input, Playbook};
use epoch_model::decision::{Act, State as DecisionState};
use epoch_model::experiment::{Call, HypothesisState, Origin, Purpose, State};

use crate::company::{Company, Traffic, price, quiet};

fn autonomous(seed: u64, playbooks: Vec<Playbook>) -> Company {
    let mut business = quiet();
    business.experimenting.autonomous = true;
    let mut c = Company::with(business, playbooks, seed);
    // Prices are met and reported; the discount is not.
    c.traffic.insert("pro_price".to_owned(), Traffic::with(5000.0, "revenue", 0.0).and("signup_rate", 0.0));
    c
}

#[test]
fn it_asks_on_its_own_where_levers_are_met() {
    let mut c = autonomous(21, Vec::new());
    c.days(40);
    let own: Vec<_> = c.world.engine.experiments().filter(|e| e.spec.origin == Origin::Engine).cloned().collect();
    let asked: Vec<_> = own.iter().filter(|e| e.spec.purpose == Purpose::Decide).collect();
    assert!(!asked.is_empty(), "{:?}", c.portfolio);
    assert!(asked.iter().all(|e| e.spec.lever.as_deref() == Some("pro_price")), "only where exposures are reported");
    let first = asked[0];
    assert!(first.value_minor_per_week.is_some_and(|v| v > 0), "{first:?}");
    let hypothesis = c
        .portfolio
        .hypotheses
        .iter()
        .find(|h| Some(&h.id) == first.spec.hypothesis_id.as_ref())
        .expect("the hypothesis it tests");
    assert_eq!(hypothesis.generator, "neighbour");
    assert!(hypothesis.days.is_some() && hypothesis.value_minor_per_week.is_some());
    assert!(c.world.engine.experiments().filter(|e| matches!(e.state, State::Running)).count() <= 1);
}

#[test]
fn a_playbooks_move_is_tested_instead_of_made_for_everybody() {
    let settings = |running: u32| {
        let mut business = quiet();
        business.experimenting.autonomous = true;
        business.experimenting.self_audit = 0.0;
        business.experimenting.running_max = running;
        business
    };
    let mut c = Company::with(settings(0), Playbook::defaults(), 22);
    c.traffic.insert("pro_price".to_owned(), Traffic::with(5000.0, "revenue", 0.0));
    c.yes = false;
    c.days(90);
    let key = c.world.key.verifying_key().to_bytes().map(|b| format!("{b:02x}")).concat();
    let configure = |running: u32| Input::Configure {
        business: Box::new(settings(running)),
        playbooks: Playbook::defaults(),
        operator_keys: vec![key.clone()],
    };
    c.send(configure(1));
    c.slump();
    let e = c.world.engine.experiments().find(|e| e.spec.origin == Origin::Engine).expect("an experiment").clone();
    let h = c.portfolio.hypotheses.iter().find(|h| Some(&h.id) == e.spec.hypothesis_id.as_ref()).expect("a hypothesis");
    assert_eq!(h.generator, "playbook:revenue_drop_lower_price");
    assert_eq!((e.spec.metric.as_str(), e.spec.lever.as_deref()), ("revenue", Some("pro_price")));
    let (exposed, most) = (e.spec.share * e.spec.arms[1].weight, 0.1 + 1e-9);
    assert!(exposed <= most || e.spec.share > 0.999, "{:?}", e.spec);
    assert!(c.world.on("pro_price").is_none(), "not moved for everybody");
    assert!(matches!(e.state, State::Waiting | State::Running), "{:?}", e.history);

    // Where it cannot be tested, the playbook's own card comes after all.
    let mut c = Company::with(settings(1), Playbook::defaults(), 23);
    c.traffic.insert("pro_price".to_owned(), Traffic::with(20.0, "revenue", 0.0));
    c.yes = false;
    c.days(90);
    c.slump();
    let card = c.world.on("pro_price").expect("a card");
    assert_eq!(card.state, DecisionState::Pending);
    assert!(c.world.engine.experiments().any(|e| e.state == State::Refused), "it was tried");

    // And where nobody reports exposures, nothing changed.
    let mut c = Company::with(settings(1), Playbook::defaults(), 24);
    c.yes = false;
    c.days(90);
    c.slump();
    assert!(matches!(c.world.on("pro_price").expect("a card").act, Act::SetLever { .. }));
}

#[test]
fn what_is_found_leads_on() {
    let mut c = autonomous(24, Vec::new());
    c.traffic.insert("pro_price".to_owned(), Traffic::with(40_000.0, "revenue", 0.1).and("signup_rate", 0.0));
    c.days(120);
    let supported = c.portfolio.hypotheses.iter().any(|h| h.state == HypothesisState::Supported);
    assert!(supported, "{:?}", c.portfolio.hypotheses);
    assert!(c.portfolio.prior_from > 0 && c.portfolio.prior_sd > 0.0);
    let record = c.portfolio.strategies.iter().find(|s| s.strategy == "neighbour").expect("a record");
    assert!(record.tested > 0 && record.weight > 0.0);
    let chain = c.world.engine.experiments().any(|e| !e.follow_ups.is_empty());
    assert!(chain, "a winner leads to the next step");
}

#[test]
fn a_part_that_likes_it_is_asked_about_on_its_own() {
    let mut business = quiet();
    business.experimenting.autonomous = true;
    business.experimenting.running_max = 0;
    business.experimenting.self_audit = 0.0;
    let mut c = Company::new(business, 31);
    c.segments = true;
    // Better in Spain, as much worse in Germany: nothing as a whole.
    let traffic = Traffic { spain: Some(0.3), ..Traffic::with(6000.0, "signup_rate", -0.2) };
    c.traffic.insert("pro_price".to_owned(), traffic);
    c.days(30);
    c.ask(price("dearer"));
    c.until("dearer", &[State::Archived], 90);
    let e = c.experiment("dearer");
    let call = e.conclusion.expect("a conclusion").call;
    assert!(matches!(call, Call::Futile | Call::Inconclusive), "{call:?}");
    let rows = &e.last.expect("a reading").effects[0].segments;
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert!(rows.iter().all(|r| (r.shrunk.high - r.shrunk.low) <= (r.raw.high - r.raw.low) * 1.05));
    let h = c.portfolio.hypotheses.iter().find(|h| h.generator == "segment").expect("a hypothesis");
    assert_eq!(h.audience.as_deref(), Some("country == 'Spain'"));
    assert!(h.evidence.contains(&"dearer".to_owned()) && h.prior.low > 0.0, "{h:?}");
}
