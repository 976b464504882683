//! One experiment under a design, look after look.

use libm::fabs;
use serde::{Deserialize, Serialize};

use super::group::{GroupDesign, Schedule, critical, inference};
use super::{Boundary, Design, FixedDesign, Floor, Look, Reading, Side, Verdict, interval};
use crate::normal;

/// The state of one comparison: its design, the looks that spent something, the smallest p-value so far.
///
/// Plain data when stored; the same looks give the same readings after it was read again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Monitor {
    design: Design,
    floor: Floor,
    /// Share of the planned size at each look that spent something, and whether it was the last.
    looks: Vec<(f64, bool)>,
    p_value_min: f64,
    /// The paths of a group-sequential design: follows from `looks`, computed again after reading.
    #[serde(skip)]
    schedule: Option<Schedule>,
}

impl PartialEq for Monitor {
    fn eq(&self, other: &Self) -> bool {
        (&self.design, &self.floor, &self.looks, self.p_value_min)
            == (&other.design, &other.floor, &other.looks, other.p_value_min)
    }
}

impl Monitor {
    /// An experiment that was not looked at yet.
    pub fn new(design: Design, floor: Floor) -> Self {
        Self { design, floor, looks: Vec::new(), p_value_min: 1.0, schedule: None }
    }

    /// An experiment whose earlier looks are known only by what they left: the shares of the planned size at which looks spent
    /// something, rising, and the smallest p-value so far (1 where there was none).
    pub fn resumed(design: Design, floor: Floor, times: &[f64], p_value_min: f64) -> Self {
        let looks = times.iter().map(|time| (*time, false)).collect();
        Self { design, floor, looks, p_value_min, schedule: None }
    }

    /// The smallest p-value so far, of designs whose p-values hold at any time; 1 of others.
    pub fn p_value_min(&self) -> f64 {
        self.p_value_min
    }

    /// The design.
    pub fn design(&self) -> &Design {
        &self.design
    }

    /// Looks that spent something so far, as shares of the planned size.
    pub fn times(&self) -> impl Iterator<Item = f64> {
        self.looks.iter().map(|look| look.0)
    }

    /// Takes a look. Looks come in the order of their sizes; one that is hardly larger than the last decides nothing.
    pub fn look(&mut self, look: &Look) -> Reading {
        self.take(look, false)
    }

    /// Takes the last look of an experiment that ends now for reasons that have nothing to do with its effect: what is
    /// left of alpha is spent on it.
    pub fn conclude(&mut self, look: &Look) -> Reading {
        self.take(look, true)
    }

    /// What a look would say, without taking it.
    pub fn peek(&self, look: &Look) -> Reading {
        self.clone().take(look, false)
    }

    /// Estimate, interval and p-value of a group-sequential experiment that ended with `look`, its last one: they know of
    /// the looks before. `None` for other designs, whose readings hold as they are.
    ///
    /// Where the statistic is not `estimate / se` (proportions, relative effects), the error that makes it so is used: the
    /// estimate at the end then starts from the one that is shown.
    pub fn after(&mut self, look: &Look) -> Option<inference::Final> {
        let Design::Group(design) = self.design else { return None };
        let implied = look.estimate / look.z;
        let se = if implied > 0.0 && implied.is_finite() { implied } else { look.se };
        Some(inference::after(&design, schedule(&mut self.schedule, &self.looks, design).looks(), look.z, se))
    }

    fn take(&mut self, look: &Look, last: bool) -> Reading {
        let early = self.floor.is_early(look);
        let mut reading = match &self.design {
            Design::Fixed(design) => fixed(design, look, last),
            Design::Group(design) if early => untouched(look, look.size() / design.size_max),
            Design::Group(design) => {
                let design = *design;
                let schedule = schedule(&mut self.schedule, &self.looks, design);
                let time = look.size() / design.size_max;
                let taken = schedule.look(time, last).is_some();
                if taken {
                    self.looks.push((time, last));
                }
                group(&design, schedule, look, taken, last)
            }
            Design::Asymptotic(design) => {
                let units = look.units[0] + look.units[1];
                let p = if early { 1.0 } else { design.p_value(look.z, units) };
                let c = design.factor(units);
                Reading { fraction: units / design.units_tuned, ..any_time(design.alpha, design.side, look, [p, c]) }
            }
            Design::Msprt(design) => {
                // The prior is on the estimate's scale, the statistic on its own: both are used together.
                let estimate = look.z * look.se;
                let p = if early { 1.0 } else { design.p_value(estimate, look.se) };
                let c = design.half_width(look.se) / look.se;
                any_time(design.alpha, design.side, look, [p, c])
            }
        };
        if early {
            reading.verdict = Verdict::TooEarly;
        }
        if matches!(self.design, Design::Asymptotic(_) | Design::Msprt(_)) {
            self.p_value_min = self.p_value_min.min(reading.p_value);
            reading.p_value = self.p_value_min;
        }
        reading
    }
}

/// The paths at hand, or made again from the looks.
fn schedule<'a>(held: &'a mut Option<Schedule>, looks: &[(f64, bool)], design: GroupDesign) -> &'a mut Schedule {
    held.get_or_insert_with(|| {
        let mut schedule = Schedule::new(design);
        for &(time, last) in looks {
            schedule.look(time, last);
        }
        schedule
    })
}

/// One side's limits, as a boundary.
fn limits(c: f64, side: Side) -> Boundary {
    let lower = if side == Side::Greater { f64::NEG_INFINITY } else { -c };
    let upper = if side == Side::Less { f64::INFINITY } else { c };
    Boundary { lower, upper, futility: None }
}

fn crossed(z: f64, boundary: &Boundary) -> Option<Verdict> {
    if z >= boundary.upper {
        Some(Verdict::Up)
    } else if z <= boundary.lower {
        Some(Verdict::Down)
    } else {
        None
    }
}

fn untouched(look: &Look, fraction: f64) -> Reading {
    let nothing = limits(f64::INFINITY, Side::Two);
    let interval = interval(look, f64::INFINITY, Side::Two);
    Reading { verdict: Verdict::TooEarly, boundary: nothing, interval, p_value: 1.0, fraction, spent: 0.0 }
}

fn fixed(design: &FixedDesign, look: &Look, last: bool) -> Reading {
    let c = critical(design.alpha, design.side);
    let fraction = look.size() / design.size_max;
    let boundary = limits(c, design.side);
    let p_value = match design.side {
        Side::Two => normal::two_sided(look.z),
        Side::Greater => normal::sf(look.z),
        Side::Less => normal::cdf(look.z),
    };
    let ended = last || fraction >= 1.0;
    let verdict = if ended { crossed(look.z, &boundary).unwrap_or(Verdict::Undecided) } else { Verdict::Continue };
    let spent = if ended { design.alpha } else { 0.0 };
    Reading { verdict, boundary, interval: interval(look, c, design.side), p_value, fraction, spent }
}

fn group(design: &GroupDesign, schedule: &Schedule, look: &Look, taken: bool, last: bool) -> Reading {
    let fraction = look.size() / design.size_max;
    let limits = match schedule.looks().last() {
        Some(limits) => *limits,
        None => return untouched(look, fraction),
    };
    let boundary = limits.boundary(design.side);
    let turned = if design.side == Side::Less { -look.z } else { look.z };
    let measure = if design.side == Side::Two { fabs(look.z) } else { turned };
    let over = limits.spent >= design.alpha || last;
    let verdict = if !taken {
        if over { Verdict::Undecided } else { Verdict::Continue }
    } else if let Some(verdict) = crossed(look.z, &boundary) {
        verdict
    } else if over {
        Verdict::Undecided
    } else if limits.futility.is_some_and(|a| measure <= a) {
        Verdict::Futile
    } else {
        Verdict::Continue
    };
    Reading {
        verdict,
        boundary,
        interval: interval(look, limits.upper, design.side),
        p_value: schedule.p_value_of_last(turned),
        fraction,
        spent: limits.spent,
    }
}

/// A design that holds at all times: its p-value and its limit in standard errors.
fn any_time(alpha: f64, side: Side, look: &Look, [p_value, c]: [f64; 2]) -> Reading {
    let up = look.z > 0.0;
    let verdict = match (p_value <= alpha, up) {
        (true, true) => Verdict::Up,
        (true, false) => Verdict::Down,
        (false, _) => Verdict::Continue,
    };
    let interval = interval(look, c, side);
    Reading { verdict, boundary: limits(c, side), interval, p_value, fraction: 0.0, spent: 0.0 }
}
