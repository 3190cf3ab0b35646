use std::{path::Path, time::Duration};

use serde_json::json;

use crate::{Checked, Diagnostics, KeySettings, Rate, parse_and_check, schema, test_job};

fn check(text: &str) -> Result<(Checked, Diagnostics), Diagnostics> {
    let mut job = test_job::descriptor("a", json!({}));
    job.args_schema = json!({"properties": {
        "name": {"type": "string"},
        "number": {"type": ["integer", "boolean", "null"]},
        "level": {"anyOf": [{"enum": ["low", 7]}, {"type": "null"}]}
    }});
    let plugins = test_job::plugins_of([job]);
    parse_and_check(Path::new("jobs.toml"), text, &plugins).result
}

fn per_minute(count: u32) -> Rate {
    Rate { count, period: Duration::from_secs(60) }
}

const TEXT: &str = r#"
[jobs.a]
runs_per_key = 3
rate_per_key = "100/1m"
[jobs.a.keys."ann"]
runs_per_key = 10
[jobs.a.keys."bob.smith & co"]
runs_per_key = 1
rate_per_key = "1000/1m"
"#;

#[test]
fn a_key_has_its_numbers_or_else_those_of_its_job() {
    let (Checked { config, .. }, told) = check(TEXT).unwrap();
    assert!(!told.to_string().contains("keys"), "{told}");
    let job = &config.jobs["a"];
    assert_eq!(job.rate_per_key, Some(per_minute(100)));
    let of = |key: &str| (job.runs_of_key(key), job.rate_of_key(key));
    assert_eq!(of("eve"), (3, Some(per_minute(100))));
    assert_eq!(of("ann"), (10, Some(per_minute(100))));
    assert_eq!(of("bob.smith & co"), (1, Some(per_minute(1000))));
    assert_eq!(of(""), (1, None), "the key of the schedule");
    let ann = KeySettings { runs_per_key: Some(10), rate_per_key: None };
    assert_eq!(job.keys["ann"], ann);
    let valid = jsonschema::validator_for(&schema()).unwrap();
    let read = |text| serde_json::to_value(toml::from_str::<toml::Table>(text).unwrap()).unwrap();
    assert!(valid.is_valid(&read(TEXT)));
    assert!(!valid.is_valid(&read("[jobs.a.keys.ann]\nruns = 3\n")));
    assert!(!valid.is_valid(&read("[jobs.a.keys.ann]\nruns_per_key = 0\n")));
}

#[test]
fn what_is_wrong_is_told_with_its_place_and_what_helps() {
    let long = format!("[jobs.a.keys.{}]\nruns_per_key = 2", "x".repeat(257));
    for (said, parts) in [
        (
            "rate_per_key = \"100\"",
            &["bad rate \"100\"", "such as \"100/1m\"", "jobs.toml:2:16"][..],
        ),
        ("rate_per_key = \"1/2d\"", &["bad rate", "in a day"]),
        ("rate_per_key = 5", &["must be a text"]),
        ("keys = 1", &["jobs.toml:2:8"]),
        ("keys.ann = 1", &["jobs.toml:2:12"]),
        (
            "keys.ann = {}",
            &["the key `ann` has no number", "jobs.toml:2:6", "`rate_per_key` or both"],
        ),
        ("keys.ann.runs_per_key = 101", &["from 1 to 100"]),
        ("keys.ann.runs = 10", &["unknown key `runs`", "runs_per_key"]),
        ("keys.ann.rate_per_key = \"0/1m\"", &["bad rate", "such as \"1000/1m\""]),
        ("keys.\"\".runs_per_key = 2", &["a key has 1 to 256 bytes", "SHA-256"]),
        (&long, &["a key has 1 to 256 bytes"]),
    ] {
        let told = check(&format!("[jobs.a]\n{said}\n")).unwrap_err().to_string();
        for part in parts {
            assert!(told.contains(part), "{part} is not in\n{told}");
        }
    }
}

#[test]
fn no_more_keys_have_numbers_than_may() {
    let keys = |most: usize| {
        let lines = (0..most).map(|n| format!("{n}.runs_per_key = 2\n"));
        check(&format!("[jobs.a.keys]\n{}", lines.collect::<String>()))
    };
    assert_eq!(keys(1000).unwrap().0.config.jobs["a"].keys.len(), 1000);
    let told = keys(1001).unwrap_err().to_string();
    assert!(told.contains("has 1001 keys, and at most 1000"), "{told}");
}

#[test]
fn a_key_that_the_arg_never_gives_is_told() {
    let told = |from: &str, key: &str| {
        let text =
            format!("[jobs.a]\nkey_from = \"{from}\"\n[jobs.a.keys.{key}]\nruns_per_key = 2\n");
        check(&text).unwrap().1.to_string()
    };
    for (from, key) in
        [("name", "ann"), ("number", "7"), ("number", "true"), ("level", "low"), ("level", "7")]
    {
        assert!(!told(from, key).contains("is never"), "{from} {key}");
    }
    for (from, key) in [("number", "ann"), ("number", "007"), ("level", "high")] {
        let told = told(from, key);
        assert!(told.contains(&format!("`{from}` is never `{key}`")), "{told}");
        assert!(told.contains("jobs.toml:3:14"), "{told}");
    }
}
