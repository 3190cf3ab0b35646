//! When claims count what runs.

use cascade_model::RunKind;
use cascade_test_servers::Postgres;

use super::{filled::filled, *};
use crate::hot_verbs;

/// 400 runs that wait, of a job of which 100 may run at a time, and four workers that live.
const FAR_FROM_A_LIMIT: &str = "
    INSERT INTO projects (id, slug, name) VALUES ('00000000-0000-7000-8000-000000000001', 'one', 'One');
    INSERT INTO scheduled_jobs (id, job_type, project_id, max_attempts, concurrency)
    VALUES (gen_random_uuid(), 'job', '00000000-0000-7000-8000-000000000001', 3, 100);
    INSERT INTO open_queue_runs (id, job_type, project_id, state, max_attempts, trace_id)
    SELECT gen_random_uuid(), 'job', '00000000-0000-7000-8000-000000000001', 'available', 3, gen_random_uuid()
    FROM generate_series(1, 400);
    INSERT INTO queue_workers (owner, lease_until)
    SELECT 'w' || n, now() + interval '1 hour' FROM generate_series(1, 4) n";

#[tokio::test]
async fn claims_count_runs_one_by_one_only_near_a_limit() {
    let server = Postgres::start();
    let (url, _) = filled(&server, FAR_FROM_A_LIMIT).await;
    let store = PostgresStore::connect(&url, 8).await.unwrap();
    let choice = Choice { kind: RunKind::Queue, ..hot_verbs::choice(5) };
    let take = async |owner: &'static str| {
        let holder = Holder { owner, lease: Duration::from_secs(30) };
        match store.take(&choice, &holder).await.unwrap() {
            Taken::Runs(found) => Some(found.runs.len()),
            Taken::LimitNear => None,
            Taken::KeyRates => panic!("no key has a rate"),
        }
    };
    assert_eq!(take("nobody knows").await, None);
    // One that counts alone keeps them out, whatever it has found.
    let mut alone = store.begin(Connections::Queue).await.unwrap();
    assert!(alone.lock_limits().await.unwrap());
    assert_eq!(take("w1").await, None);
    let mut second = store.begin(Connections::Queue).await.unwrap();
    assert!(!second.lock_limits().await.unwrap(), "it waits, but not for ever");
    alone.rollback().await.unwrap();
    second.rollback().await.unwrap();
    let mut running = 0;
    loop {
        let taken = futures::future::join_all(["w1", "w2", "w3", "w4"].map(&take)).await;
        running += taken.iter().flatten().sum::<usize>();
        if taken.iter().all(Option::is_none) {
            break;
        }
    }
    // Less than what four claims of five could take, twice, is left of the limit.
    assert!((61..=100).contains(&running), "{running}");
}
