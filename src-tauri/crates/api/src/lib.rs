//! The one command list with its types: the desktop shell, the command line and the tests all speak through it.
//!
//! Knows nothing of Tauri or HTTP.

pub mod commands;
pub mod typescript;
pub mod views;

pub use commands::Change;
