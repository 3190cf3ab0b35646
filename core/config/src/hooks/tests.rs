use std::path::Path;

use serde_json::{Value, json};

use crate::{Checked, HookScheme, parse_and_check, test_job};

const AROUND: &str =
    "[secrets]\nenv = [\"HOME\", \"OLD_SECRET\"]\n[projects.atlas]\n[projects.blue]\n";

fn check(text: &str) -> Result<Checked, String> {
    let mut sync = test_job::descriptor("sync", json!({}));
    sync.args_schema = json!({
        "type": "object", "required": ["repo"], "additionalProperties": false,
        "properties": {"repo": {"type": "string"}, "level": {"type": "integer", "maximum": 3}},
    });
    let plugins = test_job::plugins_of([sync, test_job::descriptor("plain", json!({}))]);
    let checked = parse_and_check(Path::new("jobs.toml"), text, &plugins).result;
    checked.map(|(checked, _)| checked).map_err(|problems| problems.to_string())
}

fn hook(keys: &str) -> String {
    format!("{AROUND}[hooks.push]\n{keys}\n")
}

/// With all that a hook must say.
fn with(more: &str) -> String {
    hook(&format!(
        "job = \"plain\"\nscheme = \"github\"\nsecrets = [\"HOME\"]\nproject = \"atlas\"\n{more}"
    ))
}

#[test]
fn a_hook_is_read_with_what_holds_where_it_says_nothing() {
    let config = check(&with("")).unwrap().config;
    let served = serde_json::to_value(&config.hooks["push"]).unwrap();
    assert_eq!(
        served,
        json!({
            "job": "plain", "scheme": "github", "secrets": ["HOME"], "project": "atlas",
            "rate": "300/1m", "tolerance": "5m",
        })
    );
    assert!(config.jobs.contains_key("plain"), "its job has a schedule");
    let text = hook(
        "job = \"sync\"\nscheme = \"stripe\"\nsecrets = [\"HOME\", \"OLD_SECRET\"]\n\
         project_from = \"body.project\"\nargs = { repo = \"body.repository.full_name\", level = 2 }\n\
         key = \"string(body.id)\"\nwhen = \"headers['x-event'] == 'push'\"\nonce = \"body.after\"\n\
         rate = \"60/1h\"\ntolerance = \"10m\"",
    );
    let config = check(&text).unwrap().config;
    let hook = &config.hooks["push"];
    assert_eq!(
        (hook.scheme, hook.rate.count, hook.rate.period.as_secs()),
        (HookScheme::Stripe, 60, 3600)
    );
    let served = serde_json::to_value(hook).unwrap();
    assert_eq!(served["args"], json!({"repo": "body.repository.full_name", "level": 2}));
    assert_eq!(served["rate"], "60/1h");
    assert_eq!(hook.fixed_project(&config.projects), None);
}

#[test]
fn what_is_wrong_with_a_hook_is_said_with_its_place() {
    for (text, said) in [
        (
            hook("job = \"plain\"\nscheme = \"github\""),
            &["the hook `push` has no `secrets`", ":5:"][..],
        ),
        (hook("scheme = \"github\"\nsecrets = [\"HOME\"]"), &["the hook `push` has no `job`"]),
        (hook("job = \"plain\"\nsecrets = [\"HOME\"]"), &["the hook `push` has no `scheme`"]),
        (with("job_type = \"x\""), &["unknown key `job_type` in `[hooks.push]`", ":10:1"]),
        (
            with("").replace("plain", "plane"),
            &["unknown job type `plane`", "did you mean `plain`?", ":6:7"],
        ),
        (
            with("").replace("github", "gitub"),
            &["unknown scheme `gitub`", "did you mean `github`?", ":7:10"],
        ),
        (
            with("").replace("\"atlas\"\n", "\"atlsa\"\n"),
            &["unknown project `atlsa`", "did you mean `atlas`?", ":9:11"],
        ),
        (
            with("").replace("project = \"atlas\"\n", ""),
            &["names no project, and there are 2", "project = \"atlas\""],
        ),
        (
            with("project_from = \"body.a\""),
            &["`project` and `project_from` exclude each other", ":10:16"],
        ),
        (
            with("").replace("secrets = [\"HOME\"]", "secrets = []"),
            &["`secrets` names no variable", ":8:11"],
        ),
        (
            with("").replace("secrets = [\"HOME\"]", "secrets = [\"HOME\", \"OTHER\"]"),
            &["`OTHER` is not in `env` of `[secrets]`", ":8:20"],
        ),
        (
            with("when = \"body.action\"\nkey = \"1\""),
            &["`key`: its value is a whole number, not a text"],
        ),
        (with("when = \"'a'\""), &["`when`: its value is text, not true or false", ":10:8"]),
        (with("when = \"output.new > 0\""), &["there is no `output`", "body, headers"]),
        (with("when = \"body.\""), &["`when`: syntax error at character"]),
        (with("once = \"size(headers.x)\""), &["`once`: its value is a whole number"]),
        (with("rate = \"60\""), &["bad rate \"60\"", "such as \"60/1m\"", ":10:8"]),
        (with("rate = \"0/1m\""), &["bad rate"]),
        (with("tolerance = \"1m\""), &["`tolerance` is of a hook with the scheme \"stripe\""]),
        (with("").replace("hooks.push", "hooks.Push"), &["bad name of a hook `Push`"]),
        (with("").replace("plain", "sync"), &["`sync` needs args, and nothing supplies them"]),
        (
            with("args = {}").replace("plain", "sync"),
            &["`sync` needs the arg `repo`, and the hook does not give it"],
        ),
        (
            with("args = { repo = \"body.a\", level = 7 }").replace("plain", "sync"),
            &["7 is greater than", ":10:35"],
        ),
        (
            with("args = { repo = \"body.a\", levle = 2 }").replace("plain", "sync"),
            &["`sync` takes no arg `levle`", "did you mean `level`?"],
        ),
        (
            with("args = { repo = \"size(body.a)\" }").replace("plain", "sync"),
            &["write `string(..)` around it"],
        ),
    ] {
        let Err(problems) = check(&text) else { panic!("nothing is wrong with\n{text}") };
        for part in said {
            assert!(problems.contains(part), "{part} is not in\n{problems}\n{text}");
        }
    }
    assert!(check("hooks = 7\n").unwrap_err().contains("`hooks` must be a table"));
}

#[test]
fn the_only_project_needs_no_name_and_a_variable_that_is_not_set_is_a_warning() {
    let text = "[secrets]\nenv = [\"NO_SUCH_VARIABLE\"]\n[projects.only]\n[hooks.push]\n\
                job = \"plain\"\nscheme = \"github\"\nsecrets = [\"NO_SUCH_VARIABLE\"]\n";
    let plugins = test_job::plugins(test_job::descriptor("plain", json!({})));
    let (checked, warnings) =
        parse_and_check(Path::new("jobs.toml"), text, &plugins).result.unwrap();
    let config = checked.config;
    assert_eq!(config.hooks["push"].fixed_project(&config.projects), Some("only"));
    let said = warnings.to_string();
    for part in ["`NO_SUCH_VARIABLE` is not set here", "jobs.toml:7:12"] {
        assert!(said.contains(part), "{part} is not in\n{said}");
    }
}

#[test]
fn the_schema_for_editors_knows_hooks() {
    let valid = jsonschema::validator_for(&crate::schema()).unwrap();
    let hook = json!({"job": "plain", "scheme": "stripe", "secrets": ["A"], "args": {"n": 1}});
    let fits = |hook: &Value| valid.is_valid(&json!({"hooks": {"push": hook}}));
    assert!(fits(&hook));
    for (key, wrong) in [("scheme", json!("svix")), ("secrets", json!("A")), ("jbo", json!("x"))] {
        let mut wrong_hook = hook.clone();
        wrong_hook[key] = wrong;
        assert!(!fits(&wrong_hook), "{wrong_hook}");
    }
}
