//! The tables of a variant on SQLite, and the runs that wait in them.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};
use sqlx::{AssertSqlSafe, SqliteConnection};

use super::Change;

async fn sql(connection: &mut SqliteConnection, text: String) -> Result<()> {
    sqlx::raw_sql(AssertSqlSafe(text)).execute(connection).await?;
    Ok(())
}

/// Makes all tables, by the migrations of this tree and the changes of a variant.
pub async fn make(
    connection: &mut SqliteConnection,
    root: &Path,
    has: &impl Fn(Change) -> bool,
    queue: bool,
) -> Result<()> {
    for folder in ["migrations/sqlite", "migrations/sqlite/expand"] {
        let folder = root.join(folder);
        let files = fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
        let mut files: Vec<_> = files.flatten().map(|entry| entry.path()).collect();
        files.retain(|file| file.extension().is_some_and(|end| end == "sql"));
        files.sort();
        for file in files {
            sql(connection, fs::read_to_string(file)?).await?;
        }
    }
    let table = if queue { "queue_runs" } else { "worker_runs" };
    let apart = has(Change::Apart) || has(Change::ClaimRow);
    if apart {
        // Indexes of ended runs go with them; those of open runs stay.
        sql(
            connection,
            format!(
                "CREATE TABLE ended_runs AS SELECT * FROM {table} WHERE FALSE;
                 DROP INDEX {table}_history; DROP INDEX {table}_ended; DROP INDEX {table}_by_state;
                 DROP INDEX {table}_by_job; DROP INDEX {table}_of_trace;
                 CREATE UNIQUE INDEX ended_runs_id ON ended_runs (id);
                 CREATE INDEX ended_runs_history ON ended_runs (job_type, project_id, finished_at);
                 CREATE INDEX ended_runs_ended ON ended_runs (finished_at);
                 CREATE INDEX ended_runs_of_trace ON ended_runs (trace_id, queued_at, id);
                 CREATE INDEX ended_runs_by_state ON ended_runs (state, queued_at, id)
                     WHERE state <> 'completed';
                 CREATE INDEX ended_runs_by_job ON ended_runs (job_type, queued_at, id);
                 CREATE INDEX ended_runs_queued ON ended_runs (queued_at, id)"
            ),
        )
        .await?;
        if !has(Change::NoJobLast) {
            // The trigger of 0190, where runs end by an insert.
            let trigger = "CREATE TRIGGER job_last_ends_apart AFTER INSERT ON ended_runs
                BEGIN
                    INSERT INTO job_last (job_type, project_id, run_id, state, finished_at, recent)
                    VALUES (NEW.job_type, NEW.project_id, NEW.id, NEW.state, NEW.finished_at,
                        CASE NEW.state WHEN 'completed' THEN 's' WHEN 'failed' THEN 'f' ELSE 'c' END)
                    ON CONFLICT (job_type, project_id) DO UPDATE
                    SET run_id = excluded.run_id, state = excluded.state,
                        finished_at = excluded.finished_at,
                        recent = substr(recent || excluded.recent, -20)
                    WHERE (excluded.finished_at, excluded.run_id) > (finished_at, run_id);
                END";
            sql(connection, trigger.to_owned()).await?;
        }
    }
    let lists = if apart { "ended_runs" } else { table };
    if has(Change::EventInRow) {
        let add = format!(
            "ALTER TABLE {table} ADD COLUMN event_id INTEGER;
             CREATE UNIQUE INDEX {table}_event ON {table} (event_id) WHERE event_id IS NOT NULL"
        );
        sql(connection, add).await?;
    }
    if has(Change::EventBatch) {
        let add = "CREATE TABLE event_batches (first_id INTEGER PRIMARY KEY, events TEXT NOT NULL) STRICT";
        sql(connection, add.to_owned()).await?;
    }
    if has(Change::FewerLists) {
        let drop = format!("DROP INDEX {lists}_by_job; DROP INDEX {table}_queued");
        sql(connection, drop).await?;
        if apart {
            sql(connection, "DROP INDEX ended_runs_queued".to_owned()).await?;
        }
    }
    if has(Change::EndedStates) {
        let change = format!(
            "DROP INDEX {lists}_by_state;
             CREATE INDEX {lists}_by_state ON {lists} (state, queued_at, id)
                 WHERE state IN ('failed', 'cancelled')"
        );
        sql(connection, change).await?;
    }
    if has(Change::NoHistory) {
        sql(connection, format!("DROP INDEX {lists}_history")).await?;
    }
    if has(Change::ClaimRow) {
        let add = "CREATE TABLE claims (id TEXT NOT NULL PRIMARY KEY, owner TEXT NOT NULL,
            started_at TEXT NOT NULL, runs TEXT NOT NULL) STRICT";
        sql(connection, add.to_owned()).await?;
    }
    if has(Change::NoJobLast) {
        let end = if queue { "_of_queues" } else { "" };
        let drop = format!("DROP TRIGGER job_last_ends{end}; DROP TRIGGER job_last_again{end}");
        sql(connection, drop).await?;
    }
    Ok(())
}

/// Lets runs wait; as many of each job have ended before as the last ones show.
pub async fn fill(connection: &mut SqliteConnection, queue: bool, runs: usize) -> Result<()> {
    let projects = if queue { runs.div_ceil(500) } else { runs.div_ceil(10) };
    let now = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')";
    let id =
        "lower(substr(h, 1, 8) || '-' || substr(h, 9, 4) || '-7' || substr(h, 14, 3) || '-8' ||
        substr(h, 18, 3) || '-' || substr(h, 21, 12))";
    let series = |most| {
        format!(
            "WITH RECURSIVE s (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM s WHERE i + 1 < {most})"
        )
    };
    // Ids of runs grow with time.
    let hex = "printf('%012x', 1764400000000 + i / 10) || hex(randomblob(10))";
    let run_id = id.replace("(h,", "(n.h,");
    let table = if queue { "queue_runs" } else { "worker_runs" };
    let text = format!(
        "BEGIN;
         INSERT INTO projects (id, slug, name, created_at)
         {} SELECT {id}, 'p' || i, 'P' || i, {now} FROM (SELECT i, hex(randomblob(16)) AS h FROM s);
         CREATE TEMP TABLE waiting AS {} SELECT {run_id} AS id, 'bench_' || (i % 10) AS job_type, p.id AS project_id,
             i FROM (SELECT i, {hex} AS h FROM s) n JOIN projects p ON p.slug = 'p' || ((i / 10) % {projects});
         INSERT INTO {table} (id, job_type, project_id, state, max_attempts, available_at, queued_at, trace_id)
         SELECT id, job_type, project_id, 'available', 2, {now}, {now}, id FROM waiting ORDER BY i;
         INSERT INTO run_requests (run_id, job_type, project_id, args, asked_by, queued_at)
         SELECT id, job_type, project_id, '{{\"customer\": 4711}}', 'user ada', {now} FROM waiting WHERE {queue}
         ORDER BY i;
         INSERT INTO job_last (job_type, project_id, run_id, state, finished_at, recent)
         SELECT DISTINCT job_type, project_id, '', 'completed', '2026-11-28T09:00:00.000Z',
             'ssssssssssssssssssss' FROM waiting;
         DROP TABLE waiting;
         COMMIT;
         PRAGMA wal_checkpoint(TRUNCATE)",
        series(projects),
        series(runs)
    );
    sql(connection, text).await
}
