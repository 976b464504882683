//! SQLite: event log, rollups, journal, outbox, snapshots.
