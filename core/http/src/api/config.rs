use std::{collections::BTreeSet, path::PathBuf, sync::Arc};

use axum::{Json, extract::State};
use serde_json::{Map, Value};

use crate::{
    AppState,
    error::{ApiResult, Refused},
    middleware::auth::Caller,
};
use cascade_config::{Config, ConfigState};
use cascade_store::Queries;

/// jobs.toml as it is in force, and the diagnostics of a text that was refused since. Params, the
/// diagnostics' text and other people's projects are for administrators.
#[utoipa::path(get, path = "/jobs/config", responses((status = 200, body = crate::api::described::JobsConfig), Refused))]
pub async fn config(
    State(server): State<AppState>,
    Caller(principal): Caller,
) -> ApiResult<Json<ConfigState>> {
    let mut state = server.config.state().masked();
    if !principal.admin {
        let projects = server.store.projects(&principal.visible()).await?;
        let own: BTreeSet<_> = projects.into_iter().map(|project| project.slug).collect();
        state = ConfigState {
            config: Arc::new(without_others(&state.config, &own)),
            rejected: None,
            ..state
        };
    }
    Ok(Json(state))
}

/// The JSON Schema of jobs.toml: what each key takes and means, and what holds if it is left out.
#[utoipa::path(get, path = "/jobs/config/schema", responses((status = 200, body = Value), Refused))]
pub async fn schema(_: Caller) -> Json<Value> {
    Json(cascade_config::schema())
}

/// What a member of some projects may know: params may name sources and projects of others,
/// `[http]` has hosts inside, and keys are often names of customers.
fn without_others(config: &Config, own: &BTreeSet<String>) -> Config {
    let mut config = config.clone();
    config.path = PathBuf::new();
    (config.http, config.files, config.secrets) = Default::default();
    config.projects.retain(|slug, _| own.contains(slug));
    config.hooks.retain(|_, hook| hook.project.as_ref().is_none_or(|slug| own.contains(slug)));
    for hook in config.hooks.values_mut() {
        hook.secrets.clear();
    }
    for job in config.jobs.values_mut() {
        job.params = Value::Object(Map::new());
        job.args = Value::Object(Map::new());
        job.keys.clear();
    }
    config
}
