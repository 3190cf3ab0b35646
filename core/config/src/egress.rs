//! Where plugins may connect to by the host's HTTP client.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
    sync::LazyLock,
};

use ipnet::IpNet;
use serde::{Serialize, Serializer};

/// The `[http]` table: every public address, and what is allowed besides.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Egress {
    /// Networks and hosts of one's own.
    pub allow: Vec<Allowed>,
}

impl Egress {
    /// Whether a host may be connected to wherever its name leads.
    pub fn allows_name(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.');
        self.allow.iter().any(
            |allowed| matches!(allowed, Allowed::Name(name) if name.eq_ignore_ascii_case(host)),
        )
    }

    /// Refuses an address that is not public, unless it is allowed.
    ///
    /// # Errors
    /// What kind of address it is.
    pub fn check(&self, address: IpAddr) -> Result<(), &'static str> {
        let address = address.to_canonical();
        let allows = |allowed: &Allowed| matches!(allowed, Allowed::Network(network) if network.contains(&address));
        match not_public(address) {
            Some(kind) if !self.allow.iter().any(allows) => Err(kind),
            _ => Ok(()),
        }
    }
}

/// One entry of `allow`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allowed {
    /// These addresses, whatever name leads there.
    Network(IpNet),
    /// This host, wherever its name leads.
    Name(String),
}

impl FromStr for Allowed {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self::Network(address.to_canonical().into()));
        }
        if let Ok(network) = text.parse() {
            return Ok(Self::Network(network));
        }
        let fits = |c: char| c.is_ascii_alphanumeric() || ['-', '_', '.'].contains(&c);
        // Digits and dots alone are an address that is none.
        let is_name = text.chars().all(fits) && text.contains(|c: char| c.is_ascii_alphabetic());
        if is_name { Ok(Self::Name(text.to_ascii_lowercase())) } else { Err(()) }
    }
}

impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(network) => network.fmt(f),
            Self::Name(name) => name.fmt(f),
        }
    }
}

impl Serialize for Allowed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Networks that are not the public internet, by the registries of RFC 6890 and of IANA, and the
/// addresses where clouds tell their machines' secrets. The first that fits names the kind.
static NOT_PUBLIC: LazyLock<Vec<(IpNet, &str)>> = LazyLock::new(|| {
    let networks = [
        ("169.254.169.254/32", "a metadata"),
        ("100.100.100.200/32", "a metadata"),
        ("168.63.129.16/32", "a metadata"),
        ("192.0.0.192/32", "a metadata"),
        ("fd00:ec2::/64", "a metadata"),
        ("fd20:ce::/64", "a metadata"),
        ("0.0.0.0/8", "an unspecified"),
        ("127.0.0.0/8", "a loopback"),
        ("10.0.0.0/8", "a private"),
        ("172.16.0.0/12", "a private"),
        ("192.168.0.0/16", "a private"),
        ("100.64.0.0/10", "a provider's internal"),
        ("169.254.0.0/16", "a link-local"),
        ("192.0.0.0/24", "a reserved"),
        ("192.0.2.0/24", "a documentation"),
        ("198.51.100.0/24", "a documentation"),
        ("203.0.113.0/24", "a documentation"),
        ("192.88.99.0/24", "a reserved"),
        ("198.18.0.0/15", "a benchmarking"),
        ("224.0.0.0/4", "a multicast"),
        ("240.0.0.0/4", "a reserved"),
        ("::/128", "an unspecified"),
        ("::1/128", "a loopback"),
        ("fc00::/7", "a private"),
        ("fe80::/10", "a link-local"),
        ("fec0::/10", "a private"),
        ("ff00::/8", "a multicast"),
        ("64:ff9b:1::/48", "a private"),
        ("100::/64", "a reserved"),
        ("2001::/32", "a tunnel's"),
        ("2001:db8::/32", "a documentation"),
        ("3fff::/20", "a documentation"),
        ("5f00::/16", "a reserved"),
    ];
    let parse = |(text, kind): (&str, _)| text.parse().ok().map(|network: IpNet| (network, kind));
    networks.into_iter().filter_map(parse).collect()
});

fn not_public(address: IpAddr) -> Option<&'static str> {
    let named = |address: IpAddr| {
        NOT_PUBLIC.iter().find(|(network, _)| network.contains(&address)).map(|(_, kind)| *kind)
    };
    let carried = match address {
        IpAddr::V6(address) => carried_v4(address),
        IpAddr::V4(_) => None,
    };
    named(address).or_else(|| carried.and_then(|v4| named(v4.into())))
}

/// The IPv4 address that an IPv6 address leads to: mapped, compatible, through NAT64 or 6to4.
fn carried_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let last = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match address.segments() {
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] => Some(last(high, low)),
        [0, 0, 0, 0, 0xffff, 0, high, low] => Some(last(high, low)),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(last(high, low)),
        [0x2002, high, low, ..] => Some(last(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_not_public_is_refused_in_every_form() {
        let egress = Egress::default();
        for (text, kind) in [
            ("127.0.0.1", "loopback"),
            ("127.255.255.254", "loopback"),
            ("0.0.0.0", "unspecified"),
            ("0.1.2.3", "unspecified"),
            ("10.1.2.3", "private"),
            ("172.31.0.1", "private"),
            ("192.168.1.1", "private"),
            ("100.64.0.1", "internal"),
            ("169.254.1.1", "link-local"),
            ("169.254.169.254", "metadata"),
            ("100.100.100.200", "metadata"),
            ("168.63.129.16", "metadata"),
            ("198.18.0.1", "benchmarking"),
            ("224.0.0.251", "multicast"),
            ("255.255.255.255", "reserved"),
            ("::", "unspecified"),
            ("::1", "loopback"),
            ("::ffff:127.0.0.1", "loopback"),
            ("::ffff:0:10.0.0.1", "private"),
            ("::10.0.0.1", "private"),
            ("64:ff9b::169.254.169.254", "metadata"),
            ("2002:7f00:1::", "loopback"),
            ("2001::1", "tunnel"),
            ("fd00:ec2::254", "metadata"),
            ("fd12::1", "private"),
            ("fe80::1", "link-local"),
            ("ff02::1", "multicast"),
        ] {
            let said = egress.check(text.parse().unwrap()).expect_err(text);
            assert!(said.contains(kind), "{text}: {said}");
        }
        for text in ["1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "64:ff9b::1.1.1.1"]
        {
            assert_eq!(egress.check(text.parse().unwrap()), Ok(()), "{text}");
        }
        assert_eq!(NOT_PUBLIC.len(), 33, "a network of the table cannot be read");
    }

    #[test]
    fn what_is_allowed_is_a_network_an_address_or_a_host() {
        let read = |text: &str| text.parse::<Allowed>();
        let allow: Vec<_> =
            ["10.0.0.0/8", "::1", "Intranet.Example"].iter().map(|t| read(t).unwrap()).collect();
        let egress = Egress { allow };
        for (address, fine) in
            [("10.9.9.9", true), ("::ffff:10.0.0.1", true), ("::1", true), ("127.0.0.1", false)]
        {
            assert_eq!(egress.check(address.parse().unwrap()).is_ok(), fine, "{address}");
        }
        assert!(
            egress.allows_name("intranet.example.") && !egress.allows_name("x.intranet.example")
        );
        for text in ["", "10.0.0.0/33", "10.0.0", "http://x", "x:80", "*.x", "x/y"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
