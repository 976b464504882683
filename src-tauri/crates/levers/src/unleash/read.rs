//! An evaluation read back as a lever's: its value, who decided, and with which probability.

use epoch_model::business::{LeverKind, LeverValue};
use epoch_model::serving::{Evaluation, Reason};

use super::constraint::met;
use super::define::Payload;
use super::rules::Meaning;
use super::{Context, Evaluated};
use crate::book::{Compiled, Subject};
use crate::chance::propensity;

impl Payload {
    /// What `found` means for the lever `key`. `subject` is the same person in our own terms. `None`: there is no such
    /// lever, or the value is not one of its values.
    pub fn read(
        &self,
        levers: &Compiled,
        key: &str,
        found: &Evaluated,
        context: &Context,
        subject: Subject<'_>,
    ) -> Option<Evaluation> {
        let at = levers.flags().iter().position(|flag| flag.key == key)?;
        let served = self.served.get(key)?;
        let boolean = matches!(levers.flags()[at].kind, LeverKind::Boolean);
        let named = found.variant.as_ref().and_then(|variant| {
            let meanings = served.variants.get(&variant.name)?;
            let text = variant.payload.as_ref()?.get("value")?.as_str()?;
            let meaning = meanings.iter().find(|meaning| is(&meaning.value, text))?;
            Some((Some(variant.name.clone()), meaning.clone()))
        });
        let unnamed = || {
            let meets = |constraints: &Vec<_>| constraints.iter().all(|constraint| met(constraint, context));
            let off = served.off.as_ref().filter(|(fits, ..)| !found.enabled && fits.iter().any(meets));
            match off {
                Some((_, name, meaning)) => (Some(name.clone()), meaning.clone()),
                None => (None, Meaning { value: LeverValue::Bool(found.enabled), rule: None, experiment: None }),
            }
        };
        let (variant, meaning) = match named {
            Some(named) => named,
            None if boolean => unnamed(),
            None => return None,
        };
        let propensity = propensity(levers, at, subject, &meaning.value).filter(|p| *p < 1.0 - 1e-9);
        let reason = match (&meaning.rule, propensity) {
            (None, _) => Reason::Static,
            (Some(_), None) => Reason::Targeted,
            (Some(_), Some(_)) => Reason::Split,
        };
        let variant = variant.filter(|_| meaning.rule.is_some());
        let Meaning { value, rule, experiment } = meaning;
        Some(Evaluation { value, variant, reason, rule, experiment, propensity })
    }
}

fn is(value: &LeverValue, text: &str) -> bool {
    match value {
        LeverValue::Bool(b) => text == if *b { "true" } else { "false" },
        LeverValue::Number(n) => text.parse() == Ok(*n),
        LeverValue::Text(t) => text == t,
    }
}
