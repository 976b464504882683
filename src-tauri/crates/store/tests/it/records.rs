//! Journal, documents, outbox, keys, changes.

use epoch_model::business::{Domain, LeverValue};
use epoch_model::decision::{Act, Decision, State};
use epoch_model::insight::{Expectation, Insight, InsightKind};
use epoch_model::journal::{GENESIS, RowKind};
use epoch_model::{Code, Result};
use epoch_store::*;
use serde_json::{Value, json};

use crate::common::{START, open};

fn expectation() -> Expectation {
    Expectation { p10: 1.0, p50: 2.0, p90: 3.5, method: "seasonal".into(), history: 30 }
}

fn decision(n: u32, state: &str) -> Decision {
    let prediction = json!({"metric": if n.is_multiple_of(2) { "revenue" } else { "visitors" }, "from": 0, "to": 1,
        "value": expectation(), "money_minor": null, "p_worse": 0.1, "calibration": {"scored": 0, "inside": 0}});
    let act = if n.is_multiple_of(3) {
        json!({"kind": "webhook", "effect": "mail", "payload": {"n": n}})
    } else {
        json!({"kind": "set_lever", "lever": "price", "from": 29.0, "to": 28.0})
    };
    serde_json::from_value(json!({
        "id": format!("dec_{n:06}"), "state": state, "created_at": START + i64::from(n), "level": "tactical",
        "layer": "strategist", "domain": if n.is_multiple_of(2) { "pricing" } else { "sales" }, "headline": "Lower the price",
        "proposer": "playbook:price", "policy_version": "abc", "act": act, "act_hash": "h",
        "idempotency_key": format!("key-{n}"), "dry_run": "29 -> 28", "goal": null,
        "insight": format!("ins_{:06}", n / 2), "evidence": [], "counter_evidence": [], "counter_search": "none",
        "prediction": prediction, "nothing": prediction, "alternatives": [], "cost_minor": 0, "stake_minor": null,
        "budget_left_minor": 0, "founder_minutes": 1, "reversibility": "R1", "undo": "", "blast_radius": "",
        "worst_case": "", "delay_cost_per_day_minor": null, "expires_at": START, "on_expiry": "", "preconditions": [],
        "guardrails": [], "policy": {"answer": "ask", "rule": "r", "reason": "x"}, "editable": [], "precedents": [],
        "deferred_until": null, "history": [], "outcome": null,
    }))
    .unwrap()
}

fn insight(n: u32) -> Insight {
    Insight {
        id: format!("ins_{n:06}"),
        at: START + i64::from(n),
        kind: if n.is_multiple_of(2) { InsightKind::Anomaly } else { InsightKind::Goal },
        metric: "revenue".into(),
        from: i64::from(n) * 100,
        to: i64::from(n) * 100 + 100,
        actual: 0.1 + 0.2,
        expected: Some(expectation()),
        score: -4.2,
        p_value: 1e-17,
        good: None,
        drivers: Vec::new(),
        headline: "Revenue fell".into(),
        continues: None,
        decisions: Vec::new(),
    }
}

fn effect(n: u32) -> NewEffect {
    let act = Act::Call { effect: "mail".into(), payload: json!({"n": n}) };
    NewEffect { decision: format!("dec_{n:06}"), idempotency_key: format!("key-{n}"), act, due: START + i64::from(n) }
}

fn entry(n: u32) -> Entry {
    Entry {
        actions: vec![
            ("engine".into(), json!({"type": "decision", "id": format!("dec_{n:06}")})),
            ("playbook:price".into(), json!({"b": 1, "a": [n, 0.1]})),
        ],
        ..Entry::new(START + i64::from(n), RowKind::Input, "system", json!({"type": "tick", "n": n}))
    }
}

#[test]
fn one_step_is_all_or_nothing_and_reads_back_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    assert_eq!(store.journal_head().unwrap(), (0, GENESIS.to_owned()));
    for n in 0..6 {
        let state = if n < 2 { "pending" } else { "scored" };
        let lever = LeverRow {
            key: "price".into(),
            value: LeverValue::Number(28.5),
            updated_at: START,
            decision: None,
            by: "engine".into(),
            rules: Vec::new(),
        };
        let scored = Scored {
            metric: "revenue".into(),
            start: i64::from(n),
            end: 10,
            actual: None,
            expected: expectation(),
            score: 1.0,
            p_value: 0.5,
        };
        let seq = store
            .commit(vec![Entry {
                insights: vec![insight(n)],
                decisions: vec![decision(n, state)],
                expectations: vec![scored],
                levers: vec![lever],
                outbox: vec![effect(n)],
                meta: vec![("watermark".into(), Some(json!({"n": n})))],
                snapshot: Some(vec![n as u8; 3]),
                ..entry(n)
            }])
            .unwrap();
        assert_eq!(seq, u64::from(n + 1) * 3);
    }
    store.commit(vec![Entry { decisions: vec![decision(0, "approved")], ..entry(0) }]).unwrap();
    let check = |store: &Store| {
        assert_eq!(store.decision("dec_000003").unwrap(), Some(decision(3, "scored")));
        assert_eq!(store.insight("ins_000002").unwrap(), Some(insight(2)));
        assert_eq!(store.decision("dec_9").unwrap(), None);
        let (version, levers) = store.levers().unwrap();
        assert_eq!((version, levers.len()), (6, 1));
        assert_eq!(store.expectations("revenue", 2, 5).unwrap().len(), 3);
        assert_eq!(store.meta("watermark").unwrap(), Some(json!({"n": 5})));
        assert_eq!(store.snapshot().unwrap(), Some((18, vec![5; 3])));
        let rows = store.journal(4, 3).unwrap();
        assert_eq!(rows.iter().map(|r| (r.seq, r.cause)).collect::<Vec<_>>(), [(4, None), (5, Some(4)), (6, Some(4))]);
        assert_eq!(rows[2].body, json!({"a": [1, 0.1], "b": 1}));
        assert_eq!(store.journal_for("dec_000000").unwrap().iter().map(|r| r.seq).collect::<Vec<_>>(), [2, 20]);
        let report = store.verify(None).unwrap();
        assert_eq!((report.rows, report.problem), (21, None));
    };
    check(&store);
    let ids =
        |filter: DecisionFilter| -> String { store.decisions(&filter).unwrap().iter().map(|d| &d.id[9..]).collect() };
    let all = DecisionFilter::default;
    let cases = [
        (all(), "543210"),
        (DecisionFilter { limit: 2, ..all() }, "54"),
        (DecisionFilter { states: vec![State::Pending, State::Approved], ..all() }, "10"),
        (DecisionFilter { domain: Some(Domain::Pricing), ..all() }, "420"),
        (DecisionFilter { metric: Some("visitors".into()), ..all() }, "531"),
        (DecisionFilter { lever: Some("price".into()), ..all() }, "5421"),
        (DecisionFilter { insight: Some("ins_000001".into()), ..all() }, "32"),
        (DecisionFilter { before: Some(START + 3), ..all() }, "210"),
    ];
    for (filter, expected) in cases {
        assert_eq!(ids(filter.clone()), expected, "{filter:?}");
    }
    let found =
        |filter: InsightFilter| -> String { store.insights(&filter).unwrap().iter().map(|i| &i.id[9..]).collect() };
    assert_eq!(found(InsightFilter { kind: Some(InsightKind::Goal), ..InsightFilter::default() }), "531");
    assert_eq!(found(InsightFilter { from: Some(100), to: Some(400), ..InsightFilter::default() }), "321");
    store.close().unwrap();
    check(&open(dir.path()));
}

#[test]
fn an_effect_is_sent_once_and_doubt_survives_a_crash() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    store.commit(vec![Entry { outbox: vec![effect(1), effect(2), effect(1)], ..entry(1) }]).unwrap();
    store.commit(vec![Entry { outbox: vec![effect(2)], ..entry(2) }]).unwrap();
    let due = store.outbox_due(START + 10, 10).unwrap();
    assert_eq!(due.len(), 2, "an idempotency key was queued twice");
    assert_eq!(store.outbox_due(START + 1, 10).unwrap().len(), 1);
    let (one, two) = (due[0].id, due[1].id);
    // Eight senders race for one effect.
    let winners: usize = std::thread::scope(|s| {
        let race: Vec<_> = (0..8).map(|_| s.spawn(|| usize::from(store.outbox_start(one).is_ok()))).collect();
        race.into_iter().map(|t| t.join().unwrap()).sum()
    });
    assert_eq!(winners, 1);
    let code = |r: Result<()>| r.unwrap_err().code;
    assert_eq!(code(store.outbox_finish(two, OutboxResult::Done { detail: String::new() })), Code::WrongState);
    assert_eq!(code(store.outbox_start(99).map(drop)), Code::NotFound);
    store.outbox_finish(one, OutboxResult::Retry { at: START + 50, detail: "503".into() }).unwrap();
    assert!(store.outbox_due(START + 49, 10).unwrap().iter().all(|i| i.id == two));
    assert_eq!(store.outbox_start(one).unwrap().attempts, 2);
    store.outbox_finish(one, OutboxResult::Done { detail: "200".into() }).unwrap();
    assert_eq!(code(store.outbox_start(one).map(drop)), Code::WrongState);
    store.outbox_start(two).unwrap();
    // Ends here as in a crash: nobody finishes `two`.
    store.close().unwrap();
    let store = open(dir.path());
    let doubtful = store.outbox(Some(OutboxState::InDoubt), 10).unwrap();
    assert_eq!(doubtful.iter().map(|i| i.id).collect::<Vec<_>>(), [two]);
    assert!(store.outbox_due(i64::MAX, 10).unwrap().is_empty());
    assert_eq!(code(store.outbox_start(two).map(drop)), Code::WrongState);
    store.outbox_finish(two, OutboxResult::Failed { detail: "the founder looked".into() }).unwrap();
    assert_eq!(store.outbox(None, 10).unwrap().len(), 2);
}

#[test]
fn tampering_is_found_and_named() {
    let cases: [(&str, u64, &str); 6] = [
        ("UPDATE journal SET body = '{\"type\":\"other\"}' WHERE seq = 5", 5, "was changed"),
        ("UPDATE journal SET actor = 'operator:x' WHERE seq = 7", 7, "was changed"),
        ("UPDATE journal SET prev = (SELECT hash FROM journal WHERE seq = 1) WHERE seq = 4", 4, "was changed"),
        ("DELETE FROM journal WHERE seq = 6", 6, "is missing"),
        ("DELETE FROM journal WHERE seq = 1", 1, "is missing"),
        ("DELETE FROM journal WHERE seq > 10", 11, "cut off"),
    ];
    for (sql, seq, what) in cases {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path());
        store.commit((0..4).map(entry).collect()).unwrap();
        let head = store.journal_head().unwrap();
        store.close().unwrap();
        let db = rusqlite::Connection::open(dir.path().join("business.db")).unwrap();
        for refused in [
            sql,
            "INSERT OR REPLACE INTO journal SELECT seq, at, kind, actor, cause, '{}', prev, hash FROM journal WHERE seq = 2",
        ] {
            assert!(db.execute(refused, []).unwrap_err().to_string().contains("append-only"), "{refused}");
        }
        db.execute_batch("DROP TRIGGER journal_no_update; DROP TRIGGER journal_no_delete;").unwrap();
        db.execute(sql, []).unwrap();
        drop(db);
        let store = open(dir.path());
        let report = store.verify(Some((head.0, &head.1))).unwrap();
        let problem = report.problem.unwrap_or_else(|| panic!("not found: {sql}"));
        assert_eq!(problem.seq, seq, "{sql}: {problem:?}");
        assert!(problem.what.contains(what), "{sql}: {problem:?}");
        store.close().unwrap();
        let told = Store::doctor(dir.path());
        // Without an anchor a cut tail cannot be seen: that is what the anchor is for.
        assert_eq!(told.iter().find(|c| c.name == "journal").unwrap().ok, what == "cut off");
    }
}

#[test]
fn a_journal_written_anew_is_not_the_one_that_was_noted() {
    let heads: Vec<_> = [1, 2]
        .map(|n| {
            let dir = tempfile::tempdir().unwrap();
            let store = open(dir.path());
            store.commit(vec![entry(n)]).unwrap();
            (store.journal_head().unwrap(), store, dir)
        })
        .into();
    let (noted, store) = (&heads[0].0, &heads[1].1);
    let problem = store.verify(Some((noted.0, &noted.1))).unwrap().problem.unwrap();
    assert!(problem.what.contains("written anew"), "{problem:?}");
}

#[test]
fn keys_marks_and_changes() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let hear = store.subscribe();
    let key = GatewayKey {
        id: "k1".into(),
        kind: KeyKind::Write,
        source: "web".into(),
        hash: "aa".into(),
        prefix: "ek_".into(),
        created_at: START,
        revoked_at: None,
    };
    store.add_key(&key).unwrap();
    let twice = [GatewayKey { id: "k2".into(), ..key.clone() }, GatewayKey { hash: "bb".into(), ..key.clone() }];
    for key in &twice {
        assert_eq!(store.add_key(key).unwrap_err().code, Code::InvalidArgument);
    }
    store.revoke_key("k1", START + 5).unwrap();
    store.revoke_key("k1", START + 9).unwrap();
    assert_eq!(store.revoke_key("nobody", START).unwrap_err().code, Code::NotFound);
    assert_eq!(store.keys().unwrap(), [GatewayKey { revoked_at: Some(START + 5), ..key }]);

    for (key, n) in [("web/a", 1), ("web/b", 2), ("web/a", 3), ("shop/a", 4), ("web", 5)] {
        store.put_import(key, &json!({"line": n})).unwrap();
    }
    assert_eq!(store.import("web/a").unwrap().unwrap().mark, json!({"line": 3}));
    assert_eq!(store.imports("web/").unwrap().iter().map(|m| &*m.key).collect::<Vec<_>>(), ["web/a", "web/b"]);
    assert_eq!(store.imports("").unwrap().len(), 4);
    store.put_meta("x", Some(&Value::Null)).unwrap();
    assert_eq!(store.meta("x").unwrap(), Some(Value::Null));
    store.put_meta("x", None).unwrap();
    assert_eq!(store.meta("x").unwrap(), None);

    let heard: Vec<Change> = hear.try_iter().collect();
    assert!(heard.is_sorted_by_key(|c| c.seq) && heard.len() >= 9, "{heard:?}");
    let kept = store.changes_since(0).unwrap();
    let names: Vec<_> = kept.iter().map(|c| (&*c.topic, &*c.key)).collect();
    assert_eq!(
        names,
        [
            ("keys", "k1"),
            ("imports", "web/b"),
            ("imports", "web/a"),
            ("imports", "shop/a"),
            ("imports", "web"),
            ("meta", "x")
        ]
    );
    assert_eq!(store.changes_since(kept[3].seq).unwrap(), kept[4..]);
    // A failed write changes nothing and tells nobody.
    assert!(store.add_key(&twice[0]).is_err());
    assert!(hear.try_recv().is_err());
}
