//! Blocks in other languages than Rust and TOML.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use cascade_registry::library;
use cascade_sdk::{Context, DynJob, HttpResponse, JobError, Outcome, TypedJob};
use cascade_testkit::TestBench;
use serde_json::{Value, json};
// Links it, so that its migrations are there for the blocks about its table.
use uptime_check as _;

use super::{blocks_in, markdown::Block, none, root};

#[test]
fn shell_blocks_are_well_formed() {
    let faults = blocks_in("sh").into_iter().filter_map(|block| {
        let output = Command::new("sh").args(["-n", "-c", &block.text]).output().expect("sh");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (!output.status.success()).then(|| format!("{}: {said}", block.place()))
    });
    none(faults.collect());
}

/// The values of a JSON block: one, or one a line.
pub fn json_values(block: &Block) -> Result<Vec<Value>, String> {
    if let Ok(value) = serde_json::from_str(&block.text) {
        return Ok(vec![value]);
    }
    let lines = block.text.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| {
            serde_json::from_str(line).map_err(|e| format!("{}: {e}: {line}", block.place()))
        })
        .collect()
}

#[test]
fn json_blocks_are_json() {
    none(blocks_in("json").iter().filter_map(|block| json_values(block).err()).collect());
}

#[test]
fn python_that_is_quoted_compiles() {
    for block in blocks_in("python") {
        let file = root().join(block.from.expect("python is quoted"));
        // Not py_compile: that writes beside the file.
        let compile = "import sys; compile(open(sys.argv[1]).read(), sys.argv[1], 'exec')";
        let output = Command::new("python3").args(["-c", compile]).arg(&file).output();
        let output = output.expect("python3");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[tokio::test]
async fn sql_that_is_not_quoted_runs_on_sqlite() {
    for (file, text) in crate::PAGES {
        // One database for each page: a block may build on the one before.
        let bench = TestBench::new().await;
        for block in super::blocks(file, text) {
            if block.language() == "sql" && block.from.is_none() {
                println!("{}", block.place());
                bench.schema(block.text).await;
            }
        }
    }
}

/// Compiles C against the committed header, with all warnings as errors.
fn compile(source: &Path, folder: &Path) -> PathBuf {
    let library = folder.join(source.with_extension("so").file_name().expect("a file's name"));
    let output = Command::new("cc")
        .args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-pthread", "-I"])
        .arg(root().join("plugins/abi/include"))
        .arg("-o")
        .arg(&library)
        .arg(source)
        .output()
        .expect("the system's C compiler is needed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    library
}

/// The C example of these tests in a library.
pub fn host_load(folder: &Path) -> PathBuf {
    compile(&root().join("plugins/other_languages/host_load.c"), folder)
}

#[test]
fn version_1_of_the_header_keeps_its_places() {
    let folder = tempfile::tempdir().expect("a folder");
    compile(&root().join("tests/docs/c/layout.c"), folder.path());
}

/// A job of a library or a program, for the bench: it runs what `found` names.
pub struct Erased;

#[derive(serde::Deserialize, schemars::JsonSchema)]
pub struct Anything(Value);

tokio::task_local! {
    /// What [`Erased`] runs.
    pub static FOUND: Arc<dyn DynJob>;
}

impl TypedJob for Erased {
    const NAME: &'static str = "erased";
    const DESCRIPTION: &'static str = "Runs a job that was loaded.";
    type Params = Anything;
    type Args = Anything;
    type Output = Value;

    async fn run(ctx: Context, params: Anything, _: Anything) -> Result<Outcome<Value>, JobError> {
        FOUND.get().run(ctx, params.0).await
    }
}

fn only_job(library: &Path) -> Arc<dyn DynJob> {
    let file = File::open(library).expect("the library");
    let loaded = library::load(library, file).map_err(|error| error.to_string());
    let loaded = loaded.expect("it loads");
    loaded.jobs[0].clone()
}

// As in the host: what a library asks for is done by the threads of the runtime.
#[tokio::test(flavor = "multi_thread")]
async fn two_requests_of_a_library_in_c_are_answered() {
    let folder = tempfile::tempdir().expect("a folder");
    let both = only_job(&compile(&root().join("tests/docs/c/both.c"), folder.path()));
    let bench = TestBench::new().await;
    bench.http(|request| {
        let status = if request.url.contains("one") { 200 } else { 500 };
        Ok(HttpResponse { status, headers: Vec::new(), body: Vec::new() })
    });
    let run = FOUND.scope(both, bench.run::<Erased>(json!({}))).await;
    assert_eq!(run.summary(), "2 of 2 answered");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_c_example_builds_against_the_committed_header_and_runs_on_the_bench() {
    let folder = tempfile::tempdir().expect("a folder");
    let bench = TestBench::new().await;
    bench
        .schema("CREATE TABLE host_load (project_id text, at_ms bigint, at text, load_1m double precision, PRIMARY KEY (project_id, at_ms))")
        .await;
    let load = only_job(&host_load(folder.path()));
    let run = FOUND.scope(load, bench.run::<Erased>(json!({"samples": 2, "pause_ms": 10}))).await;
    assert!(run.summary().starts_with("load "));
    let rows = bench.rows(cascade_sdk::sql("SELECT at FROM host_load")).await;
    assert_eq!(rows.len(), 2);
}
