//! A running host: readiness, keys, stop files, one host per folder, clean ends.

use epoch_host::{Host, HostOptions};
use epoch_model::Code;
use serde_json::json;

use crate::http::ask;
use crate::kit::{Shop, until};

#[test]
fn a_host_says_where_it_is_and_ends_cleanly() {
    let shop = Shop::new();
    let served = shop.serve();
    assert_eq!(served.ready["keys"], json!(["sdk"]));
    assert_eq!(served.ready["pid"], json!(served.child.id()));
    let event = r#"{"events":[{"event":"order","unit":"u1","id":"1","properties":{"amount":5}},{"event":"order","unit":"u2","id":"2"}]}"#;
    let (status, answer) = ask(&served.address, "POST", "/v1/events", &shop.key, event).unwrap();
    assert_eq!((status, &answer["accepted"]), (200, &json!(2)));
    assert_eq!(ask(&served.address, "POST", "/v1/events", "wrong", event).unwrap().0, 401);
    assert_eq!(shop.count(), 2, "while it runs");
    assert_eq!(shop.ask("status", &[])["gateway"], json!(format!("http://{}", served.address)));

    // A key works from the moment it is made until the moment it is revoked.
    let key = shop.ask("keys", &["--make", "till"])["value"].as_str().unwrap().to_owned();
    assert_eq!(ask(&served.address, "POST", "/v1/events", &key, r#"{"event":"order","id":"3"}"#).unwrap().0, 200);
    shop.ask("keys", &["--revoke", "till"]);
    assert_eq!(ask(&served.address, "POST", "/v1/events", &key, r#"{"event":"order","id":"4"}"#).unwrap().0, 401);

    let second = shop.fails(&["serve", shop.path(), "--listen", "127.0.0.1:0"]);
    assert_eq!((second.exit, second.code()), (1, "folder_busy"));
    assert!(second.error["message"].as_str().unwrap().contains(&served.child.id().to_string()), "{}", second.error);
    let other = Shop::new();
    let taken = other.fails(&["serve", other.path(), "--listen", &served.address]);
    assert_eq!((taken.exit, taken.code()), (1, "address_unavailable"));

    assert_eq!(served.stop(), Some(0));
    assert!(!shop.dir.join("host.json").exists());
    let wal = shop.dir.join("business.db-wal");
    assert_eq!(wal.metadata().map_or(0, |m| m.len()), 0, "everything is folded into the one file");
    assert_eq!(shop.count(), 3);
    assert_eq!(shop.serve().stop(), Some(0), "the folder is free");
    shop.proves_itself();
}

#[test]
fn a_stop_holds_until_an_operator_resumes() {
    let shop = Shop::new();
    let state = |shop: &Shop| shop.ask("status", &[])["run_state"].as_str().unwrap().to_owned();
    let served = shop.serve();
    std::fs::write(shop.dir.join("STOP"), "").unwrap();
    until("the file to stop it", || (state(&shop) == "stopped").then_some(()));
    std::fs::remove_file(shop.dir.join("STOP")).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(600));
    assert_eq!(state(&shop), "stopped", "taking the file away is not enough");
    assert_eq!(served.stop(), Some(0));
    assert_eq!(state(&shop), "stopped", "a restart does not go on");
    let served = shop.serve();
    assert_eq!(shop.ask("resume", &[])["run_state"], json!("running"));
    assert_eq!(shop.ask("stop", &[])["run_state"], json!("stopped"));
    assert!(shop.dir.join("STOP").exists());
    served.kill();
    let served = shop.serve();
    assert_eq!(state(&shop), "stopped", "a crash does not go on");
    assert_eq!(shop.ask("resume", &[])["run_state"], json!("running"));
    assert!(!shop.dir.join("STOP").exists());
    assert_eq!(shop.ask("pause", &[])["run_state"], json!("paused"));
    assert_eq!(served.stop(), Some(0));
    assert_eq!(state(&shop), "paused");
    // A file that was laid while nobody ran.
    shop.ask("resume", &[]);
    std::fs::write(shop.dir.join("STOP"), "").unwrap();
    assert_eq!(state(&shop), "stopped");
    // What was not stopped by anybody who listens: the events go on.
    let served = shop.serve();
    assert_eq!(ask(&served.address, "POST", "/v1/events", &shop.key, r#"{"event":"order","id":"1"}"#).unwrap().0, 200);
    drop(served);
    shop.proves_itself();
}

#[test]
fn the_console_takes_another_port_where_a_server_does_not_start() {
    let shop = Shop::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap();
    let options = HostOptions { listen: Some(listen), listen_fallback: true, ..HostOptions::default() };
    let host = Host::open(&shop.dir, &options).unwrap();
    match host.gateway() {
        Some(address) => {
            assert!((1..=10).contains(&(address.port() - listen.port())), "{address} instead of {listen}");
            assert!(host.problems().all().is_empty());
        }
        None => assert_eq!(host.problems().all()[0].0.code, Code::AddressUnavailable),
    }
    drop(host);
    let options = HostOptions { listen_fallback: false, ..options };
    let refused = Host::open(&shop.dir, &options).err().map(|e| e.code);
    assert_eq!(refused, Some(Code::AddressUnavailable));
    assert_eq!(shop.count(), 0, "the folder is free again");
}
