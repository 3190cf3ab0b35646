use cascade_test_servers::{PgBouncer, Postgres};
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::*;
use crate::{Inserted, Queries, RunFilter, ScheduleFilter, StoreError, hot_verbs, old_beside_new};
use cascade_model::{RunState, Visible};

async fn store(server: &Postgres) -> PostgresStore {
    PostgresStore::connect(&server.database(), 10).await.unwrap()
}

#[tokio::test]
async fn ten_processes_that_start_together_migrate_once() {
    let server = Postgres::start();
    let url = server.database();
    let start = || async {
        let store = PostgresStore::connect(&url, 2).await.unwrap();
        store.migrate(&[]).await.unwrap();
        hot_verbs::schedules(&store).await;
    };
    futures::future::join_all((0..10).map(|_| start())).await;
    let store = PostgresStore::connect(&url, 2).await.unwrap();
    assert_eq!(store.projects(&Visible::All).await.unwrap().len(), 2);
    assert_eq!(store.scheduled(&ScheduleFilter::of(Visible::All)).await.unwrap().len(), 6);
}

/// What a binary of the first edition does at its start and at each save of jobs.toml.
#[tokio::test]
async fn the_first_edition_starts_beside_the_newer_schema() {
    let server = Postgres::start();
    let store = store(&server).await;
    store.migrate(&[]).await.unwrap();
    old_beside_new::first_edition("postgres").await.run(store.pool()).await.unwrap();
    old_beside_new::newer_versions_and_contracts(&store).await;
}

/// How a process of the first edition, and one that knows migration 120, name their connections.
#[tokio::test]
async fn a_contraction_waits_for_older_processes_to_end_and_keeps_them_out() {
    let server = Postgres::start();
    let url = server.database();
    let store = PostgresStore::connect(&url, 2).await.unwrap();
    store.migrate(&[]).await.unwrap();
    // Neither is older.
    let named = async |name: &str| {
        let url = format!("{url}?application_name={}", name.replace(' ', "%20"));
        PgConnection::connect(&url).await.unwrap()
    };
    let _beside = (named("cascade 999999").await, named("cascade of another kind").await);
    for name in ["cascade", "cascade 120"] {
        let older = named(name).await;
        let error = store.contract().await.unwrap_err();
        assert!(matches!(&error, StoreError::InUse(who) if who.contains(&format!(", {name},"))));
        older.close().await.unwrap();
        let gone = "SELECT NOT EXISTS (SELECT FROM pg_stat_activity
            WHERE datname = current_database() AND application_name = $1)";
        let gone = || sqlx::query_scalar::<_, bool>(gone).bind(name).fetch_one(store.pool());
        while !gone().await.unwrap() {}
    }
    old_beside_new::contracts(&store, "postgres").await;
    let first_edition = old_beside_new::first_edition("postgres").await;
    let refused = first_edition.run(store.pool()).await.unwrap_err().to_string();
    assert!(refused.contains("migration 9 was previously applied but is missing"), "{refused}");
    PostgresStore::connect(&url, 2).await.unwrap().migrate(&[]).await.unwrap();
}

#[tokio::test]
async fn a_migration_lock_that_was_left_behind_is_named_and_waited_for() {
    let server = Postgres::start();
    let store = store(&server).await;
    // As the first edition took it: by a session, which a pooler kept.
    let mut left = store.pool().acquire().await.unwrap();
    let pid = process(&mut left).await;
    let lock = "SELECT pg_advisory_lock(hashtext('cascade.migrate'))";
    sqlx::query(lock).execute(&mut *left).await.unwrap();
    let mut other = store.pool().acquire().await.unwrap();
    let holder = migrate::holder(&mut other).await.unwrap().unwrap();
    let name =
        format!("process {pid}, cascade {}, role postgres", expand::newest(expand::POSTGRES));
    assert!(holder.starts_with(&name), "{holder}");
    let waiting = tokio::spawn({
        let store = store.clone();
        async move { store.migrate(&[]).await }
    });
    let tried = "SELECT EXISTS (SELECT FROM pg_stat_activity
        WHERE query LIKE '%pg_try_advisory_xact_lock%' AND pid <> pg_backend_pid())";
    while !sqlx::query_scalar::<_, bool>(tried).fetch_one(&mut *other).await.unwrap() {}
    assert!(!waiting.is_finished());
    let end = "SELECT pg_terminate_backend($1)";
    sqlx::query(end).bind(pid).execute(&mut *other).await.unwrap();
    waiting.await.unwrap().unwrap();
    assert_eq!(migrate::holder(&mut other).await.unwrap(), None, "it is not left behind");
}

#[tokio::test]
async fn a_transaction_pooler_is_named_whatever_it_lets_through() {
    let server = Postgres::start();
    server.database();
    let lets_through = ("ignore_startup_parameters", "extra_float_digits,options");
    let session = "connect_query='SET idle_in_transaction_session_timeout=\'\'15s\'\''";
    for (database, settings, sign) in [
        ("", &[][..], "refuses the settings"),
        ("", &[lets_through][..], "drops the settings"),
        (session, &[lets_through][..], "one server process answers on several connections"),
        (session, &[lets_through, ("server_round_robin", "1")][..], "one server process"),
    ] {
        let bouncer = PgBouncer::start(&server, database, settings);
        let opened = PostgresStore::connect(&bouncer.url("cascade_0"), 2).await;
        let Err(error) = opened else { panic!("{sign}: a pooler was not found") };
        assert!(matches!(error, StoreError::Pooler(_)), "{error}");
        assert!(error.to_string().contains(sign), "{error}");
    }
    assert!(PostgresStore::connect(&server.url("cascade_0"), 2).await.is_ok());
}

/// The server process behind a connection.
async fn process(connection: &mut PgConnection) -> i32 {
    sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(connection).await.unwrap()
}

#[tokio::test]
async fn a_kept_connection_is_used_again_and_given_up_when_it_is_broken() {
    let server = Postgres::start();
    let store = store(&server).await;
    store.migrate(&[]).await.unwrap();
    let mut kept = store.kept.acquire().await.unwrap();
    let first = process(&mut kept).await;
    kept.keep();
    assert_eq!(store.pools()[1].idle, 1, "it is not in use");
    let mut kept = store.kept.acquire().await.unwrap();
    assert_eq!(process(&mut kept).await, first);
    kept.keep();
    sqlx::query("SELECT pg_terminate_backend($1, 10000)")
        .bind(first)
        .execute(store.pool())
        .await
        .unwrap();
    let one = async || store.soonest("w", &[], &[]).await;
    assert!(one().await.is_err(), "nobody asked it whether it is still there");
    assert!(one().await.is_ok(), "it did not come back");
}

#[tokio::test]
async fn the_first_run_that_is_asked_for_finds_connections_open_and_plans_made() {
    let server = Postgres::start();
    let store = store(&server).await;
    store.migrate(&[]).await.unwrap();
    hot_verbs::schedules(&store).await;
    store.warm_up().await.unwrap();
    assert_eq!(store.pools()[1].size, MOST_OF_QUEUE);
    let planned = async || {
        let mut kept = store.kept.acquire().await.unwrap();
        let count =
            "SELECT count(*) FROM pg_prepared_statements WHERE statement NOT LIKE 'SELECT count%'";
        let count: i64 = sqlx::query_scalar(count).fetch_one(&mut *kept).await.unwrap();
        kept.keep();
        count
    };
    let before = planned().await;
    let project = store.projects(&Visible::All).await.unwrap()[0].id;
    assert_eq!(hot_verbs::request(&store, "up", project).await, Inserted::Made);
    assert_eq!(planned().await, before);
}

/// Whoever has locked a schedule does not wait for one who is about to lock it: the end of a run waits for
/// the schedules that it triggers.
#[tokio::test]
async fn a_request_waits_for_no_run_that_is_being_ended_or_locked() {
    let server = Postgres::start();
    let store = store(&server).await;
    store.migrate(&[]).await.unwrap();
    hot_verbs::schedules(&store).await;
    let project = store.projects(&Visible::All).await.unwrap()[0].id;
    let request = async |job| {
        let request = hot_verbs::request(&store, job, project);
        tokio::time::timeout(Duration::from_secs(10), request).await.expect("it waits")
    };
    let runs = hot_verbs::claim(&store, "w", 10).await;
    let up = runs.iter().find(|run| run.project.id == project).unwrap();
    let mut ending = store.begin(Connections::Shared).await.unwrap();
    assert!(ending.end_runs(&[hot_verbs::end(up)]).await.unwrap()[0].is_some());
    assert_eq!(request("up").await, Inserted::Busy);
    ending.commit().await.unwrap();
    assert_eq!(request("up").await, Inserted::Made);
    let Inserted::Waits(waits) = request("up").await else { panic!("nobody has taken it") };
    let mut locked = store.begin(Connections::Shared).await.unwrap();
    assert_eq!(locked.lock_run(waits.id).await.unwrap(), Some(*waits));
    assert_eq!(request("up").await, Inserted::Busy);
}

/// Ids are given in the order of commits: a transaction that is open while a later one commits gets
/// the greater id, and whoever has seen the lesser one asks for what is greater.
#[tokio::test]
async fn an_event_that_commits_late_is_not_lost_to_a_reader_that_has_gone_past() {
    let server = Postgres::start();
    let store = store(&server).await;
    store.migrate(&[]).await.unwrap();
    let insert = "INSERT INTO pending_events (project_id, kind, payload, at)
                  VALUES (gen_random_uuid(), 'job_completed', '{}', now()) RETURNING key";
    let mut slow = store.pool().begin().await.unwrap();
    let early: i64 = sqlx::query(insert).fetch_one(&mut *slow).await.unwrap().get("key");
    let late: i64 = sqlx::query(insert).fetch_one(store.pool()).await.unwrap().get("key");
    assert!(early < late);
    let seen: Vec<_> = store.number_events().await.unwrap().iter().map(|e| e.id).collect();
    assert_eq!(seen, [1]);
    slow.commit().await.unwrap();
    // Two hubs at once number it once.
    let (a, b) = tokio::join!(store.number_events(), store.number_events());
    assert_eq!(a.unwrap().len() + b.unwrap().len(), 1);
    let rest: Vec<_> = store.events_after(1, 10).await.unwrap().iter().map(|e| e.id).collect();
    assert_eq!(rest, [2], "each once");
}

/// The claim looks at each waiting project through the index, not at each waiting run.
#[tokio::test]
async fn a_claim_on_a_long_queue_reads_the_index_only() {
    let server = Postgres::start();
    let store = store(&server).await;
    store.migrate(&[]).await.unwrap();
    hot_verbs::schedules(&store).await;
    sqlx::raw_sql(
        "INSERT INTO worker_runs (id, job_type, project_id, state, max_attempts, trace_id)
         SELECT gen_random_uuid(), 'job_' || n, p.id, 'available', 1, gen_random_uuid()
         FROM generate_series(1, 20000) n, projects p WHERE p.slug = 'one';
         ANALYZE worker_runs;",
    )
    .execute(store.pool())
    .await
    .unwrap();
    let plan: Vec<String> = sqlx::query_scalar(
        "EXPLAIN SELECT id FROM open_runs
         WHERE project_id = (SELECT id FROM projects WHERE slug = 'one')
           AND state <> 'running' AND available_at <= now()
         ORDER BY available_at, id LIMIT 10",
    )
    .fetch_all(store.pool())
    .await
    .unwrap();
    let plan = plan.join("\n");
    assert!(plan.contains("worker_runs_claimable") && !plan.contains("Sort"), "{plan}");
}

async fn explained(store: &PostgresStore, filter: &RunFilter) -> String {
    let query = crate::portable::page_query(store.database().dialect(), filter);
    plan_of(store, query).await
}

async fn plan_of(store: &PostgresStore, mut query: cascade_sdk::Statement) -> String {
    let database = store.database();
    query.sql.to_mut().insert_str(0, "EXPLAIN ");
    let rows = database.query(query).await.unwrap();
    rows.iter().filter_map(|row| row["QUERY PLAN"].as_str()).collect::<Vec<_>>().join("\n")
}

/// Pages come of an index without a sort, and what they are mostly filtered by is in it.
#[tokio::test]
async fn a_page_of_many_runs_reads_an_index_only() {
    let server = Postgres::start();
    let store = store(&server).await;
    store.migrate(&[]).await.unwrap();
    hot_verbs::schedules(&store).await;
    sqlx::raw_sql(
        "INSERT INTO worker_runs (id, job_type, project_id, state, max_attempts, trace_id, queued_at)
         SELECT gen_random_uuid(), 'up', p.id, 'completed', 1, gen_random_uuid(),
                now() - make_interval(secs => n)
         FROM generate_series(1, 20000) n, projects p WHERE p.slug = 'one'",
    )
    .execute(store.pool())
    .await
    .unwrap();
    sqlx::raw_sql("VACUUM ANALYZE worker_runs").execute(store.pool()).await.unwrap();
    let one = store.projects(&Visible::All).await.unwrap().remove(0).id;
    for filter in [
        RunFilter::default(),
        RunFilter { page: 3, ..Default::default() },
        RunFilter { job_types: vec!["up".into()], ..Default::default() },
        RunFilter { visible: Visible::Only(vec![one]), ..Default::default() },
        RunFilter { states: vec![RunState::Completed], ..Default::default() },
    ] {
        let plan = explained(&store, &filter).await;
        let inner = plan.split("HashAggregate").nth(1).unwrap_or(&plan);
        assert!(inner.contains("Index Only Scan Backward using ended_runs_queued"), "{plan}");
        assert!(!plan.contains("Seq Scan on ended_runs"), "{plan}");
        let dialect = store.database().dialect();
        let counted = crate::portable::histogram_query(dialect, &filter, chrono::Utc::now(), 1000);
        let plan = plan_of(&store, counted).await;
        assert!(plan.contains("Index Only Scan Backward using ended_runs_queued"), "{plan}");
        assert!(!plan.contains("Seq Scan on ended_runs"), "{plan}");
    }
    let trace = RunFilter { trace_id: Some(Uuid::now_v7()), ..Default::default() };
    let plan = explained(&store, &trace).await;
    for index in ["ended_runs_pkey", "worker_runs_of_trace"] {
        assert!(plan.contains(index), "{plan}");
    }
}

/// Whatever a database sets for the sessions of its clients, statements mean the same.
#[tokio::test]
async fn defaults_of_the_database_change_nothing() {
    let server = Postgres::start();
    let url = server.database();
    let admin = PostgresStore::connect(&url, 2).await.unwrap();
    let name: String =
        sqlx::query_scalar("SELECT current_database()").fetch_one(admin.pool()).await.unwrap();
    let defaults = [
        ("default_transaction_isolation", "serializable"),
        ("default_transaction_read_only", "on"),
        ("default_transaction_deferrable", "on"),
        ("statement_timeout", "1ms"),
        ("lock_timeout", "1ms"),
        ("standard_conforming_strings", "off"),
        ("transform_null_equals", "on"),
        ("idle_in_transaction_session_timeout", "1ms"),
        ("timezone", "Asia/Kolkata"),
        ("datestyle", "German"),
    ];
    for (setting, value) in defaults {
        let set = format!("ALTER DATABASE \"{name}\" SET {setting} = '{value}'");
        sqlx::raw_sql(sqlx::AssertSqlSafe(set)).execute(admin.pool()).await.unwrap();
    }
    let store = PostgresStore::connect(&url, 4).await.unwrap();
    store.migrate(&[]).await.unwrap();
    hot_verbs::schedules(&store).await;
    store.warm_up().await.unwrap();
    let settings = "SELECT current_setting('transaction_isolation') AS isolation,
                        current_setting('statement_timeout') AS time, current_setting('timezone') AS zone,
                        'a\\b' AS text, current_setting('transaction_read_only') AS read_only";
    let expected = serde_json::json!({
        "isolation": "read committed", "time": "0", "zone": "UTC", "text": "a\\b", "read_only": "off",
    });
    for pool in [&store.pool, &store.queue] {
        let row = sqlx::query(settings).fetch_one(pool).await.unwrap();
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(row.get::<&str, _>(name.as_str()), value.as_str().unwrap(), "{name}");
        }
    }
    let seen = store.database().query(cascade_sdk::sql(settings)).await.unwrap();
    assert_eq!(
        serde_json::Value::from(seen[0].clone()),
        expected,
        "what a plugin's statement sees"
    );
    // Four workers, none of which takes what another has, and none of which fails.
    hot_verbs::fire(&store, 500).await;
    let workers = ["w1", "w2", "w3", "w4"].map(|owner| hot_verbs::take(&store, owner, 10));
    assert_eq!(futures::future::join_all(workers).await.concat().len(), 2);
}

#[tokio::test]
async fn an_application_asks_for_runs_in_its_own_transaction() {
    let server = Postgres::start();
    let store = store(&server).await;
    store.migrate(&[]).await.unwrap();
    crate::hot_verbs::schedules(&store).await;
    let ask = "SELECT cascade_enqueue('last', 'one', '{\"n\": 1}', key => 'k', priority => 3)";
    let waiting = async || {
        let rows = "SELECT r.id, r.behind, q.args, q.asked_by FROM open_queue_runs r
             JOIN run_requests q ON q.run_id = r.id ORDER BY r.behind";
        let rows = sqlx::query_as::<_, (Uuid, bool, String, String)>(rows);
        rows.fetch_all(store.pool()).await.unwrap()
    };
    let mut undone = store.pool().begin().await.unwrap();
    sqlx::query_scalar::<_, Uuid>(ask).fetch_one(&mut *undone).await.unwrap();
    undone.rollback().await.unwrap();
    assert_eq!(waiting().await, []);

    let first: Uuid = sqlx::query_scalar(ask).fetch_one(store.pool()).await.unwrap();
    let second: Uuid = sqlx::query_scalar(ask).fetch_one(store.pool()).await.unwrap();
    assert_eq!(first.get_version_num(), 7);
    let found = waiting().await;
    let places: Vec<_> = found.iter().map(|(id, behind, ..)| (*id, *behind)).collect();
    assert_eq!(places, [(first, false), (second, true)]);
    assert_eq!(found[0].2, "{\"n\": 1}");
    assert!(found[0].3.starts_with("sql "), "{}", found[0].3);

    let tagged =
        "SELECT cascade_enqueue('last', 'one', NULL, NULL, NULL, NULL, ARRAY['eu', 'b', 'eu'])";
    let tagged: Uuid = sqlx::query_scalar(tagged).fetch_one(store.pool()).await.unwrap();
    let tags = "SELECT tag FROM run_tags WHERE run_id = $1 ORDER BY tag";
    let tags: Vec<String> =
        sqlx::query_scalar(tags).bind(tagged).fetch_all(store.pool()).await.unwrap();
    assert_eq!(tags, ["b", "eu"]);

    // The job's `key_from` and `runs_per_key`.
    let keyed = cascade_sdk::sql("INSERT INTO keyed_jobs VALUES ('down', 'of.id', 2)");
    store.database().batch(vec![keyed]).await.unwrap();
    for args in [r#"{"of": {"id": 7}}"#, r#"{"of": {"id": "7"}}"#, r#"{"of": {"id": 7}}"#, "{}"] {
        let ask = sqlx::query("SELECT cascade_enqueue('down', 'one', $1::json)").bind(args);
        ask.execute(store.pool()).await.unwrap();
    }
    let places = "SELECT q.key, r.key, r.beside, r.place::int, r.behind FROM open_queue_runs r
        JOIN run_requests q ON q.run_id = r.id WHERE r.job_type = 'down' ORDER BY r.id";
    type Place = (Option<String>, Option<String>, Option<String>, Option<i32>, bool);
    let places: Vec<Place> = sqlx::query_as(places).fetch_all(store.pool()).await.unwrap();
    let of_key = || Some("7".to_owned());
    let expected = [
        (of_key(), of_key(), None, None, false),
        (of_key(), None, of_key(), Some(1), false),
        (of_key(), of_key(), None, None, true),
        (None, None, None, None, false),
    ];
    assert_eq!(places, expected);
    // The number of one key, and a run that is held.
    let of_key = "INSERT INTO key_values (job_type, key, runs_per_key) VALUES ('down', 'one', 1)";
    let hold = "UPDATE open_queue_runs SET held_from = available_at, held_by = '1/3600000',
        held_until = now() + interval '1 hour', available_at = now() + interval '1 hour' WHERE id = $1";
    for statement in [of_key, "DELETE FROM open_queue_runs"] {
        sqlx::query(statement).execute(store.pool()).await.unwrap();
    }
    for (key, ahead) in [("one", 1), ("two", 2)] {
        let ask = "SELECT cascade_enqueue('down', 'one', '{}', key => $1)";
        let mut runs: Vec<Uuid> = Vec::new();
        for _ in 0..3 {
            let run = sqlx::query_scalar(ask).bind(key).fetch_one(store.pool()).await.unwrap();
            sqlx::query(hold).bind(run).execute(store.pool()).await.unwrap();
            runs.push(run);
        }
        let first = "SELECT r.id FROM open_queue_runs r JOIN run_requests q ON q.run_id = r.id
            WHERE q.key = $1 AND NOT r.behind ORDER BY r.id";
        let first: Vec<Uuid> =
            sqlx::query_scalar(first).bind(key).fetch_all(store.pool()).await.unwrap();
        assert_eq!(first, runs[..ahead]);
    }
    // As the host says it.
    for arg in [
        "\"\"",
        "1.5",
        "1e3",
        "-12",
        "0",
        "-0",
        "true",
        "null",
        "[1]",
        "{}",
        "999999999999999999",
        "1000000000000000000",
        "\"\\u00e9\"",
        &format!("\"{}\"", "\u{e9}".repeat(200)),
    ] {
        let told = sqlx::query_scalar("SELECT key_of_arg($1::json)").bind(arg);
        let told: Option<String> = told.fetch_one(store.pool()).await.unwrap();
        let args =
            serde_json::json!({"a": serde_json::from_str::<serde_json::Value>(arg).unwrap()});
        assert_eq!(told, cascade_model::key_of_args("a", &args), "{arg}");
    }

    for (wrong, why) in [
        ("'last', 'one', '{}', NULL, NULL, 0, ARRAY[' b']", "no space at either end"),
        ("'last', 'one', '{}', NULL, NULL, 0, ARRAY['']", "1 to 64 bytes"),
        ("'ghost', 'one'", "no enabled job \"ghost\""),
        ("'last', 'nowhere'", "no project \"nowhere\""),
        ("'last', 'one', '[1]'", "args have to be an object"),
        ("'last', 'one', key => ''", "1 to 256 bytes"),
        ("'last', 'one', priority => 10", "0 to 9"),
        ("'last', 'one', run_at => 'infinity'", "years 0000 to 9999"),
        ("'last', 'one', run_at => '-infinity'", "years 0000 to 9999"),
        ("'last', 'one', run_at => '10000-01-01 00:00:00+00'", "years 0000 to 9999"),
        ("'last', 'one', run_at => '0002-12-31 23:59:59+00 BC'", "years 0000 to 9999"),
        ("'last', 'one', '{}', NULL, 'infinity', 0, ARRAY['b']", "years 0000 to 9999"),
    ] {
        let wrong = sqlx::AssertSqlSafe(format!("SELECT cascade_enqueue({wrong})"));
        let error = sqlx::query(wrong).execute(store.pool()).await.unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }

    for at in ["9999-12-31 23:59:59.999999+00", "0001-01-01 00:00:00+00 BC"] {
        let ask = "SELECT cascade_enqueue('last', 'one', run_at => $1::text::timestamptz)";
        let run = sqlx::query_scalar(ask).bind(at).fetch_one(store.pool()).await.unwrap();
        let run = store.run(&Visible::All, run).await.unwrap().unwrap();
        assert!(cascade_model::is_kept(run.request.unwrap().run_at.unwrap()), "{at}");
    }

    // A role that is granted this alone reaches nothing else, and no temporary table misleads the function.
    let mut tx = store.pool().begin().await.unwrap();
    let as_shop =
        "CREATE ROLE shop; CREATE TEMP TABLE projects (id uuid, slug text); SET ROLE shop";
    sqlx::raw_sql(as_shop).execute(&mut *tx).await.unwrap();
    let refused = async |tx: &mut sqlx::PgConnection, text: &'static str| {
        sqlx::raw_sql("SAVEPOINT here").execute(&mut *tx).await.unwrap();
        let refused = sqlx::query(text).execute(&mut *tx).await.unwrap_err().to_string();
        sqlx::raw_sql("ROLLBACK TO here").execute(&mut *tx).await.unwrap();
        refused
    };
    assert!(refused(&mut tx, ask).await.contains("permission denied for function"));
    let grant = "RESET ROLE; SET ROLE shop";
    sqlx::raw_sql("RESET ROLE").execute(&mut *tx).await.unwrap();
    let execute = "GRANT EXECUTE ON FUNCTION
        cascade_enqueue(text, text, json, text, timestamptz, integer) TO shop";
    sqlx::raw_sql(execute).execute(&mut *tx).await.unwrap();
    sqlx::raw_sql(grant).execute(&mut *tx).await.unwrap();
    sqlx::query(ask).execute(&mut *tx).await.unwrap();
    let table = refused(&mut tx, "SELECT * FROM open_queue_runs").await;
    assert!(table.contains("permission denied"), "{table}");
}
