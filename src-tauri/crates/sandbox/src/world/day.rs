//! The morning of a day: levers of the company, costs, and who will come.

use epoch_model::time::{DAY, HOUR, Millis};

use super::fact::{What, Who};
use super::task::Task;
use super::{Frame, Reader, World};
use crate::calendar::{Calendar, Day};
use crate::formula::{adstock, hill};
use crate::ledger::DayBook;
use crate::levers::{Attributes, LeverSource, Role};
use crate::rng::{Draws, Purpose};
use crate::scenario::IncidentKind;

impl World {
    pub(super) fn begin_day(&mut self, frame: &mut Frame, levers: &dyn LeverSource) {
        if let Some(yesterday) = self.ledger.days.last_mut() {
            yesterday.count.customers = self.office.customers;
        }
        self.today = self.ledger.days.len() as u32;
        let day = frame.day(&self.scenario, self.today).clone();
        self.ledger.days.push(DayBook { start: day.start, ..DayBook::default() });
        self.read_levers(frame, levers);
        self.book_costs();
        let mut draws = Draws::of(self.seed, Purpose::Company, 0, u64::from(day.index));
        self.sellers_move(frame);
        self.report(&day, &mut draws);
        self.people_come(frame, &day);
        self.others_come(&day);
        self.plan(day.end, Task::DayBegins);
    }

    /// Budgets, servers and staff are decided once a day, for everyone.
    fn read_levers(&mut self, frame: &Frame, levers: &dyn LeverSource) {
        let attributes = Attributes { at: self.now, country: "", device: "", plan: "", channel: "" };
        let reader = Reader { source: levers, levers: &frame.levers, unit: "", attributes };
        for lever in &frame.levers {
            if matches!(lever.role, Role::Agents | Role::Servers | Role::ReorderPoint | Role::Spend(_) | Role::Price) {
                let n = reader.read(lever.role);
                self.office.settings.set(lever.role, n);
            }
        }
    }

    fn book_costs(&mut self) {
        let settings = &self.office.settings;
        let (support, infra) = (&self.scenario.support, &self.scenario.infrastructure);
        let holding = self.scenario.stock.as_ref().map_or(0.0, |stock| stock.holding * self.office.stock.max(0) as f64);
        let marketing = settings.spend.iter().sum::<f64>();
        let amounts = [marketing, settings.agents * support.agent_cost, settings.servers * infra.server_cost, holding];
        let amounts = amounts.map(Self::minor);
        let sellers = self.office.sellers;
        let book = self.book();
        [book.marketing, book.support, book.servers, book.holding] = amounts;
        book.count.sellers = sellers;
    }

    /// Sellers join and leave by the take rate.
    fn sellers_move(&mut self, frame: &Frame) {
        let Some(supply) = &self.scenario.supply else { return };
        let ratio = libm::log((self.office.settings.price / frame.price_default).max(0.01));
        let joins = supply.sellers * supply.turnover * libm::exp(supply.join_elasticity * ratio);
        let leaves =
            (supply.turnover * libm::exp(supply.leave_elasticity * ratio) + self.forces(None).sellers).min(1.0);
        let mut draws = Draws::of(self.seed, Purpose::Supply, 2, u64::from(self.today));
        let (joining, leaving) = (draws.poisson(joins), draws.poisson(leaves * self.office.sellers as f64));
        self.office.sellers = (self.office.sellers + joining).saturating_sub(leaving).max(1);
    }

    /// What the company writes down about itself.
    fn report(&mut self, day: &Day, draws: &mut Draws) {
        let (morning, night) = (6 * HOUR, day.end - day.start - 10 * 60_000);
        if self.scenario.stock.is_some() {
            self.post(morning, Who::COMPANY, What::Stock { level: self.office.stock });
        }
        if self.scenario.supply.is_some() {
            self.post(morning, Who::COMPANY, What::Sellers { count: self.office.sellers });
        }
        for i in 0..self.office.settings.spend.len() {
            let amount = Self::minor(self.office.settings.spend[i]);
            self.post(night, Who::COMPANY, What::AdSpend { channel: i as u8, amount });
        }
        let weekday = day.date.weekday().to_monday_zero_offset();
        if weekday == 0 {
            let war = self.incidents.iter().filter(|incident| incident.kind == IncidentKind::PriceWar);
            let cut = war.map(|incident| incident.level(self.now)).fold(0.0, f64::max);
            let index = libm::round(100.0 * (1.0 - 0.4 * cut) + draws.normal()) as u32;
            self.post(9 * HOUR, Who::COMPANY, What::CompetitorPrice { index });
        }
        // Software goes out on Tuesdays, and whenever a regression came with it.
        if weekday == 1 {
            self.plan(day.start + 10 * HOUR, Task::Deploy);
        }
        let regressions: Vec<Millis> = self
            .incidents
            .iter()
            .filter(|incident| incident.kind == IncidentKind::HiddenRegression)
            .map(|incident| incident.start)
            .filter(|start| (day.start..day.end).contains(start))
            .collect();
        for start in regressions {
            self.plan(start, Task::Deploy);
        }
    }

    pub(super) fn deployed(&mut self) {
        let version = (self.now / DAY) as u32;
        self.post(0, Who::COMPANY, What::Deployed { version });
    }

    /// New visitors by channel, each at an hour of the day.
    fn people_come(&mut self, frame: &mut Frame, day: &Day) {
        let by_channel = self.expected_visitors(day);
        for (channel, mean) in by_channel.into_iter().enumerate() {
            let mut draws = Draws::of(self.seed, Purpose::Arrivals, channel as u64, u64::from(day.index));
            let n = draws.poisson(mean);
            self.book().count.new_visitors += n;
            for i in 0..n {
                // A newcomer's number says channel, day and place, so that the same person comes in every paired run.
                self.serials = 1 + ((u64::from(day.index) * 256 + channel as u64) << 24 | i);
                let mut draws = Draws::of(self.seed, Purpose::Person, self.serials, 0);
                let segment = draws.weighted(frame.segments.iter().map(|segment| segment.share), 1.0);
                let hour = draws.weighted(self.scenario.demand.hours.iter().copied(), 1.0);
                let at = Calendar::within(day, hour, draws.unit());
                self.newcomer(segment as u16, channel as u8, at);
            }
        }
    }

    /// Means of the day: the paid channels, those who come by themselves, those a viral post sends.
    fn expected_visitors(&mut self, day: &Day) -> Vec<f64> {
        // The middle of the day stands for the day; what begins later in it acts on the funnel at once.
        let middle = i64::midpoint(day.start, day.end);
        let mut levels = Vec::new();
        crate::forces::acting(&self.incidents, middle, &mut levels);
        let forces = crate::forces::Forces::of(&self.scenario, &self.incidents, &levels, None);
        let mut means = Vec::with_capacity(self.scenario.channels.len() + 2);
        let demand = &self.scenario.demand;
        for (i, channel) in self.scenario.channels.iter().enumerate() {
            let stock = adstock(self.office.adstock[i], self.office.settings.spend[i], channel.half_life_days);
            self.office.adstock[i] = stock;
            let reach = if forces.channel.0 == i { forces.channel.1 } else { 1.0 };
            let seen = channel.visitors_max * hill(stock, channel.half_at, channel.slope) * reach;
            means.push(seen * day.level * day.push * forces.arrivals);
        }
        let own = demand.visitors_per_day * day.growth * day.level;
        means.push(own * day.push * forces.arrivals);
        means.push(own * forces.viral);
        means
    }

    /// Machines, thieves, abusers and spam, spread over the day.
    fn others_come(&mut self, day: &Day) {
        let forces = self.forces_at(i64::midpoint(day.start, day.end));
        let visitors = self.book().count.new_visitors as f64;
        let abuse = &self.scenario.abuse;
        let means = [
            (abuse.bots + forces.bots) * visitors,
            abuse.fraud * forces.fraud * visitors,
            (abuse.coupon_orders + forces.coupons) * super::trade::COUPON_AT_MOST / 10.0,
            forces.spam,
        ];
        for (kind, mean) in means.into_iter().enumerate() {
            let mut draws = Draws::of(self.seed, Purpose::Arrivals, 200 + kind as u64, u64::from(day.index));
            for i in 0..draws.poisson(mean) {
                let serial = 1 + ((u64::from(day.index) * 256 + 200 + kind as u64) << 24 | i);
                let at = day.start + (draws.unit() * (day.end - day.start) as f64) as Millis;
                let task = match kind {
                    0 => Task::Bot { serial },
                    1 => Task::Fraud { serial },
                    2 => Task::Abuser { serial },
                    _ => Task::Spam { serial },
                };
                self.plan(at, task);
            }
        }
    }

    fn forces_at(&self, at: Millis) -> crate::forces::Forces {
        let mut levels = Vec::new();
        crate::forces::acting(&self.incidents, at, &mut levels);
        crate::forces::Forces::of(&self.scenario, &self.incidents, &levels, None)
    }
}
