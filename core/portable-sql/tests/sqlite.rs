//! Portable SQL on SQLite: values, parameters, transactions.

use cascade_portable_sql::{SqliteDatabase, execute_on};
use cascade_sdk::{Dialect, Statement, host::Database, sql};
use serde_json::{Value, json};
use sqlx::{
    SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions},
};
use tempfile::TempDir;

struct Bench {
    database: SqliteDatabase,
    write: SqlitePool,
    _folder: TempDir,
}

async fn bench() -> Bench {
    let folder = tempfile::tempdir().expect("a folder");
    let options = SqliteConnectOptions::new()
        .filename(folder.path().join("db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal);
    let write = SqlitePoolOptions::new().max_connections(1).connect_lazy_with(options.clone());
    let readers = options.pragma("query_only", "ON");
    let read = SqlitePoolOptions::new().max_connections(2).connect_lazy_with(readers);
    let database = SqliteDatabase::new(write.clone(), read);
    let create = sql("CREATE TABLE t (id bigint PRIMARY KEY, text text, whole bigint,
        real double precision, flag boolean)");
    database.batch(vec![create]).await.expect("a table");
    Bench { database, write, _folder: folder }
}

async fn one(bench: &Bench, query: Statement) -> Value {
    let rows = bench.database.query(query).await.expect("rows");
    Value::Object(rows.into_iter().next().expect("a row"))
}

fn put(id: i64, text: &str) -> Statement {
    sql("INSERT INTO t (id, text) VALUES ($1, $2)").bind(id).bind(text)
}

async fn count(bench: &Bench) -> Value {
    one(bench, sql("SELECT count(*) AS n FROM t")).await["n"].clone()
}

#[tokio::test]
async fn values_come_back_as_they_went_in() {
    let bench = bench().await;
    for (column, given, wanted) in [
        ("text", json!("Ёлка \u{1F332} 'quoted'"), json!("Ёлка \u{1F332} 'quoted'")),
        ("text", json!(null), json!(null)),
        ("text", json!({"a": [1, null]}), json!(r#"{"a":[1,null]}"#)),
        ("whole", json!(i64::MAX), json!(i64::MAX)),
        ("whole", json!(i64::MIN), json!(i64::MIN)),
        ("real", json!(0.1), json!(0.1)),
        ("real", json!(2), json!(2.0)),
        ("flag", json!(true), json!(true)),
        ("flag", json!(false), json!(false)),
        ("flag", json!(null), json!(null)),
    ] {
        let write = format!("INSERT INTO t (id, {column}) VALUES (1, $1)");
        let write = sql(write).bind(&given);
        bench.database.batch(vec![sql("DELETE FROM t"), write]).await.expect("a write");
        let row = one(&bench, sql(format!("SELECT {column} AS got FROM t"))).await;
        assert_eq!(row["got"], wanted, "{column} {given}");
    }
}

#[tokio::test]
async fn placeholders_may_repeat_and_stand_in_any_order() {
    let bench = bench().await;
    let row = one(&bench, sql("SELECT $2 AS b, $1 AS a, $2 AS c").bind("x").bind("y")).await;
    assert_eq!(row, json!({"b": "y", "a": "x", "c": "y"}));
}

#[tokio::test]
async fn what_does_not_fit_is_refused_with_the_statement_named() {
    let bench = bench().await;
    for (query, fault) in [
        (sql("SELECT $1 AS a, $2 AS b").bind(1), "2 placeholders, but 1 values"),
        (sql("SELECT $1 AS a").bind(1).bind(2), "1 placeholders, but 2 values"),
        (sql("SELECT $1 AS a").bind(u64::MAX), "does not fit a 64-bit integer"),
        (sql("SELECT x'00' AS a"), "a blob has no JSON form"),
        (sql("SELECT absent FROM t"), "no such column"),
    ] {
        let error = bench.database.query(query.clone()).await.expect_err("a fault").to_string();
        assert!(error.contains(fault) && error.contains(&*query.sql), "{error}");
    }
    assert_eq!(bench.database.dialect(), Dialect::Sqlite);
}

#[tokio::test]
async fn a_batch_happens_as_a_whole_or_not_at_all() {
    let bench = bench().await;
    let twice = vec![put(1, "a"), put(1, "b")];
    assert!(bench.database.batch(twice).await.is_err());
    assert_eq!(count(&bench).await, 0);
    let update = sql("UPDATE t SET text = 'c'");
    assert_eq!(
        bench.database.batch(vec![put(1, "a"), put(2, "b"), update]).await.unwrap(),
        [1, 1, 2]
    );
}

#[tokio::test]
async fn a_write_may_return_rows() {
    let bench = bench().await;
    let insert = sql("INSERT INTO t (id, text) VALUES (7, $1) RETURNING id, text").bind("x");
    assert_eq!(one(&bench, insert).await, json!({"id": 7, "text": "x"}));
    assert_eq!(count(&bench).await, 1);
}

#[tokio::test]
async fn a_transaction_sees_its_writes_and_others_do_not_until_the_commit() {
    let bench = bench().await;
    let mut tx = bench.database.begin().await.unwrap();
    assert_eq!(tx.execute(put(1, "a")).await.unwrap(), 1);
    assert_eq!(tx.query(sql("SELECT id FROM t")).await.unwrap().len(), 1);
    assert_eq!(count(&bench).await, 0);
    tx.commit().await.unwrap();
    assert_eq!(count(&bench).await, 1);
    let mut dropped = bench.database.begin().await.unwrap();
    dropped.execute(put(2, "b")).await.unwrap();
    drop(dropped);
    assert_eq!(count(&bench).await, 1);
    // The writer is free again.
    bench.database.batch(vec![put(3, "c")]).await.unwrap();
}

#[tokio::test]
async fn a_transaction_that_is_held_too_long_is_rolled_back() {
    let bench = bench().await;
    let mut tx = bench.database.begin().await.unwrap();
    tx.execute(put(1, "a")).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(5_200)).await;
    bench.database.batch(vec![put(2, "b")]).await.expect("the writer is free");
    let error = tx.execute(put(3, "c")).await.expect_err("rolled back").to_string();
    assert!(error.contains("open for over 5 s"), "{error}");
    assert!(tx.commit().await.is_err());
    assert_eq!(one(&bench, sql("SELECT id FROM t")).await, json!({"id": 2}));
}

#[tokio::test]
async fn a_host_runs_statements_in_its_own_transaction() {
    let bench = bench().await;
    let mut tx = bench.write.begin_with("BEGIN IMMEDIATE").await.unwrap();
    assert_eq!(execute_on(&mut tx, &put(1, "a")).await.unwrap(), 1);
    tx.rollback().await.unwrap();
    assert_eq!(count(&bench).await, 0);
}
