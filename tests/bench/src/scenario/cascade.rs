//! The seven-job chain: what lies between a job's end and the start of what it triggers.

use std::{collections::BTreeMap, thread::sleep, time::Duration};

use anyhow::{Context as _, Result, ensure};

use super::latency::SETTLE;
use crate::{
    bench::{Bench, Figures, Subject},
    options::{Options, Scenario},
    place::Place,
    stage::{Goal, Stage},
    statistics::percentile,
};

/// The steps, and which one triggers each: `a -> b, c`; `b -> d, e`; `d -> f`; `e -> g`.
const BEFORE: [(i64, i64); 6] = [(1, 0), (2, 0), (3, 1), (4, 1), (5, 3), (6, 4)];
const STEPS: u64 = 7;
const CONCURRENCY: u32 = 10;
/// For one chain.
const PATIENCE: Duration = Duration::from_secs(10);

pub fn measure(bench: &mut Bench<'_>, subjects: &[Subject]) {
    let options = bench.options;
    let setting = format!("{} chains", options.chains);
    for round in 1..=options.rounds {
        for subject in subjects {
            bench.measure((Scenario::Cascade, &setting, round), subject, |bench, place| {
                bench.servers.settle(place)?;
                chains(options, subject, place)
            });
        }
    }
}

fn chains(options: &Options, subject: &Subject, place: &Place) -> Result<Figures> {
    let Subject { peer, driver, mode } = subject;
    let mut stage = Stage::work(driver, place, mode, 1, CONCURRENCY)?;
    stage.ready(peer, place)?;
    sleep(SETTLE);
    stage.ask(&["chain", "--chains", &options.chains.to_string()])?;
    let wanted = u64::from(options.chains) * STEPS;
    let reached = stage.wait(Goal::Empty(wanted), PATIENCE * options.chains, peer, place)?;
    let end = stage.end()?;
    ensure!(end.hops.len() as u64 >= wanted || reached.capped, "steps are missing");
    figures(&end.hops).map(|figures| Figures { capped: reached.capped, ..figures })
}

/// Of `[chain, step, start, end]` of each step.
fn figures(steps: &[[i64; 4]]) -> Result<Figures> {
    let times: BTreeMap<_, _> =
        steps.iter().map(|[chain, step, start, end]| ((*chain, *step), (*start, *end))).collect();
    let (mut hops, mut wholes) = (Vec::new(), BTreeMap::<i64, (i64, i64)>::new());
    for ((chain, step), (start, end)) in &times {
        let whole = wholes.entry(*chain).or_insert((*start, *end));
        *whole = (whole.0.min(*start), whole.1.max(*end));
        let before = BEFORE.iter().find(|(after, _)| after == step);
        if let Some((_, ended)) = before.and_then(|(_, before)| times.get(&(*chain, *before))) {
            hops.push((start - ended) as f64 / 1000.0);
        }
    }
    let wholes: Vec<_> = wholes.values().map(|(from, to)| (to - from) as f64 / 1000.0).collect();
    let of = |values: &[f64], percent| percentile(values, percent).context("no chain has ended");
    Ok(Figures::from([
        ("chain_p50_ms", of(&wholes, 50.0)?),
        ("chain_max_ms", of(&wholes, 100.0)?),
        ("hop_p50_ms", of(&hops, 50.0)?),
        ("hop_p99_ms", of(&hops, 99.0)?),
        ("hops", hops.len() as f64),
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hop_starts_at_the_end_of_what_triggers_it() {
        let steps = [
            [4, 0, 1_000, 2_000],
            [4, 1, 5_000, 6_000],
            [4, 2, 4_000, 4_500],
            [4, 3, 16_000, 17_000],
        ];
        let figures = figures(&steps).unwrap().values;
        assert_eq!(figures["hops"], 3.0);
        assert_eq!([figures["hop_p50_ms"], figures["hop_p99_ms"]], [3.0, 10.0]);
        assert_eq!(figures["chain_p50_ms"], 16.0);
    }
}
