//! One action on all runs that match a filter: counted first, done in the background, one entry in the audit log.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::response;
use crate::{
    AppState,
    api::{
        audit::audited,
        conditions::{MOST_LOOKED_INTO, conditions, narrow_enough},
        many_runs::{MatchProgress, Work},
        runs::{LONGEST_TEXT, key_in, trace_of},
        tags, times,
    },
    error::{ApiError, ApiResult, BodyRefused, ErrorBody, Refused},
    middleware::{
        auth::{Caller, Peer},
        extract::{Json, Path},
    },
};
use cascade_access::{Principal, Role};
use cascade_model::{CancelRequest, RunState, Visible};
use cascade_store::{Queries, RunFilter, TriggerKind};

/// The most runs of one action.
const MOST: u32 = 10_000;
/// The most job types and states that a filter names.
const MOST_NAMED: usize = 200;

/// Where conditions stand.
const WHERE: &str = "body: `filter.where`";

/// What is done with each of the runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RunAction {
    /// One more attempt, for those that failed or were cancelled.
    Retry,
    /// The end, for those that have none.
    Cancel,
}

impl RunAction {
    fn states(self) -> &'static [RunState] {
        match self {
            Self::Retry => &[RunState::Failed, RunState::Cancelled],
            Self::Cancel => {
                &[RunState::Scheduled, RunState::Available, RunState::Running, RunState::Retryable]
            }
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Retry => "runs.retry",
            Self::Cancel => "runs.cancel",
        }
    }
}

/// What caused a run.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum MatchedTrigger {
    Timer,
    Manual,
    Cascade,
}

/// As the parameters of `GET /api/jobs/runs`; what is left out filters nothing.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MatchedRuns {
    project_id: Option<Uuid>,
    #[schema(max_items = 200)]
    job_types: Vec<String>,
    #[schema(value_type = Vec<response::RunState>, max_items = 200)]
    states: Vec<RunState>,
    trigger: Option<MatchedTrigger>,
    #[serde(deserialize_with = "times::optional")]
    from: Option<DateTime<Utc>>,
    #[serde(deserialize_with = "times::optional")]
    to: Option<DateTime<Utc>>,
    #[schema(max_length = 200)]
    text: Option<String>,
    /// Only what was asked for with this key.
    #[schema(max_length = 256)]
    key: Option<String>,
    trace_id: Option<Uuid>,
    /// Only runs that this run caused.
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_id: Option<Uuid>,
    /// Only runs whose args and output fit these: as `where` of `GET /api/jobs/runs`.
    #[serde(rename = "where")]
    #[schema(max_items = 4)]
    conditions: Vec<String>,
    /// Only runs with all of these tags, of their own or of their job.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 16)]
    tags: Vec<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MatchRequest {
    action: RunAction,
    filter: MatchedRuns,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MatchAction {
    action: RunAction,
    filter: MatchedRuns,
    /// How many runs match, as it was counted: with any other number nothing is done.
    expect: u32,
    /// Why, for the audit log.
    #[serde(default)]
    #[schema(max_length = 500)]
    reason: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct MatchCount {
    /// Runs that match and to which it can be done, up to one more than `most`.
    count: u32,
    /// The most runs of one action.
    most: u32,
}

/// What the list of runs would show, of that where one may do it, and to which it can be done.
///
/// # Errors
/// 404 for a project that is not there for the one who asks, 403 for one where they are no editor, 400 for too long
/// a text or too many names.
async fn filter(
    server: &AppState,
    principal: &Principal,
    action: RunAction,
    asked: &MatchedRuns,
) -> ApiResult<RunFilter> {
    let listed = server.scope(principal, asked.project_id)?;
    if let Some(project) = asked.project_id {
        server.demand(principal, project, Role::Editor)?;
    }
    let text = asked.text.as_deref().map(str::trim).filter(|text| !text.is_empty());
    if text.is_some_and(|text| text.chars().count() > LONGEST_TEXT) {
        let message = format!("body: `filter.text` is longer than {LONGEST_TEXT} characters");
        return Err(ApiError::bad_request(message).help("look for a part of it"));
    }
    if asked.job_types.len().max(asked.states.len()) > MOST_NAMED {
        let message = format!("body: `filter` names more than {MOST_NAMED} job types or states");
        return Err(ApiError::bad_request(message));
    }
    let visible = match (listed, principal.with_role(Role::Editor)) {
        (Visible::Only(listed), Visible::Only(editable)) => {
            Visible::Only(listed.into_iter().filter(|one| editable.contains(one)).collect())
        }
        (Visible::All, other) | (other, Visible::All) => other,
    };
    let wanted = |state: &&RunState| asked.states.is_empty() || asked.states.contains(state);
    let states: Vec<_> = action.states().iter().filter(wanted).copied().collect();
    // None of the states that are asked for can be acted on: no run matches.
    let visible = if states.is_empty() { Visible::Only(Vec::new()) } else { visible };
    let registry = server.config.registry();
    let named = asked.job_types.clone();
    let (conditions, job_types) = conditions(&registry, WHERE, &asked.conditions, named)?;
    Ok(RunFilter {
        visible,
        job_types,
        states,
        trigger: asked.trigger.map(|trigger| match trigger {
            MatchedTrigger::Timer => TriggerKind::Timer,
            MatchedTrigger::Manual => TriggerKind::Manual,
            MatchedTrigger::Cascade => TriggerKind::Cascade,
        }),
        from: asked.from,
        to: asked.to,
        text: text.map(ToOwned::to_owned),
        key: key_in("body: `filter.key`", asked.key.clone())?,
        trace_id: trace_of(server, principal, asked.trace_id, asked.parent_id).await?,
        parent_id: asked.parent_id,
        conditions,
        tags: tags::filters(
            &server.config.state().config,
            "body: `filter.tags`",
            asked.tags.clone(),
        )?,
        ..RunFilter::default()
    })
}

/// Counts the runs that match and to which an action can be done.
#[utoipa::path(
    post, path = "/jobs/runs/matching/count", request_body = MatchRequest,
    responses((status = 200, body = MatchCount), (status = 404, body = ErrorBody), Refused, BodyRefused)
)]
pub async fn count(
    State(server): State<AppState>,
    Caller(principal): Caller,
    Json(asked): Json<MatchRequest>,
) -> ApiResult<Json<MatchCount>> {
    let filter = filter(&server, &principal, asked.action, &asked.filter).await?;
    narrow_enough(&server, WHERE, &filter, MOST_LOOKED_INTO).await?;
    let found = server.store.run_ids(&filter, MOST + 1).await?;
    Ok(Json(MatchCount { count: u32::try_from(found.len()).unwrap_or(u32::MAX), most: MOST }))
}

/// Retries or cancels all runs that match, in the background: at most 10,000, and only if they are as many as
/// `expect` says.
#[utoipa::path(
    post, path = "/jobs/runs/matching", request_body = MatchAction,
    responses(
        (status = 202, body = MatchProgress), (status = 404, body = ErrorBody),
        (
            status = 409, body = ErrorBody,
            description = "Another number of runs matches, which `count` tells, or too many do."
        ),
        Refused, BodyRefused
    )
)]
pub async fn act(
    State(server): State<AppState>,
    Caller(principal): Caller,
    peer: Peer,
    Json(asked): Json<MatchAction>,
) -> ApiResult<(StatusCode, Json<MatchProgress>)> {
    let MatchAction { action, filter: matched, expect, reason } = asked;
    if reason.as_ref().is_some_and(|reason| reason.chars().count() > 500) {
        return Err(ApiError::bad_request("body: `reason` is longer than 500 characters"));
    }
    let filter = filter(&server, &principal, action, &matched).await?;
    narrow_enough(&server, WHERE, &filter, MOST_LOOKED_INTO).await?;
    let found = server.store.run_ids(&filter, MOST + 1).await?;
    let total = u32::try_from(found.len()).unwrap_or(u32::MAX);
    if total > MOST {
        let refused = ApiError::conflict(format!("more than {MOST} runs match"));
        return Err(refused.help("narrow the filter").with("count", json!(total)));
    }
    if total != expect {
        let refused = ApiError::conflict(format!("{total} runs match, not {expect}"));
        let help =
            "look at the runs again: some have come, ended or been retried since they were counted";
        return Err(refused.help(help).with("count", json!(total)));
    }
    let detail = json!({ "filter": matched, "runs": total, "reason": reason });
    let (target, project) = (format!("{total} runs"), matched.project_id);
    let entry = audited(&principal, action.name(), &target, project, without_null(detail), peer);
    server.accounts.audit(entry).await?;
    let work = Arc::new(Work::new(&principal.name, action, total));
    server.matching.add(work.clone());
    let answer = work.progress();
    let editable = principal.with_role(Role::Editor);
    tokio::spawn(perform(server, editable, work, found));
    Ok((StatusCode::ACCEPTED, Json(answer)))
}

/// What was not asked for need not be read.
pub(crate) fn without_null(mut detail: Value) -> Value {
    if let Value::Object(fields) = &mut detail {
        fields.retain(|_, value| !value.is_null());
        for value in fields.values_mut() {
            *value = without_null(value.take());
        }
    }
    detail
}

/// Each run stands by itself; what is left when the server stops is not done.
async fn perform(server: AppState, editable: Visible, work: Arc<Work>, runs: Vec<Uuid>) {
    for id in runs {
        if server.stop.is_cancelled() {
            break;
        }
        let result = match work.action() {
            RunAction::Retry => server.engine.retry(&editable, id).await,
            RunAction::Cancel => match server.engine.request_cancel(&editable, id).await {
                Ok(CancelRequest::Requested) => {
                    server.wake.cancel(id).await;
                    Ok(())
                }
                other => other.map(drop),
            },
        };
        work.note(id, result);
    }
    server.wake.wake_all().await;
    work.finish();
}

/// Describes `{id}`.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "only describes the API")]
pub struct MatchId {
    /// The action.
    id: Uuid,
}

/// How far an action has come that one has asked this server for.
#[utoipa::path(
    get, path = "/jobs/runs/matching/{id}", params(MatchId),
    responses((status = 200, body = MatchProgress), (status = 404, body = ErrorBody), Refused)
)]
pub async fn progress(
    State(server): State<AppState>,
    Caller(principal): Caller,
    Path(id): Path<Uuid>,
) -> ApiResult<Json<MatchProgress>> {
    let work = server.matching.get(id).filter(|work| work.is_of(&principal.name));
    let work = work.ok_or_else(|| {
        ApiError::not_found(format!("there is no action {id}"))
            .help("a server forgets it when it stops, and after a hundred others")
    })?;
    Ok(Json(work.progress()))
}
