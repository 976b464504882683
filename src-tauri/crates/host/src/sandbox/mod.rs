//! A simulated business: a folder like any other, whose events come from a company with a known truth. The engine never
//! sees that truth, and nothing below `sandbox/` is read by engine or store.

mod book;
mod charter;
mod company;
mod feed;
mod found;
mod live;
mod operate;

pub use charter::{Charter, FASTEST, HISTORY_DAYS, Injected, SandboxOrder, Transport, is_sandbox, refused, scenario};
pub(crate) use company::Company;
pub use company::Sent;
pub use epoch_company::Program;
pub use operate::{Judgement, Phase, SandboxState};
