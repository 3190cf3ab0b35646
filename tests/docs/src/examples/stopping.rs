//! Jobs that stop when they are asked to.

use std::time::Duration;

use cascade_sdk::{Context, HttpRequest, Job, JobError, Outcome, Trigger};
use schemars::JsonSchema;
use serde::Deserialize;

/// No params; `{}` is all that it takes.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// Computes.
pub struct Primes;

impl Job for Primes {
    const NAME: &'static str = "example_primes";
    const DESCRIPTION: &'static str = "Counts primes.";
    type Params = Nothing;

    async fn run(ctx: Context, _: Nothing) -> Result<Outcome, JobError> {
        const LIMIT: u32 = 20_000;
        let mut found = 0;
        for n in 2..LIMIT {
            // Computing is fine, the run has a thread of its own. Look up now and then.
            if n % 1000 == 0 {
                ctx.checkpoint()?;
                ctx.progress(f64::from(n) / f64::from(LIMIT), format!("{found} primes so far"));
            }
            found += u32::from((2..).take_while(|d| d * d <= n).all(|d| n % d != 0));
        }
        Ok(Outcome::summary(format!("{found} primes below {LIMIT}")))
    }
}

cascade_sdk::submit_job!(Primes);

/// Waits for something else.
pub struct AwaitExport;

impl Job for AwaitExport {
    const NAME: &'static str = "example_await_export";
    const DESCRIPTION: &'static str = "Waits until an export is ready.";
    type Params = Nothing;

    async fn run(ctx: Context, _: Nothing) -> Result<Outcome, JobError> {
        let why = match ctx.triggered_by() {
            Trigger::Timer => "by its timer".to_owned(),
            Trigger::Cascade { job_type, .. } => format!("by {job_type}"),
            Trigger::Manual { .. } => "by a person".to_owned(),
            _ => "by something else".to_owned(),
        };
        ctx.log().info(format!("started {why}"));
        loop {
            let answer = ctx.http().send(HttpRequest::get("https://export.example/")).await?;
            if answer.status == 200 {
                return Ok(Outcome::summary("the export is ready"));
            }
            // Ends at once, with an error, when the run should stop.
            ctx.sleep(Duration::from_secs(30)).await?;
        }
    }
}

cascade_sdk::submit_job!(AwaitExport);
