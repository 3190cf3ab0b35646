//! Ends that are no success.

use std::time::Duration;

use cascade_sdk::{Context, HttpRequest, Job, JobError, Outcome};
use schemars::JsonSchema;
use serde::Deserialize;

/// What an operator writes under `[jobs.example_fetch.params]`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// Where the document is.
    url: String,
}

#[derive(Deserialize)]
struct Document {
    title: String,
}

/// The job.
pub struct Fetch;

impl Job for Fetch {
    const NAME: &'static str = "example_fetch";
    const DESCRIPTION: &'static str = "Fetches a document.";
    type Params = Params;

    async fn run(ctx: Context, params: Params) -> Result<Outcome, JobError> {
        // `?`: no answer is worth another try.
        let answer = ctx.http().send(HttpRequest::get(&params.url)).await?;
        match answer.status {
            200 => {}
            429 | 503 => {
                let seconds = answer.header("retry-after").and_then(|text| text.parse().ok());
                let pause = Duration::from_secs(seconds.unwrap_or(60));
                return Err(JobError::retry_after("the server is busy", pause));
            }
            500.. => return Err(JobError::retry(format!("status {}", answer.status))),
            // 404 will be 404 in a minute too.
            other => return Err(JobError::fail(format!("status {other}"))),
        }
        let document: Document = answer.json()?;
        Ok(Outcome::summary(document.title))
    }
}

cascade_sdk::submit_job!(Fetch);

/// Nothing to set.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// Fetches what may not be ready.
pub struct CollectExport;

impl Job for CollectExport {
    const NAME: &'static str = "example_collect_export";
    const DESCRIPTION: &'static str = "Fetches an export once it is ready.";
    type Params = Nothing;

    async fn run(ctx: Context, _: Nothing) -> Result<Outcome, JobError> {
        let answer = ctx.http().send(HttpRequest::get("https://export.example/")).await?;
        match answer.status {
            200 => Ok(Outcome::summary("the export is here")),
            // Not ready: the run waits without a thread, and no attempt is used up.
            202 => Err(JobError::snooze(Duration::from_secs(600))),
            other => Err(JobError::retry(format!("status {other}"))),
        }
    }
}

cascade_sdk::submit_job!(CollectExport);
