//! Why a person does something, in words that the audit log keeps.

use crate::error::{ApiError, ApiResult};

/// The longest reason, in characters.
pub(crate) const LONGEST_REASON: usize = 500;

/// Refuses a reason that is too long.
pub(crate) fn check_reason(reason: Option<&str>) -> ApiResult<()> {
    if reason.is_some_and(|reason| reason.chars().count() > LONGEST_REASON) {
        let message = format!("body: `reason` is longer than {LONGEST_REASON} characters");
        return Err(ApiError::bad_request(message));
    }
    Ok(())
}
