//! Every check and test, cheapest first.

use std::{path::Path, process::Command};

use anyhow::{Context, Result};

use crate::{
    command::{run, run_with},
    setup,
};

/// Where docker has its compose plug-in; elsewhere it says that it did not look.
fn validate_compose(root: &Path) -> Result<()> {
    let asked = Command::new("docker").args(["compose", "version"]).output();
    if asked.is_ok_and(|asked| asked.status.success()) {
        let password = [("POSTGRES_PASSWORD", "only-to-validate")];
        return run_with(root, "docker compose config --quiet", &password);
    }
    println!("\n==> docker-compose.yml not validated: there is no `docker compose` here");
    Ok(())
}

/// Passes only if all of it holds. The last thing printed is nextest's own summary.
pub fn test() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask has a parent")?;
    let web = root.join("web");
    setup::setup(root)?;
    run(root, "cargo fmt --all --check")?;
    // What deny.toml says of licences, banned crates and sources; known vulnerabilities it cannot tell.
    run(root, "cargo deny --locked check licenses bans sources")?;
    run(&web, "npm ci --no-audit --no-fund")?;
    run(&web, "npm run check")?;
    run(&web, "npm test")?;
    validate_compose(root)?;
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
