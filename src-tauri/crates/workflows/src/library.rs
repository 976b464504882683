//! Procedures that come with the program, for a founder to adopt as they stand.

use epoch_model::business::Problem;

use crate::definition::Definition;

/// The texts, by key; comments in them are for whoever adopts them.
pub const TEXTS: [(&str, &str); 6] = [
    ("churn-save", include_str!("../../../../assets/workflows/churn-save.toml")),
    ("incident", include_str!("../../../../assets/workflows/incident.toml")),
    ("launch", include_str!("../../../../assets/workflows/launch.toml")),
    ("price-test", include_str!("../../../../assets/workflows/price-test.toml")),
    ("refund-spike", include_str!("../../../../assets/workflows/refund-spike.toml")),
    ("weekly-review", include_str!("../../../../assets/workflows/weekly-review.toml")),
];

/// The text of one of them.
pub fn text(key: &str) -> Option<&'static str> {
    TEXTS.iter().find(|(known, _)| *known == key).map(|(_, text)| *text)
}

/// All of them, parsed, with their roles unbound. A test parses each, so that the problems are always none.
pub fn definitions() -> Result<Vec<Definition>, Vec<Problem>> {
    TEXTS.iter().map(|(_, text)| crate::parse(text)).collect()
}
