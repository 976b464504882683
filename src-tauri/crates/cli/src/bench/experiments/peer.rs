//! The same comparisons by `gbstats`, where Python has it.

use std::process::{Command, Stdio};

use super::super::report::Report;

/// Prints microseconds of one core for twenty comparisons (two arms against a control, ten metrics) on one scale.
const SCRIPT: &str = r#"
import time
from gbstats.frequentist.tests import FrequentistConfig, TwoSidedTTest
from gbstats.models.statistics import ProportionStatistic, SampleMeanStatistic
def arm(metric, k):
    if metric % 4 == 0:
        return ProportionStatistic(n=5000, sum=400 + 20 * k)
    mean = 1.0 + 0.005 * k
    return SampleMeanStatistic(n=5000 + 37 * k, sum=(5000 + 37 * k) * mean, sum_squares=(5000 + 37 * k) * (mean * mean + 0.2))
arms = [[arm(m, k) for k in range(3)] for m in range(10)]
def once():
    for metric in arms:
        for other in metric[1:]:
            try:
                TwoSidedTTest(metric[0], other, FrequentistConfig()).compute_result()
            except TypeError:
                TwoSidedTTest([(metric[0], other)], FrequentistConfig()).compute_result()
once()
best = float("inf")
for _ in range(5):
    begun = time.process_time()
    for _ in range(10):
        once()
    best = min(best, (time.process_time() - begun) / 10)
print(best * 1e6)
"#;

pub(super) fn run(report: &mut Report) {
    let found = Command::new("python3").args(["-c", SCRIPT]).stdin(Stdio::null()).stderr(Stdio::null()).output();
    let micros = found
        .ok()
        .filter(|o| o.status.success())
        .and_then(|o| String::from_utf8(o.stdout).ok()?.trim().parse::<f64>().ok());
    match micros {
        Some(micros) => {
            report.figure("gbstats_10_metrics_3_arms", micros / 1e3, "ms of a core");
            report.note("gbstats_10_metrics_3_arms: relative scale only, p-value and interval; compare_10_metrics_3_arms does both scales");
        }
        None => report.note(
            "peer skipped: python3 on the path has no gbstats; `python3 -m venv v && v/bin/pip install gbstats`, then run with v/bin first in PATH",
        ),
    }
}
