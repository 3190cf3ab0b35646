//! Edges with conditions, from the end of a run to what follows it.

use super::*;
use cascade_model::{Decision, On};

fn with_output(name: &str, line: u32, work: Work) -> Arc<dyn DynJob> {
    let origin = Origin {
        kind: OriginKind::CompiledIn,
        plugin: "test".into(),
        version: "1.0.0".into(),
        location: format!("tests.rs:{line}"),
    };
    let mut descriptor = JobDescriptor::new(name, "", origin, json!({"type": "object"}));
    descriptor.output_schema =
        json!({"type": "object", "properties": {"new": {"type": "integer"}}});
    Arc::new(TestJob { descriptor, work })
}

const DONE: Work = |_| Box::pin(async { Outcome::done().erased() });

async fn decisions(bench: &Bench, run: &Run) -> Vec<Decision> {
    let kept = bench.store.decisions(&Visible::All, run.id).await.unwrap();
    kept.map(|kept| kept.edges).unwrap_or_default()
}

#[tokio::test]
async fn a_condition_decides_on_what_the_run_gave_out() {
    let up: Work = |_| Box::pin(async { Outcome::output(json!({"new": 0})).erased() });
    let jobs = vec![with_output("up", 1, up), job("many", 2, DONE), job("any", 3, DONE)];
    let edges = "[CASCADE_CHAINS]\nup = [{ job = \"many\", when = \"output.new > 0\" }, \
                 { job = \"any\", when = \"output.new + 1 == 1 && run.attempts == 1\" }]\n";
    let bench = Bench::start(&(edges.to_owned() + &timer("up", "")), jobs, GRACE).await;
    bench.run("any", RunState::Completed).await;
    let up = bench.run("up", RunState::Completed).await;
    let made = decisions(&bench, &up).await;
    assert_eq!(made[0].reason.as_ref().map(|it| &*it.code), Some("condition_false"));
    assert!(!made[0].taken && made[1].taken);
    let filter = RunFilter { job_types: vec!["many".into()], ..RunFilter::default() };
    assert_eq!(bench.store.runs(&filter).await.unwrap().total, 0);
}

#[tokio::test]
async fn a_failure_and_the_success_after_it_have_edges_of_their_own() {
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    let up: Work = |_| {
        Box::pin(async {
            match RUNS.fetch_add(1, Ordering::SeqCst) {
                0 => Err(JobError::fail("no luck")),
                _ => Outcome::done().erased(),
            }
        })
    };
    let jobs = vec![job("up", 1, up), job("page", 2, DONE), job("calm", 3, DONE)];
    let edges = "[CASCADE_CHAINS]\nup = [{ job = \"page\", on = \"failure\", when = \"run.error == 'no luck'\" }, \
                 { job = \"calm\", on = \"recovered\" }]\n";
    let bench = Bench::start(&(edges.to_owned() + &timer("up", "")), jobs, GRACE).await;
    bench.run("page", RunState::Completed).await;
    let failed = bench.run("up", RunState::Failed).await;
    let made = decisions(&bench, &failed).await;
    assert_eq!((made[0].taken, made[0].on), (true, On::Failure));
    assert_eq!(made[1].reason.as_ref().map(|it| &*it.code), Some("run_failed"));
    bench.ask("up").await;
    bench.run("calm", RunState::Completed).await;
    // Once it has recovered, another success is nothing new.
    bench.ask("up").await;
    let filter = RunFilter {
        job_types: vec!["up".into()],
        states: vec![RunState::Completed],
        ..RunFilter::default()
    };
    while bench.store.runs(&filter).await.unwrap().total < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let newest = bench.store.runs(&filter).await.unwrap().items.remove(0);
    assert!(decisions(&bench, &newest).await.is_empty());
    let calm = RunFilter { job_types: vec!["calm".into()], ..RunFilter::default() };
    assert_eq!(bench.store.runs(&calm).await.unwrap().total, 1);
}

/// Tells what it is asked for.
struct Asked;

#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Level {
    level: u32,
}

impl cascade_sdk::TypedJob for Asked {
    const NAME: &'static str = "asked";
    const DESCRIPTION: &'static str = "";
    type Params = cascade_sdk::NoArgs;
    type Args = Level;
    type Output = ();

    async fn run(
        _: Context,
        _: cascade_sdk::NoArgs,
        Level { level }: Level,
    ) -> Result<Outcome, JobError> {
        Ok(Outcome::summary(format!("level {level}")))
    }
}

#[tokio::test]
async fn a_run_of_a_timer_or_a_plain_edge_is_asked_for_what_the_file_says() {
    let jobs = vec![
        job("up", 1, DONE),
        cascade_sdk::erase::job::<Asked>("test", "1", "here", 2),
        job("high", 3, DONE),
    ];
    let toml = "[CASCADE_CHAINS]\nup = [\"asked\"]\nasked = [{ job = \"high\", when = \"args.level > 1\" }]\n\
                [jobs.asked.args]\nlevel = 2\n";
    let bench = Bench::start(&(toml.to_owned() + &timer("up", "")), jobs, GRACE).await;
    let asked = bench.run("asked", RunState::Completed).await;
    assert_eq!(asked.summary.as_deref(), Some("level 2"));
    bench.run("high", RunState::Completed).await;
}
