use super::*;

#[test]
fn every_scenario_reads() {
    for name in Scenario::names() {
        assert_eq!(Scenario::check(Scenario::builtin_text(name).unwrap()), Vec::new(), "{name}");
    }
}
