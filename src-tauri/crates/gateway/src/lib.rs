//! HTTP in: events of PostHog's, Mixpanel's and Segment's unmodified SDKs, OpenTelemetry, Stripe's webhooks and plain JSON
//! events; levers out.
//!
//! Knows the store, the keys and the levers only as the traits in `epoch_model`; reads no clock but the one it is handed
//! (request durations excepted). Acknowledged means committed: 200 is answered after [`EventSink::submit`]'s callback.
//!
//! [`EventSink::submit`]: epoch_model::event::EventSink::submit

mod again;
mod app;
mod config;
mod decode;
#[cfg(test)]
mod fuzz;
mod growthbook;
mod guard;
mod ingest;
mod key;
mod mixpanel;
mod ofrep;
mod otlp;
mod plain;
mod posthog;
mod privacy;
#[cfg(any(test, feature = "probe"))]
pub mod probe;
mod problem;
mod rate;
mod read;
mod routes;
mod segment;
mod serve;
mod server;
mod stripe;
mod unleash;
mod without;

pub use again::again;
pub use config::{Config, Limits, TlsFiles};
pub use routes::{Access, ROUTES, Route};
pub use server::{Bound, bind};
pub use without::WithoutLevers;
