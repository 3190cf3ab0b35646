//! Params of every shape that the form knows.

use std::{collections::BTreeMap, time::Duration};

use cascade_sdk::{Backoff, Context, Defaults, Job, JobError, Outcome};
use schemars::JsonSchema;
use serde::Deserialize;

/// What an operator writes under `[jobs.example_digest.params]`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// Who gets the digest.
    #[schemars(length(min = 1))]
    recipients: Vec<String>,
    /// How much of it.
    #[serde(default)]
    detail: Detail,
    /// Days to look back.
    #[serde(default = "week")]
    #[schemars(range(min = 1, max = 90))]
    days: u16,
    /// A line above the digest.
    greeting: Option<String>,
    /// What to leave out, by `topic`.
    #[serde(default)]
    weights: BTreeMap<String, f64>,
}

/// How much of it.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Detail {
    /// One line for each topic.
    #[default]
    Short,
    /// With quotations.
    Long,
}

fn week() -> u16 {
    7
}

/// The job.
pub struct Digest;

impl Job for Digest {
    const NAME: &'static str = "example_digest";
    const DESCRIPTION: &'static str = "Writes a digest of the last days.";
    const DEFAULTS: Defaults = Defaults::new()
        .timeout(Duration::from_secs(120))
        .max_attempts(5)
        .backoff(Backoff::new(Duration::from_secs(30), Duration::from_secs(3600)))
        .concurrency(2);
    type Params = Params;

    async fn run(ctx: Context, params: Params) -> Result<Outcome, JobError> {
        ctx.log().debug(format!("{:?}, {:?}", params.greeting, params.weights));
        let to = params.recipients.len();
        Ok(Outcome::summary(format!("{:?}, {} days, for {to}", params.detail, params.days)))
    }
}

cascade_sdk::submit_job!(Digest);
