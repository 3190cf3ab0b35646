//! Pages of the log of a run. A page begins before or behind a line, however many lines there are.

use cascade_model::{RunLogRow, Visible, border};
use cascade_sdk::host::Database;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::{Text, one, row, rows};
use crate::{LogPage, LogPlace, Result, literal};

/// The lines that fit, whatever the page.
fn fitting(mut text: Text, visible: &Visible, id: Uuid, page: &LogPage) -> Text {
    text = text.push(" FROM run_logs l WHERE l.run_id = ").bind_id(id);
    if *visible != Visible::All {
        text = text
            .push(" AND EXISTS (SELECT 1 FROM all_runs r WHERE r.id = ")
            .bind_id(id)
            .and_visible("r.project_id", visible)
            .push(")");
    }
    if !page.levels.is_empty() {
        text = text
            .and_among("l.level", page.levels.iter().map(|level| level.as_str().into()).collect());
    }
    if let Some(since) = page.since {
        text = text.push(" AND l.at >= ").bind_time(since);
    }
    if let Some(until) = page.until {
        text = text.push(" AND l.at < ").bind_time(until);
    }
    if let Some(wanted) = &page.text {
        // No text that is kept has a NUL.
        let wanted = format!("%{}%", literal(&border::clean(wanted.clone())));
        text = text
            .push(" AND (")
            .like("l.message", wanted.clone())
            .push(" OR ")
            .like("CAST(l.fields AS text)", wanted)
            .push(")");
    }
    text
}

pub(super) async fn page(
    database: &dyn Database,
    visible: &Visible,
    id: Uuid,
    page: &LogPage,
) -> Result<Vec<RunLogRow>> {
    #[derive(Deserialize)]
    struct Line {
        seq: i64,
        at: chrono::DateTime<chrono::Utc>,
        level: String,
        message: String,
        #[serde(deserialize_with = "row::json")]
        fields: Option<Value>,
    }
    let text = Text::of(
        database.dialect(),
        "SELECT l.seq, l.at, l.level, l.message, CAST(l.fields AS text) AS fields",
    );
    let text = fitting(text, visible, id, page);
    let text = match page.place {
        LogPlace::End => text.push(" ORDER BY l.seq DESC"),
        LogPlace::Before(seq) => text.push(" AND l.seq < ").bind(seq).push(" ORDER BY l.seq DESC"),
        LogPlace::After(seq) => text.push(" AND l.seq > ").bind(seq).push(" ORDER BY l.seq"),
        LogPlace::From(at) => text.push(" AND l.at >= ").bind_time(at).push(" ORDER BY l.seq"),
    };
    let query = text.push(" LIMIT ").bind(page.limit);
    let mut lines: Vec<Line> = rows(database, query.statement()).await?;
    if matches!(page.place, LogPlace::End | LogPlace::Before(_)) {
        lines.reverse();
    }
    let line =
        |Line { seq, at, level, message, fields }| RunLogRow { seq, at, level, message, fields };
    Ok(lines.into_iter().map(line).collect())
}

pub(super) async fn count(
    database: &dyn Database,
    visible: &Visible,
    id: Uuid,
    page: &LogPage,
) -> Result<u64> {
    #[derive(Deserialize)]
    struct Count {
        lines: u64,
    }
    let text = Text::of(database.dialect(), "SELECT count(*) AS lines");
    let query = fitting(text, visible, id, page).statement();
    Ok(one::<Count>(database, query).await?.lines)
}
