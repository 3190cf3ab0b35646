//! Cascade beside its peers: see tests/bench.

use std::{fs, path::Path};

use anyhow::{Context, Result};

use crate::{
    command::{exists, run, run_with},
    setup,
};

/// The module of nginx that event streams are measured against.
const NCHAN: [&str; 2] = [
    "/usr/lib/nginx/modules/ngx_nchan_module.so",
    "/usr/share/nginx/modules-available/mod-nchan.conf",
];

/// Builds all that can be built, and measures it. A peer that cannot be built is left out.
pub fn bench(args: impl Iterator<Item = String>) -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask has a parent")?;
    let args: Vec<_> = args.collect();
    if args.first().is_some_and(|arg| arg == "micro") {
        run(root, "cargo build --release --locked -p cascade-bench")?;
        return run(root, "target/release/cascade-bench-micro");
    }
    if let Some(("schedules", args)) =
        args.split_first().map(|(first, rest)| (first.as_str(), rest))
    {
        run(root, "cargo build --release --locked -p cascade-bench-schedules")?;
        let command = format!("target/release/cascade-bench-schedules {}", args.join(" "));
        return run(root, command.trim());
    }
    if let Some(("ablation", args)) = args.split_first().map(|(first, rest)| (first.as_str(), rest))
    {
        run(root, "cargo build --release --locked -p cascade-bench-ablation")?;
        let command = format!("target/release/cascade-bench-ablation {}", args.join(" "));
        return run(root, command.trim());
    }
    setup::setup(root)?;
    let mut ours = "cargo build --release --locked -p cascade -p cascade-bench".to_owned();
    if root.join("tests/bench/fanout/Cargo.toml").exists() {
        ours.push_str(" -p cascade-bench-fanout");
    }
    run(root, &ours)?;
    let peers = root.join("tests/bench/peers");
    or_without("Nchan", nchan(root));
    or_without("peers in Rust", in_rust(root, &peers));
    or_without("peers in Node", in_node(&peers.join("node")));
    or_without("peers in Python", in_python(root, &peers.join("python")));
    run(root, format!("target/release/cascade-bench {}", args.join(" ")).trim())
}

fn or_without(what: &str, built: Result<()>) {
    if let Err(error) = built {
        println!("\n==> left out: {what}: {error:#}");
    }
}

fn nchan(root: &Path) -> Result<()> {
    if NCHAN.iter().any(|file| Path::new(file).exists()) || !exists("apt-get") {
        return Ok(());
    }
    let env = [("DEBIAN_FRONTEND", "noninteractive")];
    let install = "apt-get install -y -qq --no-install-recommends nginx libnginx-mod-nchan";
    run_with(root, install, &env)
}

/// Each workspace below `peers`; a package that does not build keeps no other from it.
fn in_rust(root: &Path, peers: &Path) -> Result<()> {
    let target = root.join("target/bench/peers");
    let target = [("CARGO_TARGET_DIR", target.to_str().context("the path is not UTF-8")?)];
    for entry in fs::read_dir(peers).context("tests/bench/peers")?.flatten() {
        if entry.path().join("Cargo.toml").exists() {
            let build = "cargo build --release --locked --keep-going";
            or_without(
                &entry.file_name().to_string_lossy(),
                run_with(&entry.path(), build, &target),
            );
        }
    }
    Ok(())
}

fn in_node(folder: &Path) -> Result<()> {
    run(folder, "npm ci --no-audit --no-fund")
}

fn in_python(root: &Path, folder: &Path) -> Result<()> {
    let venv = root.join("target/bench/venv");
    let venv = venv.to_str().context("the path is not UTF-8")?;
    if !Path::new(venv).exists() {
        run(root, &format!("python3 -m venv {venv}"))?;
    }
    run(folder, &format!("{venv}/bin/python -m pip install --quiet -r requirements.txt"))
}
