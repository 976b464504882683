//! A decision before it is put: what it is told of its record, its budgets and how things stand, and what policy then says.

use epoch_model::business::PolicyAnswer;
use epoch_model::decision::{Decision, PolicyVerdict};
use epoch_model::time::Zone;

use super::book::Record;
use super::calibration::recalibrate;
use super::{autonomy, limits, policy};
use crate::Engine;
use crate::config::Config;
use crate::text;

impl Engine {
    /// Whether a proposer is only watched.
    pub(crate) fn watches(config: &Config, proposer: &str) -> bool {
        config.business.limits.shadow.iter().any(|p| epoch_model::business::fits(p, proposer))
    }

    /// Writes on the card what only the engine knows: the proposer's standing, what is left of the lines it is paid from, how things
    /// stand.
    pub(crate) fn furnish(&self, config: &Config, zone: &Zone, d: &mut Decision) {
        let limits = &config.business.limits;
        let cell = autonomy::cell_of(&config.business, d);
        let watches = Self::watches(config, &d.proposer);
        let record = self.book.reliability.get(&d.proposer);
        d.standing = Some(self.book.cells.standing(&cell, record, watches, self.now));
        d.shadow = watches;
        d.budgets = self.book.ledger.paid_from(limits, zone, self.now, d);
        d.budget_left_minor = self.book.ledger.tightest(limits, zone, self.now, d);
        d.conditions = epoch_model::autonomy::Conditions {
            drawdown: self.book.ledger.drawn_down(limits, self.now),
            first_contact: !self.book.contacted.contains(&d.act.target()),
            breaker_open: d.act.effect().is_some_and(|e| self.book.breakers.contains(e)),
        };
    }

    /// Makes a new card whole: its interval by its proposer's record, its standing and budgets, its verdict. What a draft is told again
    /// when it comes to its turn.
    pub(crate) fn settle_card(&self, config: &Config, zone: &Zone, record: &mut Record) {
        if record.decision.predicts() && record.kept.factor.is_none() {
            let proposer = record.decision.proposer.as_str();
            record.kept.factor = recalibrate(&mut record.decision.prediction, self.book.reliability.get(proposer));
        }
        self.furnish(config, zone, &mut record.decision);
        record.decision.policy = self.judged(config, record);
    }

    /// What policy says of a decision as things stand, and what no rule can lift.
    pub(crate) fn judge_now(&self, config: &Config, zone: &Zone, record: &Record) -> PolicyVerdict {
        let mut fresh = record.clone();
        self.furnish(config, zone, &mut fresh.decision);
        self.judged(config, &fresh)
    }

    fn judged(&self, config: &Config, record: &Record) -> PolicyVerdict {
        if let Some(verdict) = super::proposal::undoing(record) {
            return verdict;
        }
        let d = &record.decision;
        let verdict = policy::judge(config, d, self.now);
        if verdict.answer != PolicyAnswer::Run || limits::takes_back(&d.act) {
            return verdict;
        }
        let asks = |reason: String| PolicyVerdict { answer: PolicyAnswer::Ask, rule: verdict.rule.clone(), reason };
        if let Some(reason) = &record.asks {
            return asks(reason.clone());
        }
        if let (true, Some(most)) = (d.conditions.drawdown, config.business.limits.drawdown) {
            return asks(format!(
                "the rule would let it run, but what ran alone lost more than {} within {}, so everything asks until you resume",
                text::money(&config.business, most.loss_minor),
                text::lasting(most.over)
            ));
        }
        let cell = autonomy::cell_of(&config.business, d);
        match self.book.cells.asks(&cell) {
            Some(why) => asks(format!("the rule would let it run, but its record was taken down: {why}")),
            None => verdict,
        }
    }
}
