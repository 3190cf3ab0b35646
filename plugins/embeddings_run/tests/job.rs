//! Embedding: what is new, what changed, and by whom.

mod support;

use std::sync::{Arc, Mutex};

use cascade_sdk::{HttpResponse, JobError, sql};
use embeddings_run::EmbeddingsRun;
use serde_json::{Value, json};
use support::{bench, say};

fn answer(status: u16, body: &Value) -> HttpResponse {
    HttpResponse { status, headers: Vec::new(), body: body.to_string().into_bytes() }
}

fn openai() -> Value {
    json!({"embedder": {"kind": "openai", "url": "http://peer/v1/embeddings", "model": "small",
           "api_key_env": "PEER_KEY"}, "batch_size": 2})
}

#[tokio::test]
async fn only_new_and_edited_messages_are_embedded() {
    let bench = bench().await.with_secret("PEER_KEY", "secret-key");
    say(&bench, bench.project(), "m", &["one", "two", "three"]).await;
    let run = bench.run::<EmbeddingsRun>(json!({"batch_size": 2})).await;
    assert_eq!(run.summary(), "3 messages embedded by local-1-256");
    assert_eq!(run.progress[0].message, "2 of 3 messages");
    let run = bench.run::<EmbeddingsRun>(json!({})).await;
    assert_eq!(run.summary(), "0 messages embedded by local-1-256");
    let edit = "UPDATE messages SET body = 'new', ingested_at = '2027-01-01T00:00:00.000Z' WHERE id = 'm2'";
    bench.execute(sql(edit)).await;
    let run = bench.run::<EmbeddingsRun>(json!({})).await;
    assert_eq!(run.summary(), "1 messages embedded by local-1-256");
}

#[tokio::test]
async fn another_model_embeds_all_again() {
    let bench = bench().await;
    say(&bench, bench.project(), "m", &["one", "two"]).await;
    bench.run::<EmbeddingsRun>(json!({})).await.summary();
    let run = bench.run::<EmbeddingsRun>(json!({"embedder": {"kind": "local", "dim": 128}})).await;
    assert_eq!(run.summary(), "2 messages embedded by local-1-128");
    let rows = bench.rows(sql("SELECT DISTINCT model, dim FROM message_embeddings")).await;
    assert_eq!(json!(rows), json!([{"model": "local-1-128", "dim": 128}]));
}

#[tokio::test]
async fn a_server_embeds_in_batches_with_its_key() {
    let bench = bench().await.with_secret("PEER_KEY", "secret-key");
    say(&bench, bench.project(), "m", &["one", "two", "three"]).await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sent = seen.clone();
    bench.http(move |request| {
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let key =
            request.headers.iter().any(|(n, v)| n == "authorization" && v == "Bearer secret-key");
        let texts = body["input"].as_array().unwrap().clone();
        sent.lock().unwrap().push((request.url, key, texts.len()));
        // Out of order, as the endpoint may answer.
        let data: Vec<_> = (0..texts.len())
            .rev()
            .map(|index| json!({"index": index, "embedding": [3.0, 4.0]}))
            .collect();
        Ok(answer(200, &json!({"data": data})))
    });
    let run = bench.run::<EmbeddingsRun>(openai()).await;
    assert_eq!(run.summary(), "3 messages embedded by openai:small");
    let url = "http://peer/v1/embeddings".to_owned();
    assert_eq!(*seen.lock().unwrap(), [(url.clone(), true, 2), (url, true, 1)]);
}

#[tokio::test]
async fn a_busy_server_is_asked_again_and_a_refusal_is_not() {
    let bench = bench().await.with_secret("PEER_KEY", "secret-key");
    say(&bench, bench.project(), "m", &["one"]).await;
    bench.http(|_| {
        let mut busy = answer(429, &json!({}));
        busy.headers.push(("retry-after".into(), "7".into()));
        Ok(busy)
    });
    let error = bench.run::<EmbeddingsRun>(openai()).await.error;
    assert!(matches!(error, Some(JobError::Retry { after_ms: Some(7000), .. })), "{error:?}");
    bench.http(|_| Ok(answer(401, &json!({"error": "bad key"}))));
    let error = bench.run::<EmbeddingsRun>(openai()).await.error;
    assert!(
        matches!(&error, Some(JobError::Fail { message }) if message.contains("bad key")),
        "{error:?}"
    );
    bench.http(|_| Ok(answer(200, &json!({"data": []}))));
    let error = bench.run::<EmbeddingsRun>(openai()).await.error;
    assert!(matches!(error, Some(JobError::Retry { .. })), "{error:?}");
}

#[tokio::test]
async fn only_a_key_that_jobs_toml_names_is_read() {
    let bench = bench().await;
    say(&bench, bench.project(), "m", &["one"]).await;
    let params = json!({"embedder": {"kind": "openai", "url": "http://peer", "model": "m",
                        "api_key_env": "PATH"}});
    let failure = bench.run::<EmbeddingsRun>(params).await.failure();
    assert!(failure.contains("`PATH`") && failure.contains("`[secrets]`"), "{failure}");
}

#[tokio::test]
async fn a_typing_error_in_the_params_is_refused() {
    let bench = bench().await;
    for params in [json!({"embeder": {}}), json!({"embedder": {"kind": "local", "dimension": 1}})] {
        assert!(bench.run::<EmbeddingsRun>(params).await.failure().starts_with("params: unknown"));
    }
}

#[tokio::test]
async fn a_body_of_five_megabytes_is_embedded_by_its_start() {
    let bench = bench().await;
    let start = "The budget is over. ".repeat(2_500);
    let long = format!("{start}{}", "другое ".repeat(500_000));
    say(&bench, bench.project(), "m", &[&long, &start]).await;
    let run = bench.run::<EmbeddingsRun>(json!({})).await;
    assert_eq!(run.summary(), "2 messages embedded by local-1-256");
    let rows = bench.rows(sql("SELECT DISTINCT vector FROM message_embeddings")).await;
    assert_eq!(rows.len(), 1, "the rest of the text does not count");
}

/// The time is printed and not judged: `cargo test --release -p embeddings_run --test job -- --ignored
/// --nocapture`.
#[tokio::test]
#[ignore = "takes minutes without optimisation"]
async fn a_large_archive_is_embedded() {
    const SAID: [&str; 4] = [
        "The release is on track and the team is happy with the plan for the next week",
        "Costs exceed the estimate by a fifth, mostly because of the cloud bill",
        "Бюджет почти исчерпан, нужно решение до конца месяца",
        "Обновил документацию, посмотрите раздел про резервные копии и восстановление",
    ];
    let bench = bench().await;
    for nth in 0..20_000_usize {
        let lines = (nth..nth + 20).map(|n| format!("{} (item{n}).", SAID[(n * 7 + n / 4) % 4]));
        let row = json!({
            "id": format!("m{nth}"), "project_id": bench.project().id, "subject": "Topic",
            "body": lines.collect::<Vec<_>>().join("\n"), "sent_at": "2026-01-05T10:00:00.000Z",
            "ingested_at": "2026-01-05T12:00:00.000Z",
        });
        bench.insert("messages", row).await;
    }
    let bytes = bench.rows(sql("SELECT sum(length(CAST(body AS blob))) AS n FROM messages")).await;
    let began = std::time::Instant::now();
    let run = bench.run::<EmbeddingsRun>(json!({})).await;
    println!("{} bytes, {:.1} s: {}", bytes[0]["n"], began.elapsed().as_secs_f64(), run.summary());
}
