//! The log of a run: in pages, and whole to be kept.

use std::fmt::Write;

use axum::{
    body::{Body, Bytes},
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use cascade_sdk::{Level, rfc3339};
use chrono::{DateTime, Utc};
use futures::stream::try_unfold;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::response;
use crate::{
    AppState,
    api::{
        runs::{LONGEST_TEXT, RunId, found},
        times,
    },
    error::{ApiError, ApiResult, ErrorBody, Refused},
    middleware::{
        auth::Caller,
        extract::{Json, Path, Query},
    },
};
use cascade_access::Principal;
use cascade_model::{RunLogRow, Visible, log_slice};
use cascade_store::{LogPage, LogPlace, Queries};

/// The most lines of a page, and those of a page that says nothing else.
const MOST: u32 = 5000;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LogQuery {
    /// The lines before the one of this `seq`.
    before: Option<i64>,
    /// The lines behind the one of this `seq`; goes before `from` and behind `before`.
    after: Option<i64>,
    /// The lines of this time or later.
    #[serde(default, deserialize_with = "times::optional")]
    from: Option<DateTime<Utc>>,
    /// Only lines of this attempt: from 1.
    #[param(minimum = 1)]
    attempt: Option<u32>,
    /// Only lines with this in message or fields.
    #[param(max_length = 200)]
    q: Option<String>,
    /// Only lines of this level or worse.
    #[param(pattern = "^(debug|info|warn|error)?$")]
    level: Option<String>,
    /// The most lines: 1 to 5,000, which is what holds if it is not given.
    #[param(minimum = 1, maximum = 5000)]
    limit: Option<u32>,
}

#[derive(Serialize, ToSchema)]
pub struct RunLogs {
    items: Vec<response::RunLogRow>,
    /// Lines that fit `q`, `level` and `attempt`, whatever the page.
    total: u64,
    /// Lines of the run.
    lines: u64,
    /// Whether there are lines before this page.
    more_before: bool,
    /// Whether there are lines behind this page.
    more_after: bool,
}

const LEVELS: [Level; 4] = [Level::Debug, Level::Info, Level::Warn, Level::Error];

fn read(query: &LogQuery) -> ApiResult<LogPage> {
    let limit = query.limit.unwrap_or(MOST);
    if !(1..=MOST).contains(&limit) {
        return Err(ApiError::bad_request(format!("query: `limit` must be from 1 to {MOST}")));
    }
    let text = query.q.as_deref().map(str::trim).filter(|text| !text.is_empty());
    if text.is_some_and(|text| text.chars().count() > LONGEST_TEXT) {
        let message = format!("query: `q` is longer than {LONGEST_TEXT} characters");
        return Err(ApiError::bad_request(message).help("look for a part of it"));
    }
    let level = query.level.as_deref().filter(|level| !level.is_empty());
    let levels = match level {
        None => Vec::new(),
        Some(level) => match LEVELS.iter().position(|known| known.as_str() == level) {
            Some(at) => LEVELS[at..].to_vec(),
            None => {
                let message = format!("query: `level` is none: {level}");
                let help = "there is: debug, info, warn, error";
                return Err(ApiError::bad_request(message).help(help));
            }
        },
    };
    let place = match (query.before, query.after, query.from) {
        (Some(line), _, _) => LogPlace::Before(line),
        (_, Some(line), _) => LogPlace::After(line),
        (_, _, Some(at)) => LogPlace::From(at),
        _ => LogPlace::End,
    };
    Ok(LogPage { place, limit, levels, text: text.map(Into::into), ..LogPage::default() })
}

/// The page within the lines of one attempt.
///
/// # Errors
/// 404 where there is no such run, or no such attempt of it.
async fn of_attempt(
    server: &AppState,
    principal: &Principal,
    (id, attempt): (Uuid, u32),
    page: LogPage,
) -> ApiResult<LogPage> {
    let run = found(server, principal, id).await?;
    if !(1..=run.attempt).contains(&attempt) {
        let message = format!("the run {id} has no attempt {attempt}");
        return Err(ApiError::not_found(message).help(format!("it has had {}", run.attempt)));
    }
    let failed = server.store.failed_attempts(id).await?;
    let (since, until) = log_slice((run.attempt, run.started_at), &failed, attempt);
    Ok(LogPage { since, until, ..page })
}

/// A page of the log of a run, oldest line first: the latest lines, or those before or behind a line, or from a
/// time on.
#[utoipa::path(
    get, path = "/jobs/runs/{id}/logs", params(RunId, LogQuery),
    responses(
        (status = 200, body = RunLogs),
        (status = 404, description = "It has no such attempt.", body = ErrorBody), Refused
    )
)]
pub async fn run_logs(
    State(server): State<AppState>,
    Caller(principal): Caller,
    Path(id): Path<Uuid>,
    Query(query): Query<LogQuery>,
) -> ApiResult<Json<RunLogs>> {
    let page = match (read(&query)?, query.attempt) {
        (page, Some(attempt)) => of_attempt(&server, &principal, (id, attempt), page).await?,
        (page, None) => page,
    };
    let (visible, store) = (principal.visible(), &server.store);
    // One more than is shown tells whether there are more.
    let and_one = LogPage { limit: page.limit + 1, ..page.clone() };
    let mut items = store.log_page(&visible, id, &and_one).await?;
    let more = items.len() > page.limit as usize;
    let backwards = matches!(page.place, LogPlace::End | LogPlace::Before(_));
    if more && backwards {
        items.remove(0);
    }
    items.truncate(page.limit as usize);
    let other = match (items.first(), items.last()) {
        _ if page.place == LogPlace::End => None,
        (Some(_), Some(last)) if backwards => Some(LogPlace::After(last.seq)),
        (Some(first), _) => Some(LogPlace::Before(first.seq)),
        _ if backwards => Some(LogPlace::After(i64::MIN)),
        _ => Some(LogPlace::End),
    };
    let beyond = match other {
        None => false,
        Some(place) => {
            let one = LogPage { place, limit: 1, ..page.clone() };
            !store.log_page(&visible, id, &one).await?.is_empty()
        }
    };
    let all = LogPage::default();
    let lines = store.count_log_page(&visible, id, &all).await?;
    let filtered =
        page.text.is_some() || !page.levels.is_empty() || page.since.or(page.until).is_some();
    let total = if filtered { store.count_log_page(&visible, id, &page).await? } else { lines };
    let (more_before, more_after) = if backwards { (more, beyond) } else { (beyond, more) };
    let items = items.into_iter().map(Into::into).collect();
    Ok(Json(RunLogs { items, total, lines, more_before, more_after }))
}

/// The whole log of a run as text, a line each: time, level, message, fields.
#[utoipa::path(
    get, path = "/jobs/runs/{id}/logs/download", params(RunId),
    responses(
        (status = 200, body = String, content_type = "text/plain"),
        (status = 404, body = ErrorBody), Refused
    )
)]
pub async fn download(
    State(server): State<AppState>,
    Caller(principal): Caller,
    Path(id): Path<Uuid>,
) -> ApiResult<Response> {
    found(&server, &principal, id).await?;
    let visible = principal.visible();
    // Page by page, as fast as it is taken: what a run has written need not fit into memory.
    let parts = try_unfold(Some(i64::MIN), move |after| {
        let (server, visible) = (server.clone(), visible.clone());
        async move {
            let Some(after) = after else { return Ok(None) };
            let lines = part(&server, &visible, id, after).await?;
            let next = lines.last().map(|line| line.seq).filter(|_| lines.len() == MOST as usize);
            Ok::<_, cascade_store::StoreError>(Some((Bytes::from(text(&lines)), next)))
        }
    });
    let mut response = Body::from_stream(parts).into_response();
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, kind);
    let name = format!("attachment; filename=\"run-{id}.log\"");
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

async fn part(
    server: &AppState,
    visible: &Visible,
    id: Uuid,
    after: i64,
) -> cascade_store::Result<Vec<RunLogRow>> {
    let page = LogPage { place: LogPlace::After(after), limit: MOST, ..LogPage::default() };
    server.store.log_page(visible, id, &page).await
}

/// A line break within a message is written as `\n`: a line is a line.
fn text(lines: &[RunLogRow]) -> String {
    let mut text = String::new();
    for line in lines {
        let message = line.message.replace('\r', "\\r").replace('\n', "\\n");
        write!(text, "{} {:<5} {message}", rfc3339(line.at), line.level).ok();
        if let Some(fields) = &line.fields {
            write!(text, " {fields}").ok();
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_line_of_the_file_is_a_line_of_the_log() {
        let line = |message: &str, fields| RunLogRow {
            seq: 1,
            at: DateTime::UNIX_EPOCH,
            level: "warn".into(),
            message: message.into(),
            fields,
        };
        let lines = [line("a\nb", None), line("c", Some(json!({"n": 1})))];
        let expected = "1970-01-01T00:00:00.000Z warn  a\\nb\n\
                        1970-01-01T00:00:00.000Z warn  c {\"n\":1}\n";
        assert_eq!(text(&lines), expected);
    }
}
