//! What is made once per version of the levers and then handed out: payloads, definitions, digests.

use std::sync::{Arc, Mutex, PoisonError};

use epoch_levers::Compiled;

/// The latest `T` and the levers it was made of.
pub(crate) struct Prepared<T>(Mutex<Option<(Arc<Compiled>, Arc<T>)>>);

impl<T> Default for Prepared<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T> Prepared<T> {
    /// What `make` made of these levers, now or before. Holding the levers keeps their address from being used again.
    pub(crate) fn of(&self, levers: &Arc<Compiled>, make: impl FnOnce(&Compiled) -> T) -> Arc<T> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, made)) = held.as_ref()
            && Arc::ptr_eq(of, levers)
        {
            return Arc::clone(made);
        }
        let made = Arc::new(make(levers));
        *held = Some((Arc::clone(levers), Arc::clone(&made)));
        made
    }
}
