//! The committed sample is what its generator writes, and the job reads all of it.

#[allow(dead_code, missing_docs)]
#[path = "../../examples/generate_sample.rs"]
mod generate_sample;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use cascade_sdk::{Level, sql};
use cascade_testkit::TestBench;
use connectors_sync_cycle::ConnectorsSyncCycle;
use serde_json::{Value, json};

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/sample");
const ANCHOR: &str = "2026-11-20T18:00:00Z";

fn files(root: &Path, folder: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(root, &path, found);
        } else {
            let name = path.strip_prefix(root).expect("a file below").to_owned();
            found.insert(name, fs::read(&path).expect("a file"));
        }
    }
}

fn tree(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    files(root, root, &mut found);
    found
}

#[test]
fn the_generator_writes_the_very_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    generate_sample::generate(folder.path()).unwrap();
    let (committed, made) = (tree(Path::new(SAMPLE)), tree(folder.path()));
    assert!(committed.keys().eq(made.keys()), "other files; run the generator");
    for (name, bytes) in made {
        assert!(committed[&name] == bytes, "{} differs; run the generator", name.display());
    }
    let size: usize = committed.values().map(Vec::len).sum();
    assert!(size < 600_000, "{size} bytes");
}

fn params() -> Value {
    let source = |project: &str, name: &str, kind: &str, file: &str| {
        json!({"project": project, "name": name, "kind": kind,
               "path": format!("{project}/{file}"), "replay_from": ANCHOR})
    };
    json!({"sources": [
        source("atlas", "inbox", "mbox", "inbox.mbox"),
        source("atlas", "chat", "slack", "slack"),
        source("atlas", "news", "feed", "news.xml"),
        source("borealis", "inbox", "mbox", "inbox.mbox"),
        source("borealis", "chat", "slack", "slack"),
        source("cedar", "chat", "slack", "slack"),
        source("cedar", "news", "feed", "news.xml"),
    ]})
}

#[tokio::test]
async fn every_message_is_read_once_and_what_is_malformed_is_skipped() {
    let bench = TestBench::new().await.with_base_dir(SAMPLE);
    let mut total = 0;
    for (slug, sources, skipped) in [("atlas", 3, 2), ("borealis", 2, 1), ("cedar", 2, 2)] {
        let project = bench.add_project(slug, slug).await;
        let run = bench.run_for::<ConnectorsSyncCycle>(&project, params()).await;
        assert!(
            run.summary().contains(&format!("{sources} sources, {skipped} skipped")),
            "{}",
            run.log_text()
        );
        assert_eq!(run.logged(Level::Warn).len(), skipped, "{}", run.log_text());
        let again = bench.run_for::<ConnectorsSyncCycle>(&project, params()).await;
        assert!(again.summary().starts_with("0 new"), "{}", again.summary());
        let count =
            sql("SELECT count(*) AS n FROM messages WHERE project_id = $1").bind(project.id);
        total += bench.rows(count).await[0]["n"].as_u64().unwrap();
    }
    assert!(total >= 360, "{total} messages");
}

#[tokio::test]
async fn the_sample_ends_within_the_day_before_the_first_sync_for_ever() {
    let bench = TestBench::new().await.with_base_dir(SAMPLE);
    let atlas = bench.add_project("atlas", "Atlas").await;
    let newest = || async {
        let rows = bench.rows(sql("SELECT max(sent_at) AS at FROM messages")).await;
        rows[0]["at"].as_str().unwrap().to_owned()
    };
    // The bench's clock stands at noon of the 15th; the anchor at six in the evening.
    bench.run_for::<ConnectorsSyncCycle>(&atlas, params()).await.summary();
    let first = newest().await;
    assert!(("2026-01-14T12:00"..="2026-01-14T18:00").contains(&&first[..16]), "{first}");
    bench.advance(chrono::TimeDelta::days(3));
    bench.run_for::<ConnectorsSyncCycle>(&atlas, params()).await.summary();
    assert_eq!(newest().await, first);
}

#[tokio::test]
async fn bodies_differ_and_both_languages_are_there() {
    let bench = TestBench::new().await.with_base_dir(SAMPLE);
    for (slug, russian) in [("atlas", 2..30), ("borealis", 70..100), ("cedar", 20..60)] {
        let project = bench.add_project(slug, slug).await;
        bench.run_for::<ConnectorsSyncCycle>(&project, params()).await.summary();
        let share = "SELECT 100 * sum(CASE WHEN lang = 'ru' THEN 1 ELSE 0 END) / count(*) AS ru,
            100 * count(DISTINCT body) / count(*) AS different FROM messages WHERE project_id = $1";
        let row = &bench.rows(sql(share).bind(project.id)).await[0];
        assert!(russian.contains(&row["ru"].as_i64().unwrap()), "{slug}: {row:?}");
        assert!(row["different"].as_i64().unwrap() >= 98, "{slug}: {row:?}");
    }
}
