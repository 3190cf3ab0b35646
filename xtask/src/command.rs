//! Runs a program, says which one failed, and keeps how long each took.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};

/// What has run so far, with how long it took.
static DONE: Mutex<Vec<(String, Duration)>> = Mutex::new(Vec::new());

/// Runs a command line (split at spaces) in a folder; its output goes to ours.
pub fn run(folder: &Path, line: &str) -> Result<()> {
    run_with(folder, line, &[])
}

/// As [`run`], with variables added to the environment.
pub fn run_with(folder: &Path, line: &str, env: &[(&str, &str)]) -> Result<()> {
    run_words(folder, &line.split(' ').collect::<Vec<_>>(), env)
}

/// As [`run_with`], for a command whose words have spaces in them.
pub fn run_words(folder: &Path, words: &[&str], env: &[(&str, &str)]) -> Result<()> {
    let line = words.join(" ");
    println!("\n==> {line}");
    let began = Instant::now();
    let (program, args) = words.split_first().context("an empty command")?;
    let status = Command::new(program)
        .args(args)
        .current_dir(folder)
        .envs(env.iter().copied())
        .status()
        .with_context(|| format!("cannot start `{program}`"))?;
    let took = began.elapsed();
    DONE.lock().unwrap_or_else(PoisonError::into_inner).push((line.clone(), took));
    ensure!(status.success(), "`{line}` failed");
    Ok(())
}

/// Prints how long each command took, and all together.
pub fn print_times() {
    let done = DONE.lock().unwrap_or_else(PoisonError::into_inner);
    println!("\n==> seconds");
    for (line, took) in done.iter() {
        println!("{:>7.1}  {line}", took.as_secs_f64());
    }
    let all: Duration = done.iter().map(|(_, took)| *took).sum();
    println!("{:>7.1}  together", all.as_secs_f64());
}

/// Cargo's folder for what it builds.
pub fn target(root: &Path) -> PathBuf {
    let set = std::env::var_os("CARGO_TARGET_DIR");
    set.map_or_else(|| root.join("target"), |target| root.join(target))
}

/// Whether a program is there.
pub fn exists(program: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|folder| folder.join(program).is_file())
}
