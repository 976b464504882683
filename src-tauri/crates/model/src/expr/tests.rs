use super::*;
use proptest::prelude::*;

fn row(name: &str) -> Value<'static> {
    match name {
        "n" => Value::Number(3.0),
        "price" => Value::Text("2.50".into()),
        "country" => Value::Text("DE".into()),
        "empty" => Value::Text("".into()),
        "flag" => Value::Bool(true),
        "$geo.city" => Value::Text("Köln".into()),
        "Invoice No" => Value::Text("C100".into()),
        _ => Value::Null,
    }
}

fn shown(text: &str) -> String {
    match Expr::parse(text) {
        Err(e) => format!("! {} | {}", e.message, e.hint),
        Ok(e) => match e.eval(&|name| row(name)) {
            Err(e) => format!("? {}", e.message),
            Ok(Value::Null) => "null".into(),
            Ok(Value::Bool(b)) => b.to_string(),
            Ok(Value::Number(n)) => n.to_string(),
            Ok(Value::Text(t)) => format!("'{t}'"),
        },
    }
}

#[test]
fn values() {
    let cases = [
        ("1 + 2 * 3", "7"),
        ("(1 + 2) * 3", "9"),
        ("-n - -1", "-2"),
        ("7 % 4 / 2", "1.5"),
        ("n * price", "7.5"),
        ("1 / 0", "null"),
        ("missing + 1", "null"),
        ("empty * 2", "null"),
        ("1e300 * 1e300", "null"),
        ("country == 'DE'", "true"),
        ("country != 'DE'", "false"),
        ("price == 2.5", "true"),
        ("price == '2.5'", "false"),
        ("'10' > '9'", "true"),
        ("'b' > 'a'", "true"),
        ("'2024-01-10' < '2024-02-01'", "true"),
        ("missing == 1", "null"),
        ("missing == null", "true"),
        ("country != null", "true"),
        ("not (missing == null)", "false"),
        ("country in ['FR', 'DE']", "true"),
        ("country not in ['FR', 'DE']", "false"),
        ("n in [1, 2, 3]", "true"),
        ("missing in [1]", "null"),
        ("n in []", "false"),
        ("flag and country == 'DE' or false", "true"),
        ("false and missing", "false"),
        ("true and missing", "null"),
        ("missing or true", "true"),
        ("not not flag", "true"),
        ("if(n > 2, 'big', 'small')", "'big'"),
        ("starts_with(`Invoice No`, 'C')", "true"),
        ("ends_with($geo.city, 'ln')", "true"),
        ("contains($geo.city, 'x')", "false"),
        ("upper(country)", "'DE'"),
        ("lower(country)", "'de'"),
        ("trim('  a ')", "'a'"),
        ("abs(-3.5)", "3.5"),
        ("min(3, n, 2) + max(1, 9)", "11"),
        ("round(2.5)", "3"),
        ("round(-2.5)", "-3"),
        ("round(2.345, 2)", "2.35"),
        ("floor(-1.2)", "-2"),
        ("number('12') + number('x')", "null"),
        ("number(' 12.5 ')", "12.5"),
        ("number('inf')", "null"),
        ("text(1.50)", "'1.5'"),
        ("coalesce(missing, empty, 'z')", "''"),
        ("concat(country, '-', n)", "'DE-3'"),
        ("length($geo.city)", "4"),
        ("replace('a-b-c', '-', '')", "'abc'"),
        ("replace('abc', '', '-')", "'abc'"),
        ("'it''s'", "'it's'"),
        (".5 + 1.5e1", "15.5"),
        ("'order'", "'order'"),
    ];
    for (text, expect) in cases {
        assert_eq!(shown(text), expect, "{text}");
    }
}

#[test]
fn refusals() {
    let cases = [
        ("", "! column 1 of “”: the text ends where a value should be"),
        ("1 +", "! column 4 of “1 +”: the text ends where a value should be"),
        ("a = 1", "! column 3 of “a = 1”: “=” has no meaning here | compare with =="),
        ("a == \"x\"", "! column 6 of “a == \"x\"”: “\"” has no meaning here | put text in single quotes"),
        ("'abc", "! column 1 of “'abc”: the text in quotes does not end"),
        ("`abc", "! column 1 of “`abc”: the name in backticks does not end"),
        ("ä && b", "! column 3 of “ä && b”: “&” has no meaning here | write and"),
        ("foo(1)", "! column 1 of “foo(1)”: there is no function foo"),
        ("sum(a.b)", "! column 1 of “sum(a.b)”: there is no function sum | sum, count and unique are for formulas"),
        ("if(1, 2)", "! column 1 of “if(1, 2)”: if takes 3 argument(s), not 2"),
        ("1 2", "! column 3 of “1 2”: “2” stands where an operator or the end should be"),
        ("(1", "! column 3 of “(1”: the text ends where “)” should be"),
        ("a < 1 < 2", "! column 7"),
        ("a in 3", "! column 6"),
        ("1 month", "! column 3"),
        ("country * 2", "? * needs numbers and got text"),
        ("flag + 1", "? + needs numbers and got true or false"),
        ("not country", "? not needs true or false and got text"),
        ("country and flag", "? and needs true or false and got text"),
        ("if(n, 1, 2)", "? if needs true or false and got a number"),
    ];
    for (text, expect) in cases {
        let got = shown(text);
        assert!(got.starts_with(expect), "{text}: {got}");
    }
}

#[test]
fn size_is_bounded() {
    for text in ["(".repeat(5000), "-".repeat(5000), "not ".repeat(2000), "1+".repeat(3000) + "1", "if(".repeat(900)] {
        assert!(Expr::parse(&text).is_err());
    }
    assert!(Expr::parse(&("1+".repeat(250) + "1")).is_ok());
    assert!(Expr::parse(&"x".repeat(100_000)).is_err());
}

#[test]
fn names_and_slots() {
    let expr = Expr::parse("a * b.c + a - `x y`").unwrap();
    assert_eq!(expr.names(), ["a", "b.c", "x y"]);
    let mut slots = vec!["b.c".to_owned()];
    let bound = expr.bind(&mut slots);
    assert_eq!(slots, ["b.c", "a", "x y"]);
    let values = [Value::Number(4.0), Value::Number(3.0), Value::Number(1.0)];
    assert_eq!(bound.eval(&values), Some(Value::Number(14.0)));
    assert_eq!(bound.eval(&values[..2]), Some(Value::Null));
    assert_eq!(Expr::parse("(x)").unwrap().bind(&mut slots).slot(), Some(3));
}

#[test]
fn formulas() {
    let formula = Formula::parse("sum(order.amount where country == 'DE') / unique(order.invoice) + aov - 2").unwrap();
    assert_eq!(formula.metrics().collect::<Vec<_>>(), ["aov"]);
    let measure = |event: &str, filter: Option<&str>, value: Option<&str>, of: Option<&str>| Measure {
        event: event.into(),
        filter: filter.map(Into::into),
        value: value.map(Into::into),
        of: of.map(Into::into),
        within: None,
    };
    use crate::business::Measure;
    assert_eq!(
        formula.inputs(),
        [
            Input::Measure(Aggregate::Sum, measure("order", Some("country == 'DE'"), Some("`amount`"), None)),
            Input::Measure(Aggregate::Unique, measure("order", None, None, Some("invoice"))),
            Input::Metric("aov".into()),
        ]
    );
    assert_eq!(formula.eval(|i| [Some(100.0), Some(4.0), Some(5.0)][i]), Some(28.0));
    assert_eq!(formula.eval(|i| [Some(100.0), Some(0.0), Some(5.0)][i]), None);
    assert_eq!(formula.eval(|i| [Some(100.0), None, Some(5.0)][i]), None);

    let mrr = Formula::parse("sum(subscription.amount) / 1 month").unwrap();
    assert_eq!(mrr.inputs()[1], Input::Duration { count: 1.0, unit: TimeUnit::Month });
    let quoted = Formula::parse("count(`Order Completed`) / sum(`a.b`.`c d`)").unwrap();
    assert_eq!(quoted.inputs()[1], Input::Measure(Aggregate::Sum, measure("a.b", None, Some("`c d`"), None)));
}

#[test]
fn units() {
    let of = |key: &str| match key {
        "revenue" => Dimension::MONEY,
        "visits" => Dimension::THINGS,
        "aov" => Dimension::MONEY.over(Dimension::THINGS),
        _ => Dimension::NUMBER,
    };
    let shown = |text: &str| match Formula::parse(text).and_then(|f| f.dimension(&of)) {
        Ok(d) => d.words(),
        Err(e) => e.message,
    };
    let cases = [
        ("revenue + 100", "money"),
        ("revenue / visits", "money per count"),
        ("revenue / visits - aov", "money per count"),
        ("1 - rate", "a plain number"),
        ("count(a) + unique(b)", "a count"),
        ("sum(o.amount) + revenue", "money"),
        ("sum(o.amount) / 1 month", "an amount per time"),
        ("revenue / 1 month", "money per time"),
        ("max(revenue, 0) * rate", "money"),
        ("if(visits > 10, revenue, 0)", "money"),
        ("revenue + visits", "in “revenue + visits”: + mixes money and a count"),
        ("sum(o.amount) + count(visit)", "in “sum(o.amount) + count(visit)”: + mixes an amount and a count"),
        ("revenue / 1 month + revenue", "in “revenue / 1 month + revenue”: + mixes money per time and money"),
        ("revenue > visits", "in “revenue > visits”: a comparison mixes money and a count"),
        ("lower(revenue)", "in “lower(revenue)”: a formula cannot work on text"),
        ("1 month", "column 1 of “1 month”: a duration can only divide"),
        ("2 * 1 month", "column 5 of “2 * 1 month”: a duration can only divide"),
        ("sum(order)", "column 5 of “sum(order)”: sum needs a property"),
        ("count(order.x)", "column 7 of “count(order.x)”: count counts events"),
        ("revenue / 0 months", "column 11 of “revenue / 0 months”: a duration must be longer than nothing"),
    ];
    for (text, expect) in cases {
        assert_eq!(shown(text), expect, "{text}");
    }
}

proptest! {
    #[test]
    fn never_panics(text in "[ -~äß`'()\\[\\]0-9a-c.+*/%<>=,\\-]{0,60}") {
        if let Ok(expr) = Expr::parse(&text) {
            let _ = expr.eval(&|name| row(name));
        }
        if let Ok(formula) = Formula::parse(&text) {
            let _ = formula.dimension(&|_| Dimension::MONEY);
            let _ = formula.eval(|i| Some(i as f64));
        }
    }

    #[test]
    fn words_never_panic(words in prop::collection::vec(prop::sample::select(vec![
        "a", "1", "'x'", "(", ")", "+", "-", "and", "or", "not", "in", "[", "]", ",", "if", "sum", "unique", "where", "==",
        "null", "1 month", "/", "min", "a.b", "round"]), 0..30)) {
        let text = words.join(" ");
        if let Ok(expr) = Expr::parse(&text) {
            let _ = expr.eval(&|name| row(name));
        }
        if let Ok(formula) = Formula::parse(&text) {
            let _ = formula.dimension(&|_| Dimension::NUMBER);
            let _ = formula.eval(|_| Some(2.0));
        }
    }
}
