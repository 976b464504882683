//! The store through its front door.

mod common;
mod crash;
mod files;
mod ingest;
mod records;
