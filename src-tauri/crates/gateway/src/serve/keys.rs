//! Who may read levers, and how often.

use std::sync::Arc;

use axum::http::StatusCode;
use epoch_model::Code;

use crate::app::Shared;
use crate::problem::Problem;
use crate::rate::Kind;

const HINT: &str = "use a client key or a read key; `ras key` makes one";

/// The name of the client or read key that a request came with: 401 for none or an unknown one, 403 for a write key,
/// 429 when it came too often.
pub(crate) fn client(app: &Shared, key: Option<&str>) -> Result<Arc<str>, Problem> {
    let key = given(key)?;
    if let Some(name) = app.config.keys.client(key) {
        app.rate.of_kind(Kind::Client, &name)?;
        return Ok(name);
    }
    read(app, Some(key))
}

/// The name of the read key that a request came with. Client keys are public by nature and refused like write keys.
pub(crate) fn read(app: &Shared, key: Option<&str>) -> Result<Arc<str>, Problem> {
    let key = given(key)?;
    let keys = &app.config.keys;
    if keys.may_read(key) {
        let name = keys.client(key).unwrap_or_else(|| "read".into());
        app.rate.of_kind(Kind::Read, &name)?;
        return Ok(name);
    }
    if keys.write_source(key).is_some() {
        return Err(forbidden("this is a write key; it may send events, not read"));
    }
    if keys.client(key).is_some() {
        return Err(forbidden("this is a client key; it reads the levers of one unit, not their definitions"));
    }
    Err(Problem::new(StatusCode::UNAUTHORIZED, Code::Unauthorized, "this key is not known", HINT))
}

fn given(key: Option<&str>) -> Result<&str, Problem> {
    let missing = || Problem::new(StatusCode::UNAUTHORIZED, Code::Unauthorized, "no key was given", HINT);
    key.filter(|key| !key.is_empty()).ok_or_else(missing)
}

fn forbidden(message: &str) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, Code::Unauthorized, message, HINT)
}
