//! 10,000 event streams: another program of this repository measures them.

use std::process::{Command, Stdio};

use anyhow::{Result, ensure};
use serde_json::Value;

use crate::bench::Bench;

/// What the report calls its answer.
pub const FANOUT: &str = "fanout";
const PROGRAM: &str = "cascade-bench-fanout";

pub fn measure(bench: &mut Bench<'_>) {
    let program = bench.options.host.with_file_name(PROGRAM);
    if !program.exists() {
        bench.skipped.push(format!("fan-out: {PROGRAM} is not built"));
        return;
    }
    let product = bench.options.host.with_file_name("cascade");
    eprintln!("fan-out: {}", program.display());
    let asked = || -> Result<Value> {
        let mut command = Command::new(&program);
        command.arg("run").arg("--host").arg(&product).stderr(Stdio::inherit());
        let ran = command.output()?;
        ensure!(ran.status.success(), "{PROGRAM} failed");
        Ok(serde_json::from_slice(&ran.stdout)?)
    };
    match asked() {
        Ok(answer) => drop(bench.attached.insert(FANOUT, answer)),
        Err(error) => bench.skipped.push(format!("fan-out: {error:#}")),
    }
}
