use std::sync::Arc;

use epoch_model::Code;
use epoch_model::business::Business;
use epoch_model::series::{Series, SeriesQuery};
use epoch_model::time::Grain;
use epoch_store::aggregate::{Aggregates, Plan};

const DAY: i64 = 86_400_000;

fn aggregates(text: &str) -> Aggregates {
    Aggregates::new(Arc::new(Plan::compile(&Business::parse(text).unwrap()).unwrap()))
}

fn query(metric: &str, by: Option<&str>, grain: Grain, days: i64) -> SeriesQuery {
    SeriesQuery { metric: metric.into(), from: 0, to: days * DAY, grain, by: by.map(Into::into) }
}

fn whole(aggregates: &Aggregates, metric: &str, grain: Grain, days: i64) -> Series {
    aggregates.series(&query(metric, None, grain, days)).unwrap().remove(0)
}

const SPLIT: &str = "[[metric]]\nkey = 'n'\nevent = 'e'\nsegments = ['page']\n";

#[test]
fn a_thousand_values_are_kept_apart() {
    let mut a = aggregates(SPLIT);
    for i in 0..3000 {
        let props = format!("{{\"page\":\"{}\"}}", i % 1500);
        a.apply("e", 1, 5, &props).unwrap();
    }
    a.apply("e", 1, 5, "{}").unwrap();
    assert_eq!(a.segments("n", "page").len(), 1002);
    let all = a.series(&query("n", Some("page"), Grain::Day, 1)).unwrap();
    assert_eq!((all[0].segment.as_deref(), all[0].total.numerator), (Some("(other)"), 1000.0));
    assert_eq!(all.iter().map(|s| s.total.events).sum::<u64>(), 3001);
    assert!(a.matches("n", Some(("page", "(other)")), "e", "{\"page\":\"1400\"}"));
    assert!(!a.matches("n", Some(("page", "(other)")), "e", "{\"page\":\"7\"}"));
    assert!(a.matches("n", Some(("page", "7")), "e", "{\"page\":\"7\"}"));
    assert!(a.matches("n", Some(("page", "(none)")), "e", "{}"));
    let mut again = aggregates(SPLIT);
    let long = format!("{{\"page\":\"{}\"}}", "ä".repeat(5000));
    again.apply("e", 1, 5, &long).unwrap();
    assert_eq!(again.segments("n", "page")[0].len(), 200);
}

#[test]
fn bad_properties_change_nothing() {
    let mut a = aggregates(SPLIT);
    let before = a.all_records();
    for props in ["", "[]", "{\"page\":", "{\"page\":1}}"] {
        assert_eq!(a.apply("e", 1, 5, props).unwrap_err().code, Code::EventInvalid);
    }
    // Nobody listens to it, so nobody reads it.
    a.apply("unheard", 1, 5, "[]").unwrap();
    assert_eq!(a.all_records(), before);
}

#[test]
fn what_cannot_be_asked_is_refused() {
    let a = aggregates(SPLIT);
    let code = |q: SeriesQuery| a.series(&q).unwrap_err().code;
    assert_eq!(code(query("x", None, Grain::Day, 1)), Code::NotFound);
    assert_eq!(code(query("n", Some("y"), Grain::Day, 1)), Code::NotFound);
    assert_eq!(code(query("n", None, Grain::Hour, 1)), Code::InvalidArgument);
    assert_eq!(code(query("n", None, Grain::Day, 0)), Code::InvalidArgument);
    assert_eq!(code(query("n", None, Grain::Day, 1_000_000)), Code::InvalidArgument);
}

#[test]
fn fingerprints_follow_what_is_computed() {
    let of = |text: &str| Plan::compile(&Business::parse(text).unwrap()).unwrap().fingerprint();
    assert_eq!(of(SPLIT), of(&format!("{SPLIT}title = 'Other words'\nbetter = 'down'\n")));
    assert_ne!(of(SPLIT), of(&format!("{SPLIT}where = 'a > 1'\n")));
    assert_ne!(of(SPLIT), of(&format!("[business]\ntimezone = 'Asia/Tokyo'\n{SPLIT}")));
    let other = Arc::new(Plan::compile(&Business::parse("").unwrap()).unwrap());
    let mut a = aggregates(SPLIT);
    a.apply("e", 1, 5, "{}").unwrap();
    assert_eq!(Aggregates::load(other, a.all_records().into_iter()).unwrap_err().code, Code::StoreDamaged);
    assert!(Plan::compile(&Business { timezone: "X".into(), ..Business::parse(SPLIT).unwrap() }).is_err());
}

#[test]
fn rates_are_per_calendar_time() {
    let text = "[business]\ntimezone = 'Europe/Berlin'\n[[metric]]\nkey = 'm'\nformula = 'sum(s.v) / 1 month'\n\
                [[metric]]\nkey = 'd'\nformula = 'sum(s.v) / 1 day'\n[[metric]]\nkey = 'h'\nbucket='hour'\nformula = 'sum(s.v) / 1 hour'\n";
    let mut a = aggregates(text);
    // 2024-03-31, 23 hours long in Berlin.
    let start = 1_711_839_600_000;
    for (day, value) in [(0, 23), (-10, 62)] {
        a.apply("s", 0, start + day * DAY + 7_200_000, &format!("{{\"v\":{value}}}")).unwrap();
    }
    let read = |metric: &str, grain: Grain| {
        let q = SeriesQuery { metric: metric.into(), from: start, to: start + 1, grain, by: None };
        let s = a.series(&q).unwrap().remove(0);
        (s.points[0].value.unwrap(), s.total.value.unwrap())
    };
    assert_eq!(read("m", Grain::Month), (85.0, 85.0));
    assert_eq!(read("d", Grain::Day), (23.0, 23.0));
    assert_eq!(read("h", Grain::Day), (1.0, 1.0));
    assert_eq!(read("d", Grain::Month), (85.0 / 31.0, 85.0 / 31.0));
    assert!((read("m", Grain::Day).0 - 23.0 * 30.436_875).abs() < 1e-9);
}

#[test]
fn sums_are_exact_and_bounded() {
    let mut a = aggregates("[[metric]]\nkey = 'n'\nevent = 'e'\nvalue = 'v'\n");
    for _ in 0..1000 {
        a.apply("e", 0, 5, "{\"v\":0.1}").unwrap();
        a.apply("e", 0, 5, "{\"v\":1e16}").unwrap();
        a.apply("e", 0, 5, "{\"v\":\"-1e16\"}").unwrap();
        a.apply("e", 0, 5, "{\"v\":1e300}").unwrap();
    }
    let s = whole(&a, "n", Grain::Day, 1);
    assert_eq!((s.total.value, s.total.events), (Some(100.0), 3000));
}

#[test]
fn groups_are_units_of_their_own() {
    let mut a = aggregates(
        "[[metric]]\nkey = 'c'\nkind = 'proportion'\nby = 'company'\nsegments = ['plan']\n\
         numerator = { event = 'order', within = '1d' }\ndenominator = 'visit'\n\
         [[metric]]\nkey = 'u'\nkind = 'unique'\nevent = 'visit'\nby = 'company'\n",
    );
    let props =
        |company: &str| format!("{{\"x\":[1],\"$groups\":{{\"team\":1,\"company\":{company}}},\"plan\":\"pro\"}}");
    for (unit, company) in [(1, "\"acme\""), (2, "\"acme\""), (3, "7"), (4, "null"), (5, "\"\""), (0, "\"beta\"")] {
        a.apply("visit", unit, 5, &props(company)).unwrap();
    }
    // Another person of the same company buys.
    a.apply("order", 9, DAY, &props("\"acme\"")).unwrap();
    let total = whole(&a, "c", Grain::Day, 2).total;
    assert_eq!((total.numerator, total.denominator), (1.0, 3.0));
    assert_eq!(whole(&a, "u", Grain::Day, 2).total.value, Some(3.0));
    // Persons 1 and 3 being one changes no company.
    let before = a.all_records().len();
    assert_eq!(a.link(1, 3, false), None);
    assert_eq!((whole(&a, "u", Grain::Day, 2).total.value, a.all_records().len()), (Some(3.0), before + 2));
    let rows = |company: &str, name: &str, segment| a.matches("c", segment, name, &props(company));
    assert!(rows("\"acme\"", "visit", None) && rows("\"acme\"", "order", None));
    assert!(rows("\"acme\"", "visit", Some(("plan", "pro"))) && !rows("\"acme\"", "visit", Some(("plan", "free"))));
    assert!(!rows("null", "visit", None) && !rows("\"\"", "visit", None) && !a.matches("c", None, "visit", "{}"));
    assert!(!a.matches("u", None, "visit", "{\"company\":\"acme\"}"));
}

#[test]
fn what_was_erased_counts_nowhere() {
    let mut a = aggregates("[[metric]]\nkey = 'n'\nevent = '$erased'\n");
    a.apply("$erased", 1, 5, "{}").unwrap();
    assert_eq!(whole(&a, "n", Grain::Day, 1).total.value, Some(0.0));
    assert!(!a.matches("n", None, "$erased", "{}"));
}

#[test]
fn distinct_over_a_year_is_a_union() {
    let mut a = aggregates("[[metric]]\nkey = 'u'\nkind = 'unique'\nevent = 'e'\nbucket = 'hour'\n");
    for day in 0..400 {
        for unit in 1..=10 {
            a.apply("e", unit + day / 40, i64::from(day) * DAY + 3_600_000 * i64::from(unit), "{}").unwrap();
        }
    }
    let s = whole(&a, "u", Grain::Day, 400);
    assert!(s.points.iter().all(|p| p.value == Some(10.0)));
    assert_eq!(s.total.value, Some(19.0));
    assert_eq!(whole(&a, "u", Grain::Week, 400).total.value, Some(19.0));
    let part = SeriesQuery { metric: "u".into(), from: 35 * DAY, to: 85 * DAY, grain: Grain::Day, by: None };
    assert_eq!(a.series(&part).unwrap()[0].total.value, Some(12.0));
}
