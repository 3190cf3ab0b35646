//! One run and its log.

use cascade_model::{Run, RunLogRow, Visible};
use cascade_sdk::{host::Database, sql};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::{
    Text, first, one,
    row::{self, RUN_COLUMNS, RUN_TABLES, RunRow},
    rows,
};
use crate::Result;

pub(super) async fn run(
    database: &dyn Database,
    visible: &Visible,
    id: Uuid,
) -> Result<Option<Run>> {
    let query = Text::of(database.dialect(), "SELECT ")
        .push(RUN_COLUMNS)
        .push(" FROM ")
        .push(RUN_TABLES)
        .push(" WHERE r.id = ")
        .bind_id(id)
        .and_visible("r.project_id", visible);
    Ok(first::<RunRow>(database, query.statement()).await?.map(Run::from))
}

pub(super) async fn logs(
    database: &dyn Database,
    visible: &Visible,
    id: Uuid,
    after: Option<i64>,
    limit: u32,
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
    let mut query = Text::of(
        database.dialect(),
        "SELECT seq, at, level, message, fields FROM (
             SELECT seq, at, level, message, CAST(fields AS text) AS fields FROM run_logs
             WHERE run_id = ",
    )
    .bind_id(id);
    if *visible != Visible::All {
        query = query
            .push(" AND EXISTS (SELECT 1 FROM all_runs r WHERE r.id = ")
            .bind_id(id)
            .and_visible("r.project_id", visible)
            .push(")");
    }
    let query = match after {
        Some(seq) => query.push(" AND seq > ").bind(seq).push(" ORDER BY seq LIMIT "),
        None => query.push(" ORDER BY seq DESC LIMIT "),
    };
    let query = query.bind(limit).push(") AS wanted ORDER BY seq");
    let lines: Vec<Line> = rows(database, query.statement()).await?;
    let line =
        |Line { seq, at, level, message, fields }| RunLogRow { seq, at, level, message, fields };
    Ok(lines.into_iter().map(line).collect())
}

pub(super) async fn count_logs(database: &dyn Database, run: Uuid) -> Result<u64> {
    #[derive(Deserialize)]
    struct Count {
        lines: u64,
    }
    let query = sql("SELECT count(*) AS lines FROM run_logs WHERE run_id = $1").bind(run);
    Ok(one::<Count>(database, query).await?.lines)
}
