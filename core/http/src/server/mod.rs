//! Connections: accepted, limited, handed to the router or to the SSE hub; and the embedded UI.

pub(crate) mod places;
mod serve;
pub(crate) mod ui;

pub use serve::serve;
