//! The run as a whole: who takes part, and what was measured so far.

use std::{collections::BTreeMap, time::Instant};

use anyhow::Result;
use serde_json::Value;

use crate::{
    driver::Driver,
    options::{Options, Scenario},
    peers::{Kind, PEERS, Peer},
    place::{Place, Servers},
    sample::{Sample, Samples},
};

/// A system in one of its modes.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The system.
    pub peer: Peer,
    /// Its program.
    pub driver: Driver,
    /// How it completes jobs.
    pub mode: &'static str,
}

impl Subject {
    /// Whether it is Cascade.
    pub fn own(&self) -> bool {
        self.peer.name == PEERS[0].name
    }
}

/// What one measurement gave.
#[derive(Debug, Default)]
pub struct Figures {
    /// By name.
    pub values: BTreeMap<&'static str, f64>,
    /// The time was up before the end.
    pub capped: bool,
}

impl<const N: usize> From<[(&'static str, f64); N]> for Figures {
    fn from(values: [(&'static str, f64); N]) -> Self {
        Self { values: values.into(), capped: false }
    }
}

/// A run of the benchmark.
pub struct Bench<'a> {
    /// What to measure.
    pub options: &'a Options,
    /// PostgreSQL and Redis.
    pub servers: Servers,
    /// Figures so far.
    pub samples: Samples,
    /// Answers of other programs, by name.
    pub attached: BTreeMap<&'static str, Value>,
    /// Peers that are left out, and why.
    pub skipped: Vec<String>,
}

impl Bench<'_> {
    /// Who takes part, of those that keep their jobs so: each mode of each.
    pub fn subjects(&mut self, peers: &[Peer], fit: impl Fn(Kind) -> bool) -> Vec<Subject> {
        let mut subjects = Vec::new();
        for peer in peers.iter().filter(|peer| fit(peer.kind)) {
            let asked = &self.options.peers;
            if !asked.is_empty() && !asked.iter().any(|name| name == peer.name) {
                continue;
            }
            let Some(driver) = peer.driver(self.options) else {
                let skipped = format!("{}: its driver is not built", peer.title);
                if !self.skipped.contains(&skipped) {
                    self.skipped.push(skipped);
                }
                continue;
            };
            for mode in peer.modes {
                subjects.push(Subject { peer: peer.clone(), driver: driver.clone(), mode });
            }
        }
        subjects
    }

    /// Measures once in a fresh place, and keeps the figures or the error.
    pub fn measure(
        &mut self,
        (scenario, setting, round): (Scenario, &str, u32),
        subject: &Subject,
        measure: impl FnOnce(&mut Self, &Place) -> Result<Figures>,
    ) {
        let began = Instant::now();
        let measured = self.servers.fresh(&subject.peer, &subject.driver).and_then(|place| {
            let measured = measure(self, &place);
            self.servers.remove(place);
            measured
        });
        self.keep((scenario, setting, round), subject, measured, began);
    }

    /// Keeps the figures or the error of a measurement.
    pub fn keep(
        &mut self,
        (scenario, setting, round): (Scenario, &str, u32),
        subject: &Subject,
        measured: Result<Figures>,
        began: Instant,
    ) {
        let (figures, error) = match measured {
            Ok(figures) => (figures, None),
            Err(error) => (Figures::default(), Some(format!("{error:#}"))),
        };
        let sample = Sample {
            scenario,
            setting: setting.to_owned(),
            subject: subject.peer.subject(subject.mode),
            own: subject.own(),
            compared: subject.peer.kind != Kind::Redis,
            durability: subject.peer.durability,
            round,
            figures: figures.values,
            capped: figures.capped,
            error,
        };
        tell(&sample, began);
        self.samples.0.push(sample);
    }
}

/// Progress, for who waits.
fn tell(sample: &Sample, began: Instant) {
    let figure = |(name, value): (&&str, &f64)| format!("{name} {value:.3}");
    let mut said = sample.figures.iter().map(figure).collect::<Vec<_>>().join(", ");
    if sample.capped {
        said.push_str(" (capped)");
    }
    if let Some(error) = &sample.error {
        said = format!("failed: {error}");
    }
    let Sample { scenario, setting, subject, round, .. } = sample;
    let seconds = began.elapsed().as_secs();
    eprintln!("{scenario:?} {setting}, round {round}, {subject}: {said} [{seconds} s]");
}
