//! The gateway as its callers see it: bytes over a socket, an inbox in memory behind it.

mod capture;
mod events;
mod guard;
mod kit;
mod limits;
mod read;
mod recorded;
