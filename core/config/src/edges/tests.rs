use std::path::Path;

use serde_json::json;

use super::*;
use crate::{Checked, parse_and_check, test_job};
use cascade_registry::Plugins;

/// `sync`, whose output has `new`, and `report`, which takes no args.
fn plugins() -> Plugins {
    let mut sync = test_job::descriptor("sync", json!({}));
    sync.output_schema = json!({
        "type": "object",
        "properties": {
            "new": {"type": "integer"}, "more": {"type": "object"},
            "ids": {"type": "array", "items": {"type": "string"}},
            "lines": {"type": "array", "items": {
                "type": "object", "properties": {"id": {"type": "integer"}},
            }},
        },
    });
    let others = ["report", "page"].map(|name| test_job::descriptor(name, json!({})));
    test_job::plugins_of([sync, remind()].into_iter().chain(others))
}

/// Needs args.
fn remind() -> cascade_sdk::JobDescriptor {
    let mut remind = test_job::descriptor("remind", json!({}));
    remind.args_schema = json!({
        "type": "object",
        "properties": {"invoice": {"type": "string"}, "level": {"$ref": "#/$defs/Level"}},
        "required": ["invoice"],
        "additionalProperties": false,
        "$defs": {"Level": {"type": "integer", "maximum": 3}},
    });
    remind
}

fn check(text: &str) -> Result<Checked, String> {
    let result = parse_and_check(Path::new("jobs.toml"), text, &plugins()).result;
    result.map(|(checked, _)| checked).map_err(|problems| problems.to_string())
}

#[test]
fn an_edge_is_a_name_or_a_table() {
    let text = "[CASCADE_CHAINS]\nsync = [\n  \"report\", # daily\n  { job = \"page\", on = \"failure\" },\n  \
                { job = \"report\", on = \"always\", when = \"output.new > 0 && run.project == 'a'\" },\n]\n";
    let Checked { config, unknown_fields, .. } = check(text).unwrap();
    assert_eq!(config.chains["sync"], ["report", "page"], "each name once");
    assert_eq!(config.downstream("sync"), ["report", "page"]);
    assert_eq!(unknown_fields, 0);
    let edges = config.edges("sync");
    assert_eq!(edges[0], Edge::plain("report"));
    assert!(edges[0].is_plain() && !edges[1].is_plain());
    assert_eq!((edges[1].on, edges[2].on), (On::Failure, On::Always));
    assert_eq!(
        serde_json::to_value(edges).unwrap(),
        json!([
            {"job": "report", "on": "success"},
            {"job": "page", "on": "failure"},
            {"job": "report", "on": "always", "when": "output.new > 0 && run.project == 'a'"},
        ])
    );
    assert!(config.upstream("page").eq(["sync"]));
}

#[test]
fn each_mistake_is_told_with_its_place_and_what_to_do() {
    for (item, said) in [
        ("7", vec!["`CASCADE_CHAINS.sync` must be a list of names of jobs, or of tables", ":2:9"]),
        ("{ on = \"failure\" }", vec!["an edge without `job`", "{ job = \"NAME\", .. }", ":2:9"]),
        ("{ job = 7 }", vec!["`CASCADE_CHAINS.sync.job` must be a text", ":2:17"]),
        (
            "{ job = \"repotr\" }",
            vec!["unknown job type `repotr`", "did you mean `report`?", ":2:17"],
        ),
        (
            "{ job = \"report\", wen = \"true\" }",
            vec!["unknown key `wen`", "did you mean `when`?", ":2:27"],
        ),
        (
            "{ job = \"report\", on = \"failur\" }",
            vec!["unknown `on`: `failur`", "did you mean `failure`?", ":2:32"],
        ),
        ("{ job = \"report\", when = true }", vec!["`CASCADE_CHAINS.sync.when` must be a text"]),
        (
            "{ job = \"report\", when = \"output.nwe > 0\" }",
            vec!["`when`: `output` has no field `nwe`", "did you mean `new`?", ":2:34"],
        ),
        (
            "{ job = \"report\", when = \"output.new\" }",
            vec!["`when`: `output.new` is a whole number, not true or false"],
        ),
        (
            "{ job = \"report\", when = \"output.new >\" }",
            vec!["`when`: syntax error at character 13"],
        ),
        (
            "{ job = \"report\", on = \"failure\", when = \"output.new > 0\" }",
            vec!["there is no `output`", "the edge is taken after a failure"],
        ),
        ("{ job = \"sync\", on = \"failure\" }", vec!["`sync` triggers itself"]),
        (
            "\"report\", { job = \"report\" }",
            vec!["duplicate edge `sync` -> `report`", "must differ in something else"],
        ),
    ] {
        let problems = check(&format!("[CASCADE_CHAINS]\nsync = [{item}]\n")).unwrap_err();
        for part in said {
            assert!(problems.contains(part), "{item}: {part} is not in\n{problems}");
        }
    }
    let not_a_list = check("[CASCADE_CHAINS]\nsync = \"report\"\n").unwrap_err();
    assert!(not_a_list.contains("`CASCADE_CHAINS.sync` must be a list of jobs"), "{not_a_list}");
}

#[test]
fn a_cycle_is_refused_whatever_its_edges_are_taken_after() {
    let text = "[CASCADE_CHAINS]\nsync = [{ job = \"report\", on = \"failure\" }]\n\
                report = [{ job = \"sync\", on = \"recovered\", when = \"true\" }]\n";
    let said = check(text).unwrap_err();
    assert!(said.contains("cycle: sync -> report -> sync"), "{said}");
    assert!(said.contains("jobs.toml:3:19"), "the edge that closes it: {said}");
}

#[test]
fn fields_that_cannot_be_checked_are_counted() {
    let text = "[CASCADE_CHAINS]\nsync = [{ job = \"report\", when = \"output.more.a == 1 && output.more.b == 2\" }]\n\
                report = [{ job = \"page\", when = \"output.x == 1\" }]\n";
    assert_eq!(check(text).unwrap().unknown_fields, 3);
}

#[test]
fn a_plugin_whose_new_schema_breaks_an_edge_is_refused() {
    let text = "[CASCADE_CHAINS]\nsync = [{ job = \"report\", when = \"output.new > 0\" }]\n";
    assert!(check(text).is_ok());
    let mut newer = test_job::descriptor("sync", json!({}));
    newer.output_schema = json!({"type": "object", "properties": {"fresh": {"type": "integer"}}});
    let newer = test_job::plugins_of([newer, test_job::descriptor("report", json!({}))]);
    let said = parse_and_check(Path::new("jobs.toml"), text, &newer).result.unwrap_err();
    assert!(said.to_string().contains("`output` has no field `new`"), "{said}");
}

/// Files of the versions before this one.
#[test]
fn old_files_load_unchanged() {
    for (text, chains) in [
        ("", json!({})),
        ("[CASCADE_CHAINS]\n", json!({})),
        ("[CASCADE_CHAINS]\nsync = []\n", json!({"sync": []})),
        ("[CASCADE_CHAINS]\nsync = [\"report\"]\n", json!({"sync": ["report"]})),
        (
            "CASCADE_CHAINS = { sync = [\"report\", \"page\"] }\n",
            json!({"sync": ["report", "page"]}),
        ),
        (
            "CASCADE_CHAINS.sync = [ 'report',\n# last\n\"page\", ]\n",
            json!({"sync": ["report", "page"]}),
        ),
        (
            "[CASCADE_CHAINS]\r\n\"sync\" = [\r\n\"report\" # why\r\n]\r\nreport = [\"page\"]\r\n",
            json!({"sync": ["report"], "report": ["page"]}),
        ),
    ] {
        let checked = check(text).unwrap();
        assert_eq!(serde_json::to_value(&checked.config.chains).unwrap(), chains, "{text}");
        assert!(checked.config.edges.values().flatten().all(Edge::is_plain));
        let served = serde_json::to_value(&*checked.config).unwrap();
        assert_eq!(served["CASCADE_CHAINS"], chains);
    }
}

#[test]
fn the_schema_for_editors_takes_both_forms() {
    let valid = jsonschema::validator_for(&crate::schema()).unwrap();
    let fits = |items: Value| valid.is_valid(&json!({"CASCADE_CHAINS": {"sync": items}}));
    assert!(fits(json!(["report", {"job": "page", "on": "failure", "when": "true"}])));
    for wrong in [
        json!([7]),
        json!([{"on": "failure"}]),
        json!([{"job": "a", "wen": ""}]),
        json!([{"job": "a", "on": "x"}]),
    ] {
        assert!(!fits(wrong.clone()), "{wrong}");
    }
}

#[test]
fn an_edge_says_how_many_runs_it_makes_when_and_what_for() {
    let text = "[CASCADE_CHAINS]\nsync = [\n  { job = \"remind\", each = \"output.ids\", key = \"item\", \
                args = { invoice = \"item\", level = 2 }, after = \"30s\" },\n  \
                { job = \"remind\", args = { invoice = \"string(output.new)\" }, key = \"run.project\", \
                debounce = \"2m\", at_most = \"1h\" },\n  { job = \"report\", debounce = \"2m\" },\n]\n";
    let Checked { config, unknown_fields, .. } = check(text).unwrap();
    let edges = config.edges("sync");
    assert_eq!(unknown_fields, 0);
    assert_eq!(
        serde_json::to_value(edges).unwrap(),
        json!([
            {
                "job": "remind", "on": "success", "each": "output.ids", "key": "item",
                "args": {"invoice": "item", "level": 2}, "after": "30s",
            },
            {
                "job": "remind", "on": "success", "key": "run.project",
                "args": {"invoice": "string(output.new)"}, "debounce": "2m", "at_most": "1h",
            },
            {"job": "report", "on": "success", "debounce": "2m"},
        ])
    );
    assert!(edges.iter().all(|edge| !edge.is_plain()));
    assert_eq!(edges.iter().map(Edge::makes_runs).collect::<Vec<_>>(), [true, true, false]);
    let rules: Vec<_> = edges.iter().filter_map(Edge::debounced).collect();
    assert_eq!(rules[0].at_most, std::time::Duration::from_secs(3600));
    assert_eq!(rules[1].at_most, std::time::Duration::from_secs(1200), "10 times as long");
}

#[test]
fn what_runs_of_edges_are_asked_for_is_checked_with_the_file() {
    for (item, said) in [
        ("job = \"remind\"", "`remind` needs args, and nothing supplies them"),
        ("job = \"remind\", args = {}", "`remind` needs the arg `invoice`"),
        ("job = \"remind\", args = { invoice = \"output.new\" }", "write `string(..)` around it"),
        ("job = \"remind\", args = { invoice = 7 }", "7 is not of type \"string\""),
        ("job = \"remind\", args = { invoice = \"'a'\", level = 7 }", "7 is greater than"),
        ("job = \"remind\", args = { invoice = \"'a'\", levle = 7 }", "did you mean `level`?"),
        ("job = \"report\", each = \"output.new\"", "`output.new` is a whole number, not a list"),
        (
            "job = \"report\", key = \"output.new\"",
            "`key`: `output.new` is a whole number, not a text",
        ),
        ("job = \"report\", key = \"item\"", "there is no `item`"),
        (
            "job = \"report\", each = \"output.lines\", key = \"item.name\"",
            "`item` has no field `name`",
        ),
        ("job = \"report\", at_most = \"1m\"", "`at_most` is of an edge with `debounce`"),
        ("job = \"report\", debounce = \"2m\", after = \"1m\"", "exclude each other"),
        ("job = \"report\", debounce = \"2m\", each = \"output.ids\"", "exclude each other"),
        ("job = \"report\", debounce = \"2m\", at_most = \"1m\"", "shorter than `debounce`"),
        (
            "job = \"remind\", args = { invoice = \"'a'\" }, debounce = \"2m\"",
            "an edge with `args` and `debounce` needs a `key`",
        ),
        ("job = \"report\", after = \"soon\"", "bad duration"),
    ] {
        let problems = check(&format!("[CASCADE_CHAINS]\nsync = [{{ {item} }}]\n")).unwrap_err();
        assert!(problems.contains(said), "{item}: {said} is not in\n{problems}");
    }
    let fields = "{ job = \"report\", each = \"output.lines\", key = \"string(item.id)\" }";
    check(&format!("[CASCADE_CHAINS]\nsync = [{fields}]\n")).unwrap();
    check("[jobs.remind]\n").unwrap();
    let timer = check("[jobs.remind]\nevery = \"1h\"\n").unwrap_err();
    assert!(timer.contains("needs args, and nothing supplies them"), "{timer}");
}

#[test]
fn a_failure_does_not_reach_what_successes_lead_to() {
    let text = "[CASCADE_CHAINS]\nsync = [\"report\", { job = \"page\", on = \"failure\" }]\n\
                report = [{ job = \"remind\", args = { invoice = \"run.id\" } }, \"page\"]\n";
    let Checked { config, .. } = check(text).unwrap();
    assert_eq!(config.not_reached("sync"), ["report", "remind"], "the failure leads to page");
    assert_eq!(config.not_reached("report"), ["remind", "page"]);
    assert!(config.not_reached("page").is_empty());
}
