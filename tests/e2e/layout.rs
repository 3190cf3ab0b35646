//! The host and the front end's generic layer know no job by name; crates use what they may.

use std::{collections::BTreeSet, path::Path, process::Command};

use crate::host::root;

const JOBS: [&str; 7] = [
    "connectors_sync_cycle",
    "signals_extraction",
    "embeddings_run",
    "health_scoring",
    "kag_recommendations_refresh",
    "kag_v2_recommendations_refresh",
    "analytics_aggregates",
];

fn files(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir()
            && !["node_modules", "dist", "control-tower", "target"].contains(&name.as_str())
        {
            files(&path, found);
        } else if path.is_file() {
            found.push(path);
        }
    }
}

#[test]
fn no_job_name_outside_plugins() {
    let mut found = Vec::new();
    for folder in ["core", "migrations", "web/src", "xtask", "plugins/sdk", "plugins/testkit"] {
        files(&root().join(folder), &mut found);
    }
    assert!(found.len() > 60, "only {} files: the test looks in the wrong place", found.len());
    for file in found {
        let Ok(text) = std::fs::read_to_string(&file) else { continue };
        for job in JOBS {
            assert!(!text.contains(job), "{} names {job}", file.display());
        }
    }
}

/// Which crates of the workspace each may use, as docs/architecture.md says; and which others it must not.
const ALLOWED: [(&str, &[&str]); 13] = [
    ("cascade-abi", &[]),
    ("cascade-sdk", &["cascade-abi"]),
    ("cascade-portable-sql", &["cascade-sdk"]),
    ("cascade-model", &["cascade-sdk"]),
    ("cascade-expr", &[]),
    ("cascade-config", &["cascade-expr", "cascade-model", "cascade-sdk"]),
    ("cascade-registry", &["cascade-abi", "cascade-model", "cascade-sdk"]),
    ("cascade-store", &["cascade-config", "cascade-model", "cascade-portable-sql", "cascade-sdk"]),
    ("cascade-bus", &["cascade-model", "cascade-store"]),
    (
        "cascade-engine",
        &[
            "cascade-bus",
            "cascade-config",
            "cascade-expr",
            "cascade-model",
            "cascade-registry",
            "cascade-sdk",
            "cascade-store",
        ],
    ),
    ("cascade-sse", &["cascade-bus", "cascade-model", "cascade-store"]),
    ("cascade-access", &["cascade-model", "cascade-sdk", "cascade-store"]),
    (
        "cascade-http",
        &[
            "cascade-access",
            "cascade-bus",
            "cascade-config",
            "cascade-engine",
            "cascade-model",
            "cascade-registry",
            "cascade-sdk",
            "cascade-sse",
            "cascade-store",
        ],
    ),
];

/// Crates that one crate alone may use.
const ONLY_IN: [(&str, &[&str]); 4] = [
    ("utoipa", &["cascade-http"]),
    ("axum", &["cascade-http"]),
    ("libloading", &["cascade-abi"]),
    ("sqlx", &["cascade-bus", "cascade-engine", "cascade-portable-sql", "cascade-store"]),
];

#[test]
fn crates_use_only_what_the_architecture_allows() {
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline", "--locked"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(metadata.status.success(), "{}", String::from_utf8_lossy(&metadata.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let page = std::fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let mut seen = 0;
    for package in metadata["packages"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap();
        let Some((_, allowed)) = ALLOWED.iter().find(|(of, _)| *of == name) else { continue };
        seen += 1;
        assert!(page.contains(&format!("| `{name}` |")), "{name} is not on the page");
        let uses = package["dependencies"].as_array().unwrap();
        let uses = uses.iter().filter(|dependency| dependency["kind"].is_null());
        for used in uses.map(|dependency| dependency["name"].as_str().unwrap()) {
            let ours = used.starts_with("cascade");
            assert!(!ours || allowed.contains(&used), "{name} must not use {used}");
            let only = ONLY_IN.iter().find(|(of, _)| *of == used);
            let may = only.is_none_or(|(_, by)| by.contains(&name));
            assert!(may, "{used} must not be used by {name}");
        }
    }
    assert_eq!(seen, ALLOWED.len());
}

/// The crates that some packages are built of, each with its features.
fn crates(of: &[&str]) -> BTreeSet<String> {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--locked", "--prefix", "none", "--format", "{p} {f}"])
        .args(of)
        .current_dir(root())
        .output()
        .unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let lines = String::from_utf8(tree.stdout).unwrap();
    lines.lines().map(|line| line.trim_end_matches(" (*)").to_owned()).collect()
}

/// Cargo compiles a crate, and all that stands on it, once for each set of features.
#[test]
fn the_host_alone_is_built_of_what_the_workspace_is() {
    let workspace = crates(&["--workspace"]);
    let host = crates(&["--package", "cascade", "--edges", "normal,build"]);
    assert!(host.len() > 100, "{host:?}");
    let again: Vec<_> = host.difference(&workspace).collect();
    assert!(again.is_empty(), "a build of the host alone compiles these again: {again:#?}");
}

/// Where Cargo is told that a target has no tests within, so that it is not compiled once more for them, none are
/// written that nobody runs.
#[test]
fn targets_without_tests_have_none() {
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline", "--locked"])
        .current_dir(root())
        .output()
        .unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap().iter();
    let targets = packages.flat_map(|package| package["targets"].as_array().unwrap());
    let mut seen = 0;
    for target in targets.filter(|target| target["test"] == false) {
        if !target["kind"].as_array().unwrap().iter().any(|kind| kind == "lib" || kind == "bin") {
            continue;
        }
        seen += 1;
        let mut sources = Vec::new();
        files(Path::new(target["src_path"].as_str().unwrap()).parent().unwrap(), &mut sources);
        for source in sources.iter().filter(|source| source.extension().is_some_and(|e| e == "rs"))
        {
            let text = std::fs::read_to_string(source).unwrap();
            let tests = ["#[test]", "::test]"].iter().any(|mark| text.contains(mark));
            assert!(!tests, "{} has tests, and Cargo.toml says `test = false`", source.display());
        }
    }
    assert!(seen > 10, "only {seen} targets: the test looks in the wrong place");
}
