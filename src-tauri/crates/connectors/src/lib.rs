//! Sources that pull or watch, effects that go out.
//!
//! Knows the nouns of `epoch_model` and the outside world (files, folders, HTTP); knows nothing of SQLite, the engine or the
//! desktop. Events leave through [`epoch_model::event::EventSink`], effects need an [`epoch_model::gate::Permit`].

pub mod effects;
pub mod folder;
pub mod import;
pub mod levers_file;
pub mod publish;
pub mod webhook;
