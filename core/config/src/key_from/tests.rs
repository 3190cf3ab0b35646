use std::path::Path;

use serde_json::json;

use crate::{Checked, Diagnostics, parse_and_check, test_job};

fn check(text: &str) -> Result<(Checked, Diagnostics), Diagnostics> {
    let mut job = test_job::descriptor("a", json!({}));
    job.args_schema = json!({
        "properties": {
            "customer": {"$ref": "#/$defs/customer"},
            "level": {"type": ["integer", "null"]},
            "any": {},
            "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            "sum": {"type": "number"},
            "list": {"type": "array"}
        },
        "$defs": {"customer": {"properties": {
            "id": {"type": "string"}, "token": {"type": "string", "format": "password"}
        }}}
    });
    let plugins = test_job::plugins_of([job, test_job::descriptor("b", json!({}))]);
    parse_and_check(Path::new("jobs.toml"), text, &plugins).result
}

#[test]
fn an_arg_that_the_job_takes_gives_its_runs_their_key() {
    for path in ["customer.id", "level", "any", "note"] {
        let text = format!("[jobs.a]\nkey_from = \"{path}\"\nruns_per_key = 3\n");
        let (Checked { config, .. }, told) = check(&text).unwrap();
        assert!(!told.to_string().contains("key_from"), "{told}");
        let settings = &config.jobs["a"];
        assert_eq!((settings.key_from.as_deref(), settings.runs_per_key), (Some(path), 3));
    }
    let (Checked { config, .. }, _) = check("[jobs.b]\n").unwrap();
    assert_eq!((&config.jobs["b"].key_from, config.jobs["b"].runs_per_key), (&None, 1));
}

#[test]
fn what_is_wrong_is_told_with_its_place_and_what_helps() {
    for (said, parts) in [
        (
            "key_from = \"customr.id\"",
            &["`a` takes no arg `customr`", "jobs.toml:2:12", "did you mean `customer`?"][..],
        ),
        (
            "key_from = \"customer.di\"",
            &["`a` takes no field of `customer` `di`", "there is: id, token"],
        ),
        ("key_from = \"customer.id.x\"", &["takes no field of `customer.id` `x`", "args_schema"]),
        ("key_from = \"customer.token\"", &["`customer.token` is a secret", "name another arg"]),
        ("key_from = \"customer\"", &["`customer` can be no key", "a whole number"]),
        ("key_from = \"sum\"", &["`sum` can be no key"]),
        ("key_from = \"list\"", &["`list` can be no key"]),
        ("key_from = \"\"", &["bad path \"\" of an arg", "such as \"customer.id\""]),
        ("key_from = \"customer. id\"", &["bad path"]),
        ("key_from = 1", &["jobs.toml:2:12", "must be a text"]),
        ("runs_per_key = 0", &["from 1 to 100", "jobs.toml:2:16"]),
        ("runs_per_key = 101", &["from 1 to 100"]),
    ] {
        let told = check(&format!("[jobs.a]\n{said}\n")).unwrap_err().to_string();
        for part in parts {
            assert!(told.contains(part), "{part} is not in\n{told}");
        }
    }
    let told = check("[jobs.b]\nkey_from = \"id\"\n").unwrap_err().to_string();
    assert!(told.contains("`b` takes no arg `id`") && told.contains("args_schema"), "{told}");
}
