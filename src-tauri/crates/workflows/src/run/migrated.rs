//! A run goes on by another version of its definition.

use epoch_model::Result;

use super::turn::Turn;
use crate::migrate::{Nodes, moved};

impl Turn<'_> {
    pub fn migrate(&mut self, nodes: &Nodes) -> Result<()> {
        let from = self.run.version;
        moved(self.run, self.definition, nodes)?;
        self.note(None, format!("it goes on by version {} instead of {from}", self.definition.version));
        Ok(())
    }
}
