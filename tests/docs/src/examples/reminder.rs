//! A run for each of what an upstream run has found.

use cascade_sdk::{Context, JobError, Outcome, TypedJob};
use schemars::JsonSchema;
use serde::Deserialize;

/// Nothing to set.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// Which invoice to remind of.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Of {
    /// The invoice.
    pub invoice: u64,
    /// How urgent the words are, from 1.
    #[serde(default = "friendly")]
    pub level: u8,
}

fn friendly() -> u8 {
    1
}

/// Reminds of one invoice.
pub struct Reminder;

impl TypedJob for Reminder {
    const NAME: &'static str = "example_reminder";
    const DESCRIPTION: &'static str = "Sends a reminder of one invoice.";
    type Params = Nothing;
    type Args = Of;
    type Output = ();

    async fn run(ctx: Context, _: Nothing, of: Of) -> Result<Outcome, JobError> {
        ctx.log().info(format!("reminding of invoice {}, level {}", of.invoice, of.level));
        Ok(Outcome::summary(format!("reminded of {}", of.invoice)))
    }
}

cascade_sdk::submit_job!(Reminder);
