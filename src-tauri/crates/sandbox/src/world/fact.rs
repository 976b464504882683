//! What the company's systems notice, before it is written out as events.

use epoch_model::time::Millis;
use serde::{Deserialize, Serialize};

/// Whom a fact is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Who {
    /// 0 for the company itself.
    pub serial: u64,
    /// Number of the browser it came from.
    pub browser: u16,
    /// Whether the browser is signed in.
    pub known: bool,
    pub segment: u16,
    /// Index of the channel; those after the last came by themselves.
    pub channel: u8,
}

impl Who {
    pub const COMPANY: Self = Self { serial: 0, browser: 0, known: true, segment: 0, channel: 0 };
}

/// What happened. Amounts are minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum What {
    Visit { bot: bool },
    Page { path: u8, load_ms: u32 },
    View { product: u16, price: i64 },
    Cart { product: u16, price: i64 },
    OutOfStock { product: u16 },
    Failure { status: u16 },
    Identify,
    SignUp,
    Order { number: u64, amount: i64, discount: i64, product: u16, promise: u8, first: bool },
    Delivered { number: u64, promise: u8, tenths: u32 },
    Refund { number: u64, amount: i64 },
    Chargeback { number: u64, amount: i64 },
    TicketOpened { number: u64, words: u64, cause: u8 },
    TicketAnswered { number: u64, tenths: u32, score: u8 },
    Subscribed { amount: i64 },
    Renewed { amount: i64 },
    Cancelled { months: u32 },
    Feature { which: u8 },
    AdSpend { channel: u8, amount: i64 },
    Deployed { version: u32 },
    Stock { level: i64 },
    Sellers { count: u64 },
    CompetitorPrice { index: u32 },
}

impl What {
    /// The event's name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Visit { .. } => "visit",
            Self::Page { .. } => "$pageview",
            Self::View { .. } => "product_viewed",
            Self::Cart { .. } => "cart_added",
            Self::OutOfStock { .. } => "out_of_stock",
            Self::Failure { .. } => "$exception",
            Self::Identify => "$identify",
            Self::SignUp => "signup",
            Self::Order { .. } => "order_placed",
            Self::Delivered { .. } => "order_delivered",
            Self::Refund { .. } => "refund",
            Self::Chargeback { .. } => "chargeback",
            Self::TicketOpened { .. } => "ticket_opened",
            Self::TicketAnswered { .. } => "ticket_answered",
            Self::Subscribed { .. } => "subscription_started",
            Self::Renewed { .. } => "subscription_renewed",
            Self::Cancelled { .. } => "subscription_cancelled",
            Self::Feature { .. } => "feature_used",
            Self::AdSpend { .. } => "ad_spend",
            Self::Deployed { .. } => "deployed",
            Self::Stock { .. } => "stock_counted",
            Self::Sellers { .. } => "sellers_counted",
            Self::CompetitorPrice { .. } => "competitor_price",
        }
    }

    /// Who reports it: `web` events come from browsers and suffer what browsers suffer.
    pub fn source(&self) -> &'static str {
        match self {
            Self::Visit { .. }
            | Self::Page { .. }
            | Self::View { .. }
            | Self::Cart { .. }
            | Self::OutOfStock { .. }
            | Self::Failure { .. }
            | Self::Identify
            | Self::SignUp
            | Self::Order { .. }
            | Self::Feature { .. } => "web",
            Self::TicketOpened { .. } | Self::TicketAnswered { .. } => "support",
            Self::AdSpend { .. } | Self::CompetitorPrice { .. } => "marketing",
            _ => "backend",
        }
    }
}

/// A fact on its way to the gateway, in the order of arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Fact {
    pub arrives: Millis,
    pub turn: u64,
    pub time: Millis,
    /// What its id is made from; the same when it is sent again.
    pub id: u64,
    pub who: Who,
    pub what: What,
}

impl Ord for Fact {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.arrives, self.turn).cmp(&(other.arrives, other.turn))
    }
}

impl PartialOrd for Fact {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
