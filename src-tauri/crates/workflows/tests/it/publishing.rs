//! What may be published, and why not.

use epoch_workflows::publish::{Around, check, check_text};

use crate::bench::{UNDO, business, definition, effect, end, node};

/// The problems, as `path: message`.
fn problems(text: &str) -> Vec<String> {
    let business = business();
    let found = check(&definition(text), &Around { business: &business, workflows: &["other"] });
    found.into_iter().map(|problem| format!("{}: {}", problem.path, problem.message)).collect()
}

fn expect(text: &str, wanted: &[&str]) {
    assert_eq!(problems(text), wanted, "{text}");
}

#[test]
fn names_must_exist() {
    let one = |kind: &str, rest: &str| format!("{}{}", node("n", kind, &format!("{rest}\nnext = \"end\"")), end());
    for (text, message) in [
        (one("effect", "effect = \"alrt\""), "node.n.effect: there is no effect “alrt”"),
        (one("lever", "lever = \"pro_prize\"\nto = 1"), "node.n.lever: there is no lever “pro_prize”"),
        (one("measure", "metric = \"visit\"\nwindow = \"1d\""), "node.n.metric: there is no metric “visit”"),
        (one("sub", "workflow = \"othr\""), "node.n.workflow: there is no workflow “othr”"),
        (one("sub", "workflow = \"t\""), "node.n.workflow: a workflow cannot start itself"),
        (one("effect", "effect = \"@who\""), "node.n.effect: there is no role “who”"),
        (one("effect", "effect = \"alert\"\nundo = { effect = \"gone\" }"), "node.n.undo: there is no effect “gone”"),
        (
            format!("[[trigger]]\nkind = \"insight\"\nmetric = \"visit\"\n{}", end()),
            "trigger.1.metric: there is no metric “visit”",
        ),
    ] {
        expect(&text, &[message]);
    }
}

#[test]
fn roles_must_be_filled_by_what_fits() {
    let with = |need: &str| {
        format!(
            "[needs.who]\nabout = \"it\"\n{need}\n{}{}",
            node("n", "effect", "effect = \"@who\"\nnext = \"end\""),
            end()
        )
    };
    expect(&with("kind = \"effect\""), &["node.n.effect: nothing fills the role “who”: it"]);
    expect(&with("kind = \"metric\""), &["node.n.effect: an effect is needed here, and the role “who” is a metric"]);
    let bound = with("kind = \"effect\"\nof = [\"file\"]\nbound = \"alert\"").replace("@who", "alert");
    expect(&bound, &["needs.who: “alert” is of kind webhook, and the role takes file"]);
    let bound = with("kind = \"effect\"\nat_most = \"R0\"\nbound = \"alert\"").replace("@who", "alert");
    expect(&bound, &["needs.who: “alert” is R1, harder to undo than the role allows"]);
}

#[test]
fn values_that_are_written_out_must_be_ones_the_lever_takes() {
    let lever = |to: &str| {
        format!("{}{}", node("n", "lever", &format!("lever = \"pro_price\"\nto = {to}\nnext = \"end\"")), end())
    };
    expect(&lever("31"), &[]);
    expect(&lever("\"{30 + 1}\""), &[]);
    expect(&lever("99"), &["node.n.to: 99 lies outside 10 to 60"]);
    expect(&lever("\"cheap\""), &["node.n.to: a number lever takes numbers"]);
    let test = |metric: &str, arm: &str| {
        format!(
            "{}{}",
            node(
                "n",
                "experiment",
                &format!(
                    "lever = \"pro_price\"\nmetric = \"{metric}\"\nhypothesis = \"x\"\narms = [{{ key = \"a\", value = 29 }}, {{ key = \"b\", value = {arm} }}]\nnext = \"end\""
                )
            ),
            end()
        )
    };
    expect(&test("revenue", "33"), &[]);
    expect(&test("revenue", "5"), &["node.n.arms: 5 lies outside 10 to 60"]);
    expect(
        &test("per_visit", "33"),
        &["node.n.metric: “per_visit” cannot be said of one unit alone, so arms cannot be compared by it"],
    );
}

#[test]
fn the_graph_must_hold_together() {
    for (text, wanted) in [
        (effect("a", "next = \"nowhere\"") + &end(), vec!["node.a.next: there is no node “nowhere”"]),
        (
            effect("a", "on_error = \"x\"\ntimeout = { after = \"1d\", next = \"y\" }\nnext = \"end\"") + &end(),
            vec!["node.a.on_error: there is no node “x”", "node.a.timeout: there is no node “y”"],
        ),
        (format!("start = \"x\"\n{}", end()), vec!["start: there is no node “x”"]),
        (
            effect("a", "") + &end(),
            vec!["node.a: it leads nowhere", "node.a: no end can be come to from here", "node.end: no way leads here"],
        ),
        (effect("a", "next = \"end\"") + &end() + &effect("b", "next = \"end\""), vec!["node.b: no way leads here"]),
        (
            node("w", "wait", "for = \"1d\"\nnext = \"v\"") + &node("v", "wait", "for = \"1d\"\nnext = \"w\""),
            vec!["node.w: no end can be come to from here", "node.v: no end can be come to from here"],
        ),
        (node("join", "join", "next = \"end\"") + &end(), vec![]),
        (
            effect("a", "next = \"join\"") + &node("join", "join", "next = \"end\"") + &end(),
            vec!["node.join: no fork sends out the paths this join brings together"],
        ),
        (effect("a", "next = [\"end\", \"end\"]") + &end(), vec!["node.a.next: a way is named twice"]),
    ] {
        expect(&text, &wanted);
    }
}

#[test]
fn a_circle_must_wait_somewhere() {
    let circle = |between: &str| {
        format!(
            "{}{}{}{between}",
            effect("a", "into = { n = \"n\" }\nnext = \"b\""),
            node("b", "branch", "cases = [{ when = \"n > 1\", next = \"end\" }]\notherwise = \"c\""),
            end()
        )
    };
    expect(
        &circle(&node("c", "measure", "metric = \"visits\"\nwindow = \"1d\"\nnext = \"a\"")),
        &["node.a: a circle never waits: a, b, c"],
    );
    expect(&circle(&node("c", "wait", "for = \"1h\"\nnext = \"a\"")), &[]);
    expect(&circle(&node("c", "signal", "signal = \"go\"\nnext = \"a\"")), &[]);
}

#[test]
fn a_variable_is_set_on_every_way_to_where_it_is_read() {
    let reads = "payload = { text = \"{x}\" }\nnext = \"end\"";
    let choose = |a: &str, b: &str| {
        format!(
            "[inputs.n]\nkind = \"number\"\ndefault = 1\n{}{a}{b}{}{}",
            node("way", "branch", "cases = [{ when = \"n > 1\", next = \"a\" }]\notherwise = \"b\""),
            effect("read", reads),
            end()
        )
    };
    let sets = |key: &str| node(key, "set", "values = { x = 1 }\nnext = \"read\"");
    let skips = |key: &str| node(key, "set", "values = { y = 1 }\nnext = \"read\"");
    expect(&choose(&sets("a"), &sets("b")), &[]);
    let missing = "node.read: it reads “x”, which is not set on every way to it";
    expect(&choose(&sets("a"), &skips("b")), &[missing]);
    // A result is not there where the step failed or took too long; why it failed is.
    let after_error = |edge: &str| {
        format!("{}{}{}", effect("a", &format!("into = \"x\"\n{edge}\nnext = \"read\"")), effect("read", reads), end())
    };
    expect(&after_error(""), &[]);
    expect(&after_error("on_error = \"read\""), &[missing]);
    expect(&after_error("timeout = { after = \"1d\", next = \"read\" }"), &[missing]);
    let error = effect("a", "on_error = \"tell\"\nnext = \"end\"")
        + &effect("tell", "payload = { t = \"{error}\" }\nnext = \"end\"")
        + &end();
    expect(&error, &[]);
    let undo = effect(
        "a",
        "into = { x = \"id\" }\nundo = { effect = \"alert\", payload = { id = \"{x}\", y = \"{y}\" } }\nnext = \"end\"",
    ) + &end();
    expect(&undo, &["node.a: it reads “y”, which is not set on every way to it"]);
}

#[test]
fn what_paths_side_by_side_set_is_there_after_their_join() {
    let text = |of: &str, a: &str| {
        format!(
            "{}{a}{}{}{}{}",
            node("fork", "set", "values = { n = 1 }\nnext = [\"a\", \"b\"]"),
            node("b", "measure", "metric = \"visits\"\nwindow = \"1d\"\ninto = \"y\"\nnext = \"join\""),
            node("join", "join", &format!("of = \"{of}\"\nnext = \"read\"")),
            effect("read", "payload = { t = \"{x} {y}\" }\nnext = \"end\""),
            end()
        )
    };
    let a = node("a", "measure", "metric = \"visits\"\nwindow = \"1d\"\ninto = \"x\"\nnext = \"join\"");
    expect(&text("all", &a), &[]);
    let (x, y) = (
        "node.read: it reads “x”, which is not set on every way to it",
        "node.read: it reads “y”, which is not set on every way to it",
    );
    expect(&text("any", &a), &[x, y]);
    let strays = node(
        "a",
        "signal",
        "signal = \"x\"\ninto = \"x\"\ntimeout = { after = \"1d\", next = \"end\" }\nnext = \"join\"",
    );
    expect(&text("all", &strays), &[x]);
}

const ASK: &str = "question = \"?\"\nwithin = \"1d\"\nsilence = \"no\"\noptions = [{ key = \"yes\", title = \"Y\", next = \"act\" }, { key = \"no\", title = \"N\", next = \"end\" }]";

#[test]
fn what_is_hard_to_undo_is_undone_or_asked_about() {
    let call = |name: &str, rest: &str| {
        node("act", "effect", &format!("effect = \"{name}\"\n{rest}\nnext = \"end\"")) + &end()
    };
    expect(&call("alert", ""), &[]);
    expect(&call("letter", ""), &["node.act: undoing it costs something (R2), and it does not say how it is undone"]);
    expect(&call("letter", UNDO), &[]);
    expect(&call("wire", ""), &["node.act: it cannot be undone (R3), and it can be come to without a decision"]);
    expect(&(node("ask", "decision", ASK) + &call("wire", "")), &[]);
    let lever = |undo: &str| {
        node("act", "lever", &format!("lever = \"headline\"\nto = \"bold\"\n{undo}\nnext = \"end\"")) + &end()
    };
    expect(&lever(""), &["node.act: undoing it costs something (R2), and it does not say how it is undone"]);
    expect(&lever("undo = \"restore\""), &[]);
}

#[test]
fn silence_never_leads_to_what_is_hard_to_undo() {
    let silent = ASK.replace("silence = \"no\"", "silence = \"yes\"");
    let act = |name: &str| node("act", "effect", &format!("effect = \"{name}\"\n{UNDO}\nnext = \"end\"")) + &end();
    expect(&(node("ask", "decision", &silent) + &act("alert")), &[]);
    for name in ["letter", "wire"] {
        expect(
            &(node("ask", "decision", &silent) + &act(name)),
            &["node.ask.silence: silence leads to “act”, which is hard to undo"],
        );
    }
}

#[test]
fn a_timeout_leaves_room_for_the_attempts() {
    let text = |timeout: &str| {
        effect(
            "a",
            &format!(
                "retry = {{ attempts = 4, first = \"1h\", factor = 2, most = \"3h\" }}\ntimeout = \"{timeout}\"\nnext = \"end\""
            ),
        ) + &end()
    };
    // 1 h, 2 h, 3 h.
    expect(&text("6h"), &[]);
    expect(
        &text("5h"),
        &["node.a.timeout: the timeout comes before its attempts are over: their pauses alone may take 6 hours"],
    );
}

#[test]
fn problems_of_a_text_carry_their_lines() {
    let business = business();
    let around = Around { business: &business, workflows: &[] };
    let text = "key = \"t\"\ntitle = \"T\"\npurpose = \"P.\"\n\n[[node]]\nkey = \"a\"\ntitle = \"A\"\nkind = \"effect\"\neffect = \"alrt\"\nnext = \"b\"\n\n[[node]]\nkey = \"b\"\ntitle = \"B\"\nkind = \"effect\"\neffect = \"letter\"\nnext = \"end\"\n\n[[node]]\nkey = \"end\"\ntitle = \"E\"\nkind = \"end\"\n";
    let found = check_text(text, &around).unwrap_err();
    let lines: Vec<(u32, &str)> = found.iter().map(|p| (p.line, p.path.as_str())).collect();
    assert_eq!(lines, [(9, "node.a.effect"), (12, "node.b")]);
    assert_eq!(found[0].hint, "did you mean alert?");
}
