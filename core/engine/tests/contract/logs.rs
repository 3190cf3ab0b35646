//! What a run says while it runs.

use cascade_engine::Engine;
use cascade_model::{RunLogRow, RunState, Visible};
use cascade_sdk::{Level, LogLine, Progress};
use cascade_store::Queries;
use serde_json::json;

use crate::steps::{claim_up, scheduled};

pub(super) async fn logs_and_progress_are_kept(engine: &Engine) {
    let run = claim_up(engine).await;
    let line = |message: &str, fields| LogLine {
        at: chrono::Utc::now(),
        level: Level::Info,
        message: message.into(),
        fields,
    };
    let lines = vec![line("one", json!({"n": 1})), line("two", json!(null))];
    let progress = Progress { fraction: 0.5, message: "half".into() };
    engine.record(run.lease.run_id, lines, Some(progress.clone())).await.unwrap();
    let logs = engine.store().run_logs(&Visible::All, run.lease.run_id, 10).await.unwrap();
    let kept: Vec<_> = logs.iter().map(|l| (l.message.as_str(), l.fields.clone())).collect();
    assert_eq!(kept, [("one", Some(json!({"n": 1}))), ("two", None)]);
    assert_eq!(engine.store().count_logs(run.lease.run_id).await.unwrap(), 2);
    assert_eq!(
        engine.store().run_logs(&Visible::All, run.lease.run_id, 1).await.unwrap()[0].message,
        "two"
    );
    let shown = scheduled(engine, "up", "one").await.current_run.unwrap();
    assert_eq!((shown.progress, shown.state), (Some(progress), RunState::Running));
}

pub(super) async fn a_log_is_read_on_from_any_line(engine: &Engine) {
    let run = claim_up(engine).await.lease.run_id;
    let lines = ["one", "two", "three", "four"].map(|message| LogLine {
        at: chrono::Utc::now(),
        level: Level::Info,
        message: message.into(),
        fields: json!(null),
    });
    engine.record(run, lines.into(), None).await.unwrap();
    let store = engine.store();
    let first = store.run_logs_after(&Visible::All, run, 0, 2).await.unwrap();
    let said = |rows: &[RunLogRow]| rows.iter().map(|row| row.message.clone()).collect::<Vec<_>>();
    assert_eq!(said(&first), ["one", "two"]);
    let rest = store.run_logs_after(&Visible::All, run, first[1].seq, 10).await.unwrap();
    assert_eq!(said(&rest), ["three", "four"]);
    assert!(store.run_logs_after(&Visible::All, run, rest[1].seq, 10).await.unwrap().is_empty());
    assert_eq!(store.run_logs(&Visible::All, run, 2).await.unwrap(), rest);
    let nobody = Visible::Only(Vec::new());
    assert!(store.run_logs_after(&nobody, run, 0, 10).await.unwrap().is_empty());
}
