use std::path::Path;

use anyhow::{Context, Result};

use crate::{command::run, setup};

/// The full version of what the tests do shortly: see tests/chaos.
pub fn chaos(args: impl Iterator<Item = String>) -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask has a parent")?;
    setup::setup(root)?;
    run(root, "cargo build --quiet --locked -p cascade-chaos")?;
    let args: Vec<_> = args.collect();
    let line = format!("cargo run --quiet --locked -p cascade-chaos -- {}", args.join(" "));
    run(root, line.trim())
}
