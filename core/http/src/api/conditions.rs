//! Conditions on args and output in a request: read, and held to what may be looked into.

use axum::{extract::FromRequestParts, http::request::Parts};
use utoipa::IntoParams;

use crate::{
    AppState,
    error::{ApiError, ApiResult},
    middleware::extract::Query,
};
use cascade_config::is_secret;
use cascade_model::Registry;
use cascade_store::{BadCondition, Condition, Document, MOST_CONDITIONS, Queries, RunFilter};

/// Describes `where`.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only describes the API")]
pub struct WhereQuery {
    /// Only runs whose args or output have such a field, such as `args.invoice.id=7` or `output.new>0`, given up to
    /// four times. There is `=`, `!=`, `>`, `>=`, `<`, `<=` and `~` for a text that is contained; no field that
    /// the schema of a job calls secret.
    #[param(rename = "where", max_items = 4)]
    conditions: Option<Vec<String>>,
}

/// Each `where` of a query.
pub struct Where(pub Vec<String>);

impl<S: Send + Sync> FromRequestParts<S> for Where {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Query(given) = Query::<Vec<(String, String)>>::from_request_parts(parts, state).await?;
        let texts = given.into_iter().filter(|(name, text)| name == "where" && !text.is_empty());
        Ok(Self(texts.map(|(_, text)| text).collect()))
    }
}

/// The most runs that one request looks into.
pub(crate) const MOST_LOOKED_INTO: u32 = 500_000;

/// Refuses conditions that would be looked for in more than `most` runs: no index has what is in args and outputs,
/// and others wait for the database meanwhile.
///
/// # Errors
/// 400 that says how to narrow the filter.
pub(crate) async fn narrow_enough(
    server: &AppState,
    place: &str,
    filter: &RunFilter,
    most: u32,
) -> ApiResult<()> {
    if filter.conditions.is_empty() {
        return Ok(());
    }
    let others = RunFilter { conditions: Vec::new(), ..filter.clone() };
    if server.store.count_runs_up_to(&others, most + 1).await? <= most {
        return Ok(());
    }
    let message = format!("{place}: more than {most} runs would have to be looked into");
    Err(ApiError::bad_request(message)
        .help("narrow the filter by job, project, state, key or time"))
}

/// The conditions, and the job types whose runs may be looked into: those of `job_types`, or all that this server
/// has the plugin of.
///
/// # Errors
/// 400 where one cannot be read, or asks for what may be secret: whoever may ask often enough finds out any value.
pub(crate) fn conditions(
    registry: &Registry,
    place: &str,
    texts: &[String],
    job_types: Vec<String>,
) -> ApiResult<(Vec<Condition>, Vec<String>)> {
    if texts.is_empty() {
        return Ok((Vec::new(), job_types));
    }
    if texts.len() > MOST_CONDITIONS {
        let message = format!("{place}: {} conditions are too many", texts.len());
        return Err(ApiError::bad_request(message).help(format!("at most {MOST_CONDITIONS}")));
    }
    let read = |text: &String| {
        text.parse::<Condition>().map_err(|BadCondition { message, help }| {
            ApiError::bad_request(format!("{place}: {message}")).help(help)
        })
    };
    let conditions = texts.iter().map(read).collect::<ApiResult<Vec<Condition>>>()?;
    let job_types = match job_types.is_empty() {
        true => registry.jobs().map(|job| job.descriptor().name.clone()).collect(),
        false => job_types,
    };
    for name in &job_types {
        let Some(job) = registry.job(name) else {
            let message = format!("{place}: nobody knows which fields of `{name}` are secret");
            let help = "the plugin of this job is not loaded; name others by `job_type`";
            return Err(ApiError::bad_request(message).help(help));
        };
        for (condition, text) in conditions.iter().zip(texts) {
            let job = job.descriptor();
            let schema = match condition.document {
                Document::Args => &job.args_schema,
                Document::Output => &job.output_schema,
            };
            if is_secret(schema, &condition.path) {
                let message = format!("{place}: `{text}` asks for a secret of `{name}`");
                let help = "look for another field, or name other jobs by `job_type`";
                return Err(ApiError::bad_request(message).help(help));
            }
        }
    }
    Ok((conditions, job_types))
}
