//! `business.toml` while a host runs: a change takes effect, a mistake does not.

use serde_json::{Value, json};

use crate::http::ask;
use crate::kit::{Shop, until};
use crate::life::{SHOP, write_orders};

fn metrics(shop: &Shop) -> Value {
    shop.ask("status", &[])["business"]["metrics"].clone()
}

#[test]
fn a_change_takes_effect_and_a_mistake_does_not() {
    let shop = Shop::with(SHOP);
    let (file, rows) = write_orders(shop.home.path());
    shop.ok(&["import", shop.path(), file.to_str().unwrap(), "--yes"]);
    let served = shop.serve();
    let more = format!("{SHOP}\n[[metric]]\nkey = \"orders\"\nkind = \"count\"\nevent = \"order\"\n");
    let began = std::time::Instant::now();
    shop.write_toml(&more);
    until("the second metric", || (metrics(&shop) == json!(2)).then_some(()));
    assert!(began.elapsed().as_millis() < 1500, "{:?}", began.elapsed());
    // It has its history at once.
    let query = ["query", shop.path(), "orders", "--from", "2025-01-06", "--to", "2025-04-06"];
    assert_eq!(shop.ok(&query)["series"][0]["total"]["value"], json!(rows as f64));

    let line = more.lines().count() + 2;
    shop.write_toml(&format!("{more}\n[[metric]]\nkey = \"broken\"\nkind = \"summ\"\n"));
    let problem = until("the problem", || shop.problems().into_iter().next());
    assert_eq!(problem["code"], json!("config_invalid"));
    assert!(problem["line"].as_u64().is_some_and(|l| l >= line as u64), "{problem}, the mistake begins at {line}");
    assert!(!problem["message"].as_str().unwrap().is_empty() && !problem["hint"].as_str().unwrap().is_empty());
    assert_eq!(metrics(&shop), json!(2), "the old one stays in force");
    assert_eq!(shop.ok(&query)["series"][0]["total"]["value"], json!(rows as f64));
    assert_eq!(served.stop(), Some(0));

    // Started with the mistake: the last good one, and the problem is told.
    let served = shop.serve();
    assert_eq!(metrics(&shop), json!(2));
    assert_eq!(shop.problems()[0]["code"], json!("config_invalid"));
    assert_eq!(ask(&served.address, "POST", "/v1/events", &shop.key, r#"{"event":"order","id":"x"}"#).unwrap().0, 200);
    shop.write_toml(SHOP);
    until("the mended file", || (metrics(&shop) == json!(1)).then_some(()));
    assert_eq!(shop.problems(), Vec::<Value>::new());
    assert_eq!(served.stop(), Some(0));
    // Without a host, too.
    shop.write_toml("[business\n");
    assert_eq!(metrics(&shop), json!(1));
    assert!(shop.ok(&["query", shop.path(), "revenue"])["series"].is_array());
    shop.proves_itself();
}

#[test]
fn a_metric_that_comes_later_is_told_its_history_without_a_host() {
    let shop = Shop::new();
    let (file, _) = write_orders(shop.home.path());
    shop.ok(&["import", shop.path(), file.to_str().unwrap(), "--yes"]);
    assert_eq!(shop.ask("insights", &[]), json!([]), "nothing is measured yet");
    shop.write_toml(SHOP);
    let found = shop.ask("insights", &[]);
    assert!(found.as_array().unwrap().iter().any(|i| i["metric"] == json!("revenue")), "{found}");
    let decisions = shop.decisions();
    assert!(decisions.is_empty(), "old news asks nobody: {decisions:?}");
    shop.proves_itself();
}

#[test]
fn a_week_of_sleep_is_no_week_without_sales() {
    let shop = Shop::with(SHOP);
    let day = 86_400_000_i64;
    let now =
        i64::try_from(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis()).unwrap();
    let send = |address: &str, from: i64, to: i64| {
        let mut events = Vec::new();
        let mut at = from;
        while at < to {
            events.push(json!({ "event": "order", "unit": "u", "id": at.to_string(), "timestamp": at, "properties": { "amount": 20 + at / 7 % 3, "country": "DE" } }));
            at += day / 12;
        }
        for part in events.chunks(500) {
            let (status, body) =
                ask(address, "POST", "/v1/events", &shop.key, &json!({ "events": part }).to_string()).unwrap();
            assert_eq!(status, 200, "{body}");
        }
    };
    let served = shop.serve();
    // Sixty days until a week ago, as they came in.
    send(&served.address, now - 67 * day, now - 7 * day);
    assert_eq!(served.stop(), Some(0));
    // The host was last heard a week ago, when its source was live.
    let db = rusqlite::Connection::open(shop.dir.join("business.db")).unwrap();
    for key in ["heard_at", "live_until"] {
        db.execute(
            "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)",
            rusqlite::params![key, (now - 7 * day).to_string()],
        )
        .unwrap();
    }
    drop(db);
    let served = shop.serve();
    // Only of today: a first hour of it would else reach into yesterday, which nobody heard.
    send(&served.address, (now - day / 24).max(now - now % day), now);
    // Long enough for the buckets of the week to close.
    std::thread::sleep(std::time::Duration::from_millis(1500));
    let insights = shop.ask("insights", &[]);
    let lately: Vec<&Value> =
        insights.as_array().unwrap().iter().filter(|i| i["from"].as_i64().unwrap() > now - 9 * day).collect();
    assert!(lately.is_empty(), "silence that nobody heard says nothing: {lately:?}");
    assert_eq!(shop.ask("decisions", &[]), json!([]));
    assert_eq!(served.stop(), Some(0));
    shop.proves_itself();
}
