//! The files of the repository, as the rules see them.

use std::path::{Path, PathBuf};

/// A text file with its path from the repository's root, written with `/`.
pub struct File {
    /// From the root.
    pub path: String,
    /// All of it.
    pub text: String,
}

impl File {
    /// The part that ships: everything before the first `#[cfg(test)]`; nothing of a file that is only tests.
    pub fn shipped(&self) -> &str {
        if self.is_test() {
            return "";
        }
        self.text.split("#[cfg(test)]").next().unwrap_or_default()
    }

    /// Whether the file as a whole belongs to tests.
    pub fn is_test(&self) -> bool {
        self.path.contains("/tests/")
            || self.path.starts_with("tests/")
            || self.path.contains("/benches/")
            || self.path.ends_with("/tests.rs")
    }
}

/// The repository's root.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A file's text.
pub fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).expect(path)
}

/// All Rust files: the shell, the crates, the tests.
pub fn rust_files() -> Vec<File> {
    ["src-tauri", "tests"].iter().flat_map(|dir| files_below(dir, &["rs"])).collect()
}

/// Files with one of these endings, sorted by path.
pub fn files_below(dir: &str, endings: &[&str]) -> Vec<File> {
    let mut found = Vec::new();
    collect(&root().join(dir), endings, &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn collect(dir: &Path, endings: &[&str], found: &mut Vec<File>) {
    let Ok(entries) = std::fs::read_dir(dir) else { return };
    for path in entries.filter_map(|entry| entry.ok().map(|entry| entry.path())) {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() {
            if !["node_modules", "target", "dist", ".venv"].contains(&name) {
                collect(&path, endings, found);
            }
        } else if path.extension().and_then(|e| e.to_str()).is_some_and(|e| endings.contains(&e))
            && let Ok(text) = std::fs::read_to_string(&path)
        {
            let relative = path.strip_prefix(root()).unwrap_or(&path);
            found.push(File { path: relative.to_string_lossy().replace('\\', "/"), text });
        }
    }
}

/// Paths that git tracks; none when this is not a git checkout.
pub fn tracked_files() -> Vec<String> {
    let output = std::process::Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output();
    let Ok(output) = output else { return Vec::new() };
    let text = String::from_utf8_lossy(&output.stdout);
    text.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect()
}
