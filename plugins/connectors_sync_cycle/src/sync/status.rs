//! How sources fare, kept for people and for the next run.

use cascade_sdk::{Context, DbError, rfc3339, sql};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;

use super::{Count, now};
use crate::{
    fault::{Fault, Pause},
    params::Source,
};

/// The first pause of a source that fails for good.
const FIRST_PAUSE: TimeDelta = TimeDelta::hours(1);
/// The longest; it is asked at least once a day.
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(24);

/// What is known of a source from its last reading.
#[derive(Debug, Clone, Deserialize)]
pub struct Kept {
    address: String,
    /// Since when it fails.
    pub failing_since: Option<String>,
    failures: i64,
    /// Why.
    pub reason: Option<String>,
    next_try_at: Option<String>,
}

impl Kept {
    /// The time before which the source is left alone, unless it is another by now.
    pub fn rests_until(&self, ctx: &Context, source: &Source) -> Option<&str> {
        let at = self.next_try_at.as_deref()?;
        let due = DateTime::parse_from_rfc3339(at).map_or(ctx.now(), |at| at.with_timezone(&Utc));
        (self.address == source.address() && ctx.now() < due).then_some(at)
    }
}

/// What is known of a source.
///
/// # Errors
/// When the database fails.
pub async fn kept(ctx: &Context, source: &Source) -> Result<Option<Kept>, DbError> {
    let query = sql("SELECT address, failing_since, failures, reason, next_try_at
         FROM connector_sources WHERE project_id = $1 AND source = $2");
    ctx.db().fetch_optional(query.bind(ctx.project_id()).bind(&source.name)).await
}

/// A source that fails.
#[derive(Debug, Clone)]
pub struct Failing {
    /// Since when.
    pub since: String,
    /// When it is tried again, if that is later than the next run.
    pub next_try: Option<String>,
}

/// Keeps what came of a source; returns how it fails, if it does.
///
/// # Errors
/// When the database fails.
pub async fn record(
    ctx: &Context,
    source: &Source,
    kept: Option<&Kept>,
    count: &Count,
    fault: Option<&Fault>,
) -> Result<Option<Failing>, DbError> {
    let before = kept.filter(|kept| kept.address == source.address());
    let failures = fault.map_or(0, |_| before.map_or(0, |kept| kept.failures) + 1);
    let since = before.and_then(|kept| kept.failing_since.clone()).unwrap_or_else(|| now(ctx));
    let since = fault.map(|_| since);
    let pause = fault.and_then(|fault| match fault.pause {
        Pause::None => None,
        Pause::Growing => {
            let doublings = u32::try_from(failures - 1).unwrap_or_default().min(10);
            Some((FIRST_PAUSE * (1 << doublings)).min(LONGEST_PAUSE))
        }
        Pause::Asked(pause) => TimeDelta::from_std(pause).ok(),
    });
    let next_try = pause.and_then(|pause| ctx.now().checked_add_signed(pause)).map(rfc3339);
    let keep = sql("INSERT INTO connector_sources (project_id, source, kind, address, read_at,
             new_count, changed_count, skipped_count, note, failing_since, failures, reason,
             next_try_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
         ON CONFLICT (project_id, source) DO UPDATE SET
             kind = excluded.kind, address = excluded.address,
             read_at = coalesce(excluded.read_at, connector_sources.read_at),
             new_count = excluded.new_count, changed_count = excluded.changed_count,
             skipped_count = excluded.skipped_count, note = excluded.note,
             failing_since = excluded.failing_since, failures = excluded.failures,
             reason = excluded.reason, next_try_at = excluded.next_try_at");
    let keep = keep
        .bind(ctx.project_id())
        .bind(&source.name)
        .bind(source.kind.name())
        .bind(source.address())
        .bind(fault.is_none().then(|| now(ctx)))
        .bind(count.new)
        .bind(count.changed)
        .bind(count.skipped)
        .bind(count.note.as_deref().map(short))
        .bind(&since)
        .bind(failures)
        .bind(fault.map(|fault| short(&fault.reason)))
        .bind(&next_try);
    ctx.db().execute(keep).await?;
    Ok(since.map(|since| Failing { since, next_try }))
}

/// A line for a table.
fn short(text: &str) -> String {
    let text = text.replace('\0', "\u{fffd}");
    text.chars().take(500).collect()
}

/// Removes what is kept of sources that jobs.toml no longer has.
///
/// # Errors
/// When the database fails.
pub async fn forget_others(ctx: &Context, sources: &[&Source]) -> Result<(), DbError> {
    #[derive(Deserialize)]
    struct Row {
        source: String,
    }
    let query = sql("SELECT source FROM connector_sources WHERE project_id = $1");
    let rows: Vec<Row> = ctx.db().fetch_all(query.bind(ctx.project_id())).await?;
    for row in rows {
        if !sources.iter().any(|source| source.name == row.source) {
            let forget = sql("DELETE FROM connector_sources WHERE project_id = $1 AND source = $2");
            ctx.db().execute(forget.bind(ctx.project_id()).bind(row.source)).await?;
        }
    }
    Ok(())
}
