//! What the hot statements read of a million rows, by what the server itself says of each that it has
//! executed (`auto_explain`): the very texts, settings and cached plans that the store uses.

use cascade_model::{Lease, RunKind};
use cascade_test_servers::Postgres;
use serde_json::Value;

use super::{filled::filled, *};
use crate::{Inserted, Lost, hot_verbs};

/// The tables that grow.
const LARGE: [&str; 3] = ["scheduled_jobs", "open_runs", "ended_runs"];

/// 5,000 jobs in 200 projects. 200,000 schedules have a run that waits; of the others half are due.
const FILL: &str = "
    INSERT INTO projects (id, slug, name)
    SELECT ('00000000-0000-7000-8000-' || lpad(p::text, 12, '0'))::uuid, 'p' || p, 'p' || p
    FROM generate_series(1, 200) p;
    INSERT INTO scheduled_jobs (id, job_type, project_id, schedule, max_attempts, next_run_at)
    SELECT ('00000000-0000-7000-8001-' || lpad((j * 200 + p)::text, 12, '0'))::uuid, 'job_' || j,
           ('00000000-0000-7000-8000-' || lpad(p::text, 12, '0'))::uuid, 'every 1h', 3,
           now() + CASE WHEN j <= 1000 OR j % 2 = 0 THEN interval '1 hour' ELSE interval '-1 hour' END
    FROM generate_series(1, 5000) j, generate_series(1, 200) p;
    INSERT INTO open_runs (id, job_type, project_id, state, max_attempts, trace_id)
    SELECT id, job_type, project_id, 'available', 3, id FROM scheduled_jobs
    WHERE id <= '00000000-0000-7000-8001-000000200200'";

/// A statement that was executed, and what the server says of that.
pub(super) struct Explained {
    pub(super) text: String,
    pub(super) plan: Value,
}

impl Explained {
    /// All of a server's log.
    pub(super) fn all(log: &str) -> Vec<Self> {
        let mut lines = log.lines().peekable();
        let mut found = Vec::new();
        while let Some(line) = lines.next() {
            if !line.ends_with("plan:") {
                continue;
            }
            let mut json = String::new();
            while let Some(more) = lines.next_if(|line| line.starts_with('\t')) {
                json.push_str(more);
                json.push('\n');
            }
            let mut said: Value = serde_json::from_str(&json).unwrap();
            let text = said["Query Text"].as_str().unwrap().to_owned();
            found.push(Self { text, plan: said["Plan"].take() });
        }
        found
    }

    /// Fails where it does without an index that its header names.
    pub(super) fn check_indexes(&self) {
        let nodes = nodes(&self.plan);
        let used = |index: &str| {
            let names = |node: &Value| {
                let arbiters = node["Conflict Arbiter Indexes"].as_array();
                node["Index Name"] == index
                    || arbiters.is_some_and(|all| all.iter().any(|name| name == index))
            };
            nodes.iter().any(|node| names(node))
        };
        for index in hot_verbs::planned(&self.text).unwrap_or_default() {
            assert!(used(index), "without {index}: {}\n{:#}", self.text, self.plan);
        }
    }

    /// Fails where it reads one of `tables` from end to end, or more than twice what it is for, or without an index
    /// that its header names.
    fn check(&self, tables: &[&str]) {
        let nodes = nodes(&self.plan);
        self.check_indexes();
        let changed = nodes.iter().filter(|node| node["Node Type"] == "ModifyTable");
        let changed = changed.flat_map(|node| node["Plans"].as_array().unwrap()).map(rows);
        let returned = changed.fold(rows(&self.plan), f64::max).max(10.0);
        for node in nodes {
            if !tables.iter().any(|table| node["Relation Name"] == *table) {
                continue;
            }
            let kind = node["Node Type"].as_str().unwrap();
            if kind == "ModifyTable" {
                continue;
            }
            assert_ne!(kind, "Seq Scan", "{}\n{node:#}", self.text);
            let read = rows(node);
            assert!(read <= 2.0 * returned, "{read} for {returned}: {}\n{node:#}", self.text);
        }
    }

    /// Fails where a step goes through more than `most` rows.
    fn check_rows(&self, most: f64) {
        for node in nodes(&self.plan) {
            let read = rows(node);
            assert!(read <= most, "{read} rows: {}\n{node:#}", self.text);
        }
    }
}

/// What a step has gone through.
fn rows(node: &Value) -> f64 {
    let of = |name| node.get(name).and_then(Value::as_f64).unwrap_or(0.0);
    let read = of("Actual Rows")
        + of("Rows Removed by Filter")
        + of("Rows Removed by Index Recheck")
        + of("Rows Removed by Join Filter");
    read * of("Actual Loops")
}

/// Has the server explain what is executed from now on, in functions and triggers too, to connections that are
/// opened later.
pub(super) fn explain(server: &Postgres, database: &str) {
    for setting in [
        "session_preload_libraries = auto_explain",
        "auto_explain.log_min_duration = 0",
        "auto_explain.log_nested_statements = on",
        "auto_explain.log_analyze = on",
        "auto_explain.log_timing = off",
        "auto_explain.log_buffers = on",
        "auto_explain.log_format = json",
    ] {
        server.sql(database, &format!("ALTER DATABASE {database} SET {setting}"));
    }
}

pub(super) fn nodes(plan: &Value) -> Vec<&Value> {
    let below = plan["Plans"].as_array().into_iter().flatten().flat_map(nodes);
    std::iter::once(plan).chain(below).collect()
}

#[tokio::test]
async fn hot_statements_read_little_of_a_million_rows() {
    let server = Postgres::start();
    let (url, database) = filled(&server, FILL).await;
    server.sql(&database, "ANALYZE");
    explain(&server, &database);
    let store = PostgresStore::connect(&url, 5).await.unwrap();
    let mut seen = server.log().len();
    let mut check = |what: &str| {
        let log = server.log();
        let explained = Explained::all(&log[seen..]);
        let tables =
            |found: &&Explained| nodes(&found.plan).iter().any(|n| !n["Relation Name"].is_null());
        assert!(explained.iter().any(|found| tables(&found)), "{what}: nothing explained\n{log}");
        explained.iter().for_each(|found| found.check(&LARGE));
        seen = log.len();
    };
    let lease = Duration::from_secs(30);

    let soonest = store.soonest("w", &[], &[]).await.unwrap();
    assert_eq!(soonest, Soonest { limited: false, pause: Some(Duration::ZERO) });
    check("soonest");
    assert!(store.look("w", lease).await.unwrap().due);
    check("look");
    assert_eq!(hot_verbs::fire(&store, 500).await, 500);
    check("due_schedules");
    let runs = hot_verbs::take(&store, "w", 100).await;
    assert_eq!(runs.len(), 100);
    check("take");
    let holder = Holder { owner: "w", lease };
    assert_eq!(hot_verbs::take_within_limits(&store, &holder, 100).await.len(), 100);
    check("waiting_runs and lease_runs");
    let leases: Vec<_> = runs.iter().map(|run| HeldLease::begun(&run.lease)).collect();
    assert_eq!(store.renew(&leases, lease).await.unwrap(), vec![Renewal::Held; 100]);
    check("renew");
    hot_verbs::end_all(&store, &runs[2..]).await;
    check("end_with_events");
    let downstream = vec!["job_2000".to_owned(), "job_2001".to_owned()];
    hot_verbs::end_with_cascade(&store, &runs[0], &downstream).await;
    check("end_runs");
    hot_verbs::try_again(&store, &runs[1]).await;
    check("requeue");
    let project = runs[0].project.id;
    assert_eq!(hot_verbs::request(&store, "job_3001", project).await, Inserted::Made);
    let waits = hot_verbs::request(&store, "job_900", project).await;
    assert!(matches!(waits, Inserted::Waits(_)), "{waits:?}");
    check("insert_runs");
    assert_eq!(hot_verbs::begin(&store, "job_4001", project).await.len(), 1);
    check("begin_runs");
}

/// 2,000 runs of each kind under way, each of a different job and project, and nothing has ended yet.
const UNDER_WAY: &str = "
    INSERT INTO projects (id, slug, name)
    SELECT ('00000000-0000-7000-8000-' || lpad(p::text, 12, '0'))::uuid, 'p' || p, 'p' || p
    FROM generate_series(1, 200) p;
    INSERT INTO open_runs (id, job_type, project_id, state, attempt, max_attempts, trace_id, lease_owner,
        lease_until, started_at)
    SELECT ('00000000-0000-7000-8001-' || lpad((j * 200 + p)::text, 12, '0'))::uuid, 'job_' || j,
        ('00000000-0000-7000-8000-' || lpad(p::text, 12, '0'))::uuid, 'running', 1, 3, gen_random_uuid(), 'w',
        now() + interval '1 hour', now()
    FROM generate_series(1, 10) j, generate_series(1, 200) p;
    INSERT INTO open_queue_runs (id, job_type, project_id, state, attempt, max_attempts, trace_id, lease_owner,
        lease_until, started_at)
    SELECT id, job_type, project_id, state, attempt, max_attempts, trace_id, lease_owner, lease_until, started_at
    FROM open_runs";

#[tokio::test]
async fn a_commit_of_many_ends_looks_at_each_once() {
    let server = Postgres::start();
    let (url, database) = filled(&server, UNDER_WAY).await;
    // Plans of a table that is empty and known to be so are what the ends of a fresh database start with.
    server.sql(&database, "ANALYZE");
    explain(&server, &database);
    let store = PostgresStore::connect(&url, 5).await.unwrap();
    let mut seen = server.log().len();
    let lease = |kind: RunKind, nth: u32| Lease {
        run_id: format!("00000000-0000-7000-8001-{:012}", 201 + nth).parse().unwrap(),
        kind,
        attempt: 1,
        owner: "w".into(),
    };
    // The ids of both kinds are the same.
    let listed: Vec<_> = (0..2_000).map(|nth| lease(RunKind::Queue, nth)).collect();
    let mut tx = store.begin(Connections::Shared).await.unwrap();
    let unlisted = Lost::Unlisted { owner: "w", listed: &listed };
    assert_eq!(tx.expired_claims(unlisted).await.unwrap(), []);
    drop(tx);
    let log = server.log();
    let explained = Explained::all(&log[seen..]);
    assert!(explained.iter().any(|found| found.text.contains("it does not list")));
    explained.iter().for_each(|found| found.check_rows(2_000.0));
    seen = log.len();
    for kind in RunKind::ALL {
        for commit in 0..4 {
            let leases: Vec<_> = (0..500).map(|nth| lease(kind, commit * 500 + nth)).collect();
            let held: Vec<_> = leases.iter().map(HeldLease::begun).collect();
            let held = store.renew(&held, Duration::from_secs(30)).await.unwrap();
            assert_eq!(held, vec![Renewal::Held; 500]);
            let project_id = Uuid::nil();
            let end = |lease: Lease| EndWithEvent {
                end: hot_verbs::completed(lease),
                project_id,
                text: (r#"{"at":""#.into(), r#""}"#),
            };
            let ends: Vec<_> = leases.into_iter().map(end).collect();
            let events = store.end_with_events(&ends).await.unwrap();
            assert!(events.iter().all(Option::is_some));
            let log = server.log();
            let explained = Explained::all(&log[seen..]);
            let of_trigger = explained.iter().any(|found| found.text.contains("job_last"));
            assert!(of_trigger, "the triggers of ends are explained");
            explained.iter().for_each(|found| found.check_rows(1_000.0));
            seen = log.len();
        }
        // 2,000 ends, each of another job or project.
        store.refresh_last_ends().await.unwrap();
        let log = server.log();
        let explained = Explained::all(&log[seen..]);
        assert!(explained.iter().any(|found| found.text.contains("DELETE FROM job_last_pending")));
        explained.iter().for_each(|found| found.check_rows(2_000.0));
        seen = log.len();
    }
}
