//! Shadow: what a proposer that is only watched would have done. Predicted and judged like everything else, never shown for an
//! answer, never run; what happened without it is compared with the forecast for doing nothing.

use epoch_model::decision::{Act, State};

use super::lifecycle::window;
use crate::Engine;
use crate::action::Action;
use crate::config::Config;

impl Engine {
    /// From draft to observation without an effect; what cannot be observed ends here.
    pub(crate) fn watch(&mut self, config: &Config, id: &str, out: &mut Vec<Action>) {
        let Some(record) = self.book.records.get(id) else { return };
        let d = &record.decision;
        if let Act::StartExperiment { .. } | Act::EndExperiment { .. } = d.act {
            let reason = "its proposer only watches, and an experiment that is not run tells nothing".to_owned();
            self.shift(id, State::Rejected, "system", reason, out);
            return;
        }
        let track = self.tracks.get(&d.prediction.metric).filter(|_| d.predicts());
        let Some(observe) = track.map(|t| window(config, t, self.now, record.horizon)) else {
            let reason = "its proposer only watches, and it predicts nothing that could be compared".to_owned();
            self.shift(id, State::Withdrawn, "system", reason, out);
            return;
        };
        let reason = format!(
            "its proposer only watches; policy “{}” would have said {}; what happens without it is compared with the forecast",
            d.policy.rule,
            match d.policy.answer {
                epoch_model::business::PolicyAnswer::Run => "run",
                epoch_model::business::PolicyAnswer::Ask => "ask",
                epoch_model::business::PolicyAnswer::Deny => "deny",
            }
        );
        if let Some(record) = self.book.records.get_mut(id) {
            record.observe = Some(observe);
        }
        self.shift(id, State::Observing, "system", reason, out);
    }
}
