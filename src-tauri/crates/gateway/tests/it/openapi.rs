//! `docs/openapi.json` describes what is served: no more, no less.

use std::collections::BTreeSet;

use epoch_gateway::{Access, ROUTES};
use serde_json::Value;

fn document() -> Value {
    serde_json::from_str(include_str!("../../../../../docs/openapi.json")).unwrap()
}

#[test]
fn paths_and_methods_are_those_of_the_routes() {
    let document = document();
    let described: BTreeSet<(String, String)> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| item.as_object().unwrap().keys().map(|method| (path.clone(), method.to_uppercase())))
        .collect();
    let served: BTreeSet<(String, String)> = ROUTES
        .iter()
        .flat_map(|route| route.methods.iter().map(|m| (route.path.to_owned(), (*m).to_owned())))
        .collect();
    let (missing, invented): (Vec<_>, Vec<_>) =
        (served.difference(&described).collect(), described.difference(&served).collect());
    assert!(missing.is_empty() && invented.is_empty(), "not described: {missing:?}; not served: {invented:?}");
}

#[test]
fn operations_hold_together() {
    let document = document();
    let mut names = BTreeSet::new();
    for route in ROUTES {
        for method in route.methods {
            let operation = &document["paths"][route.path][method.to_lowercase()];
            let name = operation["operationId"].as_str().unwrap();
            assert!(names.insert(name.to_owned()), "{name} twice");
            let responses = operation["responses"].as_object().unwrap();
            assert!(responses.keys().any(|status| status.starts_with('2')), "{name}");
            assert!(responses.contains_key("403"), "{name}: a foreign host");
            let placeholders = route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
            let given = operation["parameters"].as_array().into_iter().flatten();
            let given: BTreeSet<_> = given.filter(|p| p["in"] == "path").map(|p| p["name"].as_str().unwrap()).collect();
            assert_eq!(placeholders.collect::<BTreeSet<_>>(), given, "{name}");
            // PostHog's keys stand in bodies and paths, GrowthBook's in paths; all else names its schemes.
            if route.access == Access::Read && route.path != "/metrics" {
                assert!(operation["security"].as_array().is_some_and(|schemes| !schemes.is_empty()), "{name}");
            }
        }
    }
    let mut open = vec![&document];
    while let Some(value) = open.pop() {
        match value {
            Value::Object(members) => {
                if let Some(Value::String(target)) = members.get("$ref") {
                    let pointer = target.strip_prefix('#').unwrap();
                    assert!(document.pointer(pointer).is_some(), "{target} is not there");
                }
                open.extend(members.values());
            }
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
}
