//! How jobs stand over all projects: one row a job, however many projects there are.

use std::{cmp::Reverse, collections::HashMap, str::FromStr};

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::response;
use crate::{
    AppState,
    api::{
        paging::paging,
        runs::{LONGEST_TEXT, list, one},
    },
    error::{ApiError, ApiResult, Refused},
    middleware::{
        auth::Caller,
        extract::{Json, Query},
    },
};
use cascade_config::ConfigState;
use cascade_model::{JobCounts, LastEnd, Registry, recent_states, revision};
use cascade_store::Queries;

/// How many runs a trend is made of.
const TREND: usize = 20;
/// The most characters of a description.
const LONGEST_DESCRIPTION: usize = 160;

/// What a job does over all projects; the worst of what holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum JobStand {
    /// In some project its latest ended run failed.
    Failing,
    /// A run is worked on.
    Running,
    /// A run waits for a worker.
    Waiting,
    /// Nothing of that.
    Idle,
    /// It is paused in each project for which jobs.toml enables it.
    Paused,
    /// jobs.toml disables it.
    Disabled,
}

impl JobStand {
    const ALL: [(&'static str, Self); 6] = [
        ("failing", Self::Failing),
        ("running", Self::Running),
        ("waiting", Self::Waiting),
        ("idle", Self::Idle),
        ("paused", Self::Paused),
        ("disabled", Self::Disabled),
    ];

    fn of(job: &JobCounts) -> Self {
        let enabled = job.schedules - job.disabled;
        match job {
            _ if enabled == 0 => Self::Disabled,
            JobCounts { failing: 1.., .. } => Self::Failing,
            JobCounts { running: 1.., .. } => Self::Running,
            JobCounts { waiting: 1.., .. } => Self::Waiting,
            _ if job.paused == enabled => Self::Paused,
            _ => Self::Idle,
        }
    }

    /// Whether some schedule of the job stands so, whatever else holds.
    fn holds(self, job: &JobCounts) -> bool {
        match self {
            Self::Failing => job.failing > 0,
            Self::Running => job.running > 0,
            Self::Waiting => job.waiting > 0,
            Self::Paused => job.paused > 0,
            Self::Disabled => job.disabled > 0,
            Self::Idle => Self::of(job) == self,
        }
    }
}

impl FromStr for JobStand {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|(name, _)| *name == text);
        found.map(|(_, stand)| *stand).ok_or_else(|| {
            let known = Self::ALL.map(|(name, _)| name).join(", ");
            format!("no job is `{text}`; there is: {known}")
        })
    }
}

/// By what jobs are sorted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum JobSort {
    Name,
    State,
    Plugin,
    Next,
    Last,
}

impl FromStr for JobSort {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text {
            "name" => Self::Name,
            "state" => Self::State,
            "plugin" => Self::Plugin,
            "next_run" => Self::Next,
            "last_end" => Self::Last,
            other => {
                return Err(format!(
                    "cannot sort by `{other}`; there is: name, state, plugin, next_run, last_end"
                ));
            }
        })
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SummaryQuery {
    /// Only this project.
    project_id: Option<Uuid>,
    /// Only jobs with this in name, description or plugin.
    #[param(max_length = 200)]
    q: Option<String>,
    /// Only jobs of which some schedule stands so; several with commas between.
    #[param(pattern = "^((failing|running|waiting|idle|paused|disabled)(,|$))*$")]
    state: Option<String>,
    /// `name` (if not given), `state` (the worst first), `plugin`, `next_run` (the soonest first) or
    /// `last_end` (the latest first).
    #[param(pattern = "^(name|state|plugin|next_run|last_end)?$")]
    sort: Option<String>,
    /// From 1.
    #[param(minimum = 1, maximum = 1_000_000)]
    page: Option<u32>,
    /// At most 200; 50 if not given.
    #[param(minimum = 1, maximum = 200)]
    per_page: Option<u32>,
}

/// How the latest ended run of a job ended.
#[derive(Serialize, ToSchema)]
pub struct JobLastEnd {
    run_id: Uuid,
    project_id: Uuid,
    state: response::RunState,
    finished_at: DateTime<Utc>,
}

/// A job over all projects.
#[derive(Serialize, ToSchema)]
pub struct JobSummary {
    job_type: String,
    /// The plugin that brings it; null if it is not loaded.
    plugin: Option<String>,
    /// Its beginning.
    description: String,
    /// The worst of what holds.
    state: JobStand,
    /// Projects in which it is scheduled.
    schedules: u64,
    /// Runs that are worked on.
    running: u64,
    /// Runs that wait for a worker.
    waiting: u64,
    /// Projects in which its latest ended run failed.
    failing: u64,
    /// Projects for which it is enabled and paused.
    paused: u64,
    /// When the first of its pauses is over that has an end.
    resumes_at: Option<DateTime<Utc>>,
    /// Projects for which jobs.toml disables it.
    disabled: u64,
    /// When the first of its schedules is due that is active.
    next_run_at: Option<DateTime<Utc>>,
    /// Its latest ended run.
    last: Option<JobLastEnd>,
    /// How runs ended, at most 20, oldest first: the latest of each project, or those of its only one.
    trend: Vec<response::RunState>,
}

/// Jobs that fit the search, by how they stand; a job counts in each that it fits.
#[derive(Default, Serialize, ToSchema)]
pub struct JobTotals {
    failing: u64,
    running: u64,
    waiting: u64,
    idle: u64,
    paused: u64,
    disabled: u64,
}

#[derive(Serialize, ToSchema)]
pub struct JobSummaries {
    items: Vec<JobSummary>,
    /// Jobs that fit.
    total: usize,
    page: u32,
    per_page: u32,
    /// Schedules there are, whatever was asked for.
    schedules: u64,
    /// Jobs that fit whatever `state` asks for.
    states: JobTotals,
}

/// How jobs stand: one row a job, over the projects that one may see. `ETag` and `If-None-Match` spare those
/// who ask again what has not changed.
#[utoipa::path(
    get, path = "/jobs/summary", params(SummaryQuery),
    responses(
        (status = 200, body = JobSummaries),
        (status = 304, description = "Nothing has changed since `If-None-Match`."),
        Refused
    )
)]
pub async fn summary(
    State(server): State<AppState>,
    Caller(principal): Caller,
    headers: HeaderMap,
    Query(query): Query<SummaryQuery>,
) -> ApiResult<Response> {
    let (page, per_page) = paging(query.page, query.per_page)?;
    let wanted = query.q.unwrap_or_default().trim().to_lowercase();
    if wanted.chars().count() > LONGEST_TEXT {
        let message = format!("query: `q` is longer than {LONGEST_TEXT} characters");
        return Err(ApiError::bad_request(message).help("look for a part of it"));
    }
    let states = list::<JobStand>("state", query.state)?;
    let sort = one("sort", query.sort)?.unwrap_or(JobSort::Name);
    let visible = server.scope(&principal, query.project_id)?;
    let ConfigState { registry, .. } = server.config.state();
    let mut jobs = server.store.job_counts(&visible).await?;
    let schedules = jobs.iter().map(|job| job.schedules).sum();
    jobs.retain(|job| wanted.is_empty() || has(&registry, job, &wanted));
    let totals = totals(&jobs);
    jobs.retain(|job| states.is_empty() || states.iter().any(|state| state.holds(job)));
    in_order(&mut jobs, &registry, sort);
    let total = jobs.len();
    let first = (page as usize - 1).saturating_mul(per_page as usize);
    let shown: Vec<_> = jobs.into_iter().skip(first).take(per_page as usize).collect();
    let names = shown.iter().map(|job| job.job_type.clone()).collect();
    let mut ends: HashMap<String, Vec<LastEnd>> = HashMap::new();
    for end in server.store.last_ends(&visible, names).await? {
        ends.entry(end.job_type.clone()).or_default().push(end);
    }
    let row = |job: JobCounts| {
        let ends = ends.remove(&job.job_type).unwrap_or_default();
        row(&registry, job, &ends)
    };
    let items = shown.into_iter().map(row).collect();
    let answer = JobSummaries { items, total, page, per_page, schedules, states: totals };
    Ok(unless_known(&headers, &answer))
}

fn plugin<'a>(registry: &'a Registry, job: &JobCounts) -> Option<(&'a str, &'a str)> {
    let found = registry.job(&job.job_type)?.descriptor();
    Some((&found.origin.plugin, &found.description))
}

fn has(registry: &Registry, job: &JobCounts, wanted: &str) -> bool {
    let (plugin, description) = plugin(registry, job).unwrap_or_default();
    [&job.job_type, plugin, description].iter().any(|text| text.to_lowercase().contains(wanted))
}

fn totals(jobs: &[JobCounts]) -> JobTotals {
    let count = |state: JobStand| jobs.iter().filter(|job| state.holds(job)).count() as u64;
    JobTotals {
        failing: count(JobStand::Failing),
        running: count(JobStand::Running),
        waiting: count(JobStand::Waiting),
        idle: count(JobStand::Idle),
        paused: count(JobStand::Paused),
        disabled: count(JobStand::Disabled),
    }
}

/// They come by name, and a sort keeps that among equals.
fn in_order(jobs: &mut [JobCounts], registry: &Registry, sort: JobSort) {
    match sort {
        JobSort::Name => {}
        JobSort::State => jobs.sort_by_key(JobStand::of),
        JobSort::Plugin => jobs.sort_by_cached_key(|job| {
            // Jobs without a plugin come last.
            let plugin = plugin(registry, job).map(|(name, _)| name.to_owned());
            (plugin.is_none(), plugin)
        }),
        JobSort::Next => {
            jobs.sort_by_key(|job| (job.next_run_at.is_none(), job.next_run_at));
        }
        JobSort::Last => jobs.sort_by_key(|job| Reverse(job.last_end)),
    }
}

/// `ends` are of all projects, the latest first.
fn row(registry: &Registry, job: JobCounts, ends: &[LastEnd]) -> JobSummary {
    let found = plugin(registry, &job);
    let mut trend: Vec<response::RunState> = match ends {
        [only] => recent_states(&only.recent).map(Into::into).collect(),
        many => many.iter().take(TREND).rev().map(|end| end.state.into()).collect(),
    };
    trend.drain(..trend.len().saturating_sub(TREND));
    JobSummary {
        plugin: found.map(|(plugin, _)| plugin.to_owned()),
        description: shortened(found.map(|(_, description)| description).unwrap_or_default()),
        state: JobStand::of(&job),
        schedules: job.schedules,
        running: job.running,
        waiting: job.waiting,
        failing: job.failing,
        paused: job.paused,
        resumes_at: job.resumes_at,
        disabled: job.disabled,
        next_run_at: job.next_run_at,
        last: ends.first().map(|end| JobLastEnd {
            run_id: end.run_id,
            project_id: end.project_id,
            state: end.state.into(),
            finished_at: end.finished_at,
        }),
        trend,
        job_type: job.job_type,
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST_DESCRIPTION) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
    }
}

/// The answer with its tag, or 304 for who has it. The tag is weak: an answer may be compressed.
fn unless_known(headers: &HeaderMap, answer: &JobSummaries) -> Response {
    let text = serde_json::to_string(answer).unwrap_or_default();
    let tag = format!("W/\"{}\"", revision(&text));
    let known =
        headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let known = known.flat_map(|value| value.split(',')).any(|one| one.trim() == tag);
    let mut response = match known {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => Json(answer).into_response(),
    };
    let to = response.headers_mut();
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        to.insert(header::ETAG, tag);
    }
    // A browser may keep it, and asks each time whether it still holds.
    to.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    to.insert(header::VARY, HeaderValue::from_static("cookie, authorization"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(schedules: u64) -> JobCounts {
        JobCounts {
            job_type: "job".into(),
            schedules,
            disabled: 0,
            paused: 0,
            resumes_at: None,
            waiting: 0,
            running: 0,
            failing: 0,
            next_run_at: None,
            last_end: None,
        }
    }

    #[test]
    fn a_job_stands_as_the_worst_of_its_schedules_does() {
        let stand = |change: fn(&mut JobCounts)| {
            let mut job = counts(3);
            change(&mut job);
            JobStand::of(&job)
        };
        assert_eq!(stand(|_| ()), JobStand::Idle);
        assert_eq!(stand(|job| (job.failing, job.running) = (1, 2)), JobStand::Failing);
        assert_eq!(stand(|job| (job.running, job.waiting) = (1, 2)), JobStand::Running);
        assert_eq!(stand(|job| (job.waiting, job.paused) = (1, 2)), JobStand::Waiting);
        assert_eq!(stand(|job| job.paused = 2), JobStand::Idle, "one goes on");
        assert_eq!(stand(|job| (job.paused, job.disabled) = (2, 1)), JobStand::Paused);
        assert_eq!(stand(|job| (job.failing, job.disabled) = (1, 3)), JobStand::Disabled);
    }

    #[test]
    fn a_trend_is_of_projects_or_of_the_runs_of_the_only_one() {
        let end = |state, recent: &str| LastEnd {
            job_type: "job".into(),
            project_id: Uuid::nil(),
            run_id: Uuid::nil(),
            state,
            finished_at: DateTime::UNIX_EPOCH,
            recent: recent.into(),
        };
        let registry = Registry::default();
        let states = |ends: &[LastEnd]| {
            let row = serde_json::to_value(row(&registry, counts(2), ends)).unwrap();
            row["trend"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| one.as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        use cascade_model::RunState::{Completed, Failed};
        assert_eq!(states(&[end(Failed, "sf")]), ["completed", "failed"]);
        assert_eq!(states(&[end(Failed, "sf"), end(Completed, "fs")]), ["completed", "failed"]);
        assert_eq!(states(&vec![end(Failed, "f"); 50]).len(), TREND);
    }

    #[test]
    fn a_long_description_is_cut_between_characters() {
        assert_eq!(shortened("short"), "short");
        let cut = shortened(&"ж".repeat(500));
        assert_eq!((cut.chars().count(), cut.ends_with('…')), (LONGEST_DESCRIPTION + 1, true));
    }
}
