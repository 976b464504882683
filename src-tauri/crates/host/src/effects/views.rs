//! What can be asked of effects from outside: how they are, what would be sent, what was answered.

use epoch_connectors::effects::DryRun;
use epoch_engine::Input;
use epoch_model::business::EffectTarget;
use epoch_model::decision::Act;
use epoch_model::ports::SecretBook as _;
use epoch_model::{Code, Error, Result};
use epoch_store::Store;
use serde_json::Value;

use super::Effects;
use crate::host::Host;

/// How an effect is, beside what its last calls say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EffectHealth {
    /// `held` (waits for its secret), `open`, `half_open` (breaker); `None` when nothing stands in its way.
    pub state: Option<(&'static str, String)>,
    /// Calls that are looked up at the receiver, each in one line.
    pub followed: Vec<String>,
    /// A secret is kept under `effect.<key>`.
    pub has_secret: bool,
}

impl Effects {
    fn declared(&self, key: &str) -> Result<EffectTarget> {
        let business = self.config.read().business.clone();
        business.effects.into_iter().find(|e| e.key == key).ok_or_else(|| {
            let message = format!("there is no effect “{key}”");
            Error::new(Code::NotFound, message, "list them with `ras effect list`, declare one as [[effect]]")
        })
    }

    /// Effects that wait for their secret, with what the receiver said.
    pub(crate) fn held(&self) -> Vec<(String, String)> {
        self.health.lock().held()
    }

    fn health_of(&self, key: &str) -> EffectHealth {
        let of_it = |act: &Act| matches!(act, Act::Call { effect, .. } if effect == key);
        let follows = self.follows.lock();
        let followed = follows.values().filter(|f| of_it(&f.item.act)).map(|f| f.detail.clone()).collect();
        EffectHealth {
            state: self.health.lock().words(key, self.clock.now()),
            followed,
            has_secret: self.secrets.secret(&format!("effect.{key}")).is_some(),
        }
    }
}

impl Host {
    /// How a declared effect is.
    pub fn effect_health(&self, key: &str) -> EffectHealth {
        self.inner.effects.health_of(key)
    }

    /// What a declared effect would send for this payload, with secrets masked; nothing leaves.
    pub fn effect_dry_run(&self, key: &str, payload: &Value) -> Result<DryRun> {
        let effects = &self.inner.effects;
        let target = effects.declared(key)?;
        let business = effects.config.read().business.clone();
        effects.dry_run_of(&target, payload, &business)
    }
}

/// What the receiver of a decision's effect answered; `None` while nothing was, or nothing is known of it.
pub fn answer_of(store: &Store, decision: &str) -> Result<Option<Value>> {
    let rows = store.journal_for(decision)?;
    Ok(rows.into_iter().rev().find_map(|row| match serde_json::from_value(row.body).ok()? {
        Input::EffectResult { decision: of, answer, .. } if of == decision => answer,
        _ => None,
    }))
}
