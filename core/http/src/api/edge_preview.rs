//! What an edge would do with the latest real output of its job.

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    AppState,
    api::{jobs::known_job, response::Told},
    error::{ApiError, ApiResult, BodyRefused, ErrorBody, Refused},
    middleware::{auth::Administrator, extract::Json},
};
use cascade_config::{Edge, EdgeArg, masked};
use cascade_model::{On, Run, RunState};
use cascade_store::{Queries, RunFilter};

/// How many of the latest ended runs are looked through for one with an output.
const LATEST: u32 = 20;
/// How many of the runs that the edge would make are shown.
const SHOWN: usize = 20;
/// The expression of a secret that was shown as `***`.
const MASK: &str = "'***'";

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewRequest {
    /// The job whose end the edge follows.
    job: String,
    /// The edge, as jobs.toml has it.
    edge: Map<String, Value>,
}

#[derive(Serialize, ToSchema)]
pub struct PreviewAnswer {
    /// The run whose output was taken; null if none has one, and then nothing else is said.
    run_id: Option<Uuid>,
    /// When it ended.
    ended_at: Option<DateTime<Utc>>,
    /// Its project's short name.
    project: Option<String>,
    /// Whether the edge would be taken.
    taken: bool,
    /// Why it would not.
    reason: Option<String>,
    /// The same for programs.
    told: Option<Told>,
    /// How many runs it would make, or 1 where it would make its job due.
    count: usize,
    /// The first of them.
    runs: Vec<PreviewedRun>,
}

#[derive(Serialize, ToSchema)]
pub struct PreviewedRun {
    /// Empty for the key of the schedule.
    key: Option<String>,
    #[schema(value_type = Object)]
    args: Value,
}

/// What an edge would lead to after the latest run of its job that has an output, or the latest that failed for an
/// edge that is taken after failures. Secrets are masked before, so that none is shown through an expression.
/// Nothing is started.
#[utoipa::path(
    post, path = "/edges/preview", request_body = PreviewRequest,
    responses(
        (status = 200, body = PreviewAnswer), (status = 404, body = ErrorBody),
        (status = 409, description = "Its plugin is not loaded.", body = ErrorBody), Refused, BodyRefused
    )
)]
pub async fn preview(
    State(server): State<AppState>,
    Administrator(principal): Administrator,
    Json(PreviewRequest { job, edge }): Json<PreviewRequest>,
) -> ApiResult<Json<PreviewAnswer>> {
    known_job(&server, &job)?;
    let config = server.config.state();
    let shown = masks_as_texts(edge);
    let read = Edge::read(&job, &Value::Object(shown), &config.registry);
    let (mut edge, _) = read.map_err(|faults| {
        let said = faults.into_iter().map(|(key, said)| match key.as_str() {
            "" => said,
            key => format!("{key}: {said}"),
        });
        ApiError::bad_request(format!("`edge`: {}", said.collect::<Vec<_>>().join("; ")))
    })?;
    give_secrets(&mut edge, config.config.edges(&job));
    let after = if edge.on == On::Failure { RunState::Failed } else { RunState::Completed };
    let filter = RunFilter {
        visible: principal.visible(),
        job_types: vec![job.clone()],
        states: vec![after],
        per_page: LATEST,
        ..RunFilter::default()
    };
    let runs = server.store.runs(&filter).await?.items;
    let ids: Vec<_> = runs.iter().map(|run| run.id).collect();
    let outputs = server.store.outputs(&ids).await?;
    let with_output = |run: &Run| match after {
        RunState::Failed => Some((run.clone(), None)),
        _ => Some((run.clone(), Some(serde_json::from_str(outputs.get(&run.id)?).ok()?))),
    };
    let Some((run, output)) = runs.iter().find_map(with_output) else {
        return Ok(Json(PreviewAnswer::without_run()));
    };
    let masks = config.registry.job(&job).map(|job| job.descriptor().clone());
    let mask = |value: Value, of_output: bool| match &masks {
        Some(job) => masked(if of_output { &job.output_schema } else { &job.args_schema }, &value),
        None => cascade_config::all_masked(&value),
    };
    let asked = run.request.as_ref().map(|request| request.args.clone());
    let settings = config.config.jobs.get(&job).map(|settings| settings.args.clone());
    let args = mask(asked.or(settings).unwrap_or_default(), false);
    let output: Option<Value> = output.map(|output| mask(output, true));
    let (ended, of) = ((run.id, run.finished_at, run.project_slug.clone()), edge.job.clone());
    let evaluated = tokio::task::spawn_blocking(move || {
        cascade_engine::preview(&config, &edge, &run, args, output.as_ref())
    });
    let follow = evaluated.await.map_err(|error| ApiError::internal(&error))?;
    let decision = follow.decisions.into_iter().next();
    let taken = decision.as_ref().is_some_and(|decision| decision.taken);
    let made = decision.as_ref().and_then(|decision| decision.runs);
    let downstream = server.config.registry().job(&of).map(|job| job.descriptor().clone());
    let shown = follow.runs.into_iter().take(SHOWN).map(|run| PreviewedRun {
        key: run.request.key,
        args: match &downstream {
            Some(job) => masked(&job.args_schema, &run.request.args),
            None => cascade_config::all_masked(&run.request.args),
        },
    });
    let reason = decision.and_then(|decision| decision.reason);
    Ok(Json(PreviewAnswer {
        run_id: Some(ended.0),
        ended_at: ended.1,
        project: Some(ended.2),
        taken,
        told: reason.as_ref().map(Told::from),
        reason: reason.map(|reason| reason.text),
        count: made.map_or(usize::from(taken), |runs| runs as usize),
        runs: shown.collect(),
    }))
}

/// An edge with each arg that is shown as `***` as a text, which the mask alone is not: it is no expression.
fn masks_as_texts(mut edge: Map<String, Value>) -> Map<String, Value> {
    let args = edge.get_mut("args").and_then(Value::as_object_mut);
    for arg in args.into_iter().flat_map(|args| args.values_mut()).filter(|arg| **arg == "***") {
        *arg = MASK.into();
    }
    edge
}

/// Args that are shown as `***` are those of the edge in force to the same job.
fn give_secrets(edge: &mut Edge, in_force: &[Edge]) {
    let is_mask = |arg: &EdgeArg| matches!(arg, EdgeArg::Expression(it) if it.source() == MASK);
    for (name, arg) in edge.args.iter_mut().flatten().filter(|(_, arg)| is_mask(arg)) {
        let mut same = in_force.iter().filter(|other| other.job == edge.job);
        if let Some(kept) = same.find_map(|other| other.args.as_ref()?.get(name)) {
            *arg = kept.clone();
        }
    }
}

impl PreviewAnswer {
    fn without_run() -> Self {
        Self {
            run_id: None,
            ended_at: None,
            project: None,
            taken: false,
            reason: None,
            told: None,
            count: 0,
            runs: Vec::new(),
        }
    }
}
