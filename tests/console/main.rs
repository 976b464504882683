//! The page's door to the engine, on Tauri's mock runtime: real capabilities, real commands, a backend that records.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

use std::sync::{Arc, Mutex};

use crossbeam_channel::{Receiver, never};
use epoch_api::Change;
use epoch_model::{Code, Error, Result};
use epochcore_desktop::backend::{Backend, Slot};
use epochcore_desktop::link::Link;
use epochcore_desktop::{context, core};
use serde_json::{Value, json};
use tauri::ipc::{CallbackFn, InvokeBody};
use tauri::test::{INVOKE_KEY, MockRuntime, get_ipc_response, mock_builder};
use tauri::webview::InvokeRequest;
use tauri::{App, WebviewWindow, WebviewWindowBuilder};

/// Answers what it was asked and knows two names.
#[derive(Default)]
struct Recorder {
    calls: Mutex<Vec<String>>,
}

impl Recorder {
    fn call(&self, kind: &str, name: &str, args: &Value) -> Result<Value> {
        if !["today", "approve"].contains(&name) {
            return Err(Error::new(
                Code::NotFound,
                format!("there is no {kind} named {name}"),
                "see the list of commands",
            ));
        }
        self.calls.lock().unwrap().push(format!("{kind} {name}"));
        Ok(json!({ "name": name, "args": args }))
    }
}

impl Backend for Recorder {
    fn read(&self, name: &str, args: Value) -> Result<Value> {
        self.call("read", name, &args)
    }
    fn write(&self, name: &str, args: Value) -> Result<Value> {
        self.call("write", name, &args)
    }
    fn subscribe(&self) -> Receiver<Change> {
        never()
    }
    fn close(&self) {}
}

struct Console {
    app: App<MockRuntime>,
    link: Arc<Link>,
    backend: Arc<Recorder>,
}

impl Console {
    fn new() -> Self {
        let (slot, link, backend) =
            (Arc::new(Slot::default()), Arc::new(Link::default()), Arc::new(Recorder::default()));
        slot.fill(Ok(Arc::clone(&backend) as Arc<dyn Backend>));
        let app = core(mock_builder(), slot, Arc::clone(&link)).build(context()).expect("the app builds");
        Self { app, link, backend }
    }

    /// A window; what it may do follows from its label alone.
    fn window(&self, label: &str) -> WebviewWindow<MockRuntime> {
        WebviewWindowBuilder::new(&self.app, label, tauri::WebviewUrl::default()).build().expect("a window")
    }
}

fn invoke(window: &WebviewWindow<MockRuntime>, cmd: &str, body: Value) -> Result<Value, Value> {
    invoke_from(window, cmd, body, if cfg!(windows) { "http://tauri.localhost" } else { "tauri://localhost" })
}

fn invoke_from(window: &WebviewWindow<MockRuntime>, cmd: &str, body: Value, url: &str) -> Result<Value, Value> {
    let request = InvokeRequest {
        cmd: cmd.into(),
        callback: CallbackFn(0),
        error: CallbackFn(1),
        url: url.parse().expect("an address"),
        body: InvokeBody::Json(body),
        headers: tauri::http::HeaderMap::default(),
        invoke_key: INVOKE_KEY.into(),
    };
    get_ipc_response(window, request).map(|answer| answer.deserialize().expect("JSON"))
}

#[test]
fn the_main_window_reads_and_writes() {
    let console = Console::new();
    let main = console.window("main");
    let view = invoke(&main, "read", json!({ "name": "today", "args": { "from": 1 } }));
    assert_eq!(view, Ok(json!({ "name": "today", "args": { "from": 1 } })));
    let done = invoke(&main, "write", json!({ "name": "approve", "args": { "id": "dec_000001" } }));
    assert_eq!(done, Ok(json!({ "name": "approve", "args": { "id": "dec_000001" } })));
    assert_eq!(invoke(&main, "read", json!({ "name": "today" })), Ok(json!({ "name": "today", "args": null })));
    assert_eq!(*console.backend.calls.lock().unwrap(), ["read today", "write approve", "read today"]);
}

#[test]
fn an_unknown_name_is_an_error_with_a_next_step() {
    let console = Console::new();
    let main = console.window("main");
    let error = invoke(&main, "read", json!({ "name": "tomorrow", "args": {} })).unwrap_err();
    assert_eq!(error["code"], "not_found");
    assert_eq!(error["message"], "there is no read named tomorrow");
    assert_eq!(error["hint"], "see the list of commands");
}

#[test]
fn a_call_that_is_no_call_is_refused() {
    let console = Console::new();
    let main = console.window("main");
    for (cmd, body) in [
        ("read", json!({})),
        ("read", json!({ "name": 7 })),
        ("write", json!([])),
        ("approve", json!({ "id": "dec_000001" })),
        ("plugin:shell|execute", json!({})),
        ("plugin:fs|read_text_file", json!({ "path": "/etc/hostname" })),
        ("plugin:event|emit", json!({ "event": "x" })),
        ("plugin:window|create", json!({})),
    ] {
        assert!(invoke(&main, cmd, body).is_err(), "{cmd} got through");
    }
    assert_eq!(console.backend.calls.lock().unwrap().len(), 0);
}

#[test]
fn a_window_without_the_right_cannot_write() {
    let console = Console::new();
    for (label, may_read) in [("view-1", true), ("stranger", false)] {
        let window = console.window(label);
        let read = invoke(&window, "read", json!({ "name": "today" }));
        assert_eq!(read.is_ok(), may_read, "{label} reads: {read:?}");
        let refused = invoke(&window, "write", json!({ "name": "approve" })).unwrap_err();
        assert!(refused.to_string().contains("not allowed"), "{label} writes: {refused}");
    }
    assert!(!console.backend.calls.lock().unwrap().iter().any(|call| call.starts_with("write")));
}

#[test]
fn a_page_from_elsewhere_cannot_read() {
    let console = Console::new();
    let main = console.window("main");
    let refused = invoke_from(&main, "read", json!({ "name": "today" }), "https://example.com/").unwrap_err();
    assert!(refused.to_string().contains("not allowed"), "{refused}");
}

#[test]
fn a_page_that_watches_is_told() {
    let console = Console::new();
    let main = console.window("main");
    console.link.open("/approvals/dec_000001".into());
    let answer = invoke(&main, "watch", json!({ "channel": "__CHANNEL__:1" }));
    assert_eq!(answer, Ok(Value::Null));
    let refused = invoke(&console.window("stranger"), "watch", json!({ "channel": "__CHANNEL__:1" }));
    assert!(refused.is_err());
}

#[test]
fn an_engine_that_cannot_open_says_so_to_every_call() {
    let slot = Arc::new(Slot::default());
    slot.fill(Err(Error::new(Code::FolderBusy, "another process holds this folder", "close it there first")));
    let app = core(mock_builder(), slot, Arc::default()).build(context()).expect("the app builds");
    let main = WebviewWindowBuilder::new(&app, "main", tauri::WebviewUrl::default()).build().expect("a window");
    let error = invoke(&main, "read", json!({ "name": "today" })).unwrap_err();
    assert_eq!(error["code"], "folder_busy");
}
