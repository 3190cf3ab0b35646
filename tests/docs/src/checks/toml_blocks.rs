//! TOML blocks: what is for jobs.toml passes the host's own check.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use cascade_model::Registry;
use cascade_registry::Plugins;
use tempfile::TempDir;

use super::{blocks_in, languages::host_load, none, root};

/// Tables of a Cargo.toml; cargo checks those when the crates they are quoted from are built.
const MANIFEST: [&str; 8] = [
    "package",
    "lib",
    "dependencies",
    "dev-dependencies",
    "features",
    "workspace",
    "profile",
    "bin",
];

#[test]
fn toml_blocks_are_toml_and_pass_the_host_s_check() {
    let mut faults = Vec::new();
    let mut checked = 0;
    for block in blocks_in("toml") {
        let table: toml::Table = match block.text.parse() {
            Ok(table) => table,
            Err(error) => {
                faults.push(format!("{}: {error}", block.place()));
                continue;
            }
        };
        if !table.is_empty() && table.keys().all(|key| MANIFEST.contains(&key.as_str())) {
            continue;
        }
        checked += 1;
        if let Err(problems) = check(&block.text, &table) {
            faults.push(format!("{}:\n{problems}", block.place()));
        }
    }
    none(faults);
    assert!(
        checked > 5,
        "only {checked} blocks are for jobs.toml: the test looks in the wrong place"
    );
}

/// Checks a part of a jobs.toml in a folder that has the libraries it names.
pub(super) fn check(text: &str, table: &toml::Table) -> Result<(), String> {
    let folder = tempfile::tempdir().expect("a folder");
    let mut loaded = Vec::new();
    let mut files = Vec::new();
    if let Some(list) = table.get("plugin_files").and_then(toml::Value::as_array) {
        files.extend(list.iter().filter_map(toml::Value::as_str).map(PathBuf::from));
    }
    // A folder of plugins has one in it.
    files.extend(table.get("plugins_dir").and_then(toml::Value::as_str).map(|name| {
        Path::new(name).join(format!("libhost_load.{}", std::env::consts::DLL_EXTENSION))
    }));
    for file in files {
        let name = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let name = name.trim_start_matches("lib");
        let library = library(name).ok_or(format!("no library `{name}` is built by this test"))?;
        // An absolute path, too, is played through within the folder.
        let place = folder.path().join(file.strip_prefix("/").unwrap_or(&file));
        std::fs::create_dir_all(place.parent().expect("a file is in a folder")).expect("a folder");
        std::fs::copy(library, place).expect("a copy");
        loaded.push(name.to_owned());
    }
    let text = text.replace("\"/opt/", &format!("\"{}/opt/", folder.path().display()));
    let verdict =
        cascade_config::parse_and_check(&folder.path().join("jobs.toml"), &text, &plugins(&loaded));
    match verdict.result {
        Ok((_, warnings)) if warnings.is_empty() => Ok(()),
        Ok((_, problems)) | Err(problems) => Err(problems.to_string()),
    }
}

/// What this crate links (the examples and uptime_check), without the plugins that are loaded.
fn plugins(loaded: &[String]) -> Plugins {
    let linked = Registry::compiled_in().expect("what is linked is sound");
    let mut registry = Registry::default();
    for job in linked.jobs().filter(|job| !loaded.contains(&job.descriptor().origin.plugin)) {
        registry.add_job(job.clone()).expect("names are unique");
    }
    for view in linked.views().filter(|view| !loaded.contains(&view.descriptor().origin.plugin)) {
        registry.add_view(view.clone()).expect("names are unique");
    }
    Plugins::from(registry)
}

/// A plugin as a shared library; built once.
fn library(name: &str) -> Option<&'static Path> {
    static HOST_LOAD: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    static UPTIME_CHECK: OnceLock<PathBuf> = OnceLock::new();
    match name {
        "host_load" => {
            let built = HOST_LOAD.get_or_init(|| {
                let folder = tempfile::tempdir().expect("a folder");
                let library = host_load(folder.path());
                (folder, library)
            });
            Some(&built.1)
        }
        "uptime_check" => Some(UPTIME_CHECK.get_or_init(|| {
            let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
            let mut build = Command::new(cargo);
            // Build scripts that look at what Cargo has set for this test would run again.
            for (name, _) in std::env::vars_os() {
                let text = name.to_string_lossy();
                if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
                    build.env_remove(&name);
                }
            }
            // Together with the host: alone, what it depends on would have other features, and be compiled a second time.
            build.args([
                "build",
                "--quiet",
                "--locked",
                "--lib",
                "-p",
                "cascade",
                "-p",
                "uptime_check",
            ]);
            assert!(build.current_dir(root()).status().expect("cargo").success());
            let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
            let suffix = std::env::consts::DLL_EXTENSION;
            target
                .unwrap_or_else(|| root().join("target"))
                .join(format!("debug/libuptime_check.{suffix}"))
        })),
        _ => None,
    }
}

#[test]
fn a_wrong_key_or_name_is_found() {
    for (text, said) in [
        ("plugin_dir = \"plugins\"\n", "unknown key `plugin_dir`"),
        ("[jobs.nobody]\nevery = \"1m\"\n", "unknown job type `nobody`"),
        ("plugin_files = [\"libother.so\"]\n", "no library `other`"),
        ("[JOB_TO_DATA_MAP]\nexample_primes = [\"uptme\"]\n", "did you mean `uptime`?"),
    ] {
        let refused = check(text, &text.parse().expect("TOML")).expect_err(text);
        assert!(refused.contains(said), "{said:?} is not in\n{refused}");
    }
}
