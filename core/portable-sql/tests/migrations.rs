//! Plugin migrations: once each, in order, all or nothing.

use cascade_portable_sql::run_migrations;
use cascade_sdk::{Migration, MigrationSet};
use sqlx::{Connection, SqliteConnection};

const FIRST: Migration = Migration { file: "0001_init.sql", sql: "CREATE TABLE a (x text);" };
const SECOND: Migration = Migration {
    file: "0002_more.sql",
    sql: "ALTER TABLE a ADD COLUMN y text; INSERT INTO a (x, y) VALUES ('1', '2');",
};
const EDITED: Migration = Migration { file: "0001_init.sql", sql: "CREATE TABLE a (x bigint);" };
const SAME_NUMBER: Migration =
    Migration { file: "0001_other.sql", sql: "CREATE TABLE b (x text);" };
const NO_NUMBER: Migration = Migration { file: "init.sql", sql: "" };
const BROKEN: Migration =
    Migration { file: "0003_broken.sql", sql: "CREATE TABLE c (x text); CREATE TABLE a (x text);" };

async fn memory() -> SqliteConnection {
    SqliteConnection::connect("sqlite::memory:").await.expect("a database")
}

async fn run(db: &mut SqliteConnection, migrations: &'static [Migration]) -> Result<(), String> {
    let set = MigrationSet { plugin: "demo", migrations };
    run_migrations(db, &[set]).await.map_err(|error| error.to_string())
}

async fn count(db: &mut SqliteConnection, query: &'static str) -> i64 {
    sqlx::query_scalar(query).fetch_one(db).await.expect("a count")
}

#[tokio::test]
async fn each_file_runs_once_in_the_order_of_numbers() {
    let mut db = memory().await;
    run(&mut db, &[SECOND, FIRST]).await.unwrap();
    run(&mut db, &[FIRST, SECOND]).await.unwrap();
    assert_eq!(count(&mut db, "SELECT count(*) FROM a").await, 1);
    assert_eq!(count(&mut db, "SELECT count(*) FROM plugin_migrations").await, 2);
}

#[tokio::test]
async fn what_cannot_be_run_is_refused_with_plugin_and_file() {
    for (migrations, named) in [
        (&[EDITED][..], "`0001_init.sql` has already run and was edited"),
        (&[FIRST, SAME_NUMBER], "`0001_init.sql` and `0001_other.sql` have the same number"),
        (&[NO_NUMBER], "`init.sql`"),
        (&[BROKEN], "`0003_broken.sql`"),
    ] {
        let mut db = memory().await;
        run(&mut db, &[FIRST]).await.unwrap();
        let error = run(&mut db, migrations).await.expect_err("a fault");
        assert!(error.contains("plugin demo") && error.contains(named), "{error}");
    }
}

#[tokio::test]
async fn a_file_that_fails_leaves_nothing_behind() {
    let mut db = memory().await;
    run(&mut db, &[FIRST, BROKEN]).await.expect_err("a fault");
    assert_eq!(count(&mut db, "SELECT count(*) FROM sqlite_schema WHERE name = 'c'").await, 0);
    assert_eq!(count(&mut db, "SELECT count(*) FROM plugin_migrations").await, 1);
}
