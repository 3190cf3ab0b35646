//! A plugin that uses everything the sdk offers. The tests run it compiled in and loaded and compare.

mod jobs;
mod services;
mod view;

cascade_sdk::submit_migrations!("0001_init.sql");
cascade_sdk::export_plugin!();

/// Names this crate, so that the linker keeps what it submits.
pub fn link() {}
