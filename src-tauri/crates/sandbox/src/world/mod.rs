//! The simulated company as it goes on: a discrete-event simulation whose only output is events and books.

mod day;
mod fact;
mod fault;
mod render;
mod support;
mod task;
mod trade;
mod visit;

pub(crate) use visit::{DAILY_MAX, VIRAL_QUALITY};

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use epoch_model::business::LeverValue;
use epoch_model::event::{EventId, EventView};
use epoch_model::time::Millis;
use serde::{Deserialize, Serialize};

use crate::calendar::{Calendar, Day};
use crate::forces::{Forces, acting};
use crate::ledger::{DayBook, Ledger};
use crate::levers::{Attributes, LeverSource, LeverSpec, Role, Settings, catalog};
use crate::rng::mix;
use crate::scenario::{Incident, Scenario};
use crate::segment::{Segment, segments};
use fact::Fact;
use task::{Entry, Person, Ref, Task};

/// Trust fades by this share at each visit.
pub(crate) const TRUST_FADES: f64 = 0.03;
/// Trust lost by an error page.
pub(crate) const ERROR_HURTS: f64 = 0.2;
/// A spam ticket takes this share of an ordinary one's work.
pub(crate) const SPAM_WORK: f64 = 0.3;
/// Tickets wait at most this long: what is older is answered by a form letter.
pub(crate) const WAIT_DAYS_MAX: f64 = 10.0;
/// What a bank charges for a payment taken back, in minor units.
pub(crate) const CHARGEBACK_FEE: i64 = 1_500;
/// Days between payments of a subscription.
pub(crate) const BILLING_DAYS: i64 = 30;

/// An event as it arrives at the gateway, within the gateway's limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SimEvent<'a> {
    pub id: EventId,
    /// When it happened.
    pub time: Millis,
    /// When it arrives; never before an earlier event's arrival.
    pub arrives: Millis,
    /// Who sends it: `web`, `backend`, `support`, `marketing`.
    pub source: &'static str,
    pub name: &'static str,
    /// The distinct id: a browser's until the person is known. Empty for the company itself.
    pub unit: &'a str,
    /// A JSON object.
    pub props: &'a str,
}

impl<'a> SimEvent<'a> {
    /// As the log takes it.
    pub fn view(&self) -> EventView<'a> {
        EventView { id: self.id, time: self.time, name: self.name, unit: self.unit, props: self.props }
    }
}

/// Names of the events that come from browsers, and so may be lost, doubled or late.
pub(crate) const EVENTS: [&str; 10] = [
    "visit",
    "$pageview",
    "product_viewed",
    "cart_added",
    "out_of_stock",
    "$exception",
    "$identify",
    "signup",
    "order_placed",
    "feature_used",
];

/// State of the company itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Office {
    adstock: Vec<f64>,
    /// Visits an hour, smoothed, as of `load_at`.
    load: f64,
    load_at: Millis,
    /// When support is done with what it has.
    support_free_at: Millis,
    stock: i64,
    on_order: i64,
    sellers: u64,
    customers: u64,
    /// Company-wide levers as read this morning.
    settings: Settings,
}

/// The simulated company. Serialisable: a restored world goes on exactly as this one would have.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct World {
    scenario: Scenario,
    seed: u64,
    incidents: Vec<Incident>,
    now: Millis,
    today: u32,
    people: Vec<Person>,
    free: Vec<u32>,
    serials: u64,
    turns: u64,
    orders: u64,
    tickets: u64,
    agenda: BinaryHeap<Reverse<Entry>>,
    outbox: BinaryHeap<Reverse<Fact>>,
    office: Office,
    ledger: Ledger,
    /// Runs that nobody watches write no events.
    muted: bool,
    #[serde(skip)]
    frame: Option<Box<Frame>>,
}

/// What follows from the scenario.
#[derive(Debug, Clone)]
struct Frame {
    segments: Vec<Segment>,
    levers: Vec<LeverSpec>,
    calendar: Calendar,
    /// Days worked out so far.
    days: Vec<Day>,
    /// No day has a higher level.
    level_max: f64,
    price_default: f64,
}

impl Frame {
    fn new(scenario: &Scenario) -> Self {
        let demand = &scenario.demand;
        let top = |values: &mut dyn Iterator<Item = f64>| values.fold(1.0, f64::max);
        let level_max = (1.0 + demand.season) * top(&mut demand.week.iter().copied());
        let level_max = level_max * top(&mut demand.holidays.iter().map(|h| h.factor));
        let levers = catalog(scenario);
        let price_default = levers.first().map_or(1.0, |lever| lever.read(None));
        Self {
            segments: segments(scenario),
            levers,
            calendar: Calendar::new(scenario),
            days: Vec::new(),
            level_max: level_max.min(crate::calendar::LEVEL_MAX),
            price_default,
        }
    }

    fn day(&mut self, scenario: &Scenario, index: u32) -> &Day {
        while self.days.len() <= index as usize {
            self.days.push(self.calendar.day(scenario, self.days.len() as u32));
        }
        &self.days[index as usize]
    }
}

/// Levers as read for one subject.
struct Reader<'a> {
    source: &'a dyn LeverSource,
    levers: &'a [LeverSpec],
    unit: &'a str,
    attributes: Attributes<'a>,
}

impl Reader<'_> {
    fn read(&self, role: Role) -> f64 {
        let Some(lever) = self.levers.iter().find(|lever| lever.role == role) else { return 0.0 };
        let value: Option<LeverValue> = self.source.value(&lever.key, self.unit, &self.attributes);
        lever.read(value.as_ref())
    }

    fn index(&self, role: Role) -> usize {
        self.read(role) as usize
    }
}

impl World {
    /// A company on the morning of its first day.
    pub fn new(scenario: &Scenario, seed: u64) -> Self {
        let frame = Box::new(Frame::new(scenario));
        let start = scenario.starts_at();
        let settings = Settings::defaults(&frame.levers, scenario.channels.len());
        let office = Office {
            // What was spent before the start is remembered.
            adstock: scenario.channels.iter().map(|channel| channel.spend).collect(),
            load: 0.0,
            load_at: start,
            support_free_at: start,
            stock: scenario.stock.as_ref().map_or(0, |stock| (settings.reorder_point + stock.batch) as i64),
            on_order: 0,
            sellers: scenario.supply.as_ref().map_or(0, |supply| supply.sellers as u64),
            customers: 0,
            settings,
        };
        let mut world = Self {
            scenario: scenario.clone(),
            seed,
            incidents: scenario.incidents.clone(),
            now: start,
            today: 0,
            people: Vec::new(),
            free: Vec::new(),
            serials: 0,
            turns: 0,
            orders: 0,
            tickets: 0,
            agenda: BinaryHeap::new(),
            outbox: BinaryHeap::new(),
            office,
            ledger: Ledger::default(),
            muted: false,
            frame: Some(frame),
        };
        world.plan(start, Task::DayBegins);
        world
    }

    /// Goes on until `until`, reading levers from `levers`, and hands out every event that arrives before it, in the order
    /// of arrival.
    pub fn advance(&mut self, until: Millis, levers: &dyn LeverSource, out: &mut dyn FnMut(SimEvent<'_>)) {
        let mut frame = self.frame.take().unwrap_or_else(|| Box::new(Frame::new(&self.scenario)));
        frame.day(&self.scenario, self.today);
        let mut text = render::Text::default();
        loop {
            let task = self.agenda.peek().map_or(Millis::MAX, |Reverse(entry)| entry.at);
            let fact = self.outbox.peek().map_or(Millis::MAX, |Reverse(fact)| fact.arrives);
            if task.min(fact) >= until {
                break;
            }
            if fact < task {
                if let Some(Reverse(fact)) = self.outbox.pop() {
                    render::render(self, &frame, &fact, &mut text, out);
                }
            } else if let Some(Reverse(entry)) = self.agenda.pop() {
                self.now = entry.at;
                self.run(&mut frame, entry.task, levers);
            }
        }
        self.frame = Some(frame);
        self.now = self.now.max(until);
    }

    fn run(&mut self, frame: &mut Frame, task: Task, levers: &dyn LeverSource) {
        match task {
            Task::DayBegins => self.begin_day(frame, levers),
            Task::Visit { slot } => self.visit(frame, slot, levers),
            Task::Bill { slot } => self.bill(frame, slot, levers),
            Task::Deliver { order } => self.deliver(frame, order),
            Task::Refund { order } => self.refund(order),
            Task::Chargeback { order } => self.charge_back(order),
            Task::Answer { by, number, opened, spam } => self.answer(by, number, opened, spam),
            Task::Restock { units } => {
                self.office.stock += units;
                self.office.on_order -= units;
            }
            Task::Bot { serial } => self.bot_visit(frame, serial),
            Task::Fraud { serial } => self.stolen_card(frame, serial, levers),
            Task::Abuser { serial } => self.coupon_order(frame, serial, levers),
            Task::Spam { serial } => self.spam(serial),
            Task::Deploy => self.deployed(),
        }
    }

    /// Lets something happen: `incident` begins at `at` (or now, if that has passed) and lasts as long as it says.
    pub fn inject(&mut self, mut incident: Incident, at: Millis) {
        let at = at.max(self.now);
        incident.end = at + (incident.end - incident.start).max(1);
        incident.start = at;
        // Keys name incidents in the truth, so each has its own.
        let taken = self.incidents.iter().filter(|known| known.kind == incident.kind).count();
        if taken > 0 {
            incident.key = format!("{}_{}", incident.key, taken + 1);
        }
        let deployed = incident.kind == crate::scenario::IncidentKind::HiddenRegression;
        self.incidents.push(incident);
        // The morning plans the deployments of its own day; those of today come too late for it.
        if deployed && at < Calendar::new(&self.scenario).day(&self.scenario, self.today).end {
            self.plan(at, Task::Deploy);
        }
    }

    /// The company's own `business.toml`: what it measures and what may be moved.
    pub fn business_toml(&self) -> String {
        crate::business::business_toml(&self.scenario, &catalog(&self.scenario))
    }

    /// The books so far.
    pub fn money(&self) -> Ledger {
        let mut ledger = self.ledger.clone();
        if let Some(today) = ledger.days.last_mut() {
            today.count.customers = self.office.customers;
        }
        ledger
    }

    /// Where it stands.
    pub fn now(&self) -> Millis {
        self.now
    }

    /// What it was made from.
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// Its seed.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Incidents of the scenario and those injected since.
    pub(crate) fn incidents(&self) -> &[Incident] {
        &self.incidents
    }

    /// The same company from its first day, with everything that happened to it, unwatched.
    pub(crate) fn twin(&self) -> Self {
        let mut twin = Self::new(&self.scenario, self.seed);
        twin.incidents.clone_from(&self.incidents);
        twin.muted()
    }

    /// The same world that writes no events, only books: several times as fast.
    pub fn muted(mut self) -> Self {
        self.muted = true;
        self.outbox.clear();
        self
    }

    /// Bytes from which [`World::restore`] makes this world again.
    pub fn snapshot(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// A world from its snapshot; `None` when the bytes are not one.
    pub fn restore(bytes: &[u8]) -> Option<Self> {
        let mut world: Self = serde_json::from_slice(bytes).ok()?;
        world.frame = Some(Box::new(Frame::new(&world.scenario)));
        Some(world)
    }

    fn plan(&mut self, at: Millis, task: Task) {
        self.turns += 1;
        self.agenda.push(Reverse(Entry { at, turn: self.turns, task }));
    }

    fn book(&mut self) -> &mut DayBook {
        if self.ledger.days.is_empty() {
            self.ledger.days.push(DayBook::default());
        }
        let last = self.ledger.days.len() - 1;
        &mut self.ledger.days[last]
    }

    /// What acts on a segment now; on everyone, without one.
    fn forces(&self, on: Option<&Segment>) -> Forces {
        let mut levels = Vec::new();
        acting(&self.incidents, self.now, &mut levels);
        if levels.is_empty() { Forces::CALM } else { Forces::of(&self.scenario, &self.incidents, &levels, on) }
    }

    fn person(&mut self, by: Ref) -> Option<&mut Person> {
        self.people.get_mut(by.slot as usize).filter(|person| person.serial == by.serial)
    }

    /// Number that names a person (or a browser) to the outside and says nothing else.
    fn alias(&self, serial: u64, browser: u16) -> u64 {
        mix(mix(self.seed ^ 0x7061_6e6f_6e79_6d65) ^ (serial << 16 | u64::from(browser)))
    }
}
