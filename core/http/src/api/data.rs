//! Views: the data behind the screens. The host knows no data key by name.

use std::{collections::BTreeMap, panic::AssertUnwindSafe, sync::Arc};

use axum::{extract::State, http::Uri};
use cascade_sdk::{
    DynView, Page, RawQuery, SecretError, Sort, ViewContext, ViewDescriptor, ViewError,
    host::{Database, HttpClient, ViewHost},
};
use chrono::{DateTime, Utc};
use futures::FutureExt;
use serde::Serialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    AppState,
    api::{audit::audited, paging::paging},
    error::{ApiError, ApiResult, BodyRefused, ErrorBody, Refused},
    middleware::{
        auth::{Caller, Peer},
        extract::{Json, Path, Query},
        parameters::known_only,
    },
};
use cascade_access::{Principal, Role};
use cascade_config::LiveConfig;
use cascade_engine::runner::HostHttp;
use cascade_model::{Visible, border};
use cascade_registry::panic_text;

#[derive(Serialize, ToSchema)]
pub struct Views {
    #[schema(value_type = Vec<crate::api::described::View>)]
    items: Vec<ViewDescriptor>,
}

/// Every data key that some plugin serves.
#[utoipa::path(get, path = "/data", responses((status = 200, body = Views), Refused))]
pub async fn views(State(server): State<AppState>) -> Json<Views> {
    Json(Views {
        items: server.config.registry().views().map(|view| view.descriptor().clone()).collect(),
    })
}

#[derive(Serialize, ToSchema)]
pub struct DataPage {
    items: Vec<Value>,
    /// How many there are on all pages.
    total: u64,
    page: u32,
    per_page: u32,
    as_of: DateTime<Utc>,
}

/// What every view is asked.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only describes the API")]
pub struct PageQuery {
    /// Only this project.
    project_id: Option<Uuid>,
    /// From 1.
    #[param(minimum = 1, maximum = 1_000_000)]
    page: Option<u32>,
    /// At most 200; 50 if not given.
    #[param(minimum = 1, maximum = 200)]
    per_page: Option<u32>,
}

/// One page of a data key: `project_id`, `page`, `per_page`, `sort` (a column; `-column`
/// for the largest first), and the view's own parameters.
#[utoipa::path(
    get, path = "/data/{key}", params(("key" = String, Path, description = "The data key."), PageQuery),
    responses((status = 200, body = DataPage), (status = 404, body = ErrorBody), Refused)
)]
pub async fn read(
    State(server): State<AppState>,
    Caller(principal): Caller,
    Path(key): Path<String>,
    uri: Uri,
    Query(mut filter): Query<BTreeMap<String, String>>,
) -> ApiResult<Json<DataPage>> {
    let view = view(&server, &key)?;
    if let Some(own) = parameters_of(&view.descriptor().filter_schema) {
        let always = ["project_id", "page", "per_page", "sort"];
        let known: Vec<_> = always.into_iter().chain(own).collect();
        known_only(&uri, &known, &[])?;
    }
    let project_id = take(&mut filter, "project_id")?;
    let (page, per_page) = (take(&mut filter, "page")?, take(&mut filter, "per_page")?);
    let (page, per_page) = paging(page, per_page)?;
    let sort =
        take::<String>(&mut filter, "sort")?.map(|column| sort(&view, column)).transpose()?;
    filter.retain(|_, text| !text.is_empty());
    let as_of = Utc::now();
    let visible = server.scope(&principal, project_id)?;
    let project_id = match &visible {
        Visible::All => None,
        Visible::Only(projects) => match projects.first() {
            Some(project) => Some(*project),
            None => {
                return Ok(Json(DataPage { items: Vec::new(), total: 0, page, per_page, as_of }));
            }
        },
    };
    let query = RawQuery { project_id, page, per_page, sort, filter };
    let mut found = guarded(view.read(context(&server), query)).await?;
    found.items = match border::view_answer(Value::Array(found.items)) {
        Ok(Value::Array(items)) => items,
        Ok(_) => Vec::new(),
        Err(why) => return Err(ViewError::Internal(why).into()),
    };
    keep_own(&key, &visible, &mut found);
    Ok(Json(DataPage { items: found.items, total: found.total, page, per_page, as_of }))
}

/// The parameters that a view names; `None` when its schema takes others besides.
fn parameters_of(schema: &Value) -> Option<impl Iterator<Item = &str>> {
    let own = schema.get("properties").and_then(Value::as_object);
    let closed = match schema.get("additionalProperties") {
        None => own.is_some(),
        Some(others) => others == false,
    };
    closed.then(|| own.into_iter().flatten().map(|(name, _)| name.as_str()))
}

/// Does one of a view's actions.
#[utoipa::path(
    post, path = "/data/{key}/actions/{action}", request_body = Value,
    params(
        ("key" = String, Path, description = "The data key."),
        ("action" = String, Path, description = "One of its actions.")
    ),
    responses(
        (status = 200, body = Value), (status = 404, body = ErrorBody), Refused, BodyRefused
    )
)]
pub async fn act(
    State(server): State<AppState>,
    Caller(principal): Caller,
    peer: Peer,
    Path((key, action)): Path<(String, String)>,
    Json(input): Json<Value>,
) -> ApiResult<Json<Value>> {
    let view = view(&server, &key)?;
    let actions = &view.descriptor().actions;
    let known = actions.iter().find(|known| known.name == action).ok_or_else(|| {
        let names: Vec<_> = actions.iter().map(|action| action.name.as_str()).collect();
        ApiError::not_found(format!("`{key}` has no action `{action}`"))
            .help(format!("there is: {}", names.join(", ")))
    })?;
    jsonschema::validate(&known.input_schema, &input).map_err(|fault| {
        ApiError::bad_request(format!("body{}: {fault}", fault.instance_path()))
    })?;
    let project = acts_on(&principal, &input)?;
    if let Some(project) = project {
        server.demand(&principal, project, Role::Editor)?;
    }
    // Before: what a view does is in its own hands, and nothing of it is to be without an entry.
    let target = format!("{key}/{action}");
    let act = audited(&principal, "data.act", &target, project, input.clone(), peer);
    server.accounts.audit(act).await?;
    let answer = guarded(view.act(context(&server), action, input)).await?;
    Ok(Json(border::view_answer(answer).map_err(ViewError::Internal)?))
}

/// An action says by `project_id` in its input which project it concerns; one that does not concerns
/// all of them.
fn acts_on(principal: &Principal, input: &Value) -> ApiResult<Option<Uuid>> {
    let named = input.get("project_id").and_then(Value::as_str).and_then(|id| id.parse().ok());
    if named.is_none() && !principal.admin {
        return Err(ApiError::forbidden(
            "this action concerns all projects: it takes an administrator",
        )
        .help("an action that concerns one says so by `project_id` in its input"));
    }
    Ok(named)
}

/// A plugin's query limits itself; a row that says it is another project's is dropped all the same.
fn keep_own(key: &str, visible: &Visible, page: &mut Page<Value>) {
    let before = page.items.len();
    page.items.retain(|row| {
        let owner = row.get("project_id").and_then(Value::as_str).and_then(|id| id.parse().ok());
        owner.is_none_or(|owner| visible.includes(owner))
    });
    let dropped = before - page.items.len();
    if dropped > 0 {
        page.total = page.total.saturating_sub(dropped as u64);
        tracing::error!(
            view = key,
            rows = dropped,
            "the view answered with rows of other projects"
        );
    }
}

/// A view's panic is an error of the view, not a connection that breaks off.
async fn guarded<T>(call: impl Future<Output = Result<T, ViewError>>) -> Result<T, ViewError> {
    let caught = AssertUnwindSafe(call).catch_unwind().await;
    caught.unwrap_or_else(|payload| Err(ViewError::Internal(panic_text(&*payload))))
}

/// `at` or `-at`, the latter descending.
fn sort(view: &Arc<dyn DynView>, text: String) -> ApiResult<Sort> {
    let descending = text.starts_with('-');
    let column = text.trim_start_matches('-').to_owned();
    let sortable = &view.descriptor().sortable;
    if sortable.contains(&column) {
        return Ok(Sort { column, descending });
    }
    let help = match sortable.is_empty() {
        true => "this view has an order of its own".into(),
        false => format!("there is: {}", sortable.join(", ")),
    };
    Err(ApiError::bad_request(format!("query: cannot sort by `{column}`")).help(help))
}

fn view(server: &AppState, key: &str) -> ApiResult<Arc<dyn DynView>> {
    server.config.registry().view(key).cloned().ok_or_else(|| {
        ApiError::not_found(format!("no view serves the data key `{key}`"))
            .help("GET /api/data lists them")
    })
}

fn take<T: std::str::FromStr>(
    filter: &mut BTreeMap<String, String>,
    name: &str,
) -> ApiResult<Option<T>> {
    let Some(text) = filter.remove(name) else { return Ok(None) };
    let refuse = |_| ApiError::bad_request(format!("query: `{name}` cannot be \"{text}\""));
    text.parse().map(Some).map_err(refuse)
}

fn context(server: &AppState) -> ViewContext {
    ViewContext::new(Arc::new(ViewServices {
        database: server.store.database(),
        http: server.http.clone(),
        config: server.config.clone(),
    }))
}

struct ViewServices {
    database: Arc<dyn Database>,
    http: Arc<HostHttp>,
    config: LiveConfig,
}

impl ViewHost for ViewServices {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    fn database(&self) -> &dyn Database {
        &*self.database
    }

    fn http(&self) -> &dyn HttpClient {
        &*self.http
    }

    fn secret(&self, variable: &str) -> Result<String, SecretError> {
        self.config.current().secrets.read(variable)
    }

    fn job_params(&self, job: &str) -> Option<Value> {
        self.config.current().jobs.get(job).map(|settings| settings.params.clone())
    }
}
