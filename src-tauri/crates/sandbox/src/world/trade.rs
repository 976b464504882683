//! Orders, deliveries, refunds, subscriptions, and those who cheat.

use epoch_model::time::{DAY, HOUR, Millis};

use super::fact::{What, Who};
use super::task::{Order, Person, Ref, Stage, Task};
use super::{BILLING_DAYS, CHARGEBACK_FEE, Frame, Reader, World};
use crate::choice::{self, Scene};
use crate::levers::{FRAUD_STOPPED, LeverSource, Role};
use crate::rng::{Draws, Purpose};
use crate::scenario::Company;

impl World {
    /// Books an order: what the buyer pays, and what of it is the company's.
    #[expect(clippy::too_many_arguments, reason = "an order has this many parts")]
    pub(super) fn place_order(
        &mut self,
        person: &mut Person,
        slot: u32,
        full: i64,
        off: i64,
        price: f64,
        promise: f64,
        product: u16,
        slow: f64,
    ) {
        let first = person.orders == 0;
        if first && !person.known {
            self.post(90_000, Self::who(person), What::Identify);
        }
        person.known = true;
        person.orders += 1;
        if first {
            person.stage = Stage::Customer;
            self.office.customers += 1;
        }
        let by = Ref { slot, serial: person.serial, segment: person.segment };
        let order = self.book_order(by, full, off, price, promise, false);
        let what = What::Order {
            number: order.number,
            amount: order.paid,
            discount: off,
            product,
            promise: order.promise,
            first,
        };
        self.post(92_000, Self::who(person), what);
        self.send(order, slow);
    }

    fn book_order(&mut self, by: Ref, full: i64, off: i64, price: f64, promise: f64, abuse: bool) -> Order {
        let paid = full - off;
        // A marketplace keeps its share of the full price and pays the discount itself.
        let taken = match self.scenario.company {
            Company::Marketplace => libm::round(full as f64 * price / 100.0) as i64 - off,
            Company::Shop | Company::Saas => paid,
        };
        let offer = &self.scenario.offer;
        let (goods, shipping) = (Self::minor(offer.cost), Self::minor(offer.shipping));
        let fee = libm::round(paid as f64 * offer.fee) as i64;
        self.orders += 1;
        let number = self.orders;
        let book = self.book();
        book.revenue += taken;
        book.goods += goods;
        book.shipping += shipping;
        book.fees += fee;
        book.count.orders += 1;
        self.take_from_stock();
        Order {
            by,
            number,
            paid,
            taken,
            promise: libm::round(promise).clamp(0.0, 255.0) as u8,
            placed: self.now,
            abuse,
        }
    }

    fn take_from_stock(&mut self) {
        let Some(stock) = &self.scenario.stock else { return };
        let (batch, lead) = (stock.batch as i64, stock.lead_days);
        self.office.stock -= 1;
        if (self.office.stock + self.office.on_order) as f64 <= self.office.settings.reorder_point {
            self.office.on_order += batch;
            let mut draws = Draws::of(self.seed, Purpose::Supply, 1, self.orders);
            let days = lead * self.forces(None).lead * draws.spread(0.15);
            self.plan(self.now + (days * DAY as f64) as Millis, Task::Restock { units: batch });
        }
    }

    /// Plans the delivery, which takes `slow` times as long as usual.
    fn send(&mut self, order: Order, slow: f64) {
        let mut draws = Draws::of(self.seed, Purpose::Delivery, order.by.serial, order.hour());
        let delivery = &self.scenario.delivery;
        let days = delivery.days * slow * draws.spread(delivery.spread);
        self.plan(order.placed + (days * DAY as f64) as Millis, Task::Deliver { order });
    }

    pub(super) fn deliver(&mut self, frame: &Frame, order: Order) {
        let defects = self.forces(Some(&frame.segments[usize::from(order.by.segment)])).defects;
        let days = (self.now - order.placed) as f64 / DAY as f64;
        let (delivery, offer, support) = (&self.scenario.delivery, &self.scenario.offer, &self.scenario.support);
        let late = days > f64::from(order.promise);
        let refund = if order.abuse {
            self.scenario.abuse.coupon_returns
        } else {
            (offer.refunds * defects * if late { delivery.refund_factor } else { 1.0 }).min(1.0)
        };
        let late_ticket = if late { delivery.ticket_share } else { 0.0 };
        let defect_ticket = (support.per_order * defects).min(1.0);
        let change = if late { -delivery.broken } else { delivery.kept };
        let mut draws = Draws::of(self.seed, Purpose::Order, order.by.serial, order.hour());
        let luck: [f64; 3] = std::array::from_fn(|_| draws.unit());
        let after = (draws.exponential(offer.refund_days) * DAY as f64) as Millis;
        let count = &mut self.book().count;
        count.deliveries += 1;
        count.late += u64::from(late);
        let who = self.buyer(&order);
        self.post(
            0,
            who,
            What::Delivered { number: order.number, promise: order.promise, tenths: (days * 10.0) as u32 },
        );
        if let Some(person) = self.person(order.by) {
            person.trust += change;
        }
        if luck[0] < late_ticket {
            self.open_ticket(order.by, crate::tickets::LATE);
        } else if luck[1] < defect_ticket {
            self.open_ticket(order.by, crate::tickets::DEFECT);
        }
        if luck[2] < refund {
            self.plan(self.now + after, Task::Refund { order });
        }
    }

    /// The buyer as known to the backend.
    fn buyer(&self, order: &Order) -> Who {
        Who {
            serial: order.by.serial,
            browser: 0,
            known: true,
            segment: order.by.segment,
            channel: self.scenario.channels.len() as u8,
        }
    }

    pub(super) fn refund(&mut self, order: Order) {
        let book = self.book();
        book.refunds += order.taken.max(0);
        book.count.refunds += 1;
        self.post(0, self.buyer(&order), What::Refund { number: order.number, amount: order.paid });
    }

    pub(super) fn charge_back(&mut self, order: Order) {
        let book = self.book();
        book.chargebacks += order.paid + CHARGEBACK_FEE;
        book.count.chargebacks += 1;
        self.post(0, self.buyer(&order), What::Chargeback { number: order.number, amount: order.paid });
    }

    /// The end of a trial, or of a paid month.
    pub(super) fn bill(&mut self, frame: &Frame, slot: u32, levers: &dyn LeverSource) {
        let mut person = self.people[slot as usize];
        let segment = &frame.segments[usize::from(person.segment)];
        let forces = self.forces(Some(segment));
        let mut draws = Draws::of(self.seed, Purpose::Renewal, person.serial, u64::from(person.orders));
        let luck: [f64; 4] = std::array::from_fn(|_| draws.unit());
        let who = Who { known: true, ..Self::who(&person) };
        let unit = self.unit(&who);
        let attributes = self.attributes(segment, person.channel);
        let reader = Reader { source: levers, levers: &frame.levers, unit: &unit, attributes };
        let price = reader.read(Role::Price);
        let ratio = choice::price_ratio(&self.scenario, price, frame.price_default);
        let scene = Scene {
            segment,
            forces: &forces,
            quality: 0.0,
            customer: person.stage == Stage::Customer,
            trust: person.trust,
            slowness: 0.0,
            selection: 0.0,
        };
        let pays = if person.stage == Stage::Trial {
            let (guide, check) = (reader.index(Role::Onboarding), reader.index(Role::FraudCheck));
            luck[0] < choice::convert(&self.scenario, &scene, ratio, Some(guide), check)
        } else {
            luck[0] >= choice::churn(&self.scenario, &scene, ratio)
        };
        let amount = Self::minor(self.scenario.offer.amount * segment.spend * ratio);
        let by = Ref { slot, serial: person.serial, segment: person.segment };
        let trial = person.stage == Stage::Trial;
        self.book().count.offers += u64::from(trial);
        if !pays {
            if !trial {
                self.office.customers = self.office.customers.saturating_sub(1);
                self.book().count.cancellations += 1;
                self.post(0, who, What::Cancelled { months: person.orders });
            }
            person.stage = Stage::Gone;
            self.people[slot as usize] = person;
            return;
        }
        let order = self.book_payment(by, amount, trial);
        if trial {
            self.office.customers += 1;
            person.stage = Stage::Customer;
            self.post(0, who, What::Subscribed { amount });
        } else {
            self.post(0, who, What::Renewed { amount });
        }
        person.orders += 1;
        self.people[slot as usize] = person;
        let (support, offer) = (&self.scenario.support, &self.scenario.offer);
        let (refunds, refund_days) = ((offer.refunds * forces.defects).min(1.0), offer.refund_days);
        if trial && luck[1] < (support.per_order * forces.defects).min(1.0) {
            self.open_ticket(by, crate::tickets::BILLING);
        }
        if luck[2] < refunds {
            let after = (draws.exponential(refund_days) * DAY as f64) as Millis;
            self.plan(self.now + after, Task::Refund { order });
        }
        self.plan(self.now + BILLING_DAYS * DAY, Task::Bill { slot });
    }

    fn book_payment(&mut self, by: Ref, amount: i64, first: bool) -> Order {
        let offer = &self.scenario.offer;
        let (fee, cost) = (libm::round(amount as f64 * offer.fee) as i64, Self::minor(offer.cost));
        self.orders += 1;
        let number = self.orders;
        let book = self.book();
        book.revenue += amount;
        book.fees += fee;
        book.goods += cost;
        book.count.orders += u64::from(first);
        book.count.renewals += u64::from(!first);
        Order { by, number, paid: amount, taken: amount, promise: 0, placed: self.now, abuse: false }
    }

    /// Someone pays with a card that is not theirs.
    pub(super) fn stolen_card(&mut self, frame: &Frame, serial: u64, levers: &dyn LeverSource) {
        let (by, amount, price, check) = self.stranger(frame, serial, levers);
        let mut draws = Draws::of(self.seed, Purpose::Crime, serial, 2);
        let sold_out = self.scenario.stock.is_some() && self.office.stock <= 0;
        if draws.chance(FRAUD_STOPPED[check]) || sold_out {
            return;
        }
        let delay = ((5.0 + draws.exponential(20.0)) * DAY as f64) as Millis;
        let who =
            Who { serial, browser: 0, known: true, segment: by.segment, channel: self.scenario.channels.len() as u8 };
        let order = if self.scenario.company == Company::Saas {
            self.post(0, who, What::SignUp);
            self.post(1_000, who, What::Subscribed { amount });
            self.book_payment(by, amount, true)
        } else {
            let order = self.book_order(by, amount, 0, price, 4.0, false);
            let product = draws.below(self.scenario.offer.products.len() as u64) as u16;
            let what =
                What::Order { number: order.number, amount, discount: 0, product, promise: order.promise, first: true };
            self.post(0, who, what);
            order
        };
        self.plan(self.now + delay, Task::Chargeback { order });
    }

    /// Someone registers again for the discount of newcomers.
    pub(super) fn coupon_order(&mut self, frame: &Frame, serial: u64, levers: &dyn LeverSource) {
        let who = Who { serial, browser: 0, known: false, segment: 0, channel: self.scenario.channels.len() as u8 };
        let unit = self.unit(&who);
        let (by, amount, price, _) = self.stranger(frame, serial, levers);
        let attributes = self.attributes(&frame.segments[usize::from(by.segment)], who.channel);
        let reader = Reader { source: levers, levers: &frame.levers, unit: &unit, attributes };
        let (discount, promise) = (reader.read(Role::Discount), reader.read(Role::Promise));
        let mut draws = Draws::of(self.seed, Purpose::Crime, serial, 3);
        // As many are planned as 30 % would bring; fewer come for less.
        let sold_out = self.scenario.stock.is_some() && self.office.stock <= 0;
        if !draws.chance(discount / COUPON_AT_MOST) || sold_out {
            return;
        }
        let off = libm::round(amount as f64 * discount / 100.0) as i64;
        let order = self.book_order(by, amount, off, price, promise, true);
        let who = Who { segment: by.segment, ..who };
        self.post(0, who, What::Visit { bot: false });
        self.post(9_000, who, What::Cart { product: 0, price: amount });
        self.post(20_000, who, What::Identify);
        let known = Who { known: true, ..who };
        let what = What::Order {
            number: order.number,
            amount: order.paid,
            discount: off,
            product: 0,
            promise: order.promise,
            first: true,
        };
        self.post(21_000, known, what);
        let count = &mut self.book().count;
        count.visits += 1;
        count.views += 1;
        count.intents += 1;
        count.offers += 1;
        let slow = self.forces(Some(&frame.segments[usize::from(by.segment)])).delivery;
        self.send(order, slow);
    }

    /// A person without a history: who it looks like, what it buys, and the levers it meets.
    fn stranger(&self, frame: &Frame, serial: u64, levers: &dyn LeverSource) -> (Ref, i64, f64, usize) {
        let mut draws = Draws::of(self.seed, Purpose::Crime, serial, 1);
        let index = draws.weighted(frame.segments.iter().map(|segment| segment.share), 1.0);
        let segment = &frame.segments[index];
        let who = Who {
            serial,
            browser: 0,
            known: false,
            segment: index as u16,
            channel: self.scenario.channels.len() as u8,
        };
        let unit = self.unit(&who);
        let reader = Reader {
            source: levers,
            levers: &frame.levers,
            unit: &unit,
            attributes: self.attributes(segment, who.channel),
        };
        let price = reader.read(Role::Price);
        let ratio = choice::price_ratio(&self.scenario, price, frame.price_default);
        let amount =
            Self::minor(self.scenario.offer.amount * segment.spend * draws.spread(self.scenario.offer.spread) * ratio);
        let by = Ref { slot: u32::MAX, serial, segment: index as u16 };
        (by, amount, price, reader.index(Role::FraudCheck))
    }
}

/// The discount for which all abusers come, in per cent.
pub(crate) const COUPON_AT_MOST: f64 = 30.0;

impl Order {
    /// Tells a person's orders apart: at most one is placed in an hour.
    fn hour(&self) -> u64 {
        (self.placed / HOUR).unsigned_abs()
    }
}
