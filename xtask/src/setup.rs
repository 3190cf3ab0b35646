//! Installs what the tests need and a fresh machine lacks.

use std::{path::Path, process::Command};

use anyhow::{Result, bail};

use crate::command::{exists, run, run_with};

/// Programs by the Debian package that brings them.
const PACKAGES: [(&str, &str); 10] = [
    ("chromium", "chromium"),
    ("node", "nodejs npm"),
    ("redis-server", "redis-server"),
    ("pgbouncer", "pgbouncer"),
    ("/usr/sbin/dovecot", "dovecot-imapd"),
    ("pgrep", "procps"),
    ("openssl", "openssl"),
    // Plugins in other languages.
    ("cc", "gcc libc6-dev"),
    ("c++", "g++"),
    ("python3", "python3"),
];
/// PostgreSQL's own programs stand outside the path, by version.
const POSTGRES: &str = "/usr/lib/postgresql";

/// Debian and Ubuntu: installs it. Elsewhere: says what to install.
pub fn setup(root: &Path) -> Result<()> {
    let mut missing: Vec<_> = PACKAGES
        .iter()
        .filter(|(program, _)| !exists(program))
        .map(|(_, package)| *package)
        .collect();
    if !Path::new(POSTGRES).exists() && !exists("initdb") {
        missing.push("postgresql");
    }
    let venv = Command::new("python3").args(["-c", "import ensurepip, venv"]).output();
    if !venv.is_ok_and(|asked| asked.status.success()) {
        missing.push("python3-venv");
    }
    if !missing.is_empty() {
        let list = missing.join(" ");
        if !exists("apt-get") {
            bail!("please install what Debian calls: {list}");
        }
        let env = [("DEBIAN_FRONTEND", "noninteractive")];
        run_with(root, "apt-get update -qq", &env)?;
        run_with(root, &format!("apt-get install -y -qq --no-install-recommends {list}"), &env)?;
    }
    nextest(root)
}

/// What runs the tests in Rust: all that the quick ones need besides Node.
pub fn nextest(root: &Path) -> Result<()> {
    if exists("cargo-nextest") {
        return Ok(());
    }
    run(root, "cargo install cargo-nextest --locked")
}
