//! Changes to a run that waits: its args, when it begins, its priority, its tags.

use std::collections::BTreeSet;

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{response, times};
use crate::{
    AppState,
    api::{
        audit::entry,
        enqueue::checked_args,
        matching::without_null,
        runs::{RunId, editable, found},
    },
    error::{ApiError, ApiResult, BodyRefused, ErrorBody, Refused},
    middleware::{
        auth::{Caller, Peer},
        extract::{Json, Path},
    },
};
use cascade_access::Role;
use cascade_config::{left_out, masked_place};
use cascade_model::{Begins, HIGHEST_PRIORITY, Run, RunEdit, tag};

/// What is to be changed; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RunChanges {
    /// All of its args from now on, before its first attempt: an object that fits the job's `args_schema`. Secrets are
    /// given again: to leave one out, or the `***` in its place, is refused.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    args: Option<Map<String, Value>>,
    /// Not before this time; of a run that is tried again, its next attempt. A time that has passed is now.
    #[serde(default, deserialize_with = "times::optional")]
    run_at: Option<DateTime<Utc>>,
    /// It begins, or is tried again, as soon as it may. Not together with `run_at`.
    #[serde(default)]
    start_now: bool,
    /// 0 to 9: the highest goes first.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 9)]
    priority: Option<u8>,
    /// All of its own tags from now on; those of its job need not be among them.
    #[serde(default)]
    tags: Option<Vec<String>>,
}

/// Changes a run that waits. One that waits for its triggers to pause waits no longer for them once it is told when to
/// begin. Of a run of its schedule only the next attempt can be moved.
#[utoipa::path(
    patch, path = "/jobs/runs/{id}", params(RunId), request_body = RunChanges,
    responses(
        (status = 200, body = response::Run), (status = 404, body = ErrorBody),
        (
            status = 409, body = ErrorBody,
            description = "It has begun or ended, or cannot be changed so; the plugin of its job is not loaded."
        ),
        Refused, BodyRefused
    )
)]
pub async fn edit(
    State(server): State<AppState>,
    Caller(principal): Caller,
    peer: Peer,
    Path(id): Path<Uuid>,
    Json(changes): Json<RunChanges>,
) -> ApiResult<Json<response::Run>> {
    let run = editable(&server, &principal, id).await?;
    let edit = edit_of(&server, &run, changes)?;
    let detail = detail(&run, &edit);
    let entry = entry(&principal, "run.edit", &id.to_string(), Some(run.project_id), detail, peer);
    let visible = principal.with_role(Role::Editor);
    server.engine.noting(entry).edit(&visible, &run, &edit).await?;
    server.wake.wake_all().await;
    let run = found(&server, &principal, id).await?;
    Ok(Json(response::Run::shown(run, &server.config.state())))
}

fn edit_of(server: &AppState, run: &Run, changes: RunChanges) -> ApiResult<RunEdit> {
    let RunChanges { args, run_at, start_now, priority, tags } = changes;
    if priority.is_some_and(|priority| priority > HIGHEST_PRIORITY) {
        let message = format!("body: `priority` has to be 0 to {HIGHEST_PRIORITY}");
        return Err(ApiError::bad_request(message));
    }
    let begins = match (run_at, start_now) {
        (Some(_), true) => {
            return Err(ApiError::bad_request("body: `run_at` and `start_now` exclude each other"));
        }
        (Some(at), false) => Some(Begins::At(at)),
        (None, true) => Some(Begins::Now),
        (None, false) => None,
    };
    let args = args.map(|args| new_args(server, run, args)).transpose()?;
    let tags = tags.map(tag::tags).transpose();
    let mut tags = tags.map_err(|why| ApiError::bad_request(format!("body: `tags`: {why}")))?;
    if let (Some(tags), Some(job)) = (&mut tags, server.config.current().jobs.get(&run.job_type)) {
        tags.retain(|tag| !job.tags.contains(tag));
    }
    if args.is_none() && begins.is_none() && priority.is_none() && tags.is_none() {
        let refused = ApiError::bad_request("body: nothing is to be changed");
        return Err(refused.help("give `args`, `run_at`, `start_now`, `priority` or `tags`"));
    }
    Ok(RunEdit { args, begins, priority, tags })
}

fn new_args(server: &AppState, run: &Run, args: Map<String, Value>) -> ApiResult<Value> {
    let args = checked_args(server, &run.job_type, args)?;
    let registry = server.config.registry();
    let Some(job) = registry.job(&run.job_type) else { return Ok(args) };
    let schema = &job.descriptor().args_schema;
    let before = run.request.as_ref().map_or(&Value::Null, |request| &request.args);
    let refused = match (masked_place(schema, &args), left_out(schema, before, &args)) {
        (Some(place), _) => format!("args{place}: `***` is shown in the place of a secret"),
        (None, Some(place)) => {
            format!("args{place}: the run has a secret here, which is not shown")
        }
        (None, None) => return Ok(args),
    };
    Err(ApiError::bad_request(format!("body: {refused}")).help("give the secret again"))
}

/// For the audit log: what is changed, and no value of args, as any may be secret.
fn detail(run: &Run, edit: &RunEdit) -> Value {
    let args = edit.args.as_ref().map(|args| {
        let before = run.request.as_ref().map(|request| &request.args);
        changed_fields(before.unwrap_or(&Value::Null), args)
    });
    let run_at = match edit.begins {
        Some(Begins::Now) => Some(json!("now")),
        Some(Begins::At(at)) => Some(json!(at)),
        None => None,
    };
    without_null(json!({
        "job_type": run.job_type, "args": args, "run_at": run_at, "priority": edit.priority,
        "tags": edit.tags,
    }))
}

/// The names of the fields that are new, gone or different.
fn changed_fields(before: &Value, after: &Value) -> Vec<String> {
    let names = [before, after].into_iter().filter_map(Value::as_object).flat_map(Map::keys);
    let all: BTreeSet<_> = names.filter(|name| before.get(*name) != after.get(*name)).collect();
    all.into_iter().cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_named_that_is_new_gone_or_different() {
        let before = json!({"same": 1, "gone": 2, "other": [3]});
        let after = json!({"same": 1, "new": 2, "other": [4]});
        assert_eq!(changed_fields(&before, &after), ["gone", "new", "other"]);
        assert!(changed_fields(&Value::Null, &json!({})).is_empty());
    }
}
