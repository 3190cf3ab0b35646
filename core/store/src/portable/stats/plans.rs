//! What reading figures, and replacing parts, read of the two tables: the time that is asked for, by their keys.

use std::time::Duration;

use cascade_model::{StatFilter, StatGroup, StatPart, Visible};
use cascade_sdk::{Dialect, Statement};
use cascade_test_servers::Postgres;
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{query_by_group, query_by_time, write};
use crate::{Store, postgres::PostgresStore, sqlite::SqliteStore};

/// All questions, of a job and a worker too, by who may see all projects and by who may see some.
fn questions(dialect: Dialect) -> Vec<Statement> {
    let to = DateTime::UNIX_EPOCH + TimeDelta::days(400);
    let all = StatFilter {
        visible: Visible::All,
        job_type: None,
        worker: None,
        from: to - TimeDelta::minutes(10),
        to,
    };
    let some = StatFilter {
        visible: Visible::Only(vec![Uuid::from_u128(1), Uuid::from_u128(2)]),
        ..all.clone()
    };
    let one = StatFilter { job_type: Some("j".into()), worker: Some("w".into()), ..all.clone() };
    let of = |filter: &StatFilter| {
        let by = |group| query_by_group(dialect, filter, group).statement();
        let by_time = query_by_time(dialect, filter, Duration::from_secs(60)).statement();
        [by_time, by(StatGroup::Job), by(StatGroup::Project), by(StatGroup::Worker)]
    };
    let questions = [of(&all), of(&one), of(&some)].concat();
    for view in ["job_run_stats", "all_run_stats"] {
        assert!(questions.iter().any(|question| question.sql.contains(view)), "{view}");
    }
    questions
}

/// Removes what one part is to replace.
fn deletion(dialect: Dialect) -> Statement {
    let minute: DateTime<Utc> = DateTime::UNIX_EPOCH;
    let parts = [StatPart { minute, job_type: "j".into(), part: 0, cells: Vec::new() }];
    write::delete(dialect, "s", &parts)
}

async fn plan(store: &impl Store, explain: &str, mut query: Statement) -> String {
    query.sql.to_mut().insert_str(0, explain);
    let rows = store.database().query(query).await.unwrap();
    let lines = rows.iter().flat_map(|row| row.values().filter_map(|value| value.as_str()));
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn sqlite_reads_the_time_that_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("cascade.db")).await.unwrap();
    store.migrate(&[]).await.unwrap();
    for question in questions(Dialect::Sqlite) {
        let plan = plan(&store, "EXPLAIN QUERY PLAN ", question).await;
        for search in [
            "SEARCH run_stats USING PRIMARY KEY (minute>? AND minute<?)",
            "SEARCH f USING INDEX sqlite_autoindex_run_figures_1 (minute>? AND minute<?)",
        ] {
            assert!(plan.contains(search), "{plan}");
        }
        assert!(!plan.contains("SCAN run_stats") && !plan.contains("SCAN f"), "{plan}");
    }
    let plan = plan(&store, "EXPLAIN QUERY PLAN ", deletion(Dialect::Sqlite)).await;
    assert!(plan.contains("(minute=? AND job_type=? AND source=?)"), "{plan}");
}

#[tokio::test]
async fn postgres_reads_the_time_that_is_asked_for() {
    let server = Postgres::start();
    let store = PostgresStore::connect(&server.database(), 2).await.unwrap();
    store.migrate(&[]).await.unwrap();
    let fill = "
        INSERT INTO run_stats (minute, job_type, project_id, kind, bucket, source, runs, micros)
        SELECT to_timestamp(60 * n), 'j' || n % 10, gen_random_uuid(), 'wait', 0, 's', 1, 1
        FROM generate_series(1, 20000) n;
        INSERT INTO run_figures (minute, job_type, source, part, projects, kinds, buckets, runs, micros,
            sum_kinds, sum_buckets, sum_runs, sum_micros)
        SELECT minute, job_type, source, 0, array[project_id], array[kind], array[bucket], array[runs],
            array[micros], array[kind], array[bucket], array[runs], array[micros]
        FROM run_stats;
        ANALYZE run_stats, run_figures";
    sqlx::raw_sql(fill).execute(store.pool()).await.unwrap();
    for question in questions(Dialect::Postgres) {
        let plan = plan(&store, "EXPLAIN ", question).await;
        for key in ["run_stats_pkey", "run_figures_pkey"] {
            assert!(plan.contains(key), "{plan}");
        }
        for table in ["run_stats", "run_figures"] {
            assert!(!plan.contains(&format!("Seq Scan on {table}")), "{plan}");
        }
    }
    let plan = plan(&store, "EXPLAIN ", deletion(Dialect::Postgres)).await;
    assert!(plan.contains("run_figures_pkey"), "{plan}");
}
