//! `cascade check` reports every problem with its place and its mend.

use std::process::Output;

use crate::host::{command, repository_config};

fn check(text: &str) -> (Output, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("jobs.toml");
    std::fs::write(&file, text).unwrap();
    let output =
        command().current_dir(folder.path()).args(["check", "jobs.toml"]).output().unwrap();
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    (output, said)
}

#[test]
fn the_repository_s_own_file_is_right() {
    let (output, said) = check(&repository_config());
    assert!(output.status.success(), "{said}");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "jobs.toml: ok, 7 jobs, 6 edges\n");
}

#[test]
fn all_problems_are_told_at_once() {
    let text = r#"[CASCADE_CHAIN]
[CASCADE_CHAINS]
connectors_sync_cycle = ["signals_extractoin", "embeddings_run", "embeddings_run"]
health_scoring = ["health_scoring"]
signals_extraction = ["kag_recommendations_refresh"]
kag_recommendations_refresh = ["signals_extraction"]

[JOB_TO_DATA_MAP]
weather_forecast = ["portfolio"]

[jobs.embeddings_run]
every = "soon"
retries = 3

[jobs.analytics_aggregates]
cron = "61 * * * *"
timezone = "Europe/Berlni"

[jobs.health_scoring]
timeout = 5
params = { half_life = 3 }
"#;
    let (output, said) = check(text);
    assert!(!output.status.success());
    for expected in [
        "unknown key `CASCADE_CHAIN` at top level\n --> jobs.toml:1:2",
        "did you mean `CASCADE_CHAINS`?",
        "unknown job type `signals_extractoin`\n --> jobs.toml:3:26",
        "did you mean `signals_extraction`?",
        "duplicate edge `connectors_sync_cycle` -> `embeddings_run`\n --> jobs.toml:3:66",
        "`health_scoring` triggers itself\n --> jobs.toml:4:19",
        "cycle: signals_extraction -> kag_recommendations_refresh -> signals_extraction",
        "unknown job type `weather_forecast`",
        "bad duration \"soon\"",
        "unknown key `retries` in `[jobs.embeddings_run]`",
        "bad cron line \"61 * * * *\"",
        "did you mean `Europe/Berlin`?",
        "`jobs.health_scoring.timeout` must be a text in quotes",
        "unknown key `half_life` in `jobs.health_scoring.params`",
        "did you mean `half_life_days`?",
        "jobs.toml: 12 errors",
    ] {
        assert!(squeezed(&said).contains(&squeezed(expected)), "missing: {expected}\n\n{said}");
    }
}

/// The width of the line-number gutter is no part of the message.
fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_syntax_error_has_its_place() {
    let (output, said) = check("[CASCADE_CHAINS]\nhealth_scoring = [\"analytics_aggregates\"\n");
    assert!(!output.status.success());
    assert!(said.contains("syntax error"), "{said}");
    assert!(said.contains("jobs.toml:"), "{said}");
}

#[test]
fn a_host_does_not_start_on_a_bad_file() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("jobs.toml"), "[jobs.nothing]\n").unwrap();
    let output = command().current_dir(folder.path()).output().unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("unknown job type `nothing`"), "{said}");
    assert!(!folder.path().join("cascade-data").exists(), "nothing is half-applied");
}

#[test]
fn every_plugin_crate_is_linked_into_the_binary() {
    let output = command().args(["plugin", "list"]).output().unwrap();
    let list = String::from_utf8(output.stdout).unwrap();
    let count = |kind: &str| list.lines().filter(|line| line.starts_with(kind)).count();
    assert_eq!((count("job "), count("view ")), (8, 4), "{list}");
}
