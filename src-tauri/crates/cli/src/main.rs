//! `ras`: the engine's second face, for servers, scripts and tests.
//!
//! Every command has `--json` with a documented shape (docs/cli.md). Exit codes: 0 done, 1 failed, 2 wrong usage. Errors
//! are `{"code","message","hint"}`.

mod args;
mod bench;
mod commands;
mod connect;
mod decide;
mod experiments;
mod import;
mod levers;
mod mcp;
mod output;
mod policy;
mod sandbox;
mod serve;
mod session;
mod statistics;
mod workflow;

use std::process::ExitCode;

use args::Cli;
use clap::Parser as _;
use epoch_model::{Code, Error};
use output::Output;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(e) => {
            let usage = e.use_stderr();
            if usage && std::env::args_os().skip(1).take_while(|a| a != "--").any(|a| a == "--json") {
                Output::new(true).error(&misused(&e));
                return ExitCode::from(2);
            }
            // clap prints help and version to stdout and mistakes to stderr.
            let _ = e.print();
            return if usage { ExitCode::from(2) } else { ExitCode::SUCCESS };
        }
    };
    if cli.is_company() {
        // Its standard output is the host's.
        return epoch_company::play(|| std::process::exit(0));
    }
    let output = Output::new(cli.json);
    let _guard = match epoch_host::telemetry::start_logging(cli.log_folder().as_deref(), !cli.is_serve()) {
        Ok(guard) => guard,
        Err(e) => return fail(&output, &e),
    };
    match commands::run(&cli, &output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => fail(&output, &e),
    }
}

/// A mistake in the arguments, for programs: clap's first line, and its usage as the next step.
fn misused(e: &clap::Error) -> Error {
    let text = e.render().to_string();
    let first: Vec<&str> = text.lines().take_while(|l| !l.trim().is_empty()).map(str::trim).collect();
    let message = first.join(" ").trim_start_matches("error: ").to_owned();
    let usage = text.lines().find(|l| l.starts_with("Usage:")).unwrap_or("see `ras --help`");
    Error::new(Code::InvalidArgument, message, usage)
}

fn fail(output: &Output, error: &Error) -> ExitCode {
    output.error(error);
    ExitCode::from(1)
}
