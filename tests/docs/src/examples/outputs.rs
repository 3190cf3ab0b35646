//! What a run gives to those that it triggers.

use std::collections::BTreeSet;

use cascade_sdk::{Context, HttpRequest, Job, JobError, NoArgs, Outcome, TypedJob};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Nothing to set.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// What a sync gives out.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Synced {
    /// Invoices that were not there before.
    pub new_ids: Vec<u64>,
}

/// Gives out what it found.
pub struct InvoiceSync;

impl TypedJob for InvoiceSync {
    const NAME: &'static str = "example_invoice_sync";
    const DESCRIPTION: &'static str = "Fetches invoices.";
    type Params = Nothing;
    type Args = NoArgs;
    type Output = Synced;

    async fn run(ctx: Context, _: Nothing, _: NoArgs) -> Result<Outcome<Synced>, JobError> {
        let answer = ctx.http().send(HttpRequest::get("https://invoices.example/new")).await?;
        let new_ids: Vec<u64> = answer.json()?;
        let summary = format!("{} new", new_ids.len());
        Ok(Outcome::output(Synced { new_ids }).with_summary(summary))
    }
}

cascade_sdk::submit_job!(InvoiceSync);

/// Works on what was found.
pub struct Reminders;

impl Job for Reminders {
    const NAME: &'static str = "example_reminders";
    const DESCRIPTION: &'static str = "Sends a reminder of each new invoice.";
    type Params = Nothing;

    async fn run(ctx: Context, _: Nothing) -> Result<Outcome, JobError> {
        let mut ids = BTreeSet::new();
        for sync in ctx.upstream::<Synced>()? {
            // None where retention has removed it.
            ids.extend(sync.output.into_iter().flat_map(|synced| synced.new_ids));
        }
        for id in &ids {
            ctx.log().info(format!("reminding of invoice {id}"));
        }
        Ok(Outcome::summary(format!("{} reminders", ids.len())))
    }
}

cascade_sdk::submit_job!(Reminders);
