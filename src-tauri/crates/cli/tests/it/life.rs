//! The loop: a shop's history arrives, a country breaks away, a card is answered, the effect leaves once, its outcome is scored.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::http::{Hook, ask};
use crate::kit::{Shop, until};

/// Revenue by country, a price to move.
pub const SHOP: &str = r#"
[business]
name = "Corner Shop"
currency = "EUR"
timezone = "UTC"

[[metric]]
key = "revenue"
kind = "sum"
event = "order"
value = "amount"
format = "money"
better = "up"
domain = "sales"
segments = ["country"]

[[lever]]
key = "pro_price"
kind = "number"
min = 19
max = 49
step = 1
default = 29
domain = "pricing"
reversibility = "R1"

[limits]
autonomous_spend_per_day = "20 EUR"
exposure_per_decision = "10 %"
cards_per_day = 5
"#;

/// The rule under which the lever moves without asking.
const ALONE: &str = "\n[[policy]]\nname = \"Prices move alone\"\ndomains = [\"pricing\"]\nanswer = \"run\"\n";

/// The arriving part begins here; Germany breaks away nine days later.
const LIVE_FROM: &str = "2025-03-08";

/// The shop with a webhook that asks first (R2), or tells at once (R0).
pub fn with_hook(url: &str, reversibility: &str) -> String {
    format!(
        "{SHOP}\n[[effect]]\nkey = \"ops_alert\"\nkind = \"webhook\"\nurl = \"{url}\"\nallow_private = true\n\
         domain = \"operations\"\nreversibility = \"{reversibility}\"\n"
    )
}

/// Ninety days from Monday, 2025-01-06, twelve orders on a plain day, more at the end of a week; from day 70 on four out of
/// five orders from Germany are missing. Answers the file and how many rows it has.
pub fn write_orders(home: &Path) -> (PathBuf, u64) {
    let mut text = "id,event,date,customer,country,amount\n".to_owned();
    let mut rows = 0_u64;
    for day in 0..90_u64 {
        let orders = [12, 12, 13, 13, 16, 20, 18][usize::try_from(day % 7).unwrap()];
        for n in 0..orders {
            let country = ["DE", "DE", "FR", "US"][usize::try_from(n % 4).unwrap()];
            if country == "DE" && (70..).contains(&day) && n % 10 != 0 {
                continue;
            }
            rows += 1;
            let cents = 1900 + (day * 7919 + n * 104_729) % 400;
            let (month, date) = date_of(day);
            let _ = writeln!(
                text,
                "o{day}-{n},order,2025-{month:02}-{date:02}T{:02}:15:00Z,c{},{country},{}.{:02}",
                8 + n % 12,
                (day * 31 + n * 17) % 200,
                cents / 100,
                cents % 100
            );
        }
    }
    let path = home.join("orders.csv");
    std::fs::write(&path, text).unwrap();
    (path, rows)
}

fn date_of(day: u64) -> (u64, u64) {
    let mut left = day + 5;
    for (month, days) in [(1, 31), (2, 28), (3, 31)] {
        if left < days {
            return (month, left + 1);
        }
        left -= days;
    }
    (4, left + 1)
}

/// A file that arrives day by day in a process of its own, standing still while a card waits.
struct Arriving(Child);

impl Arriving {
    fn start(shop: &Shop) -> Self {
        let (file, _) = write_orders(shop.home.path());
        let args = [
            "import",
            shop.path(),
            file.to_str().unwrap(),
            "--yes",
            "--as-live",
            "max",
            "--live-from",
            LIVE_FROM,
            "--hold",
        ];
        Self(shop.command(&args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("ras import starts"))
    }

    fn over(&mut self) -> bool {
        self.0.try_wait().expect("a child").is_some_and(|status| {
            assert!(status.success(), "the import failed: {status}");
            true
        })
    }

    /// Waits for the first card whose act is of this kind; vetoes the others.
    fn card(&mut self, shop: &Shop, act: &str) -> Value {
        until("a card", || {
            assert!(!self.over(), "the file ended without a card of kind {act}: {:?}", states(shop));
            let waiting: Vec<Value> = pending(shop);
            for other in waiting.iter().filter(|d| d["act"]["kind"] != json!(act)) {
                let _ = shop.run(&["veto", shop.path(), id_of(other)]);
            }
            waiting.into_iter().find(|d| d["act"]["kind"] == json!(act))
        })
    }

    /// Vetoes what still asks until the file has ended.
    fn finish(&mut self, shop: &Shop) {
        until("the end of the file", || {
            if self.over() {
                return Some(());
            }
            for card in pending(shop) {
                // The card may be answered by the end of its time meanwhile.
                let _ = shop.run(&["veto", shop.path(), id_of(&card), "--reason", "not_now"]);
            }
            None
        });
    }
}

impl Drop for Arriving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn pending(shop: &Shop) -> Vec<Value> {
    shop.decisions().into_iter().filter(|d| d["state"] == json!("pending")).collect()
}

fn id_of(decision: &Value) -> &str {
    decision["id"].as_str().expect("an id")
}

fn states(shop: &Shop) -> Vec<(String, String)> {
    shop.decisions().iter().map(|d| (id_of(d).to_owned(), d["state"].to_string())).collect()
}

fn passed(decision: &Value) -> Vec<String> {
    let history = decision["history"].as_array().expect("a history");
    history.iter().map(|t| t["to"].as_str().expect("a state").to_owned()).collect()
}

fn lever(shop: &Shop) -> Value {
    let text = std::fs::read_to_string(shop.dir.join("levers.json")).expect("levers.json");
    serde_json::from_str::<Value>(&text).expect("JSON")["levers"]["pro_price"]["value"].clone()
}

#[test]
fn an_approved_price_is_set_once_and_its_outcome_is_scored() {
    let shop = Shop::with(SHOP);
    let mut arriving = Arriving::start(&shop);
    let card = arriving.card(&shop, "set_lever");
    let (id, to) = (id_of(&card), card["act"]["to"].clone());

    let insights = shop.ask("insights", &[]);
    let cause = insights.as_array().unwrap().iter().find(|i| i["id"] == card["insight"]).expect("its insight");
    let drivers = cause["drivers"].to_string();
    assert!(drivers.contains("country") && drivers.contains("DE"), "{cause}");
    assert_eq!(lever(&shop), json!(29.0), "nothing moves before the answer");
    // Time stands still while the card waits.
    let now = |shop: &Shop| shop.ask("status", &[])["now"].as_i64().unwrap();
    let before = now(&shop);
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(now(&shop), before);

    assert_eq!(shop.ask("approve", &[id])["id"], json!(id));
    assert_eq!(lever(&shop), to);
    let twice = shop.fails(&["approve", shop.path(), id]);
    assert_eq!((twice.exit, twice.code()), (1, "wrong_state"));
    until("time to go on", || (now(&shop) > before).then_some(()));
    arriving.finish(&shop);

    let scored = shop.decision(id);
    let life = passed(&scored);
    assert_eq!(life.iter().filter(|s| *s == "executing").count(), 1, "{life:?}");
    assert_eq!(scored["state"], json!("scored"), "{life:?}");
    assert!(scored["outcome"]["actual"].is_number(), "{}", scored["outcome"]);
    assert_eq!(lever(&shop), to);

    let key = shop.ask("keys", &["--make", "shop-front", "--kind", "read"])["value"].as_str().unwrap().to_owned();
    let served = shop.serve();
    let (status, body) = ask(&served.address, "GET", "/v1/levers", &key, "").unwrap();
    assert_eq!((status, &body["levers"]["pro_price"]["value"]), (200, &to), "{body}");
    assert_eq!(ask(&served.address, "GET", "/v1/levers", "wrong", "").unwrap().0, 401);
    assert_eq!(served.stop(), Some(0));
    shop.proves_itself();
}

#[test]
fn an_approved_webhook_is_sent_once_and_signed() {
    let hook = Hook::start();
    let shop = Shop::with(&with_hook(&hook.url, "R2"));
    let mut arriving = Arriving::start(&shop);
    let card = arriving.card(&shop, "call");
    assert!(hook.all().is_empty(), "nothing leaves before the answer");
    shop.ask("approve", &[id_of(&card)]);
    let call = hook
        .next(Duration::from_secs(5))
        .unwrap_or_else(|| panic!("no call: {}", shop.decision(id_of(&card))["history"]));
    let secret = shop.ask("secret", &[])["webhook_secret"].as_str().unwrap().to_owned();
    let body = call.verified(&secret);
    assert_eq!(body, card["act"]["payload"], "what was on the card, and nothing else");
    assert_eq!(call.headers["webhook-id"], card["idempotency_key"].as_str().unwrap());
    arriving.finish(&shop);
    assert!(hook.all().is_empty(), "once");
    assert_eq!(shop.decision(id_of(&card))["state"], json!("scored"));
    shop.proves_itself();
}

#[test]
fn policy_may_let_it_run_alone() {
    let hook = Hook::start();
    let toml =
        with_hook(&hook.url, "R0").replace("exposure_per_decision = \"10 %\"", "exposure_per_decision = \"100 %\"");
    let shop = Shop::with(&format!(
        "{toml}{ALONE}[[policy]]\nname = \"Telling runs\"\nreversibility = [\"R0\"]\nanswer = \"run\"\n"
    ));
    let mut arriving = Arriving::start(&shop);
    until("the end", || arriving.over().then_some(()));
    let alone: Vec<Value> = shop.decisions().into_iter().filter(|d| d["policy"]["answer"] == json!("run")).collect();
    let moved = alone.iter().find(|d| d["act"]["kind"] == json!("set_lever")).expect("the price moved");
    assert!(!passed(moved).contains(&"pending".to_owned()), "{:?}", passed(moved));
    assert_eq!(passed(moved).iter().filter(|s| *s == "executed").count(), 1);
    let sent = alone.iter().filter(|d| d["act"]["kind"] == json!("call")).count();
    assert!(sent > 0);
    let mut ids: Vec<String> = hook.all().iter().map(|c| c.headers["webhook-id"].clone()).collect();
    assert_eq!(ids.len(), sent, "as many calls as decisions");
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), sent, "each once");
    shop.proves_itself();
}

#[test]
fn answers_other_than_yes() {
    let shop = Shop::with(SHOP);
    let mut arriving = Arriving::start(&shop);
    let card = arriving.card(&shop, "set_lever");
    let id = id_of(&card);
    // Out of the lever's range: refused, and the card still waits.
    assert_eq!(shop.fails(&["approve", shop.path(), id, "--to", "12"]).exit, 1);
    assert_eq!(shop.fails(&["approve", shop.path(), id, "--to", "cheap"]).code(), "invalid_argument");
    let edited = shop.ask("approve", &[id, "--to", "26"]);
    assert_eq!((&edited["act"]["to"], &edited["edited_from"]["act"]["to"]), (&json!(26.0), &card["act"]["to"]));
    assert_eq!(lever(&shop), json!(26.0));
    arriving.finish(&shop);
    shop.proves_itself();

    let shop = Shop::with(SHOP);
    let mut arriving = Arriving::start(&shop);
    let card = arriving.card(&shop, "set_lever");
    let id = id_of(&card);
    let hidden = shop.ask("defer", &[id, "--until", "2025-03-19T12:00:00Z"]);
    assert!(hidden["deferred_until"].is_number());
    // It comes back by itself when time reaches the date.
    until("the card to come back", || {
        let d = shop.decision(id);
        (d["deferred_until"].is_null() && d["state"] == json!("pending")).then_some(())
    });
    let vetoed = shop.ask("veto", &[id, "--reason", "too_risky", "--text", "not before spring"]);
    assert_eq!(vetoed["state"], json!("rejected"));
    assert!(vetoed["history"].to_string().contains("not before spring"));
    assert_eq!(shop.fails(&["approve", shop.path(), id]).code(), "wrong_state");
    arriving.finish(&shop);
    assert_eq!(lever(&shop), json!(29.0));
    shop.proves_itself();
}

#[test]
fn silence_is_a_no_where_it_matters() {
    let shop = Shop::with(SHOP);
    let (file, _) = write_orders(shop.home.path());
    shop.ok(&["import", shop.path(), file.to_str().unwrap(), "--yes", "--as-live", "max", "--live-from", LIVE_FROM]);
    let expired: Vec<Value> = shop.decisions().into_iter().filter(|d| d["state"] == json!("expired")).collect();
    assert!(!expired.is_empty(), "{:?}", states(&shop));
    let last = expired[0]["history"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["actor"], json!("system"));
    assert_eq!(lever(&shop), json!(29.0));
    shop.proves_itself();
}

#[test]
fn a_stop_lets_nothing_out_and_a_resume_goes_on() {
    let hook = Hook::start();
    let shop = Shop::with(&with_hook(&hook.url, "R2"));
    let mut arriving = Arriving::start(&shop);
    let card = arriving.card(&shop, "call");
    assert_eq!(shop.ask("stop", &["--reason", "fire"])["run_state"], json!("stopped"));
    assert!(shop.dir.join("STOP").exists());
    let approved = shop.ask("approve", &[id_of(&card)]);
    assert_eq!(approved["state"], json!("approved"), "approved, but not executed");
    assert!(hook.next(Duration::from_millis(700)).is_none(), "a stop lets nothing out");
    assert_eq!(shop.ask("resume", &[])["run_state"], json!("running"));
    assert!(!shop.dir.join("STOP").exists());
    // Time went on meanwhile: it is sent if its preconditions hold, else it says why not. Either way it is told.
    let state = until("the end of its wait", || {
        let state = shop.decision(id_of(&card))["state"].as_str().unwrap().to_owned();
        (state != "approved" && state != "executing").then_some(state)
    });
    let calls = usize::from(hook.next(Duration::from_millis(500)).is_some());
    assert_eq!(calls, usize::from(state != "stale"), "{state}");
    arriving.finish(&shop);
    shop.proves_itself();
}
