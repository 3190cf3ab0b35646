//! The JSON of executables.md and c.md is what the host says and understands.

use std::sync::Arc;

use cascade_model::{Limits, Program};
use cascade_registry::program::ProgramJob;
use cascade_sdk::{Defaults, JobError, wire};
use cascade_testkit::{Run, TestBench};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{
    blocks_in,
    languages::{Erased, FOUND, json_values},
    markdown::Block,
    none, page,
};

/// Runs a program on the bench.
async fn run(bench: &TestBench, command: &[&str], params: Value) -> Run {
    let program = Program {
        job: "program".into(),
        description: String::new(),
        version: "1".into(),
        command: command.iter().map(|&word| word.to_owned()).collect(),
        folder: bench.folder().to_owned(),
        env: Default::default(),
        secrets: Default::default(),
        limits: Limits::default(),
        params_schema: json!({}),
        args_schema: json!({}),
        output_schema: json!({}),
        defaults: Defaults::new(),
        view: None,
    };
    FOUND.scope(Arc::new(ProgramJob::new(program)), bench.run::<Erased>(params)).await
}

fn is(name: &str) -> Vec<Block> {
    let found: Vec<_> =
        blocks_in("json").into_iter().filter(|block| block.is.as_deref() == Some(name)).collect();
    assert!(!found.is_empty(), "no JSON block `is {name}`");
    found
}

#[tokio::test]
async fn the_host_understands_each_line_that_a_program_may_say() {
    for block in is("Output") {
        let bench = TestBench::new().await;
        std::fs::write(bench.folder().join("lines"), &block.text).expect("a file");
        let run = run(&bench, &["cat", "lines"], json!({})).await;
        let said = run.log_text();
        assert!(!said.contains("not understood"), "{}:\n{said}", block.place());
        let values = json_values(&block).expect("JSON lines");
        let kinds = |kind| values.iter().filter(|value| value["type"] == kind).count();
        // The bench's program has no view, so that its rows are told to be dropped.
        let rows = if kinds("row") > 0 { 1 } else { 0 };
        assert_eq!(run.logs.len(), kinds("log") + rows, "{}:\n{said}", block.place());
        assert_eq!(run.progress.len(), kinds("progress"), "{}", block.place());
    }
}

#[tokio::test]
async fn a_program_is_told_what_the_page_says() {
    let bench = TestBench::new().await;
    run(&bench, &["sh", "-c", "cat > told"], json!({"paths": ["/"]})).await.summary();
    let told = std::fs::read_to_string(bench.folder().join("told")).expect("it was told");
    let told: Value = serde_json::from_str(&told).expect("JSON");
    for block in is("Input") {
        let shown = json_values(&block).expect("JSON").remove(0);
        let keys = |value: &Value| -> Vec<String> {
            value.as_object().expect("an object").keys().cloned().collect()
        };
        assert_eq!(keys(&shown), keys(&told), "{} (left) is not what it is told", block.place());
        assert_eq!(keys(&shown["project"]), keys(&told["project"]), "{}", block.place());
    }
}

#[test]
fn each_text_of_the_c_page_is_what_its_comment_says() {
    let mut faults = Vec::new();
    for block in blocks_in("json").into_iter().filter(|block| block.page == "c.md") {
        let fits = match block.is.as_deref() {
            Some("Description") => parse::<wire::Description>(&block),
            Some("RunRequest") => parse::<wire::RunRequest>(&block),
            Some("ReadRequest") => parse::<wire::ReadRequest>(&block),
            Some("ActRequest") => parse::<wire::ActRequest>(&block),
            Some("JobError") => parse::<JobError>(&block),
            Some("Outcome") => parse::<cascade_sdk::Outcome<Value>>(&block),
            Some("ViewFault") => parse::<wire::ViewFault>(&block),
            Some("Page") => parse::<cascade_sdk::Page<Value>>(&block),
            Some("HttpRequest") => parse::<wire::HttpRequestText>(&block),
            Some("HttpResponse") => parse::<wire::HttpResponseText>(&block),
            other => Err(format!("`<!-- is {} -->` is not known", other.unwrap_or("..."))),
        };
        faults.extend(fits.err().map(|why| format!("{}: {why}", block.place())));
    }
    none(faults);
}

fn parse<T: DeserializeOwned>(block: &Block) -> Result<(), String> {
    for value in json_values(block)? {
        serde_json::from_value::<T>(value).map_err(|error| error.to_string())?;
    }
    Ok(())
}

#[tokio::test]
async fn exit_statuses_are_as_the_page_says() {
    let bench = TestBench::new().await;
    for (script, again, message) in [
        ("exit 1", true, "exit status 1"),
        ("exit 64", false, "exit status 64"),
        ("exit 65", false, "exit status 65"),
        ("exit 78", false, "exit status 78"),
        ("nonesuch-command", true, "exit status 127: the command was not found"),
        ("kill -9 $$", true, "killed by signal 9"),
    ] {
        let run = run(&bench, &["sh", "-c", script], json!({})).await;
        assert_eq!(run.failure(), message);
        assert_eq!(matches!(run.error, Some(JobError::Retry { .. })), again, "{script}");
    }
    assert!(page("executables.md").contains("exit status 127: the command was not found"));
}
