//! How many runs of each state were queued when: what stands above the list of runs.

use std::collections::BTreeMap;

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    AppState,
    api::{
        conditions::{Where, WhereQuery},
        runs::{RunQuery, filter_of},
        tags::{TagQuery, Tags},
        times,
    },
    error::{ApiResult, ErrorBody, Refused},
    middleware::{
        auth::Caller,
        extract::{Json, Query},
    },
};
use cascade_model::RunState;
use cascade_store::{Queries, RunHistogram};

/// The most runs that are counted, the newest of them: what bounds the cost of an answer.
const MOST_COUNTED: u32 = 50_000;

/// The filters of `GET /api/jobs/runs`; a test holds them to those.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct HistogramQuery {
    /// Only this project.
    project_id: Option<Uuid>,
    /// Only these job types, with commas between.
    job_type: Option<String>,
    /// Only these states, with commas between.
    #[param(
        pattern = "^((scheduled|available|running|retryable|completed|failed|cancelled)(,|$))*$"
    )]
    state: Option<String>,
    /// Only what a `timer`, a person (`manual`) or a `cascade` caused.
    #[param(pattern = "^(timer|manual|cascade)?$")]
    trigger: Option<String>,
    /// Only what was asked for with this key.
    #[param(max_length = 256)]
    key: Option<String>,
    /// Queued at this time or later.
    #[serde(default, deserialize_with = "times::optional")]
    from: Option<DateTime<Utc>>,
    /// Queued before this time.
    #[serde(default, deserialize_with = "times::optional")]
    to: Option<DateTime<Utc>>,
    /// Only those with this text in error, summary or job type, or at the start of the id.
    #[param(max_length = 200)]
    text: Option<String>,
    /// Only runs of this trace.
    trace_id: Option<Uuid>,
    /// Only runs that this run caused.
    parent_id: Option<Uuid>,
}

impl From<HistogramQuery> for RunQuery {
    fn from(from: HistogramQuery) -> Self {
        Self {
            project_id: from.project_id,
            job_type: from.job_type,
            state: from.state,
            trigger: from.trigger,
            key: from.key,
            from: from.from,
            to: from.to,
            text: from.text,
            trace_id: from.trace_id,
            parent_id: from.parent_id,
            ..Self::default()
        }
    }
}

/// A step of time, with the runs that were queued in it, by the state that they are in now.
#[derive(Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct HistogramPoint {
    /// When it begins.
    at: DateTime<Utc>,
    scheduled: u32,
    available: u32,
    running: u32,
    retryable: u32,
    completed: u32,
    failed: u32,
    cancelled: u32,
}

impl HistogramPoint {
    fn add(&mut self, state: RunState, runs: u32) {
        let of_state = match state {
            RunState::Scheduled => &mut self.scheduled,
            RunState::Available => &mut self.available,
            RunState::Running => &mut self.running,
            RunState::Retryable => &mut self.retryable,
            RunState::Completed => &mut self.completed,
            RunState::Failed => &mut self.failed,
            RunState::Cancelled => &mut self.cancelled,
        };
        *of_state += runs;
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Histogram {
    /// How long a step is: a minute to days, so that there are about 60 of them.
    step_seconds: u64,
    /// Runs that are counted.
    counted: u32,
    /// Whether older runs fit too, which are not counted: the newest 50,000 are.
    more: bool,
    /// Each step, the oldest first; those without a run too. None where no run fits.
    points: Vec<HistogramPoint>,
}

impl Histogram {
    /// With the steps without a run, up to `end`.
    fn filled(counted: RunHistogram, end: DateTime<Utc>) -> Self {
        let RunHistogram { step, begin, counted, more, runs } = counted;
        let step = step.max(1);
        let mut points = BTreeMap::<i64, HistogramPoint>::new();
        if !runs.is_empty() {
            let last = runs.iter().map(|(at, ..)| *at).max().unwrap_or(begin);
            let begin = begin.div_euclid(step) * step;
            // A run that was queued since `end` was read is not left out.
            for at in
                (begin..=last.max(end.timestamp() - 1)).step_by(usize::try_from(step).unwrap_or(1))
            {
                let at_time = DateTime::from_timestamp(at, 0).unwrap_or_default();
                points.insert(at, HistogramPoint { at: at_time, ..HistogramPoint::default() });
            }
        }
        for (at, state, runs) in runs {
            if let Some(point) = points.get_mut(&at) {
                point.add(state, runs);
            }
        }
        let points = points.into_values().collect();
        Self { step_seconds: step.unsigned_abs(), counted, more, points }
    }
}

/// Runs that fit all filters by state, over the time at which they were queued: the newest 50,000 of them.
#[utoipa::path(
    get, path = "/jobs/runs/histogram", params(HistogramQuery, WhereQuery, TagQuery),
    responses(
        (status = 200, body = Histogram),
        (status = 404, description = "There is no run `parent_id`.", body = ErrorBody), Refused
    )
)]
pub async fn histogram(
    State(server): State<AppState>,
    Caller(principal): Caller,
    Query(query): Query<HistogramQuery>,
    Where(texts): Where,
    Tags(tags): Tags,
) -> ApiResult<Json<Histogram>> {
    let filter = filter_of(&server, &principal, query.into(), (&texts, tags)).await?;
    let now = server.store.now().await?;
    let end = filter.to.map_or(now, |to| to.min(now));
    let counted = server.store.run_histogram(&filter, now, MOST_COUNTED).await?;
    Ok(Json(Histogram::filled(counted, end)))
}

#[cfg(test)]
mod tests {
    use utoipa::openapi::path::ParameterIn;

    use super::*;

    #[test]
    fn it_has_the_filters_of_the_list_of_runs() {
        let names = |parameters: Vec<utoipa::openapi::path::Parameter>| -> Vec<String> {
            parameters.into_iter().map(|parameter| parameter.name).collect()
        };
        let mut of_list = names(RunQuery::into_params(|| Some(ParameterIn::Query)));
        of_list.retain(|name| !["sort", "page", "per_page"].contains(&name.as_str()));
        assert_eq!(names(HistogramQuery::into_params(|| Some(ParameterIn::Query))), of_list);
    }

    #[test]
    fn steps_without_a_run_are_there_too() {
        let counted = RunHistogram {
            step: 60,
            begin: 130,
            counted: 5,
            more: false,
            runs: vec![(120, RunState::Failed, 2), (240, RunState::Completed, 3)],
        };
        let end = DateTime::from_timestamp(310, 0).unwrap();
        let filled = Histogram::filled(counted, end);
        let seconds: Vec<_> = filled.points.iter().map(|point| point.at.timestamp()).collect();
        assert_eq!(seconds, [120, 180, 240, 300]);
        assert_eq!((filled.points[0].failed, filled.points[2].completed), (2, 3));
        assert_eq!(Histogram::filled(RunHistogram::default(), end).points, []);
    }
}
