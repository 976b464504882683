//! Which bucket an instant lies in, remembered: asking the timezone per event would cost more than counting it.

use std::ops::Range;

use epoch_model::time::{Grain, HOUR, Millis, Zone};

/// The starts of the buckets that hold one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Buckets {
    pub hour: Millis,
    pub day: Millis,
    pub month: Millis,
}

impl Buckets {
    pub fn of(&self, grain: Grain) -> Millis {
        match grain {
            Grain::Hour => self.hour,
            Grain::Day | Grain::Week => self.day,
            Grain::Month => self.month,
        }
    }
}

/// Places remembered per width; with one per half hour or half day that is six weeks of hours, three years of days.
const PLACES: usize = 2048;

#[derive(Debug)]
struct Memory {
    grain: Grain,
    step: Millis,
    places: Vec<Range<Millis>>,
}

impl Memory {
    fn new(grain: Grain, step: Millis) -> Self {
        Self { grain, step, places: vec![0..0; PLACES] }
    }

    fn start(&mut self, zone: &Zone, at: Millis) -> Millis {
        let place = usize::try_from(at.div_euclid(self.step).rem_euclid(PLACES as Millis)).unwrap_or(0);
        let known = &mut self.places[place];
        if known.contains(&at) {
            return known.start;
        }
        let start = zone.floor(at, self.grain);
        let end = zone.next(start, self.grain);
        // Where a clock change cuts the bucket, only the instant itself is sure.
        if zone.floor(start, self.grain) == start && zone.floor(end - 1, self.grain) == start {
            *known = start..end;
        }
        start
    }
}

#[derive(Debug)]
pub(crate) struct Calendar {
    zone: Zone,
    hours: Memory,
    days: Memory,
    months: Memory,
}

impl Calendar {
    pub fn new(zone: Zone) -> Self {
        Self {
            zone,
            hours: Memory::new(Grain::Hour, HOUR / 2),
            days: Memory::new(Grain::Day, 12 * HOUR),
            months: Memory::new(Grain::Month, 14 * 24 * HOUR),
        }
    }

    pub fn start(&mut self, at: Millis, grain: Grain) -> Millis {
        match grain {
            Grain::Hour => self.hours.start(&self.zone, at),
            Grain::Day | Grain::Week => self.days.start(&self.zone, at),
            Grain::Month => self.months.start(&self.zone, at),
        }
    }

    pub(super) fn buckets(&mut self, at: Millis) -> Buckets {
        Buckets {
            hour: self.start(at, Grain::Hour),
            day: self.start(at, Grain::Day),
            month: self.start(at, Grain::Month),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers_what_the_zone_says() {
        for name in
            ["UTC", "Europe/Berlin", "Asia/Kolkata", "America/Sao_Paulo", "Australia/Lord_Howe", "Africa/Monrovia"]
        {
            let zone = Zone::named(name).unwrap();
            let mut calendar = Calendar::new(zone.clone());
            let mut at: Millis = 0;
            while at < 1_900_000_000_000 {
                for grain in [Grain::Hour, Grain::Day, Grain::Month] {
                    assert_eq!(calendar.start(at, grain), zone.floor(at, grain), "{name} {at} {grain:?}");
                }
                at += 7 * HOUR / 2 + if at % 5 == 0 { 40_000_000_000 } else { 13 };
            }
        }
    }
}
