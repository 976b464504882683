//! Where the app keeps what belongs to the person and not to one business.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

/// The app's identifier, as in `tauri.conf.json`.
const IDENTIFIER: &str = "dev.epochcore.console";

/// `EPOCHCORE_HOME`, or the platform's folder for application data; below the current folder where there is none.
pub fn home() -> PathBuf {
    match std::env::var_os("EPOCHCORE_HOME") {
        Some(dir) if !dir.is_empty() => PathBuf::from(dir),
        _ => platform_dir().unwrap_or_default().join("epochcore"),
    }
}

#[cfg(target_os = "macos")]
fn platform_dir() -> Option<PathBuf> {
    std::env::home_dir().map(|home| home.join("Library/Application Support"))
}

#[cfg(windows)]
fn platform_dir() -> Option<PathBuf> {
    std::env::var_os("APPDATA").map(PathBuf::from)
}

#[cfg(not(any(target_os = "macos", windows)))]
fn platform_dir() -> Option<PathBuf> {
    // The XDG specification says to ignore a value that is not absolute.
    let named = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from).filter(|dir| dir.is_absolute());
    named.or_else(|| std::env::home_dir().map(|home| home.join(".local/share")))
}

/// The name under which a running app is found: one per data home, so that two homes can run side by side.
pub fn instance_id(home: &Path) -> String {
    let mut hasher = DefaultHasher::new();
    home.hash(&mut hasher);
    format!("{IDENTIFIER}.h{:016x}", hasher.finish())
}
