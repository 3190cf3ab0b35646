//! The runner against a real store, with job types made for each case.

mod alone;
mod children;
mod edges;
mod ends;
mod figures;
mod limits;
mod outputs;
mod preferred;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use cascade_sdk::{
    BoxFuture, Context, DynJob, JobDescriptor, JobError, Origin, OriginKind, Outcome, sql,
};
use cascade_test_servers::Postgres;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Completer, HostHttp, MissingJobs, PreferredWorkers, Runner};
use crate::Engine;
use crate::scheduler::{self, Wake, WorkerSettings};
use cascade_bus::Announcer;
use cascade_config::LiveConfig;
use cascade_model::Visible;
use cascade_model::{Registry, RegistryError, Run, RunState};
use cascade_registry::Plugins;
use cascade_store::{Queries, RunFilter, Store, postgres::PostgresStore, sqlite::SqliteStore};

type Work = fn(Context) -> BoxFuture<'static, Result<Outcome<Value>, JobError>>;

struct TestJob {
    descriptor: JobDescriptor,
    work: Work,
}

fn job(name: &str, line: u32, work: Work) -> Arc<dyn DynJob> {
    let origin = Origin {
        kind: OriginKind::CompiledIn,
        plugin: "test".into(),
        version: "1.0.0".into(),
        location: format!("tests.rs:{line}"),
    };
    let descriptor = JobDescriptor::new(name, "", origin, json!({"type": "object"}));
    Arc::new(TestJob { descriptor, work })
}

impl DynJob for TestJob {
    fn descriptor(&self) -> &JobDescriptor {
        &self.descriptor
    }

    fn run(&self, ctx: Context, _: Value) -> BoxFuture<'static, Result<Outcome<Value>, JobError>> {
        (self.work)(ctx)
    }
}

struct Bench<S = SqliteStore> {
    store: Arc<S>,
    engine: Engine,
    config: LiveConfig,
    wake: Wake,
    stop: CancellationToken,
    worker: tokio::task::JoinHandle<()>,
    _folder: TempDir,
}

impl Bench {
    async fn start(jobs_toml: &str, jobs: Vec<Arc<dyn DynJob>>, grace: Duration) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("db")).await.unwrap();
        Self::start_on(store, folder, jobs_toml, jobs, (Duration::from_secs(30), grace)).await
    }
}

impl<S: Store + 'static> Bench<S> {
    /// A worker whose tick is an hour: whatever happens, happens because it was woken.
    async fn start_on(
        store: impl Into<Arc<S>>,
        folder: TempDir,
        jobs_toml: &str,
        jobs: Vec<Arc<dyn DynJob>>,
        (lease, grace): (Duration, Duration),
    ) -> Self {
        let mut registry = Registry::default();
        for job in jobs {
            registry.add_job(job).unwrap();
        }
        let file = folder.path().join("jobs.toml");
        std::fs::write(&file, jobs_toml).unwrap();
        let config = LiveConfig::open(&file, Plugins::from(registry)).unwrap();
        let store = store.into();
        store.migrate(&[]).await.unwrap();
        let engine = Engine::new(store.clone());
        engine.reconcile(&config.current()).await.unwrap();
        let (announcer, wake) = (Announcer::default(), Wake::default());
        let runner = Runner {
            completer: Completer::start(engine.clone(), announcer.clone(), wake.clone(), 10),
            engine: engine.clone(),
            http: Arc::new(HostHttp::new(config.clone()).unwrap()),
            config: config.clone(),
            announcer,
            wake: wake.clone(),
            missing_jobs: MissingJobs::default(),
            preferred_workers: PreferredWorkers::default(),
        };
        let tick = Duration::from_secs(3600);
        let settings = WorkerSettings {
            concurrency: 4,
            prefetch: 4,
            commit_batch: 10,
            tick,
            lease,
            grace,
            labels: vec!["eu".into()],
        };
        let stop = CancellationToken::new();
        let work = scheduler::work(Arc::new(runner), "w".into(), settings, stop.clone());
        Self { store, engine, config, wake, stop, worker: tokio::spawn(work), _folder: folder }
    }

    /// Asks for a run for the first project.
    async fn ask(&self, job: &str) {
        let project = self.store.projects(&Visible::All).await.unwrap().remove(0);
        self.ask_for(job, project.id).await;
    }

    async fn ask_for(&self, job: &str, project: Uuid) {
        self.engine.run_now(job, project).await.unwrap();
        self.wake.wake();
    }

    /// The run of a job, once it stands as wanted.
    async fn run(&self, job: &str, state: RunState) -> Run {
        let filter = RunFilter { job_types: vec![job.into()], ..Default::default() };
        let wait = async {
            loop {
                let page = self.store.runs(&filter).await.unwrap();
                if let Some(run) = page.items.into_iter().find(|run| run.state == state) {
                    return run;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let found = tokio::time::timeout(Duration::from_secs(30), wait).await;
        found.unwrap_or_else(|_| panic!("no run of {job} came to be {state}"))
    }

    async fn log(&self, run: &Run) -> Vec<String> {
        let lines = self.store.run_logs(&Visible::All, run.id, 100).await.unwrap();
        lines.into_iter().map(|line| line.message).collect()
    }
}

const GRACE: Duration = Duration::from_secs(10);

fn timer(job: &str, more: &str) -> String {
    format!("[jobs.{job}]\nevery = \"1h\"\nbackoff = \"1ms\"\n{more}\n")
}

#[tokio::test]
async fn a_panic_fails_its_own_run_only() {
    let panics: Work = |_| Box::pin(async { panic!("no such luck") });
    let works: Work = |_| Box::pin(async { Outcome::summary("fine").erased() });
    let toml = timer("panics", "max_attempts = 2") + &timer("works", "");
    let bench =
        Bench::start(&toml, vec![job("panics", 1, panics), job("works", 2, works)], GRACE).await;
    let run = bench.run("panics", RunState::Failed).await;
    assert_eq!(run.attempt, 2);
    assert_eq!(run.error.as_deref(), Some("the plugin panicked: no such luck"));
    let run = bench.run("works", RunState::Completed).await;
    assert_eq!(run.summary.as_deref(), Some("fine"));
}

#[tokio::test]
async fn a_fault_that_will_not_mend_is_not_tried_again() {
    let fails: Work = |_| Box::pin(async { Err(JobError::fail("bad key")) });
    let bench = Bench::start(&timer("fails", ""), vec![job("fails", 1, fails)], GRACE).await;
    let run = bench.run("fails", RunState::Failed).await;
    assert_eq!((run.attempt, run.error.as_deref()), (1, Some("bad key")));
}

#[tokio::test]
async fn a_run_that_snoozes_begins_again_with_the_same_attempt() {
    static BODIES: AtomicUsize = AtomicUsize::new(0);
    let snoozes: Work = |ctx| {
        Box::pin(async move {
            ctx.transaction().execute(sql("INSERT INTO nowhere VALUES (1)"))?;
            match BODIES.fetch_add(1, Ordering::SeqCst) {
                0 => Err(JobError::snooze(Duration::ZERO)),
                _ => Err(JobError::fail("no more")),
            }
        })
    };
    let toml = timer("snoozes", "max_attempts = 1");
    let bench = Bench::start(&toml, vec![job("snoozes", 1, snoozes)], GRACE).await;
    let run = bench.run("snoozes", RunState::Failed).await;
    assert_eq!((run.attempt, BODIES.load(Ordering::SeqCst)), (1, 2));
    assert_eq!(bench.log(&run).await, ["snoozed for 1s", "no more"]);
}

#[tokio::test]
async fn a_run_over_its_time_is_asked_to_stop_and_tried_again() {
    let slow: Work = |ctx| {
        Box::pin(async move {
            if ctx.attempt() > 1 {
                return Outcome::done().erased();
            }
            ctx.cancelled().await;
            ctx.log().info("stopping");
            Err(JobError::Cancelled)
        })
    };
    let toml = timer("slow", "timeout = \"50ms\"");
    let bench = Bench::start(&toml, vec![job("slow", 1, slow)], GRACE).await;
    let run = bench.run("slow", RunState::Completed).await;
    assert_eq!(run.attempt, 2);
    assert_eq!(bench.log(&run).await, ["stopping", "timed out after 50ms"]);
}

#[tokio::test]
async fn success_starts_the_downstream_at_once_and_commits_what_was_staged() {
    let up: Work = |ctx| {
        Box::pin(async move {
            ctx.db().execute(sql("CREATE TABLE note (run text)")).await?;
            ctx.transaction().execute(sql("INSERT INTO note VALUES ($1)").bind(ctx.run_id()))?;
            ctx.progress(0.5, "half");
            Outcome::done().erased()
        })
    };
    let down: Work = |ctx| {
        Box::pin(async move {
            let rows: Vec<Value> = ctx.db().fetch_all(sql("SELECT run FROM note")).await?;
            Outcome::summary(format!("{} after {:?}", rows.len(), ctx.triggered_by())).erased()
        })
    };
    let toml = "[CASCADE_CHAINS]\nup = [\"down\"]\n".to_owned() + &timer("up", "");
    let bench = Bench::start(&toml, vec![job("up", 1, up), job("down", 2, down)], GRACE).await;
    let run = bench.run("down", RunState::Completed).await;
    let summary = run.summary.unwrap();
    assert!(summary.starts_with("1 after Cascade { job_type: \"up\""), "{summary}");
    let up = bench.run("up", RunState::Completed).await;
    assert_eq!(up.progress.unwrap().fraction, 0.5);
    let note = bench.store.database().query(sql("SELECT run FROM note")).await.unwrap();
    assert_eq!(note[0]["run"], json!(up.id));
}

/// Queued by a version that let requests give params.
#[tokio::test]
async fn params_of_a_run_from_before_the_upgrade_are_ignored_and_its_log_says_so() {
    let works: Work =
        |ctx| Box::pin(async move { Outcome::summary(ctx.payload().to_string()).erased() });
    let toml = "[jobs.works]\n[projects]\none = {}\n";
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("db")).await.unwrap();
    store.migrate(&[]).await.unwrap();
    let file = folder.path().join("before.toml");
    std::fs::write(&file, toml).unwrap();
    let mut registry = Registry::default();
    registry.add_job(job("works", 1, works)).unwrap();
    let config = LiveConfig::open(&file, Plugins::from(registry)).unwrap();
    let store = Arc::new(store);
    let engine = Engine::new(store.clone());
    engine.reconcile(&config.current()).await.unwrap();
    let project = store.projects(&Visible::All).await.unwrap().remove(0);
    engine.run_now("works", project.id).await.unwrap();
    let params = "UPDATE worker_runs SET payload = json_insert(payload, '$.params', json($1))";
    let params = sql(params).bind(r#"{"url":"https://secret.example/"}"#);
    store.database().batch(vec![params]).await.unwrap();

    let times = (Duration::from_secs(30), GRACE);
    let bench =
        Bench::<SqliteStore>::start_on(store, folder, toml, vec![job("works", 1, works)], times)
            .await;
    let run = bench.run("works", RunState::Completed).await;
    assert!(!run.summary.as_ref().unwrap().contains("secret.example"), "{run:?}");
    assert!(bench.log(&run).await[0].starts_with("the params that this run was requested with"));
    let shown = serde_json::to_string(&run).unwrap();
    assert!(!shown.contains("secret.example"), "{shown}");
}

#[tokio::test]
async fn a_run_still_going_after_the_grace_time_is_given_back() {
    let endless: Work = |ctx| {
        Box::pin(async move {
            ctx.cancelled().await;
            Err(JobError::Cancelled)
        })
    };
    let bench =
        Bench::start(&timer("endless", ""), vec![job("endless", 1, endless)], Duration::ZERO).await;
    bench.run("endless", RunState::Running).await;
    bench.stop.cancel();
    let Bench { store, worker, _folder, .. } = bench;
    worker.await.unwrap();
    let run = store.runs(&RunFilter::default()).await.unwrap().items.remove(0);
    assert_eq!((run.state, run.attempt), (RunState::Available, 0));
}

#[tokio::test]
async fn a_run_that_has_not_begun_and_was_cancelled_is_not_given_back_at_a_stop() {
    static BEGUN: Mutex<Vec<Uuid>> = Mutex::new(Vec::new());
    let endless: Work = |ctx| {
        Box::pin(async move {
            BEGUN.lock().unwrap().push(ctx.run_id());
            ctx.cancelled().await;
            Err(JobError::Cancelled)
        })
    };
    let projects: String = ('a'..='h').map(|slug| format!("{slug} = {{}}\n")).collect();
    let toml = timer("endless", "") + "[projects]\n" + &projects;
    let bench = Bench::start(&toml, vec![job("endless", 1, endless)], Duration::ZERO).await;
    // Of eight runs the worker holds four for later.
    let all = async || bench.store.runs(&RunFilter::default()).await.unwrap().items;
    let held = loop {
        let held: Vec<_> =
            all().await.into_iter().filter(|r| r.state == RunState::Running).collect();
        if held.len() == 8 && BEGUN.lock().unwrap().len() == 4 {
            break held;
        }
        tokio::task::yield_now().await;
    };
    let begun = BEGUN.lock().unwrap().clone();
    let waiting = held.iter().find(|run| !begun.contains(&run.id)).unwrap().id;
    bench.engine.request_cancel(&Visible::All, waiting).await.unwrap();
    bench.wake.cancel(waiting).await;
    bench.stop.cancel();
    bench.worker.await.unwrap();
    let runs = bench.store.runs(&RunFilter::default()).await.unwrap().items;
    for run in runs {
        let expected = if run.id == waiting { RunState::Cancelled } else { RunState::Available };
        assert_eq!(run.state, expected);
    }
}

/// The claim takes a run and fails afterwards, as it does when the connection breaks under its answer. The
/// worker lives and renews, and the lease of the run that it does not know of must not be renewed with it.
#[tokio::test]
async fn what_a_broken_claim_has_taken_comes_back_however_busy_the_worker_is() {
    let server = Postgres::start();
    let store = PostgresStore::connect(&server.database(), 4).await.unwrap();
    let works: Work = |_| Box::pin(async { Outcome::done().erased() });
    let jobs = vec![job("taken", 1, works), job("busy", 2, works)];
    let folder = tempfile::tempdir().unwrap();
    let times = (Duration::from_secs(1), GRACE);
    let toml = "[jobs.taken]\nmax_attempts = 100\n[jobs.busy]\nmax_attempts = 100\n[projects]\nknown = {}\nunknown = {}\n";
    let bench = Bench::start_on(store, folder, toml, jobs, times).await;
    bench.ask("busy").await;
    bench.run("busy", RunState::Completed).await;
    let mut projects = bench.store.projects(&Visible::All).await.unwrap();
    let (unknown, known) = (projects.remove(1), projects.remove(0));
    let rename = |from, to| {
        let pool = bench.store.pool();
        let rename = format!("ALTER TABLE projects RENAME COLUMN {from} TO {to}");
        async move { sqlx::raw_sql(sqlx::AssertSqlSafe(rename)).execute(pool).await.unwrap() }
    };
    rename("name", "not_found").await;
    bench.ask_for("taken", unknown.id).await;
    let taken = "SELECT count(*) FROM open_runs WHERE job_type = 'taken' AND state = 'running'";
    let taken = async || sqlx::query_scalar::<_, i64>(taken).fetch_one(bench.store.pool()).await;
    let wait = async {
        while taken().await.unwrap() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), wait).await.unwrap();
    // One claim follows another: what is asked for now is done once that claim has failed. The same claim may
    // have taken it too, and all that follow it: then the other run has begun again.
    let seen =
        "SELECT (SELECT count(*) FROM ended_runs WHERE job_type = 'busy' AND state = 'completed'),
        (SELECT max(started_at)::text FROM open_runs WHERE job_type = 'taken')";
    let seen = async || {
        let seen = sqlx::query_as::<_, (i64, Option<String>)>(seen);
        seen.fetch_one(bench.store.pool()).await.unwrap()
    };
    let before = seen().await;
    bench.ask_for("busy", known.id).await;
    let wait = async {
        while seen().await == before {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), wait).await.unwrap();
    rename("not_found", "name").await;
    let again = async {
        loop {
            bench.ask("busy").await;
            let filter = RunFilter { job_types: vec!["taken".into()], ..Default::default() };
            let taken = bench.store.runs(&filter).await.unwrap().items.remove(0);
            if taken.state == RunState::Completed {
                return taken;
            }
        }
    };
    let taken = tokio::time::timeout(Duration::from_secs(60), again).await.unwrap();
    assert!(taken.attempt > 1, "{taken:?}");
    let log = bench.log(&taken).await;
    assert!(log[0].contains("lost track of it"), "{log:?}");
}

#[test]
fn two_plugins_of_one_name_are_refused_with_both_origins() {
    let nothing: Work = |_| Box::pin(async { Outcome::done().erased() });
    let mut registry = Registry::default();
    registry.add_job(job("twin", 1, nothing)).unwrap();
    let refused = registry.add_job(job("twin", 2, nothing)).unwrap_err();
    assert!(matches!(refused, RegistryError::Duplicate { .. }));
    let said = refused.to_string();
    assert!(said.contains("tests.rs:1") && said.contains("tests.rs:2"), "{said}");
    assert!(registry.add_job(job("Bad-Name", 3, nothing)).is_err());
}
