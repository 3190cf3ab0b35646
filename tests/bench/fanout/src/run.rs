//! The comparison: rounds of each server in turn, so that what else the machine does hits all alike.

use std::path::PathBuf;

use anyhow::Context;
use serde_json::{Map, Value, json};

use crate::{
    cascade::Cascade,
    nchan::{self, Nchan},
    round::{Figures, Server, measure},
    stats::spread,
};

/// What to compare.
#[derive(clap::Args)]
pub struct Options {
    /// The `cascade` binary, a release build.
    #[arg(long)]
    pub host: PathBuf,
    /// Streams.
    #[arg(long, default_value_t = 10_000)]
    pub count: usize,
    /// Events in each round.
    #[arg(long, default_value_t = 20)]
    pub events: usize,
    /// Rounds of each server.
    #[arg(long, default_value_t = 3)]
    pub rounds: usize,
    /// Cascade alone.
    #[arg(long)]
    pub alone: bool,
}

/// Measures and prints.
///
/// # Errors
/// Whatever keeps a server or the streams from working.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let lacking = nchan::lacking();
    let mut names = vec!["cascade"];
    if lacking.is_none() && !options.alone {
        names.extend(["nchan_1_worker", "nchan_auto_workers"]);
    }
    let mut figures: Vec<Vec<Figures>> = names.iter().map(|_| Vec::new()).collect();
    for round in 0..options.rounds {
        for (name, figures) in names.iter().zip(&mut figures) {
            eprintln!("round {} of {}: {name}", round + 1, options.rounds);
            let mut server = start(name, options)?;
            let measured = measure(&mut *server, options.count, options.events);
            figures.push(measured.with_context(|| (*name).to_owned())?);
        }
    }
    let mut all = Map::new();
    for (name, figures) in names.iter().zip(&figures) {
        all.insert((*name).to_owned(), summary(figures));
    }
    let left_out: Vec<_> = lacking.into_iter().collect();
    let Options { count, events, rounds, .. } = options;
    let result = json!({
        "clients": count, "events": events, "rounds": rounds, "servers": all,
        "left_out": left_out,
    });
    println!("{}", serde_json::to_string_pretty(&result)?);
    Ok(())
}

fn start(name: &str, options: &Options) -> anyhow::Result<Box<dyn Server>> {
    Ok(match name {
        "cascade" => Box::new(Cascade::start(&options.host, options.count)?),
        "nchan_1_worker" => Box::new(Nchan::start("1", options.count)?),
        _ => Box::new(Nchan::start("auto", options.count)?),
    })
}

fn summary(figures: &[Figures]) -> Value {
    let of = |pick: fn(&Figures) -> f64| spread(&figures.iter().map(pick).collect::<Vec<_>>());
    json!({
        "bytes_per_client": {
            "rss": of(|f| f.rss), "pss": of(|f| f.pss), "private": of(|f| f.private),
            "kernel_both_ends": of(|f| f.kernel),
        },
        "ms_to_first_byte_p50": of(|f| f.first_ms),
        "ms_to_last_byte_p50": of(|f| f.last_ms.0),
        "ms_to_last_byte_max": of(|f| f.last_ms.1),
        "cpu_s_per_event": of(|f| f.cpu),
        "cpu_s_to_open_1000": of(|f| f.open_cpu),
    })
}
