//! Cancels a whole cascade: what it touches, and the action, which goes on in the background.

use std::{sync::Arc, time::Duration};

use axum::{extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::time::{Instant, sleep};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::response;
use crate::{
    AppState,
    api::{
        audit::audited,
        many_runs::{MatchProgress, Work},
        matching::{RunAction, without_null},
        reason::check_reason,
    },
    error::{ApiError, ApiResult, BodyRefused, ErrorBody, Refused},
    middleware::{
        auth::{Caller, Peer},
        extract::{Json, Path},
    },
};
use cascade_access::{Principal, Role};
use cascade_engine::CancelTrace;
use cascade_store::{Queries, StoreError};

/// How long runs have to end that were asked to: a worker that was lost is given up before.
const PATIENCE: Duration = Duration::from_secs(600);
/// How long is waited for them before it is looked again.
const PAUSE: Duration = Duration::from_millis(200);

/// Describes `{id}`.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "only describes the API")]
pub struct TraceId {
    /// The trace.
    id: Uuid,
}

/// What a cancel of the cascade would touch.
#[derive(Serialize, ToSchema)]
pub struct CancelPreview {
    trace_id: Uuid,
    project_id: Uuid,
    /// Runs that wait: they would be cancelled at once.
    waiting: u64,
    /// Runs under way: they would be asked to stop.
    running: u64,
    /// Jobs that runs of the trace have triggered and whose runs are not made yet: they would not be made for it.
    pending: Vec<String>,
    /// All runs of the trace.
    states: response::StateCounts,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelCascade {
    /// Why, for the audit log.
    #[serde(default)]
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// The project of a trace in which they have a role.
async fn project_of(
    server: &AppState,
    principal: &Principal,
    trace: Uuid,
    role: Role,
) -> ApiResult<Uuid> {
    let project = server.store.project_of_trace(trace).await?;
    let project = project.filter(|project| principal.visible().includes(*project));
    let project = project.ok_or_else(|| {
        ApiError::not_found(format!("there is no trace {trace}"))
            .help("`trace_id` of a run names it")
    })?;
    server.demand(principal, project, role)?;
    Ok(project)
}

async fn touched(server: &AppState, trace: Uuid, project: Uuid) -> ApiResult<CancelPreview> {
    let states = server.store.trace_overview(trace, project, 1).await?.states;
    let pending = server.engine.pending_of_trace(trace, project).await?;
    Ok(CancelPreview {
        trace_id: trace,
        project_id: project,
        waiting: states.unfinished() - states.running,
        running: states.running,
        pending,
        states: states.into(),
    })
}

/// What a cancel of the whole cascade would touch. Nothing is cancelled.
#[utoipa::path(
    get, path = "/jobs/traces/{id}/cancel/preview", params(TraceId),
    responses((status = 200, body = CancelPreview), (status = 404, body = ErrorBody), Refused)
)]
pub async fn preview(
    State(server): State<AppState>,
    Caller(principal): Caller,
    Path(trace): Path<Uuid>,
) -> ApiResult<Json<CancelPreview>> {
    let project = project_of(&server, &principal, trace, Role::Viewer).await?;
    touched(&server, trace, project).await.map(Json)
}

/// Cancels the whole cascade, in the background: runs that wait at once, those under way are asked to stop, and what
/// they have triggered is not made for them. It goes on until nothing of the trace is unfinished:
/// `GET /api/jobs/runs/matching/{id}` tells how far it is. What is left when the server stops is not done.
#[utoipa::path(
    post, path = "/jobs/traces/{id}/cancel", params(TraceId), request_body = CancelCascade,
    responses(
        (status = 202, body = MatchProgress), (status = 404, body = ErrorBody),
        (status = 409, description = "Nothing of it is unfinished.", body = ErrorBody),
        Refused, BodyRefused
    )
)]
pub async fn cancel(
    State(server): State<AppState>,
    Caller(principal): Caller,
    peer: Peer,
    Path(trace): Path<Uuid>,
    Json(CancelCascade { reason }): Json<CancelCascade>,
) -> ApiResult<(StatusCode, Json<MatchProgress>)> {
    check_reason(reason.as_deref())?;
    let project = project_of(&server, &principal, trace, Role::Editor).await?;
    let found = touched(&server, trace, project).await?;
    let runs = found.waiting + found.running;
    if runs == 0 && found.pending.is_empty() {
        return Err(ApiError::conflict("nothing of this trace is unfinished"));
    }
    let detail = json!({ "runs": runs, "pending": found.pending, "reason": reason });
    let target = trace.to_string();
    let detail = without_null(detail);
    let entry = audited(&principal, "trace.cancel", &target, Some(project), detail, peer);
    server.accounts.audit(entry).await?;
    let total = u32::try_from(runs).unwrap_or(u32::MAX);
    let work = Arc::new(Work::new(&principal.name, RunAction::Cancel, total));
    server.matching.add(work.clone());
    let answer = work.progress();
    tokio::spawn(perform(server, CancelTrace::new(trace, project), trace, work));
    Ok((StatusCode::ACCEPTED, Json(answer)))
}

/// Until nothing is left, nor can come.
async fn perform(server: AppState, mut of: CancelTrace, trace: Uuid, work: Arc<Work>) {
    let began = Instant::now();
    loop {
        match server.engine.cancel_trace(&mut of).await {
            Ok(part) => {
                work.did(part.cancelled.len() + part.asked.len());
                for run in &part.asked {
                    server.wake.cancel(*run).await;
                }
                if part.over {
                    break;
                }
            }
            Err(error) => {
                work.note(trace, Err(error));
                break;
            }
        }
        if server.stop.is_cancelled() {
            break;
        }
        if began.elapsed() > PATIENCE {
            let why = StoreError::WrongState("a run has not ended within ten minutes");
            work.note(trace, Err(why));
            break;
        }
        sleep(PAUSE).await;
    }
    server.wake.wake_all().await;
    work.finish();
}
