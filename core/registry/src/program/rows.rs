//! The rows that programs give out: kept by the host, since a program has no database.

use cascade_sdk::{
    BoxFuture, Context, DynView, JobError, Page, RawQuery, Sort, ViewContext, ViewDescriptor,
    ViewError, rfc3339, sql,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use cascade_model::border;

use super::protocol::Row;
use cascade_model::{Program, RowsView};

/// The most rows that one run may give out.
const MOST_ROWS: usize = 10_000;

/// Writes a run's rows in the transaction that marks it done: exactly once.
pub(super) fn stage(ctx: &Context, view: &RowsView, rows: Vec<Row>) -> Result<(), JobError> {
    if rows.len() > MOST_ROWS {
        return Err(JobError::fail(format!("{} rows; at most {MOST_ROWS} in a run", rows.len())));
    }
    let at = rfc3339(ctx.now());
    for (number, row) in rows.into_iter().enumerate() {
        let key = row.key.unwrap_or_else(|| format!("{}/{number:05}", ctx.run_id()));
        ctx.transaction().execute(
            sql("INSERT INTO program_rows (view, project_id, row_key, at, data)
                 VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT (view, project_id, row_key)
                 DO UPDATE SET at = excluded.at, data = excluded.data")
            .bind(&view.key)
            .bind(ctx.project_id())
            .bind(border::clean(key))
            .bind(&at)
            .bind(Value::Object(row.data).to_string()),
        )?;
    }
    ctx.transaction().execute(
        sql("DELETE FROM program_rows WHERE view = $1 AND project_id = $2 AND row_key NOT IN (
                 SELECT row_key FROM program_rows WHERE view = $1 AND project_id = $2
                 ORDER BY at DESC, row_key DESC LIMIT $3)")
        .bind(&view.key)
        .bind(ctx.project_id())
        .bind(view.keep),
    )?;
    Ok(())
}

/// The rows of one program as a view.
pub struct ProgramView(ViewDescriptor);

impl ProgramView {
    /// Describes it as jobs.toml does; every column can be sorted by, and `search` filters.
    pub fn new(program: &Program, view: RowsView) -> Self {
        let mut row_schema = view.row_schema;
        if let Some(columns) = row_schema.get_mut("properties").and_then(Value::as_object_mut) {
            let at = json!({"type": "string", "format": "date-time", "description": "When the row was given out."});
            columns.entry("at").or_insert(at);
        }
        let columns = row_schema["properties"].as_object();
        let sortable = columns.map(|columns| columns.keys().cloned().collect()).unwrap_or_default();
        Self(ViewDescriptor {
            key: view.key,
            description: view.description,
            origin: program.origin(),
            row_schema,
            filter_schema: json!({
                "type": "object",
                "properties": {"search": {"type": "string", "description": "Rows that contain this text."}}
            }),
            sortable,
            actions: Vec::new(),
        })
    }
}

#[derive(Deserialize)]
struct Stored {
    at: String,
    data: String,
}

impl DynView for ProgramView {
    fn descriptor(&self) -> &ViewDescriptor {
        &self.0
    }

    fn read(
        &self,
        ctx: ViewContext,
        query: RawQuery,
    ) -> BoxFuture<'static, Result<Page<Value>, ViewError>> {
        let key = self.0.key.clone();
        Box::pin(async move {
            // Of at most `keep` rows for each project: filtered and sorted here, since the two
            // databases have no common way to look into JSON.
            let stored: Vec<Stored> = ctx
                .db()
                .fetch_all(
                    sql("SELECT at, data FROM program_rows
                         WHERE view = $1 AND ($2 = '' OR CAST(project_id AS text) = $2)
                         ORDER BY at DESC, row_key DESC")
                    .bind(key)
                    .bind(query.project_id.map(|id| id.to_string()).unwrap_or_default()),
                )
                .await?;
            let search = query.filter.get("search").map(|text| text.to_lowercase());
            let holds = |value: &Value| {
                search.as_ref().is_none_or(|text| shown(value).to_lowercase().contains(text))
            };
            let mut rows = Vec::new();
            for Stored { at, data } in stored {
                let mut row: Map<String, Value> = serde_json::from_str(&data).unwrap_or_default();
                if search.is_none() || row.values().any(holds) {
                    row.entry("at").or_insert(at.into());
                    rows.push(row);
                }
            }
            if let Some(sort) = &query.sort {
                sort_by(&mut rows, sort);
            }
            let total = rows.len() as u64;
            let skip = (query.page.saturating_sub(1) as usize) * query.per_page as usize;
            let page = rows.into_iter().skip(skip).take(query.per_page as usize);
            Ok(Page { items: page.map(Value::Object).collect(), total })
        })
    }

    fn act(
        &self,
        _: ViewContext,
        action: String,
        _: Value,
    ) -> BoxFuture<'static, Result<Value, ViewError>> {
        Box::pin(async move { Err(ViewError::BadRequest(format!("no action `{action}`"))) })
    }
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

/// Numbers by value, texts that are times by their text, and rows without a value last.
fn sort_by(rows: &mut [Map<String, Value>], sort: &Sort) {
    let value = |row: &Map<String, Value>| row.get(&sort.column).cloned().unwrap_or(Value::Null);
    rows.sort_by(|a, b| {
        let (a, b) = (value(a), value(b));
        if a.is_null() || b.is_null() {
            return a.is_null().cmp(&b.is_null());
        }
        let order = match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) => a.total_cmp(&b),
            _ => shown(&a).cmp(&shown(&b)),
        };
        if sort.descending { order.reverse() } else { order }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_sort_as_numbers_and_what_is_missing_comes_last() {
        let rows = [json!({"n": 10}), json!({}), json!({"n": 9}), json!({"n": 2.5})];
        let mut rows: Vec<Map<String, Value>> =
            rows.iter().map(|row| row.as_object().unwrap().clone()).collect();
        let mut order = |descending| {
            sort_by(&mut rows, &Sort { column: "n".into(), descending });
            rows.iter().map(|row| row.get("n").and_then(Value::as_f64)).collect::<Vec<_>>()
        };
        assert_eq!(order(false), [Some(2.5), Some(9.0), Some(10.0), None]);
        assert_eq!(order(true), [Some(10.0), Some(9.0), Some(2.5), None]);
    }
}
