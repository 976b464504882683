//! Earned autonomy: what a proposer may do alone in a cell, from scored outcomes; lost at once.
//!
//! A cell is proposer x act x reversibility x size. Its share of acceptable cases has a Beta posterior; the prior comes from the
//! cells beside it, the root of all is Beta(0, 1): one bad case before the first. With no bad case, `n` cases give a lower bound of
//! `0.05^(1/n)`, so 29 are needed to claim 90 %, 59 for 95 % and 299 for 99 %.
//!
//! Must not know of policies: it says what was earned, rules say what that is worth.

use std::collections::BTreeMap;

use epoch_model::autonomy::{Autonomy, Cell, Size, Standing};
use epoch_model::business::{Business, Reversibility};
use epoch_model::decision::{Act, Decision};
use epoch_model::time::{DAY, Millis};
use epoch_stats::special::beta_quantile;
use serde::{Deserialize, Serialize};

use super::calibration::Reliability;
use crate::text;

/// A case counts half after this.
const HALF_LIFE: f64 = 60.0 * DAY as f64;
/// Cases needed since the last change of level.
const CASES_LEAST: u32 = 10;
/// How many cases the cells beside it are worth at most.
const PRIOR_MOST: f64 = 10.0;
/// No broken guardrail for this long.
const QUIET: Millis = 30 * DAY;
/// Probability that the share of acceptable cases lies below the lower bound.
const BELOW: f64 = 0.05;
/// Cells and proposers remembered.
const CELLS_MAX: usize = 500;
const VERSIONS_MAX: usize = 1000;
/// Share of customers that may be touched at [`Autonomy::Limited`].
pub(crate) const LIMITED_EXPOSURE: f64 = 0.05;

/// Why a cell asks although policy would let it run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Asks {
    /// Its proposer changed; the founder's next approval of one of its cards ends it.
    Version,
    /// Something went wrong; only a level that is earned again ends it.
    Fault,
}

/// The record of a cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Earned {
    cell: Cell,
    level: Autonomy,
    /// Weights of acceptable and other cases, as they were at this instant.
    good: f64,
    bad: f64,
    at: Millis,
    /// Cases since the level changed.
    since: u32,
    asks: Option<Asks>,
    breach: Option<Millis>,
    lowered: Option<(Millis, String)>,
}

/// All cells.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Cells {
    earned: BTreeMap<String, Earned>,
    versions: BTreeMap<String, String>,
    /// Whether the ladder must be told anew.
    #[serde(skip)]
    pub changed: bool,
}

/// The threshold of the lower bound; what cannot be undone never runs on its record.
pub(crate) fn threshold(reversibility: Reversibility) -> Option<f64> {
    match reversibility {
        Reversibility::R0 => Some(0.90),
        Reversibility::R1 => Some(0.95),
        Reversibility::R2 => Some(0.99),
        Reversibility::R3 => None,
    }
}

/// The 95 % lower bound of the acceptable share after these weighted cases.
pub(crate) fn lower_bound(good: f64, bad: f64) -> f64 {
    if good <= 0.0 { 0.0 } else { beta_quantile(BELOW, good, bad + 1.0) }
}

/// The cell a decision counts in.
pub(crate) fn cell_of(business: &Business, d: &Decision) -> Cell {
    let act = match &d.act {
        Act::SetLever { .. } => "set_lever".to_owned(),
        Act::StartExperiment { .. } => "start_experiment".to_owned(),
        Act::EndExperiment { .. } => "end_experiment".to_owned(),
        Act::Call { effect, .. } => {
            let kind = business.effects.iter().find(|e| e.key == *effect).map_or("", |e| e.kind.word());
            format!("call {kind}").trim_end().to_owned()
        }
        Act::StartWorkflow { .. } => "start_workflow".to_owned(),
        Act::EditWorkflow { .. } => "edit_workflow".to_owned(),
        Act::Choose { .. } => "choose".to_owned(),
    };
    let scale = super::policy::scale(business);
    let size = match d.stake_minor {
        Some(stake) if stake <= scale => Size::Small,
        Some(stake) if stake <= scale.saturating_mul(100) => Size::Medium,
        _ => Size::Large,
    };
    Cell { proposer: d.proposer.clone(), act, reversibility: d.reversibility, size }
}

fn key(cell: &Cell) -> String {
    format!("{}\n{}\n{:?}\n{:?}", cell.proposer, cell.act, cell.reversibility, cell.size)
}

/// What a weight of then is worth now.
fn faded(weight: f64, then: Millis, now: Millis) -> f64 {
    let age = now.saturating_sub(then).max(0) as f64;
    weight * libm::exp2(-age / HALF_LIFE)
}

/// At most as many cases as neighbours are worth, in their own proportion.
fn capped(good: f64, bad: f64) -> (f64, f64) {
    let all = good + bad;
    if all <= PRIOR_MOST { (good, bad) } else { (good * PRIOR_MOST / all, bad * PRIOR_MOST / all) }
}

impl Earned {
    fn new(cell: Cell, now: Millis) -> Self {
        Self {
            cell,
            level: Autonomy::Propose,
            good: 0.0,
            bad: 0.0,
            at: now,
            since: 0,
            asks: None,
            breach: None,
            lowered: None,
        }
    }

    fn weights(&self, now: Millis) -> (f64, f64) {
        (faded(self.good, self.at, now), faded(self.bad, self.at, now))
    }

    fn lower(&mut self, now: Millis, reason: &str, asks: Asks) {
        self.level = self.level.min(Autonomy::Propose);
        self.since = 0;
        // A fault weighs more than a change.
        self.asks = if self.asks == Some(Asks::Fault) { self.asks } else { Some(asks) };
        self.lowered = Some((now, text::shorten(reason, 300)));
    }
}

impl Cells {
    fn of_proposer<'a>(&'a self, proposer: &'a str) -> impl Iterator<Item = &'a Earned> {
        let begin = format!("{proposer}\n");
        self.earned.range(begin..).map(|(_, e)| e).take_while(move |e| e.cell.proposer == proposer)
    }

    /// What the cells beside one say of it: those that differ in size only, then in reversibility, then in the act; each ring weighs
    /// in at most as ten cases do together with those further out.
    fn prior(&self, cell: &Cell, now: Millis) -> (f64, f64) {
        let mut rings = [(0.0, 0.0); 3];
        for other in self.of_proposer(&cell.proposer).filter(|e| e.cell != *cell) {
            let ring = match (other.cell.act == cell.act, other.cell.reversibility == cell.reversibility) {
                (true, true) => 2,
                (true, false) => 1,
                (false, _) => 0,
            };
            let (good, bad) = other.weights(now);
            rings[ring].0 += good;
            rings[ring].1 += bad;
        }
        rings.iter().fold((0.0, 0.0), |outer, ring| capped(outer.0 + ring.0, outer.1 + ring.1))
    }

    /// The record of a cell: what it may do, and what is missing for more. `watches`: its proposer is only watched.
    pub(crate) fn standing(&self, cell: &Cell, record: Option<&Reliability>, watches: bool, now: Millis) -> Standing {
        let known = self.earned.get(&key(cell));
        let (good, bad) = known.map_or((0.0, 0.0), |e| e.weights(now));
        let (before_good, before_bad) = self.prior(cell, now);
        let lower = lower_bound(good + before_good, bad + before_bad);
        let level = if watches { Autonomy::Watch } else { known.map_or(Autonomy::Propose, |e| e.level) };
        let next = (level != Autonomy::Full && !watches).then(|| threshold(cell.reversibility)).flatten();
        let mut missing = Vec::new();
        if watches {
            missing.push("you only let it watch; take it off limits.shadow to see its proposals".to_owned());
        } else if cell.reversibility == Reversibility::R3 {
            missing.push(
                "what cannot be undone is never earned: it is put to you, or runs under a standing grant".to_owned(),
            );
        } else if let Some(threshold) = next {
            let since = known.map_or(0, |e| e.since);
            if since < CASES_LEAST {
                missing.push(format!("{since} of {CASES_LEAST} scored cases since its level last changed"));
            }
            if lower < threshold {
                missing.push(format!(
                    "at least {} of its cases must be acceptable with 95 % certainty; it is {} so far",
                    text::percent(threshold),
                    text::percent(lower)
                ));
            }
            missing.extend(record.and_then(Reliability::off));
            if let Some(at) = known.and_then(|e| e.breach).filter(|at| now.saturating_sub(*at) < QUIET) {
                let days = (QUIET - now.saturating_sub(at)).div_euclid(DAY).saturating_add(1);
                missing.push(format!("a guardrail broke; {days} more days without one"));
            }
        }
        Standing {
            cell: cell.clone(),
            level,
            cases: good + bad,
            acceptable: good,
            lower,
            threshold: next,
            missing,
            lowered: known.and_then(|e| e.lowered.clone()),
        }
    }

    /// Why a cell asks whatever policy says.
    pub(crate) fn asks(&self, cell: &Cell) -> Option<String> {
        let earned = self.earned.get(&key(cell))?;
        earned.asks?;
        Some(earned.lowered.as_ref().map_or_else(String::new, |(_, why)| why.clone()))
    }

    fn entry(&mut self, cell: &Cell, now: Millis) -> &mut Earned {
        let name = key(cell);
        if !self.earned.contains_key(&name) {
            self.changed = true;
            if self.earned.len() >= CELLS_MAX {
                // What asks because of a fault is forgotten last, or forgetting would set it free.
                let oldest = self.earned.iter().min_by_key(|(_, e)| (e.asks.is_some(), e.at)).map(|(k, _)| k.clone());
                if let Some(oldest) = oldest {
                    self.earned.remove(&oldest);
                }
            }
        }
        self.earned.entry(name).or_insert_with(|| Earned::new(cell.clone(), now))
    }

    /// A cell that proposes is on the ladder from then on.
    pub(crate) fn seen(&mut self, cell: &Cell, now: Millis) {
        self.entry(cell, now);
    }

    /// Counts a scored case, and raises the cell by one level where nothing is missing any more.
    pub(crate) fn case(&mut self, cell: &Cell, good: bool, record: Option<&Reliability>, now: Millis) {
        let earned = self.entry(cell, now);
        (earned.good, earned.bad) = earned.weights(now);
        earned.at = earned.at.max(now);
        if good {
            earned.good += 1.0;
        } else {
            earned.bad += 1.0;
        }
        earned.since = earned.since.saturating_add(1);
        self.changed = true;
        let standing = self.standing(cell, record, false, now);
        if standing.threshold.is_none() || !standing.missing.is_empty() {
            return;
        }
        let earned = self.entry(cell, now);
        earned.level = match earned.level {
            Autonomy::Watch | Autonomy::Propose => Autonomy::Limited,
            Autonomy::Limited | Autonomy::Full => Autonomy::Full,
        };
        earned.since = 0;
        earned.asks = None;
    }

    /// Takes a cell down at once.
    pub(crate) fn fault(&mut self, cell: &Cell, reason: &str, now: Millis) {
        self.entry(cell, now).lower(now, reason, Asks::Fault);
        self.changed = true;
    }

    /// A guardrail broke while a decision of this cell was being observed.
    pub(crate) fn breached(&mut self, cell: &Cell, reason: &str, now: Millis) {
        self.entry(cell, now).breach = Some(now);
        self.fault(cell, reason, now);
    }

    /// Takes all cells of a proposer down.
    pub(crate) fn fault_of(&mut self, proposer: &str, reason: &str, now: Millis) {
        let cells: Vec<Cell> = self.of_proposer(proposer).map(|e| e.cell.clone()).collect();
        for cell in cells {
            self.fault(&cell, reason, now);
        }
    }

    /// The proposer is of this version. Another one than before starts with what its forerunner's cases are worth as a prior.
    pub(crate) fn version(&mut self, proposer: &str, version: &str, now: Millis) {
        if version.is_empty() || self.versions.get(proposer).is_some_and(|known| known == version) {
            return;
        }
        let before = self.versions.insert(proposer.to_owned(), version.to_owned());
        while self.versions.len() > VERSIONS_MAX {
            self.versions.pop_first();
        }
        if before.is_none() {
            return;
        }
        let cells: Vec<Cell> = self.of_proposer(proposer).map(|e| e.cell.clone()).collect();
        for cell in cells {
            let earned = self.entry(&cell, now);
            let (good, bad) = earned.weights(now);
            (earned.good, earned.bad) = capped(good, bad);
            earned.at = earned.at.max(now);
            earned.lower(now, "its proposer changed, and what was earned was earned by another version", Asks::Version);
            self.changed = true;
        }
    }

    /// The founder approved a card of this cell: a change of version is known to them from then on.
    pub(crate) fn approved(&mut self, cell: &Cell) {
        if let Some(earned) = self.earned.get_mut(&key(cell))
            && earned.asks == Some(Asks::Version)
        {
            earned.asks = None;
            self.changed = true;
        }
    }

    /// The ladder, cell by cell.
    pub(crate) fn ladder(
        &self,
        reliability: &BTreeMap<String, Reliability>,
        watches: &dyn Fn(&str) -> bool,
        now: Millis,
    ) -> Vec<Standing> {
        let standing = |e: &Earned| {
            let proposer = e.cell.proposer.as_str();
            self.standing(&e.cell, reliability.get(proposer), watches(proposer), now)
        };
        self.earned.values().map(standing).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cell(act: &str, reversibility: Reversibility, size: Size) -> Cell {
        Cell { proposer: "playbook:x".into(), act: act.into(), reversibility, size }
    }

    fn usual() -> Cell {
        cell("set_lever", Reversibility::R1, Size::Small)
    }

    /// A record whose intervals hold four of five outcomes.
    fn calibrated() -> Reliability {
        Reliability { hits: (0..50).map(|n| n % 5 != 0).collect(), ..Reliability::default() }
    }

    fn level(cells: &Cells, cell: &Cell, now: Millis) -> Autonomy {
        cells.standing(cell, Some(&calibrated()), false, now).level
    }

    #[test]
    fn clean_cases_needed_to_claim_a_share() {
        for (share, needed) in [(0.90, 29), (0.95, 59), (0.99, 299)] {
            let enough = (1..400).find(|n| lower_bound(f64::from(*n), 0.0) >= share);
            assert_eq!(enough, Some(needed), "{share}");
        }
        assert!(lower_bound(58.0, 1.0) < 0.95, "one bad case of 59 is too many");
        assert!(lower_bound(0.0, 0.0) <= 0.0);
    }

    #[test]
    fn one_level_at_a_time_by_threshold() {
        for (reversibility, first) in [
            (Reversibility::R0, Some(29)),
            (Reversibility::R1, Some(59)),
            (Reversibility::R2, Some(299)),
            (Reversibility::R3, None),
        ] {
            let cell = cell("set_lever", reversibility, Size::Small);
            let mut cells = Cells::default();
            let mut levels = vec![];
            for _ in 0..400 {
                cells.case(&cell, true, Some(&calibrated()), 0);
                levels.push(level(&cells, &cell, 0));
            }
            let at = |wanted| levels.iter().position(|l| *l == wanted).map(|at| at + 1);
            assert_eq!(at(Autonomy::Limited), first, "{reversibility:?}");
            assert_eq!(at(Autonomy::Full), first.map(|n| n + 10), "ten more cases for the next level");
        }
    }

    #[test]
    fn what_is_missing_is_said_and_old_cases_fade() {
        let mut cells = Cells::default();
        for _ in 0..58 {
            cells.case(&usual(), true, Some(&calibrated()), 0);
        }
        let standing = cells.standing(&usual(), Some(&calibrated()), false, 0);
        assert_eq!((standing.level, standing.threshold), (Autonomy::Propose, Some(0.95)));
        assert_eq!(standing.missing.len(), 1, "{:?}", standing.missing);
        assert!(standing.missing[0].contains("95 %"), "{:?}", standing.missing);
        let later = cells.standing(&usual(), Some(&calibrated()), false, 60 * DAY);
        assert!((later.cases - 29.0).abs() < 1e-9 && later.lower < standing.lower, "{later:?}");
        // Intervals that hold everything are too wide, those that hold half are too narrow; a few of either prove nothing.
        for (hits, refused) in
            [(vec![true; 60], true), (vec![true; 29], false), ([true, false].repeat(40), true), (vec![true; 9], false)]
        {
            let record = Reliability { hits: hits.clone().into(), ..Reliability::default() };
            let missing = cells.standing(&usual(), Some(&record), false, 0).missing;
            assert_eq!(missing.iter().any(|m| m.contains("intervals")), refused, "{} {missing:?}", hits.len());
        }
        let watched = cells.standing(&usual(), None, true, 0);
        assert_eq!((watched.level, watched.threshold), (Autonomy::Watch, None));
    }

    #[test]
    fn everything_is_lost_at_once() {
        let proven = || {
            let mut cells = Cells::default();
            for _ in 0..80 {
                cells.case(&usual(), true, Some(&calibrated()), 0);
            }
            cells.version("playbook:x", "one", 0);
            assert_eq!(level(&cells, &usual(), 0), Autonomy::Full);
            assert_eq!(cells.asks(&usual()), None);
            cells
        };
        type Blow = fn(&mut Cells);
        let blows: [(Blow, &str); 4] = [
            (|c| c.fault(&usual(), "vetoed", DAY), "vetoed"),
            (|c| c.breached(&usual(), "a guardrail broke", DAY), "guardrail"),
            (|c| c.fault_of("playbook:x", "drift", DAY), "drift"),
            (|c| c.version("playbook:x", "two", DAY), "another version"),
        ];
        for (blow, why) in blows {
            let mut cells = proven();
            blow(&mut cells);
            assert_eq!(level(&cells, &usual(), DAY), Autonomy::Propose, "{why}");
            assert!(cells.asks(&usual()).is_some_and(|a| a.contains(why)), "{why}");
            cells.approved(&usual());
            assert_eq!(cells.asks(&usual()).is_some(), why != "another version", "an approval ends what a version did");
        }
        // A broken guardrail keeps it down for thirty days, whatever else is right.
        let mut cells = proven();
        cells.breached(&usual(), "broke", DAY);
        for _ in 0..300 {
            cells.case(&usual(), true, Some(&calibrated()), 30 * DAY);
        }
        assert_eq!(level(&cells, &usual(), 30 * DAY), Autonomy::Propose);
        cells.case(&usual(), true, Some(&calibrated()), 31 * DAY);
        assert_eq!(level(&cells, &usual(), 31 * DAY), Autonomy::Limited);
        // The same version again changes nothing.
        let mut cells = proven();
        cells.version("playbook:x", "one", DAY);
        assert_eq!(level(&cells, &usual(), DAY), Autonomy::Full);
    }

    #[test]
    fn cells_beside_it_are_a_prior_of_ten_cases_at_most() {
        let mut cells = Cells::default();
        for _ in 0..500 {
            cells.case(&cell("set_lever", Reversibility::R1, Size::Medium), true, None, 0);
            cells.case(&Cell { proposer: "playbook:y".into(), ..usual() }, false, None, 0);
        }
        let near = cells.standing(&usual(), None, false, 0);
        assert!((near.lower - lower_bound(10.0, 0.0)).abs() < 1e-9, "another proposer's cases do not count");
        assert!(near.cases.abs() < 1e-9);
        for _ in 0..500 {
            cells.case(&cell("call mail", Reversibility::R1, Size::Small), false, None, 0);
        }
        let mixed = cells.standing(&usual(), None, false, 0);
        assert!(mixed.lower < near.lower, "another act weighs in behind the same act");
        let far = cells.standing(&cell("start_workflow", Reversibility::R1, Size::Small), None, false, 0);
        assert!(far.lower < mixed.lower);
    }

    #[test]
    fn the_ladder_is_bounded_and_forgets_no_fault() {
        let mut cells = Cells::default();
        let of = |n: i64| Cell { proposer: format!("client:{n}"), ..usual() };
        cells.fault(&of(-1), "vetoed", 0);
        for n in 0..2_000 {
            cells.case(&of(n), true, None, n + 1);
        }
        assert_eq!(cells.ladder(&BTreeMap::new(), &|_| false, 3_000).len(), CELLS_MAX);
        assert!(cells.asks(&of(-1)).is_some());
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

        /// Whatever happens: never up by more than one level at once, never above "propose" where nothing can be undone, down at once.
        #[test]
        fn never_more_than_one_level_up(steps in prop::collection::vec((0..14_u8, any::<bool>(), 0..3_i64), 1..400), which in 0..4_usize) {
            let reversibility = [Reversibility::R0, Reversibility::R1, Reversibility::R2, Reversibility::R3][which];
            let cell = cell("set_lever", reversibility, Size::Small);
            let (mut cells, mut now, mut before, mut version) = (Cells::default(), 0, Autonomy::Propose, 0);
            for (what, small, days) in steps {
                now += days * DAY;
                let beside = if small { cell.clone() } else { Cell { size: Size::Medium, ..cell.clone() } };
                match what {
                    0 => cells.fault(&cell, "vetoed", now),
                    1 => {
                        version += 1;
                        cells.version("playbook:x", &version.to_string(), now);
                    }
                    2 => cells.case(&beside, false, Some(&calibrated()), now),
                    _ => cells.case(&beside, true, Some(&calibrated()), now),
                }
                let standing = cells.standing(&cell, Some(&calibrated()), false, now);
                prop_assert!(standing.level as i8 - before as i8 <= 1, "{before:?} to {:?}", standing.level);
                prop_assert!(what != 0 || standing.level <= Autonomy::Propose);
                prop_assert!(reversibility != Reversibility::R3 || standing.level <= Autonomy::Propose);
                prop_assert!((0.0..=1.0).contains(&standing.lower) && standing.acceptable <= standing.cases);
                before = standing.level;
            }
        }
    }
}
