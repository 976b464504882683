//! What can be said when starting the app, by a person, a notification or a second start.

use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, bail};
use serde_json::json;
use tauri::{AppHandle, Manager, Runtime};

use crate::backend::Slot;
use crate::link::Link;
use crate::{home, window};

/// `[DIR] [--open /approvals/dec_000001]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Args {
    /// Where settings and businesses are kept.
    pub home: PathBuf,
    /// The business to open; the last one when absent.
    pub folder: Option<PathBuf>,
    /// The console's address to go to.
    pub open: Option<String>,
}

impl Args {
    /// Reads the arguments after the program's name; relative folders start at `cwd`.
    ///
    /// # Errors
    /// An unknown option, a second folder, an address that is none.
    pub fn parse(words: impl Iterator<Item = OsString>, cwd: &Path) -> Result<Self> {
        let mut args = Self { home: home::home(), folder: None, open: None };
        let mut words = words;
        while let Some(word) = words.next() {
            match word.to_str() {
                Some("--open") => match words.next().as_deref().and_then(|w| w.to_str()) {
                    Some(path) if is_address(path) => args.open = Some(path.to_owned()),
                    _ => bail!("--open needs an address of the console, such as /approvals/dec_000001"),
                },
                Some(option) if option.starts_with("--") => bail!("unknown option {option}; there is only --open PATH"),
                _ if args.folder.is_some() => bail!("one business folder at a time"),
                _ => args.folder = Some(absolute(cwd, Path::new(&word))),
            }
        }
        Ok(args)
    }
}

/// An address inside the console: starts with one slash and holds nothing that could leave the page.
fn is_address(path: &str) -> bool {
    path.len() <= 256
        && path.starts_with('/')
        && !path.starts_with("//")
        && path.chars().all(|c| c.is_ascii_alphanumeric() || "/_-.?=&%".contains(c))
}

fn absolute(cwd: &Path, path: &Path) -> PathBuf {
    let joined = cwd.join(path);
    joined.components().filter(|part| !matches!(part, Component::CurDir)).collect()
}

/// The app was started again: show the window that is there, and do in it what the second start asked for.
pub fn second_start<R: Runtime>(app: &AppHandle<R>, argv: &[String], cwd: &str) {
    window::show(app);
    let words = argv.iter().skip(1).map(OsString::from);
    match Args::parse(words, Path::new(cwd)) {
        Ok(args) => {
            if let Some(folder) = args.folder {
                let slot = Arc::clone(&app.state::<Arc<Slot>>());
                crate::status::in_background("open-folder", move || {
                    slot.write("open_business", json!({ "folder": folder }))
                });
            }
            if let Some(path) = args.open {
                app.state::<Arc<Link>>().open(path);
            }
        }
        Err(error) => tracing::warn!(%error, "a second start said something that is not understood"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(words: &[&str], expect: Result<(Option<&str>, Option<&str>), &str>) {
        let got = Args::parse(words.iter().map(OsString::from), Path::new("/data"));
        match (got, expect) {
            (Ok(args), Ok((folder, open))) => {
                assert_eq!(args.folder, folder.map(PathBuf::from), "{words:?}");
                assert_eq!(args.open.as_deref(), open, "{words:?}");
            }
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{words:?}: {error}"),
            (got, expect) => panic!("{words:?}: {got:?}, expected {expect:?}"),
        }
    }

    #[test]
    fn arguments() {
        check(&[], Ok((None, None)));
        check(&["shop"], Ok((Some("/data/shop"), None)));
        check(&["./shop", "--open", "/kpis"], Ok((Some("/data/shop"), Some("/kpis"))));
        check(&["/srv/shop"], Ok((Some("/srv/shop"), None)));
        check(&["--open", "/approvals/dec_000001"], Ok((None, Some("/approvals/dec_000001"))));
        check(&["--open"], Err("needs an address"));
        check(&["--open", "https://example.com"], Err("needs an address"));
        check(&["--open", "//example.com"], Err("needs an address"));
        check(&["--open", "/a'b"], Err("needs an address"));
        check(&["--verbose"], Err("unknown option"));
        check(&["a", "b"], Err("one business folder"));
    }
}
