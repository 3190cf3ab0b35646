use std::{path::Path, time::Duration};

use serde_json::{Value, json};

use crate::{Checked, Diagnostics, Rate, parse_and_check, test_job};

fn check(text: &str) -> Result<(Checked, Diagnostics), Diagnostics> {
    let plugins = test_job::plugins_of(["a", "b"].map(|job| test_job::descriptor(job, json!({}))));
    parse_and_check(Path::new("jobs.toml"), text, &plugins).result
}

const JOBS: &str = "[jobs.a]\nlimits = [\"api\"]\n";

#[test]
fn limits_are_read_with_the_jobs_that_share_them() {
    let text = "[limits.api]\nconcurrency = 5\nrate = \"100/1m\"\n[limits.gpu]\nconcurrency = 1\n\
                [jobs.a]\nlimits = [\"api\", \"gpu\"]\n[jobs.b]\nlimits = [\"api\"]\n";
    let (Checked { config, .. }, told) = check(text).unwrap();
    assert!(!told.to_string().contains("limit"), "{told}");
    let api = &config.limits["api"];
    let rate = Rate { count: 100, period: Duration::from_secs(60) };
    assert_eq!((api.concurrency, api.rate), (Some(5), Some(rate)));
    assert_eq!(config.jobs["a"].limits, ["api", "gpu"]);
    let served = serde_json::to_value(&*config).unwrap();
    assert_eq!(served["limits"]["api"], json!({"concurrency": 5, "rate": "100/1m"}));
    assert_eq!(served["limits"]["gpu"], json!({"concurrency": 1, "rate": null}));
    assert_eq!(served["jobs"]["b"]["limits"], json!(["api"]));
}

#[test]
fn what_is_wrong_with_a_limit_is_told_with_its_place_and_what_helps() {
    for (text, parts) in [
        (
            format!("{JOBS}[limits.apis]\nconcurrency = 1\n"),
            &["unknown limit `api`", "jobs.toml:2:11", "did you mean `apis`?"][..],
        ),
        (JOBS.into(), &["unknown limit `api`", "add [limits.api] with `concurrency` or `rate`"]),
        (
            format!("{JOBS}[limits.api]\nrate = \"100\"\n"),
            &["bad rate \"100\"", "jobs.toml:4:8", "such as \"100/1m\""],
        ),
        (format!("{JOBS}[limits.api]\nrate = \"5/10ms\"\n"), &["bad rate \"5/10ms\""]),
        (format!("{JOBS}[limits.api]\nrate = 5\n"), &["`limits.api.rate` must be a text"]),
        (
            format!("{JOBS}[limits.api]\n"),
            &[
                "the limit `api` limits nothing",
                "jobs.toml:3:9",
                "set `concurrency`, `rate` or both",
            ],
        ),
        (format!("{JOBS}[limits.api]\nconcurrency = 0\n"), &["from 1 to 10000", "jobs.toml:4:15"]),
        (
            format!("{JOBS}[limits.api]\nconcurency = 2\n"),
            &["unknown key `concurency` in `[limits.api]`", "did you mean `concurrency`?"],
        ),
        ("[limits.\"a b\"]\nconcurrency = 1\n".into(), &["bad name of a limit `a b`"]),
        (
            "[jobs.a]\nlimits = [\"api\", \"api\"]\n[limits.api]\nconcurrency = 1\n".into(),
            &["`jobs.a.limits` names `api` twice", "jobs.toml:2:18"],
        ),
        ("[jobs.a]\nlimits = \"api\"\n".into(), &["must be a list of names", "jobs.toml:2:10"]),
        ("limits = 1\n".into(), &["`limits` must be a table"]),
    ] {
        let said = check(&text).unwrap_err().to_string();
        for part in parts {
            assert!(said.contains(part), "{part} is not in\n{said}");
        }
    }
}

#[test]
fn a_limit_that_no_job_names_is_a_warning() {
    let (_, told) = check("[jobs.a]\n[limits.api]\nconcurrency = 1\n").unwrap();
    let said = told.to_string();
    for part in ["no job names the limit `api`", "jobs.toml:2:9", "limits = [\"api\"]"] {
        assert!(said.contains(part), "{part} is not in\n{said}");
    }
}

#[test]
fn the_schema_takes_limits_and_labels() {
    let valid = jsonschema::validator_for(&crate::schema()).unwrap();
    let fits = |value: &Value| valid.is_valid(value);
    let job = |job: Value| json!({"jobs": {"a": job}});
    assert!(fits(&json!({"limits": {"api": {"concurrency": 5, "rate": "100/1m"}}})));
    assert!(fits(&job(json!({"limits": ["api"], "needs_labels": ["gpu"]}))));
    assert!(!fits(&json!({"limits": {"api": {"rate": 100}}})));
    assert!(!fits(&json!({"limits": {"api": {"rates": "1/1m"}}})));
    assert!(!fits(&job(json!({"limits": "api"}))));
    assert!(!fits(&job(json!({"needs_labels": ["a b"]}))));
}
