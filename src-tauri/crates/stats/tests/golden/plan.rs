//! Planning against GrowthBook's calculators, gbstats' mid-experiment power and sample sizes of scipy.

use epoch_stats::normal;
use epoch_stats::plan::progress::{Progress, Reader, shared};
use epoch_stats::plan::{Effect, Metric, Question, Rule, variance};
use epoch_stats::sequential::Side;
use serde_json::Value;

use crate::close;

fn fixture() -> Value {
    serde_json::from_str(include_str!("fixtures/power.json")).unwrap()
}

/// GrowthBook's calculator does not share alpha among arms, so it is asked about two of them and their share of the units.
fn question(metric: Metric, effect: Effect, alpha: f64, power: f64) -> Question {
    Question { metric, effect, side: Side::Two, alpha, power, arms: 2, metrics: 1, control_share: 0.5 }
}

#[test]
fn sample_sizes_are_those_of_the_unpooled_test() {
    for case in fixture()["sample_size"].as_array().unwrap() {
        let get = |key: &str| case[key].as_f64().unwrap();
        let metric = Metric::proportion(get("p1"));
        let effect = Effect::Absolute(get("p1") * get("relative_mde"));
        let question = question(metric, effect, get("alpha"), get("power"));
        let drift = Rule::Fixed.drift(get("alpha"), Side::Two, get("power"));
        let units = question.units_for(drift);
        close(units / 2.0, get("n_per_arm_unpooled_z"), 1e-10);
        close(question.smallest(drift, units).unwrap().size(), effect.size(), 1e-9);
    }
}

/// Power in both directions of a fixed test, as GrowthBook counts it.
fn both(drift: f64, alpha: f64) -> f64 {
    let c = normal::isf(0.5 * alpha);
    normal::sf(c - drift) + normal::sf(c + drift)
}

#[test]
fn power_is_that_of_growthbook() {
    let mut seen = 0;
    for case in fixture()["growthbook"].as_array().unwrap() {
        let get = |key: &str| case[key].as_f64().unwrap();
        let name = case["fn"].as_str().unwrap();
        match name {
            "powerEstFrequentist" if get("sequential") == 0.0 => {
                let metric = Metric::mean(get("mean"), get("sd").powi(2));
                let question = question(metric, Effect::Relative(get("effect")), get("alpha"), 0.8);
                let drift = question.drift_at(question.effect, get("n") * 2.0 / get("variations"));
                assert!((both(drift, get("alpha")) - get("expected")).abs() < 6e-6);
                seen += 1;
            }
            "findMdeFrequentist" if get("sequential") == 0.0 => {
                let metric = Metric::mean(get("mean"), get("sd").powi(2));
                let question = question(metric, Effect::Relative(0.0), get("alpha"), get("power"));
                let drift = Rule::Fixed.drift(get("alpha"), Side::Two, get("power"));
                let mde = question.smallest(drift, get("n") * 2.0 / get("variations")).unwrap().size();
                assert!((mde - get("expected")).abs() < 6e-6, "{mde}");
                seen += 1;
            }
            "frequentistVariance" => {
                let (treated, control) = (get("varB") / get("nB"), get("varA") / get("nA"));
                let (m, shifted) = (get("meanA"), get("meanB"));
                // One variance for both arms is a plan's simplification, so the two parts are compared one by one.
                let metric = |v: f64| Metric::mean(m, v);
                let effect = if case["relative"] == true {
                    Effect::Relative(shifted / m - 1.0)
                } else {
                    Effect::Absolute(shifted - m)
                };
                let alone = |v: f64, units: [f64; 2]| variance(&metric(v), effect, units);
                let got = alone(control, [1.0, f64::INFINITY]) + alone(treated, [f64::INFINITY, 1.0]);
                assert!((got - get("expected")).abs() < 6e-6, "{got}");
                seen += 1;
            }
            "powerMetricWeeks frequentist" => {
                let click = Metric::mean(0.1, 0.09);
                let revenue = Metric::mean(0.1, 0.5);
                let drift = Rule::Fixed.drift(0.05, Side::Two, 0.8);
                for week in 0..9 {
                    let units = 4500.0 * (week + 1) as f64 * 2.0 / 3.0;
                    for (k, (metric, effect)) in [(click, 0.05), (revenue, 0.3)].into_iter().enumerate() {
                        let question = question(metric, Effect::Relative(effect), 0.05, 0.8);
                        let power = both(question.drift_at(question.effect, units), 0.05);
                        let want = |key: &str| case[key][2 * week + k].as_f64().unwrap();
                        assert!((power - want("power_interleaved")).abs() < 6e-6, "{power}");
                        let mde = question.smallest(drift, units).unwrap().size();
                        assert!((mde - want("mde_interleaved")).abs() < 6e-6, "{mde}");
                    }
                }
                seen += 1;
            }
            _ => {}
        }
    }
    assert_eq!(seen, 5);
}

/// GrowthBook's sequential calculator puts the sequence's width into the standard error and then reads a fixed test with
/// it, as if estimates scattered that much: their own formula gives their figures. The estimate's scatter does not depend on
/// how it is judged, so the chance to lie beyond the sequence at the end is `P(Z > factor - drift)`, which is what the
/// mid-experiment calculator of the same product computes and what ours does.
#[test]
fn sequential_power_keeps_the_scatter_of_the_estimate() {
    let mut seen = 0;
    for case in fixture()["growthbook"].as_array().unwrap() {
        let get = |key: &str| case[key].as_f64().unwrap();
        if case["fn"] != "powerEstFrequentist" || get("sequential") == 0.0 {
            continue;
        }
        let metric = Metric::mean(get("mean"), get("sd").powi(2));
        let question = question(metric, Effect::Relative(get("effect")), 0.05, 0.8);
        let units = get("n") * 2.0 / get("variations");
        let drift = question.drift_at(question.effect, units);
        let design =
            epoch_stats::sequential::AsymptoticDesign { alpha: 0.05, side: Side::Two, units_tuned: get("sequential") };
        let factor = design.factor(units);
        assert!((both(drift * normal::isf(0.025) / factor, 0.05) - get("expected")).abs() < 6e-6);
        let reader = Reader::Asymptotic { units_tuned: get("sequential") };
        let ours =
            Progress { variance: (get("effect") / drift).powi(2), units }.power(&reader, get("effect"), 0.05, 0.0);
        close(ours, normal::sf(factor - drift) + normal::sf(factor + drift), 1e-12);
        assert!((ours - get("expected")).abs() > 0.05, "{ours}");
        seen += 1;
    }
    assert_eq!(seen, 1);
}

#[test]
fn units_to_add_are_those_of_gbstats() {
    let file = fixture();
    let cases = file["mid_experiment"].as_array().unwrap();
    assert_eq!(cases.len(), 27);
    for case in cases {
        let get = |key: &str| case[key].as_f64().unwrap();
        let count = |key: &str| u32::try_from(case[key].as_u64().unwrap()).unwrap();
        let reader = match case["mode"].as_str().unwrap() {
            "freq" => Reader::Fixed,
            "seq" => Reader::Asymptotic { units_tuned: get("tuning") },
            _ => Reader::Bayes {
                mean: case["prior"]["mean"].as_f64().unwrap(),
                variance: case["prior"]["variance"].as_f64().unwrap(),
            },
        };
        let progress = Progress { variance: get("sigmahat2_delta"), units: get("pairwise_n") };
        let (alpha, power) =
            shared(get("alpha"), get("target_power"), count("num_goal_metrics"), count("num_variations"));
        let now = progress.power(&reader, get("target_mde"), alpha, 0.0);
        assert!((now - get("power_now")).abs() < 1e-12, "{} {now}", case["id"]);
        // Theirs stops when power is within 1e-5.
        let more = progress.units_more(&reader, get("target_mde"), alpha, power).unwrap();
        close(more, get("additional_users"), 2e-4);
        close(progress.power(&reader, get("target_mde"), alpha, more / progress.units), power, 1e-8);
    }
}
