//! Plugins that the host has never seen: loaded libraries, programs, and new crates.

pub mod build;
mod c_example;
mod compiled_in_or_loaded;
mod programs;
mod programs_end;
mod refused;
mod replaced;
mod scaffold;

pub use build::{c_library, rust_library};
