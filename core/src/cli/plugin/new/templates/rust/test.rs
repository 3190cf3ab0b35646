//! The job and the view on a bench: a real database, no server.

use cascade_testkit::TestBench;
use {{name}}::{{{Type}}, {{Type}}Rows};
use serde_json::json;

#[tokio::test]
async fn a_run_keeps_its_message() {
    let bench = TestBench::new().await;

    let run = bench.run::<{{Type}}>(json!({"message": "hello"})).await;

    assert_eq!(run.summary(), "kept a message");
    assert_eq!(run.output::<{{name}}::Output>().message, "hello");
    let page = bench.view::<{{Type}}Rows>(json!({"message": "hell"})).await.expect("a page");
    assert_eq!((page.total, page.items[0].message.as_str()), (1, "hello"));
}
