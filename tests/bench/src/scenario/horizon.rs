//! Throughput while one transaction has been open for minutes: nothing that was deleted meanwhile can be removed for
//! good, so that a claim may have to step over all of it.

use anyhow::{Context as _, Result};
use sqlx::{Connection as _, PgConnection};
use tokio::runtime::Runtime;

use crate::{
    bench::{Bench, Figures, Subject},
    options::{Options, Scenario},
    place::Place,
    stage::{Drained, Goal, Stage, drain},
};

const SIZE: (u32, u32) = (1, 100);
/// What the report shows.
pub const KEPT: &str = "kept";

/// Each system in its last mode, which is its best.
pub fn measure(bench: &mut Bench<'_>, subjects: &[Subject]) {
    let Options { horizon_rate, horizon_seconds, rounds, .. } = *bench.options;
    let setting = format!("{horizon_rate}/s for {horizon_seconds} s");
    for round in 1..=rounds {
        for modes in subjects.chunk_by(|a, b| a.peer.title == b.peer.title) {
            let Some(subject) = modes.last() else { continue };
            bench.measure((Scenario::Horizon, &setting, round), subject, |bench, place| {
                kept(bench, subject, place)
            });
        }
    }
}

/// A drain before, and one after `horizon_seconds` of work beside the open transaction.
fn kept(bench: &Bench<'_>, subject: &Subject, place: &Place) -> Result<Figures> {
    let before = drained(bench, subject, place)?;
    let runtime = Runtime::new()?;
    // What it reads first fixes what it sees from then on.
    let open = runtime.block_on(async {
        let mut open = PgConnection::connect(&place.url).await?;
        sqlx::raw_sql("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class")
            .execute(&mut open)
            .await?;
        anyhow::Ok(open)
    })?;
    let options = bench.options;
    let Subject { peer, driver, mode } = subject;
    let mut stage = Stage::work(driver, place, mode, SIZE.0, SIZE.1)?;
    stage.ready(peer, place)?;
    let (rate, seconds) = (options.horizon_rate.to_string(), options.horizon_seconds.to_string());
    stage.ask(&["produce", "--rate", &rate, "--seconds", &seconds])?;
    let asked = u64::from(options.horizon_rate) * u64::from(options.horizon_seconds);
    let reached = stage.wait(Goal::Empty(asked), options.cap, peer, place)?;
    stage.end()?;
    let after = drained(bench, subject, place)?;
    runtime.block_on(open.close()).context("the open transaction")?;
    let values = [
        ("drained", after.jobs as f64),
        ("before_per_s", before.rate()),
        ("jobs_per_s", after.rate()),
        (KEPT, after.rate() / before.rate()),
        ("left_of_asked", (asked - reached.done) as f64),
    ];
    Ok(Figures { capped: before.capped || after.capped, ..Figures::from(values) })
}

fn drained(bench: &Bench<'_>, subject: &Subject, place: &Place) -> Result<Drained> {
    let Subject { peer, driver, mode } = subject;
    let Options { jobs, cap, .. } = *bench.options;
    driver.run(&["enqueue", "--url", &place.url, "--count", &jobs.to_string()])?;
    drain(driver, peer, place, mode, SIZE, (Goal::Empty(jobs), cap))
}
