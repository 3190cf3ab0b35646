//! A job that asks the host for each service and reports every answer.

use cascade_sdk::{
    ConnectRequest, Context, HttpRequest, Job, JobError, Outcome, Page,
    serde_json::{Value, json},
    sql, submit_job,
};
use serde::Deserialize;

#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// Answers with what it was sent.
    echo_url: String,
}

#[derive(Deserialize)]
struct Note {
    number: i64,
    note: String,
}

pub struct Services;

impl Job for Services {
    const NAME: &'static str = "probe_services";
    const DESCRIPTION: &'static str = "Asks the host for everything there is.";
    type Params = Params;

    async fn run(ctx: Context, params: Params) -> Result<Outcome, JobError> {
        ctx.log().with(json!({"where": "start"})).info("öffnet die Umläute: äöü ✓");
        ctx.progress(0.25, "database");
        let database = database(&ctx).await?;
        ctx.progress(0.5, "http");
        let body = json!({"asked": "by the probe"});
        let answer = ctx.http().send(HttpRequest::post_json(&params.echo_url, &body)?).await?;
        let refused = ctx.http().send(HttpRequest::get("http://127.0.0.1:1/")).await;
        let connection = connection(&ctx, &params.echo_url).await?;
        ctx.progress(0.75, "time");
        let before = ctx.now();
        ctx.sleep(std::time::Duration::from_millis(20)).await?;
        let slept_ms = (ctx.now() - before).num_milliseconds();
        ctx.log().warn("a warning");
        let facts = json!({
            "database": database,
            "http": [answer.status, String::from_utf8_lossy(&answer.body), refused.is_err()],
            "connection": connection,
            "slept": (15..5_000).contains(&slept_ms),
            "project": ctx.project().slug,
            "attempt": ctx.attempt(),
            "payload": ctx.info().payload["note"],
            "base_dir_is_absolute": ctx.resolve("x").is_absolute(),
            "cancelled": ctx.checkpoint().is_err(),
        });
        Ok(Outcome::summary(facts.to_string()))
    }
}

submit_job!(Services);

/// The same question as by HTTP, over a connection.
async fn connection(ctx: &Context, url: &str) -> Result<Value, JobError> {
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    let port = address.split_once(':').and_then(|(_, port)| port.parse().ok());
    let request = ConnectRequest::tcp("127.0.0.1", port.unwrap_or_default());
    let mut open = ctx.connect(request).await?;
    open.write("POST / HTTP/1.1\r\n\r\n{").await?;
    // Text and what is none cross the boundary alike.
    open.write(&b"\xff\0}"[..]).await?;
    let mut answer = Vec::new();
    loop {
        match open.read().await? {
            bytes if bytes.is_empty() => break,
            bytes => answer.extend(bytes),
        }
    }
    let refused = ctx.connect(ConnectRequest::tls("192.168.255.254", 1)).await;
    let refused = refused.err().map(|error| error.to_string());
    Ok(json!([answer.ends_with(b"\r\n\r\n{\xff\0}"), refused]))
}

async fn database(ctx: &Context) -> Result<Value, JobError> {
    let insert = |number: i64, note: &str| {
        sql("INSERT INTO probe_notes (run_id, number, project_id, note) VALUES ($1, $2, $3, $4)")
            .bind(ctx.run_id())
            .bind(number)
            .bind(ctx.project_id())
            .bind(note)
    };
    let db = ctx.db();
    let batch = db.batch(vec![insert(1, "batch"), insert(2, "ünïcode")]).await?;
    let refused = db.batch(vec![insert(3, "rolled back"), insert(1, "a second 1")]).await;

    let mut kept = db.begin().await?;
    kept.execute(insert(4, "committed")).await?;
    kept.commit().await?;
    let mut dropped = db.begin().await?;
    let affected = dropped.execute(insert(5, "dropped")).await?;
    let seen: Vec<Note> = dropped
        .fetch_all(
            sql("SELECT number, note FROM probe_notes WHERE run_id = $1 AND number = 5")
                .bind(ctx.run_id()),
        )
        .await?;
    drop(dropped);

    let own = |columns| {
        sql(format!("SELECT {columns} FROM probe_notes WHERE run_id = $1")).bind(ctx.run_id())
    };
    let page: Page<Note> = db.fetch_page(own("number, note"), own("count(*)")).await?;

    ctx.transaction().execute(insert(6, "staged"))?;
    let wrong = db.fetch_all::<Note>(sql("SELECT nothing FROM nowhere")).await;
    let notes: Vec<Note> = db
        .fetch_all(
            sql("SELECT number, note FROM probe_notes WHERE run_id = $1 ORDER BY number")
                .bind(ctx.run_id()),
        )
        .await?;
    let notes: Vec<_> = notes.into_iter().map(|n| format!("{} {}", n.number, n.note)).collect();
    Ok(json!({
        "batch": batch,
        "refused": refused.is_err(),
        "in_transaction": [affected, seen.len(), seen.first().map(|note| &note.note)],
        "page": [page.items.len() as u64, page.total],
        "wrong_names_the_sql": wrong.err().map(|e| e.sql),
        "notes": notes,
    }))
}
