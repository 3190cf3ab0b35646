//! What runs give out, and what those that they trigger are given.

use super::*;
use cascade_model::border;
use cascade_sdk::{NoArgs, TypedJob};

/// Both are compiled in as a plugin's jobs are.
struct Up;

impl TypedJob for Up {
    const NAME: &'static str = "up";
    const DESCRIPTION: &'static str = "Gives out the attempt that it is.";
    type Params = NoArgs;
    type Args = NoArgs;
    type Output = Option<Vec<u32>>;

    async fn run(
        ctx: Context,
        _: NoArgs,
        _: NoArgs,
    ) -> Result<Outcome<Option<Vec<u32>>>, JobError> {
        match ctx.attempt() {
            1 => Err(JobError::retry("not yet")),
            attempt => Ok(Outcome::output(Some(vec![attempt])).with_summary("given")),
        }
    }
}

struct Down;

impl TypedJob for Down {
    const NAME: &'static str = "down";
    const DESCRIPTION: &'static str = "Tells what it is given.";
    type Params = NoArgs;
    type Args = NoArgs;
    type Output = ();

    async fn run(ctx: Context, _: NoArgs, _: NoArgs) -> Result<Outcome, JobError> {
        let given = ctx.upstream::<Vec<u32>>()?;
        let told = given.iter().map(|run| format!("{} {} {:?}", run.job, run.run_id, run.output));
        Ok(Outcome::summary(told.collect::<Vec<_>>().join(", ")))
    }
}

#[tokio::test]
async fn a_run_is_given_what_its_upstream_run_gave_out() {
    let jobs = vec![
        cascade_sdk::erase::job::<Up>("test", "1", "here", 1),
        cascade_sdk::erase::job::<Down>("test", "1", "here", 2),
    ];
    let toml = "[CASCADE_CHAINS]\nup = [\"down\"]\n".to_owned() + &timer("up", "");
    let bench = Bench::start(&toml, jobs, GRACE).await;
    let down = bench.run("down", RunState::Completed).await;
    let up = bench.run("up", RunState::Completed).await;
    assert_eq!(down.summary, Some(format!("up {} Some([2])", up.id)));
    let kept = bench.store.outputs(&[up.id, down.id]).await.unwrap();
    assert_eq!(kept.into_iter().collect::<Vec<_>>(), [(up.id, "[2]".to_owned())]);
}

#[tokio::test]
async fn an_output_that_is_too_large_fails_the_run_for_good() {
    let large: Work = |_| {
        Box::pin(async { Outcome::output("x".repeat(border::OUTPUT)).with_summary("x").erased() })
    };
    let toml = "[CASCADE_CHAINS]\nlarge = [\"down\"]\n".to_owned() + &timer("large", "");
    let down: Work = |_| Box::pin(async { Outcome::done().erased() });
    let jobs = vec![job("large", 1, large), job("down", 2, down)];
    let bench = Bench::start(&toml, jobs, GRACE).await;
    let run = bench.run("large", RunState::Failed).await;
    assert_eq!(run.attempt, 1);
    let error = run.error.unwrap();
    assert_eq!(error, "its output is 1048578 bytes of JSON; at most 1 MiB is kept");
    assert!(bench.store.outputs(&[run.id]).await.unwrap().is_empty());
}

/// Twenty upstream runs of 1 MiB each wait for one run: it gets the newest 16 MiB.
#[tokio::test]
async fn the_oldest_of_too_many_outputs_are_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("db")).await.unwrap();
    store.migrate(&[]).await.unwrap();
    let mut payload = cascade_model::Payload::default();
    let mut ids = Vec::new();
    for nth in 0..20_u128 {
        let id = Uuid::from_u128(nth);
        let insert = sql("INSERT INTO run_outputs (run_id, ended_at, output) VALUES ($1, '', $2)");
        let output = serde_json::to_string(&"x".repeat(border::OUTPUT - 2)).unwrap();
        store.database().batch(vec![insert.bind(id).bind(output)]).await.unwrap();
        let (job_type, at) = ("up".to_owned(), chrono::Utc::now());
        let note = cascade_model::TriggerNote { job_type, at, run_id: Some(id) };
        payload.add_trigger(note, Uuid::nil());
        ids.push(id);
    }
    let registry = Registry::default();
    let (given, left_out) = super::super::upstream::of(&store, &registry, &payload).await.unwrap();
    assert_eq!(given.iter().map(|run| run.run_id).collect::<Vec<_>>(), ids, "all are named");
    let without = given.iter().take_while(|run| run.output.is_none()).count();
    assert_eq!((without, left_out), (4, 4));
}
