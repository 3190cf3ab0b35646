//! Fields of log lines have one spelling each, so that a search for a run finds all that was said of it.

use std::path::{Path, PathBuf};

use crate::host::root;

/// What docs/operations.md calls a field, and what it is not called.
const FIELDS: [(&str, &[&str]); 5] = [
    ("run_id", &["run", "id", "run_uuid"]),
    ("trace_id", &["trace"]),
    ("job_type", &["job", "job_name"]),
    ("project", &["project_id", "project_slug", "slug"]),
    ("worker", &["worker_id", "owner"]),
];

const MACROS: [&str; 8] = [
    "tracing::trace!(",
    "tracing::debug!(",
    "tracing::info!(",
    "tracing::warn!(",
    "tracing::error!(",
    "tracing::debug_span!(",
    "tracing::info_span!(",
    "tracing::error_span!(",
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The names of the fields of a call, of which `rest` begins with the arguments.
fn names(rest: &str) -> Vec<String> {
    let (mut depth, mut quoted, mut arguments) = (0, false, vec![String::new()]);
    let mut chars = rest.chars();
    while let Some(c) = chars.next().filter(|_| depth >= 0) {
        match c {
            '\\' if quoted => {
                chars.next();
            }
            '"' => quoted = !quoted,
            '(' | '[' | '{' if !quoted => depth += 1,
            ')' | ']' | '}' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                arguments.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(argument) = arguments.last_mut().filter(|_| depth >= 0) {
            argument.push(c);
        }
    }
    let name = |argument: &String| {
        let name = argument.split('=').next().unwrap_or_default();
        name.trim().trim_start_matches(['%', '?']).to_owned()
    };
    arguments.iter().map(name).filter(|name| !name.starts_with('"')).collect()
}

#[test]
fn fields_of_logs_have_one_spelling() {
    let mut found = Vec::new();
    for folder in ["core", "plugins"] {
        sources(&root().join(folder), &mut found);
    }
    let (mut calls, mut wrong) = (0, Vec::new());
    for file in found {
        let text = std::fs::read_to_string(&file).unwrap();
        for (at, called) in MACROS.iter().flat_map(|each| text.match_indices(each)) {
            calls += 1;
            for name in names(&text[at + called.len()..]) {
                let is = FIELDS.iter().find(|(_, others)| others.contains(&name.as_str()));
                wrong.extend(is.map(|(is, _)| {
                    let line = text[..at].lines().count();
                    format!("{}:{line}: `{name}` is called `{is}`", file.display())
                }));
            }
        }
    }
    assert!(calls > 50, "only {calls} calls: the test looks in the wrong place");
    assert_eq!(wrong, [""; 0]);
    let page = std::fs::read_to_string(root().join("docs/operations.md")).unwrap();
    for (name, _) in FIELDS {
        assert!(
            page.contains(&format!("`{name}`")),
            "docs/operations.md does not tell of `{name}`"
        );
    }
}

#[test]
fn another_spelling_is_found() {
    let names = |call: &str| names(call);
    assert_eq!(
        names("%error, run = %id, job, \"a (b, c\", x.y());"),
        ["error", "run", "job", "x.y()"]
    );
    assert_eq!(names("\n \"run\",\n %id,\n project = f(a, b),\n)"), ["id", "project", ""]);
}
