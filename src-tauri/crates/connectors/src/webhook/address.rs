//! Which addresses may be called. The host is resolved once, the addresses are checked, and the connection goes to those
//! very addresses, so that a name that changes its mind in between (DNS rebinding) gains nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Once;
use std::time::Duration;

use reqwest::{Client, Url, redirect};

use crate::effects::{Delivery, Refusal};

const RESOLVE_TIMEOUT: Duration = Duration::from_secs(5);
/// From the first packet to a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// From the start to the end of the answer, where the request does not say.
const TIMEOUT: Duration = Duration::from_secs(15);

/// Whether an address belongs to the public internet.
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => public_v4(ip),
        IpAddr::V6(ip) => public_v6(ip),
    }
}

fn public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    !(ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_multicast()
        || ip.is_documentation()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (b == 18 || b == 19)))
}

fn public_v6(ip: Ipv6Addr) -> bool {
    let s = ip.segments();
    let v4 = |hi: u16, lo: u16| {
        let ([a, b], [c, d]) = (hi.to_be_bytes(), lo.to_be_bytes());
        public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match s {
        // Addresses that only wrap an IPv4 one: mapped, NAT64, 6to4.
        [0, 0, 0, 0, 0, 0xffff, hi, lo] | [0x64, 0xff9b, 0, 0, 0, 0, hi, lo] | [0x2002, hi, lo, ..] => v4(hi, lo),
        // The unspecified, loopback and compatible ones, other NAT64, Teredo, documentation.
        [0, 0, 0, 0, 0, 0, ..] | [0x64, 0xff9b, ..] | [0x2001, 0 | 0xdb8, ..] | [0x3fff, ..] => false,
        // Only 2000::/3 is given out as global unicast.
        _ => s[0] & 0xe000 == 0x2000,
    }
}

/// The addresses of a host, each of which may be called. An address that is not public needs `allow_private`.
pub(crate) async fn checked(host: &str, port: u16, allow_private: bool) -> Result<Vec<SocketAddr>, Delivery> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let addresses: Vec<SocketAddr> = match bare.parse::<IpAddr>() {
        Ok(ip) => vec![SocketAddr::new(ip, port)],
        Err(_) => match tokio::time::timeout(RESOLVE_TIMEOUT, tokio::net::lookup_host((host, port))).await {
            Ok(Ok(found)) => found.collect(),
            Ok(Err(e)) => return Err(Delivery::retry(format!("“{host}” cannot be resolved: {e}"))),
            Err(_) => return Err(Delivery::retry(format!("“{host}” was not resolved in time"))),
        },
    };
    if addresses.is_empty() {
        return Err(Delivery::retry(format!("“{host}” has no address")));
    }
    if !allow_private && let Some(bad) = addresses.iter().find(|a| !is_public(a.ip())) {
        let detail =
            format!("“{host}” is at {}, which is not a public address; set allow_private to permit it", bad.ip());
        return Err(Delivery::refused(Refusal::Address, detail));
    }
    Ok(addresses)
}

/// A client that can reach `url`'s host at its checked addresses only.
pub(crate) async fn client_to(url: &Url, allow_private: bool) -> Result<Client, Delivery> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Delivery::semantic(format!("“{}” is neither http nor https", url.scheme())));
    }
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
        return Err(Delivery::semantic(format!("“{url}” has no host")));
    };
    let addresses = checked(host, port, allow_private).await?;
    provide_crypto();
    Client::builder()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TIMEOUT)
        .resolve_to_addrs(host, &addresses)
        .build()
        .map_err(|e| Delivery::retry(format!("the HTTP client cannot be made: {e}")))
}

/// Sees to it that TLS has its cryptography.
pub(crate) fn provide_crypto() {
    static PROVIDER: Once = Once::new();
    // Another part of the process may have installed one already, which serves as well.
    PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for ip in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "::127.0.0.1",
            "2001:db8::1",
            "2001::1",
        ] {
            assert!(!is_public(ip.parse().expect(ip)), "{ip}");
        }
        for ip in ["1.1.1.1", "93.184.216.34", "172.32.0.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"] {
            assert!(is_public(ip.parse().expect(ip)), "{ip}");
        }
    }
}
