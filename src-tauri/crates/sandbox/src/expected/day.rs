//! One day in expectation.

use super::model::{Ahead, Model, State};
use crate::choice::{self, Scene};
use crate::flows::Flows;
use crate::forces::Forces;
use crate::formula::{adstock, fixed_service_wait, hill, later_than, lost_share, queue_wait};
use crate::levers::{FRAUD_STOPPED, Settings};
use crate::scenario::Company;
use crate::segment::Segment;
use crate::world::{
    BILLING_DAYS, CHARGEBACK_FEE, DAILY_MAX, ERROR_HURTS, SPAM_WORK, TRUST_FADES, VIRAL_QUALITY, WAIT_DAYS_MAX,
};

/// Numbers of the day that hold for everyone.
struct Today<'a> {
    ahead: &'a Ahead,
    settings: &'a Settings,
    /// Logarithm of the load time against idle servers, mean over the day's visits.
    slowness: f64,
    selection: f64,
    /// Buyer's price against the default, before and after the discounts of newcomers and customers.
    ratio: f64,
    newcomer: f64,
    customer: f64,
    in_stock: f64,
}

/// What one order leaves, and what comes with it.
#[derive(Clone, Copy)]
struct Sale {
    taken: f64,
    profit: f64,
    late: f64,
    refund: f64,
    tickets: f64,
    /// Change of trust.
    trust: f64,
}

impl Model {
    /// A day: moves the state on and says what flowed.
    pub fn step(&self, state: &mut State, settings: &Settings) -> Flows {
        let ahead = &self.ahead[state.day as usize];
        let mut flows = Flows { days: 1.0, ..Flows::default() };
        self.sellers(state, settings, ahead, &mut flows);
        let newcomers = self.newcomers(state, settings, ahead);
        let visits = self.visits(state, ahead, &newcomers);
        let bots = (self.scenario.abuse.bots + ahead.noon.bots) * newcomers.iter().sum::<f64>();
        let (slowness, load_ms) = self.slowness(settings, visits + bots, ahead.company.latency);
        let ratio = choice::price_ratio(&self.scenario, settings.price, self.price_default);
        let campaign = 1.0 - ahead.day.discount;
        let today = Today {
            ahead,
            settings,
            slowness,
            selection: self.scenario.supply.as_ref().map_or(0.0, |s| libm::log(state.sellers.max(1.0) / s.sellers)),
            ratio,
            newcomer: campaign * (1.0 - settings.discount / 100.0),
            customer: campaign,
            in_stock: 1.0 - self.lost(state, settings, ahead),
        };
        flows.visits += visits + bots;
        flows.pages += 2.0 * bots;
        for g in 0..self.segments.len() {
            match self.scenario.company {
                Company::Saas => self.subscribers(state, &today, g, &newcomers, &mut flows),
                Company::Shop | Company::Marketplace => self.shoppers(state, &today, g, &newcomers, &mut flows),
            }
        }
        self.others(&today, &newcomers, &mut flows);
        flows.load_ms = flows.pages * load_ms;
        self.answers(state, &today, &mut flows);
        self.costs(state, settings, &mut flows);
        state.demand += (flows.orders - state.demand) / 3.0;
        state.day += 1;
        flows
    }

    fn sellers(&self, state: &mut State, settings: &Settings, ahead: &Ahead, flows: &mut Flows) {
        let Some(supply) = &self.scenario.supply else { return };
        flows.sellers = state.sellers;
        let ratio = libm::log((settings.price / self.price_default).max(0.01));
        let joins = supply.sellers * supply.turnover * libm::exp(supply.join_elasticity * ratio);
        let leaves = (supply.turnover * libm::exp(supply.leave_elasticity * ratio) + ahead.company.sellers).min(1.0);
        state.sellers = (state.sellers * (1.0 - leaves) + joins).max(1.0);
    }

    /// New people by source: paid channels, by themselves, by a viral post.
    fn newcomers(&self, state: &mut State, settings: &Settings, ahead: &Ahead) -> Vec<f64> {
        let (day, noon, demand) = (&ahead.day, &ahead.noon, &self.scenario.demand);
        let mut means = Vec::with_capacity(self.scenario.channels.len() + 2);
        for (i, channel) in self.scenario.channels.iter().enumerate() {
            state.adstock[i] = adstock(state.adstock[i], settings.spend[i], channel.half_life_days);
            let reach = if noon.channel.0 == i { noon.channel.1 } else { 1.0 };
            let seen = channel.visitors_max * hill(state.adstock[i], channel.half_at, channel.slope) * reach;
            means.push(seen * day.level * day.push * noon.arrivals);
        }
        let own = demand.visitors_per_day * day.growth * day.level;
        means.push(own * day.push * noon.arrivals);
        means.push(own * noon.viral);
        means
    }

    fn daily(daily: f64, ahead: &Ahead) -> f64 {
        (daily * ahead.day.level).min(DAILY_MAX)
    }

    fn visits(&self, state: &State, ahead: &Ahead, newcomers: &[f64]) -> f64 {
        let habits = &self.scenario.habits;
        let back = state.pool.iter().sum::<f64>() * Self::daily(1.0 / habits.visitor_gap_days, ahead);
        let known = state.customers.iter().sum::<f64>() + state.trial.iter().sum::<f64>();
        newcomers.iter().sum::<f64>() + back + known * Self::daily(habits.visits_per_day, ahead)
    }

    /// Mean over the hours, each weighted with its visits: of the logarithm of the slowdown, and of the load time.
    fn slowness(&self, settings: &Settings, visits: f64, slow: f64) -> (f64, f64) {
        let (infra, servers) = (&self.scenario.infrastructure, settings.servers.max(1.0));
        let (mut log, mut mean) = (0.0, 0.0);
        for weight in &self.scenario.demand.hours {
            let factor = (1.0 + queue_wait(visits * weight / (servers * infra.visits_per_hour), servers)) * slow;
            log += weight * libm::log(factor);
            mean += weight * factor;
        }
        (log, mean * infra.base_ms)
    }

    /// Share of demand that meets an empty shelf.
    fn lost(&self, state: &State, settings: &Settings, ahead: &Ahead) -> f64 {
        let Some(stock) = &self.scenario.stock else { return 0.0 };
        let mean = state.demand * stock.lead_days * ahead.company.lead;
        lost_share(settings.reorder_point, stock.batch, mean, libm::sqrt(mean + 0.0225 * mean * mean))
    }

    fn scene<'s>(
        today: &Today<'_>,
        segment: &'s Segment,
        forces: &'s Forces,
        quality: f64,
        customer: bool,
        trust: f64,
    ) -> Scene<'s> {
        Scene { segment, forces, quality, customer, trust, slowness: today.slowness, selection: today.selection }
    }

    fn quality(&self, source: usize) -> f64 {
        let channels = &self.scenario.channels;
        let unpaid = if source == channels.len() { 0.0 } else { VIRAL_QUALITY };
        channels.get(source).map_or(unpaid, |channel| channel.quality)
    }

    fn sale(&self, today: &Today<'_>, segment: &Segment, forces: &Forces, factor: f64) -> Sale {
        let (offer, delivery, support) = (&self.scenario.offer, &self.scenario.delivery, &self.scenario.support);
        let full = offer.amount * segment.spend * today.ratio;
        let paid = full * factor;
        let taken = match self.scenario.company {
            Company::Marketplace => full * today.settings.price / 100.0 - (full - paid),
            Company::Shop | Company::Saas => paid,
        };
        let late = later_than(today.settings.promise, delivery.days * forces.delivery, delivery.spread);
        let usual = (offer.refunds * forces.defects).min(1.0);
        let refund = (1.0 - late) * usual + late * (usual * delivery.refund_factor).min(1.0);
        let late_ticket = late * delivery.ticket_share;
        let tickets = late_ticket + (1.0 - late_ticket) * (support.per_order * forces.defects).min(1.0);
        let profit = taken - refund * taken.max(0.0) - paid * offer.fee - offer.cost - offer.shipping;
        Sale { taken, profit, late, refund, tickets, trust: (1.0 - late) * delivery.kept - late * delivery.broken }
    }

    fn shoppers(&self, state: &mut State, today: &Today<'_>, g: usize, newcomers: &[f64], flows: &mut Flows) {
        let (segment, forces, habits) = (&self.segments[g], today.ahead.on(g), &self.scenario.habits);
        let settings = today.settings;
        let up = 1.0 - forces.outage;
        let (mut first, mut failed) = (0.0, 0.0);
        let scene = Self::scene(today, segment, forces, 0.0, false, 0.0);
        let p_view = choice::view(&self.scenario, &scene);
        let p_buy =
            choice::buy(&self.scenario, &scene, today.ratio * today.newcomer, settings.promise, settings.fraud_check);
        let back = Self::daily(1.0 / habits.visitor_gap_days, today.ahead);
        for (k, newcomers) in newcomers.iter().enumerate() {
            let at = g * (self.scenario.channels.len() + 2) + k;
            let returning = state.pool[at] * back;
            let visits = newcomers * segment.share + returning;
            let scene = Scene { quality: self.quality(k), ..scene };
            let intents = visits * up * p_view * choice::intent(&self.scenario, &scene, settings.headline);
            let orders = intents * p_buy * today.in_stock;
            first += orders;
            failed += intents * today.in_stock * unseen(p_buy, forces);
            flows.views += visits * up * p_view;
            flows.intents += intents;
            flows.pages += visits * up * habits.pages;
            flows.errors += visits * forces.outage;
            state.pool[at] += (visits - orders) * habits.visitor_returns - returning;
        }
        let n = state.customers[g];
        let trust = if n > 0.0 { state.trust[g] / n } else { 0.0 };
        let scene = Self::scene(today, segment, forces, 0.0, true, trust);
        let visits = n * Self::daily(habits.visits_per_day, today.ahead);
        let intents = visits * up * p_view * choice::intent(&self.scenario, &scene, settings.headline);
        let p_buy =
            choice::buy(&self.scenario, &scene, today.ratio * today.customer, settings.promise, settings.fraud_check);
        let again = intents * p_buy * today.in_stock;
        failed += intents * today.in_stock * unseen(p_buy, forces);
        flows.views += visits * up * p_view;
        flows.intents += intents;
        flows.pages += visits * up * habits.pages;
        flows.errors += visits * forces.outage + failed;
        let (mut tickets, mut goodwill) = ((visits * up + first) * self.scenario.support.per_visit + 0.2 * failed, 0.0);
        for (orders, factor) in [(first, today.newcomer), (again, today.customer)] {
            let sale = self.sale(today, segment, forces, factor);
            flows.orders += orders;
            flows.revenue += orders * sale.taken;
            flows.profit += orders * sale.profit;
            flows.refunds += orders * sale.refund;
            flows.deliveries += orders;
            flows.late += orders * sale.late;
            tickets += orders * sale.tickets;
            goodwill += orders * sale.trust;
        }
        let gone = visits * choice::churn(&self.scenario, &scene, 1.0);
        let fresh = Scene { trust: 0.0, ..scene };
        let staying = first * (1.0 - choice::churn(&self.scenario, &fresh, 1.0));
        flows.tickets += tickets;
        flows.cancellations += gone + first - staying;
        let hurt = tickets * self.scenario.support.wait_hurts * self.wait_days(state, today);
        state.trust[g] +=
            goodwill - hurt - visits * forces.outage * ERROR_HURTS - (gone + visits * TRUST_FADES) * trust;
        state.customers[g] = (n - gone + staying).max(0.0);
    }

    fn subscribers(&self, state: &mut State, today: &Today<'_>, g: usize, newcomers: &[f64], flows: &mut Flows) {
        let (segment, forces, habits) = (&self.segments[g], today.ahead.on(g), &self.scenario.habits);
        let (settings, offer, support) = (today.settings, &self.scenario.offer, &self.scenario.support);
        let up = 1.0 - forces.outage;
        let scene = Self::scene(today, segment, forces, 0.0, false, 0.0);
        let p_view = choice::view(&self.scenario, &scene);
        let back = Self::daily(1.0 / habits.visitor_gap_days, today.ahead);
        let mut signups = 0.0;
        for (k, newcomers) in newcomers.iter().enumerate() {
            let at = g * (self.scenario.channels.len() + 2) + k;
            let returning = state.pool[at] * back;
            let visits = newcomers * segment.share + returning;
            let scene = Scene { quality: self.quality(k), ..scene };
            let intents = visits * up * p_view * choice::intent(&self.scenario, &scene, settings.headline);
            signups += intents;
            flows.views += visits * up * p_view;
            flows.pages += visits * up * habits.pages;
            flows.errors += visits * forces.outage;
            state.pool[at] += (visits - intents) * habits.visitor_returns - returning;
        }
        flows.intents += signups;
        // Trials that end today, and customers whose month ends today.
        let days = offer.trial_days as usize;
        let trial = &mut state.trial[g * days..][..days];
        let slot = state.day as usize % days;
        let ending = std::mem::replace(&mut trial[slot], signups);
        let trials: f64 = trial.iter().sum();
        let won =
            ending * choice::convert(&self.scenario, &scene, today.ratio, settings.onboarding, settings.fraud_check);
        let n = state.customers[g];
        let trust = if n > 0.0 { state.trust[g] / n } else { 0.0 };
        let scene = Self::scene(today, segment, forces, 0.0, true, trust);
        let month = BILLING_DAYS as usize;
        let due = &mut state.due[g * month..][..month][state.day as usize % month];
        let lost = *due * choice::churn(&self.scenario, &scene, today.ratio);
        let renewed = *due - lost;
        *due = renewed + won;
        let payments = renewed + won;
        let fee = offer.amount * segment.spend * today.ratio;
        let refund = (offer.refunds * forces.defects).min(1.0);
        let users = (n + trials) * Self::daily(habits.visits_per_day, today.ahead);
        let tickets = users * up * support.per_visit + won * (support.per_order * forces.defects).min(1.0);
        flows.offers += ending;
        flows.orders += won;
        flows.renewals += renewed;
        flows.cancellations += lost;
        flows.revenue += payments * fee;
        flows.refunds += payments * refund;
        flows.profit += payments * (fee * (1.0 - refund - offer.fee) - offer.cost);
        flows.tickets += tickets;
        flows.pages += users * up * habits.pages;
        flows.errors += users * forces.outage;
        let hurt = tickets * support.wait_hurts * self.wait_days(state, today);
        let share = n / (n + trials).max(1e-9);
        let fading = share * users * TRUST_FADES * trust;
        state.trust[g] -= share * (hurt + users * forces.outage * ERROR_HURTS) + fading + lost * trust;
        state.customers[g] = (n - lost + won).max(0.0);
    }

    /// Stolen cards and coupon abusers.
    fn others(&self, today: &Today<'_>, newcomers: &[f64], flows: &mut Flows) {
        let (abuse, noon, offer) = (&self.scenario.abuse, &today.ahead.noon, &self.scenario.offer);
        if self.scenario.company != Company::Saas {
            flows.offers = flows.intents;
        }
        let average = Segment { spend: self.spend, ..self.segments[0].clone() };
        let passed = abuse.fraud * noon.fraud * newcomers.iter().sum::<f64>();
        let passed = passed * (1.0 - FRAUD_STOPPED[today.settings.fraud_check]) * today.in_stock;
        let sale = self.sale(today, &average, &Forces::CALM, 1.0);
        let paid = offer.amount * self.spend * today.ratio;
        flows.orders += passed;
        flows.revenue += passed * sale.taken;
        flows.chargebacks += passed;
        let costs = paid * (1.0 + offer.fee) + offer.cost + offer.shipping + CHARGEBACK_FEE as f64 / 100.0;
        flows.profit += passed * (sale.taken - costs);
        if self.scenario.company == Company::Saas {
            return;
        }
        let abusers = (abuse.coupon_orders + noon.coupons) * today.settings.discount / 10.0 * today.in_stock;
        let sale = self.sale(today, &average, &Forces::CALM, 1.0 - today.settings.discount / 100.0);
        let kept = sale.profit + (sale.refund - abuse.coupon_returns) * sale.taken.max(0.0);
        flows.orders += abusers;
        flows.revenue += abusers * sale.taken;
        flows.refunds += abusers * abuse.coupon_returns;
        flows.profit += abusers * kept;
        flows.tickets += abusers * sale.tickets;
        for sum in [&mut flows.visits, &mut flows.views, &mut flows.intents, &mut flows.offers, &mut flows.deliveries] {
            *sum += abusers;
        }
        flows.out_of_stock = flows.offers * (1.0 - today.in_stock);
    }

    /// Days until an answer, as things stood this morning.
    fn wait_days(&self, state: &State, today: &Today<'_>) -> f64 {
        let daily = (today.settings.agents * self.scenario.support.agent_per_day).max(0.01);
        (self.scenario.support.base_hours / 24.0 + state.work + 0.5 / daily).min(WAIT_DAYS_MAX)
    }

    /// Tickets come by the hour and are worked on around the clock.
    fn answers(&self, state: &mut State, today: &Today<'_>, flows: &mut Flows) {
        let support = &self.scenario.support;
        let daily = (today.settings.agents * support.agent_per_day).max(0.01);
        let spam = today.ahead.noon.spam;
        let load = (flows.tickets + SPAM_WORK * spam) / daily;
        let mut waited = 0.0;
        for weight in &self.scenario.demand.hours {
            state.work = (state.work + load * weight - 1.0 / 24.0).clamp(0.0, WAIT_DAYS_MAX);
            waited += weight * state.work;
        }
        let chance = fixed_service_wait(load) / daily;
        flows.tickets += spam;
        flows.response_hours = flows.tickets * (support.base_hours + 24.0 * (waited + chance).min(WAIT_DAYS_MAX));
    }

    fn costs(&self, state: &State, settings: &Settings, flows: &mut Flows) {
        flows.marketing = settings.spend.iter().sum();
        let support = settings.agents * self.scenario.support.agent_cost;
        let servers = settings.servers * self.scenario.infrastructure.server_cost;
        let holding = self.scenario.stock.as_ref().map_or(0.0, |stock| {
            let shelf = 0.5 * stock.batch + (settings.reorder_point - state.demand * stock.lead_days).max(0.0);
            stock.holding * shelf
        });
        flows.profit -= flows.marketing + support + servers + holding;
    }
}

/// Of those who want to buy, the share that a broken checkout turns away before their eyes.
fn unseen(p_buy: f64, forces: &Forces) -> f64 {
    if forces.broken_checkout <= 0.0 {
        return 0.0;
    }
    (p_buy / (1.0 - forces.broken_checkout).max(0.01) - p_buy).max(0.0)
}
