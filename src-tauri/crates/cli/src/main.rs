//! `ras`.
fn main() {}
