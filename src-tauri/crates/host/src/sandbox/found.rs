//! What experiments concluded, as claims that a simulated company's truth can judge.

use epoch_model::business::{Better, Business};
use epoch_model::experiment::{Call, Conclusion, Experiment, Purpose};
use epoch_sandbox::score::{FoundExperiment, Verdict};

/// One claim per concluded experiment on a lever: of the arm that was called, else of the first one beside the control.
pub(super) fn claims(business: &Business, experiments: &[Experiment]) -> Vec<FoundExperiment> {
    experiments.iter().filter_map(|experiment| claim(business, experiment)).collect()
}

fn claim(business: &Business, experiment: &Experiment) -> Option<FoundExperiment> {
    let (spec, conclusion) = (&experiment.spec, experiment.conclusion.as_ref()?);
    if spec.purpose == Purpose::SelfAudit {
        return None;
    }
    let metric = business.metrics.iter().find(|m| m.key == spec.metric)?;
    let control = spec.arms.first()?;
    let test = match &conclusion.call {
        Call::Ship { arm } | Call::RollBack { arm } => spec.arms.iter().find(|a| a.key == *arm)?,
        Call::Futile | Call::Inconclusive => spec.arms.get(1)?,
        Call::Continue | Call::Blocked => return None,
    };
    Some(FoundExperiment {
        lever: spec.lever.clone()?,
        control: control.value.clone(),
        test: test.value.clone(),
        metric: spec.metric.clone(),
        from: experiment.started_at?,
        to: experiment.ended_at.unwrap_or(conclusion.at),
        verdict: verdict(conclusion, metric.better),
        detectable: experiment.design.as_ref().map_or(0.0, |d| d.mde),
    })
}

fn verdict(conclusion: &Conclusion, better: Better) -> Verdict {
    let measured = conclusion.measured;
    match conclusion.call {
        Call::Ship { .. } if better == Better::Down => Verdict::Down,
        Call::Ship { .. } => Verdict::Up,
        // Taken back for a guardrail says nothing of the metric, unless its interval does.
        Call::RollBack { .. } if measured.is_some_and(|m| m.high < 0.0) => Verdict::Down,
        Call::RollBack { .. } if measured.is_some_and(|m| m.low > 0.0) => Verdict::Up,
        _ => Verdict::Flat,
    }
}

#[cfg(test)]
mod tests {
    use epoch_model::experiment::Interval;

    use super::*;

    #[test]
    fn a_call_claims_a_direction_of_the_metric() {
        let band = |low, high| Some(Interval { low, middle: 0.0, high });
        let arm = || "test".to_owned();
        for (call, measured, better, expect) in [
            (Call::Ship { arm: arm() }, band(0.1, 0.2), Better::Up, Verdict::Up),
            (Call::Ship { arm: arm() }, band(-0.2, -0.1), Better::Down, Verdict::Down),
            (Call::RollBack { arm: arm() }, band(-0.2, -0.1), Better::Up, Verdict::Down),
            (Call::RollBack { arm: arm() }, band(0.1, 0.2), Better::Down, Verdict::Up),
            (Call::RollBack { arm: arm() }, band(-0.1, 0.2), Better::Up, Verdict::Flat),
            (Call::Futile, band(-0.1, 0.2), Better::Up, Verdict::Flat),
            (Call::Inconclusive, None, Better::Up, Verdict::Flat),
        ] {
            let conclusion = Conclusion {
                at: 0,
                call: call.clone(),
                text: String::new(),
                predicted: None,
                measured,
                level: None,
                p_value: None,
            };
            assert_eq!(verdict(&conclusion, better), expect, "{call:?} {measured:?}");
        }
    }
}
