//! Asking for the truth again and again gives what asking once gives.

use epoch_sandbox::{Defaults, Incident, IncidentKind, Witness, World};

use crate::kit::{DAY, scenario};

#[test]
fn a_witness_says_what_asking_once_says() {
    let scenario = scenario("tiny");
    let mut world = World::new(&scenario, 4).muted();
    let mut witness = Witness::of(&world);
    for (day, hour) in [(3, 0), (3, 7), (20, 13), (33, 0), (33, 0)] {
        world.advance(scenario.starts_at() + day * DAY + hour * 3_600_000, &Defaults, &mut |_| {});
        let truth = witness.truth(&world);
        assert_eq!(truth, world.truth(), "day {day}");
        assert_eq!(truth.money.len(), usize::try_from(day).unwrap());
    }
    // What is let happen shows at once, also while time stands still.
    let before = witness.truth(&world).incidents.len();
    world.inject(Incident::preset(IncidentKind::Outage, 1.0), world.now());
    let truth = witness.truth(&world);
    assert_eq!(truth.incidents.len(), before + 1);
    assert!(truth.incidents.iter().any(|i| i.kind == "outage" && i.start == world.now()));
    world.advance(world.now() + 2 * DAY, &Defaults, &mut |_| {});
    assert_eq!(witness.truth(&world), world.truth());
    // Another company is another matter.
    let mut other = World::new(&scenario, 5).muted();
    other.advance(scenario.starts_at() + 9 * DAY, &Defaults, &mut |_| {});
    assert_eq!(witness.truth(&other), other.truth());
}
