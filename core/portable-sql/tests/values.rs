//! JSON to each type and back, on both databases by one table.

// All of it is tests; clippy only knows those that carry the attribute.
#![allow(clippy::unwrap_used)]

use std::str::FromStr;

use cascade_portable_sql::{PostgresDatabase, SqliteDatabase};
use cascade_sdk::{Db, Page, Row, host::Database, sql};
use cascade_test_servers::Postgres;
use serde_json::{Value, json};
use sqlx::{
    PgPool, SqlitePool,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};

/// Column type, value bound, value read. What plugins' portable tables use.
fn portable() -> Vec<(&'static str, Value, Value)> {
    vec![
        ("text", json!("héllo"), json!("héllo")),
        ("text", json!(7), json!("7")),
        ("text", json!({"a": [1]}), json!("{\"a\":[1]}")),
        ("text", Value::Null, Value::Null),
        ("bigint", json!(-9_007_199_254_740_993_i64), json!(-9_007_199_254_740_993_i64)),
        ("bigint", Value::Null, Value::Null),
        ("double precision", json!(0.1), json!(0.1)),
        ("double precision", json!(2.0), json!(2.0)),
        ("double precision", Value::Null, Value::Null),
        ("boolean", json!(true), json!(true)),
        ("boolean", json!(false), json!(false)),
        ("boolean", Value::Null, Value::Null),
    ]
}

/// What PostgreSQL alone has.
fn native() -> Vec<(&'static str, Value, Value)> {
    let id = "01890a5d-ac96-774b-bcce-b302099a8057";
    vec![
        ("uuid", json!(id), json!(id)),
        ("timestamptz", json!("2026-01-02T03:04:05+03:00"), json!("2026-01-02T00:04:05.000Z")),
        ("timestamp", json!("2026-01-02T03:04:05Z"), json!("2026-01-02T03:04:05.000Z")),
        ("date", json!("2026-01-02"), json!("2026-01-02")),
        ("jsonb", json!({"a": [1, null]}), json!({"a": [1, null]})),
        ("json", json!("text"), json!("text")),
        ("integer", json!(7.0), json!(7)),
        ("smallint", json!(7), json!(7)),
        ("real", json!(0.5), json!(0.5)),
        ("numeric", json!(12), json!(12)),
        ("numeric", json!("1.50"), json!(1.5)),
        ("varchar(9)", json!("short"), json!("short")),
        ("text[]", json!(["a", "b"]), json!(["a", "b"])),
        ("bigint[]", json!([1, 2]), json!([1, 2])),
    ]
}

async fn round_trips(db: &dyn Database, cases: &[(&'static str, Value, Value)]) {
    for (nth, (kind, bound, expected)) in cases.iter().enumerate() {
        let table = format!("CREATE TABLE t{nth} (v {kind})");
        db.batch(vec![sql(table)]).await.unwrap();
        let insert = sql(format!("INSERT INTO t{nth} (v) VALUES ($1)")).bind(bound);
        assert_eq!(db.batch(vec![insert]).await.unwrap(), [1]);
        let rows = db.query(sql(format!("SELECT v FROM t{nth}"))).await.unwrap();
        assert_eq!(&rows[0]["v"], expected, "{bound} as {kind}");
    }
}

/// The same text, the same answers.
async fn one_sql(db: &dyn Database) {
    let tables = "CREATE TABLE kept (id text NOT NULL PRIMARY KEY, n bigint NOT NULL, ok boolean)";
    db.batch(vec![sql(tables)]).await.unwrap();
    let upsert = |id: &str, n: i64| {
        sql("INSERT INTO kept (id, n, ok) VALUES ($1, $2, $3)
             ON CONFLICT (id) DO UPDATE SET n = excluded.n")
        .bind(id)
        .bind(n)
        .bind(n > 1)
    };
    let done = db.batch(vec![upsert("a", 1), upsert("b", 2), upsert("a", 3)]).await.unwrap();
    assert_eq!(done, [1, 1, 1]);
    let totals = "SELECT count(*) AS n, sum(n) AS total, max(n) AS most,
                         sum(CASE WHEN ok = $1 THEN 1 ELSE 0 END) AS good
                  FROM kept WHERE id LIKE $2 LIMIT $3";
    let rows = db.query(sql(totals).bind(true).bind("%").bind(5)).await.unwrap();
    let read: Vec<_> = ["n", "total", "most", "good"].map(|name| rows[0][name].clone()).into();
    assert_eq!(read, [json!(2), json!(5), json!(3), json!(1)]);

    let bad = db.batch(vec![upsert("c", 4), sql("INSERT INTO nowhere VALUES (1)")]).await;
    assert!(bad.unwrap_err().to_string().contains("nowhere"));
    let missing = db.query(sql("SELECT n FROM kept WHERE id = $1")).await.unwrap_err();
    assert!(missing.to_string().contains("1 placeholders, but 0 values"), "{missing}");
    let count = async || {
        let rows = db.query(sql("SELECT count(*) AS n FROM kept")).await.unwrap();
        rows[0]["n"].clone()
    };
    assert_eq!(count().await, json!(2), "all of a batch or none");

    let mut tx = db.begin().await.unwrap();
    assert_eq!(tx.execute(sql("DELETE FROM kept")).await.unwrap(), 2);
    assert!(tx.query(sql("SELECT id FROM kept")).await.unwrap().is_empty());
    drop(tx);
    while count().await != json!(2) {
        tokio::task::yield_now().await;
    }
    let mut tx = db.begin().await.unwrap();
    tx.execute(sql("DELETE FROM kept WHERE id = $1").bind("b")).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(count().await, json!(1));
}

/// While another writes without pause, a page and its count tell of one moment.
async fn one_moment(db: &dyn Database) {
    db.batch(vec![sql("CREATE TABLE moments (n bigint NOT NULL)")]).await.unwrap();
    let write = async {
        for n in 0.. {
            db.batch(vec![sql("INSERT INTO moments (n) VALUES ($1)").bind(n)]).await.unwrap();
        }
    };
    let read = async {
        let (mut changes, mut before) = (0, 0);
        while changes < 50 {
            let select = |columns| sql(format!("SELECT {columns} FROM moments"));
            let page = Db::over(db).fetch_page(select("n"), select("count(*)")).await.unwrap();
            let Page { items, total }: Page<Row> = page;
            assert_eq!(items.len() as u64, total);
            changes += u32::from(total != before);
            before = total;
        }
    };
    tokio::select! {
        () = write => {}
        () = read => {}
    }
    let one = || sql("SELECT 1 AS one");
    let refused = Db::over(db).fetch_page::<Row>(one(), sql("SELECT 'none' AS n")).await;
    assert!(refused.unwrap_err().to_string().contains("no number"));
    let refused = Db::over(db).fetch_page::<Row>(one(), sql("DELETE FROM moments")).await;
    assert!(refused.is_err(), "a snapshot only reads");
}

#[tokio::test]
async fn sqlite_and_one_sql() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}?mode=rwc", folder.path().join("db").display());
    let write = SqlitePoolOptions::new().max_connections(1).connect(&url).await.unwrap();
    let readers = SqliteConnectOptions::from_str(&url).unwrap().pragma("query_only", "ON");
    let read = SqlitePool::connect_with(readers).await.unwrap();
    let db = SqliteDatabase::new(write, read);
    round_trips(&db, &portable()).await;
    one_sql(&db).await;
    one_moment(&db).await;
}

#[tokio::test]
async fn postgres_by_described_types_and_one_sql() {
    let server = Postgres::start();
    let db = PostgresDatabase::new(PgPool::connect(&server.database()).await.unwrap());
    let cases = [portable(), native()].concat();
    round_trips(&db, &cases).await;
    one_sql(&db).await;
    one_moment(&db).await;
    for (kind, value, said) in [
        ("bigint", json!("x"), "$1: \"x\" is no int8"),
        ("bigint", json!(1.5), "$1: 1.5 is no int8"),
        ("uuid", json!("x"), "$1: \"x\" is no uuid"),
        ("boolean", json!(1), "$1: 1 is no bool"),
        ("bytea", json!("x"), "BYTEA has no JSON form"),
    ] {
        let select = sql(format!("SELECT $1::{kind} AS v")).bind(value);
        let refused = db.query(select).await.unwrap_err().to_string();
        assert!(refused.contains(said), "{refused}");
    }
    let refused = db.query(sql("SELECT 'NaN'::float8 AS v")).await.unwrap_err().to_string();
    assert!(refused.contains("column v: NaN has no JSON form"), "{refused}");
}
