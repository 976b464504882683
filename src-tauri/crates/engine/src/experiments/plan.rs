//! From a design to the tests that its looks feed.

use epoch_model::experiment::{Design, Method, Purpose, Spec};
use epoch_stats::sequential::{self, AsymptoticDesign, FixedDesign, Floor, GroupDesign, Monitor, Side};
use epoch_stats::srm;

use super::ask::weights;
use super::design::{group, sizing};
use super::lab::{ArmPlan, Injected, Plan};

/// Error of intervals that are shown and hold at any time.
pub(crate) const SHOWN_ALPHA: f64 = 0.05;
/// One-sided error of each guardrail: they protect, so they share nothing.
pub(crate) const GUARD_ALPHA: f64 = 0.025;
/// Units to which intervals are tuned where nothing is planned.
const TUNED_LEAST: f64 = 1000.0;

/// The tests of an experiment at its first look. `units` are those there, `own` the two-sided error of the experiment;
/// `whole` says that its first look is also its last, so nobody can have peeked.
pub(crate) fn plan(spec: &Spec, design: &Design, level: Option<f64>, own: f64, units: u64, whole: bool) -> Plan {
    let arms = spec.arms.len().saturating_sub(1).max(1);
    let tuned = (design.units.max(units) as f64).max(TUNED_LEAST);
    let anytime = || monitor(sequential::Design::Asymptotic(anytime(own / arms as f64, Side::Two, tuned)));
    let tests = if design.units == 0 {
        let alpha = own / arms as f64;
        let read = || {
            if whole {
                monitor(sequential::Design::Fixed(FixedDesign { alpha, side: Side::Two, size_max: 1.0 }))
            } else {
                anytime()
            }
        };
        ArmPlan { better: read(), own: read(), anytime: anytime(), limits: None }
    } else {
        let s = sizing(design, spec, level, own);
        let mut better = group(s.alpha, design.power, s.drift, s.size);
        if spec.lever.is_none() {
            // It goes on elsewhere whatever is said here, so nothing is gained by giving up.
            better.futility = None;
        }
        ArmPlan {
            better: monitor(sequential::Design::Group(better)),
            own: monitor(sequential::Design::Group(GroupDesign::two_sided(own / arms as f64, s.size))),
            anytime: anytime(),
            limits: None,
        }
    };
    let injected = (spec.purpose == Purpose::SelfAudit).then(|| Injected {
        effect: design.mde,
        tests: tests.clone(),
        found_after: None,
        over: false,
    });
    Plan {
        arms: vec![tests; arms],
        watches: std::collections::BTreeMap::new(),
        spent_at: 0.0,
        split: srm::Sequential::new(&weights(spec), srm::CONCENTRATION),
        injected,
    }
}

/// A test of a further metric that holds at any time.
pub(crate) fn watch(guard: bool, units: f64) -> Monitor {
    let units = units.max(TUNED_LEAST);
    let design = if guard { anytime(GUARD_ALPHA, Side::Less, units) } else { anytime(SHOWN_ALPHA, Side::Two, units) };
    monitor(sequential::Design::Asymptotic(design))
}

pub(crate) fn anytime(alpha: f64, side: Side, units_tuned: f64) -> AsymptoticDesign {
    AsymptoticDesign { alpha, side, units_tuned }
}

fn monitor(design: sequential::Design) -> Monitor {
    Monitor::new(design, Floor::default())
}

/// Whether the tests spend an error over planned looks.
pub(crate) fn planned(design: &Design) -> bool {
    design.units > 0 && design.method != Method::ConfidenceSequence
}
