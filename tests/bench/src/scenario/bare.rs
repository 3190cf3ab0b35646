//! What PostgreSQL itself does with the SQL that a run needs: no worker can do better.

use std::{path::Path, process::Command, time::Instant};

use anyhow::{Context as _, Result, ensure};
use cascade_test_servers::find;
use serde_json::json;

use crate::{
    bench::{Bench, Figures, Subject},
    options::Scenario,
    peers::{EMBEDDED, Kind, PEERS},
    place::Place,
    statistics::percentile,
};

/// Connections.
const CLIENTS: [u64; 2] = [1, 4];
/// What the report calls the time of the no-op transaction.
pub const NO_OP_P50: &str = "no_op_transaction_p50_ms";
/// One row changed and committed: what no durable completion can do without.
const NO_OP: &str = "UPDATE no_op SET n = n + 1 WHERE id = 1;\n";
const NO_OP_SECONDS: &str = "5";

/// Each script of tests/bench/sql, on Cascade's tables with the same jobs as in `throughput`.
pub fn measure(bench: &mut Bench<'_>) -> Result<()> {
    let folder = bench.options.root.join("tests/bench/sql");
    let files = std::fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
    let mut files: Vec<_> = files.flatten().map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|end| end == "sql"));
    files.sort();
    let own = bench.subjects(&PEERS[..1], |kind| kind == Kind::Postgres);
    let Some(own) = own.first().cloned() else { return Ok(()) };
    for round in 1..=bench.options.rounds {
        for file in &files {
            for clients in CLIENTS {
                let name = file.file_stem().unwrap_or_default().to_string_lossy();
                let setting = format!("{name}, {clients} connections");
                bench.measure((Scenario::Bare, &setting, round), &own, |bench, place| {
                    script(bench, &own, place, file, clients)
                });
            }
        }
    }
    Ok(())
}

fn script(
    bench: &mut Bench<'_>,
    own: &Subject,
    place: &Place,
    file: &Path,
    clients: u64,
) -> Result<Figures> {
    let text = std::fs::read_to_string(file)?;
    let runs = text.lines().next().and_then(|line| line.strip_prefix("-- runs:"));
    let runs: u64 = runs.context("the first line is not `-- runs: N`")?.trim().parse()?;
    let jobs = bench.options.jobs;
    own.driver.run(&["enqueue", "--url", &place.url, "--count", &jobs.to_string()])?;
    bench.servers.settle(place)?;
    let each = (jobs / runs / clients).max(1);
    let (transactions, connections) = (each.to_string(), clients.to_string());
    let file = file.to_str().context("the path is not UTF-8")?;
    let args = ["-c", &connections, "-j", &connections, "-t", &transactions, "-f", file];
    let said = pgbench(place, &args)?;
    let tps = said.lines().find_map(|line| line.strip_prefix("tps = "));
    let tps = tps.and_then(|rest| rest.split_whitespace().next()).context("pgbench told no tps")?;
    // A transaction that found less than it asked for has done less.
    let done = jobs - place.counter(&own.peer)?.left()?;
    let seconds = (each * clients) as f64 / tps.parse::<f64>()?;
    Ok(Figures::from([("jobs_per_s", done as f64 / seconds)]))
}

fn pgbench(place: &Place, args: &[&str]) -> Result<String> {
    let mut pgbench = Command::new(find("pgbench"));
    let ran = pgbench.args(["-n", "-M", "prepared"]).args(args).arg(&place.url).output()?;
    let said = String::from_utf8_lossy(&ran.stderr);
    ensure!(ran.status.success(), "pgbench: {said}");
    Ok(String::from_utf8_lossy(&ran.stdout).into_owned())
}

/// The median time of the smallest durable transaction.
pub fn no_op(bench: &mut Bench<'_>) -> Result<()> {
    let began = Instant::now();
    let own = Subject { peer: PEERS[0].clone(), ..first(bench)? };
    let place = bench.servers.fresh(&own.peer, &own.driver)?;
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(path("make.sql"), "CREATE TABLE no_op AS SELECT 1 AS id, 0 AS n;")?;
    bench.servers.run_file(&place, Path::new(&path("make.sql")), 0)?;
    std::fs::write(path("no_op.sql"), NO_OP)?;
    let (file, log) = (path("no_op.sql"), path("log"));
    let args = ["-c", "1", "-T", NO_OP_SECONDS, "-f", &file, "-l", "--log-prefix", &log];
    pgbench(&place, &args)?;
    let mut ms = Vec::new();
    for entry in std::fs::read_dir(folder.path())?.flatten() {
        if entry.file_name().to_string_lossy().starts_with("log") {
            let text = std::fs::read_to_string(entry.path())?;
            // The third field of a line is the time that it took, in µs.
            let us = text.lines().filter_map(|line| line.split(' ').nth(2)?.parse::<f64>().ok());
            ms.extend(us.map(|us| us / 1000.0));
        }
    }
    let p50 = percentile(&ms, 50.0).context("pgbench logged nothing")?;
    eprintln!("no-op transaction: p50 {p50:.3} ms [{} s]", began.elapsed().as_secs());
    bench.attached.insert(NO_OP_P50, json!(p50));
    bench.servers.remove(place);
    Ok(())
}

fn first(bench: &mut Bench<'_>) -> Result<Subject> {
    let driver = EMBEDDED.driver(bench.options).context("cascade-bench-host is not built")?;
    Ok(Subject { peer: EMBEDDED, driver, mode: "plain" })
}
