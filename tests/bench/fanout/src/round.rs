//! One round with one server: what many idle streams hold, and how soon each event is everywhere.

use std::{
    io::{BufRead, BufReader, Lines},
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

use anyhow::Context;
use serde_json::Value;

use crate::{proc, stats::percentile};

/// For what is done once to be done: memory given back, first pages touched.
const SETTLE: Duration = Duration::from_secs(5);
/// Between the last byte of an event and the next event.
const PAUSE: Duration = Duration::from_millis(300);

/// What is measured.
pub trait Server {
    /// Of its event stream.
    fn url(&self) -> String;
    /// Its processes.
    fn pids(&self) -> Vec<u32>;
    /// Makes one event.
    ///
    /// # Errors
    /// When it does not take it.
    fn publish(&mut self, number: usize) -> anyhow::Result<()>;
    /// When an event that came was published, in µs of the Unix epoch.
    ///
    /// # Errors
    /// An event that does not say.
    fn published_us(&self, event: &str) -> anyhow::Result<u64>;
    /// Processor time used so far.
    ///
    /// # Errors
    /// When it is gone.
    fn cpu_seconds(&self) -> anyhow::Result<f64>;
}

/// What a round showed.
pub struct Figures {
    /// Growth per stream, in bytes.
    pub rss: f64,
    /// The same, shared pages divided.
    pub pss: f64,
    /// The same, unshared pages only.
    pub private: f64,
    /// The kernel's objects, of both ends.
    pub kernel: f64,
    /// Processor seconds to open one thousand streams.
    pub open_cpu: f64,
    /// Processor seconds per event.
    pub cpu: f64,
    /// From an event to its last byte, in ms: the median of the events, and the worst.
    pub last_ms: (f64, f64),
    /// To its first byte, the median.
    pub first_ms: f64,
}

/// The streams' own process, killed when dropped.
struct Clients(Child, Lines<BufReader<ChildStdout>>);

impl Clients {
    fn open(url: &str, count: usize) -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["clients", "--url", url, "--count", &count.to_string()])
            .stdout(Stdio::piped())
            .spawn()?;
        let lines = BufReader::new(child.stdout.take().context("output")?).lines();
        let mut clients = Self(child, lines);
        clients.next().context("opening the streams")?;
        Ok(clients)
    }

    fn next(&mut self) -> anyhow::Result<Value> {
        Ok(serde_json::from_str(&self.1.next().context("the streams ended")??)?)
    }
}

impl Drop for Clients {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Measures a server that has just started.
///
/// # Errors
/// A stream that is refused or ends, a server that is gone.
pub fn measure(server: &mut dyn Server, count: usize, events: usize) -> anyhow::Result<Figures> {
    std::thread::sleep(SETTLE);
    let before = proc::memory(&server.pids())?;
    let kernel_before = proc::kernel_bytes();
    let cpu_before = server.cpu_seconds()?;
    let mut clients = Clients::open(&server.url(), count)?;
    std::thread::sleep(SETTLE);
    let open_cpu = (server.cpu_seconds()? - cpu_before) / count as f64 * 1000.0;
    let after = proc::memory(&server.pids())?;
    let kernel_after = proc::kernel_bytes();
    let cpu_before = server.cpu_seconds()?;
    let (mut first, mut last) = (Vec::new(), Vec::new());
    for number in 0..events {
        server.publish(number)?;
        let event = clients.next()?;
        let published = server.published_us(event["event"].as_str().context("no event")?)?;
        let after =
            |name: &str| event[name].as_u64().unwrap_or(0).saturating_sub(published) as f64 / 1e3;
        first.push(after("first_us"));
        last.push(after("last_us"));
        std::thread::sleep(PAUSE);
    }
    let each = |before: u64, after: u64| (after as f64 - before as f64) / count as f64;
    Ok(Figures {
        rss: each(before.rss, after.rss),
        pss: each(before.pss, after.pss),
        private: each(before.private, after.private),
        kernel: each(kernel_before, kernel_after),
        open_cpu,
        cpu: (server.cpu_seconds()? - cpu_before) / events as f64,
        last_ms: (percentile(&last, 0.5), percentile(&last, 1.0)),
        first_ms: percentile(&first, 0.5),
    })
}
