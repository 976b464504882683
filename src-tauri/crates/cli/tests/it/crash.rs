//! Killed at any moment: what was acknowledged is there, once; what is not known is told.

use std::fmt::Write as _;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::http::{Hook, ask};
use crate::kit::{Shop, until};
use crate::life::{SHOP, with_hook, write_orders};

const BATCH: u64 = 40;

#[test]
fn acknowledged_events_survive_a_kill_once() {
    let shop = Shop::with(SHOP);
    let address = Arc::new(Mutex::new(String::new()));
    let over = Arc::new(AtomicBool::new(false));
    let client = {
        let (address, over, key) = (Arc::clone(&address), Arc::clone(&over), shop.key.clone());
        std::thread::spawn(move || {
            let mut batch = 0_u64;
            while !over.load(Ordering::Relaxed) || batch < 20 {
                let events: Vec<Value> = (0..BATCH)
                    .map(|n| json!({ "event": "order", "unit": format!("u{}", n % 9), "id": format!("{batch}-{n}"), "properties": { "amount": n, "country": "DE" } }))
                    .collect();
                let body = json!({ "events": events }).to_string();
                // Again, with the same ids, until it is acknowledged.
                loop {
                    let to = address.lock().unwrap().clone();
                    match ask(&to, "POST", "/v1/events", &key, &body) {
                        Some((200, _)) => break,
                        _ => std::thread::sleep(Duration::from_millis(10)),
                    }
                }
                batch += 1;
            }
            batch
        })
    };
    for wait in [130, 310, 70, 220] {
        let served = shop.serve();
        *address.lock().unwrap() = served.address.clone();
        std::thread::sleep(Duration::from_millis(wait));
        served.kill();
    }
    let served = shop.serve();
    *address.lock().unwrap() = served.address.clone();
    over.store(true, Ordering::Relaxed);
    let batches = client.join().unwrap();
    assert!(batches >= 20, "{batches}");
    assert_eq!(shop.count(), batches * BATCH);
    served.kill();
    assert_eq!(shop.count(), batches * BATCH);
    shop.proves_itself();
    assert_eq!(shop.ask("doctor", &[])["ok"], json!(true));
}

#[test]
fn a_killed_import_is_completed_by_the_next_one() {
    let shop = Shop::with(SHOP);
    let (file, _) = write_orders(shop.home.path());
    // Long enough to be killed in the middle, in debug builds and on slow disks.
    let mut text = "id,event,date,customer,country,amount\n".to_owned();
    for n in 0..40_000 {
        let _ =
            writeln!(text, "k{n},order,2025-01-{:02}T08:{:02}:00Z,c{},DE,{}.50", 1 + n % 28, n % 60, n % 500, n % 40);
    }
    std::fs::write(&file, text).unwrap();
    for wait in [180, 320, 450] {
        let mut child = shop
            .command(&["import", shop.path(), file.to_str().unwrap(), "--yes"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(wait));
        let _ = child.kill();
        child.wait().unwrap();
    }
    let done = shop.ok(&["import", shop.path(), file.to_str().unwrap(), "--yes"]);
    assert_eq!(done["rejected"], json!(0));
    assert_eq!(shop.count(), 40_000);
    shop.proves_itself();
}

/// The card of a call that waits once the orders until the drop have arrived.
fn waiting_call(shop: &Shop) -> Value {
    let (file, _) = write_orders(shop.home.path());
    let text = std::fs::read_to_string(&file).unwrap();
    let end = text.find(",2025-03-18").map(|at| text[..at].rfind('\n').unwrap() + 1).unwrap();
    std::fs::write(&file, &text[..end]).unwrap();
    shop.ok(&["import", shop.path(), file.to_str().unwrap(), "--yes", "--as-live", "max", "--live-from", "2025-03-08"]);
    let waits = |d: &Value| d["state"] == json!("pending") && d["act"]["kind"] == json!("call");
    shop.decisions().into_iter().find(waits).expect("a card")
}

#[test]
fn a_webhook_cut_off_by_a_kill_is_in_doubt_and_never_sent_again_by_itself() {
    let hook = Hook::start();
    let shop = Shop::with(&with_hook(&hook.url, "R2"));
    let card = waiting_call(&shop);
    let id = card["id"].as_str().unwrap();

    hook.fall_silent();
    let served = shop.serve();
    let mut answering = shop.command(&["approve", shop.path(), id]).stdout(Stdio::null()).spawn().unwrap();
    let call = hook.next(Duration::from_secs(10)).expect("the call");
    assert_eq!(call.headers["webhook-id"], card["idempotency_key"].as_str().unwrap());
    served.kill();
    answering.wait().unwrap();
    hook.answer_again();

    let served = shop.serve();
    let found = until("the doubt", || Some(shop.decision(id)).filter(|d| d["state"] == json!("in_doubt")));
    assert!(found["history"].to_string().contains("look at the receiver"), "{}", found["history"]);
    assert!(hook.next(Duration::from_millis(800)).is_none(), "never twice silently");
    assert_eq!(served.stop(), Some(0));
    let doctor = shop.fails(&["doctor", shop.path()]);
    assert!(doctor.error["checks"].to_string().contains("not known whether they arrived"), "{}", doctor.error);
    assert_eq!(shop.decision(id)["state"], json!("in_doubt"), "a second restart does not change it");
    // The founder looked: it had arrived.
    let settled = shop.ask("settle", &[id, "--arrived"]);
    assert_eq!(settled["state"], json!("observing"), "{settled}");
    assert_eq!(shop.fails(&["settle", shop.path(), id, "--arrived"]).code(), "wrong_state");
    assert_eq!(shop.ask("doctor", &[])["ok"], json!(true));
    assert!(hook.all().is_empty());
    shop.proves_itself();
}

#[test]
fn rows_that_claim_to_be_allowed_send_nothing() {
    let hook = Hook::start();
    let shop = Shop::with(&with_hook(&hook.url, "R2"));
    let mut card = waiting_call(&shop);
    // Somebody writes into the database that policy let it run, and that it is on its way.
    let (id, key) = (card["id"].as_str().unwrap().to_owned(), card["idempotency_key"].as_str().unwrap().to_owned());
    let act = card["act"].to_string();
    let db = rusqlite::Connection::open(shop.dir.join("business.db")).unwrap();
    let body: String = db.query_row("SELECT body FROM decisions WHERE id = ?", [&id], |row| row.get(0)).unwrap();
    card = serde_json::from_str(&body).unwrap();
    card["state"] = json!("executing");
    card["policy"]["answer"] = json!("run");
    db.execute("UPDATE decisions SET state = 'executing', body = ? WHERE id = ?", [card.to_string(), id.clone()])
        .unwrap();
    db.execute(
        "INSERT INTO outbox (decision, idempotency_key, act, state, next_at, updated_at) VALUES (?, ?, ?, 'pending', 0, 0)",
        [&id, &key, &act],
    )
    .unwrap();
    drop(db);
    let served = shop.serve();
    assert!(hook.next(Duration::from_millis(2_500)).is_none(), "what the engine did not decide does not go out");
    assert_eq!(served.stop(), Some(0));
    let db = rusqlite::Connection::open(shop.dir.join("business.db")).unwrap();
    let state: String = db.query_row("SELECT state FROM outbox WHERE decision = ?", [&id], |row| row.get(0)).unwrap();
    assert_eq!(state, "failed", "and it was seen");
}
