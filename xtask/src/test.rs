//! Every check and test, cheapest first.

use std::path::Path;

use anyhow::{Context, Result};

use crate::{
    command::{run, run_with},
    setup,
};

/// Passes only if all of it holds. The last thing printed is nextest's own summary.
pub fn test() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask has a parent")?;
    let web = root.join("web");
    setup::setup(root)?;
    run(root, "cargo fmt --all --check")?;
    run(&web, "npm ci --no-audit --no-fund")?;
    run(&web, "npm run check")?;
    run(&web, "npm test")?;
    // The committed build must be that of the committed source.
    run(&web, "npm run build")?;
    run(root, "git diff --exit-code --stat -- web/dist")?;
    run(root, "cargo clippy --workspace --all-targets --locked -- -D warnings")?;
    run(root, "cargo test --workspace --doc --locked --quiet")?;
    // The end-to-end tests start the release binary, as users do.
    run(root, "cargo build --release --locked -p cascade")?;
    let binary = root.join("target/release/cascade");
    let binary = binary.to_str().context("the path of the checkout is not UTF-8")?;
    run_with(root, "cargo nextest run --workspace --locked", &[("CASCADE_BIN", binary)])
}
