//! The production topology: two servers and three workers on PostgreSQL and Redis, as
//! docker-compose.yml starts them.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use cascade_test_servers::{Postgres, Redis};
use serde_json::{Value, json};

use crate::{
    host::{Host, command, repository_config},
    stream::Stream,
};

/// Processes with one database and one jobs.toml text.
pub struct Topology {
    pub postgres: Postgres,
    pub redis: Redis,
    pub servers: Vec<Host>,
    pub workers: Vec<Host>,
    /// More settings for the processes to come.
    pub env: Vec<(String, String)>,
    url: String,
    jobs_toml: String,
}

impl Topology {
    pub fn new(redis: Redis, jobs_toml: &str) -> Self {
        let postgres = Postgres::start();
        let url = postgres.database();
        let jobs_toml = jobs_toml.to_owned();
        Self {
            postgres,
            redis,
            servers: Vec::new(),
            workers: Vec::new(),
            env: Vec::new(),
            url,
            jobs_toml,
        }
    }

    pub fn database_url(&self) -> &str {
        &self.url
    }

    /// Two servers and three workers.
    pub fn start(redis: Redis) -> Self {
        let mut topology = Self::new(redis, &repository_config());
        for _ in 0..2 {
            topology.add_server();
        }
        for _ in 0..3 {
            topology.add_worker(&[]);
        }
        topology
    }

    pub fn add_server(&mut self) {
        let server = self.process("server", &[]);
        self.servers.push(server);
    }

    pub fn add_worker(&mut self, args: &[&str]) {
        let worker = self.process("worker", args);
        self.workers.push(worker);
    }

    /// A process of another build, with a jobs.toml of its own.
    pub fn other(&self, mut binary: Command, subcommand: &str, jobs_toml: &str) -> Host {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("jobs.toml"), jobs_toml).unwrap();
        binary.args([subcommand, "--listen", "127.0.0.1:0", "--interval", "3600"]);
        binary.env("DATABASE_URL", &self.url).env("REDIS_URL", self.redis.url());
        Host::start_by(binary, folder)
    }

    fn process(&self, subcommand: &str, args: &[&str]) -> Host {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("jobs.toml"), &self.jobs_toml).unwrap();
        let redis = self.redis.url();
        let mut env = vec![("DATABASE_URL", self.url.as_str()), ("REDIS_URL", &redis)];
        env.extend(self.env.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        Host::start_as(&[subcommand], folder, args, &env)
    }

    async fn carried_by(&self, bus: &str) {
        for server in &self.servers {
            server.wait_for("/api/health", |health| health["bus"] == bus).await;
        }
        for worker in &self.workers {
            worker.wait_for("/health", |health| health["bus"] == bus).await;
        }
    }
}

/// Runs a job by one server and returns how long the event took to a stream of another.
async fn delay(topology: &Topology, stream: &mut Stream, project: &str) -> Duration {
    let began = Instant::now();
    let body = json!({"project_id": project});
    topology.servers[0].post("/api/jobs/analytics_aggregates/run", body).await;
    let (_, event) = stream.next_event().await;
    assert_eq!(event["job_type"], "analytics_aggregates");
    began.elapsed()
}

#[tokio::test]
async fn events_reach_the_browser_over_redis_over_postgres_and_over_redis_again() {
    let mut topology = Topology::start(Redis::start());
    topology.servers[1].settled(21).await;
    topology.carried_by("redis").await;
    let project = topology.servers[0].project("cedar").await;
    // The server that does not take the request.
    let mut stream = Stream::open(&topology.servers[1], "", None).await;
    let first = stream.next().await;
    let said = "data: {\"connected\":true,\"bus\":\"redis\",\"degraded\":false}";
    assert!(first.contains(said), "{first}");
    println!("over Redis: {:?}", delay(&topology, &mut stream, &project).await);

    topology.redis.kill();
    println!(
        "the first after Redis was killed: {:?}",
        delay(&topology, &mut stream, &project).await
    );
    topology.carried_by("postgres").await;
    println!("over pg_notify: {:?}", delay(&topology, &mut stream, &project).await);
    let health = topology.servers[0].get("/health").await;
    assert_eq!((&health["degraded"], &health["database"]), (&json!(true), &json!("postgres")));

    topology.redis.restart();
    topology.carried_by("redis").await;
    println!("over Redis again: {:?}", delay(&topology, &mut stream, &project).await);

    // It accepts connections and never answers.
    topology.redis.pause();
    println!("the first after Redis froze: {:?}", delay(&topology, &mut stream, &project).await);
    topology.redis.resume();

    let mut again = Stream::open(&topology.servers[0], "", Some("0")).await;
    again.next().await;
    for expected in 1..=26 {
        assert_eq!(
            again.next_event().await.0,
            expected,
            "each once, in order, on the other server"
        );
    }
}

#[tokio::test]
async fn everything_works_without_redis_from_the_start() {
    let topology = Topology::start(Redis::stopped());
    let runs = topology.servers[0].settled(21).await;
    assert!(runs.iter().all(|run| run["state"] == "completed" && run["attempt"] == 1), "{runs:#?}");
    topology.carried_by("postgres").await;
    let project = topology.servers[0].project("cedar").await;
    let mut stream = Stream::open(&topology.servers[1], "", None).await;
    stream.next().await;
    println!("over pg_notify: {:?}", delay(&topology, &mut stream, &project).await);
    for key in ["portfolio", "messages", "recommendations"] {
        let page = topology.servers[1].get(&format!("/api/data/{key}")).await;
        assert!(!page["items"].as_array().unwrap().is_empty(), "{key} on PostgreSQL");
    }
    let found = topology.servers[0].get("/api/data/messages?search=deadline").await;
    assert!(found["total"].as_u64() > Some(0), "{found}");
    let address = topology.workers[0].url.trim_start_matches("http://").to_owned();
    let asked = command().args(["health", &address]).output().unwrap();
    assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
    let refused = command().arg("worker").output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && said.contains("DATABASE_URL=postgres://"), "{said}");
}

#[tokio::test]
async fn the_runs_of_a_killed_worker_are_taken_over_and_a_running_run_can_be_cancelled() {
    let slow = "[projects.one]\n[jobs.analytics_aggregates]\nmax_attempts = 10\n";
    let mut topology = Topology::new(Redis::start(), slow);
    topology.add_server();
    topology.add_worker(&["--lease", "5s"]);
    let server = &topology.servers[0];
    let project = server.project("one").await;
    // The run waits for a lock that the test holds on a table it reads.
    let blocker = topology.postgres.hold("LOCK TABLE messages", "cascade_0");
    let body = json!({"project_id": project});
    let (_, queued) = server.post("/api/jobs/analytics_aggregates/run", body.clone()).await;
    let path = format!("/api/jobs/runs/{}", queued["run_id"].as_str().unwrap());
    let running = |run: &Value| run["state"] == "running";
    let first = server.wait_for(&path, running).await;
    topology.workers[0].kill();
    topology.add_worker(&["--lease", "5s"]);
    let server = &topology.servers[0];
    server.wait_for(&path, |run| running(run) && run["started_at"] != first["started_at"]).await;
    let (status, answer) = server.post(&format!("{path}/cancel"), json!({})).await;
    assert_eq!((status, &answer["state"]), (202, &json!("running")), "{answer}");
    server.wait_for(&path, |run| run["state"] == "cancelled").await;
    let (status, answer) = server.post(&format!("{path}/cancel"), json!({})).await;
    assert_eq!((status, &answer["error"]["code"]), (409, &json!("wrong_state")), "{answer}");
    drop(blocker);
    let (status, _) = server.post(&format!("{path}/retry"), json!({})).await;
    assert_eq!(status, 202);
    let run = server.wait_for(&path, |run| run["state"] == "completed").await;
    assert!(run["attempt"].as_u64() >= Some(2), "{run}");
}

/// Each with its own database, on one Redis.
#[tokio::test]
async fn two_installations_on_one_redis_have_their_events_at_once() {
    let jobs = "[projects.cedar]\n[jobs.analytics_aggregates]\n";
    let mut first = Topology::new(Redis::start(), jobs);
    let mut second = Topology::new(Redis::stopped(), jobs);
    second.env.push(("REDIS_URL".to_owned(), first.redis.url()));
    for topology in [&mut first, &mut second] {
        topology.add_server();
        topology.add_worker(&[]);
        topology.carried_by("redis").await;
    }
    let mut streams = [
        (&first, Stream::open(&first.servers[0], "", None).await),
        (&second, Stream::open(&second.servers[0], "", None).await),
    ];
    for (_, stream) in &mut streams {
        stream.next().await;
    }
    let stray = r#"{"id":9223372036854775807}"#;
    for round in ["before", "after"] {
        for (topology, stream) in &mut streams {
            let project = topology.servers[0].project("cedar").await;
            let delay = delay(topology, stream, &project).await;
            println!("on a shared Redis, {round} stray messages: {delay:?}");
        }
        let port = first.redis.url().rsplit(':').next().unwrap().to_owned();
        let publish = ["-p", &port, "PUBLISH", "job_completed", stray];
        assert!(Command::new("redis-cli").args(publish).output().unwrap().status.success());
        let notify = format!("SELECT pg_notify('job_completed', '{stray}')");
        second.postgres.sql("cascade_0", &notify);
    }
}
