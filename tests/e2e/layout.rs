//! The host and the front end's generic layer know no job by name.

use std::path::Path;

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
