//! Answers that must not count: forged, for another card, over the wrong way.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;

use serde_json::{Value, json};

use crate::kit::{Served, Shop};
use crate::life::{SHOP, write_orders};

/// One request over the control socket of a running host.
fn over_socket(shop: &Shop, request: &Value) -> Value {
    let host: Value = serde_json::from_slice(&std::fs::read(shop.dir.join("host.json")).unwrap()).unwrap();
    let mut stream = UnixStream::connect(host["socket"].as_str().unwrap()).unwrap();
    writeln!(stream, "{request}").unwrap();
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).unwrap();
    serde_json::from_str(&line).unwrap()
}

/// A shop whose last day asks for a cheaper price, and its card.
fn asking() -> (Shop, Value) {
    let shop = Shop::with(SHOP);
    let (file, _) = write_orders(shop.home.path());
    let text = std::fs::read_to_string(&file).unwrap();
    // Two days after the break: the card of the first one still waits where time stands.
    let end = text.find(",2025-03-19").map(|at| text[..at].rfind('\n').unwrap() + 1).unwrap();
    std::fs::write(&file, &text[..end]).unwrap();
    shop.ok(&["import", shop.path(), file.to_str().unwrap(), "--yes", "--as-live", "max", "--live-from", "2025-03-08"]);
    let card = shop.decisions().into_iter().find(|d| d["state"] == json!("pending")).expect("a card");
    (shop, card)
}

fn verdict(card: &Value, key_id: &str, signature: &str) -> Value {
    json!({ "kind": "write", "name": "verdict", "args": {
        "claim": { "business": "Corner Shop", "decision": card["id"], "card_hash": card["card_hash"], "answer": "approve", "at": 0 },
        "key_id": key_id, "signature": signature,
    }})
}

#[test]
fn a_forged_answer_is_refused_and_the_true_one_still_counts() {
    let (shop, card) = asking();
    let id = card["id"].as_str().unwrap();
    let served: Served = shop.serve();
    let operator = std::fs::read_dir(shop.home.path().join("config")).unwrap().count();
    assert!(operator > 0, "the operator's key lies outside of the folder");
    let zeros = "A".repeat(86) + "==";
    for forged in [verdict(&card, "0000000000000000", &zeros), verdict(&card, "not a key", "not base64")] {
        assert_eq!(over_socket(&shop, &forged)["error"]["code"], json!("signature_invalid"));
    }
    for name in ["approve", "edit", "veto", "defer"] {
        let asked = json!({ "kind": "write", "name": name, "args": { "id": id, "card_hash": card["card_hash"], "to": 20, "reason": "other", "until": 1 } });
        assert_eq!(over_socket(&shop, &asked)["error"]["code"], json!("signature_invalid"), "{name}");
    }
    assert_eq!(over_socket(&shop, &json!({ "kind": "write", "name": "no_such" }))["error"]["code"], json!("not_found"));
    assert_eq!(shop.decision(id)["state"], json!("pending"));

    // A key of somebody else signs correctly, but is not enrolled.
    let stranger = shop.home.path().join("stranger.key");
    std::fs::write(&stranger, "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=").unwrap();
    let done = shop.command(&["approve", shop.path(), id]).env("EPOCHCORE_OPERATOR_KEY", &stranger).output().unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&done.stdout).unwrap()["code"], json!("signature_invalid"));

    assert_eq!(shop.ask("approve", &[id])["state"], json!("observing"));
    assert_eq!(served.stop(), Some(0));
    shop.proves_itself();
}

#[test]
fn a_card_is_answered_without_a_running_host() {
    let (shop, card) = asking();
    let id = card["id"].as_str().unwrap();
    // Hidden until a time that is over: that takes the hiding back.
    let shown = shop.run(&["defer", shop.path(), id, "--until", "2025-03-01"]);
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert!(shown["deferred_until"].is_null());
    let answered = shop.ask("approve", &[id]);
    assert_eq!(answered["state"], json!("observing"), "executed at once: {}", answered["history"]);
    let levers: Value = serde_json::from_slice(&std::fs::read(shop.dir.join("levers.json")).unwrap()).unwrap();
    assert_eq!(levers["levers"]["pro_price"]["value"], card["act"]["to"]);
    shop.proves_itself();

    let (shop, card) = asking();
    shop.ask("stop", &[]);
    let id = card["id"].as_str().unwrap();
    assert_eq!(shop.ask("veto", &[id])["state"], json!("rejected"), "a veto counts while stopped");
    assert_eq!(shop.ask("resume", &[])["run_state"], json!("running"));
    shop.proves_itself();
}

#[test]
fn only_the_operator_releases_a_stop() {
    let (shop, card) = asking();
    let id = card["id"].as_str().unwrap();
    shop.ask("stop", &[]);
    assert_eq!(shop.ask("approve", &[id])["state"], json!("approved"));
    let refused =
        shop.command(&["resume", shop.path()]).env("EPOCHCORE_OPERATOR_KEY", "/no/such/key").output().unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&refused.stdout).unwrap()["code"], json!("denied"));
    assert!(shop.dir.join("STOP").exists());
    assert_eq!(shop.ask("status", &[])["run_state"], json!("stopped"));
    assert_eq!(shop.fails(&["pause", shop.path()]).code(), "wrong_state");
    shop.ask("resume", &[]);
    assert_eq!(shop.decision(id)["state"], json!("observing"), "what waited is done");
}

#[test]
fn replayed_time_stands_until_real_time_is_asked_for() {
    let (shop, card) = asking();
    let mode = |shop: &Shop| shop.ask("status", &[])["clock"]["mode"].clone();
    let served = shop.serve();
    assert_eq!(mode(&shop), json!("replay"));
    let today = json!({ "events": [{ "event": "order", "id": "today", "properties": { "amount": 5 } }] }).to_string();
    let (status, answer) = crate::http::ask(&served.address, "POST", "/v1/events", &shop.key, &today).unwrap();
    assert_eq!((status, &answer["accepted"]), (200, &json!(1)), "{answer}");
    assert_eq!(served.stop(), Some(0));
    let served = Served::start(shop.command(&["serve", shop.path(), "--listen", "127.0.0.1:0", "--real-time"]));
    assert_eq!(mode(&shop), json!("real"));
    // Its time is long over now, which counts as a no, and nothing new is asked about old history.
    let over = crate::kit::until("the card to expire", || {
        Some(shop.decision(card["id"].as_str().unwrap())).filter(|d| d["state"] != json!("pending"))
    });
    assert_eq!(over["state"], json!("expired"));
    assert!(shop.decisions().iter().all(|d| d["state"] != json!("pending")));
    assert_eq!(served.stop(), Some(0));
    assert_eq!(mode(&shop), json!("real"), "it stays so");
    shop.proves_itself();
}
