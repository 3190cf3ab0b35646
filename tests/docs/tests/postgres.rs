//! What the pages say of SQL, on PostgreSQL: the examples, the blocks of SQL, and the rules.

#![allow(clippy::unwrap_used)]

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use cascade_docs::examples::{
    actions::{Close, Findings},
    effects::Report,
    stopping::Nothing,
    transactions::{Prices, Ticket},
};
use cascade_portable_sql::{PostgresDatabase, run_migrations_postgres};
use cascade_sdk::{
    BoxFuture, Context, HttpError, HttpRequest, HttpResponse, Job, LogLine, MigrationSet, Outcome,
    Progress, Project, Query, RunInfo, Sort, Statement, View, ViewContext,
    chrono::{DateTime, Utc},
    host::{Database, Host, HttpClient, ViewHost},
    inventory, sql,
    uuid::Uuid,
};
use cascade_test_servers::Postgres;
use serde_json::{Value, json};
use sqlx::PgPool;
use uptime_check::Uptime;

/// A host for one test, on PostgreSQL.
struct Bench {
    database: PostgresDatabase,
    answer: &'static str,
    staged: Mutex<Vec<Statement>>,
    _server: Postgres,
}

impl Bench {
    /// With the tables of all plugins that the test links.
    async fn new(answer: &'static str) -> Arc<Self> {
        let server = Postgres::start();
        let pool = PgPool::connect(&server.database()).await.unwrap();
        let sets: Vec<MigrationSet> = inventory::iter::<MigrationSet>().copied().collect();
        run_migrations_postgres(&mut pool.acquire().await.unwrap(), &sets).await.unwrap();
        let database = PostgresDatabase::new(pool);
        Arc::new(Self { database, answer, staged: Mutex::default(), _server: server })
    }

    async fn run<J: Job>(self: &Arc<Self>, run_id: u128, params: J::Params) -> Outcome {
        let project = Project { id: PROJECT, slug: "one".into(), name: "One".into() };
        let info = RunInfo::new(J::NAME, project, Uuid::from_u128(run_id));
        J::run(Context::new(info, self.clone()), params).await.unwrap()
    }

    fn view(self: &Arc<Self>) -> ViewContext {
        ViewContext::new(self.clone())
    }
}

const PROJECT: Uuid = Uuid::from_u128(1);

impl HttpClient for Bench {
    fn send(&self, _: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, HttpError>> {
        let body = self.answer.into();
        Box::pin(async { Ok(HttpResponse { status: 200, headers: Vec::new(), body }) })
    }
}

impl Host for Bench {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
    fn database(&self) -> &dyn Database {
        &self.database
    }
    fn http(&self) -> &dyn HttpClient {
        self
    }
    fn log(&self, _: LogLine) {}
    fn progress(&self, _: Progress) {}
    fn stage(&self, statement: Statement) {
        self.staged.lock().unwrap().push(statement);
    }
    fn is_cancelled(&self) -> bool {
        false
    }
    fn cancelled(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::pending())
    }
    fn sleep(&self, pause: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(pause))
    }
}

impl ViewHost for Bench {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
    fn database(&self) -> &dyn Database {
        &self.database
    }
    fn http(&self) -> &dyn HttpClient {
        self
    }
    fn job_params(&self, _: &str) -> Option<Value> {
        None
    }
}

fn params<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

#[tokio::test]
async fn the_examples_do_on_postgres_what_they_do_on_sqlite() {
    let bench = Bench::new(r#"[{"sku": "a", "price": 1.5}]"#).await;
    let said = |outcome: Outcome| outcome.summary.unwrap();

    let prices = || params(json!({"url": "https://prices.example/"}));
    for run in 0..2 {
        assert_eq!(said(bench.run::<Prices>(run, prices()).await), "1 prices");
    }
    let count = bench.database.query(sql("SELECT count(*) AS n FROM example_prices")).await;
    assert_eq!(count.unwrap()[0]["n"], 1);

    assert_eq!(said(bench.run::<Ticket>(7, Nothing {}).await), "number 1");
    let again = said(bench.run::<Ticket>(7, Nothing {}).await);
    assert_eq!(again, "number 1, drawn by an attempt before");
    assert_eq!(said(bench.run::<Ticket>(8, Nothing {}).await), "number 2");

    let report = || params(json!({"recipients": ["ann"]}));
    assert_eq!(said(bench.run::<Report>(9, report()).await), "1 sent");
    assert_eq!(said(bench.run::<Report>(9, report()).await), "0 sent");

    let insert = sql("INSERT INTO example_findings (id, project_id, text, severity, done)
                      VALUES ($1, $2, $3, $4, $5)");
    let insert = insert.bind("f1").bind(PROJECT).bind("a leak").bind("high").bind(false);
    bench.database.batch(vec![insert]).await.unwrap();
    let close = json!({"id": "f1", "note": "mended"});
    let _: Close = params(close.clone());
    Findings::act(bench.view(), "close".into(), close).await.unwrap();
    let query = Query {
        project_id: Some(PROJECT),
        page: 1,
        per_page: 10,
        sort: Some(Sort { column: "severity".into(), descending: true }),
        filter: params(json!({"severity": "high"})),
    };
    let page = Findings::read(bench.view(), query).await.unwrap();
    assert_eq!((page.total, page.items[0].text.as_str()), (1, "a leak (mended)"));

    let run = bench
        .run::<uptime_check::UptimeCheck>(10, params(json!({"urls": ["https://up.example/"]})))
        .await;
    assert_eq!(said(run), "1 of 1 up");
    let staged = std::mem::take(&mut *bench.staged.lock().unwrap());
    bench.database.batch(staged).await.unwrap();
    let filter = params(json!({"url": "UP", "up": true}));
    let query = Query { project_id: None, page: 1, per_page: 10, sort: None, filter };
    assert_eq!(Uptime::read(bench.view(), query).await.unwrap().total, 1);
}

/// The blocks of SQL that are no quotes, page by page, beside the tables of the plugins.
#[tokio::test]
async fn the_blocks_of_sql_run_on_postgres_too() {
    let mut found = 0;
    for (file, text) in cascade_docs::PAGES {
        let mut before = "";
        let mut blocks = Vec::new();
        for part in text.split("```sql\n") {
            if !before.is_empty() && !before.trim_end().ends_with("-->") {
                blocks.push(part.split("```").next().unwrap());
            }
            before = part;
        }
        if blocks.is_empty() {
            continue;
        }
        let bench = Bench::new("").await;
        for block in blocks {
            found += 1;
            for statement in block.split(';').filter(|text| !text.trim().is_empty()) {
                let done = bench.database.batch(vec![sql(statement.to_owned())]).await;
                done.unwrap_or_else(|error| panic!("{file}: {error}"));
            }
        }
    }
    assert!(found > 3, "only {found} blocks: the test looks in the wrong place");
}

#[tokio::test]
async fn a_placeholder_takes_its_type_from_its_first_use() {
    let bench = Bench::new("").await;
    let ask = |text: &'static str| bench.database.query(sql(text).bind("x"));
    let wrong = ask("SELECT url FROM uptime_checks WHERE $1 IS NULL OR url = $1").await;
    let wrong = wrong.unwrap_err().to_string();
    assert!(wrong.contains("could not determine data type of parameter $1"), "{wrong}");
    ask("SELECT url FROM uptime_checks WHERE url = $1 OR $1 IS NULL").await.unwrap();
    ask("SELECT url FROM uptime_checks WHERE ($1 = '' OR url = $1)").await.unwrap();
}
