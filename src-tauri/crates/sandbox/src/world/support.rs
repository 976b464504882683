//! Tickets and the people who answer them.

use epoch_model::time::{DAY, HOUR, Millis};

use super::fact::{What, Who};
use super::task::{Ref, Task};
use super::{SPAM_WORK, WAIT_DAYS_MAX, World};
use crate::rng::{Draws, Purpose};
use crate::tickets;

impl World {
    /// A person asks for help. Answers come in the order of questions, as fast as the agents on duty are.
    pub(super) fn open_ticket(&mut self, by: Ref, cause: u8) {
        let answered = self.queue(1.0);
        self.tickets += 1;
        let (number, opened) = (self.tickets, self.now);
        let words = Draws::of(self.seed, Purpose::Ticket, number, u64::from(cause)).bits();
        let count = &mut self.book().count;
        count.tickets += 1;
        count.response_hours += ((answered - opened) / HOUR).unsigned_abs();
        self.post(0, self.asker(by), What::TicketOpened { number, words, cause });
        self.plan(answered, Task::Answer { by, number, opened, spam: false });
    }

    /// When a question of this much work is answered.
    fn queue(&mut self, work: f64) -> Millis {
        let support = &self.scenario.support;
        let daily = (self.office.settings.agents * support.agent_per_day).max(0.01);
        let last = self.now + (WAIT_DAYS_MAX * DAY as f64) as Millis;
        let from = self.office.support_free_at.max(self.now);
        let base = (support.base_hours * HOUR as f64) as Millis;
        if from >= last {
            // A form letter costs nobody time.
            return last + base;
        }
        self.office.support_free_at = from + (work / daily * DAY as f64) as Millis;
        from + base
    }

    fn asker(&self, by: Ref) -> Who {
        let person = self.people.get(by.slot as usize).filter(|person| person.serial == by.serial);
        person.map_or(
            Who {
                serial: by.serial,
                browser: 0,
                known: true,
                segment: by.segment,
                channel: self.scenario.channels.len() as u8,
            },
            Self::who,
        )
    }

    pub(super) fn answer(&mut self, by: Ref, number: u64, opened: Millis, spam: bool) {
        let waited = (self.now - opened) as f64 / DAY as f64;
        let hurt = self.scenario.support.wait_hurts * waited;
        let mut draws = Draws::of(self.seed, Purpose::Ticket, number, 99);
        let mood = 4.6 - 0.9 * libm::log1p(waited) * (1.0 + self.scenario.support.wait_hurts) + 0.7 * draws.normal();
        let score = if spam { 0 } else { libm::round(mood).clamp(1.0, 5.0) as u8 };
        let tenths = (waited * 240.0) as u32;
        let who = self.asker(by);
        self.post(0, who, What::TicketAnswered { number, tenths, score });
        if let Some(person) = self.person(by) {
            person.trust -= hurt;
        }
    }

    /// A letter nobody wanted.
    pub(super) fn spam(&mut self, serial: u64) {
        let answered = self.queue(SPAM_WORK);
        self.tickets += 1;
        let (number, opened) = (self.tickets, self.now);
        let words = Draws::of(self.seed, Purpose::Ticket, number, 7).bits();
        let by = Ref { slot: u32::MAX, serial, segment: (words % 7) as u16 % self.segment_count() };
        let count = &mut self.book().count;
        count.tickets += 1;
        count.response_hours += ((answered - opened) / HOUR).unsigned_abs();
        self.post(0, self.asker(by), What::TicketOpened { number, words, cause: tickets::SPAM });
        self.plan(answered, Task::Answer { by, number, opened, spam: true });
    }

    fn segment_count(&self) -> u16 {
        let scenario = &self.scenario;
        (scenario.countries.len() * scenario.devices.len() * scenario.plans.len()) as u16
    }
}
