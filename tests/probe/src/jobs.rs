//! Jobs that end in each way there is.

use std::time::Duration;

use cascade_sdk::{Context, Job, JobError, Outcome, submit_job};

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
