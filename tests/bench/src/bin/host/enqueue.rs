//! Runs that wait, as the database of an operator with ten jobs for each of many customers has them.

use std::path::Path;

use anyhow::ensure;
use clap::Args;
use sqlx::{Connection, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::jobs::JOBS;

#[derive(Args)]
pub struct EnqueueArgs {
    /// `postgres://...` or `sqlite:FOLDER`.
    #[arg(long)]
    url: String,
    /// How many.
    #[arg(long)]
    count: u32,
    /// Scheduled for then, in place of a run that waits now.
    #[arg(long)]
    in_seconds: Option<u32>,
}

/// An id of version 7 for row `i`: ids grow with `i`, as the host's do with time.
macro_rules! postgres_id {
    () => {
        "(lpad(to_hex((extract(epoch FROM now()) * 1000)::bigint + i / 1000), 12, '0') || '7' ||
          lpad(to_hex(i % 1000), 3, '0') || '8' || substr(md5(random()::text), 1, 15))::uuid"
    };
}

const POSTGRES_PROJECTS: &str = concat!(
    "INSERT INTO projects (id, slug, name) SELECT ",
    postgres_id!(),
    ", 'p' || i, 'Project ' || i FROM generate_series(0, $1::int - 1) i
     ON CONFLICT (slug) DO NOTHING"
);
const POSTGRES_RUNS: &str = concat!(
    "INSERT INTO worker_runs
         (id, job_type, project_id, state, max_attempts, available_at, queued_at, trace_id)
     SELECT v7, 'bench_' || (i % $2), p.id, 'available', 3, at, at, v7
     FROM (SELECT i, now() + (i - $1) * interval '1 microsecond' AS at, ",
    postgres_id!(),
    "      AS v7 FROM generate_series(0, $1::int - 1) i) waiting
     JOIN projects p ON p.slug = 'p' || (i / $2)
     ORDER BY i"
);
const POSTGRES_SCHEDULE: &str = concat!(
    "INSERT INTO scheduled_jobs (id, job_type, project_id, next_run_at, max_attempts)
     SELECT ",
    postgres_id!(),
    ", 'bench_' || (i % $2), p.id, now() + make_interval(secs => $3), 3
     FROM generate_series(0, $1::int - 1) i JOIN projects p ON p.slug = 'p' || (i / $2)"
);

const POSTGRES_QUEUE: &str = concat!(
    "WITH made AS (
         INSERT INTO queue_runs
             (id, job_type, project_id, state, max_attempts, available_at, queued_at, trace_id)
         SELECT v7, 'bench_0', p.id, 'available', 3, at, at, v7
         FROM (SELECT i, now() + (i - $1) * interval '1 microsecond' AS at, ",
    postgres_id!(),
    "          AS v7 FROM generate_series(0, $1::int - 1) i) waiting
         JOIN projects p ON p.slug = 'p0'
         ORDER BY i RETURNING id, job_type, project_id
     )
     INSERT INTO run_requests (run_id, job_type, project_id)
     SELECT id, job_type, project_id FROM made ORDER BY id"
);

/// As above, in text.
macro_rules! sqlite_id {
    () => {
        "printf('%08x-%04x-7%03x-8%s-%s', (ms + i / 1000) / 65536, (ms + i / 1000) % 65536, i % 1000,
                substr(lower(hex(randomblob(2))), 2), lower(hex(randomblob(6))))"
    };
}
macro_rules! sqlite_series {
    () => {
        "WITH RECURSIVE series (i, ms) AS (
             SELECT 0, cast(unixepoch('subsec') * 1000 AS INTEGER)
             UNION ALL SELECT i + 1, ms FROM series WHERE i + 1 < $1
         ) "
    };
}

const SQLITE_PROJECTS: &str = concat!(
    sqlite_series!(),
    "INSERT INTO projects (id, slug, name, created_at) SELECT ",
    sqlite_id!(),
    ", 'p' || i, 'Project ' || i, strftime('%Y-%m-%dT%H:%M:%fZ', 'now') FROM series WHERE true
     ON CONFLICT (slug) DO NOTHING"
);
const SQLITE_RUNS: &str = concat!(
    sqlite_series!(),
    "INSERT INTO worker_runs
         (id, job_type, project_id, state, max_attempts, available_at, queued_at, trace_id)
     SELECT ",
    sqlite_id!(),
    ", 'bench_' || (i % $2), p.id, 'available', 3, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'),
       strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), ",
    sqlite_id!(),
    " FROM series CROSS JOIN projects p ON p.slug = 'p' || (i / $2)"
);
const SQLITE_SCHEDULE: &str = concat!(
    sqlite_series!(),
    "INSERT INTO scheduled_jobs (id, job_type, project_id, next_run_at, max_attempts, updated_at)
     SELECT ",
    sqlite_id!(),
    ", 'bench_' || (i % $2), p.id, strftime('%Y-%m-%dT%H:%M:%fZ', 'now', $3 || ' seconds'), 3,
       strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
     FROM series CROSS JOIN projects p ON p.slug = 'p' || (i / $2)"
);

/// Runs one of the three statements above for `count` rows on one of the two databases.
macro_rules! fill {
    ($connection:expr, $projects:expr, $runs:expr, $schedule:expr, $args:expr) => {{
        let (count, jobs) = (i64::from($args.count), JOBS as i64);
        let mut tx = $connection.begin().await?;
        let projects = count.div_euclid(jobs) + i64::from(count % jobs != 0);
        sqlx::query($projects).bind(projects).execute(&mut *tx).await?;
        let made = match $args.in_seconds {
            None => sqlx::query($runs).bind(count).bind(jobs).execute(&mut *tx).await?,
            Some(seconds) => {
                let later = sqlx::query($schedule).bind(count).bind(jobs).bind(f64::from(seconds));
                later.execute(&mut *tx).await?
            }
        };
        tx.commit().await?;
        made.rows_affected()
    }};
}

/// All or nothing.
pub async fn enqueue(args: &EnqueueArgs) -> anyhow::Result<()> {
    let made = if let Some(folder) = args.url.strip_prefix("sqlite:") {
        let mut connection = open_file(folder).await?;
        fill!(connection, SQLITE_PROJECTS, SQLITE_RUNS, SQLITE_SCHEDULE, args)
    } else {
        let mut connection = PgConnection::connect(&args.url).await?;
        fill!(connection, POSTGRES_PROJECTS, POSTGRES_RUNS, POSTGRES_SCHEDULE, args)
    };
    ensure!(made == u64::from(args.count), "made {made} of {} rows", args.count);
    Ok(())
}

/// Runs of a queue, of one job in one project, on PostgreSQL.
pub async fn queue(args: &EnqueueArgs) -> anyhow::Result<()> {
    ensure!(args.in_seconds.is_none(), "runs of a queue wait from now on");
    let mut connection = PgConnection::connect(&args.url).await?;
    let mut tx = connection.begin().await?;
    sqlx::query(POSTGRES_PROJECTS).bind(1_i64).execute(&mut *tx).await?;
    let made = sqlx::query(POSTGRES_QUEUE).bind(i64::from(args.count)).execute(&mut *tx).await?;
    tx.commit().await?;
    let made = made.rows_affected();
    ensure!(made == u64::from(args.count), "made {made} of {} rows", args.count);
    Ok(())
}

async fn open_file(folder: &str) -> anyhow::Result<SqliteConnection> {
    let options = SqliteConnectOptions::new().filename(Path::new(folder).join("cascade.db"));
    Ok(SqliteConnection::connect_with(&options).await?)
}

/// How many projects, from `p0` on, have jobs that [`enqueue`] scheduled for later.
pub async fn scheduled_projects(url: &str) -> anyhow::Result<usize> {
    let query =
        "SELECT count(DISTINCT project_id) FROM scheduled_jobs WHERE next_run_at IS NOT NULL";
    let found: i64 = if let Some(folder) = url.strip_prefix("sqlite:") {
        sqlx::query_scalar(query).fetch_one(&mut open_file(folder).await?).await?
    } else {
        sqlx::query_scalar(query).fetch_one(&mut PgConnection::connect(url).await?).await?
    };
    Ok(usize::try_from(found)?)
}
