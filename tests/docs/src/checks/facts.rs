//! Figures, keys and messages that the pages name, held against the host.

use std::path::{Path, PathBuf};

use cascade_model::{PluginFault, Registry, RegistryError};
use cascade_registry::{Plugins, build_advice, library::LibraryError};
use cascade_sdk::{Origin, OriginKind};

use super::{none, page, root};

/// A figure on a page, and the line of source that it comes from.
const FIGURES: &[(&str, &str, &str, &str)] = &[
    (
        "reference.md",
        "30 s",
        "core/engine/src/runner/http_client.rs",
        "TIMEOUT: Duration = Duration::from_secs(30);",
    ),
    (
        "reference.md",
        "16 MiB",
        "core/engine/src/runner/http_client.rs",
        "MOST_BYTES: usize = 16 * 1024 * 1024;",
    ),
    (
        "reference.md",
        "5 redirects",
        "core/engine/src/runner/http_client.rs",
        "MOST_REDIRECTS: usize = 5;",
    ),
    (
        "reference.md",
        "5 s",
        "core/portable-sql/src/lib.rs",
        "LONGEST_TRANSACTION: Duration = Duration::from_secs(5);",
    ),
    (
        "idempotency.md",
        "5 s",
        "core/portable-sql/src/lib.rs",
        "LONGEST_TRANSACTION: Duration = Duration::from_secs(5);",
    ),
    (
        "reference.md",
        "5 s",
        "core/engine/src/runner/supervised.rs",
        "STOP_GRACE: Duration = Duration::from_secs(5);",
    ),
    (
        "reference.md",
        "10,000 lines",
        "core/engine/src/runner/recorder.rs",
        "QUEUE: usize = 10_000;",
    ),
    ("reference.md", "200 newest rows", "web/src/screens/data/view-chart.tsx", "MOST_ROWS = 200;"),
    ("reference.md", "6 lines", "web/src/screens/data/chart.ts", "MOST_SERIES = 6;"),
    (
        "executables.md",
        "4 s",
        "core/registry/src/program/process.rs",
        "GRACE: Duration = Duration::from_secs(4);",
    ),
    (
        "executables.md",
        "1 s",
        "core/registry/src/program/process.rs",
        "LINGER: Duration = Duration::from_secs(1);",
    ),
    ("executables.md", "5 s", "core/registry/src/program/process.rs", "CPU_GRACE: u64 = 5;"),
    (
        "executables.md",
        "1 MiB",
        "core/registry/src/program/process.rs",
        "MOST_BYTES: usize = 1024 * 1024;",
    ),
    (
        "executables.md",
        "10,000 rows",
        "core/registry/src/program/rows.rs",
        "MOST_ROWS: usize = 10_000;",
    ),
    ("executables.md", "1,000", "core/config/src/plugins.rs", "KEEP: u32 = 1000;"),
    ("executables.md", "10,000", "core/config/src/plugins.rs", "MOST_KEPT: u32 = 10_000;"),
    (
        "executables.md",
        "64, 65 and 78",
        "core/registry/src/program/protocol.rs",
        "FOR_GOOD: [i32; 3] = [64, 65, 78];",
    ),
    (
        "executables.md",
        "`PATH`, `HOME`, `LANG`, `LC_ALL`, `TZ` and `TMPDIR`",
        "core/registry/src/program/process.rs",
        "[\"PATH\", \"HOME\", \"LANG\", \"LC_ALL\", \"TZ\", \"TMPDIR\"];",
    ),
];

/// The same of pages outside docs/plugins.
const FIGURES_OF_THE_HOST: &[(&str, &str, &str, &str)] = &[
    (
        "docs/operations.md",
        "An idle server asks the outbox every 10 s",
        "core/sse/src/hub.rs",
        "NET: Duration = Duration::from_secs(10);",
    ),
    (
        "docs/operations.md",
        "servers look at the outbox every second",
        "core/sse/src/hub.rs",
        "NET_DEGRADED: Duration = Duration::from_secs(1);",
    ),
    (
        "docs/operations.md",
        "in steps of 500 rows",
        "core/src/host/retention.rs",
        "BATCH: u32 = 500;",
    ),
    (
        "docs/operations.md",
        "about every 10 min",
        "core/src/host/retention.rs",
        "PAUSE: Duration = Duration::from_secs(600);",
    ),
    (
        "docs/operations.md",
        "7 days without use",
        "core/access/src/sessions.rs",
        "SESSION_IDLE: TimeDelta = TimeDelta::days(7);",
    ),
    (
        "docs/operations.md",
        "after 30 days in any case",
        "core/access/src/sessions.rs",
        "SESSION_ENDS: TimeDelta = TimeDelta::days(30);",
    ),
    (
        "docs/operations.md",
        "good once, within 15 minutes",
        "core/access/src/sessions.rs",
        "LINK_LIVES: TimeDelta = TimeDelta::minutes(15);",
    ),
    ("docs/compared.md", "roles by project", "core/access/src/lib.rs", "Role"),
    (
        "README.md",
        "polling is five times slower",
        "web/src/live/use-polled-query.ts",
        "SLOWED = 5;",
    ),
    (
        "README.md",
        "portfolio 30 s",
        "web/src/screens/control-tower/product-data.ts",
        "per_page: MOST_PROJECTS }, 30_000)",
    ),
    ("README.md", "projects 60 s", "web/src/layout/project-scope.ts", "60_000)"),
    ("README.md", "jobs 15 s", "web/src/screens/jobs/jobs-data.ts", "STATUS_MS = 15_000;"),
];

#[test]
fn figures_of_the_host_are_those_of_the_source() {
    let mut faults = Vec::new();
    for (file, figure, source, line) in FIGURES_OF_THE_HOST {
        let read = |path: &str| std::fs::read_to_string(root().join(path)).unwrap_or_default();
        if !read(source).contains(line) {
            faults
                .push(format!("{source} no longer has `{line}`: see what {file} says: `{figure}`"));
        }
        let said = read(file).split_whitespace().collect::<Vec<_>>().join(" ");
        if !said.contains(figure) {
            faults.push(format!("{file} does not say `{figure}`"));
        }
    }
    none(faults);
}

#[test]
fn figures_are_those_of_the_source() {
    let mut faults = Vec::new();
    for (file, figure, source, line) in FIGURES {
        let text = std::fs::read_to_string(root().join(source)).unwrap_or_default();
        if !text.contains(line) {
            faults.push(format!(
                "{source} no longer has `{line}`: see what docs/plugins/{file} says of {figure}"
            ));
        }
        if !page(file).replace('\n', " ").contains(figure) {
            faults.push(format!("docs/plugins/{file} does not say `{figure}`"));
        }
    }
    none(faults);
}

/// The keys that the host itself names when it is given one that it does not know.
fn known_keys(text: &str) -> Vec<String> {
    let verdict = cascade_config::parse_and_check(
        Path::new("jobs.toml"),
        text,
        &Plugins::from(Registry::default()),
    );
    let problems = verdict.result.expect_err("an unknown key is refused");
    let help = problems.iter().filter(|problem| problem.message.contains("zzz"));
    let help = help.filter_map(|problem| problem.help.clone()).next().expect("a help");
    let list = help.strip_prefix("there is: ").expect("a list of keys");
    list.split(", ").map(ToOwned::to_owned).collect()
}

#[test]
fn every_key_that_plugins_have_in_jobs_toml_is_told() {
    let executable = "[jobs.a.executable]\ncommand = [\"a\"]\n";
    let mut faults = Vec::new();
    for (text, file) in [
        ("zzz = 1\n".to_owned(), "reference.md"),
        ("[jobs.a]\nzzz = 1\n".to_owned(), "reference.md"),
        (format!("{executable}zzz = 1\n"), "executables.md"),
        (format!("{executable}defaults = {{ zzz = 1 }}\n"), "executables.md"),
        (format!("{executable}limits = {{ zzz = 1 }}\n"), "executables.md"),
        (format!("{executable}view = {{ key = \"a\", zzz = 1 }}\n"), "executables.md"),
    ] {
        for key in known_keys(&text) {
            if !page(file).contains(&format!("`{key}`")) {
                faults.push(format!("docs/plugins/{file} does not tell of `{key}`"));
            }
        }
    }
    none(faults);
}

#[test]
fn every_key_of_a_hook_is_told() {
    let page = std::fs::read_to_string(root().join("docs/hooks.md")).unwrap_or_default();
    let missing = |key: &String| !page.contains(&format!("| `{key}` |"));
    let missing = known_keys("[hooks.a]\nzzz = 1\n").into_iter().filter(missing);
    none(missing.map(|key| format!("docs/hooks.md does not tell of `{key}`")).collect());
}

/// With it set, the table of the keys of a job is written and not compared.
const UPDATE: &str = "CASCADE_UPDATE_REFERENCE";

#[test]
fn the_keys_of_a_job_are_told_as_they_are_declared() {
    let row = |key: &cascade_config::Key| {
        let name = key.path.strip_prefix("jobs.*.")?;
        // What a program may say stands on its own page.
        if name.starts_with("executable.") {
            return None;
        }
        let default = match &key.schema["default"] {
            value if value.is_null() || value.is_object() => String::new(),
            value => format!("`{value}`"),
        };
        Some(format!("| `{name}` | {default} | {} |\n", key.schema["description"].as_str()?))
    };
    let rows: String = cascade_config::KEYS.iter().filter_map(row).collect();
    let file = root().join("docs/plugins/reference.md");
    let text = std::fs::read_to_string(&file).expect("the page");
    let head = "| key of `[jobs.NAME]` | if left out | meaning |\n|---|---|---|\n";
    let (before, after) = text.split_once(head).expect("the head of the table");
    let end = after.find("\n\n").expect("a line after the table") + 1;
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(&file, [before, head, &rows, &after[end..]].concat()).expect("written");
        return;
    }
    assert_eq!(after[..end], rows, "write the table by {UPDATE}=1 cargo test -p cascade-docs");
}

#[test]
fn refusals_are_told_in_the_host_s_own_words() {
    let origin = |kind, plugin: &str, location: &str| {
        let (plugin, version, location) = (plugin.into(), "0.1.0".into(), location.into());
        Box::new(Origin { kind, plugin, version, location })
    };
    let library = |error: LibraryError| PluginFault::Library {
        file: PathBuf::from("p.so"),
        error: error.to_string(),
        help: error.help(),
    };
    let no_file = || std::io::Error::from_raw_os_error(2);
    let compiled_in = || origin(OriginKind::CompiledIn, "greet", "plugins/greet/src/lib.rs:9");
    let faults = [
        PluginFault::NotBuilt {
            file: PathBuf::from("p.so"),
            help: build_advice(Path::new("p.so")),
        },
        library(LibraryError::Unreadable(no_file())),
        library(LibraryError::WorldWritable { what: "the file".into(), mode: 0o666 }),
        library(LibraryError::NotALibrary {
            expected: "Linux on x86_64",
            found: "a script".into(),
        }),
        library(LibraryError::NoEntry {
            expected: cascade_abi::ENTRY_PREFIX,
            found: "12 others, such as `main`".into(),
        }),
        library(LibraryError::Abi { found: 7 }),
        library(LibraryError::Contract("it describes neither a job type nor a view".into())),
        PluginFault::Folder { folder: "plugins".into(), error: no_file() },
        PluginFault::Registry(RegistryError::Duplicate {
            kind: "job type",
            name: "greet".into(),
            first: compiled_in(),
            second: origin(OriginKind::Library, "greet", "p.so"),
        }),
        PluginFault::Registry(RegistryError::BadName {
            kind: "job type",
            name: "Greet".into(),
            origin: compiled_in(),
        }),
        PluginFault::Registry(RegistryError::BadDefaults {
            name: "greet".into(),
            origin: compiled_in(),
            why: "there must be from 1 to 1000 attempts",
        }),
    ];
    let told: String = page("reference.md").split_whitespace().collect::<Vec<_>>().join(" ");
    let missing = faults.iter().flat_map(|fault| [fault.to_string(), fault.help().to_owned()]);
    let missing = missing.filter(|text| !told.contains(text.as_str()));
    none(missing.map(|text| format!("docs/plugins/reference.md does not say:\n{text}")).collect());
}
