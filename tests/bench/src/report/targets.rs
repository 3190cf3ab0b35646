//! The targets, as the issue has them, and whether they are met.

use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::Value;

use super::table::number;
use crate::{
    options::Scenario,
    peers::{LIMITED_QUEUE, PEERS, QUEUE},
    sample::{Better, Samples},
    scenario::{FANOUT, KEPT, NO_OP_P50},
};

/// One target.
#[derive(Debug)]
pub struct Target {
    /// What must be true.
    pub text: &'static str,
    /// What was measured; `None` if it was not.
    pub measured: Option<String>,
    /// Whether it is so.
    pub met: bool,
}

impl Target {
    fn new(text: &'static str, measured: Option<(String, bool)>) -> Self {
        let met = measured.as_ref().is_some_and(|(_, met)| *met);
        Self { text, measured: measured.map(|(text, _)| text), met }
    }
}

/// All of them.
pub fn targets(samples: &Samples, attached: &BTreeMap<&'static str, Value>) -> Vec<Target> {
    let throughput = Scenario::Throughput;
    let against = |fits: &dyn Fn(&str) -> bool, cells: &[&str], wanted: f64| {
        least(samples, throughput, cells, (&own, fits)).map(|(ratio, said)| (said, ratio >= wanted))
    };
    let (one, four) = (["1 x 10", "1 x 100"], ["4 x 10", "4 x 100"]);
    let all = [one, four].concat();
    let graphile = |subject: &str| subject == GRAPHILE;
    let keeps = |subject: &str| KEEPERS.iter().any(|keeper| subject.starts_with(keeper));
    let queue = |subject: &str| subject.starts_with(&format!("{},", QUEUE.title));
    let limited = |subject: &str| subject.starts_with(LIMITED_QUEUE.title);
    let counted = least(samples, throughput, &all, (&limited, &queue));
    vec![
        Target::new("throughput above every peer on PostgreSQL", against(&peer, &all, 1.0)),
        Target::new("1.8x graphile-worker batched, one process", against(&graphile, &one, 1.8)),
        Target::new("1.3x graphile-worker batched, four processes", against(&graphile, &four, 1.3)),
        Target::new("2.5x the best peer that keeps finished jobs", against(&keeps, &all, 2.5)),
        Target::new(
            "a job's concurrency over all workers at least 0.9 of none",
            counted.map(|(ratio, said)| (said, ratio >= 0.9)),
        ),
        Target::new("throughput at least 2x River's on SQLite", {
            let found = least(samples, Scenario::Embedded, &one, (&own, &peer));
            found.map(|(ratio, said)| (said, ratio >= 2.0))
        }),
        Target::new("pick-up p99 under the best peer's", pick_up(samples)),
        Target::new(
            "cascade hop p50 under 2 ms above the no-op transaction",
            hop(samples, attached),
        ),
        Target::new("with many kept rows at least 0.95 of an empty table", kept(samples)),
        Target::new("at least 0.7 beside a transaction open for minutes", horizon(samples)),
        Target::new("idle under 30 queries a minute per process", idle(samples)),
        Target::new("over 0.8 of what the bare SQL does through pgbench", share(samples)),
        Target::new(
            "fan-out to 10,000 clients under 250 ms and 4 kB per client, ahead of Nchan",
            fan_out(attached),
        ),
    ]
}

/// The fastest of them, as the report calls it.
const GRAPHILE: &str = "graphile-worker (Node), batched";
/// Those that keep finished jobs.
const KEEPERS: [&str; 4] = ["River", "apalis", "pg-boss", "procrastinate"];

fn own(subject: &str) -> bool {
    subject.starts_with(PEERS[0].title)
}

fn peer(subject: &str) -> bool {
    !own(subject)
}

/// Picks subjects by how the report calls them.
type Fits<'a> = &'a dyn Fn(&str) -> bool;

/// The setting in which the best of some subjects is the least, by the best of others.
fn least(
    samples: &Samples,
    scenario: Scenario,
    settings: &[&str],
    (some, others): (Fits<'_>, Fits<'_>),
) -> Option<(f64, String)> {
    let of = |setting: &&str| {
        let best = |fits| samples.best_of(scenario, setting, "jobs_per_s", fits, Better::More);
        let ((mine, _), (other, name)) = (best(some)?, best(others)?);
        let ratio = mine / other;
        let (mine, other) = (number(mine), number(other));
        let said = format!("{ratio:.2} at the least: {mine}/s to {other}/s of {name}, {setting}");
        Some((ratio, said))
    };
    settings.iter().filter_map(of).min_by(|a, b| a.0.total_cmp(&b.0))
}

fn pick_up(samples: &Samples) -> Option<(String, bool)> {
    let setting = *samples.settings(Scenario::Latency).first()?;
    let best = |own| samples.best(Scenario::Latency, setting, "p99_ms", own, Better::Less);
    let ((own, _), (peer, name)) = (best(true)?, best(false)?);
    Some((format!("{} ms to {} ms of {name}", number(own), number(peer)), own < peer))
}

fn hop(samples: &Samples, attached: &BTreeMap<&'static str, Value>) -> Option<(String, bool)> {
    let setting = *samples.settings(Scenario::Cascade).first()?;
    let (own, _) = samples.best(Scenario::Cascade, setting, "hop_p50_ms", true, Better::Less)?;
    let no_op = attached.get(NO_OP_P50)?.as_f64()?;
    let above = own - no_op;
    Some((format!("{} ms above {} ms", number(above), number(no_op)), above < 2.0))
}

fn kept(samples: &Samples) -> Option<(String, bool)> {
    let rate = |setting| samples.best(Scenario::Depth, setting, "jobs_per_s", true, Better::More);
    let ((empty, _), (full, _)) = (rate("nothing else")?, rate("many finished")?);
    let ratio = full / empty;
    Some((format!("{ratio:.2}: {}/s to {}/s", number(full), number(empty)), ratio >= 0.95))
}

fn horizon(samples: &Samples) -> Option<(String, bool)> {
    let setting = *samples.settings(Scenario::Horizon).first()?;
    let (own, _) = samples.best(Scenario::Horizon, setting, KEPT, true, Better::More)?;
    let peer = samples.best(Scenario::Horizon, setting, KEPT, false, Better::More);
    let beside = peer.map(|(kept, name)| format!("; {kept:.2} of {name}"));
    Some((format!("{own:.2}, {setting}{}", beside.unwrap_or_default()), own >= 0.7))
}

fn idle(samples: &Samples) -> Option<(String, bool)> {
    let of = |setting: &str| {
        let best = samples.best(Scenario::Idle, setting, "queries_per_min", true, Better::Less);
        best.map(|(queries, _)| (queries, format!("{setting} {}", number(queries))))
    };
    let found: Vec<_> = samples.settings(Scenario::Idle).into_iter().filter_map(of).collect();
    let said: Vec<_> = found.iter().map(|(_, said)| said.as_str()).collect();
    let met = found.iter().all(|(queries, _)| *queries < 30.0);
    (!found.is_empty()).then(|| (said.join(", "), met))
}

/// Cascade's best throughput by that of the best script.
fn share(samples: &Samples) -> Option<(String, bool)> {
    let best = |scenario| {
        let settings = samples.settings(scenario).into_iter();
        let rates = settings.filter_map(|setting| {
            samples.best(scenario, setting, "jobs_per_s", true, Better::More)
        });
        rates.map(|(rate, _)| rate).max_by(f64::total_cmp)
    };
    let (own, bare) = (best(Scenario::Throughput)?, best(Scenario::Bare)?);
    let ratio = own / bare;
    Some((format!("{ratio:.2}: {}/s of {}/s", number(own), number(bare)), ratio > 0.8))
}

/// By the medians of the rounds: each event's last byte at the latest, and resident memory.
fn fan_out(attached: &BTreeMap<&'static str, Value>) -> Option<(String, bool)> {
    let servers = attached.get(FANOUT)?["servers"].as_object()?;
    let of = |server: &Value| {
        let last = server["ms_to_last_byte_max"]["median"].as_f64()?;
        Some((last, server["bytes_per_client"]["rss"]["median"].as_f64()?))
    };
    let (last, bytes) = of(servers.get("cascade")?)?;
    let others = servers.iter().filter(|(name, _)| name.as_str() != "cascade");
    let others: Vec<_> = others.filter_map(|(_, server)| of(server)).collect();
    let least = |pick: fn(&(f64, f64)) -> f64| others.iter().map(pick).min_by(f64::total_cmp);
    let mut said = format!("{} ms, {} B per client", number(last), number(bytes));
    let mut met = last < 250.0 && bytes < 4096.0;
    match (least(|other| other.0), least(|other| other.1)) {
        (Some(other_last), Some(other_bytes)) => {
            said.push_str(&format!("; Nchan {} ms, {} B", number(other_last), number(other_bytes)));
            met &= last < other_last && bytes < other_bytes;
        }
        _ => said.push_str("; Nchan not measured"),
    }
    Some((said, met))
}

pub(super) fn write(text: &mut String, targets: &[Target]) {
    text.push_str("| target | measured | |\n|---|---|---|\n");
    for Target { text: wanted, measured, met } in targets {
        let (measured, verdict) = match measured {
            None => ("not measured", "-"),
            Some(measured) => (measured.as_str(), if *met { "met" } else { "**missed**" }),
        };
        writeln!(text, "| {wanted} | {measured} | {verdict} |").ok();
    }
}
