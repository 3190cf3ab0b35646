//! `notify`: tells people of cascades that break and recover, by webhook, Slack or e-mail.
//!
//! It sends one message when a cascade breaks, is quiet while it stays broken, and sends one when it
//! works again. What it knows of cascades it stages, so that it commits with its run; whom it has told it
//! notes at once, so that another attempt tells nobody twice.

mod args;
mod delivery;
mod email;
mod fault;
mod message;
mod params;
mod slack;
mod smtp;
mod state;
mod template;
mod webhook;

use std::time::Duration;

use cascade_sdk::{Backoff, Context, Defaults, JobError, Outcome, TypedJob};
use serde_json::json;

pub use crate::{
    args::{Args, Kind, Output},
    params::{Email, Params, Slack, Templates, Webhook},
};
use crate::{
    fault::Fault,
    message::Message,
    params::Target,
    state::{Decision, News},
};

/// The job.
pub struct Notify;

impl TypedJob for Notify {
    const NAME: &'static str = "notify";
    const DESCRIPTION: &'static str =
        "Tells people of cascades that break and recover: webhooks, Slack, e-mail.";
    // One at a time: two at once would both find that nobody was told yet.
    const DEFAULTS: Defaults = Defaults::new()
        .timeout(Duration::from_secs(300))
        .max_attempts(10)
        .backoff(Backoff::new(Duration::from_secs(10), Duration::from_secs(600)))
        .concurrency(1);
    type Params = Params;
    type Args = Args;
    type Output = Output;

    async fn run(ctx: Context, params: Params, args: Args) -> Result<Outcome<Output>, JobError> {
        let targets = params.targets(&ctx.project().slug).map_err(JobError::fail)?;
        if args.job.is_empty() {
            return Err(JobError::fail("args: `job` is missing: nothing says what broke"));
        }
        let decision = state::decide(&ctx, &args).await?;
        let news = match decision {
            Decision::Quiet { reason, changes } => {
                state::stage(&ctx, changes)?;
                let output = Output { quiet: Some(reason.clone()), ..Output::default() };
                return Ok(Outcome::output(output).with_summary(format!("quiet: {reason}")));
            }
            Decision::Tell(news) => news,
        };
        if targets.is_empty() {
            let why = "its params name nobody to tell of this project";
            return Err(JobError::fail(format!("{why}: add `webhooks`, `slack` or `emails`")));
        }
        let message = Message::new(&ctx, &params, &args, &news);
        let Told { told, faults } = tell(&ctx, &targets, &message).await?;
        let output = Output { message: Some(args.kind), told, quiet: None };
        if faults.is_empty() {
            let summary = format!("{}: told {}", message.subject, output.told.join(", "));
            state::stage(&ctx, news.changes)?;
            return Ok(Outcome::output(output).with_summary(summary));
        }
        not_all(&ctx, news, &output, faults).await
    }
}

/// Who was told, also by an attempt before this one, and who could not be.
struct Told {
    told: Vec<String>,
    faults: Vec<Fault>,
}

/// Each target by itself: one that cannot be reached does not keep the others from the message.
async fn tell(ctx: &Context, targets: &[Target<'_>], message: &Message) -> Result<Told, JobError> {
    let before = delivery::told_before(ctx).await?;
    let (mut told, mut faults) = (Vec::new(), Vec::new());
    for (at, target) in targets.iter().enumerate() {
        ctx.checkpoint()?;
        let name = target.name();
        ctx.progress(at as f64 / targets.len() as f64, format!("telling {name}"));
        if before.iter().any(|known| known == name) {
            told.push(name.to_owned());
            continue;
        }
        let sent = match target {
            Target::Webhook(webhook) => webhook::send(ctx, webhook, message).await,
            Target::Slack(slack) => slack::send(ctx, slack, message).await,
            Target::Email(email) => email::send(ctx, email, message).await,
        };
        match sent {
            Ok(()) => {
                delivery::note(ctx, name).await?;
                told.push(name.to_owned());
            }
            Err(fault) => {
                let fields = json!({ "target": name });
                ctx.log().with(fields).error(format!("{name}: {fault}"));
                faults.push(fault.of(name));
            }
        }
    }
    ctx.progress(1.0, "done");
    Ok(Told { told, faults })
}

/// Some were not told. They are tried again as long as there are attempts; after the last one the cascade
/// counts as told if anybody was, so that who was told is not told again.
async fn not_all(
    ctx: &Context,
    news: News,
    output: &Output,
    faults: Vec<Fault>,
) -> Result<Outcome<Output>, JobError> {
    let text = faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    let again = faults.iter().any(|fault| !fault.lasting);
    let last = !again || ctx.attempt() >= ctx.info().max_attempts;
    if last && !output.told.is_empty() {
        // A run that fails stages nothing.
        ctx.db().batch(news.changes).await?;
    }
    Err(if again { JobError::retry(text) } else { JobError::fail(text) })
}

cascade_sdk::submit_job!(Notify);
cascade_sdk::submit_migrations!("0001_init.sql");
