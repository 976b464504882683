use std::borrow::Cow;
use std::sync::Arc;

use epoch_model::ports::Privacy;
use serde_json::{Value, json};

use super::Door;

fn door(allow: &[&str], deny: &[&str], hash: &[&str], keep_ip: bool) -> Door {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let rules = Privacy { allow: words(allow), deny: words(deny), hash: words(hash), keep_ip, hash_key: [7; 32] };
    Door::new(Arc::new(rules))
}

fn props(door: &Door, name: &str, props: &Value) -> Value {
    serde_json::from_str(&door.props(name, props.to_string().into()).unwrap()).unwrap()
}

#[test]
fn addresses_go_and_nothing_else_is_touched() {
    let usual = door(&[], &[], &[], false);
    let gone = [
        json!({"$ip": "1.2.3.4", "a": 1}),
        json!({"a": 1, "ip" : "::1"}),
        json!({"a": 1, "ip_address": "1.2.3.4", "$initial_ip": "1.2.3.4", "client_ip": null}),
        json!({"a": 1, "ipAddress": "1.2.3.4"}),
    ];
    for case in gone {
        assert_eq!(props(&usual, "a", &case), json!({"a": 1}), "{case}");
    }
    let inside = json!({"$set": {"$ip": "1.2.3.4", "b": 1}, "$set_once": {"ip": "1"}, "$append": {"ip": 1, "c": 2}});
    assert_eq!(props(&usual, "a", &inside), json!({"$set": {"b": 1}, "$set_once": {}, "$append": {"c": 2}}));
    let hidden = r#"{"\u0069p":"1.2.3.4","a":"\u00fc"}"#;
    assert_eq!(usual.props("a", hidden.into()).unwrap(), r#"{"a":"\u00fc"}"#);
    // What cannot hold an address is handed on without a copy; what only looks like it, unchanged.
    for text in [r#"{"a":"ship","b":"\u00fc"}"#, r#"{"tip":1,"zip" :"x","description":"a \"ip\": b"}"#] {
        let same = usual.props("a", Cow::Borrowed(text)).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&same).unwrap(), serde_json::from_str::<Value>(text).unwrap());
    }
    assert!(matches!(usual.props("a", Cow::Borrowed(r#"{"a":"ship\u00fc"}"#)), Ok(Cow::Borrowed(_))));
    let keeps = door(&[], &[], &[], true);
    assert!(matches!(keeps.props("a", Cow::Borrowed(r#"{"$ip":"1"}"#)), Ok(Cow::Borrowed(_))));
}

#[test]
fn lists_apply_at_both_levels() {
    let case = json!({"email": "a@b.co", "plan": "pro", "n": 7, "$set": {"$email": "a@b.co", "plan": "pro"}, "$feature/x": true, "x": {"email": 1}});
    let denies = door(&[], &["email", "n"], &[], false);
    assert_eq!(
        props(&denies, "a", &case),
        json!({"plan": "pro", "$set": {"plan": "pro"}, "$feature/x": true, "x": {"email": 1}})
    );
    let allows = door(&["plan"], &[], &[], false);
    assert_eq!(props(&allows, "a", &case), json!({"plan": "pro", "$set": {"plan": "pro"}, "$feature/x": true}));
    let hashes = door(&[], &[], &["email", "n"], false);
    let hashed = props(&hashes, "a", &case);
    let text = hashed["email"].as_str().unwrap();
    assert!(text.starts_with("hash:") && text.len() == 37 && hashed["$set"]["$email"] == text, "{hashed}");
    assert_eq!((hashed["n"].as_str().unwrap().len(), &hashed["plan"]), (37, &json!("pro")));
    assert_eq!(props(&hashes, "a", &hashed), hashed, "hashed once, not twice");
    let other = Door::new(Arc::new(Privacy { hash: vec!["email".into()], hash_key: [8; 32], ..Privacy::default() }));
    assert_ne!(props(&other, "a", &case)["email"], hashed["email"]);
    assert_eq!(props(&hashes, "a", &json!({"email": null})), json!({"email": null}));
    assert!(hashes.props("a", Cow::Borrowed("[1]")).is_err());
}

#[test]
fn units_are_hashed_wherever_they_stand_and_still_link() {
    let hashes = door(&[], &[], &["unit"], false);
    let unit = hashes.unit("anon".into()).into_owned();
    let linked = props(&hashes, "$identify", &json!({"$anon_distinct_id": "anon", "distinct_id": "u", "alias": "x"}));
    assert_eq!((&linked["$anon_distinct_id"], &linked["alias"]), (&json!(unit), &json!("x")));
    assert_eq!(linked["distinct_id"], json!(hashes.unit("u".into())));
    assert_eq!(props(&hashes, "$create_alias", &json!({"alias": "anon"}))["alias"], json!(unit));
    assert_eq!(props(&hashes, "$merge_dangerously", &json!({"alias": 7}))["alias"], json!(hashes.unit("7".into())));
    for nobody in ["", "null", "undefined", "0", "anonymous"] {
        assert_eq!(hashes.unit(nobody.into()), nobody, "strangers are not merged under the hash of a word");
    }
}

#[test]
fn refused_events_are_kept_without_what_must_not_be_kept() {
    let raw = |door: &Door, value: &Value| serde_json::from_str::<Value>(&door.text(&value.to_string())).unwrap();
    let sent = json!({"event": "a", "distinct_id": "u", "context": {"ip": "1.2.3.4", "traits": {"email": "e"}}, "properties": {"email": "e", "$ip": "1", "plan": "p"}, "batch": [{"email": "e"}]});
    let usual = door(&[], &[], &[], false);
    let kept = raw(&usual, &sent);
    assert_eq!((&kept["context"], &kept["properties"]["email"]), (&json!({"traits": {"email": "e"}}), &json!("e")));
    let strict = door(&[], &["email"], &["unit"], false);
    let kept = raw(&strict, &sent);
    assert_eq!(kept["context"], json!({"traits": {}}));
    assert_eq!((&kept["properties"], &kept["batch"]), (&json!({"plan": "p"}), &json!([{}])));
    assert_eq!(kept["distinct_id"], json!(strict.unit("u".into())));
    let allows = door(&["plan"], &[], &[], false);
    assert_eq!(
        raw(&allows, &sent),
        json!({"event": "a", "distinct_id": "u", "context": {"traits": {}}, "properties": {"plan": "p"}})
    );
    assert_eq!(usual.text("not { json"), "not { json");
    assert!(strict.text("not { json").starts_with("[withheld"));
    assert!(usual.text(r#"{"ip":"1.2.3.4","#).starts_with("[withheld"));
}
