//! `ras analyze`: an experiment's sums in, effects and a verdict out.

mod compared;
mod input;
mod lines;
mod output;
mod verdict;

pub(super) use input::Input;
pub(super) use lines::lines;
pub(super) use output::Output;

use epoch_model::Result;
use epoch_stats::compare::imbalance;
use epoch_stats::moments::{Mismatch, Moments};
use epoch_stats::multiple;

use super::{Version, finite, inside, srm, wrong};
use compared::Frame;
use input::{Correction, Design, Metric};
use output::{MetricRead, Srm, Warning};

pub(super) fn analyze(input: Input) -> Result<Output> {
    let moments = checked(&input)?;
    let counts: Vec<u64> =
        (0..input.arms.len()).map(|k| input.arms[k].units.unwrap_or_else(|| moments[0][k].units)).collect();
    let srm = sizes(&input, &counts)?;
    let frame = Frame::new(&input);
    let mut warnings = Vec::new();
    let mut metrics: Vec<MetricRead> = Vec::with_capacity(input.metrics.len());
    for (metric, arms) in input.metrics.iter().zip(&moments) {
        let read = (1..arms.len()).map(|k| frame.compare(metric, k, &arms[0], &arms[k])).collect();
        metrics.push(MetricRead {
            key: metric.key.clone(),
            lower_is_better: metric.lower_is_better,
            guardrail: metric.guardrail,
            control_value: finite(arms[0].value()),
            arms: read,
        });
        warnings.extend(before(&input, metric, arms));
    }
    adjust(&input, &mut metrics);
    frame.call(&mut metrics);
    warnings.extend(verdict::warnings(&input, &srm, &metrics, &counts));
    let verdict = verdict::verdict(&input, &srm, &metrics);
    Ok(Output {
        version: Version,
        design: frame.name().into(),
        alpha: input.alpha,
        scale: input.scale,
        correction: input.correction,
        control: input.arms[0].key.clone(),
        srm,
        metrics,
        verdict,
        warnings,
    })
}

/// The moments of every metric (outer) and arm (inner, in the order of the arms).
fn checked(input: &Input) -> Result<Vec<Vec<Moments>>> {
    inside("alpha", input.alpha)?;
    inside("srm_alpha", input.srm_alpha)?;
    if input.arms.len() < 2 {
        return Err(wrong("arms", "fewer than two", "name the control first, then what it is compared with"));
    }
    if input.metrics.is_empty() {
        return Err(wrong("metrics", "none", "name at least one"));
    }
    for (k, arm) in input.arms.iter().enumerate() {
        if input.arms.iter().take(k).any(|a| a.key == arm.key) {
            return Err(wrong(
                format!("arms[{k}].key"),
                format!("“{}” is there twice", arm.key),
                "name every arm once",
            ));
        }
    }
    if let Some(prior) = input.prior
        && prior.sd <= 0.0
    {
        return Err(wrong("prior.sd", "it must be above 0", "leave the prior out if nothing is believed"));
    }
    match &input.design {
        Design::Fixed { planned_units: Some(units) }
        | Design::GroupSequential { planned_units: units, .. }
        | Design::ConfidenceSequence { planned_units: units }
            if *units <= 0.0 =>
        {
            return Err(wrong("design.planned_units", "it must be above 0", "all arms together"));
        }
        Design::GroupSequential { looks, .. }
            if looks.windows(2).any(|w| w[0] >= w[1]) || looks.iter().any(|t| !(*t > 0.0 && *t < 1.0)) =>
        {
            let next = "shares of the planned size at which it was looked before, as in [0.25, 0.5]";
            return Err(wrong("design.looks", "they do not rise between 0 and 1", next));
        }
        _ => {}
    }
    input.metrics.iter().enumerate().map(|(m, metric)| of_arms(input, m, metric)).collect()
}

fn of_arms(input: &Input, m: usize, metric: &Metric) -> Result<Vec<Moments>> {
    let field = if metric.moments.is_empty() { "sums" } else { "moments" };
    let place = format!("metrics[{m}].{field}");
    if metric.sums.is_empty() == metric.moments.is_empty() {
        return Err(wrong(
            format!("metrics[{m}]"),
            "it needs either `sums` or `moments`",
            "by arm, under the arms' keys",
        ));
    }
    let mut named = metric.sums.keys().chain(metric.moments.keys());
    if let Some(stranger) = named.find(|key| !input.arms.iter().any(|a| a.key == **key)) {
        return Err(wrong(place, format!("“{stranger}” is no arm"), "use the keys of `arms`"));
    }
    let moments = input.arms.iter().map(|arm| {
        let found = match (metric.sums.get(&arm.key), metric.moments.get(&arm.key)) {
            (Some(sums), _) => sums.moments(),
            (None, Some(moments)) => moments.moments(),
            (None, None) => {
                return Err(wrong(&place, format!("nothing of arm “{}”", arm.key), "give every arm's"));
            }
        };
        found.map_err(|why| {
            let next = match why {
                Mismatch::Shape => "a ratio with a covariate goes by `sums`",
                _ => "a share lies between 0 and 1 unless `sum_squares` (or `variance`) says it is no share",
            };
            wrong(format!("{place}.{}", arm.key), why, next)
        })
    });
    let moments: Vec<Moments> = moments.collect::<Result<_>>()?;
    Ok(if input.cuped { moments } else { moments.iter().map(Moments::without_pre).collect() })
}

fn sizes(input: &Input, counts: &[u64]) -> Result<Srm> {
    let weights: Vec<f64> = input.arms.iter().map(|a| a.weight).collect();
    let found = srm::chi_square(counts, &weights)
        .ok_or_else(|| wrong("arms", "a weight is below 0, or all are 0", "give the shares that were meant"))?;
    let sequential_p_value = srm::sequential(counts, &weights);
    let one_look = matches!(input.design, Design::Fixed { .. });
    let p = if one_look { found.p_value } else { sequential_p_value.unwrap_or(1.0) };
    Ok(Srm {
        counts: counts.to_vec(),
        p_value: found.p_value,
        sequential_p_value,
        mismatch: p < input.srm_alpha,
        arm: input.arms[found.arm].key.clone(),
        z: found.z,
    })
}

/// Were the arms alike before exposure?
fn before(input: &Input, metric: &Metric, arms: &[Moments]) -> Vec<Warning> {
    let unlike = arms.iter().zip(&input.arms).skip(1).filter_map(|(arm, named)| {
        let found = imbalance(&arms[0], arm).ok()?;
        (found.p_value < input.srm_alpha).then(|| Warning {
            code: "unlike_before".into(),
            text: format!(
                "{}: arm {} was unlike the control before exposure (p {:.1e})",
                metric.key, named.key, found.p_value
            ),
        })
    });
    unlike.collect()
}

/// Adjusts the p-values of all goals and arms together.
fn adjust(input: &Input, metrics: &mut [MetricRead]) {
    let goals = || metrics.iter().filter(|m| !m.guardrail).flat_map(|m| &m.arms);
    let p: Vec<f64> = goals().map(|a| a.effect.as_ref().map_or(f64::NAN, |e| e.p_value)).collect();
    let how = match input.correction {
        Correction::None => multiple::Correction::None,
        Correction::Bonferroni => multiple::Correction::Bonferroni,
        Correction::Holm => multiple::Correction::Holm,
        Correction::Hommel => multiple::Correction::Hommel,
        Correction::BenjaminiHochberg => multiple::Correction::BenjaminiHochberg,
        Correction::BenjaminiYekutieli => multiple::Correction::BenjaminiYekutieli,
    };
    let mut adjusted = how.adjust(&p).into_iter();
    for arm in metrics.iter_mut().filter(|m| !m.guardrail).flat_map(|m| &mut m.arms) {
        if let (Some(effect), Some(p)) = (&mut arm.effect, adjusted.next()) {
            effect.adjusted_p_value = p;
        }
    }
}
