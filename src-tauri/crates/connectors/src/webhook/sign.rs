//! Signatures of Standard Webhooks (standardwebhooks.com): `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

/// The key's bytes: of `whsec_` and base64, or as they are. `None` when the base64 is wrong.
pub fn secret_key(secret: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    match secret.trim_ascii().strip_prefix(b"whsec_") {
        Some(text) => STANDARD.decode(text).ok().map(Zeroizing::new),
        None => Some(Zeroizing::new(secret.to_vec())),
    }
}

/// The value of `webhook-signature`; `seconds` is the `webhook-timestamp`.
pub fn signature(key: &[u8], id: &str, seconds: i64, body: &str) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(format!("{id}.{seconds}.").as_bytes());
    mac.update(body.as_bytes());
    Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's reference libraries.
    #[test]
    fn known_signature() {
        let key = secret_key(b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("key");
        let signed = signature(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, "{\"test\": 2432232314}");
        assert_eq!(signed.as_deref(), Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
        assert!(secret_key(b"whsec_!!!").is_none());
    }
}
