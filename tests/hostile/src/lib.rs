//! What must hold for any input from outside, one function for each kind: each takes any bytes and
//! panics when something does not hold. `tests/fuzz` looks for such bytes; this crate's test replays
//! those that are kept in `tests/fuzz/seeds`.

mod connectors;
#[cfg(feature = "host")]
mod jobs_toml;
#[cfg(feature = "host")]
mod messages;
#[cfg(feature = "host")]
mod plugin_abi;

/// Panics when something does not hold.
pub type Check = fn(&[u8]);

/// A check by the name of its fuzz target and of its folder of seeds.
pub const CHECKS: &[(&str, Check)] = &[
    #[cfg(feature = "host")]
    ("jobs_toml", jobs_toml::check),
    #[cfg(feature = "host")]
    ("bus_message", messages::bus),
    #[cfg(feature = "host")]
    ("plugin_abi", plugin_abi::check),
    ("mail", connectors::mail),
    ("slack", connectors::slack),
    ("feed", connectors::feed),
    ("imap", connectors::imap),
];

/// Runs one of them.
///
/// # Panics
/// When there is none of this name, or the input breaks what must hold.
pub fn check(name: &str, input: &[u8]) {
    let (_, check) = CHECKS.iter().find(|(known, _)| *known == name).expect("a known check");
    check(input);
}
