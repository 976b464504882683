//! Model Context Protocol: outside agents read numbers and decisions, propose, and answer what they are asked.
//!
//! A thin face over the client's part of the local socket: who may do what, how often and how much is checked by the process
//! that holds the business, never here. There is no tool that approves, executes or configures, and none may be added.

mod answers;
mod http;
mod link;
mod server;
mod times;
mod tools;

pub use http::{Listening, listen};
pub use link::Link;
pub use server::{Caller, Server, stdio};
pub use tools::names;
