//! A peer's workers, and its server if it has one, at work in a place.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use crate::{
    driver::{Driver, End, Worker, now_us},
    peers::Peer,
    place::Place,
};

/// How often workers are looked at; they report every 50 ms.
const LOOK: Duration = Duration::from_millis(2);

/// Workers of one system.
pub struct Stage<'a> {
    workers: Vec<Worker>,
    server: Option<Worker>,
    driver: &'a Driver,
    /// Where jobs are asked for.
    url: String,
}

/// When workers are done.
#[derive(Debug, Clone, Copy)]
pub enum Goal {
    /// So many bodies ended, and nothing is left to be completed.
    Empty(u64),
    /// So many bodies ended, of a greater number of jobs.
    Some { wanted: u64, of: u64 },
}

/// What was seen when the goal was reached, or the time was up.
#[derive(Debug, Clone, Copy)]
pub struct Reached {
    /// Jobs that were durably completed.
    pub done: u64,
    /// When.
    pub at_us: i64,
    /// The time was up.
    pub capped: bool,
    /// CPU time of all workers.
    pub cpu_seconds: f64,
}

impl<'a> Stage<'a> {
    /// Starts `processes` workers; they may find work before they are ready.
    pub fn work(
        driver: &'a Driver,
        place: &Place,
        mode: &str,
        processes: u32,
        concurrency: u32,
    ) -> Result<Self> {
        let concurrency = concurrency.to_string();
        let args = ["work", "--url", &place.url, "--concurrency", &concurrency, "--mode", mode];
        let workers = (0..processes).map(|_| driver.start(&args)).collect::<Result<_>>()?;
        Ok(Self { workers, server: None, driver, url: place.url.clone() })
    }

    /// Waits until all are ready, and starts the server that jobs are asked for at.
    pub fn ready(&mut self, peer: &Peer, place: &Place) -> Result<()> {
        self.workers_ready()?;
        if peer.serves {
            let server = self.driver.start(&["serve", "--url", &place.url])?;
            self.url = server.ready()?.context("the server does not say where it is")?;
            self.server = Some(server);
        }
        Ok(())
    }

    /// Waits until all workers are ready.
    pub fn workers_ready(&mut self) -> Result<()> {
        for worker in &self.workers {
            if let Some(url) = worker.ready()? {
                self.url = url;
            }
        }
        Ok(())
    }

    /// Lets the peer's `produce` or `chain` ask for jobs; comes back when all are asked for.
    pub fn ask(&self, command: &[&str]) -> Result<()> {
        let args: Vec<_> = command.iter().copied().chain(["--url", &self.url]).collect();
        self.driver.run(&args)
    }

    fn done(&self) -> u64 {
        self.workers.iter().map(Worker::done).sum()
    }

    /// Waits for the goal, or until `cap` has passed.
    pub fn wait(&self, goal: Goal, cap: Duration, peer: &Peer, place: &Place) -> Result<Reached> {
        let began = Instant::now();
        let mut counter = place.counter(peer)?;
        let (wanted, all) = match goal {
            Goal::Empty(all) => (all, all),
            Goal::Some { wanted, of } => (wanted, of),
        };
        loop {
            let capped = began.elapsed() > cap;
            if self.done() >= wanted || capped {
                // A body that ended is not yet a job that is completed: what counts is what is left.
                let asked_us = now_us();
                let left = counter.left()?;
                let at_us = if wanted < all || capped { asked_us } else { now_us() };
                if left == 0 || wanted < all || capped {
                    let cpu = self.workers.iter().map(Worker::cpu_seconds).sum::<Result<_>>()?;
                    let done = all.saturating_sub(left);
                    return Ok(Reached { done, at_us, capped, cpu_seconds: cpu });
                }
            }
            self.workers.iter().try_for_each(Worker::check)?;
            std::thread::sleep(LOOK);
        }
    }

    /// CPU time of all workers, and of the server.
    pub fn cpu_seconds(&self) -> Result<f64> {
        self.workers.iter().chain(&self.server).map(Worker::cpu_seconds).sum()
    }

    /// Ends them and puts together what they say at the end.
    pub fn end(mut self) -> Result<End> {
        for worker in self.workers.iter().chain(&self.server) {
            worker.terminate()?;
        }
        let mut all = End::default();
        for worker in &mut self.workers {
            let end = worker.end()?;
            all.done += end.done;
            let first = end.first_us.filter(|first| *first > 0);
            all.first_us = [all.first_us, first].into_iter().flatten().min();
            all.picked_us.extend(end.picked_us);
            all.hops.extend(end.hops);
        }
        Ok(all)
    }
}

/// A drain: how fast it was.
#[derive(Debug, Clone, Copy)]
pub struct Drained {
    /// Jobs that were done.
    pub jobs: u64,
    /// From the start of the first body to the goal.
    pub seconds: f64,
    /// The time was up before.
    pub capped: bool,
    /// CPU time of all workers.
    pub cpu_seconds: f64,
}

impl Drained {
    /// Jobs/s.
    pub fn rate(&self) -> f64 {
        self.jobs as f64 / self.seconds
    }
}

/// From workers' start to the goal.
pub fn drain(
    driver: &Driver,
    peer: &Peer,
    place: &Place,
    mode: &str,
    (processes, concurrency): (u32, u32),
    (goal, cap): (Goal, Duration),
) -> Result<Drained> {
    let stage = Stage::work(driver, place, mode, processes, concurrency)?;
    let reached = stage.wait(goal, cap, peer, place)?;
    let end = stage.end()?;
    let first = end.first_us.context("no job was started")?;
    ensure!(reached.at_us > first, "the clock went back");
    Ok(Drained {
        jobs: reached.done,
        seconds: (reached.at_us - first) as f64 / 1e6,
        capped: reached.capped,
        cpu_seconds: reached.cpu_seconds,
    })
}
