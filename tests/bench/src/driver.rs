//! A peer's program: its commands, and its worker as a child that reports on standard output.

use std::{
    ffi::OsString,
    fs::File,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;
use serde_json::Value;

/// How long a worker may take to be ready.
const START: Duration = Duration::from_secs(60);
/// How long a worker may take to end after SIGTERM.
const END: Duration = Duration::from_secs(60);
/// The kernel's unit of CPU time in /proc.
const TICKS_PER_SECOND: f64 = 100.0;

/// µs of the Unix epoch.
pub fn now_us() -> i64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(elapsed.as_micros()).unwrap_or(i64::MAX)
}

/// The program of a peer.
#[derive(Debug, Clone)]
pub struct Driver {
    /// It and its first arguments.
    pub line: Vec<OsString>,
    /// Where errors go.
    pub log: PathBuf,
}

impl Driver {
    /// Ends with this process, however that ends.
    fn command(&self, args: &[&str]) -> Result<Command> {
        let log = File::options().create(true).append(true).open(&self.log);
        let log = log.with_context(|| self.log.display().to_string())?;
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).args(&self.line).args(args);
        // Its last words are to tell what happened, not where.
        command.env("RUST_BACKTRACE", "0").stdin(Stdio::null()).stderr(log);
        Ok(command)
    }

    /// One command to its end.
    pub fn run(&self, args: &[&str]) -> Result<()> {
        let status = self.command(args)?.stdout(Stdio::null()).status().context("setpriv")?;
        ensure!(status.success(), "`{}` failed: {}", args.join(" "), self.last_words());
        Ok(())
    }

    /// A command that stays, which need not be ready yet.
    pub fn start(&self, args: &[&str]) -> Result<Worker> {
        let mut child = self.command(args)?.stdout(Stdio::piped()).spawn().context("setpriv")?;
        let output = child.stdout.take().context("no standard output")?;
        let heard = Arc::new(Mutex::new(Heard::default()));
        let hears = heard.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                hears.lock().unwrap_or_else(PoisonError::into_inner).hear(&line);
            }
            hears.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
        });
        Ok(Worker { child, heard, driver: self.clone() })
    }

    fn last_words(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let mut last: Vec<_> = log.lines().rev().take(5).collect();
        last.reverse();
        last.join(" | ")
    }
}

/// The last line of a worker.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct End {
    /// Bodies that ended.
    pub done: u64,
    /// Start of the first.
    pub first_us: Option<i64>,
    /// From an enqueue to the start, for each job that knows.
    #[serde(default)]
    pub picked_us: Vec<i64>,
    /// `[chain, step, start, end]` of each step.
    #[serde(default)]
    pub hops: Vec<[i64; 4]>,
}

/// What a worker has said so far.
#[derive(Debug, Default)]
struct Heard {
    ready: bool,
    url: Option<String>,
    done: u64,
    end: Option<End>,
    fault: Option<String>,
    closed: bool,
}

impl Heard {
    fn hear(&mut self, line: &str) {
        let Ok(message) = serde_json::from_str::<Value>(line) else {
            self.fault = Some(format!("said `{line}`"));
            return;
        };
        if message["end"] == true {
            match serde_json::from_value(message) {
                Ok(end) => self.end = Some(end),
                Err(error) => self.fault = Some(format!("its end: {error}")),
            }
        } else if message["ready"] == true {
            self.ready = true;
            self.url = message["url"].as_str().map(ToOwned::to_owned);
        } else if let Some(done) = message["done"].as_u64() {
            self.done = done;
        }
    }
}

/// A worker, or a server.
#[derive(Debug)]
pub struct Worker {
    child: Child,
    heard: Arc<Mutex<Heard>>,
    driver: Driver,
}

impl Worker {
    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until it is ready; where it serves, if it does.
    pub fn ready(&self) -> Result<Option<String>> {
        let began = Instant::now();
        loop {
            self.check()?;
            let heard = self.heard();
            if heard.ready {
                return Ok(heard.url.clone());
            }
            drop(heard);
            ensure!(began.elapsed() < START, "not ready in time: {}", self.driver.last_words());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Fails when it has ended by itself.
    pub fn check(&self) -> Result<()> {
        let heard = self.heard();
        if let Some(fault) = &heard.fault {
            bail!("the driver breaks the protocol: {fault}");
        }
        ensure!(!heard.closed, "the worker ended by itself: {}", self.driver.last_words());
        Ok(())
    }

    /// Bodies that ended.
    pub fn done(&self) -> u64 {
        self.heard().done
    }

    /// CPU time since its start, in seconds.
    pub fn cpu_seconds(&self) -> Result<f64> {
        cpu_seconds(&Path::new("/proc").join(self.child.id().to_string()).join("stat"))
    }

    /// Asks it to end.
    pub fn terminate(&self) -> Result<()> {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).context("SIGTERM")
    }

    /// Waits for its end after [`Worker::terminate`].
    pub fn end(&mut self) -> Result<End> {
        let began = Instant::now();
        while !self.heard().closed {
            if began.elapsed() > END {
                bail!("still there {} s after SIGTERM", END.as_secs());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        self.child.wait()?;
        let end = self.heard().end.take();
        end.with_context(|| format!("no end was told: {}", self.driver.last_words()))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// User and system time of a process, its waited-for children left out.
fn cpu_seconds(stat: &Path) -> Result<f64> {
    let text = std::fs::read_to_string(stat).with_context(|| stat.display().to_string())?;
    // The name, in brackets, may hold spaces.
    let fields = text.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: f64 = fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum();
    Ok(ticks / TICKS_PER_SECOND)
}
