//! Hooks: what others send to have a run made, and what became of it.

pub(crate) mod deliver;
mod headers;
pub(crate) mod list;
mod make;
mod rate;
pub(crate) mod replay;

pub use rate::HookRates;
