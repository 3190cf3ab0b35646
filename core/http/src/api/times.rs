//! Times in requests.

use cascade_model::{NOT_KEPT, is_kept};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, de::Error};

/// A time that is kept, as [`is_kept`] says. For `#[serde(default, deserialize_with)]`.
///
/// # Errors
/// Of any other year.
pub(crate) fn optional<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<DateTime<Utc>>, D::Error> {
    let at = Option::<DateTime<Utc>>::deserialize(from)?;
    match at {
        Some(at) if !is_kept(at) => Err(D::Error::custom(NOT_KEPT)),
        at => Ok(at),
    }
}
