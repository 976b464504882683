//! `[[experiment]]`, `[experiments]`, and what rules of levers imply.

use super::*;
use crate::experiment::{Experimenting, Exposure, Origin, Purpose, Spec};

const SHOP: &str = r#"
[business]
timezone = "Europe/Berlin"

[[metric]]
key = "conversion"
kind = "proportion"
numerator = { event = "order" }
denominator = { event = "visit" }

[[metric]]
key = "refunds"
kind = "sum"
event = "refund"
value = "amount"
better = "down"

[[metric]]
key = "orders_by_number"
kind = "unique"
event = "order"
of = "number"

[[metric]]
key = "mood"
event = "mood"
better = "neither"

[[metric]]
key = "seats"
kind = "mean_per_unit"
event = "seat"
by = "company"

[[guardrail]]
metric = "refunds"
worsens_by_at_most = "5 %"

[[lever]]
key = "price"
kind = "number"
min = 19
max = 49
step = 5
default = 29

[[lever]]
key = "layout"
kind = "variant"
options = ["one", "two"]
default = "one"
group = "company"
"#;

fn with(rest: &str) -> String {
    format!("{SHOP}{rest}")
}

fn specs(rest: &str) -> Vec<Spec> {
    assert_eq!(shown(&with(rest)), Vec::<String>::new(), "{rest}");
    Business::parse(&with(rest)).unwrap().experiments
}

#[test]
fn a_question_on_a_lever_needs_little() {
    let found =
        specs("[[experiment]]\nkey = \"price-1\"\nlever = \"price\"\narms = [29, 34]\nmetric = \"conversion\"\n");
    let [spec] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((spec.key.as_str(), spec.title.as_str(), spec.origin), ("price-1", "Price 1", Origin::File));
    let arms: Vec<_> = spec.arms.iter().map(|a| (a.key.as_str(), a.value.clone(), a.weight)).collect();
    assert_eq!(arms, [("control", LeverValue::Number(29.0), 0.5), ("test", LeverValue::Number(34.0), 0.5)]);
    assert_eq!(spec.exposure, Exposure::of_lever("price"));
    assert_eq!((&spec.guardrails[..], spec.share, spec.purpose), (&["refunds".to_owned()][..], 1.0, Purpose::Decide));
    assert_eq!((spec.from, spec.until, spec.mde, spec.cap, &spec.group), (None, None, None, None, &None));
}

#[test]
fn everything_that_can_be_said_of_a_question() {
    let found = specs(
        "[[experiment]]\nkey = \"p\"\ntitle = \"A higher price\"\nhypothesis = \"They pay more\"\nlever = \"price\"\n\
         arms = [{ key = \"now\", value = 29, weight = 3 }, { key = \"more\", value = 39 }]\nmetric = \"refunds\"\n\
         secondary = [\"conversion\"]\nguardrails = []\nif = \"plan == 'pro'\"\nshare = \"20 %\"\n\
         layer = { name = \"pricing\", from = 0, to = 0.5 }\nfrom = 2026-03-01\nuntil = 2026-03-31\nmde = \"2 %\"\ncap = 500\n\
         purpose = \"bandit\"\nexposure = { event = \"saw\", arm = \"v\", where = \"exp == 'p'\" }\n",
    );
    let spec = &found[0];
    assert_eq!((spec.arms[0].weight, spec.arms[1].weight, spec.share), (0.75, 0.25, 0.2));
    assert_eq!((&spec.secondary[..], spec.guardrails.len()), (&["conversion".to_owned()][..], 0));
    assert_eq!((spec.mde, spec.cap, spec.purpose), (Some(0.02), Some(500.0), Purpose::Bandit));
    assert_eq!(spec.audience.as_deref(), Some("plan == 'pro'"));
    assert_eq!(spec.slice.as_ref().map(|s| (s.layer.as_str(), s.from, s.to)), Some(("pricing", 0.0, 0.5)));
    // From the first instant of a local day to the first one after another; Berlin springs forward on March 29.
    assert_eq!((spec.from, spec.until), (Some(1_772_319_600_000), Some(1_774_994_400_000)));
    assert_eq!(spec.exposure.filter.as_deref(), Some("exp == 'p'"));
}

#[test]
fn a_test_of_somebody_else_is_read_by_its_exposures() {
    let found = specs(
        "[[experiment]]\nkey = \"gates\"\narms = [\"gate_30\", { key = \"gate_40\", weight = 2 }]\nmetric = \"conversion\"\n\
         exposure = { event = \"install\", arm = \"version\" }\n"
            .replace("\"gate_30\", { key = \"gate_40\", weight = 2 }", "{ key = \"gate_30\" }, { key = \"gate_40\", weight = 3 }")
            .as_str(),
    );
    let spec = &found[0];
    assert_eq!((&spec.lever, spec.arms[1].weight), (&None, 0.75));
    assert_eq!(spec.arms[0].value, LeverValue::Text("gate_30".into()));
    let found = specs(
        "[[experiment]]\nkey = \"g\"\narms = [\"a b\", 2, true]\nmetric = \"refunds\"\nexposure = { event = \"e\", arm = \"v\" }\n",
    );
    let keys: Vec<&str> = found[0].arms.iter().map(|a| a.key.as_str()).collect();
    assert_eq!(keys, ["a b", "2", "true"]);
}

const RULE: &str = "[[lever.rule]]\nkey = \"r\"\nexperiment = \"layout-2\"\nif = \"plan == 'pro'\"\n\
                    arms = [{ key = \"a\", value = \"one\" }, { key = \"b\", value = \"two\" }]\n\
                    share = 0.4\nlayer = { name = \"home\" }\n";

#[test]
fn a_question_names_the_arms_of_a_rule() {
    assert_eq!(specs(RULE), [], "the engine derives those that are not named");
    let named = specs(&format!("{RULE}\n[[experiment]]\nkey = \"layout-2\"\ntitle = \"Two\"\nmetric = \"seats\"\n"));
    let [spec] = named.as_slice() else { panic!("{named:?}") };
    assert_eq!((spec.title.as_str(), spec.metric.as_str(), spec.lever.as_deref()), ("Two", "seats", Some("layout")));
    assert_eq!((spec.arms[1].value.clone(), spec.share), (LeverValue::Text("two".into()), 0.4));
    assert_eq!((spec.group.as_deref(), spec.audience.as_deref()), (Some("company"), Some("plan == 'pro'")));
    assert_eq!(spec.slice.as_ref().map(|s| s.layer.as_str()), Some("home"));
    assert_eq!(
        (spec.exposure.clone(), spec.guardrails.clone()),
        (Exposure::of_lever("layout"), vec!["refunds".to_owned()])
    );
}

#[test]
fn how_the_engine_experiments_is_one_table() {
    assert_eq!(Business::parse(SHOP).unwrap().experimenting, Experimenting::default());
    let text = with(
        "[experiments]\non = false\nalpha = 0.1\npower = \"90 %\"\nfalse_discoveries = \"10 %\"\ndays_max = 30\nat_once = 2\nself_audit = 0\n",
    );
    let settings = Business::parse(&text).unwrap().experimenting;
    let expect = Experimenting {
        autonomous: false,
        alpha: 0.1,
        power: 0.9,
        false_discoveries: 0.1,
        days_max: 30,
        running_max: 2,
        self_audit: 0.0,
    };
    assert_eq!(settings, expect);
}

#[test]
fn broken_questions_say_where_and_why() {
    let head = "[[experiment]]\nkey = \"p\"\n";
    let on = "[[experiment]]\nkey = \"p\"\nlever = \"price\"\nmetric = \"conversion\"\n";
    let seen = "[[experiment]]\nkey = \"p\"\nmetric = \"conversion\"\nexposure = { event = \"e\", arm = \"v\" }\n";
    let first = u32::try_from(SHOP.lines().count()).unwrap();
    let at = |n: u32| format!("line {}", first + n);
    for (rest, line, expect) in [
        ("[[experiment]]\nmetric = \"refunds\"\n".to_owned(), 1, "(experiment.refunds.key): key is missing"),
        ("[[experiment]]\nkey = \"a b\"\n".into(), 2, "“a b” cannot be a name here"),
        (head.into(), 1, "metric is missing"),
        (format!("{head}metric = \"conversio\"\n"), 3, "there is no metric “conversio”; did you mean conversion?"),
        (format!("{head}metric = \"orders_by_number\"\n"), 3, "cannot be said of one unit"),
        (format!("{head}metric = \"mood\"\n"), 3, "this metric has no better direction"),
        (format!("{head}lever = \"prize\"\n"), 3, "there is no lever “prize”; did you mean price?"),
        (on.into(), 1, "arms are missing"),
        (format!("{on}arms = [29]\n"), 5, "an experiment has 2 to 20 arms, not 1"),
        (format!("{on}arms = [29, 30]\n"), 5, "30 is not on a step of 5 from 19"),
        (format!("{on}arms = [29, \"34\"]\n"), 5, "a number lever takes numbers"),
        (format!("{on}arms = [29, 29]\n"), 5, "has the value of another one"),
        (format!("{on}arms = [29, [34]]\n"), 5, "an arm should be a text, a number, true or false, or a table"),
        (
            format!("{on}arms = [{{ key = \"a\", value = 29, weight = 0 }}, {{ key = \"b\", value = 34 }}]\n"),
            5,
            "the control needs a weight",
        ),
        (
            format!("{on}arms = [{{ key = \"a\", value = 29 }}, {{ key = \"a\", value = 34 }}]\n"),
            5,
            "two of the arms have this key",
        ),
        (format!("{on}arms = [29, 34]\nshare = 0\n"), 6, "nobody would be in it"),
        (format!("{on}arms = [29, 34]\nshare = \"200 %\"\n"), 6, "share lies outside 0 % to 100 %"),
        (format!("{on}arms = [29, 34]\nif = \"plan ==\"\n"), 6, "(experiment.p.if)"),
        (format!("{on}arms = [29, 34]\nmde = \"0 %\"\n"), 6, "0 is no relative effect to look for"),
        (format!("{on}arms = [29, 34]\ncap = -1\n"), 6, "cap must be above 0"),
        (format!("{on}arms = [29, 34]\nfrom = 2026-03-02\nuntil = 2026-03-01\n"), 7, "until is not after from"),
        (format!("{on}arms = [29, 34]\nfrom = \"soon\"\n"), 6, "from should be a date; write from = 2027-03-31"),
        (format!("{on}arms = [29, 34]\nsecondary = [\"conversion\"]\n"), 6, "“conversion” is named twice"),
        (
            format!("{on}arms = [29, 34]\nsecondary = [\"seats\"]\n"),
            6,
            "seats is per company, the experiment sorts by person",
        ),
        (format!("{on}arms = [29, 34]\ngroup = \"company\"\n"), 6, "the lever price sorts by person"),
        (
            format!("{on}arms = [29, 34]\nguardrail = [\"refunds\"]\n"),
            6,
            "guardrail is not known here; did you mean guardrails?",
        ),
        (format!("{on}arms = [29, 34]\npurpose = \"retest\"\n"), 6, "purpose cannot be “retest”"),
        (format!("{on}arms = [29, 34]\n{on}arms = [29, 39]\n"), 7, "two of the experiments have this key"),
        (format!("{on}arms = [29, 34]\nlayer = {{ name = \"l\", from = 0.5, to = 0.2 }}\n"), 6, "the slice is empty"),
        (
            format!(
                "{on}arms = [29, 34]\nlayer = {{ name = \"l\", to = 0.6 }}\n{}arms = [29, 39]\nlayer = {{ name = \"l\", from = 0.5 }}\n",
                on.replace("\"p\"", "\"q\"")
            ),
            12,
            "this slice of the layer “l” overlaps the one of p",
        ),
        (
            seen.replace("exposure = { event = \"e\", arm = \"v\" }\n", "arms = [\"a\", \"b\"]\n"),
            1,
            "exposure is missing",
        ),
        (
            format!("{seen}arms = [\"a\", \"b\"]\nshare = 0.5\n"),
            6,
            "share has no place here: somebody else sorts its units",
        ),
        (format!("{seen}arms = [\"a\", \"b\"]\nif = \"plan == 'pro'\"\n"), 6, "if has no place here"),
        (format!("{seen}arms = [\"a\", \"b\"]\npurpose = \"bandit\"\n"), 6, "traffic can only be moved where a lever"),
        (format!("{seen}arms = [\"a\", \"a\"]\n"), 5, "two of the arms are named a"),
        (seen.replace("\"v\"", "\"v\", where = \"a ==\""), 4, "(experiment.p.exposure.where)"),
        (
            format!("{RULE}[[experiment]]\nkey = \"layout-2\"\nmetric = \"seats\"\narms = [\"a\", \"b\"]\n"),
            11,
            "arms has no place here: its lever's rule",
        ),
        (
            format!(
                "{RULE}[[experiment]]\nkey = \"r\"\nlever = \"layout\"\nmetric = \"seats\"\narms = [\"one\", \"two\"]\n"
            ),
            9,
            "a rule of the lever layout has this key",
        ),
        (
            "off = true\n[[experiment]]\nkey = \"z\"\nlever = \"layout\"\nmetric = \"seats\"\narms = [\"one\", \"two\"]\n".into(),
            4,
            "the lever layout is off",
        ),
        ("[experiments]\nalpha = 2\n".into(), 2, "alpha should lie between 0.001 and 0.2"),
        ("[experiments]\npower = \"high\"\n".into(), 2, "“high” is no share"),
        ("[experiments]\ndays_max = 0\n".into(), 2, "days_max should lie between 1 and 365"),
        ("[experiments]\nat_once = 2.5\n".into(), 2, "at_once should be a whole number"),
        ("[experiments]\nself_aduit = 0.1\n".into(), 2, "self_aduit is not known here; did you mean self_audit?"),
    ] {
        let told = shown(&with(&rest));
        let fits = told.iter().any(|t| t.contains(expect) && t.starts_with(&format!("{},", at(line))));
        assert!(fits, "{rest}\nexpected {} … {expect}\ntold {told:#?}", at(line));
    }
}
