//! What the figures were measured on.

use std::{collections::BTreeMap, path::Path, process::Command};

use cascade_test_servers::find;

use crate::{
    options::Options,
    peers::PEERS,
    place::{POSTGRES_SETTINGS, REDIS_SETTINGS},
};

/// What a program prints on standard output, or that it is not there.
fn said(program: impl AsRef<std::ffi::OsStr>, args: &[&str], folder: &Path) -> String {
    match Command::new(program).args(args).current_dir(folder).output() {
        Ok(ran) => String::from_utf8_lossy(&ran.stdout).trim().to_owned(),
        Err(_) => "not there".into(),
    }
}

/// The text after `name` and a colon in a file of /proc.
fn proc(file: &str, name: &str) -> String {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(name));
    let value = line.and_then(|line| line.split_once(':')).map(|(_, value)| value.trim());
    value.unwrap_or("unknown").to_owned()
}

/// Name and value, in the order of the report.
pub fn facts(options: &Options) -> Vec<(String, String)> {
    let root = &options.root;
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let mut facts: Vec<(String, String)> = [
        ("CPU", format!("{}, {cores} cores", proc("/proc/cpuinfo", "model name"))),
        ("memory", proc("/proc/meminfo", "MemTotal")),
        ("kernel", said("uname", &["-sr"], root)),
        ("disk of the data", disk(options)),
        ("PostgreSQL", said(find("postgres"), &["--version"], root)),
        ("its settings", settings(&POSTGRES_SETTINGS)),
        ("Redis", said("redis-server", &["--version"], root)),
        ("its settings", settings(&REDIS_SETTINGS)),
        ("Node", said("node", &["--version"], root)),
        ("Python", said("python3", &["--version"], root)),
        ("Rust", said("rustc", &["--version"], root)),
        ("commit", said("git", &["describe", "--always", "--dirty", "--abbrev=12"], root)),
        ("measured at", chrono::Utc::now().format("%Y-%m-%d %H:%M UTC").to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    let versions = versions(root);
    for (package, version) in versions {
        facts.push((package, version));
    }
    facts.extend(fsync(options));
    facts
}

fn settings(settings: &[(&str, &str)]) -> String {
    let list: Vec<_> = settings.iter().map(|(name, value)| format!("{name}={value}")).collect();
    list.join(", ")
}

fn disk(options: &Options) -> String {
    let folder = options.data.display().to_string();
    let told = said("df", &["--output=source,fstype", &folder], &options.root);
    told.lines().nth(1).unwrap_or("unknown").split_whitespace().collect::<Vec<_>>().join(", ")
}

/// Operations a second of each way to fsync one write of 8 kB.
fn fsync(options: &Options) -> Vec<(String, String)> {
    if options.fsync_seconds == 0 {
        return Vec::new();
    }
    let file = options.data.join("fsync-test").display().to_string();
    let seconds = options.fsync_seconds.to_string();
    let told = said(find("pg_test_fsync"), &["-s", &seconds, "-f", &file], &options.root);
    std::fs::remove_file(&file).ok();
    let mut lines = told.lines().skip_while(|line| !line.contains("one 8kB write"));
    lines.next();
    lines
        .take_while(|line| !line.contains("two 8kB writes"))
        .filter_map(|line| line.trim().split_once(' '))
        .filter(|(_, rest)| rest.contains("ops/sec"))
        .map(|(way, rest)| {
            let rest = rest.split_whitespace().collect::<Vec<_>>().join(" ");
            (format!("pg_test_fsync, {way}"), rest)
        })
        .collect()
}

/// Versions of the peers, by package, from the lock files of their drivers.
pub fn versions(root: &Path) -> BTreeMap<String, String> {
    let peers = root.join("tests/bench/peers");
    let read = |file: &str| std::fs::read_to_string(peers.join(file)).unwrap_or_default();
    let (cargo, npm, pip) =
        (read("rust/Cargo.lock"), read("node/package-lock.json"), read("python/requirements.txt"));
    let mut versions = BTreeMap::new();
    for peer in PEERS.iter().skip(1) {
        let package = peer.package;
        let found = in_cargo_lock(&cargo, package)
            .or_else(|| in_package_lock(&npm, package))
            .or_else(|| in_requirements(&pip, package));
        versions.insert(package.to_owned(), found.unwrap_or_else(|| "not there".into()));
    }
    versions
}

fn in_cargo_lock(text: &str, package: &str) -> Option<String> {
    let name = format!("name = \"{package}\"");
    let version = text.lines().skip_while(|line| *line != name).nth(1)?;
    Some(version.strip_prefix("version = \"")?.trim_end_matches('"').to_owned())
}

fn in_package_lock(text: &str, package: &str) -> Option<String> {
    let lock: serde_json::Value = serde_json::from_str(text).ok()?;
    let package = &lock["packages"][format!("node_modules/{package}")];
    package["version"].as_str().map(ToOwned::to_owned)
}

fn in_requirements(text: &str, package: &str) -> Option<String> {
    let line = text.lines().find_map(|line| line.strip_prefix(package)?.split_once("=="))?;
    let version = line.1.split_whitespace().next()?;
    Some(version.trim_end_matches('\\').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_each_kind_of_lock_file() {
        let cargo = "[[package]]\nname = \"awa\"\nversion = \"1.2.3\"\n";
        assert_eq!(in_cargo_lock(cargo, "awa").unwrap(), "1.2.3");
        assert_eq!(in_cargo_lock(cargo, "aw"), None);
        let npm = r#"{"packages": {"node_modules/pg-boss": {"version": "12.0.1"}}}"#;
        assert_eq!(in_package_lock(npm, "pg-boss").unwrap(), "12.0.1");
        let pip = "psycopg==3.2\nprocrastinate[x]==3.5.0 \\\n";
        assert_eq!(in_requirements(pip, "procrastinate").unwrap(), "3.5.0");
    }
}
