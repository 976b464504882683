//! Connections that read: opened when needed, kept for the next reader, bounded.

use std::ops::Deref;
use std::path::PathBuf;

use epoch_model::error::Result;
use parking_lot::{Condvar, Mutex};
use rusqlite::Connection;

use crate::db;

/// The readers of one database file.
#[derive(Debug)]
pub struct Pool {
    path: PathBuf,
    max: usize,
    state: Mutex<Idle>,
    returned: Condvar,
}

#[derive(Debug, Default)]
struct Idle {
    connections: Vec<Connection>,
    open: usize,
}

/// A connection on loan.
pub struct Reader<'a> {
    pool: &'a Pool,
    connection: Option<Connection>,
}

impl Pool {
    pub fn new(path: PathBuf, max: usize) -> Self {
        Self { path, max: max.max(1), state: Mutex::default(), returned: Condvar::new() }
    }

    /// A reader; waits while all are in use.
    pub fn get(&self) -> Result<Reader<'_>> {
        let mut state = self.state.lock();
        loop {
            if let Some(connection) = state.connections.pop() {
                return Ok(Reader { pool: self, connection: Some(connection) });
            }
            if state.open < self.max {
                break;
            }
            self.returned.wait(&mut state);
        }
        state.open += 1;
        drop(state);
        match db::open_reader(&self.path) {
            Ok(connection) => Ok(Reader { pool: self, connection: Some(connection) }),
            Err(e) => {
                self.state.lock().open -= 1;
                self.returned.notify_one();
                Err(e)
            }
        }
    }

    /// Closes what is idle, so that the file can be moved.
    pub fn clear(&self) {
        let mut state = self.state.lock();
        let idle = std::mem::take(&mut state.connections);
        state.open = state.open.saturating_sub(idle.len());
    }
}

impl Deref for Reader<'_> {
    type Target = Connection;
    #[expect(clippy::expect_used, reason = "only Drop takes it out")]
    fn deref(&self) -> &Connection {
        self.connection.as_ref().expect("a reader on loan has its connection")
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.pool.state.lock().connections.push(connection);
            self.pool.returned.notify_one();
        }
    }
}
