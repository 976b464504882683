//! Times as agents write and read them: RFC 3339, or a day in the business's timezone.

use epoch_model::time::{Millis, Zone};
use epoch_model::{Code, Error, Result};
use jiff::Timestamp;
use jiff::civil::Date;

/// An instant as RFC 3339 in UTC.
pub(crate) fn written(at: Millis) -> String {
    Timestamp::from_millisecond(at).map_or_else(|_| at.to_string(), |t| t.to_string())
}

/// `2026-01-31` (its beginning in the business's timezone) or `2026-01-31T08:00:00Z`.
pub(crate) fn read(field: &str, text: &str, timezone: &str) -> Result<Millis> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at.as_millisecond());
    }
    let zone = Zone::named(timezone)?;
    text.parse::<Date>().ok().and_then(|day| zone.instant(day.at(0, 0, 0, 0))).ok_or_else(|| {
        let message = format!("“{field}” is no time");
        Error::new(Code::InvalidArgument, message, "write 2026-01-31 or 2026-01-31T08:00:00Z")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_in_the_business_s_timezone() {
        assert_eq!(read("from", "2026-07-01", "Europe/Berlin"), Ok(1_782_856_800_000));
        assert_eq!(read("from", "2026-06-30T22:00:00Z", "UTC"), Ok(1_782_856_800_000));
        assert_eq!(written(1_782_856_800_000), "2026-06-30T22:00:00Z");
        assert_eq!(read("from", "yesterday", "UTC").map_err(|e| e.code), Err(Code::InvalidArgument));
    }
}
