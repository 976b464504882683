//! `ras`: the engine's second face, for servers, scripts and tests.
//!
//! Every command has `--json` with a documented shape (docs/cli.md). Exit codes: 0 done, 1 failed, 2 wrong usage. Errors
//! are `{"code","message","hint"}`.

mod args;
mod bench;
mod commands;
mod import;
mod output;
mod serve;
mod session;

use std::process::ExitCode;

use args::Cli;
use clap::Parser as _;
use epoch_model::Error;
use output::Output;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(e) => {
            let usage = e.use_stderr();
            // clap prints help and version to stdout and mistakes to stderr.
            let _ = e.print();
            return if usage { ExitCode::from(2) } else { ExitCode::SUCCESS };
        }
    };
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

fn fail(output: &Output, error: &Error) -> ExitCode {
    output.error(error);
    ExitCode::from(1)
}
