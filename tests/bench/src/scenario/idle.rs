//! What a worker costs that has nothing to do but to wait for scheduled jobs.

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};

use crate::{
    bench::{Bench, Figures, Subject},
    driver::Worker,
    options::Scenario,
    peers::Kind,
    place::Place,
    stage::Stage,
};

const CONCURRENCY: u32 = 10;
/// A week: nothing comes due meanwhile.
const LATER: &str = "604800";
/// For whatever goes on just after the start.
const SETTLE: Duration = Duration::from_secs(10);
/// Names of the settings.
const WORKER: &str = "worker";
const SERVER: &str = "server";

/// Something that idles, in a place that nobody else uses.
enum Idler<'a> {
    Worker(Stage<'a>),
    Server(Worker),
}

impl Idler<'_> {
    fn cpu_seconds(&self) -> Result<f64> {
        match self {
            Self::Worker(stage) => stage.cpu_seconds(),
            Self::Server(server) => server.cpu_seconds(),
        }
    }
}

/// All at once, each in its own database: idle processes are not in each other's way.
pub fn measure(bench: &mut Bench<'_>, subjects: &[Subject]) {
    for round in 1..=bench.options.rounds {
        let began = Instant::now();
        let mut idle = Vec::new();
        for subject in subjects {
            idle.push((WORKER, subject, start(bench, subject, WORKER)));
            // The server has no modes.
            if subject.peer.serves && subject.mode == subject.peer.modes[0] {
                idle.push((SERVER, subject, start(bench, subject, SERVER)));
            }
        }
        sleep(SETTLE);
        bench.servers.forget_queries();
        let before: Vec<_> =
            idle.iter().map(|(_, subject, started)| look(bench, subject, started)).collect();
        sleep(Duration::from_secs(bench.options.idle_seconds.into()));
        let after: Vec<_> =
            idle.iter().map(|(_, subject, started)| look(bench, subject, started)).collect();
        let looks = before.into_iter().zip(after);
        for ((setting, subject, started), (before, after)) in idle.into_iter().zip(looks) {
            let measured = match (&started, before, after) {
                (Ok(_), Ok(before), Ok(after)) => Ok(per_minute(bench, before, after)),
                (Err(error), ..) => Err(anyhow::anyhow!("{error:#}")),
                (_, Err(error), _) | (.., Err(error)) => Err(error),
            };
            bench.keep((Scenario::Idle, setting, round), subject, measured, began);
            if let Ok((idler, place)) = started {
                drop(idler);
                bench.servers.remove(place);
            }
        }
    }
}

fn start<'a>(
    bench: &mut Bench<'_>,
    subject: &'a Subject,
    what: &str,
) -> Result<(Idler<'a>, Place)> {
    let Subject { peer, driver, mode } = subject;
    let place = bench.servers.fresh(peer, driver)?;
    let count = bench.options.scheduled.to_string();
    driver.run(&["enqueue", "--url", &place.url, "--count", &count, "--in-seconds", LATER])?;
    bench.servers.settle(&place)?;
    if what == SERVER {
        let server = driver.start(&["serve", "--url", &place.url])?;
        server.ready()?.context("the server does not say where it is")?;
        return Ok((Idler::Server(server), place));
    }
    let mut stage = Stage::work(driver, &place, mode, 1, CONCURRENCY)?;
    stage.workers_ready()?;
    Ok((Idler::Worker(stage), place))
}

/// CPU seconds and queries until now.
fn look(
    bench: &mut Bench<'_>,
    subject: &Subject,
    started: &Result<(Idler<'_>, Place)>,
) -> Result<(f64, f64)> {
    let Ok((idler, place)) = started else { return Ok((0.0, 0.0)) };
    let queries = match subject.peer.kind {
        Kind::Postgres => bench.servers.queries(place)?,
        Kind::Redis => bench.servers.redis_commands()?,
        Kind::Sqlite(_) => 0.0,
    };
    Ok((idler.cpu_seconds()?, queries))
}

fn per_minute(bench: &Bench<'_>, before: (f64, f64), after: (f64, f64)) -> Figures {
    let minutes = f64::from(bench.options.idle_seconds) / 60.0;
    Figures::from([
        ("cpu_s_per_min", (after.0 - before.0) / minutes),
        ("queries_per_min", (after.1 - before.1) / minutes),
    ])
}
