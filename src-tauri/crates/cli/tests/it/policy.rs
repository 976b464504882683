//! `policy.cedar`: put in force, refused, taken away, forged; and what it says to decisions.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use epoch_api::control::Client;
use serde_json::{Value, json};

use crate::kit::{Shop, until};
use crate::life::{SHOP, write_orders};

const BOTH: &str = r#"action in [Action::"execute", Action::"propose"]"#;

fn small(most: u32) -> String {
    format!(
        "@title(\"Small steps\")\npermit (principal, {BOTH}, resource)\nwhen {{ context has stake && context.stake <= {most} }};\n\
         @title(\"The rest asks\")\npermit (principal, action == Action::\"propose\", resource);\n"
    )
}

fn write(shop: &Shop, text: &str) {
    std::fs::write(shop.dir.join("policy.cedar"), text).unwrap();
}

fn file(shop: &Shop, text: &str) -> PathBuf {
    let path = shop.home.path().join("tried.cedar");
    std::fs::write(&path, text).unwrap();
    path
}

fn policy(shop: &Shop) -> Value {
    shop.ask("policy", &[])
}

fn told(shop: &Shop) -> String {
    shop.problems().iter().map(|p| p["message"].as_str().unwrap().to_owned()).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_file_takes_the_place_of_the_table_and_a_mistake_does_not() {
    let shop = Shop::with(SHOP);
    let table = policy(&shop);
    assert_eq!((&table["from_file"], &table["findings"]), (&json!(false), &json!([])));
    let served = shop.serve();
    let began = Instant::now();
    write(&shop, &small(500));
    until("the file", || (policy(&shop)["text"] == json!(small(500))).then_some(()));
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    let in_force = policy(&shop);
    assert_eq!(in_force["rules"][0]["text"], json!("Runs alone when its stake is at most 5.00 EUR."));
    assert_eq!(in_force["by"], json!("policy.cedar"));

    // Not valid, unreadable, empty: what was in force stays in force.
    write(&shop, "permit (principal, action, resource)\nwhen { context.stak > 1 };");
    let message = until("the problem", || Some(told(&shop)).filter(|m| !m.is_empty()));
    assert!(message.contains("policy.cedar, line 2") && message.contains("stak"), "{message}");
    assert_eq!(policy(&shop)["text"], json!(small(500)));
    assert_eq!(policy(&shop)["problems"][0]["line"], json!(2));
    write(&shop, "// nothing yet\n");
    until("another problem", || told(&shop).contains("no rule").then_some(()));
    let path = shop.dir.join("policy.cedar");
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    until("no file", || told(&shop).contains("policy.cedar:").then_some(()));
    std::thread::sleep(Duration::from_millis(2_500));
    assert_eq!(policy(&shop)["text"], json!(small(500)));
    std::fs::remove_dir(&path).unwrap();
    write(&shop, "permit (");
    until("a problem again", || told(&shop).contains("line 1").then_some(()));
    assert_eq!(served.stop(), Some(0));

    // After a restart, and without a host.
    assert_eq!(policy(&shop)["text"], json!(small(500)));
    let served = shop.serve();
    assert_eq!(policy(&shop)["text"], json!(small(500)));
    // The lever's switch rewrites the file beside it: the policy stays.
    shop.write_toml(&format!("{SHOP}\n[[metric]]\nkey = \"x\"\nkind = \"summ\"\n"));
    shop.ok(&["lever", "kill", shop.path(), "pro_price"]);
    assert_eq!(policy(&shop)["text"], json!(small(500)));

    // A table beside the file: both are named.
    write(&shop, &small(500));
    shop.write_toml(&format!("{SHOP}\n[[policy]]\nname = \"All runs\"\nanswer = \"run\"\n"));
    let message = until("the second policy", || Some(told(&shop)).filter(|m| m.contains("[[policy]]")));
    assert!(message.contains("business.toml") && message.contains("policy.cedar"), "{message}");
    assert_eq!(policy(&shop)["text"], json!(small(500)));
    shop.write_toml(SHOP);
    until("the mended file", || told(&shop).is_empty().then_some(()));

    // Replaced by way of an absence: the table never holds in between. Deleted: it does.
    std::fs::remove_file(&path).unwrap();
    std::thread::sleep(Duration::from_millis(700));
    assert_eq!(policy(&shop)["text"], json!(small(500)));
    until("the table", || (policy(&shop)["from_file"] == json!(false)).then_some(()));
    assert_eq!(policy(&shop)["text"], table["text"]);
    assert_eq!(served.stop(), Some(0));
    shop.proves_itself();
}

#[test]
fn only_who_holds_the_key_replaces_it_and_the_journal_says_who() {
    let shop = Shop::with(SHOP);
    let tried = file(&shop, &small(700));
    let wrong = shop.home.path().join("wrong.cedar");
    std::fs::write(&wrong, "\npermit (principal action, resource);").unwrap();
    let failed = shop.fails(&["policy", "set", shop.path(), wrong.to_str().unwrap()]);
    assert_eq!(failed.code(), "config_invalid");
    assert!(failed.error["message"].as_str().unwrap().contains("line 2"), "{}", failed.error);
    assert!(!shop.dir.join("policy.cedar").exists());

    let served = shop.serve();
    let mut client = Client::connect(&shop.dir).expect("a host");
    let refused = client.call("write", "save_policy", json!({ "text": small(900) })).expect_err("unsigned");
    assert_eq!(json!(refused.code), json!("signature_invalid"));
    // The right key's name and the right claim, but nobody who holds the key signed it.
    let hash = policy(&shop)["hash"].as_str().unwrap().to_owned();
    let now = shop.ask("status", &[])["now"].as_i64().unwrap();
    let claim = epoch_host::policy::claim("Corner Shop", &hash, &small(900), now);
    let key = client.call("read", "settings", json!({})).unwrap()["operator_key"].clone();
    assert!(key.is_string(), "{key}");
    let forged = json!({ "claim": claim, "key_id": key, "signature": "A".repeat(86) + "==" });
    let refused = client.call("write", "signed_policy", json!({ "text": small(900), "signed": forged }));
    assert_eq!(json!(refused.expect_err("forged").code), json!("signature_invalid"));
    assert_eq!(policy(&shop)["from_file"], json!(false));

    let set = shop.ok(&["policy", "set", shop.path(), tried.to_str().unwrap()]);
    assert_eq!(set["text"], json!(small(700)));
    let by = set["by"].as_str().unwrap().to_owned();
    assert!(by.starts_with("operator:"), "{by}");
    assert_eq!(std::fs::read_to_string(shop.dir.join("policy.cedar")).unwrap(), small(700));
    assert_eq!(served.stop(), Some(0));

    let backup = shop.home.path().join("kept.db");
    shop.ok(&["backup", shop.path(), backup.to_str().unwrap()]);
    let restored = shop.home.path().join("restored");
    std::fs::create_dir(&restored).unwrap();
    shop.ok(&["restore", backup.to_str().unwrap(), restored.to_str().unwrap()]);
    assert_eq!(shop.ok(&["policy", restored.to_str().unwrap()])["text"], json!(small(700)));

    let unset = shop.ok(&["policy", "unset", shop.path()]);
    assert_eq!(unset["from_file"], json!(false));
    assert!(!shop.dir.join("policy.cedar").exists());
    let db = rusqlite::Connection::open(shop.dir.join("business.db")).unwrap();
    let mut rows =
        db.prepare("SELECT actor FROM journal WHERE body LIKE '%\"type\":\"policy\"%' ORDER BY seq").unwrap();
    let actors: Vec<String> = rows.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert_eq!(actors, [by.clone(), by]);
    drop(rows);
    drop(db);
    shop.proves_itself();
}

#[test]
fn a_rule_that_fails_denies_and_a_change_shows_what_it_would_have_done() {
    let shop = Shop::with(&SHOP.replace("exposure_per_decision = \"10 %\"", "exposure_per_decision = \"100 %\""));
    // A lever touches everybody: the product is too large for a number.
    let fails = format!(
        "@title(\"All\")\npermit (principal, {BOTH}, resource);\n@title(\"Never\")\nforbid (principal, action, resource)\nwhen {{ context.exposure * 9223372036854775807 > 1 }};\n"
    );
    write(&shop, &fails);
    let found = policy(&shop)["findings"].clone();
    assert!(found.as_array().unwrap().iter().any(|f| f["kind"] == json!("fails")), "{found}");
    let (orders, _) = write_orders(shop.home.path());
    let args =
        ["import", shop.path(), orders.to_str().unwrap(), "--yes", "--as-live", "max", "--live-from", "2025-03-08"];
    shop.ok(&args);
    let decisions = shop.decisions();
    assert!(!decisions.is_empty(), "the shop proposes something");
    for d in &decisions {
        assert_eq!((&d["policy"]["answer"], &d["policy"]["rule"]), (&json!("deny"), &json!("policy error")), "{d}");
    }
    let levers = std::fs::read_to_string(shop.dir.join("levers.json")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&levers).unwrap()["levers"]["pro_price"]["value"], json!(29.0));

    let check = |text: &str| shop.ok(&["policy", "check", shop.path(), file(&shop, text).to_str().unwrap()]);
    let same = check(&fails);
    let looked_at = json!(decisions.len());
    assert_eq!((&same["preview"]["looked_at"], &same["preview"]["same"]), (&looked_at, &looked_at));
    assert_eq!((&same["preview"]["changed"], &same["loosens"]), (&json!([]), &json!([])));
    let all = check(&format!("@title(\"All\")\npermit (principal, {BOTH}, resource);\n"));
    assert_eq!((&all["preview"]["would_run"], &all["preview"]["same"]), (&looked_at, &json!(0)));
    let first = &all["preview"]["changed"][0];
    assert_eq!((&first["was"], &first["would_be"], &first["rule"]), (&json!("deny"), &json!("run"), &json!("All")));
    assert_eq!(first["headline"], shop.decision(first["decision"].as_str().unwrap())["headline"]);
    assert_eq!((&all["loosens"][0]["rule"], &all["loosens"][0]["will_be"]), (&json!("All"), &json!("run")));
    let asks = check("@title(\"Ask\")\npermit (principal, action == Action::\"propose\", resource);\n");
    assert_eq!((&asks["preview"]["would_ask"], &asks["preview"]["would_run"]), (&looked_at, &json!(0)));
    shop.proves_itself();
}
