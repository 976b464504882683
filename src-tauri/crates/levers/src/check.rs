//! What is wrong with levers that can be told only when they are compiled.

use epoch_model::business::{Business, Problem};
use epoch_model::serving::Flag;

use crate::book::Compiled;
use crate::chance::{COMBINATIONS_MAX, combinations};
use crate::unservable::Unservable;
use crate::{growthbook, unleash};

/// The levers as they are declared in `business.toml`, compiled; their ids are their places in the file.
pub fn declared(business: &Business) -> Compiled {
    Compiled::new((1..).zip(&business.levers).map(|(id, lever)| Flag::declared(lever, id)).collect(), 0)
}

/// What no protocol, or only some, can do with the levers, in the order of protocols and levers. Where a lever names the
/// protocol in `served_as` and `local_only` is false, [`check`] makes a problem of it; elsewhere it is worth showing.
pub fn unservable(levers: &Compiled) -> Vec<Unservable> {
    let mut all = levers.posthog().unservable().to_vec();
    all.extend(growthbook::payload(levers).unservable);
    all.extend(unleash::payload(levers).unservable);
    all
}

/// Checks the levers of a business that parsed. `text` is its `business.toml`, for the lines. A business with problems must
/// not come into force.
pub fn check(text: &str, business: &Business) -> Vec<Problem> {
    let levers = declared(business);
    let mut problems = Vec::new();
    for found in unservable(&levers).into_iter().filter(|found| !found.local_only) {
        let named = levers.flag(&found.lever).is_some_and(|lever| lever.serving.served_as.contains(&found.protocol));
        if named {
            let message = format!("{} cannot serve this lever: {}", found.protocol.name(), found.why);
            let hint = "take the protocol out of served_as, or change the lever";
            problems.push(Problem::of_lever(text, &found.lever, "served_as", message, hint));
        }
    }
    for (flag, plan) in levers.flags().iter().zip(levers.plans()) {
        if combinations(plan) > COMBINATIONS_MAX {
            let message = "so many layers and prerequisites meet here that chances cannot be computed";
            problems.push(Problem::of_lever(
                text,
                &flag.key,
                "rule",
                message,
                "use fewer layers, or require fewer levers",
            ));
        }
    }
    problems.sort_by_key(|problem| (problem.line, problem.column));
    problems
}
