//! False discoveries over streams of three hundred tests.

use epoch_stats::fdr::trial::{Outcome, Plan, run as simulate};
use epoch_stats::fdr::{Method, Procedure};
use serde_json::json;

use super::super::report::Report;
use super::{Frame, shown};

const TARGET: f64 = 0.05;
const METHODS: [(&str, Method, u32); 6] = [
    ("ADDIS", Method::Addis, 0),
    ("ADDIS, asynchronous", Method::Addis, 5),
    ("SAFFRON", Method::Saffron, 0),
    ("LORD++", Method::LordPlusPlus, 0),
    ("LOND", Method::Lond, 0),
    ("e-LOND", Method::ELond, 0),
];

pub(super) fn run(frame: Frame, report: &mut Report) {
    let streams = frame.runs(1000);
    let mut rows = Vec::new();
    for (truth, effects, null_mean) in
        [("30 % effects", 0.3, 0.0), ("10 % effects", 0.1, 0.0), ("30 %, the others do harm", 0.3, -0.7)]
    {
        let mut best = f64::NAN;
        for (name, method, overlap) in METHODS {
            let plan = Plan { tests: 300, streams: streams as usize, effects, strength: 3.0, null_mean, overlap };
            let found: Outcome = simulate(Procedure::new(method, TARGET), plan, frame.seed);
            if best.is_nan() {
                best = found.power;
            }
            rows.push(vec![
                json!(truth),
                json!(name),
                shown(found.fdr),
                shown(found.fdr_error),
                shown(found.power),
                shown(found.power / best),
                shown(found.discoveries),
                json!(found.fdr <= TARGET + 2.0 * found.fdr_error),
            ]);
        }
    }
    report.table(
        format!("False discovery rate over streams of 300, target 5 %, {streams} streams, seed {}", frame.seed),
        &["truth", "procedure", "FDR", "±", "power", "of ADDIS", "discoveries", "≤ 5 %"],
        rows,
    );
    report.note(
        "ADDIS's levels are those of onlineFDR (golden tests of epoch-stats), so its power is the reference's; asynchronous: a test ends after up to 5 others began",
    );
}
