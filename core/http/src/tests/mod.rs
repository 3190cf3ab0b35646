//! The whole router on a real database, without a socket.

mod args_of_file;
mod conditions;
mod edit_run;
mod enqueue;
mod figures;
mod hooks;
mod job_summary;
mod logs;
mod matching;
mod openapi;
mod requests;
mod run_views;
mod scope;
mod secret_args;
mod served;
mod streams;
mod tokens;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{Router, body::Body, http::Request};
use cascade_sdk::{
    BoxFuture, Context, DynJob, DynView, JobDescriptor, JobError, Origin, OriginKind, Outcome,
    Page, RawQuery, ViewContext, ViewDescriptor, ViewError, sql,
};
use futures::StreamExt;
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use uuid::Uuid;

use crate::{
    HttpLimits, RateLimit, Server,
    middleware::auth::{AuthSettings, SignIn},
};
use cascade_access::{Accounts, May, NewToken, NewUser, Secret, SignInThrottle, TokenEnd};
use cascade_bus::MemoryBus;
use cascade_config::LiveConfig;
use cascade_engine::{Engine, runner::HostHttp, scheduler::Wake};
use cascade_model::{Registry, Success, Visible};
use cascade_registry::Plugins;
use cascade_sse::EventHub;
use cascade_store::{Queries, Store, sqlite::SqliteStore};

fn origin() -> Origin {
    Origin {
        kind: OriginKind::CompiledIn,
        plugin: "test".into(),
        version: "1.0.0".into(),
        location: "tests".into(),
    }
}

/// A job that nobody runs: its runs are made and ended by the tests.
struct Job(JobDescriptor);

impl DynJob for Job {
    fn descriptor(&self) -> &JobDescriptor {
        &self.0
    }

    fn run(&self, _: Context, _: Value) -> BoxFuture<'static, Result<Outcome<Value>, JobError>> {
        Box::pin(async { Outcome::done().erased() })
    }
}

/// A view over `things(project_id, secret)`; with `careless = "yes"` it forgets to filter.
struct Things(ViewDescriptor);

impl DynView for Things {
    fn descriptor(&self) -> &ViewDescriptor {
        &self.0
    }

    fn read(
        &self,
        ctx: ViewContext,
        query: RawQuery,
    ) -> BoxFuture<'static, Result<Page<Value>, ViewError>> {
        Box::pin(async move {
            let careless = query.filter.contains_key("careless");
            let project = query.project_id.filter(|_| !careless);
            let rows: Vec<Value> = ctx
                .db()
                .fetch_all(
                    sql("SELECT project_id, secret FROM things WHERE $1 = '' OR project_id = $1")
                        .bind(project.map(|id| id.to_string()).unwrap_or_default()),
                )
                .await?;
            Ok(Page { total: rows.len() as u64, items: rows })
        })
    }

    fn act(
        &self,
        ctx: ViewContext,
        _: String,
        input: Value,
    ) -> BoxFuture<'static, Result<Value, ViewError>> {
        Box::pin(async move {
            let rows: Vec<Value> = ctx
                .db()
                .fetch_all(
                    sql("SELECT secret FROM things WHERE project_id = $1")
                        .bind(&input["project_id"]),
                )
                .await?;
            Ok(json!(rows))
        })
    }
}

/// A server with `projects` projects, called `p0`, `p1` ... and a job `work` in each.
struct Bench {
    server: Arc<Server>,
    store: Arc<SqliteStore>,
    engine: Engine,
    router: Router,
    projects: Vec<Uuid>,
    _folder: TempDir,
}

impl Bench {
    async fn new(projects: usize) -> Self {
        Self::with(projects, SignIn::Required).await
    }

    async fn with(projects: usize, sign_in: SignIn) -> Self {
        Self::with_more(projects, sign_in, "").await
    }

    /// With `more` in its jobs.toml.
    async fn with_more(projects: usize, sign_in: SignIn, more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut registry = Registry::default();
        let mut descriptor = JobDescriptor::new("work", "", origin(), json!({"type": "object"}));
        descriptor.output_schema = json!({"properties": {"key": {"format": "password"}}});
        descriptor.args_schema = json!({
            "type": "object", "additionalProperties": false,
            "properties": {"level": {"type": "integer"}, "token": {"format": "password"}},
        });
        registry.add_job(Arc::new(Job(descriptor))).unwrap();
        let view = ViewDescriptor {
            key: "things".into(),
            description: String::new(),
            origin: origin(),
            row_schema: json!({}),
            filter_schema: json!({}),
            sortable: Vec::new(),
            actions: vec![cascade_sdk::Action {
                name: "show".into(),
                description: String::new(),
                input_schema: json!({"type": "object"}),
            }],
        };
        registry.add_view(Arc::new(Things(view))).unwrap();
        let mut text = "[jobs.work]\ntags = [\"nightly\", \"a, b\"]\n[projects]\n".to_owned();
        for number in 0..projects {
            text.push_str(&format!("p{number} = {{ name = \"{}\" }}\n", marker(number)));
        }
        text.push_str(more);
        let file = folder.path().join("jobs.toml");
        std::fs::write(&file, text).unwrap();
        let config = LiveConfig::open(&file, Plugins::from(registry)).unwrap();
        let store = Arc::new(SqliteStore::open(&folder.path().join("db")).await.unwrap());
        store.migrate(&[]).await.unwrap();
        let engine = Engine::new(store.clone());
        engine.reconcile(&config.current()).await.unwrap();
        let rows = store.projects(&Visible::All).await.unwrap();
        let limits = HttpLimits {
            requests_per_second: 0,
            request_timeout: Duration::from_secs(60),
            header_timeout: Duration::from_secs(60),
            write_timeout: Duration::from_secs(60),
            connections_per_address: None,
            streams: 1000,
            streams_per_address: 1000,
            trusted_proxies: Vec::new(),
        };
        let server = Arc::new(Server {
            accounts: Accounts::new(store.database()),
            auth: AuthSettings { sign_in, public_url: None },
            oidc: None,
            plugins_from_ui: true,
            throttle: SignInThrottle::default(),
            rate: RateLimit::new(limits.requests_per_second),
            streams: limits.stream_slots(),
            limits,
            store: store.clone(),
            engine: engine.clone(),
            http: Arc::new(HostHttp::new(config.clone()).unwrap()),
            config,
            bus: Arc::new(MemoryBus::default()),
            hub: Arc::new(EventHub::default()),
            wake: Wake::default(),
            matching: Default::default(),
            hooks: Default::default(),
            metrics: PrometheusBuilder::new().build_recorder().handle(),
            started: Instant::now(),
            stop: CancellationToken::new(),
        });
        let projects = rows.into_iter().map(|row| row.id).collect();
        let router = super::router(server.clone());
        Self { server, store, engine, router, projects, _folder: folder }
    }

    /// One run of each project ends well, and the bus says so.
    async fn make_events(&self, round: usize) {
        for project in &self.projects {
            self.engine.run_now("work", *project).await.unwrap();
        }
        let runs = self.engine.claim("w", 100, Duration::from_secs(60), &[]).await.unwrap();
        assert_eq!(runs.len(), self.projects.len(), "round {round}");
        for run in runs {
            self.engine.complete(&run.lease, Success::default()).await.unwrap();
        }
        let events = self.store.number_events().await.unwrap();
        self.server.bus.publish(&events).await;
    }

    /// The token of a new administrator.
    async fn admin(&self) -> Secret {
        let accounts = &self.server.accounts;
        let new = NewUser { name: "ann".into(), admin: true, ..NewUser::default() };
        let user = accounts.add_user(new).await.unwrap();
        let new = NewToken {
            user,
            name: "t".into(),
            may: May::All,
            project: None,
            ends: TokenEnd::Usual,
        };
        accounts.add_token(new).await.unwrap().token
    }

    /// The token of a new viewer of the first project.
    async fn viewer_of_first(&self) -> String {
        let accounts = &self.server.accounts;
        let user =
            accounts.add_user(NewUser { name: "vic".into(), ..NewUser::default() }).await.unwrap();
        accounts
            .set_role(user, self.projects[0], Some(cascade_access::Role::Viewer))
            .await
            .unwrap();
        let ends = TokenEnd::Usual;
        let new = NewToken { user, name: "t".into(), may: May::All, project: None, ends };
        accounts.add_token(new).await.unwrap().token.reveal().to_owned()
    }

    /// Status and body. `token` is sent as a bearer token.
    async fn ask(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Option<Value>,
    ) -> (u16, String) {
        let mut request = Request::builder().method(method).uri(path).header("host", "test");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let body = match body {
            Some(body) => {
                request = request.header("content-type", "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        let answer = self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let status = answer.status().as_u16();
        let mut bytes = Vec::new();
        let mut stream = answer.into_body().into_data_stream();
        if path.contains("/events/stream") && status == 200 {
            bytes.extend_from_slice(&stream.next().await.unwrap().unwrap());
        } else {
            while let Some(part) = stream.next().await {
                bytes.extend_from_slice(&part.unwrap());
            }
        }
        (status, String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// A text that stands in everything of one project and in nothing of another.
fn marker(project: usize) -> String {
    format!("secret-of-{project}-")
}
