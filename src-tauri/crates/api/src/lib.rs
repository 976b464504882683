//! The one command list with its types: the desktop shell, the command line and the tests all speak through it.
//!
//! Knows nothing of Tauri or HTTP.

pub mod clients;
pub mod commands;
pub mod control;
pub mod typescript;
pub mod views;

mod answers;
mod app;
mod connect;
mod describe;
mod reads;
mod reports;
mod snippets;
mod writes;

pub use app::{App, AppOptions};
pub use commands::Change;
pub use reports::{ReportFormat, render as render_report};
pub use writes::{FILE_SOURCE, starting_text};
