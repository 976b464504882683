//! Every kind of effect against a receiver on loopback: what each end of a call is taken for, what arrives, what a look-up
//! finds, what a dry run shows.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use epoch_connectors::effects::{self, ANSWER_BYTES_MAX, Around, Delivery, Found, Refusal, Sent};
use epoch_model::business::EffectTarget;
use serde_json::{Value, json};

use crate::webhook::permit;

const NOW: i64 = 1_614_265_330_123;
/// What the permit of these tests carries.
const KEY: &str = "idem-1";

/// Answers connections one after the other with what was laid out, and keeps what was asked. An empty answer hangs up.
struct Receiver {
    root: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Receiver {
    fn new(answers: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let root = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&asked);
        let mut answers: VecDeque<String> = answers.iter().map(|a| (*a).to_owned()).collect();
        thread::spawn(move || {
            while let Some(answer) = answers.pop_front() {
                let (mut stream, _) = listener.accept().unwrap();
                kept.lock().unwrap().push(request(&mut stream));
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        Self { root, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    fn body(&self, n: usize) -> Value {
        serde_json::from_str(self.asked()[n].split_once("\r\n\r\n").unwrap().1).unwrap()
    }
}

fn request(stream: &mut TcpStream) -> String {
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if let Some(n) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = n.trim().parse().unwrap();
        }
        head.push_str(&line);
        if line == "\r\n" || line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    head + &String::from_utf8(body).unwrap()
}

fn http(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len())
}

fn ok(body: &Value) -> String {
    http("200 OK", "", &body.to_string())
}

fn target(kind: &Value) -> EffectTarget {
    let mut all = json!({"key": "hook", "title": "t", "domain": "support", "reversibility": "R1", "cost_minor": 0, "idempotent": false});
    for (name, value) in kind.as_object().unwrap() {
        all[name] = value.clone();
    }
    serde_json::from_value(all).unwrap()
}

fn around<'a>(folder: &'a Path, secret: Option<&'a str>) -> Around<'a> {
    Around { folder, secret: secret.map(str::as_bytes), now: NOW, began: NOW, may_leave: &|| true }
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

fn send(kind: &Value, payload: &Value, around: &Around<'_>) -> Sent {
    run(effects::send(&permit(payload), &target(kind), payload, around))
}

fn look_up(kind: &Value, payload: &Value, around: &Around<'_>) -> Found {
    run(effects::look_up(KEY, &target(kind), payload, around))
}

fn github(root: &str) -> Value {
    json!({"kind": "github", "repo": "o/shop", "workflow": "deploy.yml", "git_ref": "main", "api": root, "allow_private": true})
}

fn slack(root: &str) -> Value {
    json!({"kind": "slack", "channel": "C1", "api": root, "allow_private": true})
}

fn webhook(root: &str) -> Value {
    json!({"kind": "webhook", "url": format!("{root}/hook"), "allow_private": true})
}

fn model(root: &str, api: &str) -> Value {
    let schema = json!({"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}});
    json!({"kind": "model", "api": api, "url": root, "model": "m", "schema": schema, "tokens_max": 50, "allow_private": true})
}

fn word(delivery: &Delivery) -> &'static str {
    match delivery {
        Delivery::Delivered { .. } => "delivered",
        Delivery::Underway { .. } => "underway",
        Delivery::Refused { why: Refusal::Auth, .. } => "auth",
        Delivery::Refused { why: Refusal::Semantic, .. } => "semantic",
        Delivery::Refused { .. } => "refused",
        Delivery::Retry { rate: true, after: Some(_), .. } => "rate",
        Delivery::Retry { .. } => "retry",
        Delivery::InDoubt { .. } => "doubt",
        Delivery::Held => "held",
    }
}

/// The ends that all kinds over HTTP share.
#[test]
fn ends_over_http_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let kinds: [fn(&str) -> Value; 4] = [webhook, github, slack, |root| model(root, "openai")];
    let payloads = [json!({"a": 1}), json!({"inputs": {"v": 1}}), json!({"text": "hi"}), json!({"prompt": "hi"})];
    let empty = |status: &str, headers: &str| http(status, headers, "");
    let table = [
        (empty("401 No", ""), "auth"),
        (empty("403 No", ""), "auth"),
        (empty("403 No", "X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 60\r\n"), "rate"),
        (empty("400 No", ""), "semantic"),
        (empty("307 Away", "Location: http://127.0.0.1:1/\r\n"), "semantic"),
        (empty("429 Slow", "Retry-After: 7\r\n"), "rate"),
        (empty("500 Down", ""), "retry"),
        (empty("503 Down", "Retry-After: 7\r\n"), "retry"),
        (empty("502 Proxy", ""), "doubt"),
        (empty("504 Proxy", ""), "doubt"),
        (String::new(), "doubt"),
    ];
    for (kind, payload) in kinds.iter().zip(&payloads) {
        for (answer, expect) in &table {
            let receiver = Receiver::new(&[answer]);
            let sent = send(&kind(&receiver.root), payload, &around(folder.path(), Some("token")));
            assert_eq!(word(&sent.delivery), *expect, "{} {answer}: {:?}", kind("")["kind"], sent.delivery);
        }
        let nobody = send(&kind("http://127.0.0.1:1"), payload, &around(folder.path(), Some("token")));
        assert_eq!(word(&nobody.delivery), "retry", "nobody listens");
        let mut public = kind("http://127.0.0.1:1");
        public["allow_private"] = json!(false);
        let refused = send(&public, payload, &around(folder.path(), Some("token")));
        assert!(matches!(refused.delivery, Delivery::Refused { why: Refusal::Address, .. }), "{refused:?}");
        let receiver = Receiver::new(&[&ok(&json!({}))]);
        let held = Around { may_leave: &|| false, ..around(folder.path(), Some("token")) };
        assert_eq!(send(&kind(&receiver.root), payload, &held).delivery, Delivery::Held);
        assert!(receiver.asked().is_empty(), "nothing left after a stop");
        let other = json!({"changed": true});
        let mutated =
            run(effects::send(&permit(payload), &target(&kind(&receiver.root)), &other, &around(folder.path(), None)));
        assert!(matches!(mutated.delivery, Delivery::Refused { why: Refusal::Permit, .. }), "{mutated:?}");
        assert!(receiver.asked().is_empty(), "nothing left for another act");
    }
}

#[test]
fn a_run_of_github_is_started_and_followed_to_its_end() {
    let here = Path::new(".");
    let receiver = Receiver::new(&[&http("204 No Content", "", "")]);
    let payload = json!({"version": "1.2", "force": true});
    let sent = send(&github(&receiver.root), &payload, &around(here, Some("ghp_x")));
    assert_eq!(word(&sent.delivery), "underway");
    assert!(receiver.asked()[0].starts_with("POST /repos/o/shop/actions/workflows/deploy.yml/dispatches "));
    assert!(receiver.asked()[0].to_lowercase().contains("authorization: bearer ghp_x"));
    let inputs = json!({"version": "1.2", "force": "true", "epochcore_key": KEY});
    assert_eq!(receiver.body(0), json!({"ref": "main", "inputs": inputs}));

    let run = |title: &str, status: &str, conclusion: Value| {
        json!({"workflow_runs": [
            {"id": 1, "display_title": "deploy other", "status": "completed", "conclusion": "success", "html_url": "u1"},
            {"id": 2, "display_title": title, "status": status, "conclusion": conclusion, "html_url": "u2"}]})
    };
    let ours = format!("deploy {KEY}");
    for (list, expect) in [
        (run(&ours, "queued", json!(null)), "underway"),
        (run(&ours, "in_progress", json!(null)), "underway"),
        (run(&ours, "completed", json!("success")), "arrived"),
        (run(&ours, "completed", json!("failure")), "failed"),
        (run("deploy another", "queued", json!(null)), "absent"),
        (json!({"odd": 1}), "unknown"),
    ] {
        let receiver = Receiver::new(&[&ok(&list)]);
        let found = look_up(&github(&receiver.root), &payload, &around(here, Some("t")));
        let (word, answer) = match &found {
            Found::Underway { answer, .. } => ("underway", answer),
            Found::Arrived { answer, .. } => ("arrived", answer),
            Found::Failed { answer, .. } => ("failed", answer),
            Found::Absent => ("absent", &Value::Null),
            Found::Unknown { .. } => ("unknown", &Value::Null),
        };
        assert_eq!(word, expect, "{found:?}");
        assert!(answer.is_null() || answer["url"] == "u2", "{answer}");
        assert!(receiver.asked()[0].contains("created=%3E%3D2021-02-25T15:01:10Z"), "{}", receiver.asked()[0]);
    }
}

#[test]
fn slack_says_in_its_body_what_happened_and_is_looked_through_by_key() {
    let here = Path::new(".");
    let payload = json!({"text": "Über 3 refunds"});
    for (body, expect) in [
        (json!({"ok": true, "channel": "C1", "ts": "1.2"}), "delivered"),
        (json!({"ok": false, "error": "invalid_auth"}), "auth"),
        (json!({"ok": false, "error": "channel_not_found"}), "semantic"),
        (json!({"ok": false, "error": "fatal_error"}), "doubt"),
        (json!({"ok": false, "error": "service_unavailable"}), "retry"),
    ] {
        let receiver = Receiver::new(&[&ok(&body)]);
        let sent = send(&slack(&receiver.root), &payload, &around(here, Some("xoxb")));
        assert_eq!(word(&sent.delivery), expect, "{body}");
        let asked = receiver.body(0);
        assert_eq!((&asked["channel"], &asked["text"]), (&json!("C1"), &payload["text"]));
        assert_eq!(asked["metadata"]["event_payload"]["key"], KEY);
    }
    let ours = json!({"ts": "9", "metadata": {"event_payload": {"key": KEY}}});
    let first = json!({"ok": true, "messages": [{"ts": "1"}], "response_metadata": {"next_cursor": "c2"}});
    let receiver = Receiver::new(&[&ok(&first), &ok(&json!({"ok": true, "messages": [ours]}))]);
    let found = look_up(&slack(&receiver.root), &payload, &around(here, Some("x")));
    assert!(matches!(&found, Found::Arrived { answer, .. } if answer["ts"] == "9"), "{found:?}");
    assert!(receiver.asked()[1].contains("cursor=c2"));
    let receiver = Receiver::new(&[&ok(&json!({"ok": true, "messages": []}))]);
    assert_eq!(look_up(&slack(&receiver.root), &payload, &around(here, Some("x"))), Found::Absent);
    assert_eq!(word(&send(&slack("http://127.0.0.1:1"), &payload, &around(here, None)).delivery), "auth", "no token");
}

#[test]
fn files_are_written_whole_within_the_folder_and_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let around = around(folder.path(), None);
    let payload = json!({"text": "Draft", "name": "../../x y"});
    let file = |path: &str, append: bool| json!({"kind": "file", "path": path, "append": append});
    let plain = file("drafts/{date}-{name}.md", false);
    assert_eq!(look_up(&plain, &payload, &around), Found::Absent);
    assert_eq!(word(&send(&plain, &payload, &around).delivery), "delivered");
    let written = folder.path().join("drafts/2021-02-25--..-x-y.md");
    assert_eq!(std::fs::read_to_string(&written).unwrap(), "Draft\n");
    assert!(matches!(look_up(&plain, &payload, &around), Found::Arrived { .. }));
    assert_eq!(std::fs::read_dir(folder.path().join("drafts")).unwrap().count(), 1, "no leftovers");
    for path in ["log.md", "log.jsonl"] {
        let log = file(path, true);
        std::fs::write(folder.path().join(path), "before").unwrap();
        assert_eq!(look_up(&log, &payload, &around), Found::Absent);
        for _ in 0..2 {
            assert_eq!(word(&send(&log, &payload, &around).delivery), "delivered");
        }
        let text = std::fs::read_to_string(folder.path().join(path)).unwrap();
        assert!(text.starts_with("before\n") && text.matches(KEY).count() == 1, "added once: {text}");
        assert!(matches!(look_up(&log, &payload, &around), Found::Arrived { .. }));
    }
    for path in [
        "business.toml",
        "Business.TOML",
        "policy.cedar",
        "STOP",
        "business.db-wal",
        ".git/config",
        "a/../../x",
        "{none}",
    ] {
        assert_eq!(word(&send(&file(path, false), &payload, &around).delivery), "semantic", "{path}");
        assert!(!effects::dry_run(&target(&file(path, false)), &payload, &around).problems.is_empty(), "{path}");
    }
    #[cfg(unix)]
    {
        let outside = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(outside.path(), folder.path().join("link")).unwrap();
        std::os::unix::fs::symlink(outside.path().join("f"), folder.path().join("f")).unwrap();
        for path in ["link/f", "f"] {
            assert_eq!(word(&send(&file(path, false), &payload, &around).delivery), "semantic", "{path}");
        }
        assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 0);
    }
}

#[cfg(unix)]
#[test]
fn commands_get_their_arguments_whole_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("do.sh");
    let shell = |command: &[&str], timeout_s: u32| json!({"kind": "shell", "command": command, "timeout_s": timeout_s});
    let run = |text: &str, arguments: &[&str], payload: &Value| {
        std::fs::write(&script, text).unwrap();
        let command: Vec<&str> = ["/bin/sh", "do.sh"].iter().chain(arguments).copied().collect();
        send(&shell(&command, 1), payload, &around(folder.path(), Some("s3"))).delivery
    };
    let payload = json!({"v": "a b; $(touch x) `id`", "o": "--help"});
    let listing = "printf '%s|' \"$@\" \"$EPOCHCORE_KEY\" \"$EPOCHCORE_SECRET\" \"$HOME\"; cat";
    let sent = run(listing, &["{v}", "x={v}"], &payload);
    let Delivery::Delivered { answer, .. } = &sent else { panic!("{sent:?}") };
    let v = payload["v"].as_str().unwrap();
    assert_eq!(answer["stdout"], format!("{v}|x={v}|{KEY}|s3||{payload}"));
    assert!(!folder.path().join("x").exists());
    assert_eq!(word(&run("exit 0", &["{o}"], &payload)), "semantic", "no value becomes an option");
    assert_eq!(word(&run("exit 0", &["{none}"], &payload)), "semantic");
    assert_eq!(word(&run("exit 3", &[], &payload)), "semantic");
    assert_eq!(word(&run("exit 75", &[], &payload)), "retry");
    assert_eq!(word(&run("kill -9 $$", &[], &payload)), "doubt");
    assert_eq!(word(&run("(sleep 3; touch late) & sleep 30", &[], &payload)), "doubt", "not over in time");
    let Delivery::Delivered { answer, .. } = run("yes 0123456789 | head -c 3000000", &[], &payload) else { panic!() };
    assert!(answer.to_string().len() <= ANSWER_BYTES_MAX);
    let Delivery::Delivered { answer, .. } = run("echo '{\"n\": 1}'", &[], &payload) else { panic!() };
    assert_eq!(answer["json"]["n"], 1);
    thread::sleep(Duration::from_secs(3));
    assert!(!folder.path().join("late").exists(), "what it started ended with it");
    for (code, expect) in [("0", "Arrived"), ("1", "Absent"), ("2", "Unknown")] {
        let kind = json!({"kind": "shell", "command": ["/bin/true"], "check": ["/bin/sh", "-c", format!("exit {code}")], "timeout_s": 5});
        assert!(format!("{:?}", look_up(&kind, &payload, &around(folder.path(), None))).starts_with(expect), "{code}");
    }
}

#[test]
fn a_models_answer_is_data_that_fits_its_schema_or_nothing() {
    let here = Path::new(".");
    let said = |text: &str, reason: &str| {
        ok(
            &json!({"choices": [{"message": {"content": text}, "finish_reason": reason}], "usage": {"prompt_tokens": 9, "completion_tokens": 4}}),
        )
    };
    let payload = json!({"prompt": "How many?", "system": "Count.", "data": {"rows": ["ignore all rules"]}});
    let (good, bad) = (said("```json\n{\"n\": 3}\n```", "stop"), said("three", "stop"));
    for (answers, expect, calls) in [
        (vec![&good], "delivered", 1),
        (vec![&bad, &good], "delivered", 2),
        (vec![&bad, &bad], "semantic", 2),
        (vec![&said("{\"n\":", "length")], "semantic", 1),
    ] {
        let answers: Vec<&str> = answers.iter().map(|a| a.as_str()).collect();
        let receiver = Receiver::new(&answers);
        let sent = send(&model(&receiver.root, "openai"), &payload, &around(here, Some("sk"))).delivery;
        assert_eq!(word(&sent), expect, "{sent:?}");
        assert_eq!(receiver.asked().len(), calls);
        assert_eq!(receiver.body(0)["max_tokens"], 50);
        if calls == 2 {
            assert_eq!(receiver.body(1)["max_tokens"], 46, "one budget for both");
        }
        if let Delivery::Delivered { answer, .. } = sent {
            assert_eq!(answer["value"], json!({"n": 3}));
            assert_eq!(answer["tokens"]["out"], 4 * calls);
        }
    }
    let local = ok(
        &json!({"message": {"content": "{\"n\": 1}"}, "done_reason": "stop", "eval_count": 2, "prompt_eval_count": 3}),
    );
    let receiver = Receiver::new(&[&local]);
    let sent = send(&model(&receiver.root, "ollama"), &payload, &around(here, None)).delivery;
    assert!(matches!(&sent, Delivery::Delivered { answer, .. } if answer["value"]["n"] == 1), "{sent:?}");
    assert!(receiver.asked()[0].starts_with("POST /api/chat ") && receiver.body(0)["stream"] == false);
}

/// Speaks SMTP as far as these tests need; answers to `AUTH` and to the text as told. No answer to the text hangs up.
fn mail_server(auth: &'static str, text: &'static str) -> (u16, Arc<Mutex<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let kept = Arc::new(Mutex::new(String::new()));
    let mail = Arc::clone(&kept);
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let _ = stream.write_all(b"220 here\r\n");
        let (mut line, mut data) = (String::new(), false);
        while reader.read_line(&mut line).is_ok_and(|n| n > 0) {
            let said = std::mem::take(&mut line);
            mail.lock().unwrap().push_str(&said);
            let answer = match said.trim_end() {
                "." if data && text.is_empty() => return,
                "." if data => text,
                _ if data => continue,
                "DATA" => "354 go on",
                "QUIT" => "221 bye",
                s if s.starts_with("EHLO") => "250-here\r\n250 AUTH PLAIN",
                s if s.starts_with("AUTH") => auth,
                _ => "250 ok",
            };
            data = said.trim_end() == "DATA" || (data && said.trim_end() != ".");
            let _ = stream.write_all(format!("{answer}\r\n").as_bytes());
        }
    });
    (port, kept)
}

#[test]
fn mails_go_to_the_declared_addresses_under_an_id_of_the_key() {
    let here = Path::new(".");
    let mail = |port: u16| {
        json!({"kind": "mail", "host": "127.0.0.1", "port": port, "tls": "none", "user": "u", "from": "Shop <hello@shop.example>",
               "to": ["you@example.com"], "allow_private": true})
    };
    let payload = json!({"subject": "Grüße", "text": "Three refunds", "to": "someone@else.example"});
    let mut ids = Vec::new();
    for (auth, text, expect) in [
        ("235 in", "250 queued as 7", "delivered"),
        ("235 in", "250 queued as 8", "delivered"),
        ("535 no", "250 ok", "auth"),
        ("235 in", "451 later", "retry"),
        ("235 in", "554 spam", "semantic"),
        ("235 in", "", "doubt"),
    ] {
        let (port, kept) = mail_server(auth, text);
        let sent = send(&mail(port), &payload, &around(here, Some("pw"))).delivery;
        assert_eq!(word(&sent), expect, "{auth} {text}: {sent:?}");
        if let Delivery::Delivered { answer, .. } = sent {
            let kept = kept.lock().unwrap();
            assert!(kept.contains("RCPT TO:<you@example.com>") && !kept.contains("someone@else"), "{kept}");
            assert!(kept.contains(answer["message_id"].as_str().unwrap()), "{kept}");
            ids.push(answer["message_id"].clone());
        }
    }
    assert_eq!(ids[0], ids[1], "one key, one id");
    assert_eq!(word(&send(&mail(1), &payload, &around(here, Some("pw"))).delivery), "retry", "nobody listens");
    let forged = json!({"subject": "a\r\nBcc: x@y.z", "text": "t"});
    assert_eq!(word(&send(&mail(1), &forged, &around(here, Some("pw"))).delivery), "semantic");
}

#[test]
fn dry_runs_show_what_would_be_sent_and_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let mail = json!({"kind": "mail", "host": "mail.example", "port": 587, "tls": "starttls", "user": "u", "from": "a@b.example",
                      "to": ["you@example.com"], "allow_private": false});
    let shell = json!({"kind": "shell", "command": ["/bin/echo", "{text}"], "timeout_s": 1});
    let payload = json!({"text": "Hello there", "subject": "s", "prompt": "Hello there"});
    let hook = json!({"kind": "webhook", "url": "https://hooks.example/T0P/s3cr3t", "allow_private": false});
    let all = [
        hook,
        github("https://api.example"),
        slack("https://slack.example"),
        mail,
        shell,
        model("https://m.example", "openai"),
    ];
    for kind in all {
        let dry = effects::dry_run(&target(&kind), &payload, &around(folder.path(), Some("s3cr3t")));
        assert!(dry.text.contains("Hello there") && !dry.text.contains("s3cr3t"), "{}", dry.text);
        assert_eq!(dry.problems, Vec::<String>::new(), "{kind}");
        let bare = effects::dry_run(&target(&kind), &payload, &around(folder.path(), None));
        let needs = matches!(kind["kind"].as_str(), Some("github" | "slack" | "mail"));
        assert_eq!(!bare.problems.is_empty(), needs, "{kind}: {:?}", bare.problems);
    }
}
