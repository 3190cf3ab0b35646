//! Until when schedules are paused, and why.

use cascade_model::{Pause, border};
use cascade_sdk::{Statement, host::Database, rfc3339, sql};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use uuid::Uuid;

use super::{Text, first, rows};
use crate::Result;

/// Notes of a schedule that is locked and paused until when that is, why and by whom, in place of what was noted.
pub fn paused(schedule: Uuid, pause: &Pause, now: DateTime<Utc>) -> Statement {
    sql("UPDATE scheduled_jobs
         SET paused_until = $1, pause_reason = $2, paused_by = $3, paused_at = $4 WHERE id = $5")
    .bind(pause.until.map(rfc3339))
    .bind(pause.reason.clone().map(border::clean))
    .bind(pause.by.clone().map(border::clean))
    .bind(rfc3339(now))
    .bind(schedule)
}

/// Changes the row of a locked schedule if its pause is over by now: else somebody has set another end since it was
/// looked for.
pub fn pause_over(schedule: Uuid, now: DateTime<Utc>) -> Statement {
    sql("UPDATE scheduled_jobs SET paused_until = NULL
         WHERE id = $1 AND status = 'paused' AND paused_until <= $2")
    .bind(schedule)
    .bind(rfc3339(now))
}

/// Jobs with their projects whose pause is over, the first of them first.
pub(super) async fn over(database: &dyn Database, limit: u32) -> Result<Vec<(String, Uuid)>> {
    #[derive(Deserialize)]
    struct Over {
        job_type: String,
        project_id: Uuid,
    }
    let query =
        Text::of(database.dialect(), "SELECT s.job_type, s.project_id FROM scheduled_jobs s")
            .through("scheduled_jobs_paused_until")
            .push(
                " WHERE s.status = 'paused' AND s.paused_until IS NOT NULL AND s.paused_until <= ",
            )
            .now()
            .push(" ORDER BY s.paused_until LIMIT ")
            .bind(limit);
    let found: Vec<Over> = rows(database, query.statement()).await?;
    Ok(found.into_iter().map(|row| (row.job_type, row.project_id)).collect())
}

/// When the next pause is over, and the database's clock.
pub(super) async fn next_end(
    database: &dyn Database,
) -> Result<Option<(DateTime<Utc>, DateTime<Utc>)>> {
    #[derive(Deserialize)]
    struct Next {
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    }
    let query = Text::of(database.dialect(), "SELECT s.paused_until AS until, ")
        .now()
        .push(" AS now FROM scheduled_jobs s")
        .through("scheduled_jobs_paused_until")
        .push(" WHERE s.status = 'paused' AND s.paused_until IS NOT NULL ORDER BY s.paused_until LIMIT 1");
    let next: Option<Next> = first(database, query.statement()).await?;
    Ok(next.map(|next| (next.until, next.now)))
}
