use std::path::Path;

use anyhow::{Context, Result};

use crate::{command::run, setup};

/// The last commit of the first edition.
const FIRST_EDITION: &str = "d6ae5c5";

/// The full version of what the tests do shortly: see tests/chaos.
pub fn chaos(args: impl Iterator<Item = String>) -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask has a parent")?;
    setup::setup(root)?;
    run(root, "cargo build --quiet --locked -p cascade-chaos")?;
    let args: Vec<_> = args.collect();
    let line = format!("cargo run --quiet --locked -p cascade-chaos -- {}", args.join(" "));
    run(root, line.trim())
}

/// The first edition beside this version, on one database under the same faults: each takes the other's place again
/// and again. Builds the first edition too, in the target folder.
pub fn rolling() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask has a parent")?;
    let checkout = root.join("target/rolling/checkout");
    if !checkout.exists() {
        let add =
            format!("git worktree add --force --detach target/rolling/checkout {FIRST_EDITION}");
        run(root, &add)
            .context("this needs the history of the repository: `git fetch --unshallow`")?;
    }
    run(&checkout, "cargo build --quiet --locked -p cascade-chaos --target-dir ../target")?;
    chaos(["--older", "target/rolling/target/debug/cascade-chaos-host"].map(Into::into).into_iter())
}
