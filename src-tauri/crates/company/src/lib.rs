//! The simulated company as a process of its own. It sends its events to the gateway in PostHog's protocol and reads its
//! levers over OFREP, as any product would; it knows of the host only the lines it is told on its standard input.
//!
//! The host owns the clock: [`line`] is what is said. What was simulated since the world was last written can be lived
//! again byte for byte, because the levers it read are on a [`tape`] before anything that came of them is sent.

mod batch;
pub mod exposure;
mod gateway;
pub mod line;
mod play;
mod reader;
pub mod tape;

use std::ffi::OsString;
use std::path::PathBuf;

pub use exposure::{CALLED, Exposure, NO_VARIANT, Reported};
pub use line::{Answer, Opening, Order};
pub use play::play;

/// The unit of what the company itself does: SDKs must send one, and a flag must be read for one.
pub const UNIT: &str = "company";

/// The executable that becomes the company when it is started with these arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    pub path: PathBuf,
    pub args: Vec<OsString>,
}

impl Program {
    /// The executable that runs now, started with one or more words. `None` where the system does not say which it is.
    pub fn itself(words: &[&str]) -> Option<Self> {
        let args = words.iter().map(OsString::from).collect();
        Some(Self { path: std::env::current_exe().ok()?, args })
    }
}
