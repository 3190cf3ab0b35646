//! How the last ends of jobs are written: aside from the commits of ends.

use cascade_model::{Lease, RunKind};
use cascade_test_servers::Postgres;

use super::{filled::filled, *};

/// Three runs of one job and project under way, by their numbers.
const UNDER_WAY: &str = "
    INSERT INTO projects (id, slug, name) VALUES ('00000000-0000-7000-8000-000000000001', 'one', 'One');
    INSERT INTO open_queue_runs (id, job_type, project_id, state, attempt, max_attempts, trace_id, lease_owner,
        lease_until, started_at)
    SELECT ('00000000-0000-7000-8001-' || lpad(n::text, 12, '0'))::uuid, 'job',
        '00000000-0000-7000-8000-000000000001', 'running', 1, 3, gen_random_uuid(), 'w',
        now() + interval '1 hour', now()
    FROM generate_series(1, 3) n";

#[tokio::test]
async fn an_end_waits_for_no_other_of_the_same_job() {
    let server = Postgres::start();
    let (url, _) = filled(&server, UNDER_WAY).await;
    let store = PostgresStore::connect(&url, 5).await.unwrap();
    let end = |nth: u32| {
        let run_id = format!("00000000-0000-7000-8001-{nth:012}").parse().unwrap();
        let kind = RunKind::Queue;
        crate::hot_verbs::completed(Lease { run_id, kind, attempt: 1, owner: "w".into() })
    };
    let ended = async |nth| {
        let mut tx = store.begin(Connections::Shared).await.unwrap();
        assert!(tx.end_runs(&[end(nth)]).await.unwrap()[0].is_some());
        tx
    };
    ended(1).await.commit().await.unwrap();
    // Nobody knows how long its transaction will last.
    let open = ended(2).await;
    let beside = tokio::time::timeout(Duration::from_secs(30), ended(3)).await;
    beside.expect("the third does not wait for the second").commit().await.unwrap();
    open.commit().await.unwrap();
}

#[tokio::test]
async fn last_ends_are_written_when_somebody_asks_or_nobody_does_for_long() {
    let server = Postgres::start();
    let (url, database) = filled(&server, UNDER_WAY).await;
    let store = PostgresStore::connect(&url, 2).await.unwrap();
    let end = async |nth: u32| {
        let run_id = format!("00000000-0000-7000-8001-{nth:012}").parse().unwrap();
        let kind = RunKind::Queue;
        let lease = Lease { run_id, kind, attempt: 1, owner: "w".into() };
        let mut tx = store.begin(Connections::Shared).await.unwrap();
        assert!(tx.end_runs(&[crate::hot_verbs::completed(lease)]).await.unwrap()[0].is_some());
        tx.commit().await.unwrap();
    };
    // The ends that the row of the job tells of, and the commits that it does not tell of yet.
    let known = async || -> (Option<String>, i64) {
        let text = "SELECT (SELECT recent FROM job_last), (SELECT count(*) FROM job_last_pending)";
        sqlx::query_as(text).fetch_one(store.pool()).await.unwrap()
    };
    end(1).await;
    assert_eq!(known().await, (None, 1));
    store.refresh_last_ends().await.unwrap();
    assert_eq!(known().await, (Some("s".into()), 0));
    end(2).await;
    // As an older version writes its figures, which does not ask.
    server.sql(
        &database,
        "INSERT INTO run_stats (minute, job_type, project_id, kind, bucket, source, runs, micros)
         VALUES (now(), 'job', '00000000-0000-7000-8000-000000000001', 'completed', 0, 'old', 1, 1)",
    );
    assert_eq!(known().await, (Some("ss".into()), 0));
    server.sql(&database, "ALTER TABLE job_last_pending ALTER COLUMN key RESTART WITH 10000");
    end(3).await;
    assert_eq!(known().await, (Some("sss".into()), 0), "one commit of 10,000 does it itself");
}
