//! How many no-op jobs a second are started, run and durably completed.

use crate::{
    bench::{Bench, Figures, Subject},
    options::Scenario,
    peers::Kind,
    stage::{Drained, Goal, drain},
};

/// The figures of a drain.
pub fn figures(drained: Drained) -> Figures {
    let values = [
        ("jobs_per_s", drained.rate()),
        ("drained", drained.jobs as f64),
        ("seconds", drained.seconds),
        ("worker_cpu_ms_per_job", drained.cpu_seconds * 1000.0 / drained.jobs as f64),
    ];
    Figures { capped: drained.capped, ..Figures::from(values) }
}

pub fn measure(bench: &mut Bench<'_>, scenario: Scenario, subjects: &[Subject]) {
    let options = bench.options;
    for round in 1..=options.rounds {
        for &processes in &options.processes {
            for &concurrency in &options.concurrency {
                let setting = format!("{processes} x {concurrency}");
                for subject in subjects {
                    // A file has one process.
                    if processes > 1 && matches!(subject.peer.kind, Kind::Sqlite(_)) {
                        continue;
                    }
                    bench.measure((scenario, &setting, round), subject, |bench, place| {
                        let Subject { peer, driver, mode } = subject;
                        let count = options.jobs.to_string();
                        driver.run(&["enqueue", "--url", &place.url, "--count", &count])?;
                        bench.servers.settle(place)?;
                        let goal = (Goal::Empty(options.jobs), options.cap);
                        let size = (processes, concurrency);
                        Ok(figures(drain(driver, peer, place, mode, size, goal)?))
                    });
                }
            }
        }
    }
}
