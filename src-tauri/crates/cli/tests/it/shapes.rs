//! Names, shapes and exit codes of every command.

use std::fs;

use serde_json::{Value, json};

use crate::kit::{Shop, ras};
use crate::life::{SHOP, write_orders};

#[test]
fn a_business_is_made_once() {
    let shop = Shop::new();
    assert!(shop.key.starts_with("phc_"));
    for file in ["business.toml", "business.db"] {
        assert!(shop.dir.join(file).is_file(), "{file}");
    }
    assert!(fs::read_to_string(shop.dir.join("business.toml")).unwrap().contains("name = \"Corner Shop\""));
    let again = shop.fails(&["init", shop.path(), "--name", "Other"]);
    assert_eq!((again.exit, again.code()), (1, "invalid_argument"));
    let berlin = shop.home.path().join("berlin");
    shop.ok(&["init", berlin.to_str().unwrap(), "--name", "B", "--currency", "CHF", "--timezone", "Europe/Berlin"]);
    let status = shop.ok(&["status", berlin.to_str().unwrap()]);
    assert_eq!(
        (&status["business"]["currency"], &status["business"]["timezone"]),
        (&json!("CHF"), &json!("Europe/Berlin"))
    );
    let bad = shop.home.path().join("bad");
    let refused = shop.fails(&["init", bad.to_str().unwrap(), "--name", "B", "--timezone", "Mars/Olympus"]);
    assert_eq!((refused.exit, refused.code()), (1, "config_invalid"));
    assert!(!bad.join("business.toml").exists());
}

#[test]
fn usage_mistakes_exit_with_2_and_an_error_object() {
    let shop = Shop::new();
    for args in [
        &["frobnicate"][..],
        &["query"],
        &["init", "x"],
        &["serve", ".", "--listen", "nonsense"],
        &["import", ".", "f.csv", "--as-live", "-1"],
        &["import", ".", "f.csv", "--hold"],
        &["settle", ".", "dec_1"],
        &["query", ".", "revenue", "--grain", "year"],
        &["status", "--no-such-flag"],
    ] {
        let failed = shop.fails(args);
        assert_eq!((failed.exit, failed.code()), (2, "invalid_argument"), "{args:?}");
    }
    let plain = ras(shop.home.path()).arg("frobnicate").output().unwrap();
    assert_eq!(plain.status.code(), Some(2));
    assert!(plain.stdout.is_empty() && !plain.stderr.is_empty());
    for ok in [&["--help"][..], &["--version"], &["import", "--help"]] {
        let done = ras(shop.home.path()).args(ok).output().unwrap();
        assert!(done.status.success() && !done.stdout.is_empty(), "{ok:?}");
    }
}

#[test]
fn failures_exit_with_1_and_an_error_object() {
    let shop = Shop::new();
    let empty = shop.home.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let (dir, empty) = (shop.path(), empty.to_str().unwrap());
    for (args, code) in [
        (&["query", dir, "nothing"][..], "not_found"),
        (&["query", dir, "nothing", "--from", "yesterdayish"], "invalid_argument"),
        (&["status", empty], "not_a_business"),
        (&["serve", empty], "not_a_business"),
        (&["serve", "/no/such/folder"], "not_a_business"),
        (&["experiments", empty], "not_a_business"),
        (&["secret", empty], "not_a_business"),
        (&["audit", "verify", empty], "not_a_business"),
        (&["replay", empty], "not_a_business"),
        (&["doctor", empty], "store_damaged"),
        (&["import", dir, "/no/such/file.csv"], "not_found"),
        (&["import", dir, "/no/such/file.csv", "--source", "x"], "not_found"),
        (&["approve", dir, "dec_404"], "not_found"),
        (&["veto", dir, "dec_404"], "not_found"),
        (&["settle", dir, "dec_404", "--arrived"], "wrong_state"),
        (&["report", dir, "--format", "docx"], "invalid_argument"),
        (&["restore", "/no/such/backup", empty], "not_found"),
        (&["serve", dir, "--listen", "0.0.0.0:0"], "address_unavailable"),
        (&["audit", "verify", dir, "--anchor", "x"], "invalid_argument"),
        (&["keys", dir, "--make", "a b"], "invalid_argument"),
        (&["keys", dir, "--make", "sdk"], "invalid_argument"),
        (&["keys", dir, "--revoke", "nobody"], "not_found"),
    ] {
        let failed = shop.fails(args);
        assert_eq!((failed.exit, failed.code()), (1, code), "{args:?}: {}", failed.error);
    }
}

#[test]
fn json_is_accepted_before_and_after_the_command() {
    let shop = Shop::new();
    for args in [
        &["--json", "events", "shop", "--count"][..],
        &["events", "--json", "shop", "--count"],
        &["events", "shop", "--count", "--json"],
    ] {
        let done = ras(shop.home.path()).args(args).output().unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&done.stdout).unwrap(), json!({ "count": 0 }), "{args:?}");
    }
    let plain = ras(shop.home.path()).args(["events", "shop", "--count"]).output().unwrap();
    assert_eq!(plain.stdout, b"0\n");
    // Without DIR the command speaks of the folder it stands in.
    let here = ras(shop.home.path()).current_dir(&shop.dir).args(["status", "--json"]).output().unwrap();
    assert!(here.status.success());
}

#[test]
fn a_file_is_imported_queried_reported_backed_up_and_restored() {
    let shop = Shop::with(SHOP);
    let (file, rows) = write_orders(shop.home.path());
    let file = file.to_str().unwrap();
    let first = shop.ok(&["import", shop.path(), file, "--yes"]);
    assert_eq!(
        (&first["rows"], &first["accepted"], &first["state"]),
        (&json!(rows), &json!(rows), &json!("done")),
        "{first}"
    );
    let again = shop.ok(&["import", file, "--dir", shop.path(), "--yes"]);
    assert_eq!((&again["accepted"], &again["duplicates"]), (&json!(0), &json!(rows)));
    assert_eq!(shop.ask("events", &["--count"])["count"], json!(rows));
    assert_eq!(shop.ask("events", &["--count", "--name", "order"])["count"], json!(rows));
    assert_eq!(shop.ask("events", &["--count", "--name", "nothing"])["count"], json!(0));
    assert_eq!(shop.ask("events", &["--limit", "7"]).as_array().unwrap().len(), 7);

    let asked = ["revenue", "--from", "2025-01-06", "--to", "2025-04-06"];
    let whole = shop.ok(&[&["query", shop.path()], &asked[..]].concat());
    let total = |series: &Value| series["total"]["value"].as_f64().unwrap();
    assert_eq!(whole["series"][0]["points"].as_array().unwrap().len(), 90);
    let here = shop.command(&[&["query"], &asked[..]].concat()).current_dir(&shop.dir).output().unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&here.stdout).unwrap(), whole);
    let split = shop.ok(&[&["query", shop.path()], &asked[..], &["--by", "country"]].concat());
    let sum: f64 = split["series"].as_array().unwrap().iter().map(total).sum();
    assert!((sum - total(&whole["series"][0])).abs() < 1e-6);

    for list in ["insights", "decisions", "experiments", "levers", "keys"] {
        assert!(shop.ask(list, &[]).is_array(), "{list}");
    }
    assert_eq!(shop.ask("experiments", &[]), json!([]));
    assert!(!shop.ask("insights", &[]).as_array().unwrap().is_empty(), "the planted drop is found in history, too");

    for (format, magic) in [("pdf", &b"%PDF-"[..]), ("html", b"<!doctype html"), ("csv", b""), ("xlsx", b"PK\x03\x04")]
    {
        let out = shop.home.path().join(format!("report.{format}"));
        let made = shop.ask("report", &["--format", format, "--out", out.to_str().unwrap()]);
        assert_eq!(made["path"], json!(out));
        let bytes = fs::read(&out).unwrap();
        assert!(bytes.len() > 200 && bytes.to_ascii_lowercase().starts_with(&magic.to_ascii_lowercase()), "{format}");
    }
    assert!(shop.ask("report", &["--format", "csv"])["path"].as_str().unwrap().contains("reports"));

    let doctor = shop.ask("doctor", &[]);
    assert_eq!(doctor["ok"], json!(true), "{doctor}");
    shop.proves_itself();

    let backup = shop.home.path().join("copy.db");
    shop.ask("backup", &[backup.to_str().unwrap()]);
    let other = shop.home.path().join("other");
    let other = other.to_str().unwrap();
    shop.ok(&["restore", backup.to_str().unwrap(), other]);
    assert_eq!(shop.ok(&["events", other, "--count"])["count"], json!(rows));
    assert_eq!(shop.ok(&[&["query", other], &asked[..]].concat())["series"], whole["series"]);
    assert_eq!(shop.ok(&["audit", "verify", other])["ok"], json!(true));
    fs::write(&backup, b"no database at all, but long enough to look like one").unwrap();
    let refused = shop.fails(&["restore", backup.to_str().unwrap(), other]);
    assert_eq!(refused.exit, 1);
    assert_eq!(shop.ok(&["events", other, "--count"])["count"], json!(rows), "a refused backup changes nothing");
}

#[test]
fn a_tampered_journal_is_named() {
    let shop = Shop::with(SHOP);
    let (file, _) = write_orders(shop.home.path());
    shop.ok(&["import", shop.path(), file.to_str().unwrap(), "--yes"]);
    let anchor = shop.ok(&["audit", "verify", shop.path()])["anchor"].as_str().unwrap().to_owned();
    shop.ok(&["audit", "verify", shop.path(), "--anchor", &anchor]);
    let tamper = |sql: &str| {
        let db = rusqlite::Connection::open(shop.dir.join("business.db")).unwrap();
        let triggers: Vec<String> = db
            .prepare("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            .unwrap()
            .query_map([], |r| r.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        for name in triggers {
            db.execute_batch(&format!("DROP TRIGGER \"{name}\"")).unwrap();
        }
        db.execute_batch(sql).unwrap();
    };
    let backup = shop.home.path().join("whole.db");
    shop.ask("backup", &[backup.to_str().unwrap()]);
    for (sql, args) in [
        ("UPDATE journal SET actor = 'somebody' WHERE seq = 3", &["audit", "verify", shop.path()][..]),
        ("DELETE FROM journal WHERE seq = 3", &["audit", "verify", shop.path()]),
        (
            "DELETE FROM journal WHERE seq = (SELECT max(seq) FROM journal)",
            &["audit", "verify", shop.path(), "--anchor", &anchor],
        ),
    ] {
        tamper(sql);
        let failed = shop.fails(args);
        assert_eq!((failed.exit, failed.code()), (1, "audit_broken"), "{sql}: {}", failed.error);
        shop.ok(&["restore", backup.to_str().unwrap(), shop.path()]);
        shop.ok(&["audit", "verify", shop.path()]);
    }
}

#[test]
fn commands_at_the_same_time_wait_for_each_other() {
    let shop = Shop::new();
    let running: Vec<_> = (0..6)
        .map(|_| shop.command(&["events", shop.path(), "--count"]).stdout(std::process::Stdio::null()).spawn().unwrap())
        .collect();
    for mut child in running {
        assert!(child.wait().unwrap().success());
    }
}
