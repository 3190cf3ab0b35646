//! NUL in texts from outside: PostgreSQL's text cannot hold it, so that no database keeps it.

use std::time::Duration;

use cascade_access::Audited;
use cascade_engine::Engine;
use cascade_model::{ConfigOrigin, ConfigText, Done, Fault, ScheduledStatus, Success, Visible};
use cascade_sdk::{Level, LogLine, Progress, sql};
use cascade_store::{Queries, RunFilter, StoreError};
use serde_json::json;

use crate::steps::{claim, claim_up, events_after, project, scheduled, success};

pub(super) async fn an_error_and_its_log_line_are_kept_without_nul(engine: &Engine) {
    let mut run = claim_up(engine).await;
    for retry_in in [Some(Duration::ZERO), None] {
        engine.fail(&run.lease, Fault { error: "no\0luck".into(), retry_in }).await.unwrap();
        let shown = engine.store().run(&Visible::All, run.lease.run_id).await.unwrap().unwrap();
        assert_eq!(shown.error.as_deref(), Some("no\u{fffd}luck"));
        if retry_in.is_some() {
            run = claim(engine).await.remove(0);
        }
    }
    let logs = engine.store().run_logs(&Visible::All, run.lease.run_id, 10).await.unwrap();
    let logs: Vec<_> = logs.iter().map(|line| line.message.as_str()).collect();
    assert_eq!(logs, ["no\u{fffd}luck"; 2]);
    assert_eq!(events_after(engine, 0, 10).await.unwrap().len(), 1);
}

pub(super) async fn summaries_are_kept_without_nul(engine: &Engine) {
    let runs = claim(engine).await;
    let summary = || Some("do\0ne".to_owned());
    let one = Success { summary: summary(), ..success(&["gh\0st"]) };
    assert!(engine.complete(&runs[0].lease, one).await.unwrap().triggered.is_empty());
    let done = Done {
        lease: runs[1].lease.clone(),
        job_type: runs[1].job_type.clone(),
        project_id: runs[1].project.id,
        summary: summary(),
        ran: Duration::ZERO,
    };
    assert!(engine.complete_all(&[done]).await.unwrap()[0].is_some());
    for run in &runs {
        let shown = engine.store().run(&Visible::All, run.lease.run_id).await.unwrap().unwrap();
        assert_eq!(shown.summary.as_deref(), Some("do\u{fffd}ne"));
    }
    let logs = engine.store().run_logs(&Visible::All, runs[0].lease.run_id, 10).await.unwrap();
    assert!(logs[0].message.starts_with("cascade to gh\u{fffd}st skipped"), "{logs:?}");
}

pub(super) async fn log_lines_and_progress_are_kept_without_nul(engine: &Engine) {
    let run = claim_up(engine).await;
    let line = LogLine {
        at: chrono::Utc::now(),
        level: Level::Info,
        message: "a\0b".into(),
        fields: json!({"k\0y": ["v\0lue"]}),
    };
    let progress = Progress { fraction: 0.5, message: "ha\0lf".into() };
    engine.record(run.lease.run_id, vec![line], Some(progress)).await.unwrap();
    let kept = engine.store().run_logs(&Visible::All, run.lease.run_id, 10).await.unwrap();
    assert_eq!(kept[0].message, "a\u{fffd}b");
    assert_eq!(kept[0].fields, Some(json!({"k\u{fffd}y": ["v\u{fffd}lue"]})));
    let shown = scheduled(engine, "up", "one").await.current_run.unwrap();
    assert_eq!(shown.progress.unwrap().message, "ha\u{fffd}lf");
}

pub(super) async fn a_job_with_nul_in_its_name_is_not_scheduled(engine: &Engine) {
    let one = project(engine, "one").await;
    let run = engine.run_now("u\0p", one).await;
    assert!(matches!(run, Err(StoreError::NotScheduled { .. })), "{run:?}");
    let pause = engine.set_status("u\0p", one, ScheduledStatus::Paused).await;
    assert!(matches!(pause, Err(StoreError::NotScheduled { .. })), "{pause:?}");
}

pub(super) async fn an_audit_entry_is_kept_without_nul(engine: &Engine) {
    let one = project(engine, "one").await;
    let entry = Audited {
        user_name: "a\0nn",
        action: "run",
        target: "do\0wn".into(),
        project: Some(one),
        detail: json!({"k\0y": "v\0lue"}),
        address: Some("127.\0".into()),
    };
    engine.noting(entry.entry()).run_now("down", one).await.unwrap();
    let entries = sql("SELECT user_name, target, detail, address FROM audit_log");
    let entries = engine.store().database().query(entries).await.unwrap();
    let expected = json!({
        "user_name": "a\u{fffd}nn",
        "target": "do\u{fffd}wn",
        // It is JSON in a text, and NUL is six letters there.
        "detail": json!({"k\0y": "v\0lue"}).to_string(),
        "address": "127.\u{fffd}",
    });
    assert_eq!(serde_json::Value::from(entries[0].clone()), expected);
}

pub(super) async fn a_comment_on_a_config_is_kept_without_nul(engine: &Engine) {
    let saved = ConfigText {
        by: Some("ann".into()),
        comment: Some("w\0hy".into()),
        origin: ConfigOrigin::Ui,
        ..ConfigText::on_disk("x")
    };
    engine.store().record_config(&saved, None).await.unwrap();
    let page = engine.store().config_history(1, 10).await.unwrap();
    assert_eq!(page.items[0].comment.as_deref(), Some("w\u{fffd}hy"));
}

pub(super) async fn runs_are_looked_for_without_nul(engine: &Engine) {
    let run = claim_up(engine).await;
    let fault = Fault { error: "no\0luck".into(), retry_in: None };
    engine.fail(&run.lease, fault).await.unwrap();
    let found = async |text: &str| {
        let filter = RunFilter { text: Some(text.into()), ..Default::default() };
        engine.store().runs(&filter).await.unwrap().total
    };
    assert_eq!((found("no\0luck").await, found("no\0").await, found("n\0").await), (1, 1, 0));
}
