//! What the store says of experiments, against the slow and obvious way: any order of arrival, persons who turn out to be one,
//! erasures, restarts, kills.

mod common;
mod crash;
mod examples;
mod oracle;
mod pilots;
mod properties;
