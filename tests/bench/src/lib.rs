//! Measures Cascade and what a user would pick in its place, side by side: the same machine, the same
//! PostgreSQL, in turns. `cargo xtask bench` builds everything and runs it.
//!
//! Each system has a driver that speaks one protocol (tests/bench/peers/README.md); what is measured
//! here knows no system but by its entry in [`peers`].

// Servers that do not start are panics of `cascade-test-servers`, as in tests.

mod bench;
mod driver;
mod machine;
pub mod options;
pub mod peers;
mod place;
mod report;
mod sample;
mod scenario;
mod stage;
mod statistics;

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};

use bench::Bench;
pub use options::{Options, Scenario};
use place::Servers;
pub use report::Report;
use sample::Samples;

/// Measures, and writes the report after each scenario, so that a run that is cut short has told
/// what it knew.
///
/// # Errors
/// Whatever keeps the harness itself from working; what a system does wrong is in the report.
pub fn run(options: &Options) -> Result<Report> {
    std::fs::create_dir_all(&options.out).with_context(|| options.out.display().to_string())?;
    let mut bench = Bench {
        options,
        servers: Servers::start(options)?,
        samples: Samples::default(),
        attached: BTreeMap::new(),
        skipped: Vec::new(),
    };
    let facts = machine::facts(options);
    let report = |bench: &Bench<'_>| Report {
        facts: facts.clone(),
        options: options.clone(),
        samples: bench.samples.clone(),
        attached: bench.attached.clone(),
        skipped: bench.skipped.clone(),
    };
    for scenario in &options.scenarios {
        scenario::measure(&mut bench, *scenario)?;
        let report = report(&bench);
        std::fs::write(options.out.join("report.md"), report.markdown())?;
        let json = serde_json::to_string_pretty(&report)?;
        std::fs::write(options.out.join("report.json"), json)?;
    }
    Ok(report(&bench))
}
