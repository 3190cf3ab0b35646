//! Times in requests.

use chrono::{DateTime, Datelike, Utc};
use serde::{Deserialize, Deserializer, de::Error};

/// A time of the years 0000 to 9999, which are what RFC 3339 has and what both databases keep and
/// compare alike. For `#[serde(default, deserialize_with)]`.
///
/// # Errors
/// Of any other year.
pub(crate) fn optional<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<DateTime<Utc>>, D::Error> {
    let at = Option::<DateTime<Utc>>::deserialize(from)?;
    match at {
        Some(at) if !(0..=9999).contains(&at.year()) => {
            Err(D::Error::custom("a time must be of the years 0000 to 9999"))
        }
        at => Ok(at),
    }
}
