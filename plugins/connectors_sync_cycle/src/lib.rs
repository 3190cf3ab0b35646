//! `connectors_sync_cycle`: reads messages from mail, Slack, issue trackers and feeds.
//!
//! Each source keeps a cursor, so that a cycle reads only what is new; each message is upserted by
//! the source's own id, so that reading it twice does no harm. A malformed item is skipped, counted
//! and logged. A source that cannot be read fails alone: the others are read and the run succeeds,
//! unless there is no other.

mod args;
mod charset;
mod dates;
mod fault;
mod feed;
mod html;
mod imap;
mod issues;
mod mail;
mod message;
mod packed;
mod params;
mod report;
mod slack;
mod sync;
mod view;

use std::collections::HashSet;

use cascade_sdk::{Context, JobError, Outcome, TypedJob, rfc3339};
use serde_json::json;

use crate::{args::MOST_IDS, fault::SyncError, report::Failure, sync::Count};
pub use crate::{
    args::{Args, Output, SourceOutput},
    params::{Params, Source, SourceKind},
    view::{Filter, Row, Sources},
};

/// What each kind of source makes of its files.
pub mod formats {
    pub use crate::{
        fault::{Fault, Pause},
        feed::parse as feed,
        html::to_text,
        imap::responses as imap_responses,
        mail::{Maildir, Mbox},
        message::{Batch, Message},
        slack::Slack,
    };
}

/// The job.
pub struct ConnectorsSyncCycle;

impl TypedJob for ConnectorsSyncCycle {
    const NAME: &'static str = "connectors_sync_cycle";
    const DESCRIPTION: &'static str =
        "Reads new messages from mail, Slack, issue trackers and feeds.";
    type Params = Params;
    type Args = Args;
    type Output = Output;

    async fn run(ctx: Context, params: Params, args: Args) -> Result<Outcome<Output>, JobError> {
        let slug = ctx.project().slug.clone();
        let sources: Vec<_> = params.sources.iter().filter(|s| s.project == slug).collect();
        // They would share a cursor and overwrite each other's messages.
        if let Some(name) = first_twice(sources.iter().map(|source| source.name.as_str())) {
            return Err(JobError::fail(format!("two sources of {slug} are named `{name}`")));
        }
        sync::forget_others(&ctx, &sources).await?;
        let sources = args.choose(&sources)?;
        let began = rfc3339(ctx.now());
        let mut outcomes = Vec::new();
        for (at, source) in sources.iter().enumerate() {
            ctx.checkpoint()?;
            ctx.progress(at as f64 / sources.len() as f64, format!("reading {}", source.name));
            outcomes.push(read(&ctx, source, &args).await?);
        }
        ctx.progress(1.0, "done");
        let summary = report::summary(&outcomes);
        let tried: Vec<_> = outcomes.iter().filter(|one| one.was_tried()).collect();
        let nothing = |one: &&report::Outcome<'_>| one.failed.is_some() && one.count.is_nothing();
        if !tried.is_empty() && tried.iter().all(nothing) {
            let text = format!("no source could be read: {summary}");
            // What somebody has to change first is not tried again at once.
            let passing = |one: &&report::Outcome<'_>| {
                one.failed.as_ref().is_some_and(|failure| failure.next_try.is_none())
            };
            let again = tried.iter().any(passing);
            return Err(if again { JobError::retry(text) } else { JobError::fail(text) });
        }
        let mut ids = Vec::new();
        for one in outcomes.iter().filter(|one| !one.count.is_nothing()) {
            let most = (MOST_IDS + 1).saturating_sub(ids.len());
            ids.extend(sync::ids_since(&ctx, one.source, &began, most).await?);
        }
        Ok(Outcome::output(Output::of(&outcomes, ids)).with_summary(summary))
    }
}

/// Reads one source, or lets it rest.
async fn read<'a>(
    ctx: &Context,
    source: &'a Source,
    args: &Args,
) -> Result<report::Outcome<'a>, JobError> {
    let kept = sync::kept(ctx, source).await?;
    let mut count = Count::default();
    if let Some(kept) = &kept
        && !args.names(source)
        && let Some(until) = kept.rests_until(ctx, source)
    {
        let failure = Failure {
            reason: kept.reason.clone().unwrap_or_default(),
            since: kept.failing_since.clone().unwrap_or_default(),
            next_try: Some(until.to_owned()),
            tried: false,
        };
        let line = format!("{} is left alone until {until}: {}", source.name, failure.reason);
        ctx.log().with(json!({"source": source.name})).warn(line);
        return Ok(report::Outcome { source: &source.name, count, failed: Some(failure) });
    }
    let fault = match sync::sync(ctx, source, args.full, &mut count).await {
        Ok(()) => None,
        Err(SyncError::Source(fault)) => Some(fault),
        Err(SyncError::Run(error)) => return Err(error),
    };
    let failing = sync::record(ctx, source, kept.as_ref(), &count, fault.as_ref()).await?;
    let failed = fault.zip(failing).map(|(fault, failing)| {
        let fields = json!({"source": source.name, "failing_since": failing.since});
        ctx.log().with(fields).error(format!("source {}: {fault}", source.name));
        let (since, next_try) = (failing.since, failing.next_try);
        Failure { reason: fault.reason, since, next_try, tried: true }
    });
    Ok(report::Outcome { source: &source.name, count, failed })
}

fn first_twice<'a>(names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut seen = HashSet::new();
    names.into_iter().find(|name| !seen.insert(*name))
}

cascade_sdk::submit_job!(ConnectorsSyncCycle);
cascade_sdk::submit_view!(Sources);
cascade_sdk::submit_migrations!("0001_init.sql", "0002_sources.sql");
