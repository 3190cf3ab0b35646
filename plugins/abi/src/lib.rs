//! The C ABI between the Cascade host and a loaded plugin.
//!
//! `include/cascade_plugin.h` is the contract; [`table`] is the same in Rust. [`guest`] is a plugin's
//! side of it and `host` (feature `load`) the host's. Both offer safe interfaces: this crate holds
//! all unsafe code of the workspace: what crosses the boundary, and `inherited` (feature `load`), a file
//! that the host inherits from itself.
//!
//! Invariants: texts are borrowed for one call; a [`table::Call`] is counted by references; a reply
//! is given exactly once; a library that was loaded is never unmapped, since it may have started
//! threads and handed out `'static` data.

pub mod guest;
#[cfg(feature = "load")]
pub mod host;
#[cfg(feature = "load")]
pub mod inherited;
pub mod table;

/// The version of the contract; a host refuses another one.
pub const ABI_VERSION: u32 = 1;

/// Every exported name that begins like this is a plugin's entry.
pub const ENTRY_PREFIX: &str = "cascade_plugin_entry";

/// The contract for other languages.
pub const HEADER: &str = include_str!("../include/cascade_plugin.h");
