//! graphile_worker; README.md says which configuration and why.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use graphile_worker::{
    IntoTaskHandlerResult, JobSpec, LocalQueueConfig, RawJobSpec, Schema, TaskHandler, Worker,
    WorkerContext, WorkerContextExt, WorkerOptions, WorkerUtils,
};
use peer_driver::{
    Bodies, Chunks, LISTENING, Link, Mode, Noop, Peer, Result, STEPS, application, run, until,
};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tokio::task::JoinHandle;

#[derive(Clone, Serialize, Deserialize)]
struct NoopJob(Noop);

impl TaskHandler for NoopJob {
    const IDENTIFIER: &'static str = "noop";

    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        Shared::of(&context)?.noop(self.0);
        Ok::<(), String>(())
    }
}

/// A job of the chain; each step is a task of its own, as in an application.
#[derive(Clone, Serialize, Deserialize)]
struct StepJob<const STEP: usize>(Link);

impl<const STEP: usize> TaskHandler for StepJob<STEP> {
    const IDENTIFIER: &'static str = STEPS[STEP];

    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        // There is no hook into the transaction of the completion.
        let enqueue = async |next: Vec<(usize, Link)>| {
            context.add_raw_jobs(&specs(next)?).await?;
            Ok(())
        };
        let bodies = Shared::of(&context)?;
        bodies.step(STEP, self.0, enqueue).await.map_err(|error| error.to_string())
    }
}

fn specs(jobs: Vec<(usize, Link)>) -> Result<Vec<RawJobSpec>> {
    let spec = |(step, link): (usize, Link)| {
        Ok(RawJobSpec {
            identifier: STEPS[step].into(),
            payload: serde_json::to_value(link)?,
            spec: JobSpec::default(),
        })
    };
    jobs.into_iter().map(spec).collect()
}

/// What the bodies share.
#[derive(Clone, Debug)]
struct Shared(Arc<Bodies>);

impl Shared {
    fn of(context: &WorkerContext) -> std::result::Result<&Bodies, String> {
        context.get_ext::<Self>().map(|shared| &*shared.0).ok_or_else(|| "no bodies".into())
    }
}

#[derive(Clone)]
struct Graphile {
    pool: PgPool,
}

impl Graphile {
    fn utils(&self) -> WorkerUtils {
        WorkerUtils::new(self.pool.clone(), Schema::default())
    }

    async fn listening(&self) -> Result<bool> {
        let query = sqlx::query_scalar(LISTENING).bind(application());
        Ok(query.fetch_one(&self.pool).await?)
    }
}

impl Peer for Graphile {
    type Worker = (Arc<Worker>, JoinHandle<()>);

    const MODES: &'static [Mode] = &[Mode::Plain, Mode::Batched];

    async fn connect(url: &str, connections: u32) -> Result<Self> {
        let options = url.parse::<PgConnectOptions>()?.application_name(&application());
        let pool = PgPoolOptions::new().max_connections(connections).connect_with(options).await?;
        Ok(Self { pool })
    }

    // What a worker that makes its own pool has.
    fn worker_connections(_concurrency: u32) -> u32 {
        20
    }

    async fn setup(&self) -> Result {
        Ok(self.utils().migrate().await?)
    }

    async fn bulk(&self, count: usize, wait: Option<Duration>) -> Result {
        let spec =
            JobSpec { run_at: wait.map(|wait| chrono::Utc::now() + wait), ..JobSpec::default() };
        self.utils().add_jobs(&vec![(NoopJob(Noop::default()), &spec); count]).await?;
        Ok(())
    }

    fn chunks(&self) -> Chunks {
        Chunks { jobs: 10_000, lanes: 1 }
    }

    async fn one(&self, job: Noop) -> Result {
        self.utils().add_job(NoopJob(job), JobSpec::default()).await?;
        Ok(())
    }

    async fn chain(&self, link: Link) -> Result {
        self.utils().add_job(StepJob::<0>(link), JobSpec::default()).await?;
        Ok(())
    }

    async fn work(self, concurrency: u32, mode: Mode, bodies: Arc<Bodies>) -> Result<Self::Worker> {
        let mut options = WorkerOptions::default()
            .concurrency(usize::try_from(concurrency)?)
            .pg_pool(self.pool.clone())
            // The driver has the signal.
            .listen_os_shutdown_signals(false)
            .add_extension(Shared(bodies))
            .define_job::<NoopJob>()
            .define_job::<StepJob<0>>()
            .define_job::<StepJob<1>>()
            .define_job::<StepJob<2>>()
            .define_job::<StepJob<3>>()
            .define_job::<StepJob<4>>()
            .define_job::<StepJob<5>>()
            .define_job::<StepJob<6>>();
        if mode == Mode::Batched {
            // The documentation's "Throughput-oriented worker".
            options = options
                .poll_interval(Duration::from_millis(500))
                .complete_job_batch_delay(Duration::from_millis(5))
                .fail_job_batch_delay(Duration::from_millis(5))
                .local_queue(
                    LocalQueueConfig::default().with_size(100).with_ttl(Duration::from_secs(60)),
                );
        }
        let worker = Arc::new(options.init().await?);
        let running = Arc::clone(&worker);
        let running = tokio::spawn(async move {
            if let Err(error) = running.run().await {
                eprintln!("{error}");
                std::process::exit(1);
            }
        });
        until(async || self.listening().await).await?;
        Ok((worker, running))
    }

    async fn stop((worker, running): Self::Worker) -> Result {
        worker.request_shutdown();
        Ok(running.await?)
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    run::<Graphile>().await
}
