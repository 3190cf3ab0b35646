use super::*;
use crate::parse_and_check;
use cascade_model::Registry;
use cascade_registry::Plugins;
use std::path::Path;

/// A program whose schema is in the text: a list of entries with a secret each.
const TEXT: &str = r##"# top
[jobs.sync] # comment
params = { place = "shown", list = [
  { host = "a", token = "secret-a" }, # first
  { host = "b", token = """secret-b""" },
], pin = 123456, kind = { remote = { key = "secret-c" } } }
[jobs.sync.executable]
command = ["true"]
env = { KEY = "secret-env" }
[jobs.sync.executable.params_schema]
type = "object"
[jobs.sync.executable.params_schema.properties]
pin = { type = "integer", writeOnly = true }
list = { items = { properties = { token = { format = "password" } } } }
kind = { oneOf = [{ type = "string" }, { properties = { remote = { writeOnly = true } } }] }
"##;

fn registry() -> std::sync::Arc<Registry> {
    let plugins = Plugins::from(Registry::default());
    parse_and_check(Path::new("jobs.toml"), TEXT, &plugins).result.unwrap().0.registry
}

#[test]
fn a_text_is_shown_without_its_secrets_and_gets_them_back() {
    let shown = masked_text(TEXT, &registry());
    for secret in ["secret-a", "secret-b", "secret-c", "secret-env", "123456"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    assert!(shown.contains("{ host = \"a\", token = \"***\" }, # first"), "{shown}");
    assert_eq!(restored(&shown, TEXT, &registry()).unwrap(), TEXT);

    let edited = shown.replace("shown", "changed").replace("true", "false");
    let restored_text = restored(&edited, TEXT, &registry()).unwrap();
    assert_eq!(restored_text, TEXT.replace("shown", "changed").replace("true", "false"));
}

#[test]
fn an_element_of_a_list_keeps_its_own_secret_when_others_go() {
    let shown = masked_text(TEXT, &registry());
    let one = shown.replace("  { host = \"a\", token = \"***\" }, # first\n", "");
    assert!(restored(&one, TEXT, &registry()).unwrap().contains("\"b\", token = \"\"\"secret-b"));
    // One that is new, or cannot be told from others, gets none.
    let two = one.replace("host = \"b\"", "host = \"elsewhere\"");
    let missing = restored(&two, TEXT, &registry()).unwrap_err();
    assert_eq!(missing.key, "jobs.sync.params.list.0.token");
}

#[test]
fn of_a_job_type_that_is_not_there_every_param_is_secret() {
    let text = "[jobs.gone]\nparams = { a = [\"secret-a\", 1], b = { c = \"secret-c\" } }\n";
    let shown = masked_text(text, &Registry::default());
    let wanted = "[jobs.gone]\nparams = { a = [\"***\", \"***\"], b = { c = \"***\" } }\n";
    assert_eq!(shown, wanted);
    assert_eq!(restored(&shown, text, &Registry::default()).unwrap(), text);
}

#[test]
fn a_text_that_breaks_off_is_quoted_without_values() {
    for broken in [
        "[jobs.sync]\nparams = { token = \"secret-a",
        "[jobs.sync]\nparams = { token = \"\"\"first\nsecret-a\n",
        "[jobs.sync.params]\ntoken = secret-a\n",
        "[jobs.sync.params]\nlist = [\n\"secret-a\"\n\"secret-a\",\n",
        "[jobs.sync.params\ntoken = \"secret-a\"\n",
        "[jobs.sync]\nparams = \"sécret\" \"secret-a\"\n",
        "[jobs.gone]\nparams = { token = \"secret-a\" }\nevery = \"x\"\n",
    ] {
        let quoted = blanked(broken, &Registry::default());
        assert_eq!(quoted.len(), broken.len());
        let plugins = Plugins::from(Registry::default());
        let verdict = parse_and_check(Path::new("jobs.toml"), broken, &plugins);
        let problems = verdict.result.unwrap_err();
        let said = format!("{problems} {problems:?}");
        assert!(!said.contains("secret-a"), "{broken}\n{said}");
        assert!(said.contains("jobs.toml:"), "{said}");
    }
}

/// Edges, a join and a hook that give secrets to `post`; `gone` has no plugin.
const GIVEN: &str = r##"[projects.one]
[secrets]
env = ["HOME"]
[CASCADE_CHAINS]
send = [
  { job = "post", args = { token = "'secret-a'", place = "'shown'" } }, # first
  "sync",
  { job = "post", on = "failure", args = { token = "'secret-b'", made = "{'key': 'secret-c'}" } },
]
[CASCADE_JOINS]
post = { all_of = ["send", "sync"], args = { pin = 123456, list = [{ key = "secret-d" }] } }
[hooks.push]
job = "post"
scheme = "github"
secrets = ["HOME"]
args = { token = "'secret-e' + body.x" }
"##;

const SECRETS: [&str; 6] = ["secret-a", "secret-b", "secret-c", "secret-d", "secret-e", "123456"];

/// Jobs that all take the same args.
fn taking() -> Plugins {
    let schema = serde_json::json!({"type": "object", "properties": {
        "token": {"type": "string", "writeOnly": true}, "pin": {"type": "integer", "format": "password"},
        "place": {"type": "string"}, "made": {"$ref": "#/$defs/entry"},
        "list": {"items": {"$ref": "#/$defs/entry"}},
    }, "$defs": {"entry": {"properties": {"key": {"writeOnly": true}}}}});
    let job = |name| {
        let mut job = crate::test_job::descriptor(name, serde_json::json!({}));
        job.args_schema = schema.clone();
        job
    };
    crate::test_job::plugins_of(["send", "sync", "post", "other"].map(job))
}

fn given() -> crate::Checked {
    parse_and_check(Path::new("jobs.toml"), GIVEN, &taking()).result.unwrap().0
}

#[test]
fn what_edges_joins_and_hooks_give_is_shown_without_its_secrets() {
    let crate::Checked { config, registry, .. } = given();
    let masked = serde_json::to_value(config.masked(&registry)).unwrap();
    let shown = masked_text(GIVEN, &registry);
    for text in [masked.to_string(), shown.clone()] {
        for secret in SECRETS {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
        assert!(text.contains("'shown'"), "{text}");
    }
    assert_eq!(masked["edges"]["send"][1]["job"], "sync");
    assert_eq!(masked["CASCADE_JOINS"]["post"]["args"]["list"][0]["key"], "***");
    // The text is told as it is in force.
    let told = serde_json::to_value(config.edges["send"][0].masked(&registry)).unwrap();
    assert_eq!(told["args"], serde_json::json!({"token": "***", "place": "'shown'"}));
    for (name, hook) in &config.hooks {
        let told = serde_json::to_value(hook.masked(&registry)).unwrap();
        assert_eq!(told["args"], serde_json::json!({"token": "***"}), "{name}");
    }

    // Of a job type that is not there nobody knows what is secret.
    let none = Registry::default();
    let masked = serde_json::to_value(config.masked(&none)).unwrap();
    let place = &masked["edges"]["send"][0]["args"]["place"];
    assert_eq!((place, masked_text(GIVEN, &none).contains("'shown'")), (&"***".into(), false));
    assert_eq!(restored(&masked_text(GIVEN, &none), GIVEN, &none).unwrap(), GIVEN);
}

#[test]
fn what_edges_joins_and_hooks_give_comes_back_and_goes_to_no_other_job() {
    let registry = given().registry;
    let shown = masked_text(GIVEN, &registry);
    assert_eq!(restored(&shown, GIVEN, &registry).unwrap(), GIVEN);

    // An edge that is left keeps its secret at its new place.
    let first = shown.lines().find(|line| line.contains("# first")).unwrap();
    let one = restored(&shown.replace(first, ""), GIVEN, &registry).unwrap();
    assert!(one.contains("secret-b") && !one.contains("secret-a"), "{one}");

    // One that leads to another job is no longer the one that had the secret.
    let edge = shown.replacen("{ job = \"post\"", "{ job = \"other\"", 1);
    let hook = shown.replace("\njob = \"post\"", "\njob = \"other\"");
    for (text, key) in [(edge, "CASCADE_CHAINS.send.args.token"), (hook, "hooks.push.args.token")] {
        assert_eq!(restored(&text, GIVEN, &registry).unwrap_err().key, key);
    }
}

#[test]
fn a_fault_of_an_expression_is_told_without_its_secret() {
    for token in [
        "'secret-a' +",
        "1 'secret-a'",
        "'secret-a' + nothing",
        "secret-a",
        "nothing('secret-a')",
        "'secret-a",
    ] {
        let text = GIVEN.replace("\"'secret-a'\"", &format!("\"{token}\""));
        let problems =
            parse_and_check(Path::new("jobs.toml"), &text, &taking()).result.unwrap_err();
        let said = format!("{problems} {problems:?}");
        assert!(!said.contains("secret-a"), "{token}: {said}");
    }
}
