//! What statements do while a transaction is open for long: rows that are dead are kept, and the tables of unfinished
//! runs are full of them.

use cascade_model::{Lease, Payload, RunKind, RunRequest};
use cascade_test_servers::Postgres;
use serde_json::{Value, json};

use super::{
    filled::filled,
    plans::{Explained, explain, nodes},
    *,
};
use crate::{Found, Inserted, NewRequest, NewRun, hot_verbs};

/// Opens a transaction that keeps all rows which were there.
const SNAPSHOT: &str =
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; DO 'BEGIN PERFORM 1 FROM projects; END'";

fn count(node: &Value, of: &str) -> u64 {
    node[of].as_u64().unwrap_or_default()
}

/// What a step reads.
fn pages(node: &Value) -> u64 {
    count(node, "Shared Hit Blocks") + count(node, "Shared Read Blocks")
}

/// 20,000 runs of a queue that waited for an hour.
const LONG_AGO: &str = "
    INSERT INTO projects (id, slug, name) VALUES ('00000000-0000-7000-8000-000000000001', 'p', 'p');
    INSERT INTO open_queue_runs (id, job_type, project_id, state, max_attempts, trace_id, available_at)
    SELECT gen_random_uuid(), 'job', '00000000-0000-7000-8000-000000000001', 'available', 3, gen_random_uuid(),
        now() - interval '1 hour'
    FROM generate_series(1, 20000)";
/// One that waits since so many hours.
const ONE: &str = "
    INSERT INTO open_queue_runs (id, job_type, project_id, state, max_attempts, trace_id, available_at)
    VALUES (gen_random_uuid(), 'job', '00000000-0000-7000-8000-000000000001', 'available', 3, gen_random_uuid(),
        now() - make_interval(hours => HOURS))";

#[tokio::test]
async fn while_dead_rows_are_kept_a_claim_passes_over_them_and_later_finds_what_is_older() {
    let server = Postgres::start();
    let (url, database) = filled(&server, LONG_AGO).await;
    let _open = server.hold(SNAPSHOT, &database);
    server.sql(&database, "DELETE FROM open_queue_runs");
    explain(&server, &database);
    let store = PostgresStore::connect(&url, 5).await.unwrap();
    let holder = Holder { owner: "w", lease: Duration::from_secs(30) };
    let choice = Choice { kind: RunKind::Queue, ..hot_verbs::choice(10) };
    let mut seen = server.log().len();
    // Runs that it takes, and the rows and pages of the index that it visits for that.
    let mut take = async || {
        let taken = store.take(&choice, &holder).await.unwrap();
        let Taken::Runs(Found { runs, .. }) = taken else { panic!("{taken:?}") };
        let taken = runs.len();
        let log = server.log();
        let explained = Explained::all(&log[seen..]);
        seen = log.len();
        let nodes: Vec<_> = explained.iter().flat_map(|found| nodes(&found.plan)).collect();
        let claimable = |node: &&&Value| node["Index Name"] == "open_queue_runs_claimable";
        let visits: u64 = nodes.iter().map(|node| count(node, "Heap Fetches")).sum();
        (taken, visits, nodes.iter().filter(claimable).map(|node| pages(node)).sum::<u64>())
    };
    let wait_since = |hours: &str| server.sql(&database, &ONE.replace("HOURS", hours));
    wait_since("0");
    let (taken, visits, _) = take().await;
    assert!(taken == 1 && visits > 20_000, "{taken} of {visits}");
    // What such a claim takes with many more of these.
    let slow = floor::Walked {
        dead: i64::MAX,
        oldest: chrono::Utc::now(),
        at: chrono::Utc::now(),
        to_the_end: true,
        taken: 0,
        took: Duration::from_secs(60),
    };
    let now = std::time::Instant::now;
    assert!(store.floor.walked(Uuid::nil(), None, &slow, now()));
    wait_since("0");
    wait_since("2");
    let (taken, visits, pages) = take().await;
    assert!(taken == 1 && visits < 100 && pages > 100, "{taken} of {visits}, {pages} pages");
    // Where the claim names project, job and rank the search begins at the time, and other projects are still found.
    let now_at = chrono::Utc::now();
    let head = (Uuid::from_u128(0x7000_8000_0000_0000_0001), "job".into(), 9);
    store.floor.found(vec![(head, now_at)], now_at);
    wait_since("0");
    for other in ["000000000000", "000000000002"] {
        let other = ONE.replace("HOURS", "0").replace("000000000001", other);
        server.sql(&database, &other);
    }
    let (taken, visits, pages) = take().await;
    assert!(taken == 3 && visits < 100 && pages < 50, "{taken} of {visits}, {pages} pages");
    let since = store.floor.start(Uuid::nil(), now()).head_since;
    assert!(since.len() == 1 && since[0] > now_at - chrono::TimeDelta::seconds(2), "{since:?}");
    let quicker = floor::Walked { took: Duration::from_millis(100), ..slow };
    store.floor.walked(Uuid::nil(), None, &quicker, now());
    let pause = store.next_queued(&[], &[]).await.unwrap().unwrap();
    assert!(pause <= Duration::from_secs(1), "{pause:?}");
    while take().await.0 == 0 {}
}

/// 20,000 runs of each kind, those of a queue with a key. Autovacuum would make statistics in between.
const MANY: &str = "
    ALTER TABLE open_runs SET (autovacuum_enabled = off);
    ALTER TABLE open_queue_runs SET (autovacuum_enabled = off);
    INSERT INTO projects (id, slug, name) VALUES ('00000000-0000-7000-8000-000000000001', 'p', 'p');
    INSERT INTO open_runs (id, job_type, project_id, state, max_attempts, trace_id)
    SELECT gen_random_uuid(), 'job_' || n, '00000000-0000-7000-8000-000000000001', 'available', 3, gen_random_uuid()
    FROM generate_series(1, 20000) n;
    INSERT INTO open_queue_runs (id, job_type, project_id, state, max_attempts, trace_id, key)
    SELECT id, job_type, project_id, state, max_attempts, trace_id, 'k' FROM open_runs";
/// All of them have ended, and statistics say so. Then 100 of each kind are under way; behind each of a queue another
/// one of its key waits. 200 schedules are due, half of them with a run that is under way.
const UNDER_WAY: &str = "
    DELETE FROM open_runs;
    DELETE FROM open_queue_runs;
    ANALYZE open_runs, open_queue_runs;
    INSERT INTO open_runs (id, job_type, project_id, state, attempt, max_attempts, trace_id, lease_owner,
        lease_until, started_at)
    SELECT ('00000000-0000-7000-8001-' || lpad(n::text, 12, '0'))::uuid, 'job_' || n,
        '00000000-0000-7000-8000-000000000001', 'running', 1, 3, gen_random_uuid(), 'w',
        now() + interval '1 hour', now()
    FROM generate_series(1, 100) n;
    INSERT INTO open_queue_runs (id, job_type, project_id, state, attempt, max_attempts, trace_id, lease_owner,
        lease_until, started_at, key)
    SELECT id, job_type, project_id, state, attempt, max_attempts, trace_id, lease_owner, lease_until, started_at, 'k'
    FROM open_runs;
    INSERT INTO open_queue_runs (id, job_type, project_id, state, max_attempts, trace_id, key, behind)
    SELECT gen_random_uuid(), job_type, project_id, 'available', max_attempts, gen_random_uuid(), key, true
    FROM open_queue_runs;
    INSERT INTO run_requests (run_id, job_type, project_id, key)
    SELECT id, job_type, project_id, key FROM open_queue_runs;
    INSERT INTO scheduled_jobs (id, job_type, project_id, schedule, max_attempts, next_run_at)
    SELECT gen_random_uuid(), 'job_' || n, '00000000-0000-7000-8000-000000000001', 'every 1h', 3,
        CASE WHEN n <= 200 THEN now() END
    FROM generate_series(1, 201) n";

#[tokio::test]
async fn while_dead_rows_are_kept_runs_are_found_by_their_ids_whatever_statistics_say() {
    runs_are_found_by_their_ids_beside(20_000, 2_000).await;
}

/// Where the indexes of a table are of the same height the planner takes them to cost the same. Of schedules' runs, an
/// index that begins with the project also has the id in its key, and may be taken then.
#[tokio::test]
async fn beside_fewer_dead_rows_runs_of_queues_are_found_by_their_ids_as_well() {
    runs_are_found_by_their_ids_beside(5_000, 1_500).await;
}

async fn runs_are_found_by_their_ids_beside(dead: usize, most_pages: u64) {
    let server = Postgres::start();
    let (url, database) = filled(&server, &MANY.replace("20000", &dead.to_string())).await;
    let _open = server.hold(SNAPSHOT, &database);
    server.sql(&database, UNDER_WAY);
    explain(&server, &database);
    let store = PostgresStore::connect(&url, 5).await.unwrap();
    let tuples = "SELECT reltuples, relpages > 100 FROM pg_class WHERE relname IN ('open_runs', 'open_queue_runs')";
    let tuples: Vec<(f32, bool)> = sqlx::query_as(tuples).fetch_all(store.pool()).await.unwrap();
    assert_eq!(tuples, [(0.0, true), (0.0, true)]);
    let mut seen = server.log().len();
    let mut check = |what: &str| {
        let log = server.log();
        let explained = Explained::all(&log[seen..]);
        seen = log.len();
        assert!(!explained.is_empty(), "{what}: nothing explained");
        for found in explained {
            // Whether a schedule has a run is asked by job and project: of so few either index serves as well.
            if dead >= 20_000 || !found.text.contains("worker_runs_unfinished") {
                found.check_indexes();
            }
            for node in nodes(&found.plan) {
                let kind = node["Node Type"].as_str().unwrap();
                let of_runs = ["open_runs", "open_queue_runs"];
                let of_runs = of_runs.iter().any(|table| node["Relation Name"] == *table);
                if !of_runs || kind == "ModifyTable" || kind == "Tid Scan" {
                    continue;
                }
                let place = format!("{what}: {:#}", found.plan);
                let (index, by) = (node["Index Name"].as_str(), node["Index Cond"].as_str());
                let (index, by) = (index.expect(&place), by.expect(&place));
                assert!(!by.contains("(id = ") || index.ends_with("_pkey"), "{place}");
                // A walk over the rows that are dead reads a page of the table for each.
                assert!(pages(node) < most_pages, "{place}");
            }
        }
    };
    let lease = |kind: RunKind, nth: u32| Lease {
        run_id: format!("00000000-0000-7000-8001-{nth:012}").parse().unwrap(),
        kind,
        attempt: 1,
        owner: "w".into(),
    };
    let project_id = Uuid::from_u128(0x7000_8000_0000_0000_0001);
    let kinds = if dead < 20_000 { &[RunKind::Queue][..] } else { &RunKind::ALL[..] };
    if kinds.contains(&RunKind::Schedule) {
        assert_eq!(hot_verbs::fire(&store, 500).await, 100);
        check("due and insert_runs");
        let waits = hot_verbs::request(&store, "job_101", project_id).await;
        assert!(matches!(waits, Inserted::Waits(_)), "{waits:?}");
        check("insert_runs where one waits");
        assert_eq!(hot_verbs::begin(&store, "job_201", project_id).await.len(), 1);
        check("begin_runs");
    }
    for &kind in kinds {
        let held: Vec<_> = (1..=100).map(|nth| HeldLease::begun(&lease(kind, nth))).collect();
        let renewed = store.renew(&held, Duration::from_secs(30)).await.unwrap();
        assert_eq!(renewed, vec![Renewal::Held; 100]);
        check("renew");
        let end = |nth: u32| EndWithEvent {
            end: hot_verbs::completed(lease(kind, nth)),
            project_id,
            text: (r#"{"at":""#.into(), r#""}"#),
        };
        // Events come in the order in which the ends were told, whatever the order of the ids.
        let ends: Vec<_> = (51..=100).rev().map(end).collect();
        let events = store.end_with_events(&ends).await.unwrap();
        let ids: Vec<_> = events.iter().map(|event| event.as_ref().unwrap().id).collect();
        assert!(ids.is_sorted(), "{ids:?}");
        check("end_with_events");
        let mut tx = store.begin(Connections::Queue).await.unwrap();
        let again = |nth: u32| hot_verbs::again(lease(kind, nth));
        let moved = tx.requeue(&[again(2), again(1)]).await.unwrap();
        assert!(moved.iter().all(Option::is_some));
        check("requeue");
        if kind == RunKind::Queue {
            let new = [request("job_3", project_id), request("job_4", project_id)];
            tx.go_before_later(&new).await.unwrap();
            check("queue_lock_keys");
            assert_eq!(tx.insert_requests(&new, false).await.unwrap(), [true, true]);
            check("queue_insert");
            tx.lock_key_of(lease(kind, 5).run_id).await.unwrap();
            check("queue_lock_key_of");
        }
        let ends: Vec<_> =
            (3..=50).rev().map(|nth| hot_verbs::completed(lease(kind, nth))).collect();
        assert!(tx.end_runs(&ends).await.unwrap().iter().all(Option::is_some));
        check("end_runs");
        if kind == RunKind::Queue {
            let ended: Vec<_> = (3..=50).map(|nth| lease(kind, nth).run_id).collect();
            tx.advance_keys(&ended).await.unwrap();
            check("queue_advance");
        }
        tx.commit().await.unwrap();
    }
}

/// A request for a run of the key.
fn request(job: &str, project_id: Uuid) -> NewRequest {
    let (id, payload) = (Uuid::now_v7(), Payload::default());
    let run = NewRun { id, job_type: job.into(), project_id, max_attempts: 3, payload };
    let (key, args, asked_by) = (Some("k".into()), json!({}), None);
    let request = RunRequest { key, args, priority: 0, run_at: None, asked_by, tags: Vec::new() };
    NewRequest { run, request, after: None }
}
