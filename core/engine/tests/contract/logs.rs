//! What a run says while it runs.

use cascade_engine::Engine;
use cascade_model::{RunLogRow, RunState, Visible};
use cascade_sdk::{Level, LogLine, Progress};
use cascade_store::{LogPage, LogPlace, Queries};
use serde_json::json;

use crate::steps::{claim_up, project, scheduled};

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

pub(super) async fn a_log_is_read_in_pages_and_searched(engine: &Engine) {
    let id = claim_up(engine).await.lease.run_id;
    let began = "2026-11-28T09:00:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    let line = |nth: i64| LogLine {
        at: began + chrono::TimeDelta::seconds(nth),
        level: if nth % 10 == 0 { Level::Error } else { Level::Info },
        message: format!("line {nth} of 100%"),
        fields: json!({ "Source": format!("s_{nth}") }),
    };
    engine.record(id, (1..=30).map(line).collect(), None).await.unwrap();
    let store = engine.store();
    let page = async |place, limit, text: &str, levels: &[Level]| {
        let text = (!text.is_empty()).then(|| text.to_owned());
        let levels = levels.to_vec();
        let page = LogPage { place, limit, text, levels, ..LogPage::default() };
        let lines = store.log_page(&Visible::All, id, &page).await.unwrap();
        let total = store.count_log_page(&Visible::All, id, &page).await.unwrap();
        let nth = |text: &str| text.split(' ').nth(1).unwrap().parse::<i64>().unwrap();
        let shown = lines.iter().map(|line| nth(&line.message)).collect::<Vec<_>>();
        (shown, total, lines)
    };
    let (shown, total, lines) = page(LogPlace::End, 3, "", &[]).await;
    assert_eq!((shown, total), (vec![28, 29, 30], 30));
    let (shown, _, _) = page(LogPlace::Before(lines[0].seq), 3, "", &[]).await;
    assert_eq!(shown, [25, 26, 27]);
    let (shown, _, _) = page(LogPlace::After(lines[0].seq), 10, "", &[]).await;
    assert_eq!(shown, [29, 30]);
    let (shown, _, _) = page(LogPlace::After(i64::MIN), 2, "", &[]).await;
    assert_eq!(shown, [1, 2]);
    let (shown, _, _) = page(LogPlace::From(line(17).at), 2, "", &[]).await;
    assert_eq!(shown, [17, 18]);
    // In messages and fields, as it is written.
    let (shown, total, _) = page(LogPlace::End, 1, "LINE 2", &[]).await;
    assert_eq!((shown, total), (vec![29], 11));
    assert_eq!(page(LogPlace::End, 9, "s_7", &[]).await.0, [7]);
    assert_eq!(page(LogPlace::End, 9, "of 1000%", &[]).await.0, [0_i64; 0]);
    let worse = [Level::Warn, Level::Error];
    assert_eq!(page(LogPlace::End, 2, "", &worse).await.0, [20, 30]);

    // From one time up to another, whatever the page.
    let (since, until) = (Some(line(11).at), Some(line(14).at));
    let slice = LogPage { limit: 2, since, until, ..LogPage::default() };
    let lines = store.log_page(&Visible::All, id, &slice).await.unwrap();
    assert_eq!(lines.iter().map(|line| line.at).collect::<Vec<_>>(), [line(12).at, line(13).at]);
    assert_eq!(store.count_log_page(&Visible::All, id, &slice).await.unwrap(), 3);

    let two = Visible::Only(vec![project(engine, "two").await]);
    let all = LogPage { limit: 100, ..LogPage::default() };
    assert!(store.log_page(&two, id, &all).await.unwrap().is_empty(), "of another project");
    assert_eq!(store.count_log_page(&two, id, &all).await.unwrap(), 0);
}
