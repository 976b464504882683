//! Remote evaluation: the features of one person, reduced to their values.

use serde_json::{Map, Value, json};

use super::evaluate::{Context, Features, Tracks};

impl Features {
    /// Every feature as `{"defaultValue": …}` for this person; where an experiment was met, with a rule that makes the SDK
    /// tell its tracking callback.
    pub fn remote(&self, context: &Context) -> Map<String, Value> {
        let reduced = |key: &str| {
            let mut tracks = Tracks::new();
            let value = self.tracked(key, context, &mut tracks).value;
            let mut feature = json!({"defaultValue": value});
            if !tracks.is_empty() {
                let tracks: Vec<Value> =
                    tracks.into_iter().map(|(experiment, result)| track(experiment, result)).collect();
                feature["rules"] = json!([{"force": value, "tracks": tracks}]);
            }
            feature
        };
        self.keys().map(|key| (key.to_owned(), reduced(key))).collect()
    }
}

/// The person learns neither whom an experiment speaks of nor what others get.
fn track(mut experiment: Value, result: Value) -> Value {
    if let Some(fields) = experiment.as_object_mut() {
        fields.remove("condition");
    }
    let index = result.get("variationId").and_then(Value::as_u64).and_then(|i| usize::try_from(i).ok());
    if let Some(variations) = experiment.get_mut("variations").and_then(Value::as_array_mut) {
        for (i, variation) in variations.iter_mut().enumerate() {
            if Some(i) != index {
                *variation = json!({});
            }
        }
    }
    json!({"experiment": experiment, "result": result})
}
