//! Runs a program and says which one failed.

use std::{path::Path, process::Command, time::Instant};

use anyhow::{Context, Result, ensure};

/// Runs a command line (split at spaces) in a folder; its output goes to ours.
pub fn run(folder: &Path, line: &str) -> Result<()> {
    run_with(folder, line, &[])
}

/// As [`run`], with variables added to the environment.
pub fn run_with(folder: &Path, line: &str, env: &[(&str, &str)]) -> Result<()> {
    println!("\n==> {line}");
    let began = Instant::now();
    let mut words = line.split(' ');
    let program = words.next().context("an empty command")?;
    let status = Command::new(program)
        .args(words)
        .current_dir(folder)
        .envs(env.iter().copied())
        .status()
        .with_context(|| format!("cannot start `{program}`"))?;
    println!("    {:.0} s", began.elapsed().as_secs_f64());
    ensure!(status.success(), "`{line}` failed");
    Ok(())
}

/// Whether a program is there.
pub fn exists(program: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|folder| folder.join(program).is_file())
}
