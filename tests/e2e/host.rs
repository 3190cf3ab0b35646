//! Starts the host in a folder of its own, on a free port.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use serde_json::Value;
use tempfile::TempDir;

/// How long anything may take on a busy two-core machine before it counts as never.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// After this much the host ends a connection that is idle, as `CASCADE_HEADER_TIMEOUT` says by default.
const IDLE_AT_THE_HOST: Duration = Duration::from_secs(15);

/// The checkout.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Cargo's folder for what it builds.
pub fn target() -> PathBuf {
    let set = std::env::var_os("CARGO_TARGET_DIR");
    set.map_or_else(|| root().join("target"), |target| root().join(target))
}

/// The binary under test: the one that `cargo build` makes.
pub fn binary() -> PathBuf {
    let binary = target().join("debug/cascade");
    assert!(binary.exists(), "{} is missing: run `cargo build` first", binary.display());
    binary
}

/// A command that sees nothing of our own environment's settings.
pub fn command() -> Command {
    let mut command = Command::new(binary());
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let ours = ["WORKER_INTERVAL_SECONDS", "DATABASE_URL", "REDIS_URL"];
        let ours =
            |name: &str| ours.contains(&name.trim_end_matches("_FILE")) || name == "REDIS_CA_FILE";
        if text.starts_with("CASCADE_") || text.starts_with("OTEL_") || ours(&text) {
            command.env_remove(&name);
        }
    }
    command
}

/// A request on a connection that the host is about to end is lost, and while a test waits for a compiler
/// its client does not see the end: so the client gives idle connections up first.
fn client() -> reqwest::Client {
    reqwest::Client::builder().pool_idle_timeout(IDLE_AT_THE_HOST / 3).build().unwrap()
}

/// Where a host listens that may choose the port.
const ANY_PORT: &str = "127.0.0.1:0";

/// A running host; killed when dropped.
pub struct Host {
    pub folder: TempDir,
    pub url: String,
    /// The line with a link to sign in by, if there was one.
    pub sign_in: Option<String>,
    pub process: Child,
    args: Vec<String>,
    pub client: reqwest::Client,
}

impl Host {
    /// Starts on a copy of the repository's jobs.toml and sample.
    pub fn start() -> Self {
        Self::start_with(&repository_config(), &[])
    }

    /// Starts on a jobs.toml text. The worker's tick is an hour, so that nothing is done by the
    /// safety net that should be done at once.
    pub fn start_with(jobs_toml: &str, args: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("jobs.toml"), jobs_toml).unwrap();
        Self::start_in(folder, args)
    }

    pub fn start_in(folder: TempDir, args: &[&str]) -> Self {
        Self::start_as(&[], folder, args, &[])
    }

    /// Starts `cascade SUBCOMMAND`, with settings in the environment.
    pub fn start_as(
        subcommand: &[&str],
        folder: TempDir,
        args: &[&str],
        env: &[(&str, &str)],
    ) -> Self {
        let mut process = command();
        process
            .args(subcommand)
            .args(["--listen", ANY_PORT, "--interval", "3600"])
            .args(args)
            .envs(env.iter().copied());
        Self::start_by(process, folder)
    }

    /// Starts a command that becomes the host.
    pub fn start_by(mut process: Command, folder: TempDir) -> Self {
        let text = |arg: &std::ffi::OsStr| arg.to_string_lossy().into_owned();
        let args = process.get_args().map(text).collect();
        // Who signs in is the business of the tests in `sign_in`.
        if !process.get_envs().any(|(name, _)| name == "CASCADE_AUTH") {
            process.env("CASCADE_AUTH", "off");
        }
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let mut process =
            process.current_dir(folder.path()).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let (mut url, mut sign_in) = (None, None);
        let url = loop {
            let line = lines.next().map(Result::unwrap);
            let Some(line) = line else {
                let log = std::fs::read_to_string(folder.path().join("log")).unwrap();
                panic!("the host did not start:\n{log}");
            };
            let address = line.strip_prefix("open").or_else(|| line.strip_prefix("health"));
            if let Some(address) = address {
                url = Some(address.trim().trim_end_matches('/').to_owned());
            }
            sign_in = line.strip_prefix("sign in ").map(ToOwned::to_owned).or(sign_in);
            if line == "ready" {
                break url.expect("it listens nowhere");
            }
        };
        cascade_store::tls::install();
        Self { args, folder, url, sign_in, process, client: client() }
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// After [`Self::kill`]: in the same folder, at the same address, with the same arguments.
    pub fn start_again(mut self) -> Self {
        let folder = std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap());
        let mut process = command();
        let address = self.url.trim_start_matches("http://");
        let at_the_same = |arg: &String| if arg == ANY_PORT { address.into() } else { arg.clone() };
        process.args(self.args.iter().map(at_the_same));
        Self::start_by(process, folder)
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    pub fn save_config(&self, text: &str) {
        // As editors do: a new file, renamed over the old one.
        let new = self.folder.path().join("jobs.toml.new");
        std::fs::write(&new, text).unwrap();
        std::fs::rename(new, self.folder.path().join("jobs.toml")).unwrap();
    }

    /// Gives a job these params in jobs.toml and waits until they are in force.
    pub async fn set_params(&self, job: &str, params: Value) {
        let file = std::fs::read_to_string(self.folder.path().join("jobs.toml")).unwrap();
        let mut file: toml::Table = file.parse().unwrap();
        let settings = file["jobs"][job].as_table_mut().unwrap();
        settings.insert("params".into(), toml::Value::try_from(&params).unwrap());
        self.save_config(&file.to_string());
        self.wait_for("/api/jobs/config", |config| config["jobs"][job]["params"] == params).await;
    }

    pub async fn get(&self, path: &str) -> Value {
        let answer = self.client.get(format!("{}{path}", self.url)).send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{path}: {status}: {text}\n{}", self.log());
        serde_json::from_str(&text).unwrap()
    }

    pub async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let request = self.client.post(format!("{}{path}", self.url)).json(&body);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    pub async fn project(&self, slug: &str) -> String {
        let projects = self.get("/api/projects").await;
        let all = projects["items"].as_array().unwrap();
        let found = all.iter().find(|project| project["slug"] == slug).unwrap();
        found["id"].as_str().unwrap().to_owned()
    }

    /// Asks until `fits`, and says what it was told last when it never does.
    pub async fn wait_for(&self, path: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        loop {
            let answer = self.get(path).await;
            if fits(&answer) {
                return answer;
            }
            assert!(began.elapsed() < PATIENCE, "{path} never came to fit; last: {answer:#}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until nothing runs or waits, and at least `runs` runs have ended.
    pub async fn settled(&self, runs: usize) -> Vec<Value> {
        let ended = |run: &Value| {
            ["completed", "failed", "cancelled"].contains(&run["state"].as_str().unwrap())
        };
        let answer = self
            .wait_for("/api/jobs/runs?per_page=200", |page| {
                let items = page["items"].as_array().unwrap();
                items.len() >= runs && items.iter().all(ended)
            })
            .await;
        answer["items"].as_array().unwrap().clone()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// A time in an answer. One moment has two texts: payloads always say milliseconds, answers leave zeros out.
pub fn time(value: &Value) -> DateTime<Utc> {
    value
        .as_str()
        .and_then(|text| text.parse().ok())
        .unwrap_or_else(|| panic!("{value} is no time"))
}

/// The repository's own jobs.toml, its sample paths made absolute.
pub fn repository_config() -> String {
    let text = std::fs::read_to_string(root().join("jobs.toml")).unwrap();
    let root = root().display();
    let text = text.replace("path = \"plugins/", &format!("path = \"{root}/plugins/"));
    format!("{text}\n[files]\nallow = [\".\", \"{root}/plugins\"]\n")
}
