//! Which times a run may be asked for.

use chrono::{DateTime, Datelike, Utc};

/// Said of a time that is not kept.
pub const NOT_KEPT: &str = "a time must be of the years 0000 to 9999";

/// Whether a time is of the years 0000 to 9999, which are what RFC 3339 has and what both databases keep and
/// compare alike.
pub fn is_kept(at: DateTime<Utc>) -> bool {
    (0..=9999).contains(&at.year())
}
