//! `ras srm`: are the arms as large as they should be, and if not, where does it come from?

use epoch_model::Result;
use epoch_stats::srm as stats;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Version, counted, finite, inside, shown, weighed, wrong};
use crate::output::table;

/// Units per arm against the shares that were meant.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "ras srm: input")]
pub(super) struct Input {
    #[expect(dead_code, reason = "checked while it is read")]
    version: Version,
    /// Units per arm.
    counts: Vec<u64>,
    /// Shares that were meant, on any scale; an arm with 0 takes no part.
    weights: Vec<f64>,
    /// A mismatch is called where the p-value is below.
    #[serde(default = "strict")]
    alpha: f64,
    /// Whether counts are looked at again and again: then the sequential test decides, else chi-square.
    #[serde(default)]
    repeated: bool,
    /// Units per arm within parts (a country, a version, a day), to search for the cause.
    #[serde(default)]
    slices: Vec<Slice>,
}

/// Units per arm within a part.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Slice {
    /// What the units are parted by.
    dimension: String,
    /// Its value here.
    value: String,
    /// Units per arm.
    counts: Vec<u64>,
}

fn strict() -> f64 {
    0.001
}

/// Whether the arms are as large as they should be.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "ras srm: output")]
pub(super) struct Output {
    version: Version,
    /// Whether the sizes are off by more than chance.
    mismatch: bool,
    /// Which test says so: `chi_square` or `sequential`.
    decided_by: String,
    /// For one look.
    chi_square: ChiSquare,
    /// p-value that holds at any number of looks; null with fewer than two arms that have a weight.
    sequential_p_value: Option<f64>,
    /// Slices that are off by themselves, likeliest cause first.
    causes: Vec<Cause>,
}

/// Counts against weights by chi-square.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ChiSquare {
    /// Sum of squared deviations over what was expected.
    pub(super) statistic: f64,
    /// Degrees of freedom: arms with a weight, less one.
    pub(super) df: f64,
    /// That the sizes are at least so far off by chance.
    pub(super) p_value: f64,
    /// Position of the arm that is furthest off.
    pub(super) arm: usize,
    /// By how many standard deviations: positive for too many units.
    pub(super) z: f64,
}

/// A part that is off by itself.
#[derive(Debug, Serialize, JsonSchema)]
struct Cause {
    /// As handed in.
    dimension: String,
    /// As handed in.
    value: String,
    /// Of the slice alone.
    p_value: f64,
    /// The same, adjusted for all slices searched (Holm).
    adjusted_p_value: f64,
    /// Of everything but the slice.
    p_value_without: f64,
    /// Share of the mismatch that goes with the slice: near 1 where it is the cause.
    share: Option<f64>,
    /// Whether the rest is balanced without it.
    explains: bool,
    /// Position of the arm that is off within the slice.
    arm: usize,
}

pub(super) fn chi_square(counts: &[u64], weights: &[f64]) -> Option<ChiSquare> {
    let found = stats::chi_square(counts, weights)?;
    Some(ChiSquare { statistic: found.statistic, df: found.df, p_value: found.p_value, arm: found.arm, z: found.z })
}

pub(super) fn sequential(counts: &[u64], weights: &[f64]) -> Option<f64> {
    stats::Sequential::new(weights, stats::CONCENTRATION).map(|mut test| test.look(counts))
}

pub(super) fn srm(input: Input) -> Result<Output> {
    let alpha = inside("alpha", input.alpha)?;
    weighed("weights", &input.weights)?;
    counted("counts", &input.counts)?;
    let chi_square = chi_square(&input.counts, &input.weights)
        .ok_or_else(|| wrong("weights", "they do not fit the counts", "give one weight per arm"))?;
    let sequential_p_value = sequential(&input.counts, &input.weights);
    let sequentially = input.repeated && sequential_p_value.is_some();
    let p = if sequentially { sequential_p_value.unwrap_or(1.0) } else { chi_square.p_value };
    let mut names: Vec<&str> = Vec::new();
    let mut slices = Vec::with_capacity(input.slices.len());
    for (k, slice) in input.slices.iter().enumerate() {
        if slice.counts.len() != input.weights.len() {
            let next = "give as many counts as there are weights";
            return Err(wrong(format!("slices[{k}].counts"), "they do not fit the weights", next));
        }
        counted(format!("slices[{k}].counts"), &slice.counts)?;
        let dimension = names.iter().position(|n| *n == slice.dimension).unwrap_or_else(|| {
            names.push(&slice.dimension);
            names.len() - 1
        });
        slices.push(stats::Slice { dimension, value: k, counts: slice.counts.clone() });
    }
    let causes = stats::explain(&slices, &input.weights, alpha);
    let causes = causes.into_iter().filter_map(|cause| {
        let slice = input.slices.get(cause.slice)?;
        Some(Cause {
            dimension: slice.dimension.clone(),
            value: slice.value.clone(),
            p_value: cause.p_value,
            adjusted_p_value: cause.adjusted,
            p_value_without: cause.without,
            share: finite(cause.share),
            explains: cause.explains,
            arm: cause.arm,
        })
    });
    Ok(Output {
        version: Version,
        mismatch: p < alpha,
        decided_by: if sequentially { "sequential" } else { "chi_square" }.into(),
        chi_square,
        sequential_p_value,
        causes: causes.collect(),
    })
}

pub(super) fn lines(output: &Output) -> Vec<String> {
    let said = if output.mismatch {
        "The arms are not as large as they should be"
    } else {
        "The arms are as large as they should be"
    };
    let mut lines = vec![
        format!(
            "{said}: p {} (chi-square), {} (at any number of looks)",
            shown(Some(output.chi_square.p_value)),
            shown(output.sequential_p_value)
        ),
        format!("Furthest off is arm {}, by {:+.1} standard deviations", output.chi_square.arm, output.chi_square.z),
    ];
    if !output.causes.is_empty() {
        let rows = output.causes.iter().map(|c| {
            vec![
                c.dimension.clone(),
                c.value.clone(),
                shown(Some(c.adjusted_p_value)),
                shown(Some(c.p_value_without)),
                c.explains.to_string(),
            ]
        });
        lines.extend(table(&["dimension", "value", "p", "p without", "explains"], &rows.collect::<Vec<_>>()));
    }
    lines
}
