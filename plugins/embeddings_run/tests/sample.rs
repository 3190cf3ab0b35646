//! Search over the bundled sample, with the local embedder.

use cascade_testkit::TestBench;
use connectors_sync_cycle::ConnectorsSyncCycle;
use embeddings_run::{EmbeddingsRun, MessageRow, Messages};
use serde_json::json;

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../connectors_sync_cycle/sample");

async fn bench() -> TestBench {
    let bench = TestBench::new().await.with_base_dir(SAMPLE);
    bench.schema("CREATE TABLE signals (message_id text, kind text, evidence text, span_start bigint, span_end bigint, weight double precision, confidence double precision, resolved_at text)").await;
    for (slug, kind, path) in
        [("atlas", "mbox", "atlas/inbox.mbox"), ("borealis", "slack", "borealis/slack")]
    {
        let project = bench.add_project(slug, slug).await;
        let source = json!({"project": slug, "name": "all", "kind": kind, "path": path});
        let sync =
            bench.run_for::<ConnectorsSyncCycle>(&project, json!({"sources": [source]})).await;
        sync.summary();
        bench.run_for::<EmbeddingsRun>(&project, json!({})).await.summary();
    }
    bench
}

async fn search(bench: &TestBench, text: &str) -> (Vec<MessageRow>, u64) {
    let page = bench.view_page::<Messages>(None, 1, 10, json!({"search": text})).await;
    let page = page.expect("a page");
    (page.items, page.total)
}

#[tokio::test]
async fn the_first_hits_are_about_what_was_asked() {
    let bench = bench().await;
    for (query, telling) in [
        ("budget overrun", &["budget", "cost", "бюджет", "расход"][..]),
        ("превышение бюджета", &["budget", "cost", "бюджет", "расход"]),
        ("unhappy client", &["unhappy", "недовол", "complaint", "client"]),
        ("missed deadline", &["deadline", "срок"]),
        ("нет доступа к серверу", &["доступ"]),
        ("load test", &["load test"]),
    ] {
        let (rows, _) = search(&bench, query).await;
        for row in rows.iter().take(3) {
            let text = format!("{} {}", row.subject, row.body).to_lowercase();
            let found = telling.iter().any(|word| text.contains(word));
            assert!(found, "{query}: {:?} {text}", row.similarity);
        }
        assert!(rows.len() >= 3, "{query}: {}", rows.len());
    }
}

#[tokio::test]
async fn a_query_of_other_things_finds_next_to_nothing() {
    let bench = bench().await;
    for query in ["xylophone zebra quux", "baroque cathedral organ", "рецепт яблочного пирога"]
    {
        let (rows, total) = search(&bench, query).await;
        assert!(
            total <= 3,
            "{query}: {total} {:?}",
            rows.first().map(|row| (&row.body, row.similarity))
        );
    }
}
