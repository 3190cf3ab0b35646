//! The Cascade host: scheduler, runner, store, event bus and HTTP server. It knows no job by name.
//!
//! Invariants: nothing here names a job type or a data key; the database is the truth and the bus
//! only says "look now"; a config exists only if the whole file is right.

pub mod access;
pub mod border;
pub mod bus;
pub mod cli;
pub mod config;
mod described;
pub mod environment;
pub mod host;
pub mod http;
pub mod registry;
pub mod runner;
pub mod scheduler;
pub mod store;
pub mod tls;
