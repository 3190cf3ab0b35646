use cascade_sdk::{Page, Query, Statement, View, ViewContext, ViewError, sql};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The view `uptime`.
pub struct Uptime;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// Only addresses that contain this.
    url: Option<String>,
    /// Only answers that were good, or bad.
    up: Option<bool>,
}

// The hints beginning with `x-` are for the screen: see "Hints for screens" in the reference.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("x-chart" = {"kind": "line", "x": "at", "y": ["latency_ms"], "series": "url", "title": "Latency"}))]
pub struct Row {
    /// When it was asked.
    #[schemars(title = "Asked", extend("format" = "date-time"))]
    pub at: String,
    /// The address.
    #[schemars(title = "Address", url)]
    pub url: String,
    /// Whether it answered with less than 400.
    #[schemars(title = "Up")]
    pub up: bool,
    /// HTTP status; none without an answer.
    #[schemars(title = "Status")]
    pub status: Option<u16>,
    /// From the question to the last byte of the answer.
    #[schemars(title = "Latency", extend("x-unit" = "ms"))]
    pub latency_ms: f64,
    /// Why there was no answer.
    #[schemars(title = "Error")]
    pub error: Option<String>,
}

impl View for Uptime {
    const KEY: &'static str = "uptime";
    const DESCRIPTION: &'static str = "Answers of the addresses that uptime_check asks.";
    const SORTABLE: &'static [&'static str] = &["at", "url", "up", "status", "latency_ms"];
    type Filter = Filter;
    type Row = Row;

    async fn read(ctx: ViewContext, query: Query<Filter>) -> Result<Page<Row>, ViewError> {
        // An empty text lets everything through; a boolean has no empty value, so it becomes a text.
        let up = query.filter.up.map_or("", |up| if up { "1" } else { "0" });
        let project = query.project_id.map(|id| id.to_string()).unwrap_or_default();
        let url = query.filter.url.clone().unwrap_or_default();
        let select = |columns: &str, rest: &str| -> Statement {
            sql(format!(
                "SELECT {columns} FROM uptime_checks
                 WHERE ($1 = '' OR project_id = $1)
                   AND ($2 = '' OR lower(url) LIKE '%' || lower($2) || '%')
                   AND ($3 = '' OR CASE WHEN up THEN '1' ELSE '0' END = $3) {rest}"
            ))
            .bind(&project)
            .bind(&url)
            .bind(up)
        };
        let order = query.order_by("at DESC, url, run_id");
        let page = format!("ORDER BY {order} LIMIT {} OFFSET {}", query.limit(), query.offset());
        let columns = "at, url, up, status, latency_ms, error";
        Ok(ctx.db().fetch_page(select(columns, &page), select("count(*)", "")).await?)
    }
}
