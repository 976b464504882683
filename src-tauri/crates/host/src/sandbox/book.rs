//! Levers as the company reads them: the ones in force, decision by decision, and those that were in force when time that
//! has passed is lived again.

use std::cell::RefCell;
use std::sync::Arc;

use epoch_company::exposure::attributes;
use epoch_company::{Exposure, NO_VARIANT, Reported, UNIT};
use epoch_levers::{Compiled, Subject};
use epoch_model::Result;
use epoch_model::business::LeverValue;
use epoch_model::serving::Flag;
use epoch_model::time::Millis;
use epoch_sandbox::{Attributes, LeverSource};
use serde::{Deserialize, Serialize};

use super::charter::Place;
use crate::config;

/// One version of the levers.
pub(crate) struct Source<'a> {
    pub(crate) levers: &'a Compiled,
    pub(crate) reported: RefCell<&'a mut Reported>,
    pub(crate) exposures: &'a RefCell<Vec<Exposure>>,
}

fn plain(flag: &Flag) -> bool {
    let s = &flag.serving;
    s.off || (s.rules.is_empty() && s.holdout.is_none() && s.requires.is_empty() && s.group.is_none())
}

impl LeverSource for Source<'_> {
    fn value(&self, lever: &str, unit: &str, of: &Attributes<'_>) -> Option<LeverValue> {
        let flag = self.levers.flag(lever)?;
        let report = |variant: &str, propensity| {
            if !unit.is_empty() && self.reported.borrow_mut().first(lever, flag.version, unit) {
                let seen = Exposure::new(lever, flag.version, unit, of.at, variant, propensity);
                self.exposures.borrow_mut().push(seen);
            }
        };
        if plain(flag) {
            report(NO_VARIANT, None);
            return Some(if flag.serving.off { flag.default.clone() } else { flag.value.clone() });
        }
        let known = attributes(of);
        let id = if unit.is_empty() { UNIT } else { unit };
        let found = self.levers.evaluate(lever, Subject { id, attributes: &known })?;
        report(found.variant.as_deref().unwrap_or(NO_VARIANT), found.propensity);
        Some(found.value)
    }
}

/// The levers from an instant of the simulation on.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Page {
    from: Millis,
    version: u64,
    flags: Vec<Flag>,
}

/// Which levers were in force when. What was simulated after the last snapshot is simulated again after a crash, and must
/// read the levers it read then, or other events would come of it.
#[derive(Debug, Default)]
pub(crate) struct Books {
    pages: Vec<Page>,
    compiled: Option<(u64, Arc<Compiled>)>,
}

impl Books {
    /// What an earlier run wrote; a damaged file is none.
    pub(crate) fn load(place: &Place) -> Self {
        let text = std::fs::read(place.books()).unwrap_or_default();
        Self { pages: serde_json::from_slice(&text).unwrap_or_default(), compiled: None }
    }

    /// The levers to be read at `now`, and until when. `current` is in force by the clock, which stands at `clock`: what
    /// lies before was lived already.
    pub(crate) fn at(
        &mut self,
        now: Millis,
        clock: Millis,
        current: &Arc<Compiled>,
        place: &Place,
    ) -> Result<(Arc<Compiled>, Option<Millis>)> {
        let newest = self.pages.last().map(|page| page.version);
        if now >= clock && newest != Some(current.version()) {
            // Before anything is told that came of it.
            self.pages.retain(|page| page.from < now);
            self.pages.push(Page { from: now, version: current.version(), flags: current.flags().to_vec() });
            self.save(place)?;
        }
        let next = self.pages.iter().find(|page| page.from > now).map(|page| page.from);
        let Some(page) = self.pages.iter().rev().find(|page| page.from <= now) else {
            return Ok((Arc::clone(current), next));
        };
        if page.version == current.version() {
            return Ok((Arc::clone(current), next));
        }
        let known = self.compiled.take().filter(|(version, _)| *version == page.version);
        let (version, compiled) =
            known.unwrap_or_else(|| (page.version, Arc::new(Compiled::new(page.flags.clone(), page.version))));
        self.compiled = Some((version, Arc::clone(&compiled)));
        Ok((compiled, next))
    }

    /// Forgets what lies before a snapshot that is written.
    pub(crate) fn written(&mut self, until: Millis, place: &Place) -> Result<()> {
        let needed = self.pages.iter().rposition(|page| page.from <= until).unwrap_or(0);
        if needed == 0 {
            return Ok(());
        }
        self.pages.drain(..needed);
        self.save(place)
    }

    fn save(&self, place: &Place) -> Result<()> {
        config::write_whole(&place.books(), &serde_json::to_vec(&self.pages).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use epoch_model::business::Business;
    use epoch_model::time::DAY;
    use serde_json::{Value, json};

    use super::*;

    fn levers(version: u64, headline: &str) -> Compiled {
        let text = format!(
            "[business]\nname = \"Shop\"\ncurrency = \"EUR\"\ntimezone = \"UTC\"\n\n[[lever]]\nkey = \"headline\"\nkind = \"variant\"\n\
             options = [\"plain\", \"proof\"]\ndefault = \"{headline}\"\n\n[[lever]]\nkey = \"guide\"\nkind = \"variant\"\n\
             options = [\"short\", \"long\"]\ndefault = \"short\"\n[[lever.rule]]\nkey = \"half\"\nif = \"country == 'DE'\"\n\
             value = \"long\"\nshare = \"50 %\"\n\n[[lever]]\nkey = \"offer\"\nkind = \"variant\"\n\
             options = [\"none\", \"gift\"]\ndefault = \"none\"\n[[lever.rule]]\nkey = \"trial\"\nexperiment = \"gifts\"\n\
             arms = [{{ key = \"control\", value = \"none\" }}, {{ key = \"test\", value = \"gift\" }}]\nshare = \"50 %\"\n"
        );
        let business = Business::parse(&text).expect("a business");
        Compiled::new(epoch_levers::declared(&business).flags().to_vec(), version)
    }

    fn of(country: &str) -> Attributes<'_> {
        Attributes { at: DAY, country, device: "mobile", plan: "", channel: "direct" }
    }

    #[test]
    fn what_somebody_saw_is_reported_once_for_each_lever_and_unit() {
        let (levers, mut reported, exposures) = (levers(1, "plain"), Reported::default(), RefCell::default());
        let source = Source { levers: &levers, reported: RefCell::new(&mut reported), exposures: &exposures };
        let mut long = 0;
        for n in 0..400 {
            let unit = format!("u{n}");
            let first = source.value("guide", &unit, &of("DE"));
            assert_eq!(first, source.value("guide", &unit, &of("DE")), "the same again");
            long += u32::from(first == Some(LeverValue::Text("long".into())));
            assert_eq!(source.value("guide", &unit, &of("FR")), Some(LeverValue::Text("short".into())));
            assert_eq!(source.value("headline", &unit, &of("DE")), Some(LeverValue::Text("plain".into())));
        }
        assert!((140..260).contains(&long), "{long}");
        assert_eq!(source.value("nothing", "u1", &of("DE")), None);
        let seen = exposures.take();
        assert_eq!(seen.len(), 800, "the guide's arm, and the headline everybody gets");
        let props: Value = serde_json::from_str(&seen[0].props).expect("JSON");
        assert_eq!((&props["$feature_flag"], &props["$propensity"]), (&json!("guide"), &json!(0.5)));
    }

    #[test]
    fn who_is_in_an_experiment_reports_the_arm_and_who_is_not_reports_none() {
        let (levers, mut reported, exposures) = (levers(1, "plain"), Reported::default(), RefCell::default());
        let source = Source { levers: &levers, reported: RefCell::new(&mut reported), exposures: &exposures };
        let mut gifts = 0;
        for n in 0..1_000 {
            gifts += usize::from(
                source.value("offer", &format!("u{n}"), &of("DE")) == Some(LeverValue::Text("gift".into())),
            );
        }
        // The company's own decisions are nobody's exposure.
        source.value("offer", "", &of(""));
        let mut told = std::collections::BTreeMap::new();
        for seen in exposures.take() {
            let props: Value = serde_json::from_str(&seen.props).expect("JSON");
            let arm = props["$feature_flag_response"].as_str().expect("an arm").to_owned();
            // The value "none" comes to those outside and to the control, "gift" to the test only.
            assert_eq!(props["$propensity"], json!(if arm == "test" { 0.25 } else { 0.75 }), "{arm}");
            *told.entry(arm).or_insert(0_usize) += 1;
        }
        assert_eq!(told.get("test"), Some(&gifts));
        assert_eq!(told.values().sum::<usize>(), 1_000);
        for (arm, about) in [("control", 250), ("test", 250), ("default", 500)] {
            assert!(told[arm].abs_diff(about) < 70, "{told:?}");
        }
    }

    #[test]
    fn time_lived_again_reads_the_levers_it_read() {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::create_dir_all(dir.path().join("sandbox")).expect("made");
        let place = Place::of(dir.path());
        let (old, new) = (Arc::new(levers(1, "plain")), Arc::new(levers(2, "proof")));
        let mut books = Books::load(&place);
        assert_eq!(books.at(0, 0, &old, &place).expect("written").0.version(), 1);
        assert_eq!(books.at(5 * DAY, 5 * DAY, &new, &place).expect("written").0.version(), 2);
        // After a crash: the world stands on day 3, the clock on day 7, and the newest levers are in force.
        let mut books = Books::load(&place);
        let (levers, next) = books.at(3 * DAY, 7 * DAY, &new, &place).expect("read");
        assert_eq!((levers.version(), next), (1, Some(5 * DAY)));
        assert_eq!(levers.flag("headline").map(|f| f.value.clone()), Some(LeverValue::Text("plain".into())));
        let (levers, next) = books.at(5 * DAY, 7 * DAY, &new, &place).expect("read");
        assert_eq!((levers.version(), next), (2, None));
        // What lies before a snapshot is not lived again.
        books.written(6 * DAY, &place).expect("written");
        assert_eq!(Books::load(&place).pages.iter().map(|page| page.version).collect::<Vec<_>>(), [2]);
    }
}
