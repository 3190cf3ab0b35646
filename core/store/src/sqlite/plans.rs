//! What the hot statements cost with many rows: SQLite counts the instructions of its virtual machine,
//! of which a scan executes some for each row. They are the same on a busy machine.

use std::sync::atomic::AtomicU64;

use sqlx::{AssertSqlSafe, Row};

use super::*;
use crate::{Choice, Inserted, hot_verbs};
use cascade_model::RunKind;

/// Between two counts.
const STEP: i32 = 10;

/// `jobs` in 200 projects; a fifth has a run that waits, of the others half are due.
async fn filled(jobs: u32) -> (SqliteStore, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("cascade.db")).await.unwrap();
    store.migrate(&[]).await.unwrap();
    let fill = format!(
        "PRAGMA synchronous = OFF;
         INSERT INTO projects (id, slug, name, created_at)
         WITH RECURSIVE p (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM p WHERE n < 200)
         SELECT printf('00000000-0000-7000-8000-%012d', n), 'p' || n, 'p' || n, datetime() FROM p;
         WITH RECURSIVE j (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM j WHERE n < {jobs})
         INSERT INTO scheduled_jobs
             (id, job_type, project_id, schedule, max_attempts, next_run_at, updated_at)
         SELECT printf('00000000-0000-7000-8001-%06d', j.n) || substr(p.id, 31), printf('job_%06d', j.n),
             p.id, 'every 1h', 3,
             strftime('%Y-%m-%dT%H:%M:%fZ', 'now', iif(j.n % 5 = 0 OR j.n % 2 = 0, '+1 hour', '-1 hour')),
             strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
         FROM j CROSS JOIN projects p;
         INSERT INTO worker_runs
             (id, job_type, project_id, state, max_attempts, available_at, queued_at, trace_id)
         SELECT id, job_type, project_id, 'available', 3, updated_at, updated_at, id
         FROM scheduled_jobs WHERE substr(job_type, -1) IN ('0', '5')"
    );
    sqlx::raw_sql(AssertSqlSafe(fill)).execute(&store.write).await.unwrap();
    (store, folder)
}

/// Counts the instructions on all connections of a pool, each of which is open from now on.
async fn count(pool: &SqlitePool, steps: &Arc<AtomicU64>) {
    let mut connections = Vec::new();
    for _ in 0..pool.options().get_max_connections() {
        connections.push(pool.acquire().await.unwrap());
    }
    for connection in &mut connections {
        let steps = steps.clone();
        let count = move || {
            steps.fetch_add(STEP.unsigned_abs().into(), Ordering::Relaxed);
            true
        };
        connection.lock_handle().await.unwrap().set_progress_handler(STEP, count);
    }
}

/// The instructions of each verb, in turn.
async fn steps(jobs: u32) -> Vec<(&'static str, u64)> {
    let (store, _folder) = filled(jobs).await;
    let steps = Arc::new(AtomicU64::new(0));
    let lease = Duration::from_secs(30);
    count(&store.write, &steps).await;
    count(&store.read, &steps).await;
    let mut counted = Vec::new();
    let mut taken = |verb| counted.push((verb, steps.swap(0, Ordering::Relaxed)));
    let soonest = store.soonest("w", &[], &[]).await.unwrap();
    assert_eq!(soonest, Soonest { limited: false, pause: Some(Duration::ZERO) });
    taken("soonest");
    assert!(store.look("w", lease).await.unwrap().due);
    taken("look");
    assert_eq!(hot_verbs::fire(&store, 100).await, 100);
    taken("due_schedules");
    let runs = hot_verbs::take(&store, "w", 100).await;
    assert_eq!(runs.len(), 100);
    taken("waiting_runs");
    let leases: Vec<_> = runs.iter().map(|run| HeldLease::begun(&run.lease)).collect();
    assert_eq!(store.renew(&leases, lease).await.unwrap(), vec![Renewal::Held; 100]);
    taken("renew");
    hot_verbs::end_all(&store, &runs[2..]).await;
    taken("end_with_events");
    let downstream = vec!["job_000001".to_owned(), "job_000002".to_owned()];
    hot_verbs::end_with_cascade(&store, &runs[0], &downstream).await;
    taken("end_runs");
    hot_verbs::try_again(&store, &runs[1]).await;
    taken("requeue");
    let project = runs[0].project.id;
    assert_eq!(hot_verbs::request(&store, "job_000019", project).await, Inserted::Made);
    let busy = hot_verbs::request(&store, &runs[2].job_type, project).await;
    assert_eq!(busy, Inserted::Made, "its run has ended");
    taken("insert_runs");
    assert_eq!(hot_verbs::begin(&store, "job_000014", project).await.len(), 1);
    taken("begin_runs");
    counted
}

#[tokio::test]
async fn hot_statements_cost_the_same_however_many_schedules_there_are() {
    let (few, many) = (steps(20).await, steps(1000).await);
    for ((verb, few), (_, many)) in few.into_iter().zip(many) {
        assert!(few > 0, "{verb} was not counted");
        assert!(
            many <= few + few / 5 + 200,
            "{verb}: {few} instructions, with 50 times the rows {many}"
        );
    }
}

/// The instructions of a claim of runs with args while so many of a job wait that may not start.
async fn steps_beside_a_queue(waiting: u32, until: Option<Duration>) -> u64 {
    let (store, _folder) = filled(5).await;
    let fill = format!(
        "INSERT INTO queue_runs (
             id, job_type, project_id, state, max_attempts, available_at, queued_at, trace_id
         )
         WITH RECURSIVE w (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM w WHERE n <= {waiting})
         SELECT printf('00000000-0000-7000-8002-%012d', n),
             iif(n > {waiting}, 'other', 'many'), p.id, 'available', 3,
             strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), 't'
         FROM w CROSS JOIN (SELECT id FROM projects ORDER BY id LIMIT 1) p"
    );
    sqlx::raw_sql(AssertSqlSafe(fill)).execute(&store.write).await.unwrap();
    let steps = Arc::new(AtomicU64::new(0));
    count(&store.write, &steps).await;
    let except = [LeftJob { job: "many".into(), until }];
    let choice = Choice { kind: RunKind::Queue, except_jobs: &except, ..hot_verbs::choice(4) };
    let mut tx = Store::begin(&store, Connections::Queue).await.unwrap();
    let found = Tx::waiting_runs(&mut *tx, &choice).await.unwrap().runs;
    assert_eq!(found.iter().map(|run| run.job_type.as_str()).collect::<Vec<_>>(), ["other"]);
    steps.load(Ordering::Relaxed)
}

#[tokio::test]
async fn a_queue_is_stepped_over_at_once_however_long_it_is() {
    for until in [None, Some(Duration::from_secs(3600))] {
        let few = steps_beside_a_queue(10, until).await;
        let many = steps_beside_a_queue(20_000, until).await;
        assert!(
            few > 0 && many <= few + few / 5 + 200,
            "{few} instructions, with a long queue {many}: {until:?}"
        );
    }
}

#[tokio::test]
async fn plans_are_those_that_headers_say() {
    let (store, _folder) = filled(5).await;
    let of_both = hot_verbs::statements("portable/sql");
    for (file, text) in hot_verbs::statements("sqlite/sql").into_iter().chain(of_both) {
        let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {text}"));
        let rows = sqlx::query(explain).fetch_all(&store.write).await.unwrap();
        let steps: Vec<&str> = rows.iter().map(|row| row.get("detail")).collect();
        for index in hot_verbs::planned(&text).unwrap() {
            assert!(steps.iter().any(|step| step.contains(index)), "{file}: {index} in {steps:#?}");
        }
    }
}

/// The program of a trigger starts for each row, and fills a table with the list of an IN that it comes to each time.
/// Every row comes to its condition.
#[tokio::test]
async fn no_condition_of_a_trigger_has_a_list() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("cascade.db")).await.unwrap();
    store.migrate(&[]).await.unwrap();
    let triggers = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'";
    let triggers: Vec<(String, String)> =
        sqlx::query_as(triggers).fetch_all(&store.write).await.unwrap();
    assert!(!triggers.is_empty());
    for (name, sql) in triggers {
        let (condition, _) = sql.split_once("BEGIN").unwrap();
        assert!(!condition.contains(" IN ("), "{name}: {condition}");
    }
}
