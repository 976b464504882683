//! The context of a request for toggles: in the address or in the body.

use axum::http::Uri;
use serde_json::{Map, Value};

use crate::problem::Problem;

/// `?userId=…&properties[plan]=…`; what is no field of a context is a property.
pub(super) fn of_address(uri: &Uri) -> Value {
    let (mut fields, mut properties) = (Map::new(), Map::new());
    for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
        let property = name.strip_prefix("properties[").and_then(|name| name.strip_suffix(']'));
        let place = if property.is_some() { &mut properties } else { &mut fields };
        place.insert(property.unwrap_or(&name).to_owned(), value.into_owned().into());
    }
    fields.insert("properties".into(), Value::Object(properties));
    Value::Object(fields)
}

/// `{"context": {…}}`.
pub(super) fn of_body(mut body: Map<String, Value>) -> Result<Value, Problem> {
    match body.remove("context") {
        None | Some(Value::Null) => Ok(Value::Object(Map::new())),
        Some(context @ Value::Object(_)) => Ok(context),
        Some(_) => Err(Problem::bad("the context is no object", "send {\"context\": {…}}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_hold_contexts() {
        let uri =
            Uri::from_static("/api/frontend?userId=u%201&properties%5Bplan%5D=pro&properties[a%20b]=1&appName=web");
        let expect = serde_json::json!({"userId": "u 1", "appName": "web", "properties": {"plan": "pro", "a b": "1"}});
        assert_eq!(of_address(&uri), expect);
        assert_eq!(of_address(&Uri::from_static("/x")), serde_json::json!({"properties": {}}));
    }
}
