//! The tables of the benchmark: what is promised, and what simulation says.

use rand_core::Rng;

use super::{Rates, Setting, Source, run};
use crate::sequential::group::{GroupDesign, Spending, exits};
use crate::sequential::{AsymptoticDesign, Design, Floor, MsprtDesign, Side, size_of};

/// Expectation, in standard errors, at which a fixed two-sided test at 0.05 has power 0.8.
const FIXED_DRIFT: f64 = 2.801_585_218_112_968_6;

/// What a row must keep, within three Monte-Carlo errors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Promise {
    /// No effect: at most this share is decided, and intervals miss at no look in more.
    ErrorAtMost(f64),
    /// An effect upwards: at least this share finds it.
    PowerAtLeast(f64),
}

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The design in a few words.
    pub design: &'static str,
    /// What was simulated.
    pub setting: Setting,
    /// What came out.
    pub rates: Rates,
    /// What was promised.
    pub promise: Promise,
}

impl Row {
    /// Whether the promise holds, within three Monte-Carlo errors.
    pub fn holds(&self) -> bool {
        let rates = &self.rates;
        match self.promise {
            Promise::ErrorAtMost(most) => {
                let limit = most + 3.0 * rates.error(most);
                rates.decided() <= limit && 1.0 - rates.covered <= limit
            }
            Promise::PowerAtLeast(least) => rates.up >= least - 3.0 * rates.error(least),
        }
    }
}

/// Error 0.05 with 30 looks: three splits, base rates of 0.5 % and 5 %, skewed revenue, all designs and sides.
/// About 40 ms per run of all rows.
pub fn error(runs: u32, rng: &mut impl Rng) -> Vec<Row> {
    let sources = [
        Source::Proportion { rate: 0.005 },
        Source::Proportion { rate: 0.05 },
        Source::Revenue { rate: 0.05, sigma: 0.8 },
        Source::Revenue { rate: 0.05, sigma: 1.5 },
    ];
    let mut rows = Vec::new();
    for units in [[20_000.0, 20_000.0], [30_000.0, 10_000.0], [57_000.0, 3_000.0]] {
        for source in sources {
            let setting = Setting { source, effect: 0.0, units, looks: 30, floor: Floor::default() };
            for (design, name) in designs(units) {
                let rates = run(&design, &setting, runs, rng);
                rows.push(Row { design: name, setting: setting.clone(), rates, promise: Promise::ErrorAtMost(0.05) });
            }
        }
    }
    rows
}

/// Power of the default with 30 looks, at 0.95 of a fixed test of the same size at least: proportions of 0.5 % and 5 % with
/// effects that a fixed test finds with 0.8.
pub fn power(runs: u32, rng: &mut impl Rng) -> Vec<Row> {
    [(0.005, 0.6), (0.05, 0.12), (0.05, 0.2), (0.2, 0.1)]
        .into_iter()
        .map(|(rate, effect)| {
            let (p, q) = (rate, rate * (1.0 + effect));
            let errors = FIXED_DRIFT / (q - p);
            let n = errors * errors * (p * (1.0 - p) + q * (1.0 - q));
            let units = [n.ceil(); 2];
            let setting =
                Setting { source: Source::Proportion { rate }, effect, units, looks: 30, floor: Floor::default() };
            let rates = run(&Design::Group(GroupDesign::two_sided(0.05, size_of(units))), &setting, runs, rng);
            Row { design: "O'Brien-Fleming", setting, rates, promise: Promise::PowerAtLeast(0.95 * 0.8) }
        })
        .collect()
}

/// Power by integration of the default with 1 to 30 looks and of the sequence, at the size of a fixed test with 0.8:
/// looks, group-sequential, sequence.
pub fn by_looks() -> Vec<(u32, f64, f64)> {
    let design = GroupDesign::two_sided(0.05, 1.0);
    let sequence = AsymptoticDesign { alpha: 0.05, side: Side::Two, units_tuned: 1.0 };
    [1, 2, 5, 10, 20, 30]
        .into_iter()
        .map(|looks| {
            let times = exits::equal(looks);
            let limits = exits::limits(&design, &times);
            let uniform: Vec<_> = limits
                .iter()
                .map(|l| crate::sequential::group::Limits { upper: sequence.factor(l.time), ..*l })
                .collect();
            let power = |limits| exits::exits(limits, Side::Two, FIXED_DRIFT).iter().map(|e| e.up).sum();
            (looks, power(&limits), power(&uniform))
        })
        .collect()
}

fn designs(units: [f64; 2]) -> Vec<(Design, &'static str)> {
    let plain = GroupDesign::two_sided(0.05, size_of(units));
    let all = units[0] + units[1];
    let sequence = |side| Design::Asymptotic(AsymptoticDesign { alpha: 0.05, side, units_tuned: all });
    vec![
        (Design::Group(plain), "O'Brien-Fleming"),
        (Design::Group(GroupDesign { side: Side::Greater, ..plain }), "O'Brien-Fleming, higher"),
        (Design::Group(GroupDesign { side: Side::Less, ..plain }), "O'Brien-Fleming, lower"),
        (Design::Group(GroupDesign { spending: Spending::Pocock, ..plain }), "Pocock"),
        (sequence(Side::Two), "sequence"),
        (sequence(Side::Less), "sequence, lower"),
        (Design::Msprt(MsprtDesign { alpha: 0.05, side: Side::Two, tau: 0.01 }), "mSPRT"),
    ]
}
