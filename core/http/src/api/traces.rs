//! Traces: all that one trigger caused, in groups where it is much.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    response,
    trace_joins::{self, TraceJoin},
};
use crate::{
    AppState,
    api::runs::{RunId, found, list},
    error::{ApiError, ApiResult, ErrorBody, Refused},
    middleware::{
        auth::Caller,
        extract::{Json, Path, Query},
    },
};
use cascade_access::Principal;
use cascade_model::{CascadeTree, Run, RunState, Visible};
use cascade_store::{Queries, RunFilter};

/// The most runs that a cascade is shown with, beside its groups.
const MOST_IN_CASCADE: u32 = 500;
/// The most runs that are looked at from a run towards the first of its cascade.
const MOST_ABOVE: usize = 50;
/// The most runs of a page of children.
const MOST_CHILDREN: u32 = 200;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CascadeQuery {
    /// With `true`, 20 runs or more of one job that one run caused are one group, and not among `items`.
    grouped: Option<bool>,
}

#[derive(Serialize, ToSchema)]
pub struct CascadeOfRun {
    #[serde(flatten)]
    tree: response::CascadeTree,
    /// The joins that bring runs of it together.
    joins: Vec<TraceJoin>,
}

/// All runs that the trigger which caused this run caused, the first of them first: a tree.
#[utoipa::path(
    get, path = "/jobs/runs/{id}/cascade", params(RunId, CascadeQuery),
    responses((status = 200, body = CascadeOfRun), (status = 404, body = ErrorBody), Refused)
)]
pub async fn cascade(
    State(server): State<AppState>,
    Caller(principal): Caller,
    Path(id): Path<Uuid>,
    Query(query): Query<CascadeQuery>,
) -> ApiResult<Json<CascadeOfRun>> {
    let run = found(&server, &principal, id).await?;
    let joins = trace_joins::of(&server, &run).await?;
    if query.grouped == Some(true) {
        let tree = grouped(&server, &principal, run).await?;
        return Ok(Json(CascadeOfRun { tree, joins }));
    }
    let runs = server.store.trace(run.trace_id, run.project_id, MOST_IN_CASCADE + 1).await?;
    let runs = runs.into_iter().map(Run::in_list).collect();
    let tree = CascadeTree::of(run, runs, MOST_IN_CASCADE).into();
    Ok(Json(CascadeOfRun { tree, joins }))
}

async fn grouped(
    server: &AppState,
    principal: &Principal,
    run: Run,
) -> ApiResult<response::CascadeTree> {
    let (trace, project) = (run.trace_id, run.project_id);
    let mut overview = server.store.trace_overview(trace, project, MOST_IN_CASCADE + 1).await?;
    let singles = std::mem::take(&mut overview.singles);
    overview.singles = singles.into_iter().map(Run::in_list).collect();
    let mut near = Vec::new();
    if !overview.groups.is_empty() {
        near = above(server, &principal.visible(), &run).await?;
        let grouped: Vec<_> =
            overview.groups.iter().filter(|group| group.parent == run.id).collect();
        let children = RunFilter {
            visible: Visible::Only(vec![project]),
            trace_id: Some(trace),
            parent_id: Some(run.id),
            ..RunFilter::default()
        };
        let children = server.store.runs_in_order(&children, None, MOST_CHILDREN).await?;
        let alone = |child: &Run| grouped.iter().all(|group| group.job_type != child.job_type);
        near.extend(children.into_iter().filter(alone).map(Run::in_list));
    }
    let states = overview.states.into();
    let (tree, groups, hidden) = overview.shown(run.in_list(), near, MOST_IN_CASCADE);
    Ok(response::CascadeTree {
        groups: Some(groups.into_iter().map(Into::into).collect()),
        states: Some(states),
        hidden: Some(hidden),
        ..tree.into()
    })
}

/// What caused a run, what caused that, and so on within its trace.
async fn above(server: &AppState, visible: &Visible, run: &Run) -> ApiResult<Vec<Run>> {
    let mut found: Vec<Run> = Vec::new();
    let mut next = run.payload.parent();
    while let Some(id) = next.filter(|_| found.len() < MOST_ABOVE) {
        let Some(cause) = server.store.run(visible, id).await? else { break };
        if cause.trace_id != run.trace_id || found.iter().any(|other| other.id == id) {
            break;
        }
        next = cause.payload.parent();
        found.push(cause.in_list());
    }
    Ok(found)
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ChildrenQuery {
    /// Only this job type.
    #[param(max_length = 200)]
    job_type: Option<String>,
    /// Only these states, with commas between.
    #[param(
        pattern = "^((scheduled|available|running|retryable|completed|failed|cancelled)(,|$))*$"
    )]
    state: Option<String>,
    /// Behind this run: `next` of the page before.
    after: Option<Uuid>,
    /// At most 200; 50 if not given.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// The runs that one run caused, the first queued first, in pages.
#[utoipa::path(
    get, path = "/jobs/runs/{id}/children", params(RunId, ChildrenQuery),
    responses((status = 200, body = response::Children), (status = 404, body = ErrorBody), Refused)
)]
pub async fn children(
    State(server): State<AppState>,
    Caller(principal): Caller,
    Path(id): Path<Uuid>,
    Query(query): Query<ChildrenQuery>,
) -> ApiResult<Json<response::Children>> {
    let limit = query.limit.unwrap_or(50);
    if !(1..=MOST_CHILDREN).contains(&limit) {
        return Err(ApiError::bad_request(format!("query: `limit` is 1 to {MOST_CHILDREN}")));
    }
    let parent = found(&server, &principal, id).await?;
    let filter = RunFilter {
        visible: Visible::Only(vec![parent.project_id]),
        job_types: query.job_type.into_iter().filter(|job| !job.is_empty()).collect(),
        states: list::<RunState>("state", query.state)?,
        trace_id: Some(parent.trace_id),
        parent_id: Some(parent.id),
        ..RunFilter::default()
    };
    let mut runs = server.store.runs_in_order(&filter, query.after, limit + 1).await?;
    let more = runs.len() > limit as usize;
    runs.truncate(limit as usize);
    let next = runs.last().map(|run| run.id).filter(|_| more);
    let state = server.config.state();
    let shown = |run: Run| response::Run::shown(run.in_list(), &state);
    Ok(Json(response::Children { items: runs.into_iter().map(shown).collect(), next }))
}
