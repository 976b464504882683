//! From a fact to what arrives of it: nothing, once, twice, late.

use epoch_model::time::{HOUR, Millis};

use super::World;
use super::fact::{Fact, What, Who};
use crate::rng::{Draws, Purpose};
use crate::scenario::{Incident, IncidentKind as Kind};

impl World {
    /// The arrivals of a fact.
    pub(super) fn faulty(&self, time: Millis, turn: u64, who: Who, what: What) -> [Option<Fact>; 2] {
        let mut draws = Draws::of(self.seed, Purpose::Tracking, turn, 0);
        let transit = 40 + draws.exponential(120.0) as Millis;
        let sent = Fact { arrives: time + transit, turn, time, id: turn, who, what };
        if what.source() != "web" {
            return [Some(sent), None];
        }
        let tracking = &self.scenario.tracking;
        let (lost, doubled, late) = self.faults(&who, what.name());
        let luck = [draws.unit(), draws.unit(), draws.unit()];
        if luck[0] < 1.0 - (1.0 - tracking.lost) * (1.0 - lost) {
            return [None, None];
        }
        let late_by = |draws: &mut Draws| (draws.exponential(tracking.late_hours) * HOUR as f64) as Millis;
        let first = if luck[1] < 1.0 - (1.0 - tracking.late) * (1.0 - late) {
            Fact { arrives: sent.arrives + late_by(&mut draws), ..sent }
        } else {
            sent
        };
        // A retry carries the same id and is recognised; a page that counts twice makes two ids.
        let again = Fact { arrives: first.arrives + 2_000, ..first };
        let second = if luck[2] < doubled {
            Some(Fact { id: turn | 1 << 63, ..again })
        } else {
            (luck[2] > 1.0 - tracking.resent).then_some(again)
        };
        [Some(first), second]
    }

    /// Shares lost, doubled and late beyond the normal.
    fn faults(&self, who: &Who, name: &str) -> (f64, f64, f64) {
        let (mut lost, mut doubled, mut late) = (0.0, 0.0, 0.0);
        for incident in self.incidents.iter().filter(|incident| self.hits(incident, who, name)) {
            let level = incident.level(self.now);
            match incident.kind {
                Kind::TrackingLost => lost = 1.0 - (1.0 - lost) * (1.0 - level),
                Kind::TrackingDoubled => doubled = 1.0 - (1.0 - doubled) * (1.0 - level),
                Kind::TrackingLate => late = 1.0 - (1.0 - late) * (1.0 - level),
                _ => {}
            }
        }
        (lost, doubled, late)
    }

    fn hits(&self, incident: &Incident, who: &Who, name: &str) -> bool {
        if !matches!(incident.kind, Kind::TrackingLost | Kind::TrackingDoubled | Kind::TrackingLate) {
            return false;
        }
        if incident.about.as_deref().is_some_and(|event| event != name) {
            return false;
        }
        let Some(target) = &incident.target else { return true };
        let (plans, devices) = (self.scenario.plans.len(), self.scenario.devices.len());
        let index = usize::from(who.segment);
        let value = match target.dimension.as_str() {
            "country" => &self.scenario.countries[index / (plans * devices)].key,
            "device" => &self.scenario.devices[index / plans % devices].key,
            _ => &self.scenario.plans[index % plans].key,
        };
        *value == target.value
    }
}
