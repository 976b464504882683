//! What is said of definitions: differences, sentences, drawings.

use std::collections::BTreeSet;

use epoch_workflows::diff::diff;
use epoch_workflows::graph::graph;
use epoch_workflows::library::definitions;
use epoch_workflows::words::{duration, trigger, words};
use epoch_workflows::{Definition, Node};
use serde_json::json;

use crate::bench::{definition, effect, end, node};

#[test]
fn a_difference_names_nodes_fields_and_edges() {
    let a = definition(&format!(
        "{}{}{}",
        effect("one", "payload = { text = \"Hello\", n = 1 }\nnext = \"two\""),
        node("two", "wait", "for = \"1d\"\nnext = \"end\""),
        end()
    ));
    let b = Definition {
        version: 2,
        title: "Other".into(),
        ..definition(&format!(
            "{}{}{}",
            effect("one", "payload = { text = \"Hello there\", n = 1 }\nretry = { attempts = 2 }\nnext = \"three\""),
            node("three", "wait", "for = \"1d\"\nnext = \"end\""),
            end()
        ))
    };
    let found = diff(&a, &b);
    assert_eq!(
        (found.from, found.to, &found.added, &found.removed),
        (1, 2, &vec!["three".to_owned()], &vec!["two".to_owned()])
    );
    assert_eq!(found.head.iter().map(|f| f.path.as_str()).collect::<Vec<_>>(), ["title"]);
    let fields: Vec<(&str, &serde_json::Value, &serde_json::Value)> =
        found.changed[0].fields.iter().map(|f| (f.path.as_str(), &f.before, &f.after)).collect();
    assert_eq!(fields[0], ("next.0", &json!("two"), &json!("three")));
    assert_eq!(fields[1], ("payload.text", &json!("Hello"), &json!("Hello there")));
    assert_eq!(fields[2], ("retry.attempts", &json!(null), &json!(2)));
    let edges = |list: &[epoch_workflows::diff::EdgeWords]| -> Vec<String> {
        list.iter().map(|e| format!("{} {} {}", e.from, e.why, e.to)).collect()
    };
    assert_eq!(edges(&found.edges_added), ["one next three", "three next end"]);
    assert_eq!(edges(&found.edges_removed), ["one next two", "two next end"]);
    assert!(diff(&a, &a).is_empty() && !found.is_empty());
    let versions_only = Definition { version: 5, ..a.clone() };
    assert!(diff(&a, &versions_only).is_empty());
}

#[test]
fn every_node_is_told_in_sentences() {
    for definition in definitions().unwrap() {
        for (said, node) in words(&definition).iter().zip(&definition.nodes) {
            let Node { key, .. } = node;
            for sentence in [&said.does].into_iter().chain(&said.goes).chain(&said.care) {
                let first = sentence.chars().next().unwrap();
                assert!(first.is_uppercase() && sentence.ends_with('.'), "{key}: {sentence}");
            }
        }
        for starts in &definition.triggers {
            assert!(trigger(starts).ends_with('.'));
        }
    }
    let launch = definitions().unwrap().into_iter().find(|d| d.key == "launch").unwrap();
    let said = words(&launch);
    let of = |key: &str| said.iter().find(|w| w.node == key).unwrap();
    assert_eq!(of("day").does, "Waits 2 days.");
    assert_eq!(of("on").care, ["If it fails, the run fails.", "Undone by putting @switch back to what it was."]);
    assert_eq!(
        of("harmless").goes,
        [
            "If usual > 0 and since > usual * (1 + harm): “It did harm”."
                .replace("It did harm", "Write down that it did harm"),
            "Otherwise “Give it a week”.".into()
        ]
    );
}

#[test]
fn durations_are_said_in_the_largest_whole_unit() {
    for (ms, expect) in [
        (1000, "1 second"),
        (90_000, "90 seconds"),
        (5_400_000, "90 minutes"),
        (3_600_000, "1 hour"),
        (172_800_000, "2 days"),
        (604_800_000, "1 week"),
        (1500, "1500 milliseconds"),
    ] {
        assert_eq!(duration(ms), expect);
    }
}

#[test]
fn drawings_have_a_place_for_every_node_and_edges_lead_down() {
    for definition in definitions().unwrap() {
        let drawn = graph(&definition);
        assert_eq!(drawn, graph(&definition), "the same drawing every time");
        let places: BTreeSet<(u32, String)> =
            drawn.nodes.iter().map(|node| (node.layer, format!("{:.1}", node.column))).collect();
        assert_eq!(places.len(), definition.nodes.len(), "{}: two nodes in one place", definition.key);
        let layer = |key: &str| drawn.nodes.iter().find(|node| node.key == key).unwrap().layer;
        for edge in &drawn.edges {
            let (from, to) = (layer(&edge.from), layer(&edge.to));
            assert_eq!(edge.back, to <= from, "{edge:?}");
            assert_eq!(edge.bends.len(), from.abs_diff(to).saturating_sub(1) as usize, "{edge:?}");
        }
        assert_eq!(layer(&definition.start), 0);
        for node in &drawn.nodes {
            assert!(node.layer < drawn.layers && node.column <= f64::from(drawn.columns), "{node:?}");
        }
    }
}

#[test]
fn a_drawing_avoids_crossings_where_it_can() {
    // Written so that drawing in the order of the file would cross twice.
    let text = format!(
        "{}{}{}{}{}{}{}{}",
        node("fork", "set", "values = { n = 1 }\nnext = [\"a\", \"b\", \"c\"]"),
        effect("a", "next = \"z\""),
        effect("b", "next = \"y\""),
        effect("c", "next = \"x\""),
        effect("x", "next = \"end\""),
        effect("y", "next = \"end\""),
        effect("z", "next = \"end\""),
        end()
    );
    let drawn = graph(&definition(&text));
    let column = |key: &str| drawn.nodes.iter().find(|node| node.key == key).unwrap().column;
    for (above, below) in [("a", "z"), ("b", "y"), ("c", "x")] {
        assert!((column(above) - column(below)).abs() < f64::EPSILON, "{above} and {below}: {drawn:#?}");
    }
}
