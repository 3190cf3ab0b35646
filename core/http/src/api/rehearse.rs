//! What another jobs.toml would have made of the last days.

use std::time::Duration;

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::Semaphore;
use utoipa::ToSchema;

use crate::{
    AppState,
    api::{config_text::with_secrets, response::Told},
    error::{ApiError, ApiResult, BodyRefused, ErrorBody, Refused},
    middleware::{auth::Administrator, extract::Json},
};
use cascade_config::{ConfigState, LiveConfig};
use cascade_engine::rehearse::{
    self, Change, Deadline, EdgeFault, Example, Hour, JobChange, LONGEST, Load, Rehearsal,
    RehearseError,
};

/// How long one may take: less than a request may.
const MOST: Duration = Duration::from_secs(20);
/// It takes a processor for itself, and the history of days in memory: one at a time in this process.
static ONE: Semaphore = Semaphore::const_new(1);

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RehearseRequest {
    /// The candidate; `"***"` stands for a secret of the file.
    text: String,
    /// How long the span is that ends now, in seconds.
    #[schema(minimum = 1, maximum = 7_948_800)]
    last_seconds: u64,
}

#[derive(Serialize, ToSchema)]
pub struct RehearseAnswer {
    /// Where the span begins.
    from: DateTime<Utc>,
    /// Where it ends: now.
    to: DateTime<Utc>,
    /// Recorded runs that began in the span.
    recorded: u64,
    /// Those of them that the file in force makes again at the same time, with a second's grace. Where these are
    /// fewer, other files were in force in the span, or jobs were paused, or people tried runs again.
    reproduced: u64,
    /// How often a file came into force in the span.
    changes: u32,
    /// Of all jobs.
    total: RehearsedRuns,
    /// By job and project, those with most changes first; at most 500.
    jobs: Vec<RehearsedJob>,
    /// How many jobs in projects are left out of `jobs`.
    more: u64,
    /// The first changes: 20 at most, and 4 at most of one job in a project that change alike.
    examples: Vec<RehearsedExample>,
    /// The load by hour.
    hours: Vec<RehearsedHour>,
    /// Edges of the candidate whose expressions had no value at some ends.
    faults: Vec<RehearsedFault>,
    /// What the ends of runs under the candidate were taken from.
    basis: RehearsedBasis,
    /// Jobs without a recorded run: their runs are taken to succeed after a second, without output.
    without_history: Vec<String>,
    /// Jobs that are paused now, in some project: they are rehearsed as if they ran.
    paused: Vec<String>,
}

/// Runs that began, under the file in force (`before`) and under the candidate (`after`).
#[derive(Serialize, ToSchema)]
pub struct RehearsedRuns {
    before: u64,
    after: u64,
    /// Runs that are under the candidate alone.
    appeared: u64,
    /// Runs that are under the file in force alone.
    vanished: u64,
    /// Runs of the same cause that begin at another time, by more than a second.
    moved: u64,
}

#[derive(Serialize, ToSchema)]
pub struct RehearsedJob {
    job: String,
    /// The project's short name.
    project: String,
    #[serde(flatten)]
    runs: RehearsedRuns,
}

#[derive(Serialize, ToSchema)]
pub struct RehearsedExample {
    /// `appeared`, `vanished` or `moved`.
    change: &'static str,
    job: String,
    /// The project's short name.
    project: String,
    /// Null for a run of the schedule, and for one without a key.
    key: Option<String>,
    /// When it begins under the file in force.
    before: Option<DateTime<Utc>>,
    /// When it begins under the candidate.
    after: Option<DateTime<Utc>>,
    /// `timer`, `request` or `cascade`.
    cause: &'static str,
    /// The job whose end led to it.
    upstream: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct RehearsedHour {
    /// Where the hour begins.
    at: DateTime<Utc>,
    before: RehearsedLoad,
    after: RehearsedLoad,
}

#[derive(Serialize, ToSchema)]
pub struct RehearsedLoad {
    /// Runs that begin.
    runs: u64,
    /// The seconds of all runs together.
    busy_seconds: f64,
}

#[derive(Serialize, ToSchema)]
pub struct RehearsedFault {
    /// The job whose end the edge follows.
    from: String,
    /// The job that it leads to.
    to: String,
    /// Ends that it was looked at after.
    ends: u64,
    /// Those at which it had no value.
    without_value: u64,
    /// Why it had none at the first of them.
    reason: String,
    /// The same, for other languages.
    told: Told,
    /// The project of that, by its short name.
    project: String,
    /// When that was.
    at: DateTime<Utc>,
}

/// How many runs under the candidate were taken to end like what.
#[derive(Serialize, ToSchema)]
pub struct RehearsedBasis {
    /// The recorded run of the same cause.
    recorded: u64,
    /// The recorded run of the job, project and key that was nearest in time.
    nearest: u64,
    /// The median duration of the job, with the output of its latest success.
    median: u64,
    /// A second without output, as the job has no history.
    assumed: u64,
}

/// Which runs of the last days appear, vanish or move under another jobs.toml, and the load by hour: the scheduler and
/// the edges go over the kept history again, under the file in force and under the text. No job runs, and nothing
/// comes into force.
#[utoipa::path(
    post, path = "/jobs/config/rehearse", request_body = RehearseRequest,
    responses(
        (status = 200, body = RehearseAnswer),
        (status = 409, description = "Another rehearsal is under way.", body = ErrorBody),
        (
            status = 422, body = ErrorBody,
            description = "The text has errors: `diagnostics`. Or there is too much to rehearse: `help` names a shorter span."
        ),
        Refused, BodyRefused
    )
)]
pub async fn rehearse(
    State(server): State<AppState>,
    _: Administrator,
    Json(RehearseRequest { text, last_seconds }): Json<RehearseRequest>,
) -> ApiResult<Json<RehearseAnswer>> {
    let longest = LONGEST.as_secs();
    if !(1..=longest).contains(&last_seconds) {
        return Err(ApiError::bad_request(format!(
            "body: `last_seconds` is not from 1 to {longest}, which is 92 days"
        )));
    }
    let one = ONE.try_acquire().map_err(|_| {
        ApiError::conflict("another rehearsal is under way").help("ask again in a few seconds")
    })?;
    let deadline = Deadline::of(MOST);
    let candidate = candidate(server.config.clone(), text).await?;
    let in_force = server.config.state().for_rehearsal();
    let last = Duration::from_secs(last_seconds);
    let history = server.engine.history(&in_force, &candidate.config, last).await;
    let history = history.map_err(|error| refused(error, last))?;
    let rehearsed = tokio::task::spawn_blocking(move || {
        // Held until it is over, even if nobody waits for the answer any more.
        let _one = one;
        rehearse::rehearse(&history, &in_force, &candidate, &deadline)
    });
    let rehearsed = rehearsed.await.map_err(|error| ApiError::internal(&error))?;
    Ok(Json(rehearsed.map_err(|error| refused(error, last))?.into()))
}

/// What a text means, with the secrets masked that expressions read.
async fn candidate(config: LiveConfig, text: String) -> ApiResult<ConfigState> {
    let checked = tokio::task::spawn_blocking(move || {
        let file = std::fs::read_to_string(config.path()).unwrap_or_default();
        with_secrets(&config, &text, &file).and_then(|text| config.check_only(&text))
    });
    match checked.await.map_err(|error| ApiError::internal(&error))? {
        Ok((checked, _)) => Ok(ConfigState::from(checked).for_rehearsal()),
        Err(problems) => {
            let told: Vec<_> = problems.iter().collect();
            Err(ApiError::invalid(format!("the text has {}", problems.count()))
                .help("`cascade check` tells them one by one")
                .with("diagnostics", json!(told)))
        }
    }
}

fn refused(error: RehearseError, last: Duration) -> ApiError {
    let shorter = |fits: Duration| {
        format!("choose a shorter span, such as {}", humantime::format_duration(whole(fits)))
    };
    let message = error.to_string();
    match error {
        RehearseError::TooMany { fits, .. } => {
            ApiError::invalid(message).help(shorter(fits.unwrap_or(last / 2)))
        }
        RehearseError::TooLarge { .. } | RehearseError::TooLong(_) => {
            ApiError::invalid(message).help("choose a much shorter span")
        }
        RehearseError::TooManyMade { .. } => ApiError::invalid(message)
            .help("look at the edges with `each`, or choose a span that ends the sooner"),
        RehearseError::Store(error) => error.into(),
    }
}

/// Without what nobody would write: `3d`, `1h`.
fn whole(span: Duration) -> Duration {
    let seconds = span.as_secs();
    let unit = [86_400, 3_600, 60].into_iter().find(|unit| seconds >= *unit).unwrap_or(1);
    Duration::from_secs((seconds / unit * unit).max(1))
}

impl From<Rehearsal> for RehearseAnswer {
    fn from(told: Rehearsal) -> Self {
        let rehearse::BasisCounts { recorded, nearest, median, assumed } = told.basis;
        Self {
            from: told.from,
            to: told.to,
            recorded: told.recorded,
            reproduced: told.reproduced,
            changes: told.changes,
            total: told.total.into(),
            jobs: told.jobs.into_iter().map(Into::into).collect(),
            more: told.more,
            examples: told.examples.into_iter().map(Into::into).collect(),
            hours: told.hours.into_iter().map(Into::into).collect(),
            faults: told.faults.into_iter().map(Into::into).collect(),
            basis: RehearsedBasis { recorded, nearest, median, assumed },
            without_history: told.without_history,
            paused: told.paused,
        }
    }
}

impl From<Change> for RehearsedRuns {
    fn from(Change { before, after, appeared, vanished, moved }: Change) -> Self {
        Self { before, after, appeared, vanished, moved }
    }
}

impl From<JobChange> for RehearsedJob {
    fn from(JobChange { job, project, change }: JobChange) -> Self {
        Self { job, project, runs: change.into() }
    }
}

impl From<Example> for RehearsedExample {
    fn from(from: Example) -> Self {
        let Example { kind, job, project, key, before, after, cause, upstream } = from;
        Self { change: kind.as_str(), job, project, key, before, after, cause, upstream }
    }
}

impl From<Hour> for RehearsedHour {
    fn from(Hour { at, before, after }: Hour) -> Self {
        let load = |Load { runs, busy_seconds }| RehearsedLoad { runs, busy_seconds };
        Self { at, before: load(before), after: load(after) }
    }
}

impl From<EdgeFault> for RehearsedFault {
    fn from(from: EdgeFault) -> Self {
        let EdgeFault { from, to, ends, without_value, reason, project, at } = from;
        let told = Told::from(&reason);
        Self { from, to, ends, without_value, reason: reason.text, told, project, at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_much_to_rehearse_names_a_span_that_is_not() {
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        for (fits, span) in [(hours(84), "3days"), (hours(5), "5h"), (hours(1) / 2, "30m")] {
            let error = RehearseError::TooMany { most: 9, fits: Some(fits) };
            let told = format!("{:?}", refused(error, hours(168)));
            assert!(told.contains(&format!("such as {span}\"")), "{told}");
        }
    }
}
