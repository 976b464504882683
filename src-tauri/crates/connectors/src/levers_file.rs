//! Publishes the levers in force as a file that a product can read at any moment: whole or not at all.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use epoch_model::{Code, Error, Result};
use serde_json::Value;

/// Writes `levers` as JSON to `path`: a temporary file beside it, synced, then renamed over it, then the folder synced, so
/// that a reader and a power cut see the old or the new file, never a part. Fails with [`Code::DiskFull`].
pub fn publish(path: &Path, levers: &Value) -> Result<()> {
    let failed = |what: &str, e: &std::io::Error| {
        Error::new(
            Code::DiskFull,
            format!("“{}” cannot be {what}: {e}", path.display()),
            "free some space or check the folder's permissions",
        )
    };
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let name = path.file_name().map_or_else(|| "levers.json".into(), |n| n.to_string_lossy().into_owned());
    let temporary = folder.join(format!(".{name}.{}.tmp", std::process::id()));
    let mut text = serde_json::to_vec_pretty(levers)
        .map_err(|e| Error::new(Code::Internal, format!("the levers are not JSON: {e}"), "report this"))?;
    text.push(b'\n');
    let write = || -> std::io::Result<()> {
        let mut file = File::create(&temporary)?;
        file.write_all(&text)?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    };
    if let Err(e) = write() {
        // The temporary file is only a leftover; the error that matters is the first one.
        let _ = fs::remove_file(&temporary);
        return Err(failed("written", &e));
    }
    File::open(folder).and_then(|f| f.sync_all()).map_err(|e| failed("synced", &e))
}
