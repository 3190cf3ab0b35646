use chrono::{DateTime, SecondsFormat, Utc};

/// RFC 3339 in UTC with milliseconds and `Z`, e.g. `2026-02-18T12:00:00.000Z`.
///
/// The width is fixed, so that such texts sort and compare as the times they stand for.
pub fn rfc3339(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
