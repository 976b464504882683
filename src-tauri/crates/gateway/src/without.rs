//! For programs that only take events in.

use std::sync::Arc;

use epoch_levers::{Book, Compiled};
use epoch_model::ports::{Privacy, PrivacyBook, Reader, ReaderLog, SecretBook};

/// No levers, nobody to remember, default privacy, no secrets.
#[derive(Debug, Clone, Copy, Default)]
pub struct WithoutLevers;

impl Book for WithoutLevers {
    fn current(&self) -> Arc<Compiled> {
        Arc::default()
    }

    fn on_change(&self, _: Box<dyn Fn(u64) + Send + Sync>) {}
}

impl ReaderLog for WithoutLevers {
    fn read(&self, _: Reader<'_>) {}
}

impl PrivacyBook for WithoutLevers {
    fn privacy(&self, _: &str) -> Arc<Privacy> {
        Arc::default()
    }
}

impl SecretBook for WithoutLevers {
    fn secret(&self, _: &str) -> Option<Arc<str>> {
        None
    }
}
