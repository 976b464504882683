//! Black-box tests of the numeric core.

mod baselines;
mod golden;
mod localisation;
mod sim;
