//! A run is queued behind the first run of its key while that one ends: either the end sees it, or it is made after the end.

use cascade_model::{Lease, Payload, RunKind, RunRequest, RunState};
use cascade_test_servers::Postgres;
use serde_json::json;
use tokio::task::JoinHandle;

use super::{filled::filled, *};
use crate::{NewRequest, NewRun, Queries, Tx};

const PROJECT: Uuid = Uuid::from_u128(0x7000_8000_0000_0000_0001);

/// A job, and what three runs of one key were asked for, by their numbers. The third has failed.
const RUNS: &str = "
    INSERT INTO projects (id, slug, name) VALUES ('00000000-0000-7000-8000-000000000001', 'one', 'One');
    INSERT INTO scheduled_jobs (id, job_type, project_id, max_attempts)
    VALUES (gen_random_uuid(), 'job', '00000000-0000-7000-8000-000000000001', 3);
    INSERT INTO run_requests (run_id, job_type, project_id, key)
    SELECT ('00000000-0000-7000-8001-' || lpad(n::text, 12, '0'))::uuid, 'job',
        '00000000-0000-7000-8000-000000000001', 'k'
    FROM generate_series(1, 3) n;
    INSERT INTO ended_queue_runs (id, job_type, project_id, state, attempt, max_attempts, trace_id, finished_at)
    SELECT run_id, job_type, project_id, 'failed', 1, 3, run_id, now() FROM run_requests
    WHERE run_id = '00000000-0000-7000-8001-000000000003'";

fn id(nth: u32) -> Uuid {
    format!("00000000-0000-7000-8001-{nth:012}").parse().unwrap()
}

struct Runs {
    store: PostgresStore,
    _server: Postgres,
}

impl Runs {
    async fn new() -> Self {
        let server = Postgres::start();
        let (url, _) = filled(&server, RUNS).await;
        Self { store: PostgresStore::connect(&url, 10).await.unwrap(), _server: server }
    }

    /// A run of the key is under way, or waits behind others.
    async fn there(&self, nth: u32, behind: bool) {
        let (state, owner) = if behind { ("available", None) } else { ("running", Some("w")) };
        let text = "INSERT INTO open_queue_runs (id, job_type, project_id, state, attempt, max_attempts, trace_id,
                key, behind, lease_owner, lease_until)
            VALUES ($1, 'job', $2, $3, $4, 3, $1, 'k', $5, $6, now() + interval '1 hour')";
        let there = sqlx::query(text).bind(id(nth)).bind(PROJECT).bind(state);
        let there = there.bind(i32::from(!behind)).bind(behind).bind(owner);
        there.execute(self.store.pool()).await.unwrap();
    }

    async fn begin(&self) -> Box<dyn Tx> {
        self.store.begin(Connections::Shared).await.unwrap()
    }

    /// A transaction that has ended a run and let the next of its key go ahead.
    async fn ended(&self, nth: u32) -> Box<dyn Tx> {
        let mut tx = self.begin().await;
        let lease = Lease { run_id: id(nth), kind: RunKind::Queue, attempt: 1, owner: "w".into() };
        assert!(tx.end_runs(&[crate::hot_verbs::completed(lease)]).await.unwrap()[0].is_some());
        tx.advance_keys(&[id(nth)]).await.unwrap();
        tx
    }

    fn ends(self: &Arc<Self>, nth: u32) -> JoinHandle<()> {
        let runs = self.clone();
        tokio::spawn(async move { runs.ended(nth).await.commit().await.unwrap() })
    }

    /// Returns once it is done, or so many transactions wait for the locks of others.
    async fn goes_on<T>(&self, work: &JoinHandle<T>, waiting: i64) {
        let text = "SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let count = async || sqlx::query_scalar::<_, i64>(text).fetch_one(self.store.pool()).await;
        while !work.is_finished() && count().await.unwrap() < waiting {}
    }

    /// The runs of the key that have not ended, by whether they are behind; none of them waits for nothing.
    async fn left(&self) -> Vec<(Uuid, bool)> {
        let left = "SELECT id, behind FROM open_queue_runs WHERE key = 'k' ORDER BY behind, id";
        let left = sqlx::query_as(left).fetch_all(self.store.pool()).await.unwrap();
        assert!(self.store.keys_with_room(10).await.unwrap().is_empty(), "{left:?}");
        left
    }
}

fn request() -> NewRequest {
    let run = NewRun {
        id: Uuid::now_v7(),
        job_type: "job".into(),
        project_id: PROJECT,
        max_attempts: 3,
        payload: Payload::default(),
    };
    let (key, args, asked_by) = (Some("k".into()), json!({}), None);
    let request = RunRequest { key, args, priority: 0, run_at: None, asked_by, tags: Vec::new() };
    NewRequest { run, request, after: None }
}

#[tokio::test]
async fn the_end_of_a_run_that_became_first_after_the_locks_waits_for_who_goes_behind_it() {
    let runs = Arc::new(Runs::new().await);
    let new = request();
    let mut asks = runs.begin().await;
    asks.go_before_later(std::slice::from_ref(&new)).await.unwrap();
    runs.there(1, false).await;
    assert_eq!(asks.insert_requests(std::slice::from_ref(&new), false).await.unwrap(), [true]);
    let ends = runs.ends(1);
    runs.goes_on(&ends, 1).await;
    asks.commit().await.unwrap();
    ends.await.unwrap();
    assert_eq!(runs.left().await, [(new.run.id, false)]);
}

#[tokio::test]
async fn a_run_is_not_made_behind_one_that_is_being_ended_until_that_has_ended() {
    let runs = Arc::new(Runs::new().await);
    let new = [request(), request()];
    let mut asks = runs.begin().await;
    asks.go_before_later(&new).await.unwrap();
    runs.there(1, false).await;
    let ends = runs.ended(1).await;
    assert_eq!(asks.insert_requests(&new, false).await.unwrap(), [false, false]);
    ends.commit().await.unwrap();
    asks.go_before_later(&new).await.unwrap();
    assert_eq!(asks.insert_requests(&new, false).await.unwrap(), [true, true]);
    asks.commit().await.unwrap();
    let [first, second] = new.map(|one| one.run.id);
    assert_eq!(runs.left().await, [(first, false), (second, true)]);
}

#[tokio::test]
async fn a_run_that_is_tried_again_waits_for_the_end_that_it_would_be_behind() {
    let runs = Arc::new(Runs::new().await);
    let mut tries = runs.begin().await;
    let failed = tries.lock_run(id(3)).await.unwrap().unwrap();
    tries.lock_key_of(id(3)).await.unwrap();
    runs.there(1, false).await;
    let ends = runs.ended(1).await;
    let again = crate::RunRow { state: RunState::Available, ..failed };
    let tries = tokio::spawn(async move {
        assert!(tries.save_run(RunState::Failed, &again).await.unwrap());
        tries.commit().await.unwrap();
    });
    runs.goes_on(&tries, 1).await;
    ends.commit().await.unwrap();
    tries.await.unwrap();
    assert_eq!(runs.left().await, [(id(3), false)]);
}

#[tokio::test]
async fn an_application_asks_while_one_run_of_the_key_ends_after_another() {
    let runs = Arc::new(Runs::new().await);
    // A request stops before it writes its run, until the test goes on.
    let stop = "CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS '
            BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NEW; END';
        CREATE TRIGGER stop BEFORE INSERT ON open_queue_runs FOR EACH ROW WHEN (NEW.state = 'available')
            EXECUTE FUNCTION stop()";
    runs.there(1, false).await;
    runs.there(2, true).await;
    sqlx::raw_sql(stop).execute(runs.store.pool()).await.unwrap();
    let mut test = runs.store.pool().begin().await.unwrap();
    sqlx::query("SELECT pg_advisory_xact_lock(1)").execute(&mut *test).await.unwrap();
    let mut first = runs.ended(1).await;
    let begins =
        "UPDATE queue_runs SET state = 'running', attempt = 1, lease_owner = 'w' WHERE id = $1";
    let begins = cascade_sdk::sql(begins).bind(id(2));
    assert_eq!(first.execute(&begins).await.unwrap(), 1);
    let pool = runs.store.pool().clone();
    let asks = tokio::spawn(async move {
        let ask = "SELECT cascade_enqueue('job', 'one', key => 'k')";
        sqlx::query_scalar::<_, Uuid>(ask).fetch_one(&pool).await.unwrap()
    });
    runs.goes_on(&asks, 1).await;
    first.commit().await.unwrap();
    // It has found the second by now.
    let stopped =
        "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)";
    let stopped =
        async || sqlx::query_scalar::<_, bool>(stopped).fetch_one(runs.store.pool()).await;
    while !stopped().await.unwrap() {}
    let ends = runs.ends(2);
    runs.goes_on(&ends, 2).await;
    test.commit().await.unwrap();
    let new = asks.await.unwrap();
    ends.await.unwrap();
    assert_eq!(runs.left().await, [(new, false)]);
}

/// What a version before migration 430 may leave.
#[tokio::test]
async fn a_run_that_is_behind_none_is_found_and_goes_ahead() {
    let runs = Runs::new().await;
    runs.there(1, true).await;
    runs.there(2, true).await;
    let stuck = runs.store.keys_with_room(10).await.unwrap();
    assert_eq!(stuck.len(), 1, "one of each key");
    let mut tx = runs.begin().await;
    tx.advance_keys(&stuck).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(runs.left().await, [(id(1), false), (id(2), true)]);
}
