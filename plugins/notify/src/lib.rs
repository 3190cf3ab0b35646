//! `notify`: tells people of cascades that break and recover, by webhook, Slack or e-mail.
//!
//! It sends one message when a cascade breaks, is quiet while it stays broken, and sends one when it
//! works again. What it knows of cascades it stages, so that it commits with its run; whom it has told it
//! notes at once, so that another attempt tells nobody twice.

mod args;
mod delivery;
mod email;
mod fault;
mod happened;
mod message;
mod params;
mod slack;
mod smtp;
mod state;
mod template;
mod webhook;

use std::time::Duration;

use cascade_sdk::{Backoff, Context, Defaults, JobError, Outcome, Statement, TypedJob};
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
        let mut all = All::default();
        for args in happened::all(&ctx, args).await? {
            match state::decide(&ctx, &args).await? {
                Decision::Quiet { reason, changes } => {
                    all.lines.push(format!("quiet: {reason}"));
                    all.output.quiet = Some(reason);
                    all.changes.extend(changes);
                }
                Decision::Tell(news) => all.tell(&ctx, &params, &targets, &args, news).await?,
            }
        }
        all.end(&ctx).await
    }
}

/// What came of all that happened.
#[derive(Default)]
struct All {
    output: Output,
    /// A line for each.
    lines: Vec<String>,
    /// What is to be kept.
    changes: Vec<Statement>,
    /// What is to be kept too once nobody is told any more: some were told, and others not.
    partly: Vec<Statement>,
    faults: Vec<Fault>,
}

impl All {
    async fn tell(
        &mut self,
        ctx: &Context,
        params: &Params,
        targets: &[Target<'_>],
        args: &Args,
        news: News,
    ) -> Result<(), JobError> {
        if targets.is_empty() {
            let why = "its params name nobody to tell of this project";
            return Err(JobError::fail(format!("{why}: add `webhooks`, `slack` or `emails`")));
        }
        let message = Message::new(ctx, params, args, &news);
        let Told { told, faults } = tell(ctx, targets, &message).await?;
        if faults.is_empty() {
            self.lines.push(format!("{}: told {}", message.subject, told.join(", ")));
            self.changes.extend(news.changes);
        } else if !told.is_empty() {
            self.partly.extend(news.changes);
        }
        self.output.message = Some(args.kind);
        self.output.told.extend(told);
        self.faults.extend(faults);
        Ok(())
    }

    /// Those who were not told are tried again as long as there are attempts. After the last one a cascade
    /// counts as told if anybody was told, so that nobody is told twice.
    async fn end(self, ctx: &Context) -> Result<Outcome<Output>, JobError> {
        let Self { output, lines, changes, partly, faults } = self;
        if faults.is_empty() {
            state::stage(ctx, changes)?;
            return Ok(Outcome::output(output).with_summary(lines.join("; ")));
        }
        let text = faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        let again = faults.iter().any(|fault| !fault.lasting);
        if !again || ctx.attempt() >= ctx.info().max_attempts {
            // A run that fails stages nothing.
            let kept: Vec<_> = changes.into_iter().chain(partly).collect();
            if !kept.is_empty() {
                ctx.db().batch(kept).await?;
            }
        }
        Err(if again { JobError::retry(text) } else { JobError::fail(text) })
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
        let of = message.of(name);
        if before.contains(&of) {
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
                delivery::note(ctx, &of).await?;
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

cascade_sdk::submit_job!(Notify);
cascade_sdk::submit_migrations!("0001_init.sql");
