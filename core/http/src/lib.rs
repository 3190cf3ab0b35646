//! The HTTP server: one file per resource. Everything answers under `/` and under `/api`.

pub mod api;
mod error;
pub mod middleware;
pub mod server;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Instant};

use axum::{
    Json, Router,
    extract::DefaultBodyLimit,
    middleware::{from_fn, from_fn_with_state},
    routing::get,
};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio_util::sync::CancellationToken;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use uuid::Uuid;

pub use api::{hooks::HookRates, many_runs::MatchActions, notices::announce};
pub use middleware::{auth, client::ClientAddress, limits::HttpLimits, rate::RateLimit};
pub use server::serve;

use api::{
    audit, bulk, completions, config, config_history, config_text, data, edge_preview, edit_run,
    enqueue, events, health, hooks, job_queue, job_summary, jobs, logs, matching, metrics, oidc,
    problems, projects, rehearse, run_again, run_histogram, run_params, runs, saved_views,
    schedules, session, stats, tags, trace_cancel, traces, users, why, workers,
};
use auth::AuthSettings;
use cascade_access::{Accounts, Oidc, Principal, Role, SignInThrottle};
use cascade_bus::Bus;
use cascade_config::LiveConfig;
use cascade_engine::{Engine, runner::HostHttp, scheduler::Wake};
use cascade_model::Visible;
use cascade_sse::{EventHub, StreamSlots};
use cascade_store::Store;
use error::{ApiError, ApiResult};
use middleware::{edges, parameters, parameters::Parameters};
use server::{routes::routes, ui};

/// What handlers need.
pub struct Server {
    /// The truth.
    pub store: Arc<dyn Store>,
    /// What changes runs and schedules.
    pub engine: Engine,
    /// jobs.toml in force, and the job types and views under it.
    pub config: LiveConfig,
    /// How events travel.
    pub bus: Arc<dyn Bus>,
    /// Events to browsers.
    pub hub: Arc<EventHub>,
    /// Wakes this process' worker.
    pub wake: Wake,
    /// HTTP for views.
    pub http: Arc<HostHttp>,
    /// Users, sessions, tokens, and the log of what they did.
    pub accounts: Accounts,
    /// How people sign in.
    pub auth: AuthSettings,
    /// A provider at which they may do so.
    pub oidc: Option<Arc<Oidc>>,
    /// Whether administrators may change from the browser what reaches the machine: programs,
    /// libraries, `[files]`, `[secrets]` and `[http]`.
    pub plugins_from_ui: bool,
    /// Slows down who guesses passwords.
    pub throttle: SignInThrottle,
    /// What one client may take.
    pub limits: HttpLimits,
    /// Counts requests.
    pub rate: RateLimit,
    /// Counts event streams.
    pub streams: StreamSlots,
    /// Actions on all runs that match a filter.
    pub matching: MatchActions,
    /// Counts what is sent to hooks.
    pub hooks: HookRates,
    /// Renders `/metrics`.
    pub metrics: PrometheusHandle,
    /// When the process started.
    pub started: Instant,
    /// Ends event streams.
    pub stop: CancellationToken,
}

impl Server {
    /// What a list or a stream shows to somebody who asked for `project`, or for none in particular.
    ///
    /// # Errors
    /// 404 when the project is not theirs to see.
    fn scope(&self, principal: &Principal, project: Option<Uuid>) -> ApiResult<Visible> {
        principal.scope(project).ok_or_else(|| ApiError::no_project(project.unwrap_or_default()))
    }

    /// Lets through who has at least `role` in a project.
    ///
    /// # Errors
    /// 404 for who may not even see it, 403 for who may not do this.
    fn demand(&self, principal: &Principal, project: Uuid, role: Role) -> ApiResult<()> {
        if principal.may(project, role) {
            return Ok(());
        }
        match principal.role(project) {
            None => Err(ApiError::no_project(project)),
            Some(has) => Err(ApiError::forbidden(format!("this takes the role {role}, not {has}"))),
        }
    }
}

/// The state of every handler.
pub type AppState = Arc<Server>;

#[derive(OpenApi)]
#[openapi(info(
    title = "Cascade",
    description = "Cascading background jobs, watched live. Every path also answers without /api. \
        Query parameters that an address does not describe are refused with 400."
))]
struct ApiDoc;

fn health_and_metrics() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(health::health)).routes(routes!(metrics::metrics))
}

/// What one needs to become somebody; each of these looks at the request itself.
fn way_in() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(session::session, session::sign_in))
        .routes(routes!(session::sign_in_by_link))
        .routes(routes!(oidc::begin))
        .routes(routes!(oidc::callback))
}

/// For programs elsewhere, which sign what they send.
fn from_outside() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(hooks::deliver::deliver))
}

/// For those who are signed in. In parts: without optimisation each line of a chain takes a whole router of the
/// stack, and one chain of all would not fit into that of a thread.
fn resources() -> OpenApiRouter<AppState> {
    accounts()
        .merge(jobs_and_schedules())
        .merge(runs_and_logs())
        .merge(problems_and_figures())
        .merge(configuration())
        .merge(hooks())
        .merge(data_and_events())
}

fn accounts() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(session::sign_out))
        .routes(routes!(session::sign_out_everywhere))
        .routes(routes!(session::set_project))
        .routes(routes!(session::set_password))
        .routes(routes!(users::users, users::add))
        .routes(routes!(users::change))
        .routes(routes!(users::set_role))
        .routes(routes!(users::tokens, users::add_token))
        .routes(routes!(users::revoke_token))
        .routes(routes!(users::revoke_tokens_of))
        .routes(routes!(users::revoke_token_of))
        .routes(routes!(audit::audit))
        .merge(saved_views())
}

fn saved_views() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(saved_views::list, saved_views::add))
        .routes(routes!(saved_views::change, saved_views::remove))
        .routes(routes!(saved_views::order))
}

fn jobs_and_schedules() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(projects::list))
        .routes(routes!(jobs::types))
        .routes(routes!(jobs::scheduler))
        .routes(routes!(job_summary::summary))
        .routes(routes!(job_queue::queue))
        .routes(routes!(jobs::trends))
        .routes(routes!(jobs::run_now))
        .routes(routes!(jobs::pause))
        .routes(routes!(jobs::resume))
        .routes(routes!(schedules::pause))
        .routes(routes!(schedules::resume))
        .routes(routes!(schedules::run))
        .routes(routes!(why::job))
}

fn runs_and_logs() -> OpenApiRouter<AppState> {
    let many = OpenApiRouter::new()
        .routes(routes!(enqueue::enqueue_all))
        .layer(DefaultBodyLimit::max(edges::MOST_BULK_BYTES));
    OpenApiRouter::new()
        .routes(routes!(runs::runs))
        .routes(routes!(tags::suggest))
        .routes(routes!(run_histogram::histogram))
        .routes(routes!(enqueue::enqueue))
        .merge(many)
        .routes(routes!(runs::run, edit_run::edit))
        .routes(routes!(run_params::params))
        .routes(routes!(logs::run_logs))
        .routes(routes!(logs::download))
        .routes(routes!(traces::cascade))
        .routes(routes!(traces::children))
        .routes(routes!(trace_cancel::preview))
        .routes(routes!(trace_cancel::cancel))
        .routes(routes!(run_again::done_preview))
        .routes(routes!(run_again::done))
        .routes(routes!(run_again::rerun_preview))
        .routes(routes!(run_again::rerun))
        .routes(routes!(why::run))
        .routes(routes!(runs::cancel))
        .routes(routes!(runs::retry))
        .routes(routes!(bulk::cancel))
        .routes(routes!(bulk::retry))
        .routes(routes!(matching::count))
        .routes(routes!(matching::act))
        .routes(routes!(matching::progress))
}

fn problems_and_figures() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(problems::list))
        .routes(routes!(problems::attention))
        .routes(routes!(problems::mute))
        .routes(routes!(problems::handled))
        .routes(routes!(problems::reopen))
        .routes(routes!(problems::retry))
        .routes(routes!(stats::stats))
        .routes(routes!(workers::list))
        .routes(routes!(workers::drain))
        .routes(routes!(workers::undrain))
}

fn configuration() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(config::config))
        .routes(routes!(config::schema))
        .routes(routes!(config_text::read, config_text::save))
        .routes(routes!(config_text::check))
        .routes(routes!(config_text::edit))
        .routes(routes!(rehearse::rehearse))
        .routes(routes!(edge_preview::preview))
        .routes(routes!(config_history::list))
        .routes(routes!(config_history::one))
        .routes(routes!(completions::completions))
}

fn hooks() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(hooks::list::hooks))
        .routes(routes!(hooks::list::deliveries))
        .routes(routes!(hooks::list::delivery))
        .routes(routes!(hooks::replay::replay))
}

fn data_and_events() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(data::views))
        .routes(routes!(data::read))
        .routes(routes!(data::act))
        .routes(routes!(events::stream))
}

/// What a worker serves: health and metrics.
pub fn probes(state: AppState) -> Router {
    let known = Parameters::of(&health_and_metrics().into_openapi());
    let probes =
        || health_and_metrics().route_layer(from_fn_with_state(known.clone(), parameters::check));
    let (bare, _) = probes().split_for_parts();
    let (api, _) = OpenApiRouter::new().nest("/api", probes()).split_for_parts();
    edges::wrap(Router::new().merge(bare).merge(api), state)
}

/// What the API is, for programs; the web code's types are made from it.
fn document() -> utoipa::openapi::OpenApi {
    let all = health_and_metrics().merge(way_in()).merge(from_outside()).merge(resources());
    let (_, mut document) =
        OpenApiRouter::with_openapi(ApiDoc::openapi()).nest("/api", all).split_for_parts();
    document.info.version = env!("CARGO_PKG_VERSION").into();
    document
}

/// The whole application.
pub fn router(state: AppState) -> Router {
    let document = document();
    let known = Parameters::of(&document);
    let known_only = || from_fn_with_state(known.clone(), parameters::check);
    // Who asks is looked at first.
    let authenticated = || from_fn_with_state(state.clone(), auth::authenticate);
    let guarded = || resources().route_layer(known_only()).route_layer(authenticated());
    let open = || way_in().merge(from_outside()).route_layer(known_only());
    let probes = || health_and_metrics().route_layer(known_only());
    let (api, _) = OpenApiRouter::new()
        .nest("/api", probes().merge(open()).merge(guarded()))
        .split_for_parts();
    let (probes, _) = probes().split_for_parts();
    let (bare, _) = open().merge(guarded()).split_for_parts();
    let bare = bare.route_layer(from_fn(ui::screens_first));
    let openapi = get(move || async move { Json(document) });
    let application = Router::new()
        .merge(api)
        .merge(bare)
        .merge(probes)
        .route("/api/openapi.json", openapi)
        .fallback(ui::serve);
    edges::wrap(application, state)
}
