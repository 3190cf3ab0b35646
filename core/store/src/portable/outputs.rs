//! What runs gave out, as JSON text.

use std::collections::HashMap;

use cascade_sdk::host::Database;
use serde::Deserialize;
use uuid::Uuid;

use super::{Text, rows};
use crate::Result;

pub(super) async fn of(database: &dyn Database, runs: &[Uuid]) -> Result<HashMap<Uuid, String>> {
    #[derive(Deserialize)]
    struct Row {
        run_id: Uuid,
        output: String,
    }
    let ids = runs.iter().map(Uuid::to_string).collect();
    let query = Text::of(database.dialect(), "SELECT run_id, output FROM run_outputs WHERE ")
        .among("run_id", ids);
    let found: Vec<Row> = rows(database, query.statement()).await?;
    Ok(found.into_iter().map(|row| (row.run_id, row.output)).collect())
}
