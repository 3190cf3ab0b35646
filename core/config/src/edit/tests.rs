use serde_json::json;

use super::*;

fn edited(text: &str, edits: Json) -> Result<String, EditError> {
    edit(text, &serde_json::from_value::<Vec<Edit>>(edits).unwrap())
}

#[track_caller]
fn check(before: &str, edits: Json, after: &str) {
    let said = edited(before, edits);
    assert_eq!(said.as_deref(), Ok(after));
}

const FILE: &str = r#"# Header.

# Chains.
[CASCADE_CHAINS] # down
a = ["b", "c"] # why
b = [
    "c", # first
    # about d
    "d", # second
]

# For how long.
[retention]
runs = '30d'

# About all jobs.

# About a.
[jobs.a]
# often
every = "15m" # not more

[jobs.a.params]
factor = 2.0
sources = [
    { name = "one", path = "x" }, # 1
    { name = "two" }
]
"#;

#[test]
fn a_value_changes_and_nothing_else() {
    check(
        FILE,
        json!([{"op": "set", "path": ["jobs", "a", "every"], "value": "1h"}]),
        &FILE.replace("15m", "1h"),
    );
    check(FILE, json!([{"op": "set", "path": ["retention", "runs"], "value": "30d"}]), FILE);
    let both = json!([{"op": "set", "path": ["jobs", "a", "params"], "value": {
        "factor": 3, "sources": [{"name": "one", "path": "y", "new": null}, {"name": "two"}],
    }}]);
    let after = FILE.replace("2.0", "3.0").replace("\"x\"", "\"y\"");
    check(FILE, both, &after);
}

#[test]
fn keys_come_where_they_belong_and_missing_tables_are_made() {
    check(
        FILE,
        json!([{"op": "set", "path": ["jobs", "a", "timeout"], "value": "5m"}]),
        &FILE.replace("# not more\n", "# not more\ntimeout = \"5m\"\n"),
    );
    check(
        FILE,
        json!([{"op": "set", "path": ["jobs", "b"], "value": {"cron": "0 6 * * *", "params": {"n": 1}}}]),
        &format!("{FILE}\n[jobs.b]\ncron = \"0 6 * * *\"\nparams = {{ n = 1 }}\n"),
    );
    check(
        FILE,
        json!([{"op": "add_to_list", "path": ["JOB_TO_DATA_MAP", "a"], "value": "x"}]),
        &format!("{FILE}\n[JOB_TO_DATA_MAP]\na = [\"x\"]\n"),
    );
    check(
        "",
        json!([
            {"op": "add_to_list", "path": ["CASCADE_CHAINS", "a"], "value": "b"},
            {"op": "set", "path": ["jobs", "a", "every"], "value": "1m"},
        ]),
        "[CASCADE_CHAINS]\na = [\"b\"]\n\n[jobs.a]\nevery = \"1m\"\n",
    );
    let inline = "[projects]\none = { name = \"One\" }\n";
    check(
        inline,
        json!([{"op": "set", "path": ["projects", "two", "name"], "value": "Two"}]),
        "[projects]\none = { name = \"One\" }\n\n[projects.two]\nname = \"Two\"\n",
    );
    check(
        inline,
        json!([
            {"op": "set", "path": ["projects", "two"], "value": {"name": "Two"}},
            {"op": "set", "path": ["projects", "one", "concurrency"], "value": 2},
        ]),
        "[projects]\none = { name = \"One\", concurrency = 2 }\ntwo = { name = \"Two\" }\n",
    );
    check(
        "jobs.a.every = \"1h\"\n",
        json!([{"op": "set", "path": ["jobs", "a", "params"], "value": {"n": {"m": 1}}}]),
        "jobs.a.every = \"1h\"\njobs.a.params = { n = { m = 1 } }\n",
    );
}

#[test]
fn edges_come_and_go_with_their_comments() {
    let chain = |op: &str, job: &str, value: &str| json!([{"op": op, "path": ["CASCADE_CHAINS", job], "value": value}]);
    check(
        FILE,
        chain("add_to_list", "a", "d"),
        &FILE.replace("\"c\"] # why", "\"c\", \"d\"] # why"),
    );
    check(FILE, chain("add_to_list", "a", "b"), FILE);
    check(
        FILE,
        chain("add_to_list", "b", "e"),
        &FILE.replace("\"d\", # second\n", "\"d\", # second\n    \"e\",\n"),
    );
    check(FILE, chain("remove_from_list", "a", "b"), &FILE.replace("\"b\", \"c\"]", "\"c\"]"));
    check(FILE, chain("remove_from_list", "a", "c"), &FILE.replace("\"b\", \"c\"]", "\"b\"]"));
    check(FILE, chain("remove_from_list", "b", "c"), &FILE.replace("    \"c\", # first\n", ""));
    check(
        FILE,
        chain("remove_from_list", "b", "d"),
        &FILE.replace("    # about d\n    \"d\", # second\n", ""),
    );
    check(FILE, chain("remove_from_list", "b", "no"), FILE);
    check(FILE, chain("remove_from_list", "no", "b"), FILE);
    let both = json!([
        {"op": "remove_from_list", "path": ["CASCADE_CHAINS", "a"], "value": "b"},
        {"op": "remove_from_list", "path": ["CASCADE_CHAINS", "a"], "value": "c"},
    ]);
    check(FILE, both, &FILE.replace("a = [\"b\", \"c\"] # why\n", ""));
}

#[test]
fn a_list_without_a_last_comma_stays_in_shape() {
    let list =
        |op: &str, value: &str| json!([{"op": op, "path": ["plugin_files"], "value": value}]);
    let before = "plugin_files = [\n  \"a\", # one\n  \"b\" # two\n]\n";
    check(
        before,
        list("add_to_list", "c"),
        "plugin_files = [\n  \"a\", # one\n  \"b\", # two\n  \"c\"\n]\n",
    );
    check(before, list("remove_from_list", "b"), "plugin_files = [\n  \"a\" # one\n]\n");
    check(before, list("remove_from_list", "a"), "plugin_files = [\n  \"b\" # two\n]\n");
    check("plugin_files = [\"a\"]\n", list("remove_from_list", "a"), "plugin_files = []\n");
    let sources = json!([{"op": "set", "path": ["jobs", "a", "params", "sources"], "value": [
        {"name": "zero"}, {"name": "one", "path": "x"}, {"name": "two"}, {"name": "three"},
    ]}]);
    check(
        FILE,
        sources,
        &FILE
            .replace("    { name = \"one\"", "    { name = \"zero\" },\n    { name = \"one\"")
            .replace(
                "    { name = \"two\" }\n",
                "    { name = \"two\" },\n    { name = \"three\" }\n",
            ),
    );
}

#[test]
fn what_goes_takes_its_own_comments_along_and_leaves_the_others() {
    check(
        FILE,
        json!([{"op": "remove", "path": ["jobs", "a", "every"]}]),
        &FILE.replace("# often\nevery = \"15m\" # not more\n", ""),
    );
    check(
        FILE,
        json!([{"op": "remove", "path": ["CASCADE_CHAINS"]}]),
        &format!("# Header.\n{}", &FILE[FILE.find("\n# For how long").unwrap()..]),
    );
    check(
        FILE,
        json!([{"op": "remove", "path": ["jobs", "a"]}]),
        &format!("{}# About all jobs.\n", &FILE[..FILE.find("# About all").unwrap()]),
    );
    check(FILE, json!([{"op": "remove", "path": ["jobs", "none", "every"]}]), FILE);
    check(
        "# Header.\n\n# a\na = 1\n# b\nb = 2\n",
        json!([{"op": "remove", "path": ["a"]}]),
        "# Header.\n\n# b\nb = 2\n",
    );
}

#[test]
fn the_table_of_joins_goes_with_the_last_join() {
    let remove = |job: &str| json!([{"op": "remove", "path": ["CASCADE_JOINS", job]}]);
    let lines = "# Joins.\n[CASCADE_JOINS]\nd = { all_of = [\"a\"] }\ne = { all_of = [\"b\"] }\n";
    let before = format!("{FILE}\n{lines}");
    let one = before.replace("d = { all_of = [\"a\"] }\n", "");
    check(&before, remove("d"), &one);
    check(&one, remove("d"), &one);
    check(&one, remove("e"), FILE);
    let tables = format!("{FILE}\n[CASCADE_JOINS.e]\nall_of = [\"b\"]\n");
    check(&tables, remove("e"), FILE);
    check("CASCADE_JOINS = { e = { all_of = [\"b\"] } }\na = 1\n", remove("e"), "a = 1\n");
    let again = json!([
        {"op": "remove", "path": ["CASCADE_JOINS", "e"]},
        {"op": "set", "path": ["CASCADE_JOINS", "f"], "value": {"all_of": ["b"]}},
    ]);
    check(&one, again, &format!("{FILE}\n[CASCADE_JOINS.f]\nall_of = [\"b\"]\n"));
}

#[test]
fn lines_end_as_they_did() {
    check(
        "[jobs.a]\r\nevery = \"1h\" # x\r\n",
        json!([{"op": "set", "path": ["jobs", "a", "enabled"], "value": false}]),
        "[jobs.a]\r\nevery = \"1h\" # x\r\nenabled = false\r\n",
    );
}

#[test]
fn what_does_not_fit_is_refused_and_says_where() {
    let set = |path: Json, value: Json| {
        edited(FILE, json!([{"op": "set", "path": path, "value": value}])).unwrap_err().to_string()
    };
    assert_eq!(set(json!(["retention", "runs", "x"]), json!(1)), "`retention.runs` is no table");
    assert!(set(json!(["x"]), json!(null)).starts_with("`x`: TOML has no null"));
    assert!(set(json!(["x"]), json!([{"y": [null]}])).starts_with("`x.0.y.0`: "));
    assert!(set(json!(["x"]), json!(u64::MAX)).contains("too large"));
    assert!(set(json!([]), json!(1)).contains("`path` is empty"));
    let add = json!([{"op": "add_to_list", "path": ["retention", "runs"], "value": "x"}]);
    assert_eq!(edited(FILE, add).unwrap_err().to_string(), "`retention.runs` is no list of texts");
    let broken = edited("a = [", json!([])).unwrap_err().to_string();
    assert!(broken.starts_with("the text is not TOML: TOML parse error at line 1"), "{broken}");
}

#[test]
fn the_repository_s_own_file_is_edited_in_place() {
    let text = include_str!("../../../../jobs.toml");
    // Whatever its jobs are called: one that triggers two, and one that triggers one.
    let file: toml::Table = text.parse().unwrap();
    let chains = file["CASCADE_CHAINS"].as_table().unwrap();
    let of = |many: usize| {
        let found = chains.iter().find(|(_, list)| list.as_array().unwrap().len() == many).unwrap();
        (found.0.as_str(), found.1.as_array().unwrap().last().unwrap().as_str().unwrap())
    };
    let ((root, moved), (other, _)) = (of(2), of(1));
    let edits = json!([
        {"op": "remove_from_list", "path": ["CASCADE_CHAINS", root], "value": moved},
        {"op": "add_to_list", "path": ["CASCADE_CHAINS", other], "value": moved},
        {"op": "set", "path": ["jobs", root, "every"], "value": "20m"},
        {"op": "set", "path": ["projects", "atlas", "name"], "value": "Atlas"},
    ]);
    let after = edited(text, edits).unwrap();
    let changed: Vec<_> = text.lines().zip(after.lines()).filter(|(a, b)| a != b).collect();
    assert_eq!(changed.len(), 4, "{changed:#?}");
    assert_eq!(text.lines().count(), after.lines().count());
}

/// Edges that are written as tables, with comments between.
const EDGES: &str = "[CASCADE_CHAINS]\na = [\n    \"b\", # plain\n    # at night\n    { job = \"c\", on = \"failure\" }, # pages\n    { job = \"b\", when = \"output.new > 0\" },\n]\n";

#[test]
fn edges_with_conditions_are_edited_in_place() {
    let chain = |op: &str, value: &str| json!([{"op": op, "path": ["CASCADE_CHAINS", "a"], "value": value}]);
    check(EDGES, chain("add_to_list", "c"), EDGES);
    check(EDGES, chain("add_to_list", "d"), &EDGES.replace("> 0\" },\n", "> 0\" },\n    \"d\",\n"));
    check(
        EDGES,
        chain("remove_from_list", "c"),
        &EDGES.replace("    # at night\n    { job = \"c\", on = \"failure\" }, # pages\n", ""),
    );
    let set = |value: Json| json!([{"op": "set", "path": ["CASCADE_CHAINS", "a"], "value": value}]);
    let (plain, table) = (json!("b"), json!({"job": "b", "when": "output.new > 0"}));
    check(
        EDGES,
        set(json!([plain, {"job": "c", "on": "always", "when": "true"}, table])),
        &EDGES.replace("on = \"failure\" }", "on = \"always\", when = \"true\" }"),
    );
    check(
        EDGES,
        set(json!([{"job": "b", "on": "recovered"}, {"job": "c", "on": "failure"}, table])),
        &EDGES.replacen("\"b\",", "{ job = \"b\", on = \"recovered\" },", 1),
    );
    let other = json!([{"op": "add_to_list", "path": ["other", "a"], "value": "x"}]);
    let said = edited("[other]\na = [{ job = \"c\" }]\n", other).unwrap_err().to_string();
    assert_eq!(said, "`other.a` is no list of texts");
}

/// A list with a comment beside its first and last item.
fn long_list(between: impl Iterator<Item = usize>) -> String {
    let lines: String = between.map(|item| format!("    {item},\n")).collect();
    format!("[jobs.a.params]\nids = [\n    1, # first\n{lines}    2, # last\n]\n")
}

fn set_long_list(between: impl Iterator<Item = usize>) -> Json {
    let items: Vec<_> = [1].into_iter().chain(between).chain([2]).collect();
    json!([{"op": "set", "path": ["jobs", "a", "params", "ids"], "value": items}])
}

/// A table of all pairs of items would have 4 * 10^10 entries, and moving all that is behind each item would take
/// as many steps.
#[test]
fn long_lists_are_edited_in_memory_and_time_with_their_length() {
    // What differs is not printed: megabytes.
    let is_edited = |before: &str, edits: Json, after: &str| {
        assert!(edited(before, edits).as_deref() == Ok(after));
    };
    let (old, new) = (10..200_010, 1_000_000..1_200_000);
    is_edited(&long_list(old.clone()), set_long_list(new.clone()), &long_list(new));
    let (all, half) = (10..100_010, 50_010..100_010);
    is_edited(&long_list(all.clone()), set_long_list(half.clone()), &long_list(half.clone()));
    is_edited(&long_list(half), set_long_list(all.clone()), &long_list(all));
    let remove = json!([{"op": "remove_from_list", "path": ["x"], "value": "a"}]);
    let texts = |pair: &str| format!("x = [\n{}]\n", pair.repeat(50_000));
    is_edited(&texts("\"a\",\n\"b\",\n"), remove, &texts("\"b\",\n"));
}
