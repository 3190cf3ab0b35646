//! Throughput on a table that is not empty: with a long queue, and with much that is kept.

use std::time::Instant;

use anyhow::{Result, ensure};

use super::throughput::figures;
use crate::{
    bench::{Bench, Figures, Subject},
    options::{Options, Scenario},
    place::Place,
    stage::{Goal, drain},
};

const SIZE: (u32, u32) = (1, 100);
/// Names of the settings.
pub const EMPTY: &str = "nothing else";
pub const WAITING: &str = "many waiting";
pub const FINISHED: &str = "many finished";

/// One system after another, as their full tables are large; within a system its modes and the
/// settings take turns.
pub fn measure(bench: &mut Bench<'_>, subjects: &[Subject]) {
    let Options { rounds, jobs, waiting, .. } = *bench.options;
    let (all, some) = (Goal::Empty(jobs), Goal::Some { wanted: jobs, of: waiting });
    for modes in subjects.chunk_by(|a, b| a.peer.name == b.peer.name) {
        let full = full(bench, &modes[0]);
        for round in 1..=rounds {
            for subject in modes {
                bench.measure((Scenario::Depth, EMPTY, round), subject, |bench, place| {
                    drained(bench, subject, place, jobs, all)
                });
                bench.measure((Scenario::Depth, WAITING, round), subject, |bench, place| {
                    drained(bench, subject, place, waiting, some)
                });
                let began = Instant::now();
                let measured = match &full {
                    // It keeps nothing: there is nothing to measure.
                    Ok(None) => continue,
                    Ok(Some(full)) => bench.servers.copy(full).and_then(|place| {
                        let measured = drained(bench, subject, &place, jobs, all);
                        bench.servers.remove(place);
                        measured
                    }),
                    Err(error) => Err(anyhow::anyhow!("{error:#}")),
                };
                bench.keep((Scenario::Depth, FINISHED, round), subject, measured, began);
            }
        }
        if let Ok(Some(place)) = full {
            bench.servers.remove(place);
        }
    }
}

/// A place with many finished jobs, if the system keeps them.
fn full(bench: &mut Bench<'_>, subject: &Subject) -> Result<Option<Place>> {
    let Some(name) = subject.peer.finished else { return Ok(None) };
    let file = bench.options.root.join("tests/bench/sql/finished").join(name);
    ensure!(file.exists(), "{} is missing", file.display());
    let place = bench.servers.fresh(&subject.peer, &subject.driver)?;
    bench.servers.run_file(&place, &file, bench.options.finished)?;
    bench.servers.settle(&place)?;
    Ok(Some(place))
}

fn drained(
    bench: &mut Bench<'_>,
    subject: &Subject,
    place: &Place,
    enqueued: u64,
    goal: Goal,
) -> Result<Figures> {
    let Subject { peer, driver, mode } = subject;
    driver.run(&["enqueue", "--url", &place.url, "--count", &enqueued.to_string()])?;
    bench.servers.settle(place)?;
    Ok(figures(drain(driver, peer, place, mode, SIZE, (goal, bench.options.cap))?))
}
