//! Publishes the levers in force, as GrowthBook's SDKs read them, where products look for them: a file, a web address, a
//! git repository.

mod file;
mod git;
mod http;

use std::path::{Path, PathBuf};

use epoch_model::business::{PublishKind, PublishTarget};
use epoch_model::gate::Publication;
use epoch_model::{Code, Error, Result};

/// Brings `payload` to `target`. `folder` is the business's folder, `secret` the value of the header `Authorization`.
///
/// [`Code::EffectFailed`] means that trying again may help; any other code that it will not. Must run within a tokio
/// runtime with time and IO.
pub async fn publish(
    permit: &Publication,
    target: &PublishTarget,
    folder: &Path,
    payload: &str,
    secret: Option<&str>,
) -> Result<()> {
    if permit.target() != target.key {
        return Err(Error::new(Code::Denied, "the permit is for another target", "ask the gate again"));
    }
    match &target.kind {
        PublishKind::File { path } => {
            let (folder, path, payload) = (folder.to_owned(), path.clone(), payload.to_owned());
            blocking(move || file::write(&folder, &path, &payload).map(drop)).await
        }
        PublishKind::HttpPut { url, allow_private, .. } => http::put(url, *allow_private, payload, secret).await,
        PublishKind::Git { repo, path, branch, push } => {
            let commit = git::Commit {
                repo: PathBuf::from(repo),
                path: path.clone(),
                branch: branch.clone(),
                message: format!("Publish levers, version {}", permit.version()),
                push: *push,
            };
            let payload = payload.to_owned();
            blocking(move || git::commit(&commit, &payload)).await
        }
    }
}

async fn blocking(work: impl FnOnce() -> Result<()> + Send + 'static) -> Result<()> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|e| Err(Error::new(Code::Internal, format!("publishing broke off: {e}"), "see the log")))
}
