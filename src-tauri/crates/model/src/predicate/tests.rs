use proptest::prelude::*;
use serde_json::json;

use super::*;

fn answer(text: &str, attributes: &Value) -> Option<bool> {
    let predicate = Predicate::parse(text).unwrap_or_else(|e| panic!("{text}: {e} ({})", e.hint));
    predicate.root().answer(Scope { unit: "u1", attributes: attributes.as_object().unwrap() })
}

#[test]
fn what_it_answers() {
    let person = json!({
        "plan": "pro", "country": "AT", "seats": 5.5, "six": 6, "beta": true, "tags": ["new", "vip", 3],
        "address": {"city": "Graz"}, "$browser": "Firefox", "email": "a@acme.com", "nothing": null, "zero": 0
    });
    let cases = [
        ("plan == 'pro' && country in ['DE', 'AT']", Some(true)),
        ("plan == \"free\" || seats > 5", Some(true)),
        ("six > 5 && six >= 6 && six == 6.0 && 7 / 2 == 3.5 && 7 * 2.0 == 14", Some(true)),
        ("seats - 0.5 == 5 && -six < -5u && six % 4 == 2", Some(true)),
        ("plan == 'Pro'", Some(false)),
        ("plan != 'free'", Some(true)),
        ("plan == 5", Some(false)),
        ("plan > 5", None),
        ("seats / zero > 1", None),
        ("missing == 'a'", None),
        ("missing != 'a'", None),
        ("!(missing == 'a')", None),
        ("missing == 'a' || plan == 'pro'", Some(true)),
        ("missing == 'a' && plan == 'free'", Some(false)),
        ("missing == 'a' && plan == 'pro'", None),
        ("!has(missing) && has(plan) && has(address.city) && !has(address.street) && !has(nothing)", Some(true)),
        ("nothing == null", Some(true)),
        ("beta && !(plan == 'free')", Some(true)),
        ("plan", None),
        ("true", Some(true)),
        ("'vip' in tags && !(4 in tags) && 3 in tags && size(tags) == 3 && tags.size() > 2", Some(true)),
        ("tags == ['new', 'vip', 3]", Some(true)),
        ("'city' in address", Some(true)),
        ("address.city == 'Graz' && address['city'] == 'Graz' && attributes['address'].city == 'Graz'", Some(true)),
        ("$browser == 'Firefox' && attributes['$browser'] == 'Firefox'", Some(true)),
        ("email.endsWith('@acme.com') && email.startsWith('a') && email.contains('@')", Some(true)),
        ("email.matches('^[a-z]@acme[.]com$') && email.matches(r'\\.com')", Some(true)),
        ("unit == 'u1' && unit in ['u1']", Some(true)),
        ("size(plan) == 3 && plan < 'q'", Some(true)),
        ("'it\\'s' == \"it's\" && '\\u00e4' == 'ä'", Some(true)),
    ];
    for (text, expect) in cases {
        assert_eq!(answer(text, &person), expect, "{text}");
    }
    assert_eq!(answer("unit == 'x'", &json!({"unit": "x"})), Some(true));
}

#[test]
fn what_it_refuses() {
    let deep = format!("{}a{}", "(".repeat(40), ")".repeat(40));
    let long = vec!["a == 1"; 200].join(" || ");
    let cases = [
        ("", "column 1 of “”: an attribute or a value is missing"),
        ("plan = 'pro'", "column 6 of “plan = 'pro'”: “=” has no meaning here"),
        ("plan == 'pro", "column 9 of “plan == 'pro”: the text in quotes does not end"),
        ("plan == 'pro' and beta", "column 15 of “plan == 'pro' and beta”: something is missing before this"),
        ("not beta", "column 1 of “not beta”: not is not understood here"),
        ("a < b < c", "column 7 of “a < b < c”: comparisons cannot be chained"),
        ("'a' + 'b' == 'ab'", "column 1 of “'a' + 'b' == 'ab'”: only numbers are computed with"),
        ("5", "column 1 of “5”: a question is missing here"),
        ("beta ? a : b", "column 6 of “beta ? a : b”: conditions with ? : are not understood"),
        ("lower(plan) == 'x'", "column 1 of “lower(plan) == 'x'”: there is no lower()"),
        ("plan.matches('(')", "column 5 of “plan.matches('(')”: “(” is no pattern"),
        ("tags.exists(t, t == 'a')", "column 14 of “tags.exists(t, t == 'a')”: ) is missing here"),
        ("(a == 1) == true", "column 2 of “(a == 1) == true”: a question cannot be compared"),
        ("has(5)", "column 1 of “has(5)”: has asks for an attribute"),
        ("'ä' == 5x", "column 8 of “'ä' == 5x”: this is no number"),
        (deep.as_str(), "column 26 of"),
        (long.as_str(), "column "),
    ];
    for (text, expect) in cases {
        let error = Predicate::parse(text).expect_err(text);
        assert!(error.message.starts_with(expect), "{text}\n{error}");
        assert!(!error.hint.is_empty());
    }
}

fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[abc]", inner, 0..3).prop_map(|m| json!(m)),
        ]
    })
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,60}") {
        let _ = Predicate::parse(&text);
    }

    #[test]
    fn what_parses_answers(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "a", "b", "c.a", "'x'", "1", "2.5", "==", "!=", "<", "in", "['x', 1]", "&&", "||", "!", "(", ")", "has(a)",
                "a.contains('x')", "b.matches('x+')", "size(c)", "+", "-", "%", "true", "null", "attributes['b']", "unit",
            ]),
            1..14,
        ),
        a in anything(), b in anything(), c in anything(),
    ) {
        if let Ok(predicate) = Predicate::parse(&words.join(" ")) {
            let attributes = json!({"a": a, "b": b, "c": c});
            let scope = Scope { unit: "u", attributes: attributes.as_object().unwrap() };
            let first = predicate.root().answer(scope);
            prop_assert_eq!(first, predicate.root().answer(scope));
            let not = Node::Not(Box::new(predicate.root().clone()));
            prop_assert_eq!(not.answer(scope), first.map(|b| !b));
        }
    }
}
