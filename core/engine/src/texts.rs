//! NUL in what comes from outside becomes U+FFFD here, once, whoever calls: PostgreSQL's text cannot
//! hold it, and SQLite would keep it.

use std::borrow::Cow;

use cascade_model::{Done, Fault, Follow, Success, border};
use cascade_sdk::{LogLine, Progress, Statement};
use cascade_store::{Result, StoreError};
use serde_json::Value;

fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(fields) => {
            fields.iter().any(|(name, field)| name.contains('\0') || has_nul(field))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// No job is called that; the databases would not agree on why.
pub(crate) fn of_job(job: &str) -> Result<&str> {
    if job.contains('\0') {
        return Err(StoreError::NotScheduled { job: border::clean(job.into()) });
    }
    Ok(job)
}

pub(crate) fn of_fault(fault: Fault) -> Fault {
    Fault { error: border::clean(fault.error), ..fault }
}

pub(crate) fn of_success(success: Success) -> Success {
    let downstream = success.follow.downstream.into_iter().map(border::clean).collect();
    Success {
        summary: success.summary.map(border::clean),
        follow: Follow { downstream, ..success.follow },
        ..success
    }
}

/// Copied only where there is NUL: this is said of every run.
pub(crate) fn of_done(done: &[Done]) -> Cow<'_, [Done]> {
    if !done.iter().filter_map(|run| run.summary.as_ref()).any(|text| text.contains('\0')) {
        return Cow::Borrowed(done);
    }
    let clean =
        |run: &Done| Done { summary: run.summary.clone().map(border::clean), ..run.clone() };
    done.iter().map(clean).collect()
}

pub(crate) fn of_line(line: LogLine) -> LogLine {
    let fields = if has_nul(&line.fields) { border::fields(line.fields) } else { line.fields };
    LogLine { message: border::clean(line.message), fields, ..line }
}

pub(crate) fn of_progress(progress: Progress) -> Progress {
    Progress { message: border::clean(progress.message), ..progress }
}

/// The values that it binds.
pub(crate) fn of_statement(mut statement: Statement) -> Statement {
    for value in &mut statement.params {
        if let Value::String(text) = value {
            *text = border::clean(std::mem::take(text));
        }
    }
    statement
}

#[cfg(test)]
mod tests {
    use cascade_sdk::{Level, sql};
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_lose_nul_however_deep() {
        let line = |fields| LogLine {
            at: chrono::DateTime::UNIX_EPOCH,
            level: Level::Info,
            message: "a\0".into(),
            fields,
        };
        let clean = of_line(line(json!([{"k\0": 1}, "v\0"])));
        assert_eq!(clean.message, "a\u{fffd}");
        assert_eq!(clean.fields, json!([{"k\u{fffd}": 1}, "v\u{fffd}"]));
    }

    #[test]
    fn what_a_statement_binds_loses_nul() {
        let clean = of_statement(sql("SELECT $1, $2").bind("a\0").bind(7));
        assert_eq!(clean.params, [json!("a\u{fffd}"), json!(7)]);
    }

    #[test]
    fn a_job_with_nul_is_not_scheduled() {
        assert!(matches!(of_job("u\0p"), Err(StoreError::NotScheduled { .. })));
        assert_eq!(of_job("up").unwrap(), "up");
    }
}
