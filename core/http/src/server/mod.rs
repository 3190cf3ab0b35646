//! Connections: accepted, limited, handed to the router or to the SSE hub; handlers as the router takes them; and the
//! embedded UI.

pub(crate) mod places;
pub(crate) mod routes;
mod serve;
pub(crate) mod ui;

pub use serve::serve;
