//! `ras analyze`: an experiment's sums in, effects and a verdict out.

mod around;
mod checked;
mod compared;
mod designed;
mod figures;
mod input;
mod lines;
mod output;
mod parts;
mod verdict;

pub(super) use input::Input;
pub(super) use lines::lines;
pub(super) use output::Output;

use epoch_model::Result;
use epoch_stats::multiple;

use super::{Version, finite, srm, wrong};
use compared::Frame;
use input::{Correction, Decision, Design};
use output::{MetricRead, Srm};
use parts::Parts;

pub(super) fn analyze(input: Input) -> Result<Output> {
    checked::check(&input)?;
    let parts: Vec<Parts> =
        input.metrics.iter().enumerate().map(|(m, metric)| parts::parts(&input, m, metric)).collect::<Result<_>>()?;
    let counts: Vec<u64> =
        (0..input.arms.len()).map(|k| input.arms[k].units.unwrap_or_else(|| parts[0].whole[k].units)).collect();
    let srm = sizes(&input, &counts)?;
    let (prior, prior_read) = around::prior(&input)?;
    let frame = Frame::new(&input, prior);
    let mut metrics: Vec<MetricRead> = Vec::with_capacity(input.metrics.len());
    for (metric, found) in input.metrics.iter().zip(&parts) {
        let read = (1..input.arms.len()).map(|k| {
            let mut arm = frame.compare(metric, k, found);
            arm.segments = parts::segments(&input, metric, k, &found.segments);
            arm
        });
        metrics.push(MetricRead {
            key: metric.key.clone(),
            lower_is_better: metric.lower_is_better,
            guardrail: metric.guardrail,
            control_units: found.whole[0].units,
            control_value: finite(found.whole[0].value()),
            arms: read.collect(),
        });
    }
    around::before(&mut metrics, &parts);
    let interactions = around::interactions(&input)?;
    adjust(&input, &mut metrics);
    frame.call(&mut metrics);
    let gates = verdict::Gates { srm: &srm, interactions: &interactions };
    let mut warnings = verdict::warnings(&input, &gates, &metrics, &counts);
    warnings.extend(verdict::of_figures(&input, &parts, &counts, prior_read.as_ref()));
    let verdict = verdict::verdict(&input, &gates, &metrics);
    Ok(Output {
        version: Version,
        design: frame.name().into(),
        alpha: input.alpha,
        scale: input.scale,
        correction: input.correction,
        decision: input.decision,
        prior: prior_read,
        control: input.arms[0].key.clone(),
        id: input.id,
        srm,
        metrics,
        interactions,
        verdict,
        warnings,
    })
}

fn sizes(input: &Input, counts: &[u64]) -> Result<Srm> {
    let weights: Vec<f64> = input.arms.iter().map(|a| a.weight).collect();
    let found = srm::chi_square(counts, &weights)
        .ok_or_else(|| wrong("arms", "a weight is below 0, or all are 0", "give the shares that were meant"))?;
    let sequential_p_value = srm::sequential(counts, &weights).map(|p| p.min(input.srm_earlier.unwrap_or(1.0)));
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

/// Adjusts the p-values of all goals and arms together. Where all goals must be won an arm that wins none wrongly would
/// have to be wrong in one, so only the arms share.
fn adjust(input: &Input, metrics: &mut [MetricRead]) {
    if input.decision == Decision::AllGoals {
        let parts = compared::parts(input);
        let goals = metrics.iter_mut().filter(|m| !m.guardrail).flat_map(|m| &mut m.arms);
        for effect in goals.filter_map(|a| a.effect.as_mut()) {
            effect.adjusted_p_value = (parts * effect.p_value).min(1.0);
        }
        return;
    }
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
