//! Rules about what a Rust file says.

use crate::report;
use crate::tree::{File, files_below, read, rust_files, tracked_files};

/// Lines of the shipped part that a rule objects to, as `path:line: text`.
fn lines(files: &[File], objects: impl Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for file in files {
        for (index, line) in file.shipped().lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if objects(code) {
                found.push(format!("{}:{}: {}", file.path, index + 1, line.trim()));
            }
        }
    }
    found
}

#[test]
fn a_module_begins_with_what_it_is_for() {
    let silent: Vec<String> = rust_files()
        .iter()
        .filter(|file| !file.path.ends_with("/tests.rs") && !file.path.contains("/tests/"))
        .filter(|file| !file.text.starts_with("//!"))
        .map(|file| file.path.clone())
        .collect();
    report("a Rust file begins with `//!` and what it is for", &silent);
}

#[test]
fn nothing_unfinished_is_left() {
    let files = rust_files();
    let macros = ["todo!", "unimplemented!", "dbg!"].map(|name| format!("{name}("));
    report("no unfinished code", &lines(&files, |code| macros.iter().any(|name| code.contains(name))));
    let marks = ["TODO", "FIXME", "XXX", "HACK"];
    let marked: Vec<String> = files
        .iter()
        .filter(|file| !file.path.starts_with("tests/tidy/"))
        .flat_map(|file| {
            file.text
                .lines()
                .enumerate()
                .filter(|(_, line)| marks.iter().any(|mark| line.contains(mark)))
                .map(|(i, line)| format!("{}:{}: {}", file.path, i + 1, line.trim()))
                .collect::<Vec<_>>()
        })
        .collect();
    report("what is left to do is written down where work is planned, not in the code", &marked);
}

#[test]
fn only_programs_end_the_process_or_print() {
    let libraries: Vec<File> = rust_files()
        .into_iter()
        .filter(|file| !["/cli/", "/examples/", "/main.rs", "/build.rs"].iter().any(|part| file.path.contains(part)))
        .collect();
    let calls = ["process::exit(", "println!(", "eprintln!(", "print!(", "panic!(", "unreachable!("];
    report(
        "a library neither prints nor ends the process",
        &lines(&libraries, |code| calls.iter().any(|call| code.contains(call))),
    );
}

#[test]
fn public_nouns_say_what_they_are() {
    let heads = ["pub struct ", "pub enum ", "pub trait ", "pub const ", "pub static ", "pub type "];
    let mut silent = Vec::new();
    for file in rust_files().iter().filter(|file| !file.is_test()) {
        let lines: Vec<&str> = file.shipped().lines().collect();
        for (index, line) in lines.iter().enumerate() {
            if heads.iter().any(|head| line.starts_with(head)) && !documented(&lines[..index]) {
                silent.push(format!("{}:{}: {}", file.path, index + 1, line.trim()));
            }
        }
    }
    report("a public type or constant has a doc comment", &silent);
}

/// Whether what stands above an item, attributes aside, is a doc comment.
fn documented(above: &[&str]) -> bool {
    let mut depth = 0_i32;
    for line in above.iter().rev().map(|line| line.trim()) {
        // An attribute may take several lines; its brackets close before they open when read upwards.
        depth += i32::try_from(line.matches(']').count()).unwrap() - i32::try_from(line.matches('[').count()).unwrap();
        if line.starts_with("///") || line.starts_with("//!") {
            return true;
        }
        if !(line.starts_with("#[") || depth > 0 || line.ends_with(")]")) {
            return false;
        }
    }
    false
}

#[test]
fn exceptions_from_unsafe_are_named() {
    let files = rust_files();
    report("unsafe code", &lines(&files, |code| code.contains("unsafe {") || code.contains("unsafe fn ")));
}

#[test]
fn nothing_points_at_one_machine() {
    let folders = [["/", "work/"], ["/", "root/"], ["/Us", "ers/"]].map(|parts| parts.concat());
    let breaches: Vec<String> = tracked_files()
        .iter()
        .filter(|path| !path.ends_with("package-lock.json"))
        .filter_map(|path| Some((path, std::fs::read_to_string(crate::tree::root().join(path)).ok()?)))
        .flat_map(|(path, text)| {
            let found =
                text.lines().enumerate().filter(|(_, line)| folders.iter().any(|folder| points_at(line, folder)));
            found.map(|(i, line)| format!("{path}:{}: {}", i + 1, line.trim())).collect::<Vec<_>>()
        })
        .collect();
    report("no path of one machine", &breaches);
}

/// A folder at the start of a path: not in the middle of a longer one, nor of an address.
fn points_at(line: &str, folder: &str) -> bool {
    line.match_indices(folder)
        .any(|(at, _)| line[..at].chars().next_back().is_none_or(|c| !c.is_alphanumeric() && !"._-/}\\".contains(c)))
}

#[test]
fn locked_packages_come_from_the_public_registries() {
    let mut breaches = Vec::new();
    for path in
        tracked_files().iter().filter(|path| path.ends_with("Cargo.lock") || path.ends_with("package-lock.json"))
    {
        for (index, line) in read(path).lines().enumerate() {
            let line = line.trim().trim_end_matches(',');
            let address = line.strip_prefix("\"resolved\": ").or_else(|| line.strip_prefix("source = "));
            let public = ["\"https://registry.npmjs.org/", "\"registry+https://github.com/rust-lang/crates.io-index\""];
            if address.is_some_and(|address| !public.iter().any(|known| address.starts_with(known))) {
                breaches.push(format!("{path}:{}: {line}", index + 1));
            }
        }
    }
    report("a lock file names the public registries only", &breaches);
}

#[test]
fn types_for_the_page_are_in_the_tree() {
    assert!(!files_below("ui/src/lib/backend", &["ts"]).is_empty(), "the page's side of the boundary is missing");
    assert!(read("ui/src/lib/backend/types.ts").contains("StatusView"), "the generated types are missing");
}
