//! Words by which runs are found: in a filter, and suggested while somebody types.

use std::collections::BTreeSet;

use axum::{
    extract::{FromRequestParts, State},
    http::request::Parts,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    AppState,
    error::{ApiError, ApiResult, ErrorBody, Refused},
    middleware::{
        auth::Caller,
        extract::{Json, Query},
    },
};
use cascade_config::Config;
use cascade_model::{
    Visible,
    tag::{self, LONGEST_TAG, MOST_TAGS},
};
use cascade_store::{Queries, TagFilter};

/// The most tags that are suggested.
const MOST_SUGGESTED: u32 = 50;

/// Describes `tag`.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only describes the API")]
pub struct TagQuery {
    /// Only runs with this tag, of their own or of their job; given several times, with all of these.
    #[param(rename = "tag", max_items = 16)]
    tags: Option<Vec<String>>,
}

/// Each `tag` of a query.
pub struct Tags(pub Vec<String>);

impl<S: Send + Sync> FromRequestParts<S> for Tags {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Query(given) = Query::<Vec<(String, String)>>::from_request_parts(parts, state).await?;
        let tags = given.into_iter().filter(|(name, tag)| name == "tag" && !tag.is_empty());
        Ok(Self(tags.map(|(_, tag)| tag).collect()))
    }
}

/// What runs with all of these tags are found by.
///
/// # Errors
/// 400 for more than a run can have. A text that no tag can be is found nowhere.
pub(crate) fn filters(
    config: &Config,
    place: &str,
    tags: Vec<String>,
) -> ApiResult<Vec<TagFilter>> {
    if tags.len() > MOST_TAGS {
        let message = format!("{place}: {} tags are too many", tags.len());
        return Err(ApiError::bad_request(message).help(format!("at most {MOST_TAGS}")));
    }
    let filter = |tag: String| {
        if tag.len() > LONGEST_TAG || tag::fault(&tag).is_some() {
            let message = format!("{place}: no run has such a tag");
            return Err(ApiError::bad_request(message)
                .help(format!("a tag has 1 to {LONGEST_TAG} bytes, without control characters")));
        }
        let tagged = config.jobs.iter().filter(|(_, settings)| settings.tags.contains(&tag));
        let jobs = tagged.map(|(job, _)| job.clone()).collect();
        Ok(TagFilter { tag, jobs })
    };
    tags.into_iter().map(filter).collect()
}

/// The tags of a run: of the job and of the run itself, in their order.
pub(crate) fn of_run(config: &Config, job: &str, own: &[String]) -> Vec<String> {
    let of_job = config.jobs.get(job).map(|settings| settings.tags.as_slice()).unwrap_or_default();
    of_job.iter().chain(own).cloned().collect::<BTreeSet<_>>().into_iter().collect()
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SuggestQuery {
    /// Only tags of runs of this project.
    project_id: Option<Uuid>,
    /// What they begin with.
    #[param(max_length = 64)]
    prefix: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct TagList {
    /// In their order, at most 50.
    tags: Vec<String>,
}

/// The tags that runs and jobs have, for who looks for one.
#[utoipa::path(
    get, path = "/jobs/runs/tags", params(SuggestQuery),
    responses((status = 200, body = TagList), (status = 404, body = ErrorBody), Refused)
)]
pub async fn suggest(
    State(server): State<AppState>,
    Caller(principal): Caller,
    Query(query): Query<SuggestQuery>,
) -> ApiResult<Json<TagList>> {
    let visible = server.scope(&principal, query.project_id)?;
    let prefix = query.prefix.unwrap_or_default();
    if prefix.len() > LONGEST_TAG {
        let message = format!("query: `prefix` has more than {LONGEST_TAG} bytes");
        return Err(ApiError::bad_request(message));
    }
    // No text that is kept has a NUL.
    if prefix.contains('\0') {
        return Ok(Json(TagList { tags: Vec::new() }));
    }
    let of_runs = server.store.tags(&visible, &prefix, MOST_SUGGESTED).await?;
    let config = server.config.state().config;
    let sees_any = !matches!(&visible, Visible::Only(projects) if projects.is_empty());
    let of_jobs = config.jobs.values().filter(|_| sees_any).flat_map(|settings| &settings.tags);
    let of_jobs = of_jobs.filter(|tag| tag.starts_with(&prefix)).cloned();
    let all: BTreeSet<_> = of_runs.into_iter().chain(of_jobs).collect();
    Ok(Json(TagList { tags: all.into_iter().take(MOST_SUGGESTED as usize).collect() }))
}
