//! What the pages quote: small jobs and views that compile, and that `tests/` runs on the bench.

pub mod actions;
pub mod effects;
pub mod errors;
pub mod outputs;
pub mod params;
pub mod reminder;
pub mod stopping;
pub mod transactions;

cascade_sdk::submit_migrations!("0001_examples.sql");
