//! `Stripe-Signature: t=…,v1=…`: HMAC-SHA256 with the endpoint's secret over the time, a point and the body as sent.

use epoch_model::time::Millis;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::problem::Problem;

/// Where it stands.
pub(super) const HEADER: &str = "stripe-signature";
/// How far the sender's clock and ours may be apart: Stripe's own libraries' default. It bounds how long a request that
/// somebody recorded can be sent again.
const TOLERANCE: Millis = 5 * 60 * 1000;
/// While secrets are rolled there are two.
const SIGNATURES_MAX: usize = 16;

/// Whether the body is Stripe's and of now.
pub(super) fn check(header: Option<&str>, body: &[u8], secret: &str, now: Millis) -> Result<(), Problem> {
    let refused =
        |message: &str| Problem::bad(message, "compare the endpoint's signing secret and this machine's clock");
    let header = header.ok_or_else(|| refused("no Stripe-Signature header was given"))?;
    let parts = || header.split(',').filter_map(|part| part.trim().split_once('='));
    let time = parts().find(|(name, _)| *name == "t").map(|(_, time)| time);
    let time = time.ok_or_else(|| refused("the signature has no time"))?;
    let seconds: Millis = time.parse().map_err(|_| refused("the signature's time is no number"))?;
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map_err(|_| refused("the secret is empty"))?;
    mac.update(time.as_bytes());
    mac.update(b".");
    mac.update(body);
    let given = parts().filter(|(name, _)| *name == "v1").take(SIGNATURES_MAX).filter_map(|(_, hex)| bytes(hex));
    // Every one is compared in full, so that the time taken tells nothing.
    let right = given.fold(false, |right, given| right | mac.clone().verify_slice(&given).is_ok());
    if !right {
        return Err(refused("the signature does not match the body"));
    }
    if now.saturating_sub(seconds.saturating_mul(1000)).saturating_abs() > TOLERANCE {
        return Err(refused("the signature is more than five minutes old, or of the future"));
    }
    Ok(())
}

fn bytes(hex: &str) -> Option<[u8; 32]> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut bytes = [0; 32];
    if hex.len() != 64 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = digit(high)? * 16 + digit(low)?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Stripe's Python library signs (`WebhookSignature._compute_signature`).
    const SECRET: &str = "whsec_test_secret";
    const BODY: &[u8] = br#"{"id":"evt_test_webhook","object":"event"}"#;
    const RIGHT: &str = "d95c6b7477fbd7e9f90b1b0ef5f9c7ac25abca5382460e0d988c2b2a5b71b990";
    const AT: Millis = 1_700_000_000_000;

    #[test]
    fn only_right_signatures_of_now_pass() {
        let check =
            |header: &str, body: &[u8], secret: &str, now: Millis| check(Some(header), body, secret, now).is_ok();
        let right = format!("t=1700000000,v1={RIGHT},v0={RIGHT}");
        assert!(check(&right, BODY, SECRET, AT));
        assert!(check(&right, BODY, SECRET, AT + 300_000) && check(&right, BODY, SECRET, AT - 300_000));
        assert!(!check(&right, BODY, SECRET, AT + 300_001) && !check(&right, BODY, SECRET, AT - 300_001));
        assert!(!check(&right, BODY, "whsec_other", AT) && !check(&right, &[BODY, b" "].concat(), SECRET, AT));
        let zeros = "0".repeat(64);
        assert!(check(&format!("t=1700000000, v1={zeros}, v1={RIGHT}"), BODY, SECRET, AT), "while secrets are rolled");
        for header in [
            String::new(),
            "t=1700000000".into(),
            format!("v1={RIGHT}"),
            format!("t=1700000000,v0={RIGHT}"),
            format!("t=1700000000,v1={zeros}"),
            format!("t=1700000000,v1={}", &RIGHT[..62]),
            format!("t=1700000000,v1={}é", &RIGHT[..62]),
            format!("t=1700000001,v1={RIGHT}"),
            format!("t=01700000000,v1={RIGHT}"),
            format!("t=x,v1={RIGHT}"),
        ] {
            assert!(!check(&header, BODY, SECRET, AT), "{header}");
        }
        assert!(super::check(None, BODY, SECRET, AT).is_err());
    }
}
