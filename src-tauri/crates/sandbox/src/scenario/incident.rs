//! What can happen to a company: kinds of incidents, what each does and where it shows.

use epoch_model::time::Millis;
use serde::{Deserialize, Serialize};

use crate::kpi::Kpi;

/// Whom an incident hits: the people with this value in this dimension (`country`, `device`, `plan`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    pub dimension: String,
    pub value: String,
}

/// The kinds of incidents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentKind {
    PriceWar,
    CheckoutBug,
    HiddenRegression,
    Outage,
    ServerSlow,
    ViralPost,
    DemandShift,
    PriceSensitivity,
    TasteShift,
    ChannelDecay,
    ChurnWave,
    BadBatch,
    CarrierDelay,
    SupplierDelay,
    SellerExodus,
    SpamTickets,
    BotTraffic,
    CouponAbuse,
    FraudWave,
    TrackingLost,
    TrackingDoubled,
    TrackingLate,
}

/// What a kind is called, what its strength means and what it does.
#[derive(Debug, Clone, Copy)]
pub struct Law {
    pub kind: IncidentKind,
    /// In scenarios.
    pub name: &'static str,
    /// Smallest and largest strength.
    pub strength: (f64, f64),
    /// What a strength of 0.5 means, in words.
    pub meaning: &'static str,
    /// The hidden cause, as it is told afterwards.
    pub cause: &'static str,
    /// Where it shows, the most telling first.
    pub shows: &'static [Kpi],
    /// Whether it can hit a segment alone.
    pub segmentable: bool,
}

use IncidentKind as K;
use Kpi as N;

/// All kinds.
pub const LAWS: [Law; 22] = [
    law(
        K::PriceWar,
        "price_war",
        (0.0, 0.95),
        "half of the purchases are lost",
        "a competitor undercuts the price",
        &[N::BuyRate, N::Orders, N::Revenue],
        true,
    ),
    law(
        K::CheckoutBug,
        "checkout_bug",
        (0.0, 1.0),
        "half of the purchases fail",
        "the checkout fails",
        &[N::BuyRate, N::Orders, N::Revenue, N::Errors, N::Tickets],
        true,
    ),
    law(
        K::HiddenRegression,
        "hidden_regression",
        (0.0, 1.0),
        "half of the steps into cart or signup are lost",
        "a deployment broke a step of the funnel",
        &[N::IntentRate, N::Orders, N::Revenue],
        true,
    ),
    law(
        K::Outage,
        "outage",
        (0.0, 1.0),
        "half of the visits get an error page",
        "the site is down",
        &[N::Errors, N::ViewRate, N::Orders, N::Revenue, N::Visits],
        true,
    ),
    law(
        K::ServerSlow,
        "server_slow",
        (0.0, 20.0),
        "pages take half as long again",
        "servers are slow",
        &[N::PageLoad, N::ViewRate, N::Orders, N::Revenue],
        false,
    ),
    law(
        K::ViralPost,
        "viral_post",
        (0.0, 50.0),
        "half as many visitors again, who rarely buy",
        "a post went viral",
        &[N::Visits, N::IntentRate, N::PageLoad, N::Orders, N::Revenue, N::ViewRate, N::Tickets],
        false,
    ),
    law(
        K::DemandShift,
        "demand_shift",
        (-0.95, 10.0),
        "half as many new visitors again",
        "the market's demand changed",
        &[N::Visits, N::Orders, N::Revenue, N::Tickets],
        false,
    ),
    law(
        K::PriceSensitivity,
        "price_sensitivity",
        (-0.9, 5.0),
        "price elasticity is half as large again",
        "customers became more sensitive to prices",
        &[N::BuyRate, N::Orders, N::Revenue],
        false,
    ),
    law(
        K::TasteShift,
        "taste_shift",
        (-3.0, 3.0),
        "0.5 log-odds of intent for the headline `option`",
        "the taste for headlines changed",
        &[N::IntentRate, N::Orders, N::Revenue],
        true,
    ),
    law(
        K::ChannelDecay,
        "channel_decay",
        (0.0, 1.0),
        "the channel brings half",
        "a channel lost its reach",
        &[N::Visits, N::Orders, N::Revenue],
        false,
    ),
    law(
        K::ChurnWave,
        "churn_wave",
        (-0.9, 20.0),
        "half as many customers again leave",
        "customers leave",
        &[N::Churn, N::Visits, N::Orders, N::Revenue],
        true,
    ),
    law(
        K::BadBatch,
        "bad_batch",
        (0.0, 20.0),
        "refunds and defects are half as many again",
        "a bad batch was shipped",
        &[N::RefundRate, N::Tickets, N::ResponseHours, N::Revenue],
        true,
    ),
    law(
        K::CarrierDelay,
        "carrier_delay",
        (0.0, 10.0),
        "delivery takes half as long again",
        "the carrier is late",
        &[N::LateShare, N::Tickets, N::RefundRate, N::ResponseHours],
        true,
    ),
    law(
        K::SupplierDelay,
        "supplier_delay",
        (0.0, 20.0),
        "restocking takes half as long again",
        "the supplier is late",
        &[N::OutOfStock, N::BuyRate, N::Orders, N::Revenue],
        false,
    ),
    law(
        K::SellerExodus,
        "seller_exodus",
        (0.0, 0.5),
        "half of the sellers leave on each day",
        "sellers leave",
        &[N::Sellers, N::IntentRate, N::Orders, N::Revenue],
        false,
    ),
    law(
        K::SpamTickets,
        "spam_tickets",
        (0.0, 100_000.0),
        "half a spam ticket a day",
        "spam floods support",
        &[N::Tickets, N::ResponseHours],
        false,
    ),
    law(
        K::BotTraffic,
        "bot_traffic",
        (0.0, 50.0),
        "half as many visits of machines as of new visitors",
        "machines visit",
        &[N::Visits, N::ViewRate, N::PageLoad],
        false,
    ),
    law(
        K::CouponAbuse,
        "coupon_abuse",
        (0.0, 100_000.0),
        "half an order of abusers a day at 10 % discount",
        "people register again for the discount",
        &[N::RefundRate, N::Orders, N::Revenue],
        false,
    ),
    law(
        K::FraudWave,
        "fraud_wave",
        (0.0, 200.0),
        "half as many stolen cards again",
        "stolen cards are tried",
        &[N::Chargebacks, N::Orders, N::Revenue],
        false,
    ),
    law(
        K::TrackingLost,
        "tracking_lost",
        (0.0, 1.0),
        "half of the events (of `event`, if named) are lost",
        "tracking loses events",
        &[N::Visits, N::Orders, N::Revenue, N::ViewRate, N::IntentRate, N::BuyRate],
        true,
    ),
    law(
        K::TrackingDoubled,
        "tracking_doubled",
        (0.0, 1.0),
        "half of the events (of `event`, if named) are sent twice",
        "tracking counts twice",
        &[N::Visits, N::Orders, N::Revenue, N::ViewRate, N::IntentRate, N::BuyRate],
        true,
    ),
    law(
        K::TrackingLate,
        "tracking_late",
        (0.0, 1.0),
        "half of the events arrive hours later",
        "events arrive late",
        &[N::Visits, N::Orders, N::Revenue],
        true,
    ),
];

const fn law(
    kind: IncidentKind,
    name: &'static str,
    strength: (f64, f64),
    meaning: &'static str,
    cause: &'static str,
    shows: &'static [Kpi],
    segmentable: bool,
) -> Law {
    Law { kind, name, strength, meaning, cause, shows, segmentable }
}

impl IncidentKind {
    /// Every kind.
    pub fn all() -> impl Iterator<Item = Self> {
        LAWS.iter().map(|law| law.kind)
    }

    /// Its row of the table.
    pub fn law(self) -> &'static Law {
        LAWS.iter().find(|law| law.kind == self).unwrap_or(&LAWS[0])
    }
}

/// Something that happens, with its hidden cause.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    pub key: String,
    pub kind: IncidentKind,
    /// First instant …
    pub start: Millis,
    /// … and first instant after it.
    pub end: Millis,
    /// It grows to its strength over this time.
    pub ramp_ms: Millis,
    /// See [`Law::meaning`].
    pub strength: f64,
    /// Whom it hits; everyone when absent.
    pub target: Option<Target>,
    /// The event, headline or channel it is about, where the kind wants one.
    pub about: Option<String>,
}

impl Incident {
    /// A ready-made incident at full strength for whoever asks "what happens next?" in a running world. Its start and end
    /// are set when it is injected.
    pub fn preset(kind: IncidentKind, days: f64) -> Self {
        let strength = match kind {
            K::PriceWar => 0.3,
            K::HiddenRegression | K::ChannelDecay => 0.4,
            K::Outage => 1.0,
            K::ViralPost | K::BadBatch | K::SupplierDelay | K::CarrierDelay => 3.0,
            K::ServerSlow => 4.0,
            K::DemandShift => -0.3,
            K::CheckoutBug | K::PriceSensitivity | K::TasteShift => 0.6,
            K::ChurnWave => 2.0,
            K::SellerExodus => 0.02,
            K::SpamTickets => 150.0,
            K::BotTraffic => 1.5,
            K::CouponAbuse => 20.0,
            K::FraudWave => 10.0,
            K::TrackingLost | K::TrackingDoubled | K::TrackingLate => 0.5,
        };
        let length = (days.clamp(0.01, 3650.0) * 86_400_000.0) as Millis;
        Self {
            key: kind.law().name.to_owned(),
            kind,
            start: 0,
            end: length,
            ramp_ms: 0,
            strength,
            target: None,
            about: None,
        }
    }

    /// Its strength at an instant, 0 outside.
    pub fn level(&self, at: Millis) -> f64 {
        if at < self.start || at >= self.end {
            return 0.0;
        }
        let ramp = if self.ramp_ms > 0 { ((at - self.start) as f64 / self.ramp_ms as f64).min(1.0) } else { 1.0 };
        self.strength * ramp
    }

    /// Its mean strength over a stretch of time.
    pub fn mean_level(&self, from: Millis, to: Millis) -> f64 {
        let (a, b) = (from.max(self.start), to.min(self.end));
        if b <= a {
            return 0.0;
        }
        let share = (b - a) as f64 / (to - from) as f64;
        share * 0.5 * (self.level(a) + self.level(b - 1))
    }
}
