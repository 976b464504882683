//! The scenarios that come with the program.

macro_rules! scenarios {
    ($($name:literal),* $(,)?) => {
        /// Name and text of each.
        pub(super) const ALL: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../../../../assets/scenarios/", $name, ".toml")))),*];
    };
}

scenarios![
    "shop-calm",
    "shop-drifting",
    "shop-shocked",
    "shop-seasonal",
    "shop-delayed",
    "shop-adversarial",
    "saas-calm",
    "saas-drifting",
    "saas-shocked",
    "saas-seasonal",
    "saas-delayed",
    "saas-adversarial",
    "marketplace-calm",
    "marketplace-drifting",
    "marketplace-shocked",
    "marketplace-seasonal",
    "marketplace-delayed",
    "marketplace-adversarial",
    "shop-large",
    "tiny",
];

pub(super) fn text(name: &str) -> Option<&'static str> {
    ALL.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}
