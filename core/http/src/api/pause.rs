//! The end of a pause, and why, as a request says them.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::{
    AppState,
    api::reason::check_reason,
    error::{ApiError, ApiResult},
};
use cascade_access::Principal;
use cascade_model::Pause;

/// A longer pause is for jobs.toml: `enabled = false`.
const LONGEST: TimeDelta = TimeDelta::days(366);

/// The pause that is asked for.
///
/// # Errors
/// 400 that names the field: an end that has passed or is more than a year away, or a reason that is too long.
pub(super) async fn read(
    server: &AppState,
    principal: &Principal,
    until: Option<DateTime<Utc>>,
    reason: Option<String>,
) -> ApiResult<Pause> {
    check_reason(reason.as_deref())?;
    if let Some(until) = until {
        let now = server.store.now().await?;
        if until <= now {
            let message = format!("body: `until` has passed: it is {now} by now");
            return Err(ApiError::bad_request(message).help("name a time that is to come"));
        }
        if until - now > LONGEST {
            let help = "leave it out, or disable the job in jobs.toml with `enabled = false`";
            return Err(
                ApiError::bad_request("body: `until` is more than 366 days away").help(help)
            );
        }
    }
    let reason = reason.map(|reason| reason.trim().to_owned()).filter(|reason| !reason.is_empty());
    Ok(Pause { until, reason, by: Some(principal.name.clone()), at: None })
}

/// What the audit log keeps of it.
pub(super) fn detail(pause: &Pause) -> Value {
    json!({ "until": pause.until, "reason": pause.reason })
}
