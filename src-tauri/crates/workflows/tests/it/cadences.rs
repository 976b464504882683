//! Times that come again, in the business's zone.

use epoch_model::time::{HOUR, Millis, Zone};
use epoch_workflows::{Cadence, Trigger, next_at};
use proptest::prelude::*;

fn at(text: &str) -> Millis {
    text.parse::<jiff::Timestamp>().unwrap().as_millisecond()
}

#[test]
fn the_next_time_is_strictly_later_and_local() {
    let berlin = Zone::named("Europe/Berlin").unwrap();
    for (cadence, after, expect) in [
        ("monday 09:00", "2026-03-02T07:59:59Z", "2026-03-02T08:00:00Z"),
        ("monday 09:00", "2026-03-02T08:00:00Z", "2026-03-09T08:00:00Z"),
        // The clocks go forward on 29 March 2026 and back on 25 October.
        ("monday 09:00", "2026-03-28T12:00:00Z", "2026-03-30T07:00:00Z"),
        ("day 02:30", "2026-03-28T12:00:00Z", "2026-03-29T01:30:00Z"),
        ("day 02:30", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z"),
        ("day 02:30", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"),
        ("workday 08:00", "2026-03-06T07:00:00Z", "2026-03-09T07:00:00Z"),
        ("month 1 00:00", "2026-03-05T00:00:00Z", "2026-03-31T22:00:00Z"),
        ("month 28 23:59", "2026-02-28T22:59:00Z", "2026-03-28T22:59:00Z"),
        ("hour", "2026-03-02T07:15:00Z", "2026-03-02T08:00:00Z"),
        ("hour", "2026-03-02T08:00:00Z", "2026-03-02T09:00:00Z"),
    ] {
        let cadence: Cadence = cadence.parse().unwrap();
        assert_eq!(cadence.next_after(at(after), &berlin), at(expect), "{cadence} after {after}");
    }
}

#[test]
fn what_is_no_time_is_refused_and_what_is_reads_back() {
    for bad in [
        "",
        "day",
        "day 7:00",
        "day 24:00",
        "day 07:60",
        "someday 07:00",
        "month 29 07:00",
        "month 0 07:00",
        "hour 07:00",
    ] {
        assert!(bad.parse::<Cadence>().is_err(), "{bad}");
    }
    for good in ["hour", "day 07:00", "workday 08:30", "sunday 23:59", "month 28 00:00"] {
        let cadence: Cadence = good.parse().unwrap();
        assert_eq!(cadence.to_string(), good);
        assert_eq!(serde_json::to_string(&cadence).unwrap(), format!("\"{good}\""));
    }
}

#[test]
fn only_schedules_have_a_next_time() {
    let every = "hour".parse().unwrap();
    assert_eq!(next_at(&Trigger::Schedule { every }, 0, &Zone::utc()), Some(HOUR));
    assert_eq!(next_at(&Trigger::Manual, 0, &Zone::utc()), None);
}

proptest! {
    #[test]
    fn times_go_on_for_ever_and_none_is_skipped(
        start in 0_i64..4_000_000_000_000,
        zone in prop::sample::select(vec!["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]),
        cadence in prop::sample::select(vec!["hour", "day 02:30", "workday 00:00", "sunday 02:00", "month 28 12:00"]),
    ) {
        let (zone, cadence) = (Zone::named(zone).unwrap(), cadence.parse::<Cadence>().unwrap());
        let first = cadence.next_after(start, &zone);
        let second = cadence.next_after(first, &zone);
        prop_assert!(first > start && second > first);
        prop_assert!(first - start <= 32 * 24 * HOUR);
        // From anywhere in between, the same next time.
        prop_assert_eq!(cadence.next_after(i64::midpoint(start, first - 1), &zone), first);
        prop_assert_eq!(cadence.next_after(first - 1, &zone), first);
    }
}
