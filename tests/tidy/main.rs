//! House rules, checked over the tree: what a reviewer would otherwise have to look for in every change.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

mod layers;
mod sources;
mod tree;

use std::collections::BTreeSet;

use tree::{File, read, rust_files, tracked_files};

/// Fails with every breach at once, each on its line.
fn report(rule: &str, breaches: &[String]) {
    assert!(breaches.is_empty(), "{rule}:\n  {}\n", breaches.join("\n  "));
}

#[test]
fn every_error_code_is_documented_once() {
    let codes = error_codes();
    let sections: Vec<String> = read("docs/errors.md")
        .lines()
        .filter_map(|line| Some(line.strip_prefix("## `")?.strip_suffix('`')?.to_owned()))
        .collect();
    assert!(codes.len() > 10, "the list of codes was not found");
    let documented: BTreeSet<_> = sections.iter().cloned().collect();
    assert_eq!(documented.len(), sections.len(), "a code has two sections");
    assert_eq!(documented, codes, "docs/errors.md and epoch_model::Code differ");
    for section in read("docs/errors.md").split("\n## ").skip(1) {
        for part in ["**Cause.**", "**Next step.**"] {
            assert!(section.contains(part), "no {part} in {}", section.lines().next().unwrap_or_default());
        }
    }
}

/// The variants of `Code`, in the form in which they are written outside Rust.
fn error_codes() -> BTreeSet<String> {
    let text = read("src-tauri/crates/model/src/error.rs");
    let body = text.split_once("pub enum Code {").expect("the enum").1.split_once('}').expect("its end").0;
    let variants = body.lines().map(str::trim).filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase()));
    variants.map(|line| snake(line.trim_end_matches(','))).collect()
}

fn snake(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

#[test]
fn the_pure_crates_share_the_lint_settings() {
    let root: BTreeSet<String> = settings("clippy.toml");
    for name in ["model", "stats", "levers", "sandbox", "engine", "workflows"] {
        let own = settings(&format!("src-tauri/crates/{name}/clippy.toml"));
        assert!(own.is_superset(&root), "{name}/clippy.toml lacks {:?}", root.difference(&own).collect::<Vec<_>>());
        assert!(own.iter().any(|line| line.contains("SystemTime::now")), "{name} may read the clock");
    }
}

fn settings(path: &str) -> BTreeSet<String> {
    let text = read(path);
    text.lines().filter(|line| line.contains('=') && !line.starts_with('#')).map(str::to_owned).collect()
}

#[test]
fn files_have_a_readable_size() {
    let mut lines: Vec<(usize, String)> =
        rust_files().iter().map(|file| (file.text.lines().count(), file.path.clone())).collect();
    lines.sort();
    let long: Vec<_> = lines.iter().filter(|(n, _)| *n > 700).map(|(n, path)| format!("{path}: {n} lines")).collect();
    report("a Rust file has at most 700 lines", &long);
    let (median, _) = lines[lines.len() / 2];
    assert!(median <= 160, "half of the Rust files have more than {median} lines");
}

#[test]
fn nothing_large_or_generated_is_tracked() {
    let breaches: Vec<String> = tracked_files()
        .into_iter()
        .filter_map(|path| {
            let size = std::fs::metadata(tree::root().join(&path)).ok()?.len();
            let built = ["target/", "node_modules/", "ui/dist/", "gen/"].iter().any(|dir| path.contains(dir));
            (built || size > 2 * 1024 * 1024).then(|| format!("{path}: {size} bytes"))
        })
        .collect();
    report("the repository holds sources, not what is made from them", &breaches);
}

#[test]
fn only_the_shell_reads_commands_of_the_shell() {
    let ui: Vec<File> = tree::files_below("ui/src", &["ts", "svelte"]);
    let breaches: Vec<String> = ui
        .iter()
        .filter(|file| !file.path.starts_with("ui/src/lib/backend/"))
        .filter(|file| file.text.contains("@tauri-apps/"))
        .map(|file| file.path.clone())
        .collect();
    report("@tauri-apps is imported in ui/src/lib/backend only", &breaches);
}
