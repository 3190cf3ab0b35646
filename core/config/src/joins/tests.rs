use std::path::Path;

use cascade_registry::Plugins;

use super::*;
use crate::{Checked, Diagnostics, parse_and_check, test_job};

/// `sync` and `score`, whose outputs have `new`, and `report`, which takes the arg `new`.
fn plugins() -> Plugins {
    let of = |name| {
        let mut job = test_job::descriptor(name, json!({}));
        job.output_schema = json!({
            "type": "object",
            "properties": {"new": {"$ref": "#/$defs/Count"}},
            "$defs": {"Count": {"type": "integer"}},
        });
        job
    };
    let mut report = test_job::descriptor("report", json!({}));
    report.args_schema = json!({"type": "object", "properties": {"new": {"type": "integer"}}});
    let last = test_job::descriptor("last", json!({}));
    test_job::plugins_of([of("root"), of("sync"), of("score"), report, last])
}

fn check(text: &str) -> Result<(Checked, Diagnostics), String> {
    let result = parse_and_check(Path::new("jobs.toml"), text, &plugins()).result;
    result.map_err(|problems| problems.to_string())
}

const CHAINS: &str = "[CASCADE_CHAINS]\nroot = [\"sync\"]\nsync = [\"score\"]\n[CASCADE_JOINS]\n";

#[test]
fn a_join_says_what_it_waits_for_and_what_it_makes() {
    let text = format!(
        "{CHAINS}report = {{ all_of = [\"sync\", \"score\"], within = \"1h\", late = \"run\", \
         needs = \"end\", args = {{ new = \"output.score.new\" }} }}\nlast = {{ all_of = [\"report\"] }}\n"
    );
    let (Checked { config, unknown_fields, .. }, warnings) = check(&text).unwrap();
    assert_eq!((unknown_fields, warnings.to_string().as_str()), (0, ""));
    let (report, last) = (&config.joins["report"], &config.joins["last"]);
    assert_eq!(report.within, Some(Duration::from_secs(3600)));
    assert_eq!((report.late, report.needs, report.by), (Late::Run, Needs::End, By::Trace));
    assert!(report.makes_runs() && !last.makes_runs());
    let names = |set: &BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>().join(" ");
    assert_eq!(names(&report.rule.roots), "root sync", "`score` does not lead to `sync`");
    assert_eq!(names(&report.rule.upstream["score"]), "root sync");
    assert_eq!(names(&last.rule.roots), "report root score sync");
    assert!(last.rule.regards("root") && !report.rule.regards("report"));
    assert_eq!(config.joins_regarding("score").count(), 2);
    assert!(config.jobs.contains_key("last"), "it is scheduled for each project");
}

#[test]
fn each_mistake_is_told_with_its_place_and_what_to_do() {
    for (join, said) in [
        ("7", vec!["`CASCADE_JOINS.report` must be a table", ":5:10"]),
        ("{ within = \"1h\" }", vec!["a join without `all_of`", "all_of = [\"NAME\", ..]"]),
        ("{ all_of = [] }", vec!["`all_of` names no job"]),
        (
            "{ all_of = [\"sync\", \"syn\"] }",
            vec!["unknown job type `syn`", "did you mean `sync`?"],
        ),
        ("{ all_of = [\"sync\", \"sync\"] }", vec!["`sync` is named twice", ":5:30"]),
        ("{ all_of = [\"sync\", \"report\"] }", vec!["`report` waits for itself"]),
        ("{ all_of = [\"sync\"], need = \"end\" }", vec!["unknown key `need`", "`needs`"]),
        ("{ all_of = [\"sync\"], needs = \"ok\" }", vec!["unknown `needs`: `ok`", "success, end"]),
        ("{ all_of = [\"sync\"], by = \"day\" }", vec!["unknown `by`: `day`", "trace, latest"]),
        ("{ all_of = [\"sync\"], late = \"run\" }", vec!["`late` is of a join with `within`"]),
        ("{ all_of = [\"sync\"], within = \"0s\" }", vec!["must be more than zero"]),
        ("{ all_of = [\"sync\"], when = \"output.sync.neu > 0\" }", vec!["neu", "`new`"]),
        (
            "{ all_of = [\"sync\"], when = \"output.score.new > 0\" }",
            vec!["`output` has no field `score`", ":5:38"],
        ),
        (
            "{ all_of = [\"sync\"], args = { new = \"run.project\" } }",
            vec!["`args.new`", "not a whole number"],
        ),
        ("{ all_of = [\"sync\"], key = \"output.sync.new\" }", vec!["`key`", "text"]),
    ] {
        let told = check(&format!("{CHAINS}report = {join}\n")).unwrap_err();
        for said in said {
            assert!(told.contains(said), "{join}: {said}\n{told}");
        }
    }
}

#[test]
fn an_unknown_job_that_a_join_waits_for_is_told_once() {
    let told =
        check(&format!("{CHAINS}report = {{ all_of = [\"sync\", \"syn\"] }}\n")).unwrap_err();
    assert_eq!(told.matches("unknown job type `syn`").count(), 1, "{told}");
    assert!(!told.contains("warning"), "what follows from it is not told too\n{told}");
}

#[test]
fn a_cycle_over_edges_and_joins_is_refused_where_it_closes() {
    let text = format!("{CHAINS}root = {{ all_of = [\"score\"] }}\n");
    let told = check(&text).unwrap_err();
    assert!(told.contains("cycle: root -> sync -> score -> root"), "{told}");
    assert!(told.contains(":5:20"), "where the join closes it\n{told}");
    let two =
        "[CASCADE_JOINS]\nreport = { all_of = [\"last\"] }\nlast = { all_of = [\"report\"] }\n";
    assert!(check(two).unwrap_err().contains("cycle: "), "{two}");
}

#[test]
fn a_join_that_never_fires_is_warned_of() {
    let text = "[CASCADE_JOINS]\nreport = { all_of = [\"sync\", \"score\"] }\n";
    let (_, warnings) = check(text).unwrap();
    let warned = warnings.to_string();
    assert!(warned.contains("`report` never runs by this join"), "{warned}");
    assert!(warned.contains("by = \"latest\""), "{warned}");
    let latest = text.replace(" }", ", by = \"latest\" }");
    let (Checked { config, .. }, warnings) = check(&latest).unwrap();
    assert_eq!(warnings.to_string(), "");
    assert!(!config.joins["report"].rule.regards("root"), "only those that it names count");
}
