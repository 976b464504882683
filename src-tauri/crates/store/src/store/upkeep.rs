//! Backup, restore, doctor.

use std::path::Path;

use epoch_model::error::Result;

use super::Store;
use crate::types::Check;
use crate::upkeep;

impl Store {
    /// Copies the database to the file `to` while work goes on, and checks the copy before it takes that name.
    pub fn backup(&self, to: &Path) -> Result<()> {
        self.read(|db| upkeep::backup(db, to))
    }

    /// Puts a checked backup in the place of `dir`'s database; nobody may hold the folder. The old file is kept as
    /// `business.db.before-restore`.
    pub fn restore(from: &Path, dir: &Path) -> Result<()> {
        upkeep::restore(from, dir)
    }

    /// Examines a folder without changing it, also beside a process that writes.
    pub fn doctor(dir: &Path) -> Vec<Check> {
        upkeep::doctor(dir)
    }
}
