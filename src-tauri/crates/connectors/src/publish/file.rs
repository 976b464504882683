//! A file that readers see whole or not at all.

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Component, Path, PathBuf};

use epoch_model::{Code, Error, Result};

/// Writes `text` to `path` within `folder`: a temporary file beside it, synced, then renamed over it. Gives back what was
/// there before.
pub(super) fn write(folder: &Path, path: &str, text: &str) -> Result<Option<Vec<u8>>> {
    let path = within(folder, path)?;
    let before = match fs::read(&path) {
        Ok(before) => Some(before),
        Err(e) if e.kind() == ErrorKind::NotFound => None,
        Err(e) => return Err(failed(&path, "read", &e)),
    };
    if before.as_deref() != Some(text.as_bytes()) {
        put(&path, text.as_bytes())?;
    }
    Ok(before)
}

/// Puts back what [`write`] found.
pub(super) fn restore(folder: &Path, path: &str, before: Option<&[u8]>) -> Result<()> {
    let path = within(folder, path)?;
    match before {
        Some(before) => put(&path, before),
        None => fs::remove_file(&path).map_err(|e| failed(&path, "removed", &e)),
    }
}

fn put(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = folder.join(format!(".{name}.{}.tmp", std::process::id()));
    let write = || -> std::io::Result<()> {
        let mut file = File::create(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        File::open(folder)?.sync_all()
    };
    write().map_err(|e| {
        // The temporary file is only a leftover; the error that matters is the first one.
        let _ = fs::remove_file(&temporary);
        failed(path, "written", &e)
    })
}

fn failed(path: &Path, what: &str, e: &std::io::Error) -> Error {
    let hint = "free some space or check the folder's permissions";
    Error::new(Code::EffectFailed, format!("“{}” cannot be {what}: {e}", path.display()), hint)
}

/// Whether a path names something below its folder, and not git's own files.
pub(super) fn stays_below(path: &str) -> bool {
    let mut parts = Path::new(path).components();
    !path.is_empty() && parts.all(|part| matches!(part, Component::Normal(name) if name != ".git"))
}

/// The file's path, its folders made. It does not leave `folder`, neither by its name nor through links.
fn within(folder: &Path, path: &str) -> Result<PathBuf> {
    let leaves = || {
        let message = format!("“{path}” leads out of “{}”", folder.display());
        Error::new(Code::Denied, message, "publish to a plain file below it")
    };
    if !stays_below(path) {
        return Err(leaves());
    }
    let base = folder.canonicalize().map_err(|e| failed(folder, "opened", &e))?;
    let full = base.join(path);
    let parent = full.parent().ok_or_else(leaves)?;
    // What exists of the way is looked at before anything is made below it.
    let known = parent.ancestors().find(|ancestor| ancestor.exists()).ok_or_else(leaves)?;
    let real = known.canonicalize().map_err(|e| failed(known, "opened", &e))?;
    if !real.starts_with(&base) || full.is_symlink() {
        return Err(leaves());
    }
    fs::create_dir_all(parent).map_err(|e| failed(parent, "made", &e))?;
    Ok(full)
}
