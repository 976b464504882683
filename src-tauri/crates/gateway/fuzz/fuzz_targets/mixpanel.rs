//! Any bytes as a request of Mixpanel's SDKs.
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
        probe.mixpanel(data);
    });
});
