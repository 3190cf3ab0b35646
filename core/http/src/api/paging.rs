use crate::error::{ApiError, ApiResult};

/// The most items of a page.
const MOST: u32 = 200;
/// The last page there can be.
const LAST: u32 = 1_000_000;

/// `page` from 1, and `per_page` from 1 to 200, 50 if not given.
pub(crate) fn paging(page: Option<u32>, per_page: Option<u32>) -> ApiResult<(u32, u32)> {
    let within = |name: &str, value: u32, most: u32| match value {
        1.. if value <= most => Ok(value),
        _ => Err(ApiError::bad_request(format!("query: `{name}` must be from 1 to {most}"))),
    };
    Ok((
        within("page", page.unwrap_or(1), LAST)?,
        within("per_page", per_page.unwrap_or(50), MOST)?,
    ))
}
