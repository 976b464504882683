//! What the engine makes of experiments: each with its story, each look read, and the stream of them all.

use epoch_model::error::{Code, Error, Result};
use epoch_model::experiment::{Experiment, Portfolio, Reading};
use rusqlite::{Connection, params};

use crate::documents::{all, one, text, word};
use crate::fault::{DbResult, damaged};
use crate::records;

/// An experiment is found by key, its readings by key and number of the look.
pub const TABLES: &str = "
CREATE TABLE experiments (
    key TEXT PRIMARY KEY,
    state TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE experiment_readings (
    experiment TEXT NOT NULL,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (experiment, number)
) STRICT, WITHOUT ROWID;
";

/// Where the stream as a whole is kept among the meta values.
pub const PORTFOLIO: &str = "experiments.portfolio";

pub fn put_experiment(db: &Connection, experiment: &Experiment) -> Result<()> {
    db.prepare_cached("INSERT OR REPLACE INTO experiments (key, state, created_at, body) VALUES (?,?,?,?)")
        .db()?
        .execute(params![experiment.spec.key, word(&experiment.state)?, experiment.created_at, text(experiment)?])
        .db()?;
    Ok(())
}

/// Newest first.
pub fn experiments(db: &Connection) -> Result<Vec<Experiment>> {
    all(db, "SELECT body FROM experiments ORDER BY created_at DESC, key", [])
}

pub fn experiment(db: &Connection, key: &str) -> Result<Option<Experiment>> {
    one(db, "SELECT body FROM experiments WHERE key = ?", key)
}

pub fn put_reading(db: &Connection, reading: &Reading) -> Result<()> {
    db.prepare_cached("INSERT OR REPLACE INTO experiment_readings (experiment, number, at, body) VALUES (?,?,?,?)")
        .db()?
        .execute(params![reading.experiment, reading.number, reading.at, text(reading)?])
        .db()?;
    Ok(())
}

/// In the order they were made.
pub fn readings(db: &Connection, experiment: &str) -> Result<Vec<Reading>> {
    all(db, "SELECT body FROM experiment_readings WHERE experiment = ? ORDER BY number", [experiment])
}

pub fn put_portfolio(db: &Connection, portfolio: &Portfolio) -> Result<()> {
    let value = serde_json::to_value(portfolio)
        .map_err(|e| Error::new(Code::Internal, format!("the portfolio cannot be written: {e}"), "report it"))?;
    records::put_meta(db, PORTFOLIO, Some(&value))
}

pub fn portfolio(db: &Connection) -> Result<Option<Portfolio>> {
    let read =
        |value| serde_json::from_value(value).map_err(|e| damaged(&format!("the portfolio cannot be read: {e}")));
    records::meta(db, PORTFOLIO)?.map(read).transpose()
}
