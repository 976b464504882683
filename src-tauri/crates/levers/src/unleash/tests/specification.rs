//! Unleash's public client specification, all of it.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::super::{Context, Toggles};

/// Of the version that the fixture holds; a newer one may have more.
const LEAST: usize = 200;

/// The files of the fixture, or of the folder that `UNLEASH_SPEC` names.
#[expect(clippy::disallowed_methods, reason = "only to try another version of the specification")]
fn files() -> Vec<Value> {
    let Some(folder) = std::env::var_os("UNLEASH_SPEC") else {
        return serde_json::from_str(include_str!("../../../tests/fixtures/unleash-specification.json")).unwrap();
    };
    let read = |name: &str| {
        let path = Path::new(&folder).join("specifications").join(name);
        let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        serde_json::from_str::<Value>(&text).unwrap()
    };
    read("index.json").as_array().unwrap().iter().map(|name| read(name.as_str().unwrap())).collect()
}

/// What a stream of changes adds up to.
fn state(file: &Value) -> Value {
    let Some(events) = file["state"]["events"].as_array() else { return file["state"].clone() };
    let (mut features, mut segments) = (Map::new(), Map::new());
    for event in events {
        let list = |name: &str| event[name].as_array().cloned().unwrap_or_default();
        let put = |to: &mut Map<String, Value>, value: &Value, key: &str| {
            to.insert(value[key].to_string(), value.clone());
        };
        match event["type"].as_str().unwrap() {
            "hydration" => {
                for feature in list("features") {
                    put(&mut features, &feature, "name");
                }
                for segment in list("segments") {
                    put(&mut segments, &segment, "id");
                }
            }
            "feature-updated" => put(&mut features, &event["feature"], "name"),
            "segment-updated" => put(&mut segments, &event["segment"], "id"),
            "feature-removed" => drop(features.remove(&event["featureName"].to_string())),
            "segment-removed" => drop(segments.remove(&event["segmentId"].to_string())),
            other => panic!("unknown event {other}"),
        }
    }
    let values = |map: Map<String, Value>| map.into_iter().map(|(_, value)| value).collect::<Vec<_>>();
    json!({"features": values(features), "segments": values(segments)})
}

#[test]
fn everything_passes() {
    let (mut count, mut failures) = (0, Vec::new());
    for file in files() {
        let toggles = Toggles::new(&state(&file));
        let cases = |name: &str| file[name].as_array().cloned().unwrap_or_default();
        let evaluate = |case: &Value| {
            let context = Context { fields: case["context"].clone(), now: 1_700_000_000_000, draw: 17 };
            toggles.evaluate(case["toggleName"].as_str().unwrap(), &context)
        };
        let mut check = |case: &Value, got: Value| {
            count += 1;
            if got != case["expectedResult"] {
                failures.push(format!("{}: {}: got {got}", file["name"], case["description"]));
            }
        };
        for case in cases("tests") {
            check(&case, evaluate(&case).enabled.into());
        }
        for case in cases("variantTests") {
            check(&case, evaluate(&case).variant_json());
        }
    }
    assert!(failures.is_empty(), "{} of {count} failed\n{}", failures.len(), failures.join("\n"));
    assert!(count >= LEAST, "only {count} cases were found");
}
