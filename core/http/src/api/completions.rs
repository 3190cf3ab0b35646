//! What an editor of jobs.toml may offer.

use std::collections::BTreeSet;

use axum::extract::State;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    AppState,
    error::Refused,
    middleware::{auth::Administrator, extract::Json},
};
use cascade_config::{ConfigState, KEYS};

#[derive(Serialize, ToSchema)]
pub struct KeyHint {
    /// Dotted; `*` stands for a name that the file chooses.
    path: String,
    /// `text`, `duration`, `time_zone`, `integer`, `number`, `boolean`, `list` or `table`.
    #[serde(rename = "type")]
    kind: &'static str,
    description: String,
}

#[derive(Serialize, ToSchema)]
pub struct Completions {
    /// The host's own keys, and the params of each job.
    keys: Vec<KeyHint>,
    /// All job types.
    jobs: Vec<String>,
    /// Data keys that a view serves or that jobs.toml names.
    data_keys: BTreeSet<String>,
    /// Short names of the projects of jobs.toml.
    projects: Vec<String>,
    time_zones: Vec<&'static str>,
}

/// What jobs.toml may say: keys, and the names that may stand in them.
#[utoipa::path(get, path = "/jobs/config/completions", responses((status = 200, body = Completions), Refused))]
pub async fn completions(State(server): State<AppState>, _: Administrator) -> Json<Completions> {
    let ConfigState { config, registry, .. } = server.config.state();
    let own = KEYS.iter().map(|key| KeyHint {
        path: key.path.clone(),
        kind: key.kind,
        description: key.description.clone(),
    });
    let jobs = || registry.jobs().map(|job| job.descriptor());
    let params = jobs().flat_map(|job| params(&job.name, &job.params_schema));
    let views = registry.views().map(|view| view.descriptor().key.clone());
    Json(Completions {
        keys: own.chain(params).collect(),
        jobs: jobs().map(|job| job.name.clone()).collect(),
        data_keys: views.chain(config.data_map.values().flatten().cloned()).collect(),
        projects: config.projects.keys().cloned().collect(),
        time_zones: chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()).collect(),
    })
}

fn params(job: &str, schema: &Value) -> Vec<KeyHint> {
    let properties = schema["properties"].as_object().into_iter().flatten();
    let hint = |(name, property): (&String, &Value)| KeyHint {
        path: format!("jobs.{job}.params.{name}"),
        kind: kind(schema, property),
        description: property["description"].as_str().unwrap_or_default().into(),
    };
    properties.map(hint).collect()
}

/// The first type that a schema allows, other than null.
fn kind(root: &Value, schema: &Value) -> &'static str {
    if let Some(place) = schema["$ref"].as_str().and_then(|at| at.strip_prefix('#')) {
        // A schema that names itself is no property's whole schema.
        return root.pointer(place).map_or("table", |schema| named(&schema["type"]));
    }
    let of_any = ["anyOf", "oneOf"].into_iter().filter_map(|key| schema[key].as_array()).flatten();
    let first = of_any.map(|schema| &schema["type"]).find(|name| *name != "null");
    named(if schema["type"].is_null() { first.unwrap_or(&Value::Null) } else { &schema["type"] })
}

fn named(name: &Value) -> &'static str {
    let first = match name {
        Value::Array(names) => names.iter().find(|name| *name != "null"),
        name => Some(name),
    };
    match first.and_then(Value::as_str) {
        Some("string") => "text",
        Some("integer") => "integer",
        Some("number") => "number",
        Some("boolean") => "boolean",
        Some("array") => "list",
        _ => "table",
    }
}
