//! Links the plugin crates into the host.
//!
//! The dependency list in this crate's Cargo.toml *is* the list of compiled-in plugins: the build
//! script names each of them, since the linker drops a crate that nothing names, and with it what
//! the crate submits to `inventory`.

include!(concat!(env!("OUT_DIR"), "/links.rs"));

/// Does nothing but give the host a name to call, which keeps this crate linked.
pub fn link() {}
