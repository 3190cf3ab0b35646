//! From due schedules and expired leases to runs in a worker's hands.

use std::{collections::HashSet, time::Duration};

use chrono::{DateTime, Utc};
use sqlx::{Row, Sqlite, Transaction};
use uuid::Uuid;

use super::{SqliteStore, clock, now, row, row::run_columns, tx};
use crate::{
    Claimed, DUE_AT_ONCE, Lost, NewRun, Result,
    limits::{Rooms, rooms_sql},
    rotation::visits,
};
use cascade_config::Schedule;

/// Leaves out rows whose job is paused, disabled, or no longer in jobs.toml.
macro_rules! starts {
    ($run:literal) => {
        concat!(
            " AND NOT EXISTS (
                 SELECT 1 FROM scheduled_jobs s
                 WHERE s.job_type = ",
            $run,
            ".job_type AND s.project_id = ",
            $run,
            ".project_id AND (s.status <> 'active' OR s.enabled = 0)
             ) ",
        )
    };
}

pub(super) async fn claim(
    store: &SqliteStore,
    owner: &str,
    limit: u32,
    lease: Duration,
    except: &[String],
) -> Result<Claimed> {
    let (shown, set_back) = store.clock.look();
    let late = match set_back {
        Some(_) => clock::written_ahead(&store.read).await?,
        None => Vec::new(),
    };
    let mut tx = store.begin().await?;
    if let Some(by) = set_back {
        clock::catch_up(&mut tx, by, &late).await?;
    }
    let lost = Lost::Unresponsive { except: owner, lease, limit: 1 };
    let unresponsive = !tx::expired_claims(&mut tx, lost).await?.is_empty();
    fire_due(&mut tx).await?;
    let chosen = choose(store, &mut tx, limit, except).await?;
    if chosen.is_empty() {
        tx.commit().await?;
        store.clock.keep(shown);
        return Ok(Claimed { runs: Vec::new(), unresponsive });
    }
    let chosen = json_list(chosen);
    sqlx::query(concat!(
        "UPDATE worker_runs
         SET state = 'running', attempt = attempt + 1, lease_owner = $1,
             lease_until = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', $2),
             started_at = ",
        now!(),
        ", finished_at = NULL, progress = NULL
         WHERE id IN (SELECT value FROM json_each($3))",
    ))
    .bind(owner)
    .bind(seconds(lease))
    .bind(&chosen)
    .execute(&mut *tx)
    .await?;
    let rows = sqlx::query(concat!(
        "SELECT ",
        run_columns!(),
        " FROM json_each($1) c CROSS JOIN worker_runs r ON r.id = c.value
         JOIN projects p ON p.id = r.project_id",
    ))
    .bind(chosen)
    .fetch_all(&mut *tx)
    .await?;
    tx.commit().await?;
    store.clock.keep(shown);
    let mut runs = rows.iter().map(row::claimed).collect::<Result<Vec<_>>>()?;
    // The longest-waiting run starts first.
    runs.sort_by_key(|run| run.lease.run_id);
    Ok(Claimed { runs, unresponsive })
}

/// What may start now, within limits: project after project behind the one that was served last, the
/// longest-waiting run of each first. Each step finds the next project through the index, so that the
/// cost grows with what is chosen and not with what waits.
async fn choose(
    store: &SqliteStore,
    tx: &mut Transaction<'static, Sqlite>,
    limit: u32,
    except: &[String],
) -> Result<Vec<String>> {
    let mut rooms = rooms(&mut **tx).await?;
    let limit = limit as usize;
    let (mut chosen, mut known) = (Vec::new(), HashSet::new());
    let mut anew = store.rotation.behind().is_nil();
    loop {
        let behind = store.rotation.behind();
        let want = limit - chosen.len();
        let (closed, full) =
            (json_list(rooms.closed_jobs(except)), json_list(rooms.full_projects()));
        let projects = sqlx::query_scalar::<_, String>(concat!(
            "WITH RECURSIVE step (project_id, nth) AS (
                 SELECT * FROM (
                     SELECT project_id, 1 FROM worker_runs n
                     WHERE state IN ('available', 'retryable') AND project_id > $1
                       AND available_at <= ",
            now!(),
            "          AND job_type NOT IN (SELECT value FROM json_each($3))
                       AND project_id NOT IN (SELECT value FROM json_each($4)) ",
            starts!("n"),
            "        ORDER BY project_id LIMIT 1
                 )
                 UNION ALL
                 SELECT (
                     SELECT r.project_id FROM worker_runs r
                     WHERE r.state IN ('available', 'retryable') AND r.project_id > step.project_id
                       AND r.available_at <= ",
            now!(),
            "          AND r.job_type NOT IN (SELECT value FROM json_each($3))
                       AND r.project_id NOT IN (SELECT value FROM json_each($4)) ",
            starts!("r"),
            "        ORDER BY r.project_id LIMIT 1
                 ), nth + 1
                 FROM step WHERE project_id IS NOT NULL AND nth < $2
             )
             SELECT project_id FROM step WHERE project_id IS NOT NULL",
        ))
        .bind(if behind.is_nil() { String::new() } else { behind.to_string() })
        .bind(visits(want))
        .bind(&closed)
        .bind(&full)
        .fetch_all(&mut **tx)
        .await?;
        let share = want.div_ceil(projects.len().max(1));
        let visited = projects.len() as i64;
        let waiting = sqlx::query(concat!(
            "SELECT r.id, r.job_type, r.project_id FROM json_each($1) p CROSS JOIN worker_runs r
             WHERE r.id IN (
                 SELECT w.id FROM worker_runs w
                 WHERE w.project_id = p.value AND w.state IN ('available', 'retryable')
                   AND w.available_at <= ",
            now!(),
            "      AND w.job_type NOT IN (SELECT value FROM json_each($3)) ",
            starts!("w"),
            "    ORDER BY w.available_at, w.id LIMIT $4
             )
             LIMIT $2",
        ))
        .bind(json_list(projects))
        .bind(i64::try_from(want).unwrap_or(i64::MAX))
        .bind(&closed)
        .bind(i64::try_from(share).unwrap_or(i64::MAX))
        .fetch_all(&mut **tx)
        .await?;
        let mut last = None;
        for found in &waiting {
            let (id, project) = (row::uuid(found, "id")?, row::uuid(found, "project_id")?);
            last = last.max(Some(project));
            // It is chosen already when the round has come back to it: it still waits in the table.
            if !known.contains(&id) && rooms.take(found.try_get("job_type")?, project) {
                known.insert(id);
                chosen.push(id.to_string());
            }
        }
        // There may be more behind the last one, if that was not the last.
        let more = last.filter(|_| visited >= visits(want) || waiting.len() >= want);
        store.rotation.go_on(more);
        // Once more from the first project, if it did not begin there.
        if chosen.len() >= limit || (more.is_none() && anew) {
            return Ok(chosen);
        }
        anew |= more.is_none();
    }
}

async fn rooms(executor: impl sqlx::SqliteExecutor<'_>) -> Result<Rooms> {
    let mut rooms = Rooms::default();
    for found in sqlx::query(rooms_sql!()).fetch_all(executor).await? {
        rooms.add(found.try_get("kind")?, found.try_get("name")?, found.try_get("room")?);
    }
    Ok(rooms)
}

fn json_list(items: Vec<impl ToString>) -> String {
    let items: Vec<_> = items.iter().map(ToString::to_string).collect();
    serde_json::Value::from(items).to_string()
}

/// A modifier of SQLite's date functions.
pub(super) fn seconds(duration: Duration) -> String {
    format!("+{:.3} seconds", duration.as_secs_f64())
}

/// Turns due schedules into available runs, at most one unfinished run each.
async fn fire_due(tx: &mut Transaction<'static, Sqlite>) -> Result<()> {
    let due =
        sqlx::query(include_str!("sql/due.sql")).bind(DUE_AT_ONCE).fetch_all(&mut **tx).await?;
    let mut runs = Vec::with_capacity(due.len());
    for found in due {
        let now: DateTime<Utc> = found.try_get("now")?;
        let schedule: Option<String> = found.try_get("schedule")?;
        let next = schedule.as_deref().and_then(Schedule::from_stored);
        let next = next.and_then(|schedule| schedule.next_after(now)).map(cascade_sdk::rfc3339);
        runs.push(NewRun {
            id: Uuid::now_v7(),
            job_type: found.try_get("job_type")?,
            project_id: row::uuid(&found, "project_id")?,
            max_attempts: found.try_get("max_attempts")?,
            payload: row::payload(&found)?,
        });
        sqlx::query(concat!(
            "UPDATE scheduled_jobs SET next_run_at = $2, payload = '{}', updated_at = ",
            now!(),
            " WHERE id = $1",
        ))
        .bind(found.try_get::<String, _>("id")?)
        .bind(next)
        .execute(&mut **tx)
        .await?;
    }
    tx::insert_runs(tx, &runs).await?;
    Ok(())
}

pub(super) async fn next_due(
    store: &SqliteStore,
    owner: &str,
    except: &[String],
) -> Result<Option<Duration>> {
    let rooms = rooms(&store.read).await?;
    let seconds: Option<f64> = sqlx::query_scalar(concat!(
        "SELECT (julianday(min(at)) - julianday('now')) * 86400.0 FROM (
             SELECT min(available_at) AS at FROM worker_runs n
             WHERE state IN ('available', 'retryable')
               AND job_type NOT IN (SELECT value FROM json_each($1))
               AND project_id NOT IN (SELECT value FROM json_each($2)) ",
        starts!("n"),
        "    UNION ALL
             SELECT min(lease_until) FROM worker_runs WHERE state = 'running' AND lease_owner <> $3
             UNION ALL
             SELECT min(s.next_run_at) FROM scheduled_jobs s
             WHERE s.status = 'active' AND s.enabled = 1 AND s.next_run_at IS NOT NULL
               AND NOT EXISTS (
                   SELECT 1 FROM worker_runs r
                   WHERE r.job_type = s.job_type AND r.project_id = s.project_id
                     AND r.state IN ('available', 'running', 'retryable')
               )
         )",
    ))
    .bind(json_list(rooms.closed_jobs(except)))
    .bind(json_list(rooms.full_projects()))
    .bind(owner)
    .fetch_one(&store.read)
    .await?;
    Ok(seconds.map(|seconds| Duration::from_secs_f64(seconds.clamp(0.0, 1e9))))
}
