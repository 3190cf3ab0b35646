//! What may come into the build, as deny.toml says. `cargo deny` reads the same file and says more, of known
//! vulnerabilities too, where their database can be reached; it takes minutes to compile on a fresh machine.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use spdx::{Expression, ParseMode};

/// Where crates come from if nothing else is said, whatever mirror Cargo is told to ask.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Checks the crates that are built for any of the platforms, with all features, for tests too.
///
/// # Errors
/// Names each crate that may not come in, and why.
pub(super) fn check(root: &Path) -> Result<()> {
    let text = fs::read_to_string(root.join("deny.toml")).context("deny.toml")?;
    let policy: toml::Table = text.parse().context("deny.toml")?;
    let policy = Policy::of(&policy)?;
    let mut faults = BTreeSet::new();
    for platform in &policy.platforms {
        faults.extend(policy.faults(&metadata(root, platform)?));
    }
    let faults: Vec<_> = faults.into_iter().collect();
    ensure!(faults.is_empty(), "deny.toml does not allow:\n{}", faults.join("\n"));
    Ok(())
}

fn metadata(root: &Path, platform: &str) -> Result<Value> {
    let mut cargo = Command::new("cargo");
    cargo.args(["metadata", "--format-version=1", "--locked", "--all-features"]);
    let told = cargo.args(["--filter-platform", platform]).current_dir(root).output()?;
    ensure!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    Ok(serde_json::from_slice(&told.stdout)?)
}

/// What deny.toml says.
struct Policy {
    platforms: Vec<String>,
    licences: BTreeSet<String>,
    banned: BTreeSet<String>,
}

impl Policy {
    fn of(file: &toml::Table) -> Result<Self> {
        let list = |section: &str, key: &str| {
            let found = file.get(section).and_then(|section| section.get(key));
            found
                .and_then(toml::Value::as_array)
                .with_context(|| format!("no {section}.{key} in deny.toml"))
        };
        let text = |value: &toml::Value| value.as_str().map(ToOwned::to_owned);
        let texts = |section, key| -> Result<Vec<String>> {
            list(section, key)?.iter().map(|value| text(value).context("no text")).collect()
        };
        let banned = list("bans", "deny")?.iter();
        let banned = banned.map(|ban| ban.get("crate").and_then(text).context("a ban of no crate"));
        Ok(Self {
            platforms: texts("graph", "targets")?,
            licences: texts("licenses", "allow")?.into_iter().collect(),
            banned: banned.collect::<Result<_>>()?,
        })
    }

    /// Why crates of a build may not come in.
    fn faults(&self, metadata: &Value) -> Vec<String> {
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let built = list(&metadata["resolve"]["nodes"]);
        let built: BTreeSet<_> = built.iter().filter_map(|node| node["id"].as_str()).collect();
        let mut faults = Vec::new();
        for package in list(&metadata["packages"]) {
            let text = |key: &str| package[key].as_str().unwrap_or_default();
            if !built.contains(text("id")) {
                continue;
            }
            let mut refuse = |why: String| {
                faults.push(format!("  {} {}: {why}", text("name"), text("version")));
            };
            if self.banned.contains(text("name")) {
                refuse("it is banned".into());
            }
            if package["source"].is_null() {
                // Of this workspace.
                for used in list(&package["dependencies"]) {
                    if used["req"] == "*" && used["path"].is_null() {
                        refuse(format!("any version of {} would do", used["name"]));
                    }
                }
                continue;
            }
            if text("source") != REGISTRY {
                refuse(format!("it comes from {}", text("source")));
            }
            if let Err(why) = self.allows(text("license")) {
                refuse(why.to_string());
            }
        }
        faults
    }

    fn allows(&self, licence: &str) -> Result<()> {
        let parsed = Expression::parse_mode(licence, ParseMode::LAX);
        let Ok(parsed) = parsed else { bail!("no licence is known by the text {licence:?}") };
        let allowed = parsed.evaluate(|asked| self.licences.contains(&asked.to_string()));
        ensure!(allowed, "its licence is {licence}");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn policy() -> Policy {
        let file = "[graph]\ntargets = [\"here\"]\n[licenses]\nallow = [\"MIT\", \"Apache-2.0\"]\n\
            [bans]\ndeny = [{ crate = \"banned\" }]\n";
        Policy::of(&file.parse().unwrap()).unwrap()
    }

    fn faults(packages: &[Value]) -> Vec<String> {
        let nodes: Vec<_> = packages.iter().map(|package| json!({ "id": package["id"] })).collect();
        policy().faults(&json!({ "packages": packages, "resolve": { "nodes": nodes } }))
    }

    fn package(name: &str, source: &str, licence: &str) -> Value {
        json!({ "id": name, "name": name, "version": "1.0.0", "source": source, "license": licence })
    }

    #[test]
    fn a_licence_needs_one_alternative_that_is_allowed() {
        for licence in ["MIT", "MIT/Apache-2.0", "GPL-3.0-only OR MIT", "MIT AND Apache-2.0"] {
            assert!(faults(&[package("good", REGISTRY, licence)]).is_empty(), "{licence}");
        }
        for licence in ["", "GPL-3.0-only", "MIT AND GPL-3.0-only", "MIT WITH LLVM-exception"] {
            let faults = faults(&[package("bad", REGISTRY, licence)]);
            assert!(faults.len() == 1 && faults[0].contains("bad 1.0.0"), "{licence}: {faults:?}");
        }
    }

    #[test]
    fn what_is_banned_or_comes_from_elsewhere_is_refused() {
        assert!(faults(&[package("banned", REGISTRY, "MIT")])[0].contains("it is banned"));
        let source = "git+https://example.com/it";
        assert!(faults(&[package("other", source, "MIT")])[0].contains(source));
        let own = json!({
            "id": "own", "name": "own", "version": "1.0.0", "source": null,
            "dependencies": [{ "name": "any", "req": "*", "path": null }, { "name": "beside", "req": "*", "path": "/" }],
        });
        let faults = faults(&[own]);
        assert!(faults.len() == 1 && faults[0].contains("any version"), "{faults:?}");
    }

    #[test]
    fn what_is_not_built_for_a_platform_does_not_matter_there() {
        let other =
            json!({ "packages": [package("banned", REGISTRY, "MIT")], "resolve": { "nodes": [] } });
        assert!(policy().faults(&other).is_empty());
    }
}
