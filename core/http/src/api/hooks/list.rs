//! The hooks that jobs.toml has, and what was sent to them.

use axum::extract::State;
use cascade_store::{DeliveryFilter, Queries};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::deliver::HookName;
use crate::{
    AppState,
    api::response,
    error::{ApiError, ApiResult, ErrorBody, Refused},
    middleware::{
        auth::Caller,
        extract::{Json, Path, Query},
    },
};
use cascade_access::{Principal, Role};
use cascade_config::{Config, ConfigState, Hook};
use cascade_model::HookOutcome;

/// The most deliveries of a page.
const MOST: u32 = 200;

#[derive(Serialize, ToSchema)]
pub struct Hooks {
    items: Vec<HookSummary>,
}

/// A hook of jobs.toml, and what was sent to it.
#[derive(Serialize, ToSchema)]
pub struct HookSummary {
    name: String,
    /// Where to send to, after the host's own address.
    path: String,
    job: String,
    /// `github` or `stripe`.
    scheme: String,
    /// The variables that hold its secrets; for administrators.
    secrets: Vec<HookSecret>,
    /// Whether one of them is set.
    ready: bool,
    /// The short name of the project of all its runs.
    project: Option<String>,
    /// An expression: the short name of the project of a run.
    project_from: Option<String>,
    /// What runs are asked for: a text is an expression, any other value is itself; `***` stands for a secret.
    #[schema(value_type = Option<Object>)]
    args: Option<Value>,
    /// An expression: the key of its runs.
    key: Option<String>,
    /// An expression: a run is made only if it is true.
    when: Option<String>,
    /// An expression: what tells deliveries apart.
    once: Option<String>,
    /// How many deliveries one address may send, such as `300/1m`.
    rate: String,
    /// What became of the deliveries of the last day.
    last_day: DayOfHook,
    /// The newest delivery.
    last: Option<response::Delivery>,
}

/// A variable that holds a secret; never its value.
#[derive(Serialize, ToSchema)]
pub struct HookSecret {
    name: String,
    is_set: bool,
}

/// How many deliveries had which outcome.
#[derive(Default, Serialize, ToSchema)]
pub struct DayOfHook {
    run: u64,
    ignored: u64,
    refused: u64,
}

/// The hooks of jobs.toml, without their secrets.
#[utoipa::path(get, path = "/hooks", responses((status = 200, body = Hooks), Refused))]
pub async fn hooks(
    State(server): State<AppState>,
    Caller(principal): Caller,
) -> ApiResult<Json<Hooks>> {
    let ConfigState { config, registry, .. } = server.config.state();
    let visible = principal.visible();
    let counts = server.store.delivery_counts(&visible).await?;
    let mut items = Vec::new();
    for (name, hook) in &config.hooks {
        if !is_visible(&server, &principal, &config, hook).await? {
            continue;
        }
        let newest = DeliveryFilter {
            hook: name.clone(),
            visible: visible.clone(),
            outcome: None,
            before: None,
            limit: 1,
        };
        let last = server.store.deliveries(&newest).await?.pop();
        let mut last_day = DayOfHook::default();
        for count in counts.iter().filter(|count| count.hook == *name) {
            *match count.outcome {
                HookOutcome::Run => &mut last_day.run,
                HookOutcome::Ignored => &mut last_day.ignored,
                HookOutcome::Refused => &mut last_day.refused,
            } = count.deliveries;
        }
        let summary = summary(&config, name, &hook.masked(&registry), principal.admin);
        items.push(HookSummary { last_day, last: last.map(Into::into), ..summary });
    }
    Ok(Json(Hooks { items }))
}

fn summary(config: &Config, name: &str, hook: &Hook, to_admin: bool) -> HookSummary {
    let secret = |name: &String| HookSecret {
        name: name.clone(),
        is_set: config.secrets.read(name).is_ok(),
    };
    let secrets: Vec<_> = hook.secrets.iter().map(secret).collect();
    let text = |expression: &Option<_>| expression.as_ref().map(ToString::to_string);
    HookSummary {
        name: name.to_owned(),
        path: format!("/hooks/{name}"),
        job: hook.job.clone(),
        scheme: hook.scheme.as_str().to_owned(),
        ready: secrets.iter().any(|secret| secret.is_set),
        secrets: if to_admin { secrets } else { Vec::new() },
        project: hook.fixed_project(&config.projects).map(ToOwned::to_owned),
        project_from: text(&hook.project_from),
        args: hook.args.as_ref().and_then(|args| serde_json::to_value(args).ok()),
        key: text(&hook.key),
        when: text(&hook.when),
        once: text(&hook.once),
        rate: hook.rate.to_string(),
        last_day: DayOfHook::default(),
        last: None,
    }
}

/// Whether somebody may see a hook: one whose deliveries are of several projects is for all.
async fn is_visible(
    server: &AppState,
    principal: &Principal,
    config: &Config,
    hook: &Hook,
) -> ApiResult<bool> {
    let Some(slug) = hook.fixed_project(&config.projects) else { return Ok(true) };
    if principal.admin {
        return Ok(true);
    }
    let own = server.store.projects(&principal.visible()).await?;
    Ok(own.iter().any(|project| project.slug == slug))
}

fn no_hook(name: &str) -> ApiError {
    ApiError::not_found(format!("there is no hook `{name}`"))
        .help("GET /api/hooks lists those that you may see")
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DeliveryQuery {
    /// Only this project.
    project_id: Option<Uuid>,
    /// Only those with this outcome: `run`, `ignored` or `refused`.
    #[param(pattern = "^(run|ignored|refused)?$")]
    outcome: Option<String>,
    /// Only those before this one: the `next` of the page before.
    before: Option<Uuid>,
    /// At most 200; 50 if not given.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

#[derive(Serialize, ToSchema)]
pub struct DeliveryPage {
    items: Vec<response::Delivery>,
    /// `before` of the next page; null on the last one.
    next: Option<Uuid>,
}

/// What was sent to a hook, the newest first.
#[utoipa::path(
    get, path = "/hooks/{name}/deliveries", params(HookName, DeliveryQuery),
    responses((status = 200, body = DeliveryPage), (status = 404, body = ErrorBody), Refused)
)]
pub async fn deliveries(
    State(server): State<AppState>,
    Caller(principal): Caller,
    Path(name): Path<String>,
    Query(query): Query<DeliveryQuery>,
) -> ApiResult<Json<DeliveryPage>> {
    let limit = query.limit.unwrap_or(50);
    if !(1..=MOST).contains(&limit) {
        return Err(ApiError::bad_request(format!("query: `limit` must be from 1 to {MOST}")));
    }
    let outcome = query.outcome.filter(|text| !text.is_empty());
    let outcome = outcome.map(|text| text.parse()).transpose();
    let outcome = outcome.map_err(|why| ApiError::bad_request(format!("query: {why}")))?;
    let filter = DeliveryFilter {
        hook: name.clone(),
        visible: match query.project_id {
            Some(_) => server.scope(&principal, query.project_id)?,
            None => principal.visible(),
        },
        outcome,
        before: query.before,
        limit: limit + 1,
    };
    let mut items = server.store.deliveries(&filter).await?;
    let config = server.config.current();
    if items.is_empty() {
        // One that jobs.toml has no longer still has what was sent to it.
        let hook = config.hooks.get(&name).ok_or_else(|| no_hook(&name))?;
        if !is_visible(&server, &principal, &config, hook).await? {
            return Err(no_hook(&name));
        }
    }
    let more = items.len() > limit as usize;
    items.truncate(limit as usize);
    let next = items.last().filter(|_| more).map(|last| last.id);
    Ok(Json(DeliveryPage { items: items.into_iter().map(Into::into).collect(), next }))
}

/// Describes `{name}` and `{id}`.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "only describes the API")]
pub struct DeliveryPath {
    /// The hook, as jobs.toml calls it.
    #[param(max_length = 64)]
    name: String,
    /// The delivery.
    id: Uuid,
}

/// One delivery with what it said.
#[utoipa::path(
    get, path = "/hooks/{name}/deliveries/{id}", params(DeliveryPath),
    responses((status = 200, body = response::WholeDelivery), (status = 404, body = ErrorBody), Refused)
)]
pub async fn delivery(
    State(server): State<AppState>,
    Caller(principal): Caller,
    Path((name, id)): Path<(String, Uuid)>,
) -> ApiResult<Json<response::WholeDelivery>> {
    let found = server.store.delivery(&principal.visible(), &name, id).await?;
    let found = found.ok_or_else(|| no_delivery(id))?;
    let with_body = may_repeat(&principal, found.delivery.project_id);
    Ok(Json(response::WholeDelivery::shown(found, with_body)))
}

pub(super) fn no_delivery(id: Uuid) -> ApiError {
    ApiError::not_found(format!("there is no delivery {id}"))
}

/// Whether somebody may see the body of a delivery, and have it repeated: who runs jobs in its project.
pub(super) fn may_repeat(principal: &Principal, project: Option<Uuid>) -> bool {
    project.map_or(principal.admin, |project| principal.may(project, Role::Editor))
}
