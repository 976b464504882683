//! A stream of tests and what it knows.

use serde::{Deserialize, Serialize};

use super::level::level;
use super::{Method, Procedure};

/// What a test found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Evidence {
    /// A p-value.
    P(f64),
    /// An e-value: at least 0, its mean at most 1 where nothing is to be found.
    E(f64),
}

/// A test began.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Started {
    /// Its number in the stream, from 0: the ticket for `finish`.
    pub number: usize,
    /// Its level: a p-value up to here is a discovery, or an e-value of at least one over it.
    pub level: f64,
}

/// A test ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verdict {
    /// Its number in the stream, from 0.
    pub number: usize,
    /// The level it was given at its start.
    pub level: f64,
    /// Whether it is a discovery.
    pub rejected: bool,
}

/// Why a call was refused; nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The method is only defined for one test after the other, and one is under way.
    OneAtATime,
    /// No test has this number, or it has ended.
    NotUnderWay,
    /// The p-value is not within 0..1, or the e-value is negative or no number.
    NoEvidence,
    /// The method reads the other kind of evidence.
    WrongKind,
}

/// What is kept of a test.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Test {
    pub(super) level: f64,
    /// Its outcome is known to tests that start after so many starts; `None` while it is under way.
    pub(super) known_after: Option<u32>,
    /// p <= lambda (or rejected, for alpha-investing).
    pub(super) candidate: bool,
    /// p <= tau.
    pub(super) selected: bool,
    pub(super) rejected: bool,
}

/// A stream under one procedure. Memory: 24 bytes per test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stream {
    procedure: Procedure,
    pub(super) tests: Vec<Test>,
    /// Positions of discoveries, by the time they became known.
    pub(super) discoveries: Vec<u32>,
}

impl Stream {
    /// An empty stream.
    pub fn new(procedure: Procedure) -> Self {
        Self { procedure, tests: Vec::new(), discoveries: Vec::new() }
    }

    /// Its procedure.
    pub fn procedure(&self) -> &Procedure {
        &self.procedure
    }

    /// Tests started so far.
    pub fn started(&self) -> usize {
        self.tests.len()
    }

    /// Tests without an outcome.
    pub fn under_way(&self) -> usize {
        self.tests.iter().filter(|t| t.known_after.is_none()).count()
    }

    /// Discoveries so far.
    pub fn discoveries(&self) -> usize {
        self.discoveries.len()
    }

    /// The level a test would be given that starts now.
    pub fn next_level(&self) -> f64 {
        level(self)
    }

    /// A test starts and is given its level.
    pub fn start(&mut self) -> Result<Started, Refusal> {
        if !self.procedure.method.overlapping() && self.under_way() > 0 {
            return Err(Refusal::OneAtATime);
        }
        let started = Started { number: self.tests.len(), level: level(self) };
        self.tests.push(Test {
            level: started.level,
            known_after: None,
            candidate: false,
            selected: true,
            rejected: false,
        });
        Ok(started)
    }

    /// A test ends with its evidence.
    pub fn finish(&mut self, number: usize, evidence: Evidence) -> Result<Verdict, Refusal> {
        let Procedure { method, lambda, tau, lag, .. } = self.procedure;
        let now = self.tests.len() as u32;
        let test = self.tests.get_mut(number).filter(|t| t.known_after.is_none()).ok_or(Refusal::NotUnderWay)?;
        let rejected = match evidence {
            Evidence::P(p) if !(0.0..=1.0).contains(&p) => return Err(Refusal::NoEvidence),
            Evidence::E(e) if !(e >= 0.0) => return Err(Refusal::NoEvidence),
            Evidence::P(_) if method.reads_e_values() => return Err(Refusal::WrongKind),
            Evidence::E(_) if !method.reads_e_values() => return Err(Refusal::WrongKind),
            Evidence::P(p) => {
                test.selected = p <= tau;
                test.candidate = if method == Method::AlphaInvesting { p <= test.level } else { p <= lambda };
                p <= test.level
            }
            Evidence::E(e) => e * test.level >= 1.0,
        };
        let known = now.max((number as u32).saturating_add(1).saturating_add(lag));
        test.known_after = Some(known);
        test.rejected = rejected;
        let verdict = Verdict { number, level: test.level, rejected };
        if rejected {
            let later = |&k: &u32| self.tests.get(k as usize).and_then(|t| t.known_after) <= Some(known);
            let at = self.discoveries.partition_point(later);
            self.discoveries.insert(at, number as u32);
        }
        Ok(verdict)
    }

    /// A test that starts and ends before the next one starts.
    pub fn test(&mut self, evidence: Evidence) -> Result<Verdict, Refusal> {
        let started = self.start()?;
        let verdict = self.finish(started.number, evidence);
        if verdict.is_err() {
            self.tests.pop();
        }
        verdict
    }
}
