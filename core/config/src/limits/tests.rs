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
fn weights_of_labels_are_read_and_what_is_wrong_with_one_is_told() {
    let text =
        "[jobs.a]\nprefers_labels = { gpu = 10, spot = -5 }\nprefers_for = \"30s\"\n[jobs.b]\n";
    let (Checked { config, .. }, _) = check(text).unwrap();
    let labels = ["gpu", "spot"].map(String::from);
    let of = |job: &str| (config.jobs[job].weight(&labels), config.jobs[job].prefers_for);
    assert_eq!(of("a"), (5, Duration::from_secs(30)));
    assert_eq!(of("b"), (0, Duration::from_secs(5)));
    let served = serde_json::to_value(&*config).unwrap();
    assert_eq!(served["jobs"]["a"]["prefers_labels"], json!({"gpu": 10, "spot": -5}));
    for (line, parts) in [
        (
            "prefers_labels = { gpu = 0 }",
            &[
                "`jobs.a.prefers_labels.gpu` must be a whole number from -1000 to 1000 other than 0",
                "jobs.toml:2:26",
            ][..],
        ),
        ("prefers_labels = { gpu = 1001 }", &["from -1000 to 1000 other than 0"]),
        ("prefers_labels = { gpu = -1001 }", &["from -1000 to 1000 other than 0"]),
        ("prefers_labels = { gpu = \"much\" }", &["whole number", "found string"]),
        (
            "prefers_labels = { \"a b\" = 1 }",
            &["bad name \"a b\" in `jobs.a.prefers_labels`", "jobs.toml:2:20", "1 to 64 letters"],
        ),
        ("prefers_labels = [\"gpu\"]", &["`jobs.a.prefers_labels` must be a table"]),
        ("prefers_for = \"0s\"", &["`jobs.a.prefers_for` must be more than zero"]),
    ] {
        let said = check(&format!("[jobs.a]\n{line}\n")).unwrap_err().to_string();
        for part in parts {
            assert!(said.contains(part), "{part} is not in\n{said}");
        }
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
    let prefers = |weights: Value| fits(&job(json!({"prefers_labels": weights})));
    assert!(prefers(json!({"gpu": 10, "spot": -1000})));
    for bad in [json!({"gpu": 0}), json!({"gpu": 1001}), json!({"a b": 1}), json!(["gpu"])] {
        assert!(!prefers(bad.clone()), "{bad}");
    }
}
