//! Levers from outside: switched off and on, read by products, mixed up by them.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::http::ask;
use crate::kit::{Shop, until};

const LEVERS: &str = r#"
[business]
name = "Corner Shop"
currency = "EUR"
timezone = "UTC"

[[lever]]
key = "new_checkout" # the big one
kind = "boolean"
default = false
[[lever.rule]]
key = "beta"
if = "plan == 'pro'"
value = true

[[lever]]
key = "layout"
kind = "variant"
options = ["list", "grid"]
default = "list"
[[lever.rule]]
key = "split"
experiment = "layout-2026"
arms = [{ key = "list", value = "list", weight = 1 }, { key = "grid", value = "grid", weight = 1 }]
"#;

fn lever(shop: &Shop, key: &str) -> Value {
    shop.ok(&["lever", "show", shop.path(), key])
}

fn published(shop: &Shop) -> Value {
    serde_json::from_slice(&std::fs::read(shop.dir.join("levers.json")).unwrap()).unwrap()
}

#[test]
fn a_lever_is_switched_off_in_the_file_whatever_else_is_wrong_with_it() {
    let shop = Shop::with(LEVERS);
    let first = lever(&shop, "new_checkout");
    assert_eq!((&first["lever"]["state"], &first["lever"]["version"]), (&json!("unread"), &json!(1)));
    let killed = shop.ok(&["lever", "kill", shop.path(), "new_checkout"]);
    assert_eq!((&killed["lever"]["state"], &killed["lever"]["version"]), (&json!("killed"), &json!(2)));
    let text = || std::fs::read_to_string(shop.dir.join("business.toml")).unwrap();
    assert_eq!(text(), LEVERS.replacen("default = false\n", "default = false\noff = true\n", 1));
    let again = shop.ok(&["lever", "kill", shop.path(), "new_checkout"]);
    assert_eq!(again["lever"]["version"], json!(2), "nothing changed");
    let restored = shop.ok(&["lever", "restore", shop.path(), "new_checkout"]);
    let kinds: Vec<&str> =
        restored["history"].as_array().unwrap().iter().map(|c| c["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["restored", "killed", "declared"]);
    assert!(restored["history"][1]["actor"].as_str().unwrap().starts_with("operator:"), "{restored}");
    let other = lever(&shop, "layout");
    assert_eq!(other["lever"]["version"], json!(1), "another lever is not touched");
    assert_ne!(first["protocols"][0]["definition"]["id"], other["protocols"][0]["definition"]["id"]);

    // A mistake elsewhere does not keep a lever on, and mending it does not switch it on again.
    let broken = format!("{}\n[[metric]]\nkey = \"x\"\nkind = \"summ\"\n", text());
    shop.write_toml(&broken);
    assert_eq!(shop.ok(&["lever", "kill", shop.path(), "new_checkout"])["lever"]["off"], json!(true));
    assert_eq!(lever(&shop, "new_checkout")["lever"]["off"], json!(true), "the last good one, killed, is kept");
    shop.write_toml(text().split("\n[[metric]]").next().unwrap());
    assert_eq!(lever(&shop, "new_checkout")["lever"]["off"], json!(true), "the file says so, too");
    assert_eq!(shop.fails(&["lever", "kill", shop.path(), "nothing"]).code(), "not_found");
    let version = published(&shop)["version"].clone();
    shop.ask("status", &[]);
    assert_eq!(published(&shop)["version"], version, "the same levers are the same version after a restart");
    shop.proves_itself();
}

#[test]
fn products_read_levers_and_are_remembered() {
    let shop = Shop::with(LEVERS);
    let added = shop.ok(&["source", "add", shop.path(), "web", "--title", "The web shop"]);
    let key = |kind: &str| {
        let keys = added["keys"].as_array().unwrap();
        keys.iter().find(|k| k["kind"] == json!(kind)).unwrap()["value"].as_str().unwrap().to_owned()
    };
    let (write, client) = (key("write"), key("client"));
    assert_eq!(added["source"]["title"], json!("The web shop"));
    assert_eq!(shop.fails(&["source", "add", shop.path(), "web"]).code(), "invalid_argument");
    assert_eq!(shop.fails(&["source", "add", shop.path(), "x", "--kind", "fax"]).code(), "invalid_argument");
    let served = shop.serve();
    let flags = |key: &str, lever: &str| {
        let path = format!("/ofrep/v1/evaluate/flags/{lever}");
        let body = r#"{"context":{"targetingKey":"u1","plan":"pro"}}"#;
        ask(&served.address, "POST", &path, key, body).unwrap()
    };
    assert_eq!(flags(&client, "new_checkout").1["value"], json!(true));
    assert_eq!(flags("nonsense", "new_checkout").0, 401);
    let chosen = flags(&client, "layout").1;
    assert_eq!(chosen["metadata"]["propensity"], json!(0.5));
    let tried = shop.ok(&["lever", "try", shop.path(), "layout", "--unit", "u1", "--attributes", r#"{"plan":"pro"}"#]);
    let by = |protocol: &str| {
        let all = tried["results"].as_array().unwrap();
        all.iter().find(|r| r["protocol"] == json!(protocol)).unwrap().clone()
    };
    assert_eq!(by("ofrep")["value"], chosen["value"]);
    assert_eq!(by("growthbook")["value"], chosen["value"], "GrowthBook sorts as we do");
    assert_eq!((&by("posthog")["propensity"], &by("unleash")["propensity"]), (&json!(0.5), &json!(0.5)));

    // A kill is seen by the next request.
    shop.ok(&["lever", "kill", shop.path(), "new_checkout"]);
    assert_eq!(flags(&client, "new_checkout").1["value"], json!(false));
    assert_eq!(published(&shop)["levers"]["new_checkout"]["value"], json!(false));

    // Two protocols that sort units differently read one experiment.
    assert!(shop.ask("status", &[])["notices"].as_array().unwrap().is_empty());
    let asked = json!({ "token": write, "distinct_id": "u1" }).to_string();
    assert_eq!(ask(&served.address, "POST", "/flags/?v=2", &write, &asked).unwrap().0, 200);
    let notices = shop.ask("status", &[])["notices"].clone();
    assert_eq!(
        (&notices[0]["code"], &notices[0]["lever"]),
        (&json!("mixed_assignment"), &json!("layout")),
        "{notices}"
    );
    let text = notices[0]["text"].as_str().unwrap();
    assert!(text.contains("OFREP, key “web-levers”") && text.contains("PostHog, key “web”"), "{text}");
    assert_eq!(lever(&shop, "layout")["lever"]["readers"], json!(2));
    assert_eq!(served.stop(), Some(0));
    assert_eq!(lever(&shop, "layout")["lever"]["readers"], json!(2), "remembered");
    let warned = shop.ask("doctor", &[])["warnings"].clone();
    assert_eq!((&warned[0]["lever"], &warned[0]["code"]), (&json!("layout"), &json!("mixed_assignment")));
    shop.proves_itself();
}

#[test]
fn a_secret_is_kept_outside_and_never_shown() {
    let shop = Shop::new();
    let set = |name: &str, value: &str| {
        let mut child = shop
            .command(&["secret", "set", shop.path(), name])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(value.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    let done = set("cdn", "Bearer s3cret\n");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
    assert!(set("cdn", "Bearer s3cret-2\n").status.success(), "it can be replaced");
    for (name, value) in [("../escape", "x\n"), ("cdn", "\n"), ("a b", "x\n")] {
        assert_eq!(set(name, value).status.code(), Some(1), "{name}");
    }
    let listed = shop.ok(&["secret", "list", shop.path()]);
    assert_eq!(listed, json!([{ "name": "cdn", "set": true, "used_by": [] }]));
    for text in [done.stdout, std::fs::read(shop.dir.join("business.db")).unwrap()] {
        assert!(!text.windows(6).any(|w| w == b"s3cret"), "the secret stays where it is kept");
    }
    let mut files = vec![shop.home.path().join("config/secrets")];
    while let Some(dir) = files.iter().position(|p| p.is_dir()).map(|i| files.remove(i)) {
        files.extend(std::fs::read_dir(dir).unwrap().map(|f| f.unwrap().path()));
    }
    assert_eq!(files.len(), 1);
    assert_eq!(std::fs::read_to_string(&files[0]).unwrap(), "Bearer s3cret-2");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(files[0].metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(shop.ok(&["secret", "remove", shop.path(), "cdn"]), json!([]));
    assert_eq!(shop.fails(&["secret", "remove", shop.path(), "cdn"]).code(), "not_found");
    assert!(shop.ask("secret", &[])["webhook_secret"].as_str().unwrap().starts_with("whsec_"));
}

#[test]
fn a_refused_event_is_mended_and_a_person_is_forgotten() {
    let shop = Shop::new();
    let served = shop.serve();
    let sent = r#"[{"event":"order","unit":"ann@example.com","id":"1"},{"unit":"ann@example.com"},
        {"event":"$identify","unit":"ann@example.com","properties":{"$anon_distinct_id":"anon-1"}}]"#;
    assert_eq!(ask(&served.address, "POST", "/v1/events", &shop.key, sent).unwrap().1["accepted"], json!(2));
    let refused = until("the refusal", || shop.ok(&["rejected", "list", shop.path()]).get(0).cloned());
    let id = refused["id"].to_string();
    assert_eq!((&refused["done"], &refused["source"]), (&json!(false), &json!("sdk")));
    assert_eq!(shop.fails(&["rejected", "replay", shop.path(), &id]).code(), "event_invalid", "still wrong");
    assert_eq!(shop.fails(&["rejected", "replay", shop.path(), "999"]).code(), "not_found");
    let mended = r#"{"event":"visit","unit":"ann@example.com"}"#;
    let replay = |raw: &str| shop.ok(&["rejected", "replay", shop.path(), &id, "--raw", raw]);
    assert_eq!(replay(mended), json!({ "accepted": 1, "duplicates": 0 }));
    assert_eq!(replay(mended), json!({ "accepted": 0, "duplicates": 1 }), "once");
    assert_eq!(shop.ok(&["rejected", "list", shop.path()])[0]["done"], json!(true));
    assert_eq!(shop.count(), 3);

    let person = shop.ok(&["person", "show", shop.path(), "anon-1"]);
    assert_eq!((&person["events"], person["ids"].as_array().unwrap().len()), (&json!(3), 2));
    assert_eq!(person["recent"].as_array().unwrap().len(), 3);
    assert_eq!(shop.fails(&["person", "erase", shop.path(), "anon-1"]).code(), "invalid_argument", "it asks");
    let erased = shop.ok(&["person", "erase", shop.path(), "anon-1", "--yes"]);
    assert_eq!((&erased["events"], &erased["ids"]), (&json!(3), &json!(2)), "{erased}");
    assert_eq!(shop.fails(&["person", "show", shop.path(), "ann@example.com"]).code(), "not_found");
    assert_eq!(served.stop(), Some(0));
    for file in ["business.db", "business.db-wal"] {
        let bytes = std::fs::read(shop.dir.join(file)).unwrap_or_default();
        assert!(!bytes.windows(15).any(|w| w == b"ann@example.com"), "{file} still names her");
    }
    shop.proves_itself();
}

#[test]
fn what_is_in_force_is_published_once_and_held_while_stopped() {
    let shop = Shop::with(&format!(
        "{LEVERS}\n[[publish]]\nkey = \"cdn\"\nkind = \"file\"\npath = \"public/features.json\"\n\n[[publish]]\nkey = \"edge\"\n\
         kind = \"http_put\"\nurl = \"https://cdn.example/features.json\"\nsecret = \"cdn_token\"\n"
    ));
    let file = shop.dir.join("public/features.json");
    let beta = || {
        let text = std::fs::read(&file).ok()?;
        let payload: Value = serde_json::from_slice(&text).expect("a whole file at any moment");
        Some(payload["features"]["new_checkout"]["rules"].is_array())
    };
    let target = |key: &str| {
        let all = shop.ok(&["lever", "list", shop.path()])["publish"].as_array().unwrap().clone();
        all.into_iter().find(|p| p["key"] == json!(key)).unwrap()
    };
    let served = shop.serve();
    until("the first publication", || beta().filter(|on| *on));
    until("its note", || (target("cdn")["health"] == json!("healthy")).then_some(()));
    let edge = target("edge");
    assert_eq!(edge["health"], json!("failing"), "{edge}");
    assert!(edge["health_text"].as_str().unwrap().contains("ras secret set cdn_token"), "{edge}");
    assert!(shop.problems().iter().any(|p| p["code"] == json!("not_found")), "{:?}", shop.problems());

    shop.ask("stop", &[]);
    shop.ok(&["lever", "kill", shop.path(), "new_checkout"]);
    std::thread::sleep(std::time::Duration::from_millis(1500));
    assert_eq!((beta(), &target("cdn")["health"]), (Some(true), &json!("held")), "nothing leaves while it is stopped");
    shop.ask("resume", &[]);
    until("the kill", || beta().filter(|on| !on));
    let written = std::fs::metadata(&file).unwrap().modified().unwrap();
    assert_eq!(served.stop(), Some(0));

    let served = shop.serve();
    std::thread::sleep(std::time::Duration::from_millis(1500));
    assert_eq!(std::fs::metadata(&file).unwrap().modified().unwrap(), written, "a restart publishes nothing again");
    assert_eq!(served.stop(), Some(0));
    // Without a host the command itself publishes.
    shop.ok(&["lever", "restore", shop.path(), "new_checkout"]);
    assert_eq!(beta(), Some(true));
    shop.proves_itself();
}
