//! How a request tells who makes it, and what keeps others from making it in their name.

mod cookie;
mod identify;
mod origin;
mod stream_right;
mod watch;

use std::net::IpAddr;

pub use cookie::{clear, device, device_cookie, session_cookie};
pub(crate) use identify::principal;
pub use identify::{Administrator, Caller, InPerson, Peer, authenticate};
pub use origin::{by_loopback_name, same_origin};
pub use stream_right::{Asked, grant};
pub use watch::watch;

/// Whether people sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignIn {
    /// They do.
    Required,
    /// Whoever reaches the address may do everything: for loopback only.
    Off,
}

/// What the HTTP layer must know of the world outside.
#[derive(Debug, Clone)]
pub struct AuthSettings {
    /// Whether people sign in.
    pub sign_in: SignIn,
    /// The address that browsers use, such as `https://cascade.example`, if it is not the one that
    /// the process listens on.
    pub public_url: Option<String>,
}

impl AuthSettings {
    /// Whether browsers come by TLS: cookies are then sent by TLS alone.
    pub fn secure(&self) -> bool {
        self.public_url.as_deref().is_some_and(|url| url.starts_with("https://"))
    }
}

/// Whether a peer is on this machine.
pub fn is_local(peer: IpAddr) -> bool {
    peer.to_canonical().is_loopback()
}
