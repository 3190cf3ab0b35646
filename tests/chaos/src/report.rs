use std::{collections::BTreeMap, fmt};

use crate::Fault;

/// From one fault to the next.
#[derive(Debug, Default)]
pub struct UnderFault {
    /// How often it was inflicted.
    pub times: u32,
    /// Requests for a cascade that were accepted meanwhile.
    pub requests: u64,
    /// From the end of a run to a client, at worst, in ms.
    pub worst_event_ms: i64,
}

/// What was done and what came of it.
#[derive(Debug)]
pub struct Report {
    /// What was seen under each fault.
    pub faults: BTreeMap<Fault, UnderFault>,
    /// Requests that a server accepted.
    pub requests: u64,
    /// Runs in the end.
    pub runs: u64,
    /// Their attempts: more than runs, as those of a killed worker count that were no longer young.
    pub attempts: u64,
    /// Runs that did not complete, and requests that no run answers.
    pub lost_runs: u64,
    /// Completed runs whose downstream job never ran for them.
    pub lost_cascades: u64,
    /// Completed runs that started a downstream job twice.
    pub doubled_cascades: u64,
    /// Completed runs whose staged write is there never or more than once.
    pub wrong_effects: u64,
    /// Ends of runs without an event, or events without an end.
    pub wrong_events: u64,
    /// Event streams.
    pub clients: u64,
    /// How often they had to come back.
    pub reconnects: u64,
    /// Events that they heard, all together.
    pub heard: u64,
    /// Events that some client missed.
    pub lost_events: u64,
    /// Events that some client heard again.
    pub doubled_events: u64,
    /// Clients that were told to start afresh.
    pub resets: u64,
    /// From the end of a run to a client, at worst; in ms, outages included.
    pub worst_event_ms: i64,
    /// From an upstream's end to a downstream's latest start, at worst; in ms, outages included.
    pub worst_hop_ms: u64,
}

impl Report {
    /// Whether nothing was lost and nothing doubled.
    pub fn is_clean(&self) -> bool {
        let wrong = [
            self.lost_runs,
            self.lost_cascades,
            self.doubled_cascades,
            self.wrong_effects,
            self.wrong_events,
            self.lost_events,
            self.doubled_events,
            self.resets,
        ];
        wrong.iter().all(|count| *count == 0) && self.runs > 0 && self.heard > 0
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| fault | times | cascades asked for | worst event delay, ms |")?;
        writeln!(f, "|---|---|---|---|")?;
        for (fault, UnderFault { times, requests, worst_event_ms }) in &self.faults {
            writeln!(f, "| {fault:?} | {times} | {requests} | {worst_event_ms} |")?;
        }
        writeln!(f, "\n| checked afterwards | count |\n|---|---|")?;
        let rows = [
            ("requests accepted", self.requests),
            ("runs", self.runs),
            ("attempts", self.attempts),
            ("runs lost", self.lost_runs),
            ("cascades lost", self.lost_cascades),
            ("cascades doubled", self.doubled_cascades),
            ("staged writes missing or doubled", self.wrong_effects),
            ("ends of runs and events that do not match", self.wrong_events),
            ("event streams", self.clients),
            ("reconnects", self.reconnects),
            ("events heard, all streams", self.heard),
            ("events lost", self.lost_events),
            ("events doubled", self.doubled_events),
            ("streams told to reset", self.resets),
            ("worst event delay, ms", self.worst_event_ms.unsigned_abs()),
            ("worst hop of a cascade, ms", self.worst_hop_ms),
        ];
        rows.iter().try_for_each(|(what, count)| writeln!(f, "| {what} | {count} |"))
    }
}
