//! Scenarios are read strictly, and every company's own `business.toml` is valid.

use epoch_model::business::Business;
use epoch_sandbox::{Kpi, Scenario, World, catalog, describe};

fn problems(text: &str) -> String {
    Scenario::check(text).iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn mistakes_are_named_with_their_line() {
    let base = "extends = \"tiny\"\n";
    for (text, expect) in [
        ("", "line 1 (company): company is missing"),
        ("company = \"bank\"", "company cannot be “bank”; there are shop, saas, marketplace"),
        ("extends = \"tinny\"", "line 1 (extends): there is no scenario “tinny”; did you mean tiny?"),
        ("[funnel]\nbuy = 1.4", "line 3 (funnel.buy): buy is 1.4; it should lie between 0 and 1"),
        ("[funnel]\nbuy = \"140 %\"", "it should lie between 0 and 1"),
        ("[funnel]\nprice_elasticity = 0.5", "line 3 (funnel.price_elasticity): a higher price cannot sell more"),
        ("[funnel]\nbyy = 0.4", "line 3 (funnel.byy): byy is not known here; did you mean buy?"),
        ("[[country]]\nkey = \"DE\"\nshare = 0.9", "(country): the shares of [[country]] add up to 1.4000, not to 1"),
        ("[[country]]\nkey = \"FR\"\nprice = 3", "it must stay negative"),
        (
            "[[incident]]\nkey = \"a\"\nkind = \"checkout_bug\"\nstart = 2026-03-20\nend = 2026-03-10\nstrength = 0.5",
            "line 6 (incident.a.end): it ends before it starts",
        ),
        (
            "[[incident]]\nkey = \"a\"\nkind = \"checkout_bug\"\nstart = 2026-03-20\ncountry = \"XX\"\nstrength = 0.5",
            "line 6 (incident.a.country): there is no country “XX”",
        ),
        (
            "[[incident]]\nkey = \"a\"\nkind = \"checkout_bgu\"\nstart = 2026-03-20\nstrength = 0.5",
            "kind cannot be “checkout_bgu”; did you mean checkout_bug?",
        ),
        ("[[incident]]\nkey = \"a\"\nkind = \"checkout_bug\"\nstart = 2026-03-20\nstrength = 2", "strength is 2"),
        (
            "[[incident]]\nkey = \"a\"\nkind = \"taste_shift\"\nstart = 2026-03-20\nstrength = 1\noption = \"loud\"",
            "there is no option “loud”",
        ),
        (
            "[[incident]]\nkey = \"a\"\nkind = \"seller_exodus\"\nstart = 2026-03-20\nstrength = 0.1",
            "cannot happen to this kind of company",
        ),
        (
            "[[incident]]\nkey = \"a\"\nkind = \"viral_post\"\nstart = 2026-03-20\nstrength = 1\ndevice = \"mobile\"",
            "viral_post hits everyone",
        ),
        (
            "[[incident]]\nkey = \"a\"\nkind = \"outage\"\nstart = 2029-03-20\nstrength = 1",
            "it lies outside the scenario",
        ),
        ("[[lever]]\nkey = \"pricee\"", "there is no lever “pricee”"),
        ("[[lever]]\nkey = \"servers\"\nmin = 5\nmax = 2", "max (2) is not above min (5)"),
        ("[support]\nlanguages = [\"xx\"]", "tickets are not written in “xx”"),
        ("currency = \"JPY\"", "use a currency with cents"),
        ("timezone = \"Mars\"", "“Mars” is not a timezone"),
        ("days = 12.5", "days is 12.5, not a whole number"),
        ("demand = 3", "demand should be a table, not a number"),
        ("start = \"soon\"", "start should be a day; write start = 2026-03-01"),
        ("a = [", "line 2"),
    ] {
        let text = if text.starts_with("extends") || text.is_empty() || text.starts_with("company") {
            text.to_owned()
        } else {
            format!("{base}{text}")
        };
        let found = problems(&text);
        assert!(found.contains(expect), "{text}\n  gives: {found}\n  not: {expect}");
    }
    assert_eq!(problems("company = \"shop\""), "");
    assert_eq!(problems("company = \"saas\"\n[[plan]]\nkey = \"pro\"\n"), "");
}

#[test]
fn every_company_s_own_file_is_valid_and_measures_its_numbers() {
    assert_eq!(Scenario::all().len(), Scenario::names().count());
    for scenario in Scenario::all() {
        let text = World::new(&scenario, 1).business_toml();
        let business = Business::parse(&text).unwrap_or_else(|problems| {
            panic!("{}: {}", scenario.name, problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
        });
        for kpi in Kpi::ALL {
            let key = kpi.key(scenario.company);
            assert!(key.is_none_or(|key| business.metrics.iter().any(|metric| metric.key == key)), "{key:?}");
            assert!(key.is_none_or(|key| Kpi::of_key(key, scenario.company) == Some(kpi)));
        }
        let levers: Vec<_> = business.levers.iter().map(|lever| (&lever.key, &lever.kind, &lever.default)).collect();
        let own = catalog(&scenario);
        assert_eq!(levers, own.iter().map(|lever| (&lever.key, &lever.kind, &lever.default)).collect::<Vec<_>>());
        assert_eq!(business.guardrails.len(), 3);
        for incident in &scenario.incidents {
            assert!(!text.contains(&incident.key), "{} tells of {}", scenario.name, incident.key);
        }
    }
}

#[test]
fn a_description_names_what_matters() {
    let text = describe(&Scenario::builtin("shop-shocked").unwrap());
    for part in [
        "web shop",
        "price_index: 70 to 150",
        "only device mobile",
        "the checkout fails",
        "2026-02-10 00:00 to 2026-02-14 00:00",
    ] {
        assert!(text.contains(part), "no “{part}” in\n{text}");
    }
}
