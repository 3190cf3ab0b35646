//! A view with an action.

use cascade_sdk::{Action, Page, Query, View, ViewContext, ViewError, sql};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The view `example_findings`.
pub struct Findings;

/// Query parameters.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// Only findings of this severity.
    severity: Option<Severity>,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It can wait.
    Low,
    /// It cannot.
    High,
}

/// One row on the screen.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Row {
    /// Which one; actions need it, people do not.
    #[schemars(extend("x-hidden" = true))]
    pub id: String,
    /// What was found.
    #[schemars(title = "Finding")]
    pub text: String,
    /// How bad it is.
    #[schemars(title = "Severity")]
    pub severity: Severity,
    /// Whether somebody has seen to it.
    #[schemars(title = "Done")]
    pub done: bool,
}

/// The input of the action `close`: the row gives `id`, and a dialog asks for `note`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Close {
    /// Which one.
    id: String,
    /// Why it may be closed.
    #[schemars(length(min = 1))]
    note: String,
}

#[derive(Deserialize)]
struct Count {
    n: u64,
}

impl View for Findings {
    const KEY: &'static str = "example_findings";
    const DESCRIPTION: &'static str = "What was found.";
    const SORTABLE: &'static [&'static str] = &["text", "severity"];
    type Filter = Filter;
    type Row = Row;

    async fn read(ctx: ViewContext, query: Query<Filter>) -> Result<Page<Row>, ViewError> {
        let project = query.project_id.map(|id| id.to_string()).unwrap_or_default();
        let severity = query.filter.severity.map_or("", |severity| match severity {
            Severity::Low => "low",
            Severity::High => "high",
        });
        let select = |columns: &str, rest: &str| {
            sql(format!(
                "SELECT {columns} FROM example_findings
                 WHERE ($1 = '' OR project_id = $1) AND ($2 = '' OR severity = $2) {rest}"
            ))
            .bind(&project)
            .bind(severity)
        };
        let order = query.order_by("text, id");
        let page = format!("ORDER BY {order} LIMIT {} OFFSET {}", query.limit(), query.offset());
        let items = ctx.db().fetch_all(select("id, text, severity, done", &page)).await?;
        let count: Count = ctx.db().fetch_one(select("count(*) AS n", "")).await?;
        Ok(Page { items, total: count.n })
    }

    fn actions() -> Vec<Action> {
        vec![Action::new::<Close>("close", "Nobody needs to see to it any more.")]
    }

    async fn act(ctx: ViewContext, action: String, input: Value) -> Result<Value, ViewError> {
        if action != "close" {
            return Err(ViewError::BadRequest(format!("no action `{action}`")));
        }
        let Close { id, note } =
            serde_json::from_value(input).map_err(|e| ViewError::BadRequest(e.to_string()))?;
        let close = sql("UPDATE example_findings SET done = $1, text = text || ' (' || $2 || ')'
                         WHERE id = $3")
        .bind(true)
        .bind(note)
        .bind(&id);
        match ctx.db().execute(close).await? {
            0 => Err(ViewError::NotFound(format!("there is no finding `{id}`"))),
            _ => Ok(json!({"closed": id})),
        }
    }
}

cascade_sdk::submit_view!(Findings);
