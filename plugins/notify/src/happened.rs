//! What a run is to tell of: what its args say; or, where they name no job, how the runs ended that
//! triggered it.

use cascade_sdk::{Context, JobError, sql};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::args::{Args, Kind};

#[derive(Deserialize)]
struct End {
    state: String,
    error: Option<String>,
    attempt: u32,
    finished_at: Option<DateTime<Utc>>,
}

/// All that has happened, oldest first; of each job the latest end.
///
/// # Errors
/// When the database fails, or nothing says what happened.
pub async fn all(ctx: &Context, args: Args) -> Result<Vec<Args>, JobError> {
    if !args.job.is_empty() {
        return Ok(vec![args]);
    }
    let mut found: Vec<Args> = Vec::new();
    for run in ctx.upstream::<Value>()? {
        let Some(end) = end(ctx, run.run_id).await? else { continue };
        let kind = match end.state.as_str() {
            "failed" => Kind::Failure,
            "completed" => Kind::Recovered,
            // It was retried meanwhile: its next end is told.
            _ => continue,
        };
        found.retain(|known| known.job != run.job);
        found.push(Args {
            kind,
            job: run.job,
            run_id: Some(run.run_id.to_string()),
            error: end.error.filter(|_| kind == Kind::Failure),
            attempts: Some(end.attempt),
            at: end.finished_at,
            ..args.clone()
        });
    }
    if found.is_empty() {
        let why = "args: `job` is missing, and no run that has ended triggered this one";
        return Err(JobError::fail(why));
    }
    Ok(found)
}

/// How a run ended, in the host's own table, which stays as it is for those who query it.
async fn end(ctx: &Context, run: Uuid) -> Result<Option<End>, JobError> {
    let query = sql("SELECT state, error, attempt, finished_at FROM worker_runs WHERE id = $1");
    Ok(ctx.db().fetch_optional(query.bind(run)).await?)
}
