//! A visit: what is looked at, and what is decided.

use std::cmp::Reverse;

use epoch_model::time::{HOUR, Millis};

use super::fact::{What, Who};
use super::task::{Person, Ref, Stage, Task};
use super::{ERROR_HURTS, Frame, Reader, TRUST_FADES, World};
use crate::calendar::Calendar;
use crate::choice::{self, Scene};
use crate::formula::queue_wait;
use crate::levers::{Attributes, LeverSource, Role};
use crate::rng::{Draws, Purpose};
use crate::scenario::Company;
use crate::segment::Segment;

/// Load is smoothed over an hour.
const LOAD_MEMORY: f64 = HOUR as f64;

impl World {
    /// A new person of this segment, who will come at `at`.
    pub(super) fn newcomer(&mut self, segment: u16, channel: u8, at: Millis) {
        let person = Person {
            serial: self.serials,
            segment,
            channel,
            stage: Stage::Visitor,
            known: false,
            browser: 0,
            visits: 0,
            orders: 0,
            trust: 0.0,
        };
        let slot = self.free.pop().unwrap_or_else(|| {
            self.people.push(person);
            (self.people.len() - 1) as u32
        });
        self.people[slot as usize] = person;
        self.plan(at, Task::Visit { slot });
    }

    /// Load time of a page now, without chance, in milliseconds. Counts the visit.
    fn load_ms(&mut self, slow: f64) -> f64 {
        let since = (self.now - self.office.load_at) as f64;
        let load = self.office.load * libm::exp(-since / LOAD_MEMORY);
        self.office.load_at = self.now;
        self.office.load = load + HOUR as f64 / LOAD_MEMORY;
        let servers = self.office.settings.servers.max(1.0);
        let infra = &self.scenario.infrastructure;
        infra.base_ms * (1.0 + queue_wait(load / (servers * infra.visits_per_hour), servers)) * slow
    }

    pub(super) fn who(person: &Person) -> Who {
        Who {
            serial: person.serial,
            browser: person.browser,
            known: person.known,
            segment: person.segment,
            channel: person.channel,
        }
    }

    /// What an SDK would know of a segment's person.
    pub(super) fn attributes<'a>(&'a self, segment: &Segment, channel: u8) -> Attributes<'a> {
        Attributes {
            at: self.now,
            country: &self.scenario.countries[segment.country].key,
            device: &self.scenario.devices[segment.device].key,
            plan: &self.scenario.plans[segment.plan].key,
            channel: self.channel_name(channel),
        }
    }

    pub(super) fn channel_name(&self, channel: u8) -> &str {
        let channels = &self.scenario.channels;
        channels.get(usize::from(channel)).map_or_else(
            || if usize::from(channel) == channels.len() { "organic" } else { "social" },
            |channel| channel.key.as_str(),
        )
    }

    pub(super) fn visit(&mut self, frame: &mut Frame, slot: u32, levers: &dyn LeverSource) {
        let mut person = self.people[slot as usize];
        if person.stage == Stage::Gone {
            self.free.push(slot);
            return;
        }
        let mut draws = Draws::of(self.seed, Purpose::Visit, person.serial, u64::from(person.visits));
        person.visits += 1;
        let segment = &frame.segments[usize::from(person.segment)];
        let forces = self.forces(Some(segment));
        let company_wide = self.forces(None);
        let load_ms = self.load_ms(company_wide.latency);
        let customer = person.stage == Stage::Customer;
        // All luck of a visit is drawn first, so that it is the same whatever the levers say.
        let luck: [f64; 8] = std::array::from_fn(|_| draws.unit());
        let pages = 1 + draws.poisson(self.scenario.habits.pages - 1.0);
        Self::change_browser(&mut person, luck[6]);
        self.book().count.visits += 1;
        let who = Self::who(&person);
        self.post(0, who, What::Visit { bot: false });
        if luck[0] < forces.outage {
            self.book().count.errors += 1;
            self.post(150, who, What::Failure { status: 503 });
            person.trust -= ERROR_HURTS;
        } else {
            let by = Ref { slot, serial: person.serial, segment: person.segment };
            self.look_around(&mut draws, who, pages, load_ms);
            if customer && !person.known {
                // Signs in on a new browser.
                self.post(1_500, who, What::Identify);
                person.known = true;
            }
            let scene = Scene {
                segment,
                forces: &forces,
                quality: self.quality(person.channel),
                customer,
                trust: person.trust,
                slowness: libm::log(load_ms / self.scenario.infrastructure.base_ms),
                selection: self.selection(),
            };
            if self.scenario.company == Company::Saas && person.stage != Stage::Visitor {
                self.use_features(&mut draws, Self::who(&person));
            } else {
                self.shop_around(frame, &mut person, slot, &scene, &luck, &mut draws, levers);
            }
            if person.stage != Stage::Visitor && luck[5] < self.scenario.support.per_visit {
                self.open_ticket(by, crate::tickets::HOW_TO);
            }
        }
        person.trust *= 1.0 - TRUST_FADES;
        self.people[slot as usize] = person;
        let back = match (person.stage, self.scenario.company) {
            (Stage::Visitor, _) => luck[4] < self.scenario.habits.visitor_returns,
            (Stage::Customer, Company::Shop | Company::Marketplace) => {
                let segment = &frame.segments[usize::from(person.segment)];
                let scene = Scene {
                    segment,
                    forces: &forces,
                    quality: 0.0,
                    customer: true,
                    trust: person.trust,
                    slowness: 0.0,
                    selection: 0.0,
                };
                luck[4] >= choice::churn(&self.scenario, &scene, 1.0)
            }
            _ => true,
        };
        if back {
            self.plan_return(frame, slot);
        } else {
            if person.stage == Stage::Customer {
                self.office.customers = self.office.customers.saturating_sub(1);
                self.book().count.cancellations += 1;
            }
            self.people[slot as usize].stage = Stage::Gone;
            self.free.push(slot);
        }
    }

    /// Now and then a person comes with another browser, which does not know them yet.
    fn change_browser(person: &mut Person, luck: f64) {
        if person.visits > 1 && luck < 0.04 {
            person.browser += 1;
            person.known = false;
        }
    }

    pub(super) fn quality(&self, channel: u8) -> f64 {
        let channels = &self.scenario.channels;
        match channels.get(usize::from(channel)) {
            Some(channel) => channel.quality,
            None if usize::from(channel) == channels.len() => 0.0,
            None => VIRAL_QUALITY,
        }
    }

    pub(super) fn selection(&self) -> f64 {
        self.scenario
            .supply
            .as_ref()
            .map_or(0.0, |supply| libm::log((self.office.sellers as f64).max(1.0) / supply.sellers))
    }

    fn look_around(&mut self, draws: &mut Draws, who: Who, pages: u64, load_ms: f64) {
        for i in 0..pages {
            let took = (load_ms * draws.spread(0.25)) as u32;
            let count = &mut self.book().count;
            count.pages += 1;
            count.load_ms += u64::from(took);
            let path = if i == 0 { 0 } else { 1 + draws.below(6) as u8 };
            self.post(200 + i as Millis * 9_000 + Millis::from(took), who, What::Page { path, load_ms: took });
        }
    }

    fn use_features(&mut self, draws: &mut Draws, who: Who) {
        for i in 0..=draws.poisson(1.5) {
            self.post(20_000 + i as Millis * 15_000, who, What::Feature { which: draws.below(5) as u8 });
        }
    }

    /// From looking at a product to the order, or to the trial.
    #[expect(clippy::too_many_arguments, reason = "the state of one visit, taken apart for the borrow checker")]
    fn shop_around(
        &mut self,
        frame: &Frame,
        person: &mut Person,
        slot: u32,
        scene: &Scene<'_>,
        luck: &[f64; 8],
        draws: &mut Draws,
        levers: &dyn LeverSource,
    ) {
        let unit = self.unit(&Self::who(person));
        let product = draws.below(self.scenario.offer.products.len() as u64) as u16;
        let basket = self.scenario.offer.amount * scene.segment.spend * draws.spread(self.scenario.offer.spread);
        if luck[1] >= choice::view(&self.scenario, scene) {
            return;
        }
        let reader = Reader {
            source: levers,
            levers: &frame.levers,
            unit: &unit,
            attributes: self.attributes(scene.segment, person.channel),
        };
        let headline = reader.index(Role::Headline);
        let price = reader.read(Role::Price);
        let wants = luck[2] < choice::intent(&self.scenario, scene, Some(headline));
        let ratio = choice::price_ratio(&self.scenario, price, frame.price_default);
        let shown = Self::minor(basket * ratio);
        if self.scenario.company == Company::Saas {
            self.book().count.views += 1;
            self.post(30_000, Self::who(person), What::View { product, price: shown });
            if wants {
                self.start_trial(person, slot);
            }
            return;
        }
        let who = Self::who(person);
        self.book().count.views += 1;
        self.post(30_000, who, What::View { product, price: shown });
        if !wants {
            return;
        }
        let count = &mut self.book().count;
        count.intents += 1;
        count.offers += 1;
        self.post(55_000, who, What::Cart { product, price: shown });
        if self.scenario.stock.is_some() && self.office.stock <= 0 {
            self.book().count.out_of_stock += 1;
            self.post(60_000, who, What::OutOfStock { product });
            return;
        }
        // Read where they take effect: who never comes this far was shown none of them.
        let reader = Reader {
            source: levers,
            levers: &frame.levers,
            unit: &unit,
            attributes: self.attributes(scene.segment, person.channel),
        };
        let discount = if person.orders == 0 { reader.read(Role::Discount) / 100.0 } else { 0.0 };
        let (promise, check) = (reader.read(Role::Promise), reader.index(Role::FraudCheck));
        let factor = (1.0 - discount) * (1.0 - frame.days[self.today as usize].discount);
        let chance = choice::buy(&self.scenario, scene, ratio * factor, promise, check);
        if luck[3] >= chance {
            // Of those a broken checkout turned away, some see the error and some of these write.
            let failed = luck[3] < chance / (1.0 - scene.forces.broken_checkout).max(0.01);
            if scene.forces.broken_checkout > 0.0 && failed {
                self.book().count.errors += 1;
                self.post(95_000, who, What::Failure { status: 500 });
                if luck[5] < 0.2 {
                    let by = Ref { slot, serial: person.serial, segment: person.segment };
                    self.open_ticket(by, crate::tickets::CHECKOUT);
                }
            }
            return;
        }
        let full = Self::minor(basket * ratio);
        let off = full - Self::minor(basket * ratio * factor);
        self.place_order(person, slot, full, off, price, promise, product, scene.forces.delivery);
    }

    fn start_trial(&mut self, person: &mut Person, slot: u32) {
        self.book().count.intents += 1;
        self.post(70_000, Self::who(person), What::SignUp);
        self.post(70_400, Self::who(person), What::Identify);
        person.known = true;
        person.stage = Stage::Trial;
        let days = Millis::from(self.scenario.offer.trial_days);
        self.plan(self.now + days * epoch_model::time::DAY, Task::Bill { slot });
    }

    /// Draws the day and hour of the next visit: each day has a probability that follows its level.
    pub(super) fn plan_return(&mut self, frame: &mut Frame, slot: u32) {
        let person = self.people[slot as usize];
        let habits = &self.scenario.habits;
        let daily = match person.stage {
            Stage::Visitor => 1.0 / habits.visitor_gap_days,
            _ => habits.visits_per_day,
        };
        let mut draws = Draws::of(self.seed, Purpose::NextVisit, person.serial, u64::from(person.visits));
        let most = (daily * frame.level_max).min(DAILY_MAX);
        let mut index = self.today;
        // Ten thousand days ahead is never.
        for _ in 0..10_000 {
            index += draws.geometric(most);
            if index > self.today + 10_000 {
                break;
            }
            let level = frame.day(&self.scenario, index).level;
            if draws.chance((daily * level).min(DAILY_MAX) / most) {
                break;
            }
        }
        let hour = draws.weighted(self.scenario.demand.hours.iter().copied(), 1.0);
        let at = Calendar::within(frame.day(&self.scenario, index), hour, draws.unit());
        self.plan(at, Task::Visit { slot });
    }

    /// A machine looks at pages and at nothing else.
    pub(super) fn bot_visit(&mut self, frame: &Frame, serial: u64) {
        let slow = self.forces(None).latency;
        let load_ms = self.load_ms(slow);
        let mut draws = Draws::of(self.seed, Purpose::Crime, serial, 1);
        let segment = draws.below(frame.segments.len() as u64) as u16;
        let channel = self.scenario.channels.len() as u8;
        let who = Who { serial, browser: 0, known: false, segment, channel };
        self.book().count.visits += 1;
        self.post(0, who, What::Visit { bot: true });
        self.look_around(&mut draws, who, 2, load_ms);
    }

    /// Major units as minor ones.
    pub(super) fn minor(major: f64) -> i64 {
        libm::round(major * 100.0) as i64
    }

    /// Notes a fact some milliseconds from now.
    pub(super) fn post(&mut self, after: Millis, who: Who, what: What) {
        self.turns += 1;
        if self.muted {
            return;
        }
        let (time, turn) = (self.now + after, self.turns);
        for fact in self.faulty(time, turn, who, what).into_iter().flatten() {
            self.outbox.push(Reverse(fact));
        }
    }
}

/// The largest probability of a visit on a day.
pub(crate) const DAILY_MAX: f64 = 0.98;
/// Those who come for a viral post rarely mean to buy: log-odds of intent.
pub(crate) const VIRAL_QUALITY: f64 = -1.5;
