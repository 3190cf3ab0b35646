//! What is checked beside the tests in Rust, and how these are started.

use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result};

use crate::{
    command::{run, run_with, run_words, say, target},
    dist::PUBLISHED,
    setup,
};

/// A group of commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Format,
    Deny,
    Web,
    WebBuild,
    Compose,
    Clippy,
    /// Everything that the tests are made of, with the features that they have together.
    Build,
    /// The host's binary alone.
    Binary,
    Doc,
    Package,
}

impl Step {
    /// What areas are made of; cheapest first.
    pub const EACH: [Self; 8] = [
        Self::Format,
        Self::Deny,
        Self::Web,
        Self::WebBuild,
        Self::Clippy,
        Self::Binary,
        Self::Doc,
        Self::Package,
    ];
    pub const QUICK: [Self; 3] = [Self::Format, Self::Web, Self::Clippy];

    /// # Errors
    /// Names the command that failed.
    pub fn run(self, root: &Path) -> Result<()> {
        let web = root.join("web");
        match self {
            Self::Format => run(root, "cargo fmt --all --check"),
            // What deny.toml says of licences, banned crates and sources; known vulnerabilities it
            // cannot tell.
            Self::Deny => {
                setup::deny(root)?;
                run(root, "cargo deny --locked check licenses bans sources")
            }
            Self::Web => {
                if !installed(&web) {
                    run(&web, "npm ci --no-audit --no-fund")?;
                }
                run(&web, "npm run check")?;
                run(&web, "npm test")
            }
            Self::WebBuild => {
                // The committed build must be that of the committed source, whose types are checked already. It stands
                // apart: Cargo may be reading the committed one.
                let made = target(root).join("web-dist");
                let made = made.to_str().context("the path of the target folder is not UTF-8")?;
                run_words(
                    &web,
                    &["npm", "run", "bundle", "--", "--emptyOutDir", "--outDir", made],
                    &[],
                )?;
                let compare =
                    ["git", "diff", "--no-index", "--exit-code", "--stat", "web/dist", made];
                run_words(root, &compare, &[])
                    .context("web/dist is not what `npm run build` makes of web/src")
            }
            Self::Compose => validate_compose(root),
            Self::Clippy => {
                run(root, "cargo clippy --workspace --all-targets --locked -- -D warnings")
            }
            Self::Build => run(root, "cargo build --workspace --all-targets --locked"),
            Self::Binary => run(root, "cargo build --locked -p cascade"),
            Self::Doc => run(root, "cargo test --workspace --doc --locked --quiet"),
            Self::Package => package(root),
        }
    }
}

/// Whether node_modules is what package-lock.json says: npm writes its own copy of the list there.
fn installed(web: &Path) -> bool {
    let modified = |path: &str| fs::metadata(web.join(path)).and_then(|meta| meta.modified()).ok();
    let (installed, wanted) =
        (modified("node_modules/.package-lock.json"), modified("package-lock.json"));
    installed.is_some() && installed >= wanted
}

/// Where docker has its compose plug-in; elsewhere it says that it did not look.
fn validate_compose(root: &Path) -> Result<()> {
    let asked = Command::new("docker").args(["compose", "version"]).output();
    if asked.is_ok_and(|asked| asked.status.success()) {
        let password = [("POSTGRES_PASSWORD", "only-to-validate")];
        return run_with(root, "docker compose config --quiet", &password);
    }
    say("\n==> docker-compose.yml not validated: there is no `docker compose` here")
}

/// The published crates can be packaged, and their documentation has no warnings.
fn package(root: &Path) -> Result<()> {
    run(root, &format!("cargo package --locked --allow-dirty --no-verify {PUBLISHED}"))?;
    let strict = [("RUSTDOCFLAGS", "-D warnings")];
    run_with(root, &format!("cargo doc --locked --no-deps --quiet {PUBLISHED}"), &strict)
}

/// The tests in Rust of some packages.
///
/// # Errors
/// When a test fails.
pub(super) fn nextest(root: &Path, packages: &[String], filter: &str) -> Result<()> {
    let mut words = vec!["cargo", "nextest", "run", "--locked"];
    words.extend(packages.iter().map(String::as_str));
    words.extend(["-E", filter]);
    run_words(root, &words, &[])
}
