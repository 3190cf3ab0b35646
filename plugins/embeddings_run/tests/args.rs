//! What one run may be asked for, and what it gives to the jobs behind it.

mod support;

use embeddings_run::EmbeddingsRun;
use serde_json::{Value, json};
use support::{bench, say};

#[tokio::test]
async fn the_output_names_what_was_embedded_and_full_embeds_all_again() {
    let bench = bench().await;
    say(&bench, bench.project(), "m", &["one", "two", "three"]).await;
    let run = async |args: Value| -> Value {
        let mut info = bench.info::<EmbeddingsRun>();
        info.args = args;
        bench.run_with::<EmbeddingsRun>(info, json!({ "batch_size": 2 })).await.output()
    };
    let all = json!({
        "embedded": 3, "model": "local-1-256", "message_ids": ["m1", "m2", "m3"], "more": false,
    });
    assert_eq!(run(json!({})).await, all);
    assert_eq!(run(json!({})).await["embedded"], 0);
    assert_eq!(run(json!({ "full": true })).await, all);
}
