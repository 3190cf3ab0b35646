//! Why runs fail, grouped by error.

use std::collections::HashMap;

use cascade_model::{Attention, Problem, ProblemPlace, ProblemState, Visible};
use cascade_sdk::{Db, DbError, Statement, host::Database};
use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::{Text, first, rows};
use crate::{Result, StoreError};

/// Places that one answer looks at, the newest.
const MOST_PLACES: u32 = 2000;
/// What has been due, or could have started, for so long needs attention, seconds.
const LONG: u64 = 120;

fn and_is(text: Text, state: ProblemState) -> Text {
    let handled = " AND s.handled_at >= s.last_seen";
    let not_handled = " AND (s.handled_at IS NULL OR s.handled_at < s.last_seen)";
    match state {
        ProblemState::Handled => text.push(handled),
        ProblemState::Muted => text.push(not_handled).push(" AND s.muted_until > ").now(),
        ProblemState::Open => text
            .push(not_handled)
            .push(" AND (s.muted_until IS NULL OR s.muted_until <= ")
            .now()
            .push(")"),
    }
}

/// The newest places in a state, as `s`.
fn newest(text: Text, visible: &Visible, state: ProblemState) -> Text {
    let text = text.push("(SELECT * FROM run_problems s WHERE TRUE");
    and_is(text, state)
        .and_visible("s.project_id", visible)
        .push(" ORDER BY s.last_seen DESC LIMIT ")
        .bind(MOST_PLACES)
        .push(") s")
}

const PLACE: &str = "SELECT s.fingerprint, s.job_type, s.project_id, p.slug AS project_slug, s.error, \
    s.run_id, s.runs, s.first_seen, s.last_seen, s.muted_until, s.handled_at, ";

fn places(database: &dyn Database) -> Text {
    let text = Text::of(database.dialect(), PLACE);
    let last_state = text.last_state();
    text.push(&last_state).push(" AS last_state FROM ")
}

pub(super) async fn list(
    database: &dyn Database,
    visible: &Visible,
    state: ProblemState,
) -> Result<Vec<Problem>> {
    let text = newest(places(database), visible, state)
        .push(" JOIN projects p ON p.id = s.project_id")
        .push(" ORDER BY s.last_seen DESC, s.job_type, p.slug");
    let places: Vec<ProblemPlace> = rows(database, text.statement()).await?;
    let mut problems = Problem::grouped(places);
    add_trends(database, visible, &mut problems).await?;
    Ok(problems)
}

async fn add_trends(
    database: &dyn Database,
    visible: &Visible,
    problems: &mut [Problem],
) -> Result<()> {
    #[derive(Deserialize)]
    struct Hour {
        fingerprint: String,
        ago: f64,
        runs: u64,
    }
    let kinds: HashMap<String, usize> =
        problems.iter().enumerate().map(|(at, one)| (one.fingerprint().to_owned(), at)).collect();
    let text = Text::of(database.dialect(), "SELECT fingerprint, runs, ")
        .seconds_since("hour")
        .push(" AS ago FROM run_problem_hours WHERE ")
        .among("fingerprint", kinds.keys().cloned().collect())
        .and_visible("project_id", visible)
        .push(" AND hour > ")
        .ago(std::time::Duration::from_secs(24 * 3600));
    let hours: Vec<Hour> = rows(database, text.statement()).await?;
    for Hour { fingerprint, ago, runs } in hours {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 24")]
        let before = (ago / 3600.0) as usize;
        if let (Some(at), Some(slot)) = (kinds.get(&fingerprint), 23_usize.checked_sub(before)) {
            problems[*at].trend[slot] += runs;
        }
    }
    Ok(())
}

pub(super) async fn one(
    database: &dyn Database,
    visible: &Visible,
    fingerprint: &str,
) -> Result<Option<Problem>> {
    let text = places(database)
        .push("run_problems s JOIN projects p ON p.id = s.project_id")
        .push(" WHERE s.fingerprint = ")
        .bind(fingerprint)
        .and_visible("s.project_id", visible)
        .push(" ORDER BY s.last_seen DESC, s.job_type, p.slug LIMIT ")
        .bind(MOST_PLACES);
    let places: Vec<ProblemPlace> = rows(database, text.statement()).await?;
    let mut problems = Problem::grouped(places);
    add_trends(database, visible, &mut problems).await?;
    Ok(problems.pop())
}

/// How somebody marks a problem.
#[derive(Debug, Clone, Copy)]
pub enum ProblemMark {
    /// Hidden until then.
    Muted(DateTime<Utc>),
    /// Handled: it is open again when it occurs again.
    Handled,
    /// Open.
    Reopened,
}

pub(super) async fn mark(
    database: &dyn Database,
    projects: &Visible,
    fingerprint: &str,
    mark: ProblemMark,
    entry: Statement,
) -> Result<u64> {
    let text = Text::of(database.dialect(), "UPDATE run_problems SET ");
    let text = match mark {
        ProblemMark::Muted(until) => {
            text.push("handled_at = NULL, muted_until = ").bind_time(until)
        }
        ProblemMark::Handled => text.push("muted_until = NULL, handled_at = ").now(),
        ProblemMark::Reopened => text.push("muted_until = NULL, handled_at = NULL"),
    };
    let text =
        text.push(" WHERE fingerprint = ").bind(fingerprint).and_visible("project_id", projects);
    let changed = Db::over(database).batch(vec![text.statement(), entry]).await;
    Ok(changed.map_err(StoreError::Query)?.first().copied().unwrap_or(0))
}

pub(super) async fn attention(database: &dyn Database, visible: &Visible) -> Result<Attention> {
    #[derive(Deserialize)]
    struct Counted {
        problems: u64,
        failing: u64,
        late: u64,
        stuck: u64,
    }
    let long = std::time::Duration::from_secs(LONG);
    let text = Text::of(database.dialect(), "SELECT count(DISTINCT s.fingerprint) AS problems,");
    let last_state = text.last_state();
    let failing = format!(
        " count(DISTINCT CASE WHEN {last_state} = 'failed' THEN s.job_type || ' ' || s.project_id END)"
    );
    let text = text.push(&failing).push(
        " AS failing,
          (SELECT count(*) FROM scheduled_jobs d
           WHERE d.status = 'active' AND d.next_run_at IS NOT NULL",
    );
    let text = text
        .and_enabled()
        .push(" AND d.next_run_at < ")
        .ago(long)
        .and_visible("d.project_id", visible)
        .push(
            " AND NOT EXISTS (
                  SELECT 1 FROM worker_runs o
                  WHERE o.job_type = d.job_type AND o.project_id = d.project_id
                    AND o.state IN ('available', 'running', 'retryable')
              )) AS late, ",
        );
    let text = stuck(text.push("("), "worker_runs o WHERE TRUE", visible);
    let text = stuck(text.push(" + "), "queue_runs o WHERE NOT o.behind", visible);
    let text = newest(text.push(") AS stuck FROM "), visible, ProblemState::Open);
    let found: Option<Counted> = first(database, text.statement()).await?;
    let Some(Counted { problems, failing, late, stuck }) = found else {
        return Ok(Attention::default());
    };
    Ok(Attention { problems, failing, late, stuck })
}

/// How many runs could have started for long, of a table `o`.
fn stuck(text: Text, of: &str, visible: &Visible) -> Text {
    let text = text.push("(SELECT count(*) FROM ").push(of);
    text.push(" AND o.state IN ('available', 'retryable') AND o.available_at < ")
        .ago(std::time::Duration::from_secs(LONG))
        .and_visible("o.project_id", visible)
        .push(
            " AND NOT EXISTS (
                  SELECT 1 FROM scheduled_jobs d
                  WHERE d.job_type = o.job_type AND d.project_id = o.project_id
                    AND d.status <> 'active'
              ))",
        )
}

/// Removes what was not seen for so long.
pub(super) async fn prune(
    database: &dyn Database,
    keep: std::time::Duration,
    batch: u32,
) -> std::result::Result<u64, DbError> {
    let old = |table: &str, keys: &str, time: &str| {
        Text::of(
            database.dialect(),
            &format!(
                "DELETE FROM {table} WHERE ({keys}) IN (SELECT {keys} FROM {table} WHERE {time} < "
            ),
        )
        .ago(keep)
        .push(&format!(" ORDER BY {time} LIMIT "))
        .bind(batch)
        .push(")")
        .statement()
    };
    let keys = "fingerprint, job_type, project_id";
    let db = Db::over(database);
    let removed = db.execute(old("run_problems", keys, "last_seen")).await?;
    let keys = "fingerprint, project_id, hour";
    Ok(removed + db.execute(old("run_problem_hours", keys, "hour")).await?)
}
