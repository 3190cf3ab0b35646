//! What every request passes before its handler: who asks, limits, headers.

pub mod auth;
pub mod client;
pub(crate) mod edges;
pub(crate) mod extract;
pub mod limits;
pub(crate) mod parameters;
pub mod rate;
pub(crate) mod security_headers;
