//! A run that a person marks as done.

use cascade_model::{RunKind, border};
use cascade_sdk::{Statement, rfc3339, sql};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// A run that has failed or was cancelled is completed, and so is the last run of its job if it is that. When it
/// ended stays as it was. The first statement changes no row where the run is in another state.
pub fn marked_done(kind: RunKind, run: Uuid, summary: &str) -> [Statement; 2] {
    let table = match kind {
        RunKind::Schedule => "worker_runs",
        RunKind::Queue => "queue_runs",
    };
    let run_row = sql(format!(
        "UPDATE {table} SET state = 'completed', summary = $1
         WHERE id = $2 AND state IN ('failed', 'cancelled')"
    ));
    let last = sql("UPDATE job_last
         SET state = 'completed', recent = substr(recent, 1, length(recent) - 1) || 's'
         WHERE run_id = $1");
    [run_row.bind(border::clean(summary.to_owned())).bind(run), last.bind(run)]
}

/// What the run failed of is handled, if no later run has failed of it.
pub fn problem_of_run_handled(run: Uuid, job: &str, project: Uuid, at: DateTime<Utc>) -> Statement {
    sql("UPDATE run_problems SET handled_at = $1, muted_until = NULL
         WHERE run_id = $2 AND job_type = $3 AND project_id = $4")
    .bind(rfc3339(at))
    .bind(run)
    .bind(job)
    .bind(project)
}
