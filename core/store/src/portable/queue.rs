//! What the server asks about itself: how much waits, where the outbox begins and ends, which
//! installation this is.

use cascade_model::QueueDepth;
use cascade_sdk::{host::Database, sql};
use serde::Deserialize;

use super::{Text, one, rows};
use crate::Result;

pub(super) async fn depth(database: &dyn Database) -> Result<Vec<QueueDepth>> {
    let query = Text::of(database.dialect(), "SELECT job_type, state, count(*) AS count, ")
        .seconds_since("min(available_at)")
        .push(
            " AS oldest_age_s
             FROM all_runs WHERE state IN ('available', 'running', 'retryable')
             GROUP BY job_type, state
             UNION ALL
             SELECT job_type, 'due', count(*), ",
        )
        .seconds_since("min(next_run_at)")
        .push(
            " FROM scheduled_jobs
             WHERE status = 'active' AND next_run_at IS NOT NULL",
        )
        .and_enabled()
        .push(" AND next_run_at <= ")
        .now()
        .push(" GROUP BY job_type");
    rows(database, query.statement()).await
}

pub(super) async fn event_range(database: &dyn Database) -> Result<(i64, i64)> {
    #[derive(Deserialize)]
    struct Range {
        oldest: Option<i64>,
        newest: Option<i64>,
    }
    // Pruning leaves the newest, so that the end of the outbox is always known. Each of the two is one look
    // into the index; together in one query they would read all events on SQLite.
    let query = sql("SELECT (SELECT min(id) FROM events) AS oldest,
                            (SELECT max(id) FROM events) AS newest");
    let Range { oldest, newest } = one(database, query).await?;
    Ok((oldest.unwrap_or(1), newest.unwrap_or(0)))
}

pub(super) async fn installation(database: &dyn Database) -> Result<String> {
    #[derive(Deserialize)]
    struct Installation {
        id: String,
    }
    Ok(one::<Installation>(database, sql("SELECT id FROM installation")).await?.id)
}
