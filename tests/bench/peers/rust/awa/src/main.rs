//! awa; README.md says which configuration and why.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use awa::model::insert::params_with;
use awa::worker::{ClientBuilder, EnqueueRequest};
use awa::{
    Client, InsertOpts, JobArgs, JobError, JobResult, QueueConfig, QueueStorage,
    QueueStorageConfig, insert_with, migrations,
};
use peer_driver::{
    Bodies, Chunks, LISTENING, Link, Mode, Noop, Peer, Result, STEPS, application, run, until,
};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

const QUEUE: &str = "bench";

#[derive(Serialize, Deserialize)]
struct NoopJob(Noop);

impl JobArgs for NoopJob {
    fn kind() -> &'static str {
        "noop"
    }
}

/// A job of the chain; each step is a kind of its own, as in an application.
#[derive(Serialize, Deserialize)]
struct StepJob<const STEP: usize>(Link);

impl<const STEP: usize> JobArgs for StepJob<STEP> {
    fn kind() -> &'static str {
        STEPS[STEP]
    }
}

#[derive(Clone)]
struct Awa {
    pool: PgPool,
}

fn opts() -> InsertOpts {
    InsertOpts { queue: QUEUE.into(), ..InsertOpts::default() }
}

fn storage() -> Result<QueueStorage> {
    Ok(QueueStorage::new(QueueStorageConfig::default())?)
}

impl Awa {
    async fn listening(&self) -> Result<bool> {
        let query = sqlx::query_scalar(LISTENING).bind(application());
        Ok(query.fetch_one(&self.pool).await?)
    }

    /// Registers the body of one step.
    fn step<const STEP: usize>(
        &self,
        client: ClientBuilder,
        bodies: &Arc<Bodies>,
    ) -> ClientBuilder {
        let (pool, bodies) = (self.pool.clone(), Arc::clone(bodies));
        client.register::<StepJob<STEP>, _, _>(move |StepJob(link), _| {
            let (pool, bodies) = (pool.clone(), Arc::clone(&bodies));
            async move {
                let chain = async |next: Vec<(usize, Link)>| {
                    for (_, link) in next {
                        insert_with(&pool, &StepJob::<0>(link), opts()).await?;
                    }
                    Ok(())
                };
                bodies.step_followed(STEP, link, chain).await.map_err(JobError::retryable_msg)?;
                Ok(JobResult::Completed)
            }
        })
    }
}

/// Registers what the completion of a step enqueues in its own transaction.
fn follow<const FROM: usize, const TO: usize>(client: ClientBuilder) -> ClientBuilder {
    client.on_completed_enqueue_with::<StepJob<FROM>, StepJob<TO>, _>(|StepJob(link), _| {
        EnqueueRequest::new(StepJob(link)).queue(QUEUE)
    })
}

impl Peer for Awa {
    type Worker = Client;

    const MODES: &'static [Mode] = &[Mode::Plain, Mode::Batched];

    async fn connect(url: &str, connections: u32) -> Result<Self> {
        let options = url.parse::<PgConnectOptions>()?.application_name(&application());
        let pool = PgPoolOptions::new().max_connections(connections).connect_with(options).await?;
        Ok(Self { pool })
    }

    // The size that awa's own benchmark drains with; its bodies hold no connection.
    fn worker_connections(_concurrency: u32) -> u32 {
        20
    }

    async fn setup(&self) -> Result {
        migrations::run(&self.pool).await?;
        // A first worker would do this; jobs enqueued before it would go to the storage of 0.5.
        let storage = storage()?;
        if QueueStorage::active_schema(&self.pool).await?.is_none() {
            storage.install(&self.pool).await?;
        }
        Ok(())
    }

    async fn bulk(&self, count: usize, wait: Option<Duration>) -> Result {
        let run_at = wait.map(|wait| chrono::Utc::now() + wait);
        let job = params_with(&NoopJob(Noop::default()), InsertOpts { run_at, ..opts() })?;
        storage()?.enqueue_params_copy(&self.pool, &vec![job; count]).await?;
        Ok(())
    }

    fn chunks(&self) -> Chunks {
        Chunks { jobs: 10_000, lanes: 1 }
    }

    async fn one(&self, job: Noop) -> Result {
        insert_with(&self.pool, &NoopJob(job), opts()).await?;
        Ok(())
    }

    async fn chain(&self, link: Link) -> Result {
        insert_with(&self.pool, &StepJob::<0>(link), opts()).await?;
        Ok(())
    }

    async fn work(self, concurrency: u32, mode: Mode, bodies: Arc<Bodies>) -> Result<Client> {
        let mut config = QueueConfig { max_workers: concurrency, ..QueueConfig::default() };
        if mode == Mode::Batched {
            // Without a deadline of its own a job's claim and completion are written as compact
            // batches. Its heartbeat still guards it.
            config.deadline_duration = Duration::ZERO;
        }
        let mut client = Client::builder(self.pool.clone()).queue(QUEUE, config);
        let noops = Arc::clone(&bodies);
        client = client.register::<NoopJob, _, _>(move |NoopJob(job), _| {
            noops.noop(job);
            async { Ok(JobResult::Completed) }
        });
        client = self.step::<0>(client, &bodies);
        client = self.step::<1>(client, &bodies);
        client = self.step::<2>(client, &bodies);
        client = self.step::<3>(client, &bodies);
        client = self.step::<4>(client, &bodies);
        client = self.step::<5>(client, &bodies);
        client = self.step::<6>(client, &bodies);
        client = follow::<0, 1>(client);
        client = follow::<0, 2>(client);
        client = follow::<1, 3>(client);
        client = follow::<1, 4>(client);
        client = follow::<3, 5>(client);
        client = follow::<4, 6>(client);
        let client = client.build()?;
        client.start().await?;
        until(async || self.listening().await).await?;
        Ok(client)
    }

    async fn stop(client: Client) -> Result {
        // The drain time of awa's deployment guide.
        client.shutdown(Duration::from_secs(30)).await;
        Ok(())
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    run::<Awa>().await
}
