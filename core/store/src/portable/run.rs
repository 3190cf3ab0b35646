//! One run, and how long its log is.

use cascade_model::{Run, Visible};
use cascade_sdk::{host::Database, sql};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    Text, first, one,
    row::{RUN_COLUMNS, RUN_TABLES, RunRow},
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

pub(super) async fn count_logs(database: &dyn Database, run: Uuid) -> Result<u64> {
    #[derive(Deserialize)]
    struct Count {
        lines: u64,
    }
    let query = sql("SELECT count(*) AS lines FROM run_logs WHERE run_id = $1").bind(run);
    Ok(one::<Count>(database, query).await?.lines)
}
