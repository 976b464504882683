//! Watched folders: what settles in one is imported, once per content.

use std::path::Path;
use std::sync::Weak;
use std::time::Duration;

use epoch_connectors::folder::{Keeper, Options, Settled, Watch};
use epoch_model::business::{Mapping, SourceKind};
use epoch_model::{Code, Error, Result};
use serde_json::json;

use crate::inner::Inner;

/// Time between two looks at a folder.
const LOOK_EVERY: Duration = Duration::from_secs(2);

struct FolderKeeper {
    host: Weak<Inner>,
    source: String,
    mapping: Option<Mapping>,
}

fn key(source: &str, fingerprint: &str) -> String {
    format!("folder.{source}.{fingerprint}")
}

impl Keeper for FolderKeeper {
    fn seen_content(&mut self, fingerprint: &str) -> bool {
        let Some(host) = self.host.upgrade() else { return true };
        matches!(host.store.import(&key(&self.source, fingerprint)), Ok(Some(_)))
    }

    fn settled(&mut self, file: &Settled) -> Result<()> {
        let Some(host) = self.host.upgrade() else { return Ok(()) };
        let mapping = match &self.mapping {
            Some(mapping) => mapping.clone(),
            None => host.guess(&file.path)?,
        };
        let report = host.import_file(&file.path, &mapping, &self.source)?;
        let mark = json!({ "path": file.path, "rows": report.rows, "accepted": report.accepted });
        if !report.growing {
            host.store.put_import(&key(&self.source, &file.fingerprint), &mark)?;
        }
        Ok(())
    }

    fn problem(&mut self, path: &Path, error: &Error) {
        tracing::warn!(source = %self.source, path = %path.display(), error = %error, "a file of a watched folder waits");
        if let Some(host) = self.host.upgrade() {
            let message = format!("{}: {}", path.display(), error.message);
            if let Err(e) = host.store.source_failed(&self.source, &message) {
                tracing::warn!(error = %e, "the source's failure could not be noted");
            }
        }
    }
}

/// Starts a watch for every folder source of the configuration.
pub(crate) fn start(host: &std::sync::Arc<Inner>) -> Vec<Watch> {
    let config = host.config.read().clone();
    let mut watches = Vec::new();
    for source in &config.business.sources {
        let SourceKind::Folder { path, pattern } = &source.kind else { continue };
        let options = Options {
            path: host.folder.path().join(path),
            pattern: pattern.clone(),
            subfolders: true,
            every: LOOK_EVERY,
        };
        let keeper = FolderKeeper {
            host: std::sync::Arc::downgrade(host),
            source: source.key.clone(),
            mapping: source.map.clone(),
        };
        match Watch::start(options, keeper) {
            Ok(watch) => watches.push(watch),
            Err(e) => {
                let e = Error::new(Code::FileUnreadable, format!("source “{}”: {}", source.key, e.message), e.hint);
                host.problems.put(&format!("folder.{}", source.key), e, None);
            }
        }
    }
    watches
}
