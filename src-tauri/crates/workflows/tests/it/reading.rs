//! The text of a procedure: read whole, or refused with every line that is wrong.

use epoch_model::time::DAY;
use epoch_workflows::definition::{Ceilings, Outcome};
use epoch_workflows::library::TEXTS;
use epoch_workflows::{Definition, Step, Trigger, parse};

use crate::bench::{definition, end, node};

#[test]
fn what_is_left_out_has_its_usual_value() {
    let found =
        parse("key = \"t\"\ntitle = \"T\"\npurpose = \"P.\"\n[[node]]\nkey = \"e\"\ntitle = \"E\"\nkind = \"end\"\n")
            .unwrap();
    assert_eq!((found.version, found.start.as_str(), &found.triggers), (1, "e", &vec![Trigger::Manual]));
    assert_eq!(found.ceilings, Ceilings::default());
    assert_eq!(found.nodes[0].step, Step::End { outcome: Outcome::Succeeded });
}

#[test]
fn every_mistake_is_told_with_its_line() {
    let head = "key = \"t\"\ntitle = \"T\"\npurpose = \"P.\"\n";
    let tail = "[[node]]\nkey = \"end\"\ntitle = \"E\"\nkind = \"end\"\n";
    let one = |body: &str| format!("{head}[[node]]\nkey = \"n\"\ntitle = \"N\"\n{body}\n{tail}");
    for (text, line, path, message) in [
        ("nonsense".to_owned(), 1, "", "key with no value"),
        (format!("{}{tail}", head.replace("\"t\"", "\"two words\"")), 1, "key", "“two words” is not one word"),
        (head.to_owned(), 1, "node", "it has no node"),
        (format!("{head}colour = 1\n{tail}"), 4, "colour", "colour is not known here"),
        (one("kind = \"efect\""), 7, "node.n.kind", "kind cannot be “efect”"),
        (one("kind = \"effect\""), 4, "node.n.effect", "effect is missing"),
        (one("kind = \"wait\"\nfor = \"soon\""), 8, "node.n.for", "“soon” is no duration"),
        (one("kind = \"timer\"\nat = \"someday 9\""), 8, "node.n.at", "“someday 9” is no time that comes again"),
        (
            one("kind = \"branch\"\ncases = [{ when = \"a >\", next = \"end\" }]\notherwise = \"end\""),
            8,
            "node.n.cases.1.when",
            "column 4 of “a >”",
        ),
        (
            one("kind = \"effect\"\neffect = \"a\"\npayload = { x = \"{a\" }"),
            9,
            "node.n.payload",
            "“{a” has a brace without its partner",
        ),
        (one("kind = \"effect\"\neffect = \"a\"\nnxt = \"end\""), 9, "node.n.nxt", "nxt is not known here"),
        (
            one("kind = \"wait\"\nfor = \"1d\"\nretry = { attempts = 2 }"),
            9,
            "node.n.retry",
            "a wait is not tried again",
        ),
        (
            one("kind = \"set\"\nvalues = { a = 1 }\nundo = { effect = \"x\" }"),
            9,
            "node.n.undo",
            "a set does nothing that could be undone",
        ),
        (one("kind = \"set\"\nvalues = { a-b = 1 }"), 8, "node.n.values.a-b", "“a-b” is no name of a variable"),
        (one("kind = \"wait\"\nfor = \"1d\"\ninto = \"x\""), 9, "node.n.into", "this kind of step has no result"),
        (one("kind = \"end\"\nnext = \"end\""), 8, "node.n.next", "an end leads nowhere"),
        (
            one(
                "kind = \"decision\"\nquestion = \"?\"\nwithin = \"1d\"\nsilence = \"x\"\noptions = [{ key = \"y\", title = \"Y\" }, { key = \"n\", title = \"N\" }]",
            ),
            10,
            "node.n.silence",
            "“x” is not among the options",
        ),
        (one("kind = \"effect\"\neffect = \"a\"\nundo = \"restore\""), 9, "node.n.undo", "undo cannot be “restore”"),
        (
            one("kind = \"end\"").replace("\"end\"\ntitle = \"E\"", "\"n\"\ntitle = \"E\""),
            9,
            "node.n.key",
            "two nodes have the key “n”",
        ),
        (
            format!("{head}[inputs.a]\nkind = \"number\"\ndefault = \"x\"\n{tail}"),
            6,
            "inputs.a.default",
            "the default is of another kind than the input",
        ),
        (format!("{head}[ceilings]\nsteps = 0\n{tail}"), 5, "ceilings.steps", "steps should lie between 1 and 10000"),
    ] {
        let problems = parse(&text).unwrap_err();
        let found = problems.iter().find(|p| p.path == path && p.message.contains(message));
        let found = found.unwrap_or_else(|| panic!("{message}: {problems:#?}"));
        assert_eq!(found.line, line, "{message}");
        assert_eq!(problems.len(), 1, "one mistake, one problem: {problems:#?}");
    }
}

#[test]
fn definitions_keep_their_bytes_and_their_hash() {
    for (key, text) in TEXTS {
        let first = parse(text).unwrap();
        let bytes = first.canonical();
        let back: Definition = serde_json::from_str(&bytes).unwrap();
        assert_eq!((back.canonical(), back.hash()), (bytes, first.hash()), "{key}");
        assert_eq!(back, first, "{key}");
        let newer = Definition { version: 9, ..first.clone() };
        assert_eq!(newer.hash(), first.hash(), "the version is not part of what it says");
        let other = Definition { title: "Other".into(), ..first.clone() };
        assert_ne!(other.hash(), first.hash());
    }
}

#[test]
fn money_and_lives_are_read() {
    let found = definition(&format!("[ceilings]\nmoney_minor = 5000\nlives = \"3d\"\nrepeats = 7\n{}", end()));
    assert_eq!((found.ceilings.money_minor, found.ceilings.lives_ms, found.ceilings.repeats), (Some(5000), 3 * DAY, 7));
}

#[test]
fn no_text_makes_the_reader_stop() {
    let text = node("a", "effect", "effect = \"x\"\npayload = { deep = [[[[{ a = \"{b}\" }]]]] }\nnext = \"a\"");
    for cut in 0..text.len() {
        if let Some(part) = text.get(..cut) {
            let _ = parse(&format!("key = \"t\"\ntitle = \"T\"\npurpose = \"P.\"\n{part}"));
        }
    }
}

#[test]
fn the_example_of_the_guide_is_one() {
    let guide = include_str!("../../../../../docs/workflows.md");
    let example = guide.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let found = parse(example).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let metric = "[[metric]]\nkey = \"late_share\"\nkind = \"count\"\nevent = \"late\"\nbetter = \"down\"\n";
    let lever = "[[lever]]\nkey = \"delivery_promise\"\nkind = \"number\"\nmin = 1\nmax = 10\nstep = 1\ndefault = 4\nreversibility = \"R1\"\n";
    let business = epoch_model::business::Business::parse(&format!("{metric}{lever}")).unwrap();
    let around = epoch_workflows::publish::Around { business: &business, workflows: &[] };
    assert_eq!(epoch_workflows::publish::check(&found, &around), []);
}
