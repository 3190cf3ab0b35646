//! The view `connector_sources`: how each source fares.

use cascade_sdk::{Page, Query, Statement, View, ViewContext, ViewError, sql};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The view `connector_sources`.
pub struct Sources;

/// What may be asked for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// Only sources that fail, or only those that do not.
    failing: Option<bool>,
}

/// One source.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Row {
    /// Whose messages it has.
    #[schemars(title = "Project")]
    pub project_id: String,
    /// Its name in jobs.toml.
    #[schemars(title = "Source")]
    pub source: String,
    /// As jobs.toml spells it: mbox, imap, slack ...
    #[schemars(title = "Kind")]
    pub kind: String,
    /// Since when it cannot be read; none when all is well.
    #[schemars(title = "Failing since", extend("format" = "date-time"))]
    pub failing_since: Option<String>,
    /// Why.
    #[schemars(title = "Reason")]
    pub reason: Option<String>,
    /// When it is tried again, if that is later than the next run.
    #[schemars(title = "Next try", extend("format" = "date-time"))]
    pub next_try_at: Option<String>,
    /// When it was last read.
    #[schemars(title = "Last read", extend("format" = "date-time"))]
    pub read_at: Option<String>,
    /// New messages in the last reading.
    #[schemars(title = "New")]
    pub new_count: i64,
    /// Changed messages in the last reading.
    #[schemars(title = "Changed")]
    pub changed_count: i64,
    /// Items skipped in the last reading.
    #[schemars(title = "Skipped")]
    pub skipped_count: i64,
    /// The first item skipped, or what else is to know.
    #[schemars(title = "Note")]
    pub note: Option<String>,
}

impl View for Sources {
    const KEY: &'static str = "connector_sources";
    const DESCRIPTION: &'static str = "Where messages come from, and which sources fail.";
    const SORTABLE: &'static [&'static str] =
        &["source", "kind", "failing_since", "read_at", "new_count", "skipped_count"];
    type Filter = Filter;
    type Row = Row;

    async fn read(ctx: ViewContext, query: Query<Filter>) -> Result<Page<Row>, ViewError> {
        // An empty text lets everything through; a boolean has no empty value, so it becomes a text.
        let failing = query.filter.failing.map_or("", |failing| if failing { "1" } else { "0" });
        let project = query.project_id.map(|id| id.to_string()).unwrap_or_default();
        let select = |columns: &str, rest: &str| -> Statement {
            sql(format!(
                "SELECT {columns} FROM connector_sources
                 WHERE ($1 = '' OR project_id = $1)
                   AND ($2 = '' OR CASE WHEN failing_since IS NULL THEN '0' ELSE '1' END = $2)
                 {rest}"
            ))
            .bind(&project)
            .bind(failing)
        };
        // Those that fail first, the longest at the top.
        let order = query.order_by(
            "CASE WHEN failing_since IS NULL THEN 1 ELSE 0 END, failing_since, project_id, source",
        );
        let page = format!("ORDER BY {order} LIMIT {} OFFSET {}", query.limit(), query.offset());
        let columns = "project_id, source, kind, failing_since, reason, next_try_at, read_at,
            new_count, changed_count, skipped_count, note";
        Ok(ctx.db().fetch_page(select(columns, &page), select("count(*)", "")).await?)
    }
}
