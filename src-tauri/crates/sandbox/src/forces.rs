//! What all incidents together do at an instant (or on the mean of a day) to a segment.

use epoch_model::time::Millis;

use crate::scenario::{Incident, IncidentKind as Kind, Scenario};
use crate::segment::Segment;

/// Factors are 1 and additions 0 when nothing happens.
#[derive(Debug, Clone, PartialEq)]
pub struct Forces {
    /// Factor on new visitors.
    pub arrivals: f64,
    /// Extra visitors, as a share of those who come by themselves.
    pub viral: f64,
    /// Factors on the steps of the funnel.
    pub view: f64,
    pub intent: f64,
    pub buy: f64,
    /// Share of visits that get an error page, and of purchases that fail visibly.
    pub outage: f64,
    pub broken_checkout: f64,
    pub latency: f64,
    pub price: f64,
    /// A headline and the log-odds added to it.
    pub taste: (usize, f64),
    pub churn: f64,
    pub defects: f64,
    pub delivery: f64,
    pub lead: f64,
    /// Added to the daily share of sellers that leave.
    pub sellers: f64,
    /// Spam tickets a day.
    pub spam: f64,
    /// Added to the visits of machines per visitor.
    pub bots: f64,
    /// Added to orders a day of coupon abusers at 10 % discount.
    pub coupons: f64,
    pub fraud: f64,
    /// A channel and the share of its reach that is left.
    pub channel: (usize, f64),
}

impl Forces {
    /// Nothing happens.
    pub const CALM: Self = Self {
        arrivals: 1.0,
        viral: 0.0,
        view: 1.0,
        intent: 1.0,
        buy: 1.0,
        outage: 0.0,
        broken_checkout: 0.0,
        latency: 1.0,
        price: 1.0,
        taste: (usize::MAX, 0.0),
        churn: 1.0,
        defects: 1.0,
        delivery: 1.0,
        lead: 1.0,
        sellers: 0.0,
        spam: 0.0,
        bots: 0.0,
        coupons: 0.0,
        fraud: 1.0,
        channel: (usize::MAX, 1.0),
    };

    /// The forces of incidents with their strengths at hand (index into `incidents`, level) on a segment; without one,
    /// only incidents that hit everyone count.
    pub fn of(scenario: &Scenario, incidents: &[Incident], levels: &[(usize, f64)], on: Option<&Segment>) -> Self {
        let mut forces = Self::CALM;
        for (i, level) in levels {
            let incident = &incidents[*i];
            let hit = match on {
                Some(segment) => segment.hit_by(incident.target.as_ref(), scenario),
                None => incident.target.is_none(),
            };
            if hit {
                forces.add(scenario, incident, *level);
            }
        }
        forces
    }

    fn add(&mut self, scenario: &Scenario, incident: &Incident, s: f64) {
        let about = incident.about.as_deref().unwrap_or_default();
        match incident.kind {
            Kind::PriceWar => self.buy *= 1.0 - s,
            Kind::CheckoutBug => {
                self.buy *= 1.0 - s;
                self.broken_checkout = 1.0 - (1.0 - self.broken_checkout) * (1.0 - s);
            }
            Kind::HiddenRegression => self.intent *= 1.0 - s,
            Kind::Outage => self.outage = 1.0 - (1.0 - self.outage) * (1.0 - s),
            Kind::ServerSlow => self.latency *= 1.0 + s,
            Kind::ViralPost => self.viral += s,
            Kind::DemandShift => self.arrivals *= 1.0 + s,
            Kind::PriceSensitivity => self.price *= 1.0 + s,
            Kind::TasteShift => {
                if let Some(option) = scenario.headlines.iter().position(|choice| choice.key == about) {
                    self.taste = (option, if self.taste.0 == option { self.taste.1 } else { 0.0 } + s);
                }
            }
            Kind::ChannelDecay => {
                if let Some(channel) = scenario.channels.iter().position(|channel| channel.key == about) {
                    self.channel = (channel, if self.channel.0 == channel { self.channel.1 } else { 1.0 } * (1.0 - s));
                }
            }
            Kind::ChurnWave => self.churn *= 1.0 + s,
            Kind::BadBatch => self.defects *= 1.0 + s,
            Kind::CarrierDelay => self.delivery *= 1.0 + s,
            Kind::SupplierDelay => self.lead *= 1.0 + s,
            Kind::SellerExodus => self.sellers += s,
            Kind::SpamTickets => self.spam += s,
            Kind::BotTraffic => self.bots += s,
            Kind::CouponAbuse => self.coupons += s,
            Kind::FraudWave => self.fraud *= 1.0 + s,
            Kind::TrackingLost | Kind::TrackingDoubled | Kind::TrackingLate => {}
        }
    }
}

/// Incidents that act at an instant, with their levels.
pub fn acting(incidents: &[Incident], at: Millis, into: &mut Vec<(usize, f64)>) {
    into.clear();
    let levels = incidents.iter().enumerate().map(|(i, incident)| (i, incident.level(at)));
    into.extend(levels.filter(|(_, level)| *level != 0.0));
}

/// Incidents that act within a day, with their mean levels.
pub fn acting_on_mean(incidents: &[Incident], from: Millis, to: Millis) -> Vec<(usize, f64)> {
    let levels = incidents.iter().enumerate().map(|(i, incident)| (i, incident.mean_level(from, to)));
    levels.filter(|(_, level)| *level != 0.0).collect()
}
