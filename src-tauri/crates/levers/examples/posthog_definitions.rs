//! Prints the PostHog definitions of the levers in the tests' fixtures, for `tests/fixtures/record_posthog.py`.

#![expect(clippy::print_stdout, reason = "its purpose")]

use epoch_levers::Compiled;
use epoch_model::business::Business;
use epoch_model::serving::Flag;

fn main() -> Result<(), String> {
    let business = Business::parse(include_str!("../tests/fixtures/levers.toml")).map_err(|e| format!("{e:?}"))?;
    let flags = (1..).zip(&business.levers).map(|(id, lever)| Flag::declared(lever, id)).collect();
    println!("{}", Compiled::new(flags, 1).posthog().definitions());
    Ok(())
}
