//! apalis on PostgreSQL; README.md says which configuration and why.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use apalis::prelude::*;
use apalis_postgres::queries::push_tasks;
use apalis_postgres::{Config, PgConnectOptions, PgPool, PostgresStorage};
use peer_driver::{Bodies, Chunks, LISTENING, Link, Mode, Noop, Peer, application, run, until};
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgPoolOptions;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

const QUEUE: &str = "bench";

/// One queue has one type of job.
#[derive(Serialize, Deserialize)]
enum Job {
    Noop(Noop),
    Step(usize, Link),
}

#[derive(Clone)]
struct Apalis {
    pool: PgPool,
}

/// What a body has.
#[derive(Clone)]
struct State {
    apalis: Apalis,
    bodies: Arc<Bodies>,
}

struct Running {
    stop: oneshot::Sender<()>,
    worker: JoinHandle<()>,
}

async fn body(job: Job, state: Data<State>) -> Result<(), BoxDynError> {
    match job {
        Job::Noop(job) => state.bodies.noop(job),
        Job::Step(step, link) => {
            // There is no hook into the transaction of the completion.
            let enqueue = async |next: Vec<(usize, Link)>| {
                let jobs = next.into_iter().map(|(step, link)| Job::Step(step, link));
                Ok(state.apalis.storage(config()).push_bulk(jobs.collect()).await?)
            };
            state.bodies.step(step, link, enqueue).await?;
        }
    }
    Ok(())
}

fn config() -> Config {
    Config::default().queue(QUEUE)
}

impl Apalis {
    fn storage(&self, config: Config) -> PostgresStorage<Job> {
        PostgresStorage::new(&self.pool).with_config(config)
    }

    async fn listening(&self) -> peer_driver::Result<bool> {
        let query = sqlx::query_scalar(LISTENING).bind(application());
        Ok(query.fetch_one(&self.pool).await?)
    }
}

impl Peer for Apalis {
    type Worker = Running;

    const MODES: &'static [Mode] = &[Mode::Plain, Mode::Batched];

    async fn connect(url: &str, connections: u32) -> peer_driver::Result<Self> {
        let options = url.parse::<PgConnectOptions>()?.application_name(&application());
        let pool = PgPoolOptions::new().max_connections(connections).connect_with(options).await?;
        Ok(Self { pool })
    }

    // The size of `PgPool::connect`, which all of its examples use. A worker fetches and
    // acknowledges on one connection at a time.
    fn worker_connections(_concurrency: u32) -> u32 {
        10
    }

    async fn setup(&self) -> peer_driver::Result {
        Ok(PostgresStorage::setup(&self.pool).await?)
    }

    async fn bulk(&self, count: usize, wait: Option<Duration>) -> peer_driver::Result {
        let job = serde_json::to_vec(&Job::Noop(Noop::default()))?;
        let task = || {
            let task = TaskBuilder::new(job.clone());
            match wait {
                Some(wait) => task.run_after(wait).build(),
                None => task.build(),
            }
        };
        let mut tx = self.pool.begin().await?;
        push_tasks(&mut *tx, QUEUE, (0..count).map(|_| task()).collect()).await?;
        Ok(tx.commit().await?)
    }

    fn chunks(&self) -> Chunks {
        Chunks { jobs: 10_000, lanes: 1 }
    }

    async fn one(&self, job: Noop) -> peer_driver::Result {
        Ok(self.storage(config()).push(Job::Noop(job)).await?)
    }

    async fn chain(&self, link: Link) -> peer_driver::Result {
        Ok(self.storage(config()).push(Job::Step(0, link)).await?)
    }

    async fn work(
        self,
        concurrency: u32,
        mode: Mode,
        bodies: Arc<Bodies>,
    ) -> peer_driver::Result<Running> {
        let concurrency = usize::try_from(concurrency)?;
        let mut config = config();
        if mode == Mode::Batched {
            // "Larger batches can improve throughput": as many as run at once, for a start.
            config = config.batch_size(concurrency);
        }
        let storage = self.storage(config);
        let state = State { apalis: self.clone(), bodies };
        let monitor = Monitor::new().register(move |_| {
            let storage = storage
                .clone()
                .with_pubsub()
                // What the README's listener has.
                .poll_with_interval(Duration::from_secs(5));
            WorkerBuilder::new(application())
                .backend(storage)
                .concurrency(concurrency)
                .parallelize(tokio::spawn)
                .data(state.clone())
                .build(body)
        });
        let (stop, stopped) = oneshot::channel();
        let worker = tokio::spawn(async move {
            let stopped = async { stopped.await.map_err(std::io::Error::other) };
            if let Err(error) = monitor.run_with_signal(stopped).await {
                eprintln!("{error}");
                std::process::exit(1);
            }
        });
        until(async || self.listening().await).await?;
        Ok(Running { stop, worker })
    }

    async fn stop(running: Running) -> peer_driver::Result {
        // An error says that the worker is gone, which the next line waits for.
        let _ = running.stop.send(());
        Ok(running.worker.await?)
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    run::<Apalis>().await
}
