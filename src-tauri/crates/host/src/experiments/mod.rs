//! Experiments between engine, store and levers: what is counted, when it is looked at, what a lever's row says while one runs.

pub(crate) mod moves;
