//! Jobs that end in each way there is.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use cascade_sdk::{Context, Defaults, Job, JobError, NoArgs, Outcome, TypedJob, submit_job};

#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

pub struct Waits;

impl Job for Waits {
    const NAME: &'static str = "probe_waits";
    const DESCRIPTION: &'static str = "Waits for an hour, or until it is cancelled.";
    type Params = Nothing;

    async fn run(ctx: Context, _: Nothing) -> Result<Outcome, JobError> {
        ctx.log().info("waiting");
        ctx.sleep(Duration::from_secs(3600)).await?;
        Ok(Outcome::summary("nobody cancelled it"))
    }
}

submit_job!(Waits);

pub struct Panics;

impl Job for Panics {
    const NAME: &'static str = "probe_panics";
    const DESCRIPTION: &'static str = "Panics.";
    type Params = Nothing;

    async fn run(ctx: Context, _: Nothing) -> Result<Outcome, JobError> {
        ctx.log().info("about to panic");
        panic!("the probe's own panic");
    }
}

submit_job!(Panics);

pub struct Retries;

impl Job for Retries {
    const NAME: &'static str = "probe_retries";
    const DESCRIPTION: &'static str = "Succeeds at the second attempt.";
    type Params = Nothing;

    async fn run(ctx: Context, _: Nothing) -> Result<Outcome, JobError> {
        match ctx.attempt() {
            1 => Err(JobError::Retry { message: "not yet".into(), after_ms: Some(1) }),
            attempt => Ok(Outcome::summary(format!("attempt {attempt}"))),
        }
    }
}

submit_job!(Retries);

pub struct Fails;

impl Job for Fails {
    const NAME: &'static str = "probe_fails";
    const DESCRIPTION: &'static str = "Fails for good.";
    type Params = Nothing;

    async fn run(_: Context, _: Nothing) -> Result<Outcome, JobError> {
        Err(JobError::fail("for good"))
    }
}

submit_job!(Fails);

/// What is given from run to run.
#[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Given {
    text: String,
}

pub struct Gives;

impl TypedJob for Gives {
    const NAME: &'static str = "probe_gives";
    const DESCRIPTION: &'static str = "Snoozes once, then has an output.";
    const DEFAULTS: Defaults = Defaults::new().max_attempts(1).timeout(Duration::from_secs(77));
    type Params = Nothing;
    type Args = NoArgs;
    type Output = Given;

    async fn run(ctx: Context, _: Nothing, _: NoArgs) -> Result<Outcome<Given>, JobError> {
        static SNOOZED: AtomicBool = AtomicBool::new(false);
        if !SNOOZED.swap(true, Ordering::SeqCst) {
            return Err(JobError::snooze(Duration::from_secs(1)));
        }
        let text = format!("attempt {} of {}", ctx.attempt(), ctx.info().max_attempts);
        Ok(Outcome::output(Given { text }).with_summary("given"))
    }
}

submit_job!(Gives);

pub struct Takes;

impl Job for Takes {
    const NAME: &'static str = "probe_takes";
    const DESCRIPTION: &'static str = "Tells what its upstream run gave out.";
    type Params = Nothing;

    async fn run(ctx: Context, _: Nothing) -> Result<Outcome, JobError> {
        let given = ctx.upstream::<Given>()?.into_iter();
        let told = given.map(|run| Some(format!("{}: {}", run.job, run.output?.text)));
        Ok(Outcome::summary(told.collect::<Option<Vec<_>>>().unwrap_or_default().join(", ")))
    }
}

submit_job!(Takes);
