use super::*;
use proptest::prelude::*;

use crate::serving::Serve;

mod experiments;

const SKETCH: &str = r#"
[business]
name = "Northwind Notes"
currency = "EUR"
timezone = "Europe/Berlin"
opens = "2026-01-01"

[[metric]]
key = "signup_rate"            # one word others refer to
kind = "proportion"
unit = "visitor"               # unit of randomisation and analysis
numerator = { event = "signup", within = "7d" }
denominator = { event = "visit" }
better = "up"
domain = "product"
segments = ["country", "plan", "device"]

[[metric]]
key = "mrr"
kind = "formula"
formula = "sum(subscription.amount) / 1 month"
format = "money"
domain = "sales"

[[metric]]
key = "refund_rate"
kind = "ratio"
numerator = { event = "refund" }
denominator = { event = "order" }
format = "percent"
better = "down"

[[goal]]
metric = "mrr"
target = 20000
by = 2027-03-31

[[lever]]
key = "pro_price"
kind = "number"
min = 19
max = 49
step = 1
default = 29
domain = "pricing"
reversibility = "R1"
served_as = ["ofrep", "posthog"]

[[guardrail]]
metric = "refund_rate"
worsens_by_at_most = "0.5 points"

[limits]
autonomous_spend_per_day = "20 EUR"
exposure_per_decision = "10 %"
cards_per_day = 5

[[source]]
kind = "folder"
path = "exports"
format = "csv"
map = { event = "'order'", time = "InvoiceDate", unit = "CustomerID", amount = "Quantity * UnitPrice", country = "Country" }

[[effect]]
key = "zapier_refund_alert"
kind = "webhook"
url = "https://hooks.example.com/abc"
"#;

fn shown(text: &str) -> Vec<String> {
    match Business::parse(text) {
        Ok(_) => vec![],
        Err(problems) => problems.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn the_sketch_parses() {
    assert_eq!(shown(SKETCH), Vec::<String>::new());
    let business = Business::parse(SKETCH).unwrap();
    assert_eq!((business.currency_digits, business.limits.autonomous_spend_per_day_minor), (2, 2000));
    assert_eq!(business.goals[0].by, Some(1_806_530_400_000));
    assert_eq!(business.guardrails[0].absolute, Some(0.005));
    assert!((business.limits.exposure_per_decision - 0.1).abs() < 1e-12);
    assert_eq!(business.sources[0].key, "exports");
    let map = business.sources[0].map.as_ref().unwrap();
    assert_eq!(map.props["amount"], "Quantity * UnitPrice");
    assert_eq!(map.props.len(), 2);
    assert_eq!(business.metrics[0].title, "Signup rate");
    assert_eq!(business.levers[0].default, LeverValue::Number(29.0));
    assert_eq!(business.policy, Business::default_policy());
}

#[test]
fn little_is_enough() {
    for text in ["", "[business]\nname = \"A\"\n", "[[metric]]\nkey = \"orders\"\nevent = \"order\"\n"] {
        assert_eq!(shown(text), Vec::<String>::new());
    }
    let business = Business::parse("metric = [{ key = 'orders', event = 'order' }]").unwrap();
    let metric = &business.metrics[0];
    assert!(matches!(metric.kind, MetricKind::Count { .. }));
    assert_eq!((metric.grain, metric.format, metric.better), (Grain::Day, Format::Integer, Better::Up));
    for name in ["Ä \"quoted\" \\ shop\n", "", "x\u{7f}\u{1}"] {
        let business = Business::parse(&Business::template(name)).unwrap();
        assert!(!business.name.is_empty());
    }
    // The commented part is valid, too.
    let all: Vec<String> = Business::template("A")
        .lines()
        .skip_while(|l| !l.starts_with("# ["))
        .filter(|l| !l.starts_with("# ---") && !l.starts_with("# kinds"))
        .map(|l| l.strip_prefix("# ").unwrap_or(l.trim_start_matches('#')).to_owned())
        .collect();
    assert_eq!(shown(&all.join("\n")), Vec::<String>::new());
}

#[test]
fn online_retail() {
    let text = r#"
[business]
name = "Online Retail"
currency = "GBP"
timezone = "Europe/London"

[[metric]]
key = "revenue"
kind = "sum"
event = "order_line"
value = "amount"
format = "money"
segments = ["country"]

[[metric]]
key = "orders"
kind = "unique"
event = "order_line"
of = "invoice"
where = "not starts_with(invoice, 'C')"

[[metric]]
key = "average_order_value"
kind = "ratio"
numerator = { event = "order_line", value = "amount" }
denominator = { event = "order_line", of = "invoice" }
format = "money"

[[metric]]
key = "active_customers"
kind = "unique"
event = "order_line"

[[metric]]
key = "return_rate"
kind = "ratio"
numerator = { event = "order_line", of = "invoice", where = "starts_with(invoice, 'C')" }
denominator = { event = "order_line", of = "invoice" }
better = "down"
format = "percent"

[[metric]]
key = "per_order"
formula = "revenue / orders"

[[source]]
kind = "folder"
path = "exports"
map = { event = "'order_line'", time = "InvoiceDate", unit = "CustomerID", amount = "Quantity * UnitPrice", invoice = "InvoiceNo", country = "Country" }
"#;
    assert_eq!(shown(text), Vec::<String>::new());
    let business = Business::parse(text).unwrap();
    assert_eq!(business.metrics[5].format, Format::Money);
    assert_eq!(business.metrics[0].domain, Domain::Sales);
}

#[test]
fn broken_files_say_where_and_why() {
    let metric = "[[metric]]\nkey = \"a\"\nevent = \"e\"\n";
    let money = "[[metric]]\nkey = \"m\"\nevent = \"e\"\nvalue = \"v\"\nformat = \"money\"\n";
    let with = |head: &str, rest: &str| format!("{head}{rest}");
    let cases = [
        ("[business\n".to_owned(), "line 1, column 10"),
        ("[business]\nname = \"x\n".into(), "line 2, column"),
        (
            "[business]\nnmae = \"x\"\n".into(),
            "line 2, column 1 (business.nmae): nmae is not known here; did you mean name?",
        ),
        ("[busines]\n".into(), "line 1, column 2 (busines): busines is not known here; did you mean business?"),
        ("[business]\nname = 3\n".into(), "line 2, column 8 (business.name): name should be text, not a number"),
        ("[business]\nname = \" \"\n".into(), "line 2, column 8 (business.name): name is empty"),
        ("[business]\ncurrency = \"EURO\"\n".into(), "line 2, column 12 (business.currency): “EURO” is not a currency"),
        ("[business]\ntimezone = \"Mars\"\n".into(), "line 2, column 12 (business.timezone): “Mars” is not a timezone"),
        ("[business]\nbucket = \"week\"\n".into(), "line 2, column 10 (business.bucket): bucket cannot be “week”"),
        ("[metric]\nkey = 'a'\n".into(), "line 1, column 1 (metric): metric should be written [[metric]]"),
        ("[[metric]]\nevent = 'e'\n".into(), "line 1, column 1 (metric.1.key): key is missing"),
        ("[[metric]]\nkey = 'a b'\nevent = 'e'\n".into(), "line 2, column 7 (metric.a b.key): “a b” cannot be a key"),
        ("[[metric]]\nkey = 'and'\nevent = 'e'\n".into(), "line 2, column 7 (metric.and.key): “and” has a meaning"),
        ("[[metric]]\nkey = 'a'\n".into(), "line 1, column 1 (metric.a.event): event is missing"),
        (
            with(metric, "kind = 'cuont'\n"),
            "line 4, column 8 (metric.a.kind): kind cannot be “cuont”; did you mean count?",
        ),
        (with(metric, "where = \"a = 1\"\n"), "line 4, column 9 (metric.a.where): column 3 of “a = 1”"),
        (with(metric, "kind = 'sum'\n"), "line 1, column 1 (metric.a.value): value is missing"),
        (with(metric, "q = 2\nvalue = 'v'\n"), "line 4, column 5 (metric.a.q): q is 2, outside 0 to 1"),
        (with(metric, "kind = 'count'\nvalue = 'v'\n"), "line 5, column 9 (metric.a.value): value does not belong"),
        (with(metric, "within = '7d'\n"), "line 4, column 10 (metric.a.within): within does not belong"),
        (with(metric, "better = 'higher'\n"), "line 4, column 10 (metric.a.better): better cannot be “higher”; one of"),
        (
            with(metric, "segments = ['c', 'c']\n"),
            "line 4, column 12 (metric.a.segments): a segment is empty or named twice",
        ),
        (with(metric, "segments = [1]\n"), "line 4, column 12 (metric.a.segments): segments should be a list of texts"),
        (with(metric, metric), "line 5, column 7 (metric.a.key): two of the metrics have this key"),
        (
            with(metric, "worth = '3 USD'\n"),
            "line 4, column 9 (metric.a.worth): the business's currency is EUR, not USD",
        ),
        (
            "[[metric]]\nkey='r'\nkind='proportion'\nnumerator={event='a', witin='7d'}\ndenominator='b'\n".into(),
            "line 4, column 23 (metric.r.numerator.witin): witin is not known here; did you mean within?",
        ),
        (
            "[[metric]]\nkey='r'\nkind='proportion'\nnumerator={event='a', within='soon'}\ndenominator='b'\n".into(),
            "line 4, column 30 (metric.r.numerator.within): “soon” is no duration",
        ),
        (
            "[[metric]]\nkey='r'\nkind='proportion'\nnumerator='a'\n".into(),
            "line 1, column 1 (metric.r.denominator): denominator is missing",
        ),
        (
            "[[metric]]\nkey='f'\nformula='f + 1'\n".into(),
            "line 3, column 9 (metric.f.formula): this formula needs its own value",
        ),
        (
            "[[metric]]\nkey='f'\nformula='g'\n[[metric]]\nkey='g'\nformula='f'\n".into(),
            "line 3, column 9 (metric.f.formula): this formula needs",
        ),
        (
            with(metric, "[[metric]]\nkey='f'\nformula='b + 1'\n"),
            "line 6, column 9 (metric.f.formula): there is no metric “b”; did you mean a?",
        ),
        (
            with(&with(metric, money), "[[metric]]\nkey='f'\nformula='m + a'\n"),
            "line 11, column 9 (metric.f.formula): in “m + a”: + mixes money and a count",
        ),
        (
            with(metric, "[[metric]]\nkey='f'\nformula='a * 2'\nformat='money'\n"),
            "line 7, column 8 (metric.f.format): the formula gives a count",
        ),
        (with(metric, "[[goal]]\nmetric='b'\ntarget=1\n"), "line 5, column 8 (goal.b.metric): there is no metric “b”"),
        (with(metric, "[[goal]]\nmetric='a'\n"), "line 4, column 1 (goal.a.target): target is missing"),
        (
            with(metric, "[[goal]]\nmetric='a'\ntarget=1\nby='soon'\n"),
            "line 7, column 4 (goal.a.by): by should be a date",
        ),
        (
            with(metric, "format='percent'\n[[goal]]\nmetric='a'\ntarget=5\n"),
            "line 7, column 8 (goal.a.target): a share above 1",
        ),
        (
            with(metric, "[[guardrail]]\nmetric='a'\n"),
            "line 4, column 1 (guardrail.a.worsens_by_at_most): worsens_by_at_most is missing",
        ),
        (
            with(metric, "better='neither'\n[[guardrail]]\nmetric='a'\nworsens_by_at_most='5 %'\n"),
            "line 6, column 8 (guardrail.a.metric): this metric has no worse direction",
        ),
        ("[[lever]]\nkey='l'\n".into(), "line 1, column 1 (lever.l.kind): kind is missing"),
        ("[[lever]]\nkey='l'\nkind='number'\nmin=1\n".into(), "line 1, column 1 (lever.l.max): max is missing"),
        (
            "[[lever]]\nkey='l'\nkind='number'\nmin=5\nmax=1\n".into(),
            "line 5, column 5 (lever.l.max): max (1) is not above min (5)",
        ),
        (
            "[[lever]]\nkey='l'\nkind='number'\nmin=1\nmax=5\ndefault=9\n".into(),
            "line 6, column 9 (lever.l.default): default (9) lies outside 1 to 5",
        ),
        (
            "[[lever]]\nkey='l'\nkind='number'\nmin=1\nmax=5\nstep=0\n".into(),
            "line 6, column 6 (lever.l.step): step must be above 0",
        ),
        (
            "[[lever]]\nkey='l'\nkind='number'\nmin=1\nmax=5\nstep=9\n".into(),
            "line 6, column 6 (lever.l.step): step (9) is larger",
        ),
        (
            "[[lever]]\nkey='l'\nkind='variant'\noptions=['a']\n".into(),
            "line 4, column 9 (lever.l.options): a variant needs at least two",
        ),
        (
            "[[lever]]\nkey='l'\nkind='variant'\noptions=['a','b']\ndefault='c'\n".into(),
            "line 5, column 9 (lever.l.default): “c” is not among",
        ),
        ("[[lever]]\nkey='l'\nkind='boolean'\nmin=1\n".into(), "line 4, column 5 (lever.l.min): min does not belong"),
        (
            "[[lever]]\nkey='l'\nkind='boolean'\nreversibility='R4'\n".into(),
            "line 4, column 15 (lever.l.reversibility): reversibility cannot be “R4”",
        ),
        (
            "[[lever]]\nkey='l'\nkind='boolean'\ncost='-1 EUR'\n".into(),
            "line 4, column 6 (lever.l.cost): cost cannot be -1",
        ),
        (
            "[[lever]]\nkey='l'\nkind='boolean'\n[[lever]]\nkey='l'\nkind='boolean'\n".into(),
            "line 5, column 5 (lever.l.key): two of the levers",
        ),
        (
            "[[effect]]\nkey='e'\nurl='http://x.com'\n".into(),
            "line 3, column 5 (effect.e.url): effects are posted over https",
        ),
        ("[[effect]]\nkey='e'\nurl='nowhere'\n".into(), "line 3, column 5 (effect.e.url): this is no web address"),
        (
            "[limits]\nexposure_per_decision='10'\n".into(),
            "line 2, column 23 (limits.exposure_per_decision): “10” is no share",
        ),
        (
            "[limits]\nexposure_per_decision=10\n".into(),
            "line 2, column 23 (limits.exposure_per_decision): a share lies between",
        ),
        (
            "[limits]\ncards_per_day=-1\n".into(),
            "line 2, column 15 (limits.cards_per_day): cards_per_day should lie between 0 and 1000",
        ),
        (
            "[[policy]]\nname='p'\nanswer='maybe'\n".into(),
            "line 3, column 8 (policy.p.answer): answer cannot be “maybe”",
        ),
        ("[[policy]]\nanswer='ask'\n".into(), "line 1, column 1 (policy.1.name): name is missing"),
        ("[[source]]\nkind='folder'\n".into(), "line 1, column 1 (source.1.path): path is missing"),
        ("[[source]]\nkind='sdk'\nmap={time='t'}\n".into(), "line 3, column 5 (source.1.map.event): event is missing"),
        (
            "[[source]]\nkind='sdk'\nmap={event='e', time='t', amount='1 +'}\n".into(),
            "line 3, column 34 (source.1.map.amount): column 4 of “1 +”",
        ),
        (
            "[[source]]\nkind='sdk'\nmap={event='e', time='t', delimiter=';;'}\n".into(),
            "line 3, column 37 (source.1.map.delimiter)",
        ),
        (
            "[[metric]]\nkey='m'\nevent='e'\nby='company'\n".into(),
            "line 4, column 4 (metric.m.by): by does not belong to a metric that counts no units",
        ),
        (
            "[[metric]]\nkey='m'\nkind='unique'\nevent='e'\nof='invoice'\nby='company'\n".into(),
            "line 6, column 4 (metric.m.by): of already says what is counted",
        ),
        (
            "[[metric]]\nkey='m'\nkind='unique'\nevent='e'\nby='unit'\n".into(),
            "line 5, column 4 (metric.m.by): “unit” is no kind of group",
        ),
        (
            "[[metric]]\nkey='m'\nkind='unique'\nevent='e'\nby='a.b'\n".into(),
            "line 5, column 4 (metric.m.by): “a.b” cannot be a kind of group",
        ),
        ("[playbooks]\non=['x']\n".into(), "line 2, column 1 (playbooks.on): on is not known here"),
    ];
    for (text, expect) in cases {
        let got = shown(&text);
        assert!(got.iter().any(|p| p.starts_with(expect)), "{text}\nexpected {expect}\ngot {got:#?}");
        // Every metric of a circle is told, everything else once.
        let expected = if text.contains("formula='g'") { 2 } else { 1 };
        assert_eq!(got.len(), expected, "{text}\n{got:#?}");
    }
}

#[test]
fn all_problems_are_told_at_once() {
    let text = "[business]\ncurrency = 'X'\n[[lever]]\nkey = 'l'\nkind = 'nmuber'\n[limits]\ncards = 3\n";
    let lines: Vec<u32> = Business::parse(text).unwrap_err().iter().map(|p| p.line).collect();
    assert_eq!(lines, [2, 5, 7]);
}

#[test]
fn groups_are_units_where_units_are_counted() {
    let text = "metric = [
        { key = 'a', kind = 'unique', event = 'e', of = 'unit', by = 'company' },
        { key = 'b', kind = 'mean_per_unit', event = 'e', value = 'v', by = 'company' },
        { key = 'c', kind = 'proportion', numerator = 'o', denominator = 'e', by = 'project-2' },
        { key = 'd', kind = 'retention', event = 'e', by = 'company' },
        { key = 'f', kind = 'unique', event = 'e' },
    ]";
    let business = Business::parse(text).unwrap();
    let by: Vec<_> = business.metrics.iter().map(|m| m.by.as_deref()).collect();
    assert_eq!(by, [Some("company"), Some("company"), Some("project-2"), Some("company"), None]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn never_panics(text in "\\PC{0,200}") {
        let _ = Business::parse(&text);
    }

    #[test]
    fn a_damaged_sketch_never_panics(from in 0usize..1800, len in 0usize..40, put in "[ -~\\nä]{0,12}") {
        let cut = |mut at: usize| { at = at.min(SKETCH.len()); while !SKETCH.is_char_boundary(at) { at -= 1 } at };
        let (a, b) = (cut(from), cut(from + len));
        let _ = Business::parse(&format!("{}{put}{}", &SKETCH[..a], &SKETCH[b..]));
    }
}

#[test]
fn levers_say_to_whom_they_serve_what() {
    let text = r#"
[[lever]]
key = "new_nav"
kind = "boolean"

[[lever]]
key = "price"
kind = "number"
min = 19
max = 49
default = 29
served_as = ["posthog", "ofrep"]
group = "company"
seed = "2026"
holdout = { key = "global", share = "5 %" }
requires = [{ lever = "new_nav", is = true }]
[[lever.rule]]
key = "beta"
if = "plan == 'pro' && seats > 5"
value = 35
share = "20 %"
[[lever.rule]]
key = "price_test"
name = "Does 35 pay?"
experiment = "price-2026"
arms = [{ key = "control", value = 29, weight = 1 }, { key = "test", value = 35, weight = 3 }]
share = 0.5
layer = { name = "pricing", from = "0 %", to = "50 %" }

[[publish]]
key = "cdn"
kind = "http_put"
url = "https://cdn.example.com/features.json"
secret = "cdn_token"
[[publish]]
key = "site"
kind = "git"
repo = "/srv/site"
path = "public/features.json"
branch = "main"
push = true
[[publish]]
key = "file"
kind = "file"
path = "public/features.json"

[[source]]
key = "web"
kind = "sdk"
deny = ["email"]
hash = ["unit"]
keep_ip = true
[[source]]
key = "payments"
kind = "stripe"
"#;
    assert_eq!(shown(text), Vec::<String>::new());
    let business = Business::parse(text).unwrap();
    let serving = &business.levers[1].serving;
    assert_eq!((serving.seed.as_str(), serving.group.as_deref(), serving.off), ("2026", Some("company"), false));
    assert_eq!(business.levers[0].serving.seed, "new_nav");
    assert!((serving.holdout.as_ref().unwrap().share - 0.05).abs() < 1e-12);
    let Serve::Experiment { arms, share, slice: Some(slice), .. } = &serving.rules[1].serve else {
        panic!("{serving:?}")
    };
    assert_eq!((arms[0].weight, arms[1].weight, *share, slice.to), (0.25, 0.75, 0.5, 0.5));
    assert_eq!(serving.rules[0].name, "Beta");
    assert!(matches!(&business.publish[1].kind, PublishKind::Git { push: true, .. }));
    assert_eq!((business.sources[0].keep_ip, &business.sources[0].deny), (true, &vec!["email".to_owned()]));
    assert_eq!(business.sources[1].kind, SourceKind::Stripe);
    let problem = Problem::of_lever(text, "price", "served_as", "a", "b");
    assert_eq!((problem.line, problem.path.as_str()), (12, "lever.price.served_as"));
}

#[test]
fn broken_levers_say_where_and_why() {
    let bool_lever = "[[lever]]\nkey='l'\nkind='boolean'\n";
    let number = "[[lever]]\nkey='n'\nkind='number'\nmin=1\nmax=9\nstep=2\n";
    let rule = "[[lever.rule]]\nkey='r'\n";
    let arms = "experiment='e'\narms=[{key='a',value=1},{key='b',value=3}]\n";
    let cases = [
        (
            format!("{bool_lever}served_as=['ofrpe']\n"),
            "line 4, column 11 (lever.l.served_as): served_as cannot be “ofrpe”; did you mean ofrep?",
        ),
        (
            format!("{bool_lever}served_as=['ofrep','ofrep']\n"),
            "line 4, column 11 (lever.l.served_as): a protocol is named twice",
        ),
        (format!("{bool_lever}served_as=[]\n"), "line 4, column 11 (lever.l.served_as): no protocol would serve it"),
        (format!("{bool_lever}group='a b'\n"), "line 4, column 7 (lever.l.group): “a b” cannot be a name here"),
        (
            format!("{bool_lever}holdout={{key='g',share='105 %'}}\n"),
            "line 4, column 24 (lever.l.holdout.share): share lies outside 0 % to 100 %",
        ),
        (format!("{bool_lever}holdout={{key='g'}}\n"), "line 4, column 9 (lever.l.holdout.share): share is missing"),
        (
            format!("{bool_lever}requires=[{{lever='x',is=true}}]\n"),
            "line 4, column 10 (lever.l.requires): there is no lever “x”",
        ),
        (
            format!("{bool_lever}requires=[{{lever='l',is=true}}]\n"),
            "line 4, column 10 (lever.l.requires): what it requires leads back",
        ),
        (
            format!("{bool_lever}requires=[{{lever='n',is=2}}]\n{number}"),
            "line 4, column 10 (lever.l.requires): n can never be that: 2 is not on a step of 2 from 1",
        ),
        (
            format!("{bool_lever}requires=[{{lever='n'}}]\n{number}"),
            "line 4, column 11 (lever.l.requires.1.is): is is missing",
        ),
        (
            format!("{bool_lever}{rule}value='on'\n"),
            "line 6, column 7 (lever.l.rule.r.value): a boolean lever is true or false",
        ),
        (format!("{bool_lever}{rule}"), "line 4, column 1 (lever.l.rule.r.value): value is missing"),
        (format!("{number}{rule}value=11\n"), "line 9, column 7 (lever.n.rule.r.value): 11 lies outside 1 to 9"),
        (format!("{number}{rule}value=4\n"), "line 9, column 7 (lever.n.rule.r.value): 4 is not on a step"),
        (
            format!("{number}{rule}value=3\nif=\"a = 1\"\n"),
            "line 10, column 4 (lever.n.rule.r.if): column 3 of “a = 1”",
        ),
        (
            format!("{number}{rule}value=3\nshare='-1 %'\n"),
            "line 10, column 7 (lever.n.rule.r.share): share lies outside",
        ),
        (
            format!("{number}{rule}value=3\nshare='half'\n"),
            "line 10, column 7 (lever.n.rule.r.share): “half” is no share",
        ),
        (
            format!("{number}{rule}value=3\nwhen='a'\n"),
            "line 10, column 1 (lever.n.rule.r.when): when is not known here",
        ),
        (
            format!("{number}{rule}value=3\n{rule}value=5\n"),
            "line 11, column 5 (lever.n.rule.r.key): two of the rules have this key",
        ),
        (
            format!("{number}{rule}value=3\nlayer={{name='x'}}\n"),
            "line 10, column 7 (lever.n.rule.r.layer): only experiments have a layer",
        ),
        (
            format!("{number}{rule}value=3\n{arms}"),
            "line 9, column 7 (lever.n.rule.r.value): a rule serves a value or arms",
        ),
        (
            format!("{number}{rule}experiment='e'\narms=[{{key='a',value=1}}]\n"),
            "line 10, column 6 (lever.n.rule.r.arms): an experiment has 2 to 20 arms",
        ),
        (
            format!("{number}{rule}experiment='e'\narms=[{{key='a',value=1,weight=0}},{{key='b',value=3,weight=0}}]\n"),
            "line 10, column 6 (lever.n.rule.r.arms): all weights are 0",
        ),
        (
            format!("{number}{rule}experiment='e'\narms=[{{key='a',value=1,weight=-1}},{{key='b',value=3}}]\n"),
            "line 10, column 31 (lever.n.rule.r.arms.a.weight): a weight is a number from 0 up",
        ),
        (
            format!("{number}{rule}{arms}layer={{name='x',from='50 %',to='20 %'}}\n"),
            "line 11, column 32 (lever.n.rule.r.layer.to): the slice is empty",
        ),
        (
            format!(
                "{number}{rule}{arms}layer={{name='x',to='50 %'}}\n[[lever.rule]]\nkey='s'\nexperiment='f'\narms=[{{key='a',value=1}},{{key='b',value=3}}]\nlayer={{name='x',from='49 %'}}\n"
            ),
            "line 16, column 7 (lever.n.rule.s.layer): this slice of the layer “x” overlaps the one of n.r (e)",
        ),
        (
            format!("{bool_lever}holdout={{key='g',share='5 %'}}\n{number}holdout={{key='g',share='6 %'}}\n"),
            "line 11, column 9 (lever.n.holdout): the holdout “g” has another share in l",
        ),
        (
            "[[publish]]\nkey='a'\nkind='file'\npath='../x'\n".into(),
            "line 4, column 6 (publish.a.path): “../x” leads out",
        ),
        (
            "[[publish]]\nkey='a'\nkind='http_put'\nurl='http://x.org'\n".into(),
            "line 4, column 5 (publish.a.url): levers are put over https",
        ),
        (
            "[[publish]]\nkey='a'\nkind='git'\nrepo='/x'\npath='a'\nbranch='-x'\n".into(),
            "line 6, column 8 (publish.a.branch): “-x” is no name of a branch",
        ),
        (
            "[[publish]]\nkey='a'\nkind='file'\npath='x'\nurl='https://a'\n".into(),
            "line 5, column 5 (publish.a.url): url does not belong",
        ),
        (
            "[[source]]\nkind='sdk'\nallow=['a']\ndeny=['a']\n".into(),
            "line 3, column 7 (source.1.allow): “a” is denied, too",
        ),
        ("[[source]]\nkind='sdk'\ndeny=['unit']\n".into(), "line 3, column 6 (source.1.deny): events without a unit"),
        (
            "[[source]]\nkind='stripe'\nmap={event='e',time='t'}\n".into(),
            "line 3, column 5 (source.1.map): what Stripe sends is understood",
        ),
    ];
    for (text, expect) in cases {
        let got = shown(&text);
        assert!(got.iter().any(|p| p.starts_with(expect)), "{text}\nexpected {expect}\ngot {got:#?}");
        assert_eq!(got.len(), 1, "{text}\n{got:#?}");
    }
}
