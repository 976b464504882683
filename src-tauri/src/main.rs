//! `epochcore [DIR] [--open PATH]`: the console of the business in DIR, or of the one that was open last.
#![cfg_attr(all(not(debug_assertions), windows), windows_subsystem = "windows")]

use std::process::ExitCode;

use epochcore_desktop::{args::Args, backend, run};

fn main() -> anyhow::Result<ExitCode> {
    if std::env::args_os().nth(1).is_some_and(|word| word == backend::COMPANY) {
        return Ok(epoch_company::play(|| std::process::exit(0)));
    }
    let args = Args::parse(std::env::args_os().skip(1), &std::env::current_dir()?)?;
    run(args, backend::open)?;
    Ok(ExitCode::SUCCESS)
}
