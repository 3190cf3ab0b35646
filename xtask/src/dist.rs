//! What is handed out: the release binary and the packages for authors of plugins, each checked.

use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result, ensure};

use crate::command::{run, target};

/// The crates that authors of plugins depend on, and what these depend on.
pub const PUBLISHED: &str =
    "-p cascade-abi -p cascade-sdk -p cascade-portable-sql -p cascade-testkit";

/// Builds the packages, and the binary `target/release/cascade`.
///
/// # Errors
/// When one does not build, or the binary lacks a plugin.
pub fn dist() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask has a parent")?;
    // Each is compiled of what its package holds, with the others as they are packaged.
    run(root, &format!("cargo package --locked --allow-dirty {PUBLISHED}"))?;
    binary(root)
}

/// Checks that the binary knows every plugin of the bundle: an optimised link drops a crate that nothing names,
/// and its jobs would be missing without an error.
fn binary(root: &Path) -> Result<()> {
    run(root, "cargo build --release --locked -p cascade")?;
    let target = target(root);
    let binary = target.join("release/cascade");
    // An empty folder: no jobs.toml, so only what is compiled in.
    let folder = target.join("dist-check");
    fs::create_dir_all(&folder)?;
    let listed = Command::new(&binary).args(["plugin", "list"]).current_dir(&folder).output();
    let listed = listed.with_context(|| format!("cannot start {}", binary.display()))?;
    ensure!(listed.status.success(), "{} plugin list failed", binary.display());
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let bundled = bundled_plugins(root)?;
    for plugin in &bundled {
        let there =
            listed.lines().any(|line| line.split_whitespace().take(3).eq(["job", plugin, plugin]));
        ensure!(there, "{plugin} is not linked into {}:\n{listed}", binary.display());
    }
    println!("\n{}: {} plugins", binary.display(), bundled.len());
    Ok(())
}

/// The packages of the plugins that are compiled in.
///
/// # Errors
/// When the bundle's manifest cannot be read, or names none.
pub fn bundled_plugins(root: &Path) -> Result<Vec<String>> {
    let manifest = root.join("plugins/bundle/Cargo.toml");
    let text = fs::read_to_string(&manifest).with_context(|| manifest.display().to_string())?;
    let bundled = bundled(&text);
    ensure!(!bundled.is_empty(), "{} names no plugin", manifest.display());
    Ok(bundled)
}

/// The plugins that the bundle depends on: its dependencies by path.
fn bundled(manifest: &str) -> Vec<String> {
    let by_path = manifest.lines().filter(|line| line.contains("path = \"../"));
    by_path.filter_map(|line| Some(line.split_once(' ')?.0.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plugins_are_the_dependencies_by_path() {
        let manifest = "[dependencies]\na_job = { path = \"../a_job\" }\nserde.workspace = true\n";
        assert_eq!(bundled(manifest), ["a_job"]);
    }
}
