use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use cascade_test_servers::{Postgres, Redis};
use tempfile::TempDir;

use crate::{Fault, Settings, jobs};

const WORKERS: usize = 3;
/// A cluster that has not settled after this long has lost something.
const PATIENCE: Duration = Duration::from_secs(120);

/// Two servers and three workers on PostgreSQL and Redis.
pub(crate) struct Cluster {
    pub postgres: Postgres,
    redis: Redis,
    settings: Settings,
    folder: TempDir,
    url: String,
    servers: Vec<(u16, Child)>,
    workers: Vec<Child>,
    started: u32,
}

impl Cluster {
    pub fn start(settings: &Settings) -> Self {
        // Commits take as long as an operator's do.
        let postgres = Postgres::start_with(&std::env::temp_dir(), &[("fsync", "on")]);
        let folder = tempfile::tempdir().expect("folder");
        let toml = jobs::jobs_toml(settings.projects);
        std::fs::write(folder.path().join("jobs.toml"), toml).expect("jobs.toml");
        let url = postgres.database();
        let mut cluster = Self {
            postgres,
            redis: Redis::start(),
            settings: settings.clone(),
            folder,
            url,
            servers: Vec::new(),
            workers: Vec::new(),
            started: 0,
        };
        for _ in 0..2 {
            let port = cascade_test_servers::free_port();
            let server = cluster.process("server", port);
            cluster.servers.push((port, server));
        }
        for _ in 0..WORKERS {
            let worker = cluster.process("worker", 0);
            cluster.workers.push(worker);
        }
        cluster
    }

    fn process(&mut self, subcommand: &str, port: u16) -> Child {
        // Each version comes with both settings.
        let older = self.settings.older.as_ref();
        let older = older.filter(|_| self.started.div_ceil(2).is_multiple_of(2));
        let program = older.unwrap_or(&self.settings.host).clone();
        self.process_of(&program, subcommand, port)
    }

    fn process_of(&mut self, program: &Path, subcommand: &str, port: u16) -> Child {
        self.started += 1;
        let log = self.folder.path().join(format!("{subcommand}-{}.log", self.started));
        let listen = format!("127.0.0.1:{port}");
        // As the benchmark sets workers up: as they come, and for many short jobs.
        let prefetch = if self.started.is_multiple_of(2) { "2000" } else { "0" };
        let mut process = Command::new(program)
            .args([subcommand, "--listen", &listen, "--lease", "2s", "--interval", "5"])
            .args(["--prefetch", prefetch])
            .current_dir(self.folder.path())
            .env("DATABASE_URL", &self.url)
            .env("REDIS_URL", self.redis.url())
            .env("CASCADE_AUTH", "off")
            .env("CASCADE_LOG", "info,sqlx=off")
            .stdout(Stdio::piped())
            .stderr(File::create(&log).expect("log"))
            .spawn()
            .expect("host");
        let mut lines = BufReader::new(process.stdout.take().expect("stdout")).lines();
        if !lines.any(|line| line.is_ok_and(|line| line == "ready")) {
            let log = std::fs::read_to_string(log).unwrap_or_default();
            panic!("{subcommand} did not start:\n{log}");
        }
        process
    }

    /// Ends the time beside the older version, if there is one: while it is connected that is refused, and once this
    /// version has taken all places the older one does not come back.
    pub async fn contract(&mut self) {
        let Some(older) = self.settings.older.take() else { return };
        // Whatever the faults have left.
        end(&mut self.workers[0]);
        self.workers[0] = self.process_of(&older, "worker", 0);
        let refused = self.migrate_and_contract().expect_err("the older version is connected");
        assert!(refused.contains("older version use this database"), "{refused}");
        for at in 0..self.workers.len() {
            end(&mut self.workers[at]);
            self.workers[at] = self.process("worker", 0);
        }
        for at in 0..self.servers.len() {
            end(&mut self.servers[at].1);
            self.servers[at].1 = self.process("server", self.servers[at].0);
        }
        let began = Instant::now();
        // The server notices a little later that a process has gone.
        while let Err(error) = self.migrate_and_contract() {
            assert!(error.contains("older version") && began.elapsed() < PATIENCE, "{error}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let mut again = Command::new(&older);
        let again = again.arg("worker").current_dir(self.folder.path());
        let again = again.env("DATABASE_URL", &self.url).env("CASCADE_AUTH", "off").output();
        let again = again.expect("host");
        let said = String::from_utf8_lossy(&again.stderr);
        assert!(!again.status.success() && said.contains("migration 9"), "{said}");
        println!("contracted under load; the older version no longer starts: {}", said.trim());
    }

    /// What it says if it is refused.
    fn migrate_and_contract(&self) -> Result<(), String> {
        let mut migrate = Command::new(&self.settings.host);
        let migrate = migrate.args(["migrate", "--contract"]).env("DATABASE_URL", &self.url);
        let done = migrate.output().expect("host");
        let refused = String::from_utf8_lossy(&done.stderr).into_owned();
        done.status.success().then_some(()).ok_or(refused)
    }

    pub fn server_urls(&self) -> Vec<String> {
        self.servers.iter().map(|(port, _)| format!("http://127.0.0.1:{port}")).collect()
    }

    pub async fn projects(&self) -> Vec<String> {
        let url = format!("{}/api/projects", self.server_urls()[0]);
        let answer: serde_json::Value =
            reqwest::get(url).await.expect("server").json().await.expect("JSON");
        let items = answer["items"].as_array().expect("items");
        items.iter().map(|item| item["id"].as_str().expect("id").to_owned()).collect()
    }

    /// Does it, and puts right what it broke after `pause`.
    pub async fn inflict(&mut self, fault: Fault, pause: Duration, random: &mut fastrand::Rng) {
        match fault {
            Fault::WorkerKilled => {
                let victim = random.usize(0..self.workers.len());
                end(&mut self.workers[victim]);
                self.workers[victim] = self.process("worker", 0);
            }
            Fault::ServerKilled => {
                let victim = random.usize(0..self.servers.len());
                end(&mut self.servers[victim].1);
                tokio::time::sleep(pause).await;
                let port = self.servers[victim].0;
                self.servers[victim].1 = self.process("server", port);
            }
            Fault::RedisKilled => {
                self.redis.kill();
                tokio::time::sleep(pause).await;
                self.redis.restart();
            }
            Fault::RedisPaused => {
                self.redis.pause();
                tokio::time::sleep(pause * 4).await;
                self.redis.resume();
            }
            Fault::PostgresRestarted => {
                self.postgres.stop();
                tokio::time::sleep(pause).await;
                self.postgres.restart();
            }
            Fault::PostgresKilled => {
                self.postgres.kill();
                tokio::time::sleep(pause).await;
                self.postgres.restart();
            }
            Fault::PostgresPaused => {
                self.postgres.pause();
                tokio::time::sleep(pause * 4).await;
                self.postgres.resume();
            }
        }
    }

    /// Waits until nothing is due and nothing runs.
    pub async fn settle(&self) {
        let began = Instant::now();
        let open = "SELECT (SELECT count(*) FROM worker_runs
                            WHERE state IN ('available', 'running', 'retryable'))
                         + (SELECT count(*) FROM scheduled_jobs WHERE next_run_at IS NOT NULL)
                         + (SELECT count(*) FROM pending_events)";
        loop {
            let left = self.sql(open);
            if left == "0" {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "{left} still open:\n{}", self.logs());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    pub fn newest_event(&self) -> i64 {
        self.sql("SELECT coalesce(max(id), 0) FROM events").parse().expect("id")
    }

    pub fn sql(&self, statement: &str) -> String {
        self.postgres.sql("cascade_0", statement)
    }

    fn logs(&self) -> String {
        let files = std::fs::read_dir(self.folder.path()).expect("folder").flatten();
        let tail = |text: String| text.lines().rev().take(20).collect::<Vec<_>>().join("\n");
        let logs = files.filter(|file| file.path().extension().is_some_and(|end| end == "log"));
        logs.map(|file| tail(std::fs::read_to_string(file.path()).unwrap_or_default())).collect()
    }
}

fn end(process: &mut Child) {
    process.kill().expect("kill");
    process.wait().expect("wait");
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let servers = self.servers.iter_mut().map(|(_, server)| server);
        for process in servers.chain(&mut self.workers) {
            process.kill().ok();
            process.wait().ok();
        }
    }
}
