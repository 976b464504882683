//! Any bytes as OpenTelemetry's or Stripe's, and as an event that is read once more.
#![no_main]

use std::cell::RefCell;

use epoch_gateway::probe::Probe;
use epoch_model::ports::Privacy;
use libfuzzer_sys::fuzz_target;

thread_local! {
    static PROBE: RefCell<Probe> = RefCell::new(Probe::new(Privacy::default()));
}

fuzz_target!(|data: &[u8]| {
    PROBE.with_borrow(|probe| {
        probe.otlp(data);
        probe.stripe(data);
        probe.again(data);
    });
});
