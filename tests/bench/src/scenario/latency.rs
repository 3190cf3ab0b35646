//! From just before an enqueue call to the start of the job's body.

use std::{thread::sleep, time::Duration};

use anyhow::{Context as _, Result};

use crate::{
    bench::{Bench, Figures, Subject},
    options::{Options, Scenario},
    place::Place,
    stage::{Goal, Stage},
    statistics::percentile,
};

/// Jobs at a time.
const CONCURRENCY: u32 = 10;
/// For whatever goes on just after the start.
pub const SETTLE: Duration = Duration::from_secs(2);
/// For the last jobs.
const PATIENCE: Duration = Duration::from_secs(30);

pub fn measure(bench: &mut Bench<'_>, scenario: Scenario, subjects: &[Subject]) {
    let options = bench.options;
    let setting = format!("{}/s", options.rate);
    for round in 1..=options.rounds {
        for subject in subjects {
            bench.measure((scenario, &setting, round), subject, |bench, place| {
                bench.servers.settle(place)?;
                latency(options, subject, place)
            });
        }
    }
}

fn latency(options: &Options, subject: &Subject, place: &Place) -> Result<Figures> {
    let Subject { peer, driver, mode } = subject;
    let mut stage = Stage::work(driver, place, mode, 1, CONCURRENCY)?;
    stage.ready(peer, place)?;
    sleep(SETTLE);
    let (rate, seconds) = (options.rate.to_string(), options.rate_seconds.to_string());
    stage.ask(&["produce", "--rate", &rate, "--seconds", &seconds])?;
    let wanted = u64::from(options.rate) * u64::from(options.rate_seconds);
    let reached = stage.wait(Goal::Empty(wanted), PATIENCE, peer, place)?;
    let end = stage.end()?;
    let ms: Vec<_> = end.picked_us.iter().map(|us| *us as f64 / 1000.0).collect();
    let of = |percent| percentile(&ms, percent).context("no job was picked up");
    let values = [
        ("p50_ms", of(50.0)?),
        ("p99_ms", of(99.0)?),
        ("max_ms", of(100.0)?),
        ("jobs", end.picked_us.len() as f64),
    ];
    Ok(Figures { capped: reached.capped, ..Figures::from(values) })
}
