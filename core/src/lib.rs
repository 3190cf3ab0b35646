//! The Cascade host: scheduler, runner, store, event bus and HTTP server. It knows no job by name.

pub mod bus;
pub mod config;
pub mod registry;
pub mod runner;
pub mod scheduler;
pub mod store;
