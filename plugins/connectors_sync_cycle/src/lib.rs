//! `connectors_sync_cycle`: reads messages from mail archives, Slack exports and feeds.
//!
//! Each source keeps a cursor, so that a cycle reads only what is new; each message is upserted by
//! the source's own id, so that reading it twice does no harm. A malformed item is skipped, counted
//! and logged; a source that cannot be read fails alone, and the run is retried after the others.

mod feed;
mod mail;
mod message;
mod params;
mod slack;
mod sync;

use std::collections::HashSet;

use cascade_sdk::{Context, Job, JobError, Outcome};

pub use params::{Params, Source, SourceKind};

/// What each kind of source makes of its files.
pub mod formats {
    pub use crate::{
        feed::parse as feed,
        mail::{read_maildir, read_mbox},
        message::{Batch, Message},
        slack::read as slack,
    };
}

/// The job.
pub struct ConnectorsSyncCycle;

impl Job for ConnectorsSyncCycle {
    const NAME: &'static str = "connectors_sync_cycle";
    const DESCRIPTION: &'static str =
        "Reads new messages from mail archives, Slack exports and feeds.";
    type Params = Params;

    async fn run(ctx: Context, params: Params) -> Result<Outcome, JobError> {
        let slug = ctx.project().slug.clone();
        let sources: Vec<_> = params.sources.iter().filter(|s| s.project == slug).collect();
        // They would share a cursor and overwrite each other's messages.
        if let Some(name) = first_twice(sources.iter().map(|source| source.name.as_str())) {
            return Err(JobError::fail(format!("two sources of {slug} are named `{name}`")));
        }
        let (mut new, mut skipped, mut failed) = (0, 0, Vec::new());
        for (at, source) in sources.iter().enumerate() {
            ctx.checkpoint()?;
            ctx.progress(at as f64 / sources.len() as f64, format!("reading {}", source.name));
            match sync::sync(&ctx, source).await {
                Ok(count) => {
                    new += count.new;
                    skipped += count.skipped;
                }
                Err(JobError::Cancelled) => return Err(JobError::Cancelled),
                Err(error) => {
                    ctx.log().error(format!("source {}: {error}", source.name));
                    failed.push(source.name.as_str());
                }
            }
        }
        ctx.progress(1.0, "done");
        if !failed.is_empty() {
            return Err(JobError::retry(format!("could not read: {}", failed.join(", "))));
        }
        let skipped = if skipped > 0 { format!(", {skipped} skipped") } else { String::new() };
        Ok(Outcome::summary(format!("{new} new messages from {} sources{skipped}", sources.len())))
    }
}

fn first_twice<'a>(names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut seen = HashSet::new();
    names.into_iter().find(|name| !seen.insert(*name))
}

cascade_sdk::submit_job!(ConnectorsSyncCycle);
cascade_sdk::submit_migrations!("0001_init.sql");
