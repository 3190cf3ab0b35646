//! A view with a filter, an order and an action that each can go wrong.

use cascade_sdk::{
    Action, Page, Query, View, ViewContext, ViewError,
    serde_json::{Value, json},
    sql, submit_view,
};
use serde::{Deserialize, Serialize};

#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// Only notes with this number.
    number: Option<i64>,
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
pub struct Note {
    number: i64,
    note: String,
}

#[derive(Deserialize, schemars::JsonSchema)]
struct Rename {
    number: i64,
    note: String,
}

pub struct Notes;

impl View for Notes {
    const KEY: &'static str = "probe_notes";
    const DESCRIPTION: &'static str = "What the probe wrote.";
    const SORTABLE: &'static [&'static str] = &["number", "note"];
    type Filter = Filter;
    type Row = Note;

    async fn read(ctx: ViewContext, query: Query<Filter>) -> Result<Page<Note>, ViewError> {
        if query.filter.number == Some(-1) {
            panic!("the probe's view panics");
        }
        let order = query.order_by("number, run_id");
        let items: Vec<Note> = ctx
            .db()
            .fetch_all(
                sql(format!(
                    "SELECT number, note FROM probe_notes WHERE $1 = 0 OR number = $1
                     ORDER BY {order} LIMIT {} OFFSET {}",
                    query.limit(),
                    query.offset()
                ))
                .bind(query.filter.number.unwrap_or(0)),
            )
            .await?;
        Ok(Page { total: items.len() as u64, items })
    }

    fn actions() -> Vec<Action> {
        vec![Action::new::<Rename>("rename", "Gives a note another text.")]
    }

    async fn act(ctx: ViewContext, action: String, input: Value) -> Result<Value, ViewError> {
        if action != "rename" {
            return Err(ViewError::BadRequest(format!("no action `{action}`")));
        }
        let rename: Rename = cascade_sdk::serde_json::from_value(input)
            .map_err(|error| ViewError::BadRequest(error.to_string()))?;
        let update = sql("UPDATE probe_notes SET note = $1 WHERE number = $2");
        let renamed = ctx.db().execute(update.bind(rename.note).bind(rename.number)).await?;
        if renamed == 0 {
            return Err(ViewError::NotFound(format!("no note {}", rename.number)));
        }
        Ok(json!({"renamed": renamed}))
    }
}

submit_view!(Notes);
