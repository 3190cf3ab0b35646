//! {{description}}

use std::time::Duration;

use cascade_sdk::{
    Context, Defaults, JobError, NoArgs, Outcome, Page, Query, TypedJob, View, ViewContext,
    ViewError, rfc3339, sql,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

cascade_sdk::submit_migrations!("0001_init.sql");
cascade_sdk::submit_job!({{Type}});
cascade_sdk::submit_view!({{Type}}Rows);
cascade_sdk::export_plugin!();

/// What an operator writes under `[jobs.{{name}}.params]`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// What to keep.
    message: String,
}

/// What a job that this one triggers reads by `ctx.upstream::<Output>()`.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// The message.
    pub message: String,
}

/// The job.
pub struct {{Type}};

impl TypedJob for {{Type}} {
    const NAME: &'static str = "{{name}}";
    const DESCRIPTION: &'static str = "{{description}}";
    // Where jobs.toml says nothing.
    const DEFAULTS: Defaults = Defaults::new().timeout(Duration::from_secs(60));
    type Params = Params;
    type Args = NoArgs;
    type Output = Output;

    async fn run(ctx: Context, params: Params, _: NoArgs) -> Result<Outcome<Output>, JobError> {
        ctx.log().info(format!("keeping {:?}", params.message));
        // Commits together with the run: once, however often it is tried.
        ctx.transaction().execute(
            sql("INSERT INTO {{name}}_rows (run_id, project_id, at, message)
                 VALUES ($1, $2, $3, $4)")
            .bind(ctx.run_id())
            .bind(ctx.project_id())
            .bind(rfc3339(ctx.now()))
            .bind(&params.message),
        )?;
        ctx.progress(1.0, "kept");
        let message = params.message;
        let outcome = Outcome::output(Output { message });
        Ok(outcome.with_summary("kept a message"))
    }
}

/// Query parameters of the data key `{{name}}`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// Only messages that contain this.
    message: Option<String>,
}

/// One row on the screen.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Row {
    /// When it was kept.
    #[schemars(extend("format" = "date-time"))]
    pub at: String,
    /// What was kept.
    pub message: String,
}

/// The view.
pub struct {{Type}}Rows;

impl View for {{Type}}Rows {
    const KEY: &'static str = "{{name}}";
    const DESCRIPTION: &'static str = "What {{name}} has kept.";
    const SORTABLE: &'static [&'static str] = &["at", "message"];
    type Filter = Filter;
    type Row = Row;

    async fn read(ctx: ViewContext, query: Query<Filter>) -> Result<Page<Row>, ViewError> {
        let project = query.project_id.map(|id| id.to_string()).unwrap_or_default();
        let message = query.filter.message.clone().unwrap_or_default();
        let select = |columns: &str, rest: &str| {
            sql(format!(
                "SELECT {columns} FROM {{name}}_rows
                 WHERE ($1 = '' OR project_id = $1)
                   AND ($2 = '' OR message LIKE '%' || $2 || '%') {rest}"
            ))
            .bind(&project)
            .bind(&message)
        };
        let order = query.order_by("at DESC, run_id");
        let page = format!("ORDER BY {order} LIMIT {} OFFSET {}", query.limit(), query.offset());
        Ok(ctx.db().fetch_page(select("at, message", &page), select("count(*)", "")).await?)
    }
}
