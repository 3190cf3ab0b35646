//! The tables of a variant, and the runs that wait in them.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};
use cascade_test_servers::Postgres;

use crate::change::{Change, Shape, Variant};

/// The database that others are copies of.
pub const TEMPLATE: &str = "ablation";

/// Makes the template, with all migrations of this tree.
pub fn template(server: &Postgres, root: &Path) -> Result<()> {
    server.sql("postgres", &format!("CREATE DATABASE {TEMPLATE}"));
    for folder in ["migrations/postgres", "migrations/postgres/expand"] {
        let folder = root.join(folder);
        let files = fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
        let mut files: Vec<_> = files.flatten().map(|entry| entry.path()).collect();
        files.retain(|file| file.extension().is_some_and(|end| end == "sql"));
        files.sort();
        for file in files {
            server.sql(TEMPLATE, &fs::read_to_string(&file)?);
        }
    }
    Ok(())
}

/// Makes the database of a variant.
pub fn make(server: &Postgres, variant: &Variant, shape: Shape) -> String {
    let name = format!("ablation_{}", variant.name.replace('-', "_"));
    server.sql("postgres", &format!("CREATE DATABASE {name} TEMPLATE {TEMPLATE}"));
    for change in changes(variant, shape) {
        server.sql(&name, &change);
    }
    name
}

fn changes(variant: &Variant, shape: Shape) -> Vec<String> {
    let queue = shape.is_queue();
    let (all, open, ended, history) = if queue {
        ("queue_runs", "open_queue_runs", "ended_queue_runs", "ended_queue_runs_history")
    } else {
        ("worker_runs", "open_runs", "ended_runs", "worker_runs_history")
    };
    let mut done = Vec::new();
    if variant.has(Change::EventInRow) {
        done.push(format!(
            "ALTER TABLE {all} ADD COLUMN event_id bigint;
             CREATE UNIQUE INDEX {ended}_event ON {ended} (event_id)"
        ));
    }
    if variant.has(Change::EventBatch) {
        done.push(include_str!("../../sql/postgres/batches.sql").to_owned());
    }
    if variant.has(Change::FilterKey) {
        done.push(format!(
            "DROP INDEX {ended}_queued;
             ALTER TABLE {ended} DROP CONSTRAINT {ended}_pkey;
             CREATE UNIQUE INDEX {ended}_pk ON {ended} (id) INCLUDE (job_type, project_id, state)"
        ));
    }
    if variant.has(Change::NoHistory) {
        done.push(format!("DROP INDEX {history}"));
    }
    if variant.has(Change::ClaimRow) {
        done.push(include_str!("../../sql/postgres/claims.sql").replace("{open}", open));
    }
    if variant.has(Change::HotClaim) && queue {
        done.push(
            "DROP INDEX open_queue_runs_leased, open_queue_runs_claimable;
             CREATE INDEX open_queue_runs_claimable
                 ON open_queue_runs (project_id, job_type, rank, available_at, id) WHERE NOT behind;
             ALTER TABLE open_queue_runs SET (fillfactor = 45)"
                .to_owned(),
        );
    }
    if variant.has(Change::JobLastHashed) {
        done.push("ALTER FUNCTION note_last_ends() SET enable_hashjoin = on".to_owned());
    }
    if variant.has(Change::NoJobLast) {
        done.push(
            "DROP TRIGGER job_last_ends ON ended_runs; DROP TRIGGER job_last_ends ON ended_queue_runs"
                .to_owned(),
        );
    }
    done
}

/// Empties all tables and lets `runs` wait; as many runs of each job have ended before as the last ones show.
pub fn fill(server: &Postgres, database: &str, shape: Shape, runs: usize) {
    server.sql(
        database,
        "DO $$ BEGIN EXECUTE (
             SELECT 'TRUNCATE ' || string_agg(format('%I', relname), ', ') FROM pg_class
             WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname = ANY (ARRAY[
                 'open_runs', 'ended_runs', 'open_queue_runs', 'ended_queue_runs', 'run_requests',
                 'events', 'pending_events', 'workers', 'queue_workers', 'run_attempts', 'run_logs',
                 'run_problems', 'run_problem_hours', 'job_last', 'claims', 'running_keys',
                 'event_batches'
             ])
         ); END $$",
    );
    // Ten jobs: of schedules one run of each in each project, of queues 50.
    let projects = if shape.is_queue() { runs.div_ceil(500) } else { runs.div_ceil(10) };
    server.sql(
        database,
        &format!(
            "INSERT INTO projects (id, slug, name)
             SELECT gen_random_uuid(), 'p' || i, 'P' || i FROM generate_series(0, {projects} - 1) i
             ON CONFLICT (slug) DO NOTHING"
        ),
    );
    let waiting = format!(
        "SELECT i, cascade_uuid7() AS id, 'bench_' || i % 10 AS job_type, p.id AS project_id,
             now() + (i - {runs}) * interval '1 microsecond' AS at
         FROM generate_series(0, {runs} - 1) i JOIN projects p ON p.slug = 'p' || (i / 10) % {projects}
         ORDER BY i"
    );
    let table = if shape.is_queue() {
        let requests = format!(
            "WITH waiting AS MATERIALIZED ({waiting}), made AS (
                 INSERT INTO open_queue_runs (id, job_type, project_id, state, max_attempts, available_at,
                     queued_at, trace_id)
                 SELECT id, job_type, project_id, 'available', 2, at, at, id FROM waiting
             )
             INSERT INTO run_requests (run_id, job_type, project_id, args, asked_by)
             SELECT id, job_type, project_id, '{{\"customer\": 4711}}', 'user ada' FROM waiting"
        );
        server.sql(database, &requests);
        server.sql(database, "VACUUM ANALYZE run_requests");
        "open_queue_runs"
    } else {
        server.sql(
            database,
            &format!(
                "INSERT INTO open_runs (id, job_type, project_id, state, max_attempts, available_at,
                     queued_at, trace_id)
                 SELECT id, job_type, project_id, 'available', 2, at, at, id FROM ({waiting}) w"
            ),
        );
        "open_runs"
    };
    server.sql(
        database,
        &format!(
            "INSERT INTO job_last (job_type, project_id, run_id, state, finished_at, recent)
             SELECT DISTINCT job_type, project_id, '00000000-0000-0000-0000-000000000000'::uuid,
                 'completed', now() - interval '1 h', 'ssssssssssssssssssss'
             FROM {table}"
        ),
    );
    server.sql(database, &format!("VACUUM ANALYZE {table}"));
    server.sql(database, "VACUUM ANALYZE job_last");
    server.sql(database, "CHECKPOINT");
}
