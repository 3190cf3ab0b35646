//! Who asks: the address of the connection, or what a trusted proxy says of it.

use std::{convert::Infallible, net::IpAddr, net::SocketAddr};

use crate::AppState;
use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, request::Parts},
    middleware::Next,
    response::Response,
};
use cascade_access::network;

/// The other end of the connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub IpAddr);

/// The address of whoever asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

impl ClientAddress {
    /// What limits count by: an address, or for IPv6 the network that one subscriber gets.
    pub fn bucket(self) -> IpAddr {
        network(self.0)
    }
}

impl<S: Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let known = parts.extensions.get::<Self>();
        Ok(known.copied().unwrap_or(Self(IpAddr::from([0, 0, 0, 0]))))
    }
}

/// Finds out once for all handlers.
pub(crate) async fn identify(
    State(server): State<AppState>,
    mut request: Request,
    next: Next,
) -> Response {
    if let Some(Peer(peer)) = request.extensions().get::<Peer>() {
        let client = address(*peer, request.headers(), |hop| server.limits.trusts(hop));
        request.extensions_mut().insert(ClientAddress(client));
    }
    next.run(request).await
}

/// From the nearest hop outwards, for as long as each is a trusted proxy: whatever stands before
/// that in `X-Forwarded-For` may have been written by anybody.
fn address(peer: IpAddr, headers: &HeaderMap, trusts: impl Fn(IpAddr) -> bool) -> IpAddr {
    let mut client = peer.to_canonical();
    let lines = headers.get_all("x-forwarded-for").iter();
    let said: Vec<_> = lines.filter_map(|line| line.to_str().ok()).collect();
    for hop in said.iter().flat_map(|line| line.split(',')).rev() {
        if !trusts(client) {
            break;
        }
        let hop = hop.trim();
        let with_port = || hop.parse::<SocketAddr>().map(|address| address.ip());
        match hop.parse::<IpAddr>().or_else(|_| with_port()) {
            Ok(address) => client = address.to_canonical(),
            Err(_) => break,
        }
    }
    client
}

#[cfg(test)]
mod tests {
    use ipnet::IpNet;

    use super::*;

    fn seen(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        let trusted: Vec<IpNet> = trusted.iter().map(|network| network.parse().unwrap()).collect();
        let trusts = |hop| trusted.iter().any(|network| network.contains(&hop));
        address(peer.parse().unwrap(), &headers, trusts).to_string()
    }

    #[test]
    fn a_client_cannot_choose_its_address() {
        let proxies = ["10.0.0.0/8"];
        assert_eq!(seen("203.0.113.9", &["1.1.1.1"], &proxies), "203.0.113.9");
        assert_eq!(seen("10.0.0.1", &["1.1.1.1"], &[]), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &["1.1.1.1, 203.0.113.9"], &proxies), "203.0.113.9");
        assert_eq!(
            seen("10.0.0.1", &["1.1.1.1", "203.0.113.9, 10.0.0.2"], &proxies),
            "203.0.113.9"
        );
        assert_eq!(seen("10.0.0.1", &["1.1.1.1, nonsense"], &proxies), "10.0.0.1");
        assert_eq!(seen("::ffff:10.0.0.1", &["[2001:db8::7]:81"], &proxies), "2001:db8::7");
    }

    #[test]
    fn a_subscriber_of_ipv6_is_one_client() {
        let bucket = |text: &str| ClientAddress(text.parse().unwrap()).bucket();
        assert_eq!(bucket("2001:db8:1:2:3::4"), bucket("2001:db8:1:2:ffff::1"));
        assert_ne!(bucket("2001:db8:1:2::1"), bucket("2001:db8:1:3::1"));
        assert_ne!(bucket("192.0.2.1"), bucket("192.0.2.2"));
    }
}
