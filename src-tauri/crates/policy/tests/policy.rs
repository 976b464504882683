//! What policies answer, say and find wrong with themselves.

#![expect(clippy::panic, reason = "a test may fail loudly")]

use epoch_model::business::{Business, Domain, PolicyAnswer, PolicyRule, Reversibility};
use epoch_model::decision::Level;
use epoch_policy::{Facts, FindingKind, Policy, Tally, cedar_of};

fn facts() -> Facts {
    Facts {
        proposer: "playbook:price".into(),
        target: "lever pro_price".into(),
        domain: Domain::Pricing,
        act: "set_lever".into(),
        level: Level::Operational,
        reversibility: Reversibility::R1,
        stake: Some(1_000),
        cost: 0,
        budget_left: 2_000,
        exposure: 500,
        chance_worse: 2_000,
        novel: false,
        effect: String::new(),
        autonomy: 1,
        drawdown: false,
        first_contact: false,
        breaker_open: false,
        run_of_workflow: false,
        uncertainty: 1_000,
        delay_cost: 0,
        hour: 10,
        weekday: 2,
    }
}

fn policy(text: &str) -> Policy {
    Policy::read(text).unwrap_or_else(|problems| panic!("{problems:?}"))
}

const BOTH: &str = r#"action in [Action::"execute", Action::"propose"]"#;

#[test]
fn two_questions_and_else_a_denial() {
    let text = format!(
        r#"
        @title("Small steps run") permit (principal, {BOTH}, resource) when {{ context has stake && context.stake <= 1000 }};
        @title("Prices ask") forbid (principal, action == Action::"execute", resource in Domain::"pricing") when {{ context.level > 0 }};
        @title("Anything may be asked") permit (principal, action == Action::"propose", resource) unless {{ context.novel }};
        @title("Agents try nothing new") forbid (principal in Kind::"agent", action, resource) when {{ context.novel }};
        "#
    );
    let policy = policy(&text);
    let check = |facts: &Facts, answer, rule: &str| {
        let verdict = policy.judge(facts, "small");
        assert_eq!((verdict.answer, verdict.rule.as_str()), (answer, rule), "{}", verdict.reason);
    };
    check(&facts(), PolicyAnswer::Run, "Small steps run");
    check(&Facts { stake: Some(1_001), ..facts() }, PolicyAnswer::Ask, "Anything may be asked");
    check(&Facts { stake: None, ..facts() }, PolicyAnswer::Ask, "Anything may be asked");
    check(&Facts { level: Level::Tactical, ..facts() }, PolicyAnswer::Ask, "Prices ask");
    let first = Facts { novel: true, stake: None, ..facts() };
    check(&first, PolicyAnswer::Deny, "no rule fits");
    check(&Facts { proposer: "agent:sales".into(), ..first }, PolicyAnswer::Deny, "Agents try nothing new");
    check(&facts(), PolicyAnswer::Run, "Small steps run");
}

#[test]
fn a_rule_that_fails_denies_even_where_others_would_allow() {
    let text = format!(
        "permit (principal, {BOTH}, resource);
           forbid (principal, action, resource) when {{ context.cost * 9223372036854775807 > 1 }};"
    );
    let policy = policy(&text);
    assert_eq!(policy.judge(&facts(), "small").answer, PolicyAnswer::Run, "0 times anything does not overflow");
    let verdict = policy.judge(&Facts { cost: 2, ..facts() }, "small");
    assert_eq!((verdict.answer, verdict.rule.as_str()), (PolicyAnswer::Deny, "policy error"), "{}", verdict.reason);
}

#[test]
fn what_is_not_valid_is_refused_with_its_line() {
    for (text, line, part) in [
        ("permit (principal, action, resource)\nwhen { context.stak > 1 };", 2, "stak"),
        ("permit (principal, action, resource)\nwhen { context.stake > 1 };", 2, "stake"),
        ("permit (principal, action, resource)\nwhen { context.level == \"high\" };", 2, "type"),
        ("\n\npermit (principal action, resource);", 3, "unexpected"),
        ("permit (principal, action == Action::\"approve\", resource);", 1, "approve"),
        ("permit (principal == ?principal, action, resource);", 0, "templates"),
        ("permit (principal, action, resource) when { context.level > 3 && false };", 1, ""),
    ] {
        let problems = Policy::read(text).expect_err(text);
        let first = &problems[0];
        assert!(first.message.contains(part), "{text}: {first:?}");
        assert!(line == 0 || first.line == line, "{text}: {first:?}");
        assert!(!first.hint.is_empty(), "{first:?}");
    }
    assert_eq!(policy("").judge(&facts(), "small").answer, PolicyAnswer::Deny, "no rule, no act");
}

/// How rows answered before they became Cedar: the first that fits.
fn by_rows(rows: &[PolicyRule], f: &Facts) -> PolicyAnswer {
    rows.iter()
        .find(|r| {
            (r.levels.is_empty() || r.levels.contains(&f.level))
                && (r.reversibility.is_empty() || r.reversibility.contains(&f.reversibility))
                && (r.domains.is_empty() || r.domains.contains(&f.domain))
                && r.stake_at_most_minor.is_none_or(|most| f.stake.is_some_and(|s| s <= most))
        })
        .map_or(PolicyAnswer::Ask, |r| r.answer)
}

#[test]
fn the_table_of_the_file_answers_as_its_cedar_text_does() {
    let row = |name: &str, answer| PolicyRule {
        name: name.into(),
        levels: vec![],
        reversibility: vec![],
        domains: vec![],
        stake_at_most_minor: None,
        answer,
    };
    let tables = [
        Business::default_policy(),
        vec![],
        vec![row("all", PolicyAnswer::Deny)],
        vec![
            PolicyRule { domains: vec![Domain::Pricing, Domain::Sales], ..row("no \"prices\"", PolicyAnswer::Deny) },
            PolicyRule { stake_at_most_minor: Some(500), ..row("small", PolicyAnswer::Run) },
        ],
    ];
    for rows in tables {
        let policy = policy(&cedar_of(&rows));
        for level in [Level::Operational, Level::Tactical, Level::Strategic, Level::Sovereign] {
            for reversibility in [Reversibility::R0, Reversibility::R1, Reversibility::R2, Reversibility::R3] {
                for stake in [None, Some(0), Some(500), Some(501), Some(2_000), Some(2_001)] {
                    for domain in [Domain::Pricing, Domain::Ux] {
                        let f = Facts { level, reversibility, stake, domain, ..facts() };
                        assert_eq!(
                            policy.judge(&f, "small").answer,
                            by_rows(&rows, &f),
                            "{f:?} under {}",
                            policy.text()
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn rules_read_as_sentences() {
    let money = |minor: i64| format!("{}.{:02} EUR", minor / 100, minor % 100);
    for (rule, expect) in [
        (
            format!("permit (principal, {BOTH}, resource) when {{ context.level == 0 && context has stake && context.stake <= 2000 }};"),
            "Runs alone when its level is operational and its stake is at most 20.00 EUR.",
        ),
        (
            r#"forbid (principal in Kind::"agent", action == Action::"execute", resource) when { context.exposure > 1000 || context.novel };"#.into(),
            "Never runs alone when it is proposed by an agent and the share of customers it touches is above 10 % or nothing like it was ever scored.",
        ),
        (
            r#"permit (principal, action == Action::"propose", resource) unless { context.novel };"#.into(),
            "May be put to you unless nothing like it was ever scored.",
        ),
        (
            r#"forbid (principal, action, resource in Domain::"pricing") when { !(context.hour >= 9 && context.hour < 17) };"#.into(),
            "Is denied when it acts on something of pricing and not (the hour is at least 9:00 and the hour is below 17:00).",
        ),
    ] {
        assert_eq!(policy(&rule).in_words(&money)[0].text, expect);
    }
}

#[test]
fn rules_without_effect_are_found() {
    for (text, expect) in [
        (
            format!(
                "permit (principal, {BOTH}, resource) when {{ context.level < 2 }};\n@title(\"b\") permit (principal, {BOTH}, resource) when {{ context.level == 0 }};"
            ),
            vec![("b", FindingKind::Redundant)],
        ),
        (
            format!(
                "@title(\"a\") permit (principal, {BOTH}, resource) when {{ context.level == 3 }};\nforbid (principal, action, resource) when {{ context.level > 1 }};\npermit (principal, action, resource) when {{ context.level == 0 }};"
            ),
            vec![("a", FindingKind::Shadowed)],
        ),
        (
            format!(
                "permit (principal, {BOTH}, resource) when {{ context.level == 0 }};\n@title(\"f\") forbid (principal, action, resource) when {{ context.level == 3 }};"
            ),
            vec![("f", FindingKind::Idle)],
        ),
        (
            format!(
                "@title(\"n\") permit (principal, {BOTH}, resource) when {{ context.hour > 22 && context.hour < 3 }};"
            ),
            vec![("n", FindingKind::Never)],
        ),
        (
            format!(
                "permit (principal, {BOTH}, resource);\n@title(\"x\") forbid (principal, action, resource) when {{ context.exposure * 9223372036854775807 > 1 }};"
            ),
            vec![("x", FindingKind::Fails)],
        ),
        (
            format!(
                "permit (principal, {BOTH}, resource) when {{ context.cost < context.budget_left }};\nforbid (principal, action, resource) when {{ [6, 7].contains(context.weekday) }};"
            ),
            vec![],
        ),
        (cedar_of(&Business::default_policy()), vec![]),
    ] {
        let found = policy(&text).lint();
        let short: Vec<(&str, FindingKind)> = found.iter().map(|f| (f.rule.as_str(), f.kind)).collect();
        assert_eq!(short, expect, "{text}\n{found:?}");
    }
}

#[test]
fn a_change_says_what_it_would_have_changed() {
    let strict = policy(r#"@title("All ask") permit (principal, action == Action::"propose", resource);"#);
    let mut tally = Tally::default();
    for (id, was) in [("dec_1", PolicyAnswer::Run), ("dec_2", PolicyAnswer::Ask)] {
        tally.count(id, was, strict.judge(&facts(), "as it was then"));
    }
    assert_eq!((tally.looked_at, tally.same, tally.changed.len()), (2, 1, 1));
    assert_eq!((tally.changed[0].decision.as_str(), tally.changed[0].would_be), ("dec_1", PolicyAnswer::Ask));
}

#[test]
fn what_a_change_loosens_is_named_with_an_example() {
    let money = |minor: i64| format!("{minor} cents");
    let permit = |title: &str, actions: &str, when: &str| {
        format!("@title(\"{title}\") permit (principal, {actions}, resource) when {{ {when} }};\n")
    };
    let small = |most: u32| permit("Small", BOTH, &format!("context has stake && context.stake <= {most}"));
    let asks = permit("Rest", r#"action == Action::"propose""#, "true");
    let before = policy(&(small(1_000) + &asks));
    let of = |text: String| policy(&text).looser_than(&before, &money);

    let (loosened, proven) = of(small(2_000) + &asks);
    let short: Vec<_> = loosened.iter().map(|l| (l.rule.as_str(), l.was, l.will_be)).collect();
    assert_eq!(short, [("Small", PolicyAnswer::Ask, PolicyAnswer::Run)]);
    assert_eq!(loosened[0].example, "its stake is 1001 cents");
    assert!(proven);

    assert_eq!(of(small(500) + &asks).0, [], "less runs alone");
    assert_eq!(of(small(1_000) + &asks).0, [], "nothing changes");
    let no_asking = permit("Small", BOTH, "context has stake && context.stake <= 1000");
    assert_eq!(of(no_asking).0, [], "what asked is denied now");
    let iot = permit("Things", BOTH, r#"resource in Domain::"iot" && context.novel"#);
    let (loosened, _) = of(small(1_000) + &asks + &iot);
    assert_eq!(loosened.len(), 1, "{loosened:?}");
    assert!(loosened[0].example.contains("(iot)") && loosened[0].example.contains("ever scored"), "{loosened:?}");
    let (from_nothing, _) = policy(&asks).looser_than(&policy(""), &money);
    assert_eq!((from_nothing[0].was, from_nothing[0].will_be), (PolicyAnswer::Deny, PolicyAnswer::Ask));
}

#[test]
fn the_examples_for_founders_are_valid_and_do_something() {
    let document = include_str!("../../../../docs/policy.md");
    let blocks: Vec<&str> = document.split("```cedar\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(blocks.len() >= 5, "{}", blocks.len());
    for block in blocks {
        let policy = policy(block);
        assert_eq!(policy.lint(), [], "{block}");
        for rule in policy.in_words(&|minor| minor.to_string()) {
            assert!(!rule.title.starts_with("rule ") && !rule.text.contains(['{', '[']), "{rule:?}");
        }
    }
    // Every fact of the schema is explained, and no other.
    let explained: Vec<&str> =
        document.lines().filter_map(|l| l.strip_prefix("| `context.")?.split('`').next()).collect();
    let (_, facts) = epoch_policy::SCHEMA.split_once("type Facts = {").expect("facts");
    let schema: Vec<&str> = facts
        .split("};")
        .next()
        .expect("an end")
        .lines()
        .filter_map(|l| Some(l.trim()).filter(|l| !l.starts_with("//"))?.split_once(':'))
        .map(|(name, _)| name.trim_end_matches('?'))
        .collect();
    assert_eq!(explained, schema);
}

/// Facts from a seed, close to the constants of the rules below.
fn drawn(seed: u64) -> Facts {
    let mut state = seed;
    let mut pick = |n: u64| {
        // SplitMix64.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    };
    let number = |n: u64| i64::try_from(n).unwrap_or(0);
    let at = |n: u64| usize::try_from(n).unwrap_or(0);
    let (proposer, target) = (at(pick(3)), at(pick(2)));
    Facts {
        proposer: ["playbook:price", "agent:sales", "client:a"][proposer].into(),
        target: ["lever pro_price", "effect alert"][target].into(),
        domain: [Domain::Pricing, Domain::Ux, Domain::Sales][at(pick(3))],
        act: ["set_lever", "call", "start_experiment"][at(pick(3))].into(),
        effect: ["", "mail", "webhook"][at(pick(3))].into(),
        level: [Level::Operational, Level::Tactical, Level::Strategic, Level::Sovereign][at(pick(4))],
        reversibility: [Reversibility::R0, Reversibility::R1, Reversibility::R2, Reversibility::R3][at(pick(4))],
        stake: (pick(3) > 0).then(|| number(pick(4)) * 1_000),
        cost: number(pick(4)),
        budget_left: number(pick(4)),
        exposure: number(pick(3)) * 500,
        chance_worse: number(pick(3)) * 2_000,
        novel: pick(2) == 0,
        autonomy: number(pick(4)),
        drawdown: pick(2) == 0,
        first_contact: pick(2) == 0,
        breaker_open: pick(2) == 0,
        run_of_workflow: pick(2) == 0,
        uncertainty: number(pick(3)) * 100,
        delay_cost: number(pick(3)),
        hour: number(pick(24)),
        weekday: number(pick(7)) + 1,
    }
}

/// What is left out before Cedar is asked changes no answer: for every rule shape, alone and together, with rules that fail among them.
#[test]
fn the_index_never_changes_an_answer() {
    let conditions = [
        "context.level == 0",
        "context.level != 2 && context.reversibility <= 1",
        "context has stake && context.stake <= 1000",
        "!(context has stake) || context.novel",
        "context.act == \"call\" && context.effect != \"mail\"",
        "[\"set_lever\", \"call\"].contains(context.act)",
        "context.autonomy >= 2 || context.novel && !context.drawdown",
        "context.cost < context.budget_left",
        "2 > context.autonomy",
        "!(context.hour >= 9 && context.hour < 17)",
        "principal in Kind::\"agent\" && context.first_contact",
        "resource in Domain::\"pricing\" || context.breaker_open",
        "resource == Target::\"effect alert\"",
        "context.run_of_workflow && context.cost * 9223372036854775807 > 1",
        "context.cost * 9223372036854775807 > 1 && context.level == 0",
        "context.level == 0 || context.cost * 9223372036854775807 > 1",
        "if context.novel then context.weekday < 6 else context.delay_cost == 0",
        "context.chance_worse + context.exposure >= 2000",
        "context.uncertainty > 100 && true",
    ];
    let principals = ["principal", "principal == Proposer::\"playbook:price\"", "principal in Kind::\"client\""];
    let resources = ["resource", "resource == Target::\"lever pro_price\"", "resource in Domain::\"ux\""];
    let actions = [BOTH, "action == Action::\"execute\"", "action == Action::\"propose\"", "action"];
    let rule = |n: usize| {
        let effect = if n % 3 == 1 { "forbid" } else { "permit" };
        let (principal, resource) = (principals[n % 3], resources[(n / 3) % 3]);
        let (action, condition) = (actions[n % 4], conditions[n % conditions.len()]);
        let kind = if n.is_multiple_of(5) { "unless" } else { "when" };
        format!("@title(\"r{n}\") {effect} ({principal}, {action}, {resource}) {kind} {{ {condition} }};\n")
    };
    let mut differing = std::collections::BTreeSet::new();
    for (first, count) in (0..76).map(|n| (n, 1)).chain([(0, 8), (20, 12), (5, 40), (0, 76)]) {
        let policy = policy(&(first..first + count).map(rule).collect::<String>());
        for seed in 0..150 {
            let facts = drawn(seed * 1000 + first as u64);
            let (quick, full) = (policy.judge(&facts, "x"), policy.judge_in_full(&facts, "x"));
            if full.rule == "policy error" {
                // Which of several failing rules is named does not matter.
                assert_eq!((quick.answer, quick.rule.as_str()), (full.answer, "policy error"), "{facts:?}");
            } else {
                assert_eq!(quick, full, "{facts:?} under {}", policy.text());
            }
            differing.insert(format!("{:?} {}", full.answer, full.rule == "policy error"));
        }
    }
    assert_eq!(differing.len(), 4, "every answer came up: {differing:?}");
}
