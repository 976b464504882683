//! Crates are layers, and an arrow only points down.

use std::collections::BTreeMap;

use crate::report;
use crate::tree::{read, root, rust_files};

/// From below upwards; what puts the parts together may use all that stands before it.
const STACK: &[&str] = &[
    "model",
    "stats",
    "levers",
    "policy",
    "engine",
    "store",
    "gateway",
    "connectors",
    "report",
    "sandbox",
    "company",
    "workflows",
    "host",
    "api",
    "mcp",
    "testkit",
];
const BELOW_HOST: &[&str] = STACK.split_at(12).0;
const BELOW_API: &[&str] = STACK.split_at(13).0;
const BELOW_TESTKIT: &[&str] = STACK.split_at(15).0;

/// What each crate may depend on among our own; a crate that is not listed has no place yet.
const MAY_USE: &[(&str, &[&str])] = &[
    ("stats", &[]),
    ("model", &[]),
    ("levers", &["model"]),
    ("policy", &["model"]),
    ("engine", &["model", "stats", "policy"]),
    ("store", &["model"]),
    ("gateway", &["model", "levers"]),
    ("connectors", &["model", "levers"]),
    ("report", &["model"]),
    ("sandbox", &["model", "stats"]),
    ("company", &["model", "sandbox"]),
    ("workflows", &["model"]),
    ("host", BELOW_HOST),
    ("api", BELOW_API),
    ("mcp", &["model", "host", "api"]),
    // `ras bench crash` is the testkit's harness.
    ("cli", STACK),
    ("testkit", BELOW_TESTKIT),
];

/// Crates that do no IO: what they must not be able to reach at all.
const PURE: &[&str] = &["model", "stats", "levers", "policy", "engine", "sandbox", "workflows"];
const IMPURE: &[&str] = &[
    "tokio",
    "rusqlite",
    "axum",
    "reqwest",
    "notify",
    "getrandom",
    "crossbeam-channel",
    "parking_lot",
    "tempfile",
    "rand",
];

fn dependencies(manifest: &str) -> BTreeMap<String, Vec<String>> {
    let mut sections: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut section = String::new();
    for line in manifest.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            name.clone_into(&mut section);
        } else if let Some((name, _)) = line.split_once('=') {
            let name = name.trim().split('.').next().unwrap_or_default();
            sections.entry(section.clone()).or_default().push(name.to_owned());
        }
    }
    sections
}

fn crates() -> Vec<String> {
    let dir = std::fs::read_dir(root().join("src-tauri/crates")).expect("the crates' folder");
    let mut names: Vec<String> = dir
        .filter_map(|entry| entry.ok().filter(|e| e.path().join("Cargo.toml").exists()))
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn arrows_point_down() {
    let mut breaches = Vec::new();
    for name in crates() {
        let Some((_, allowed)) = MAY_USE.iter().find(|(known, _)| *known == name) else {
            breaches.push(format!("{name} has no place among the layers; give it one in tests/tidy/layers.rs"));
            continue;
        };
        let sections = dependencies(&read(&format!("src-tauri/crates/{name}/Cargo.toml")));
        for used in sections.get("dependencies").into_iter().flatten() {
            let own = used.strip_prefix("epoch-");
            if own.is_some_and(|own| !allowed.contains(&own)) {
                breaches.push(format!("{name} uses {used}"));
            }
            if PURE.contains(&name.as_str()) && IMPURE.contains(&used.as_str()) {
                breaches.push(format!("{name} is pure and uses {used}"));
            }
        }
    }
    report("an arrow between crates only points down", &breaches);
}

#[test]
fn tauri_stays_in_the_shell() {
    let mut breaches = Vec::new();
    for name in crates() {
        let manifest = read(&format!("src-tauri/crates/{name}/Cargo.toml"));
        if dependencies(&manifest).values().flatten().any(|used| used.starts_with("tauri")) {
            breaches.push(format!("src-tauri/crates/{name}/Cargo.toml"));
        }
    }
    for file in rust_files().iter().filter(|file| file.path.starts_with("src-tauri/crates/")) {
        if file.text.contains("tauri::") {
            breaches.push(file.path.clone());
        }
    }
    report("no crate but the root package knows tauri", &breaches);
}

#[test]
fn every_crate_takes_the_workspace_s_lints() {
    let lacking: Vec<String> = crates()
        .into_iter()
        .filter(|name| !read(&format!("src-tauri/crates/{name}/Cargo.toml")).contains("[lints]\nworkspace = true"))
        .collect();
    report("a crate has `[lints] workspace = true`", &lacking);
}
