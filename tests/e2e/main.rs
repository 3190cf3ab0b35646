//! The real binary, from outside: its command line, its HTTP, its files, its signals.

// All of it is tests; clippy only knows those that carry the attribute.
#![allow(clippy::unwrap_used)]

mod browser;
mod cancel_cascade;
mod cascade;
mod check;
mod clocks;
mod command_line;
mod conditions;
mod config_edit;
mod data_folder;
mod edges;
mod egress;
mod environment;
mod failover;
mod failures;
mod fan_out;
mod full_disk;
mod hooks;
mod host;
mod hostile_messages;
mod joins;
mod layout;
mod log_fields;
mod lost_ends;
mod mail_server;
mod mark_done;
mod observability;
mod odd_input;
mod openapi;
mod planted_secrets;
mod plugins;
mod preferred_workers;
mod reach;
mod rehearse;
mod reload;
mod rerun;
mod runs_api;
mod sample;
mod secrets;
mod shared_limits;
mod shutdown;
mod sign_in;
mod stream;
mod topology;
mod trace_groups;
mod why;
