//! Where plugins may connect to, decided at the address that is connected to.

use std::{
    error::Error,
    fmt, io,
    net::{IpAddr, SocketAddr},
};

use cascade_config::Egress;

/// Why a host is not connected to.
#[derive(Debug)]
pub(super) struct Refused {
    host: String,
    kind: &'static str,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, kind } = self;
        write!(
            f,
            "`{host}` is {kind} address; if plugins may reach it, name it in jobs.toml: [http] allow = [\"{host}\"]"
        )
    }
}

impl Error for Refused {}

/// Why a name leads nowhere.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unreachable {
    /// The rules do not let it be connected to.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// It could not be resolved.
    #[error(transparent)]
    Unknown(#[from] io::Error),
}

/// Checks a host that is written as an address, which no resolver sees. A name passes.
pub(super) fn check_literal(egress: &Egress, host: &str) -> Result<(), Refused> {
    match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(address) => egress
            .check(address)
            .map_err(|kind| Refused { host: address.to_canonical().to_string(), kind }),
        Err(_) => Ok(()),
    }
}

/// Checks an address that `host` led to.
pub(super) fn check_address(egress: &Egress, host: &str, address: IpAddr) -> Result<(), Refused> {
    match egress.check(address) {
        Err(kind) if !egress.allows_name(host) => Err(Refused { host: host.to_owned(), kind }),
        _ => Ok(()),
    }
}

/// The addresses of a name that may be connected to.
///
/// # Errors
/// When there is none.
pub(super) async fn addresses(
    egress: &Egress,
    host: &str,
    port: u16,
) -> Result<Vec<SocketAddr>, Unreachable> {
    let mut refused = None;
    let mut addresses = Vec::new();
    for address in tokio::net::lookup_host((host, port)).await? {
        match check_address(egress, host, address.ip()) {
            Err(why) => refused = Some(why),
            Ok(()) => addresses.push(address),
        }
    }
    match refused {
        Some(why) if addresses.is_empty() => Err(why.into()),
        _ => Ok(addresses),
    }
}
