//! The Cascade host: scheduler, runner, store, event bus and HTTP server. It knows no job by name.

pub mod config;
pub mod registry;
pub mod store;
