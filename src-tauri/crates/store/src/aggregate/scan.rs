//! One pass over an event's properties that keeps only what is asked for.

use std::borrow::Cow;
use std::fmt;

use epoch_model::expr::Value;
use epoch_model::{Code, Error, Result};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::flat;

/// Names looked for at one level of an object.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    names: Vec<(Box<str>, Want)>,
    /// Bit `n % 64` is set when a name of `n` bytes is looked for: most keys are passed over by it.
    lengths: u64,
}

#[derive(Debug, Default)]
struct Want {
    slot: Option<usize>,
    below: Option<Wanted>,
}

impl Wanted {
    /// Looks for `name` and puts it into `slot`. A dotted name is the key written so, or the path into nested objects.
    pub fn add(&mut self, name: &str, slot: usize) {
        self.want(name).slot = Some(slot);
        if let Some((head, rest)) = name.split_once('.') {
            self.want(head).below.get_or_insert_default().add(rest, slot);
        }
    }

    fn want(&mut self, name: &str) -> &mut Want {
        self.lengths |= 1 << (name.len() % 64);
        let at = self.names.iter().position(|(n, _)| &**n == name).unwrap_or(self.names.len());
        if at == self.names.len() {
            self.names.push((name.into(), Want::default()));
        }
        &mut self.names[at].1
    }

    fn get(&self, name: &str) -> Option<&Want> {
        if self.lengths & (1 << (name.len() % 64)) == 0 {
            return None;
        }
        // The last byte tells most names of one length apart, without a call.
        let alike = |n: &str| n.len() == name.len() && n.as_bytes().last() == name.as_bytes().last() && *n == *name;
        self.names.iter().find(|(n, _)| alike(n)).map(|(_, want)| want)
    }

    /// For the quick scan: where the value of a key goes, and what is wanted below it. `None`: nothing of it is wanted.
    pub fn way(&self, key: &str) -> Option<(Option<usize>, Option<&Wanted>)> {
        self.get(key).map(|want| (want.slot, want.below.as_ref()))
    }

    /// Fills `out` (one value per slot). [`Code::EventInvalid`] when the text is no JSON object.
    pub fn scan<'a>(&self, props: &'a str, out: &mut [Value<'a>]) -> Result<()> {
        if flat::scan(self, props, out).is_some() {
            return Ok(());
        }
        out.fill(Value::Null);
        let mut json = sonic_rs::Deserializer::from_str(props);
        let read = Object { wanted: self, out }.deserialize(&mut json).and_then(|()| json.end());
        read.map_err(|_| {
            Error::new(Code::EventInvalid, "the properties are no JSON object", "send properties as {\"name\": value}")
        })
    }
}

struct Object<'w, 'o, 'a> {
    wanted: &'w Wanted,
    out: &'o mut [Value<'a>],
}

impl<'a> DeserializeSeed<'a> for Object<'_, '_, 'a> {
    type Value = ();
    fn deserialize<D: Deserializer<'a>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for Object<'_, '_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'a>>(self, mut map: M) -> Result<(), M::Error> {
        while let Some(want) = map.next_key_seed(Key(self.wanted))? {
            match want {
                Some(want) => map.next_value_seed(Scalar { want, out: self.out })?,
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

struct Key<'w>(&'w Wanted);

impl<'a, 'w> DeserializeSeed<'a> for Key<'w> {
    type Value = Option<&'w Want>;
    fn deserialize<D: Deserializer<'a>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_str(self)
    }
}

impl<'w> Visitor<'_> for Key<'w> {
    type Value = Option<&'w Want>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.get(key))
    }
}

struct Scalar<'w, 'o, 'a> {
    want: &'w Want,
    out: &'o mut [Value<'a>],
}

impl<'a> Scalar<'_, '_, 'a> {
    #[expect(clippy::unnecessary_wraps, reason = "every visitor method answers so")]
    fn put<E>(self, value: Value<'a>) -> Result<(), E> {
        if let Some(place) = self.want.slot.and_then(|slot| self.out.get_mut(slot)) {
            *place = value;
        }
        Ok(())
    }
}

impl<'a> DeserializeSeed<'a> for Scalar<'_, '_, 'a> {
    type Value = ();
    fn deserialize<D: Deserializer<'a>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Scalar<'_, '_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, v: bool) -> Result<(), E> {
        self.put(Value::Bool(v))
    }

    fn visit_i64<E>(self, v: i64) -> Result<(), E> {
        self.put(Value::Number(v as f64))
    }

    fn visit_u64<E>(self, v: u64) -> Result<(), E> {
        self.put(Value::Number(v as f64))
    }

    fn visit_f64<E>(self, v: f64) -> Result<(), E> {
        self.put(if v.is_finite() { Value::Number(v) } else { Value::Null })
    }

    fn visit_borrowed_str<E>(self, v: &'a str) -> Result<(), E> {
        self.put(Value::Text(Cow::Borrowed(v)))
    }

    fn visit_str<E>(self, v: &str) -> Result<(), E> {
        self.put(Value::Text(Cow::Owned(v.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.put(Value::Null)
    }

    fn visit_seq<S: SeqAccess<'a>>(self, mut seq: S) -> Result<(), S::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_map<M: MapAccess<'a>>(self, mut map: M) -> Result<(), M::Error> {
        if let Some(wanted) = &self.want.below {
            return Object { wanted, out: self.out }.visit_map(map);
        }
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_is_asked_for() {
        let mut wanted = Wanted::default();
        for (slot, name) in ["a", "b", "$geo.city", "x.y.z"].into_iter().enumerate() {
            wanted.add(name, slot);
        }
        let scan = |props: &'static str| {
            let mut out = vec![Value::Null; 4];
            wanted.scan(props, &mut out).map(|()| format!("{out:?}")).map_err(|e| e.code)
        };
        let ok = [
            ("{}", "[Null, Null, Null, Null]"),
            (r#"{"a":1,"b":"x","c":[1,{"a":2}]}"#, r#"[Number(1.0), Text("x"), Null, Null]"#),
            (r#"{"$geo":{"city":"Köln","a":5},"b":true}"#, r#"[Null, Bool(true), Text("Köln"), Null]"#),
            (r#"{"$geo.city":"B","x":{"y":{"z":-1.5}},"a":null}"#, r#"[Null, Null, Text("B"), Number(-1.5)]"#),
            (r#"{"\u0061":"q\"\n"} "#, r#"[Text("q\"\n"), Null, Null, Null]"#),
            (r#"{"a":{"q":1},"b":[1]}"#, "[Null, Null, Null, Null]"),
            (r#"{"a":18446744073709551615}"#, "[Number(1.8446744073709552e19), Null, Null, Null]"),
        ];
        for (props, expect) in ok {
            assert_eq!(scan(props).unwrap(), expect, "{props}");
        }
        for props in ["", "[]", "1", "null", "{", r#"{"a":}"#, r#"{"a":1}x"#, r#"{"c":tru}"#, r#"{"c":[1,}"#, "{'a':1}"]
        {
            assert_eq!(scan(props), Err(Code::EventInvalid), "{props}");
        }
    }

    /// What the quick scan answers, the full parser answers, too.
    #[test]
    fn both_ways_agree() {
        let mut wanted = Wanted::default();
        for (slot, name) in ["a", "b", "deep.er"].into_iter().enumerate() {
            wanted.add(name, slot);
        }
        let numbers =
            ["0", "-0", "7", "12.34", "-0.001", "999999999999999", "9999999999999999", "0.1", "1e3", "01", "1.", "-"];
        let others = ["\"x\"", "\"\"", "\"ä\\n\"", "true", "null", "[1,{\"a\":2}]", "{\"er\":4}", "tru", "\"\u{1}\""];
        let mut quick = 0;
        for value in numbers.into_iter().chain(others) {
            for other in [
                r#""deep":{"x":[{}],"er":"y"},"#,
                r#""deep":{"er":{"er":1}},"#,
                r#""deep":[{"er":1}],"#,
                r#""c":"{\"","#,
                r#""c":[[]],"#,
                r#" "c" : {"x":"]"} , "#,
                r#""deep":1,"#,
                r#""b":5,"#,
                "",
            ] {
                let props = format!("{{{other}\"a\":{value}}} ");
                let (mut one, mut two) = (vec![Value::Null; 3], vec![Value::Null; 3]);
                if flat::scan(&wanted, &props, &mut one).is_none() {
                    continue;
                }
                quick += 1;
                let mut json = sonic_rs::Deserializer::from_str(&props);
                Object { wanted: &wanted, out: &mut two }.deserialize(&mut json).unwrap();
                assert_eq!(format!("{one:?}"), format!("{two:?}"), "{props}");
            }
        }
        assert!(quick > 40, "{quick}");
    }
}
