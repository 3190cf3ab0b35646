//! The bench keeps the host's promises.

use cascade_sdk::{
    Context, HttpRequest, HttpResponse, Job, JobError, Level, Outcome, TypedJob, sql,
};
use cascade_testkit::TestBench;
use serde_json::{Value, json};

/// What the probe is told to do.
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Params {
    /// Ends in an error.
    #[serde(default)]
    fail: bool,
    /// Sends a request.
    #[serde(default)]
    fetch: bool,
}

struct Probe;

impl Job for Probe {
    const NAME: &'static str = "probe";
    const DESCRIPTION: &'static str = "Touches every service of the host.";
    type Params = Params;

    async fn run(ctx: Context, params: Params) -> Result<Outcome, JobError> {
        ctx.checkpoint()?;
        ctx.log().with(json!({"n": 1})).warn("careful");
        ctx.progress(0.5, "half");
        let note = |text: &str| sql("INSERT INTO notes (text) VALUES ($1)").bind(text);
        ctx.transaction().execute(note("staged"))?;
        ctx.db().execute(note("direct")).await?;
        if params.fetch {
            let answer = ctx.http().send(HttpRequest::get("http://peer/x")).await?;
            return Ok(Outcome::summary(answer.status.to_string()));
        }
        if params.fail { Err(JobError::fail("told to")) } else { Ok(Outcome::done()) }
    }
}

async fn bench() -> TestBench {
    let bench = TestBench::new().await;
    bench.schema("CREATE TABLE notes (text text)").await;
    bench
}

async fn notes(bench: &TestBench) -> Vec<Value> {
    let rows = bench.rows(sql("SELECT text FROM notes ORDER BY text")).await;
    rows.into_iter().map(|row| row["text"].clone()).collect()
}

#[tokio::test]
async fn staged_writes_happen_when_the_run_succeeds() {
    let bench = bench().await;
    let run = bench.run::<Probe>(json!({})).await;
    assert_eq!(run.summary(), "");
    assert_eq!(run.logged(Level::Warn), ["careful"]);
    assert_eq!((run.logs[0].at, &run.logs[0].fields), (bench.now(), &json!({"n": 1})));
    assert!((run.progress[0].fraction - 0.5).abs() < f64::EPSILON);
    assert_eq!(notes(&bench).await, ["direct", "staged"]);
}

#[tokio::test]
async fn staged_writes_are_dropped_when_it_fails() {
    let bench = bench().await;
    assert_eq!(bench.run::<Probe>(json!({"fail": true})).await.failure(), "told to");
    assert_eq!(notes(&bench).await, ["direct"]);
}

#[tokio::test]
async fn http_answers_only_what_the_test_gives() {
    let bench = bench().await;
    let run = bench.run::<Probe>(json!({"fetch": true})).await;
    assert!(run.failure().contains("no http in tests: GET http://peer/x"), "{}", run.failure());
    bench.http(|_| Ok(HttpResponse { status: 204, headers: Vec::new(), body: Vec::new() }));
    assert_eq!(bench.run::<Probe>(json!({"fetch": true})).await.summary(), "204");
}

#[tokio::test]
async fn wrong_params_and_cancel_end_the_run() {
    let bench = bench().await;
    assert!(
        bench.run::<Probe>(json!({"x": 1})).await.failure().starts_with("params: unknown field")
    );
    bench.cancel();
    assert_eq!(bench.run::<Probe>(json!({})).await.failure(), "cancelled");
}

#[tokio::test]
async fn every_project_is_in_the_projects_table() {
    let bench = bench().await;
    bench.add_project("atlas", "Atlas Migration").await;
    bench.insert("notes", json!({"text": "x"})).await;
    let rows = bench.rows(sql("SELECT slug FROM projects ORDER BY slug")).await;
    assert_eq!(rows.iter().map(|r| &r["slug"]).collect::<Vec<_>>(), ["atlas", "demo"]);
}

#[tokio::test]
async fn only_a_success_triggers_what_jobs_toml_says() {
    let bench = bench().await.with_jobs_toml(
        r#"
        [CASCADE_CHAINS]
        probe = ["next", "switched_off"]
        [JOB_TO_DATA_MAP]
        probe = ["notes"]
        [jobs.switched_off]
        enabled = false
        [jobs.probe.params]
        fail = true
        "#,
    );
    let good = bench.run::<Probe>(json!({})).await;
    assert_eq!(
        (good.triggers, good.refreshes),
        (vec!["next".to_owned()], vec!["notes".to_owned()])
    );
    let failed = bench.run_configured::<Probe>().await;
    assert_eq!(failed.failure(), "told to");
    // Screens refetch all the same: a failure is news too.
    assert_eq!((failed.triggers.len(), failed.refreshes.len()), (0, 1));
}

struct Sleeper;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Nothing {}

impl Job for Sleeper {
    const NAME: &'static str = "sleeper";
    const DESCRIPTION: &'static str = "Sleeps for a day.";
    type Params = Nothing;

    async fn run(ctx: Context, _: Nothing) -> Result<Outcome, JobError> {
        let before = ctx.now();
        ctx.sleep(std::time::Duration::from_secs(86_400)).await?;
        Ok(Outcome::summary((ctx.now() - before).num_hours().to_string()))
    }
}

#[tokio::test]
async fn a_pause_moves_the_bench_s_time_and_holds_up_nobody() {
    let bench = bench().await;
    let before = bench.now();
    assert_eq!(bench.run::<Sleeper>(json!({})).await.summary(), "24");
    assert_eq!((bench.now() - before).num_hours(), 24);
    bench.cancel();
    assert_eq!(bench.run::<Sleeper>(json!({})).await.failure(), "cancelled");
}

/// What one sum is asked for.
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Args {
    /// Added to each number.
    #[serde(default)]
    more: u32,
}

/// What a sum gives out.
#[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
struct Sums {
    sums: Vec<u32>,
}

struct Sum;

impl TypedJob for Sum {
    const NAME: &'static str = "sum";
    const DESCRIPTION: &'static str = "Adds to what its upstream runs gave out.";
    type Params = Nothing;
    type Args = Args;
    type Output = Sums;

    async fn run(ctx: Context, _: Nothing, args: Args) -> Result<Outcome<Sums>, JobError> {
        let given = ctx.upstream::<Sums>()?.into_iter().filter_map(|run| run.output);
        let sums = given.flat_map(|given| given.sums).map(|n| n + args.more).collect();
        Ok(Outcome::output(Sums { sums }))
    }
}

#[tokio::test]
async fn args_and_outputs_go_in_and_an_output_comes_out() {
    let bench = TestBench::new().await;
    let none = bench.run::<Sum>(json!({})).await;
    assert_eq!(none.output::<Sums>(), Sums { sums: vec![] });

    let mut info = bench.info_after::<Sum>("numbers", Sums { sums: vec![1, 2] });
    info.args = json!({"more": 10});
    let run = bench.run_with::<Sum>(info.clone(), json!({})).await;
    assert_eq!(run.output::<Sums>(), Sums { sums: vec![11, 12] });

    info.args = json!({"less": 10});
    let wrong = bench.run_with::<Sum>(info.clone(), json!({})).await;
    assert!(wrong.failure().starts_with("args: unknown field `less`"), "{}", wrong.failure());

    info.args = json!({});
    info.upstream[0].output = Some(json!("none"));
    let wrong = bench.run_with::<Sum>(info, json!({})).await;
    assert!(wrong.failure().starts_with("the output of `numbers` (run "), "{}", wrong.failure());
}

struct Panics;

impl Job for Panics {
    const NAME: &'static str = "panics";
    const DESCRIPTION: &'static str = "Panics.";
    type Params = Nothing;

    async fn run(ctx: Context, _: Nothing) -> Result<Outcome, JobError> {
        ctx.log().info("about to panic");
        panic!("no such luck");
    }
}

#[tokio::test]
async fn a_panic_is_a_failure_of_the_run() {
    let bench = TestBench::new().await;
    let run = bench.run::<Panics>(json!({})).await;
    assert_eq!(run.failure(), "the plugin panicked: no such luck");
    assert!(matches!(run.error, Some(JobError::Retry { .. })));
    assert_eq!(run.logged(Level::Info), ["about to panic"]);
}
