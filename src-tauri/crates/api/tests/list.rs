//! The command list is one: every name is dispatched, and the generated types are current.

use epoch_api::commands::COMMANDS;
use epoch_api::{App, AppOptions};
use epoch_model::Code;
use serde_json::json;

#[test]
fn every_command_of_the_list_is_known() {
    let home = tempfile::tempdir().expect("a folder");
    let app = App::new(AppOptions { home: home.path().to_owned(), ..AppOptions::default() });
    for command in COMMANDS {
        let answer = match command.kind {
            "read" => app.read(command.name, json!({})),
            _ => app.write(command.name, json!({})),
        };
        if let Err(e) = answer {
            assert!(!e.message.contains("there is no command"), "{}: {}", command.name, e.message);
        }
    }
    assert_eq!(app.write("no_such", json!({})).map_err(|e| e.code), Err(Code::NotFound));
}

#[test]
fn the_pages_types_are_current() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../ui/src/lib/backend/types.ts");
    let on_disk = std::fs::read_to_string(path).expect("the generated file");
    assert!(on_disk == epoch_api::typescript::types_file(), "stale: cargo run -p epoch-api --example types");
}
