//! The queue of a job in a project.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::response;
use crate::{
    AppState,
    api::{jobs::JobName, why::Reason},
    error::{ApiError, ApiResult, ErrorBody, Refused},
    middleware::{
        auth::Caller,
        extract::{Json, Path, Query},
    },
};
use cascade_model::{JobQueue, QueuePart, Run};
use cascade_store::Queries;

/// The most runs that each part is shown with.
const MOST: u32 = 100;
/// As many if nothing is said.
const USUAL: u32 = 10;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct QueueQuery {
    /// The project: each has its own order.
    project_id: Uuid,
    /// The most runs of each part: 1 to 100, 10 if not given.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
}

/// How runs stand in a queue.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum QueuePartName {
    /// Under way.
    Running,
    /// May start as soon as there is room, the highest priority first.
    Waiting,
    /// Waits for the time that it was asked for, or at which the rate of its key lets it begin.
    Scheduled,
    /// Waits behind others of its key.
    Behind,
    /// An attempt failed; waits for the next.
    Retryable,
}

impl From<QueuePart> for QueuePartName {
    fn from(part: QueuePart) -> Self {
        match part {
            QueuePart::Running => Self::Running,
            QueuePart::Waiting => Self::Waiting,
            QueuePart::Scheduled => Self::Scheduled,
            QueuePart::Behind => Self::Behind,
            QueuePart::Retryable => Self::Retryable,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct QueueGroup {
    part: QueuePartName,
    /// Runs in it.
    count: u64,
    /// The first of them, in the order in which they are taken.
    items: Vec<response::Run>,
}

#[derive(Serialize, ToSchema)]
pub struct Queue {
    /// Running, waiting, scheduled, behind, retryable.
    parts: Vec<QueueGroup>,
    /// What keeps all that wait from starting, such as a limit or a pause; empty where nothing does.
    closed_by: Vec<Reason>,
    /// Where keys have rates: when the next run may begin of the first ten keys of which a run waits for that. Where several
    /// runs of a key go at a time: how many do of the first ten keys that others wait behind.
    full_keys: Vec<Reason>,
}

/// The unfinished runs of a job in a project: how many run, wait, wait for a time, wait behind another of their
/// key and wait for their next attempt, the first of each, and what keeps those that wait from starting.
#[utoipa::path(
    get, path = "/jobs/{job_type}/queue", params(JobName, QueueQuery),
    responses((status = 200, body = Queue), (status = 404, body = ErrorBody), Refused)
)]
pub async fn queue(
    State(server): State<AppState>,
    Caller(principal): Caller,
    Path(job_type): Path<String>,
    Query(query): Query<QueueQuery>,
) -> ApiResult<Json<Queue>> {
    let limit = query.limit.unwrap_or(USUAL);
    if !(1..=MOST).contains(&limit) {
        return Err(ApiError::bad_request(format!("query: `limit` must be from 1 to {MOST}")));
    }
    server.scope(&principal, Some(query.project_id))?;
    let queue = server.store.job_queue(&job_type, query.project_id, limit).await?;
    let of = |parts: &[QueuePart]| -> Vec<&Run> {
        let of_parts = queue.iter().filter(|group| parts.contains(&group.part));
        of_parts.flat_map(|group| &group.runs).collect()
    };
    let later = of(&[QueuePart::Scheduled, QueuePart::Retryable]);
    let mut full_keys = server.engine.why_held(&later).await?;
    full_keys.extend(server.engine.why_behind(&of(&[QueuePart::Behind])).await?);
    let full_keys = full_keys.into_iter().map(Reason::from).collect();
    let state = server.config.state();
    let part = |JobQueue { part, count, runs }: JobQueue| {
        let shown = |run: Run| response::Run::shown(run.in_list(), &state);
        QueueGroup { part: part.into(), count, items: runs.into_iter().map(shown).collect() }
    };
    let parts: Vec<_> = queue.into_iter().map(part).collect();
    let waiting = |group: &QueueGroup| matches!(group.part, QueuePartName::Waiting);
    let mut closed_by = Vec::new();
    if parts.iter().any(|group| waiting(group) && group.count > 0) {
        let config = server.config.state();
        let reasons = server.engine.why_waits(&config, &job_type, query.project_id).await?;
        closed_by.extend(reasons.into_iter().map(Reason::from));
    }
    Ok(Json(Queue { parts, closed_by, full_keys }))
}
