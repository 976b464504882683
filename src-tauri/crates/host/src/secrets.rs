//! Named secrets of a business, kept outside of its folder beside the operator's key: who copies or commits the folder
//! does not carry them along.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use epoch_model::ports::SecretBook;
use epoch_model::{Code, Error, Result};

use crate::config::io_error;
use crate::keys::{business_folder, replace_private};

/// Longest secret, in bytes.
const SECRET_BYTES_MAX: usize = 8192;

/// The secrets of one business on this machine.
#[derive(Debug, Clone)]
pub struct Secrets {
    folder: PathBuf,
}

impl Secrets {
    /// Those of the business with this seed.
    pub(crate) fn of(seed: u64) -> Self {
        Self { folder: business_folder("secrets", seed) }
    }

    /// Keeps a secret under a name, in the place of an earlier one. White space around it is no part of it.
    pub fn set(&self, name: &str, value: &str) -> Result<()> {
        let path = self.path(name)?;
        let value = value.trim();
        if value.is_empty() || value.len() > SECRET_BYTES_MAX || value.chars().any(char::is_control) {
            let message =
                format!("the secret “{name}” is empty, or no single line of at most {SECRET_BYTES_MAX} bytes");
            return Err(Error::new(Code::InvalidArgument, message, "give the secret alone, on one line"));
        }
        replace_private(&path, value)
    }

    /// Forgets one; [`Code::NotFound`] when there is none.
    pub fn remove(&self, name: &str) -> Result<()> {
        let path = self.path(name)?;
        fs::remove_file(&path).map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => {
                let message = format!("there is no secret named “{name}” on this machine");
                Error::new(Code::NotFound, message, "list them with `ras secret list`")
            }
            _ => io_error(&path, &e),
        })
    }

    /// Names of those that are kept, in order.
    pub fn names(&self) -> Vec<String> {
        let Ok(files) = fs::read_dir(&self.folder) else { return Vec::new() };
        let mut names: Vec<String> = files
            .flatten()
            .filter_map(|f| f.file_name().into_string().ok())
            .filter(|name| names_secret(name))
            .collect();
        names.sort_unstable();
        names
    }

    fn path(&self, name: &str) -> Result<PathBuf> {
        if !names_secret(name) {
            let hint = "use up to 40 letters, digits, - and _; after “effect.” for one of an effect";
            return Err(Error::new(Code::InvalidArgument, format!("“{name}” is no name for a secret"), hint));
        }
        Ok(self.folder.join(name))
    }
}

impl SecretBook for Secrets {
    fn secret(&self, name: &str) -> Option<Arc<str>> {
        let text = fs::read_to_string(self.path(name).ok()?).ok()?;
        Some(Arc::from(text.trim())).filter(|secret: &Arc<str>| !secret.is_empty())
    }
}

/// What names a secret: a word, or an effect's key after `effect.`. It is a file's name, too.
fn names_secret(name: &str) -> bool {
    well_formed(name.strip_prefix("effect.").unwrap_or(name))
}

/// What names keys: it is a file's name, too.
pub(crate) fn well_formed(name: &str) -> bool {
    !name.is_empty() && name.len() <= 40 && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
}
