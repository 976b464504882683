//! Black-box tests of the engine: inputs in, actions out.

mod gate;
mod life;
mod monitoring;
mod playbooks;
mod properties;
mod world;
