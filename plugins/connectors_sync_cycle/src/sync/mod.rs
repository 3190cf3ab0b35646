//! One source: read what is new, store it, move the cursor.

mod status;
mod store;

use std::path::Path;

use cascade_sdk::{Context, rfc3339, sql};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use self::{
    status::{forget_others, kept, record},
    store::ids_since,
};
use crate::{
    fault::{Fault, SyncError},
    feed,
    imap::Imap,
    issues::{GitHub, GitLab},
    mail::{Maildir, Mbox},
    message::Batch,
    params::{Source, SourceKind},
    slack::{Slack, SlackWeb},
};

/// Skipped items logged in a run for each source; all are counted.
const MOST_LINES: usize = 100;

/// What came of one source.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Count {
    /// Messages that were not there before.
    pub new: u64,
    /// Messages that are not as they were.
    pub changed: u64,
    /// Items that could not be read.
    pub skipped: u64,
    /// The first thing skipped, or what else the operator should know.
    pub note: Option<String>,
}

impl Count {
    /// Whether nothing of it was stored.
    pub fn is_nothing(&self) -> bool {
        self.new == 0 && self.changed == 0
    }
}

/// What is kept between cycles.
#[derive(Default, Serialize, Deserialize)]
struct Cursor {
    position: Value,
    /// Days that `replay_from` moves this source's messages by; settled at the first sync.
    shift_days: i64,
}

/// A source that is open for reading.
enum Reader {
    Mbox(Box<Mbox>),
    Maildir(Maildir),
    Slack(Box<Slack>),
    SlackWeb(Box<SlackWeb>),
    Imap(Box<Imap>),
    GitHub(Box<GitHub>),
    GitLab(Box<GitLab>),
    /// A feed is read whole.
    Feed(Option<Batch>),
    /// It has not changed.
    Nothing,
}

impl Reader {
    async fn open(ctx: &Context, source: &Source, position: &Value) -> Result<Self, Fault> {
        let files = ctx.files();
        let path = || match &source.path {
            Some(path) => Ok(Path::new(path)),
            None => Err(Fault::lasting(format!("source {} needs a `path`", source.name))),
        };
        Ok(match (source.kind, &source.token_env) {
            (SourceKind::Mbox, _) => Mbox::open(&files, path()?, position)?
                .map_or(Self::Nothing, |mbox| Self::Mbox(Box::new(mbox))),
            (SourceKind::Maildir, _) => {
                Self::Maildir(Maildir::open(&files, path()?, source.folders, position)?)
            }
            (SourceKind::Slack, None) => {
                Self::Slack(Box::new(Slack::open(&files, path()?, position)?))
            }
            (SourceKind::Slack, Some(_)) if source.path.is_some() => {
                return Err(Fault::lasting("Slack takes either `path` or `token_env`"));
            }
            (SourceKind::Slack, Some(variable)) => {
                let web = SlackWeb::open(ctx, source, variable, position).await?;
                Self::SlackWeb(Box::new(web))
            }
            (SourceKind::Feed, _) => Self::Feed(feed::read(ctx, source, position).await?),
            (SourceKind::Imap, _) => Self::Imap(Box::new(Imap::open(ctx, source, position).await?)),
            (SourceKind::GitHub, _) => Self::GitHub(Box::new(GitHub::open(ctx, source, position)?)),
            (SourceKind::GitLab, _) => Self::GitLab(Box::new(GitLab::open(ctx, source, position)?)),
        })
    }

    async fn next(&mut self, ctx: &Context) -> Result<Option<Batch>, Fault> {
        match self {
            Self::Mbox(mbox) => mbox.next_batch(),
            Self::Maildir(maildir) => Ok(maildir.next_batch()),
            Self::Slack(slack) => Ok(slack.next_batch()),
            Self::SlackWeb(web) => web.next_batch(ctx).await,
            Self::Imap(imap) => imap.next_batch(ctx).await,
            Self::GitHub(github) => github.next_batch(ctx).await,
            Self::GitLab(gitlab) => gitlab.next_batch(ctx).await,
            Self::Feed(batch) => Ok(batch.take()),
            Self::Nothing => Ok(None),
        }
    }
}

/// Reads and stores batch by batch. The cursor moves in the transaction of a batch's last messages,
/// so that it never runs ahead of them; a batch that was cut short is read again and upserted. `full`
/// begins at the start, whatever was read before.
///
/// # Errors
/// The source's own fault, after what was read before it has been stored; or the run's.
pub async fn sync(
    ctx: &Context,
    source: &Source,
    full: bool,
    count: &mut Count,
) -> Result<(), SyncError> {
    let kept: Option<KeptCursor> = ctx
        .db()
        .fetch_optional(
            sql("SELECT cursor FROM connector_cursors WHERE project_id = $1 AND source = $2")
                .bind(ctx.project_id())
                .bind(&source.name),
        )
        .await?;
    // A cursor that cannot be read costs a second reading, which does no harm.
    let mut cursor = match kept.and_then(|kept| serde_json::from_str(&kept.cursor).ok()) {
        Some(cursor) => cursor,
        None => Cursor { shift_days: first_shift(ctx, source), ..Default::default() },
    };
    if full {
        cursor.position = Value::Null;
    }
    let before = store::count(ctx, source).await?;
    let mut written = 0;
    let read = read(ctx, source, &mut cursor, count, &mut written).await;
    let all = store::count(ctx, source).await?;
    count.new = all.saturating_sub(before);
    count.changed = u64::saturating_sub(written, count.new);
    let fields = json!({
        "source": source.name, "new": count.new, "changed": count.changed, "skipped": count.skipped,
    });
    let Count { new, changed, skipped, .. } = count;
    let line = format!("{}: {new} new, {changed} changed, {skipped} skipped", source.name);
    ctx.log().with(fields).info(line);
    read
}

async fn read(
    ctx: &Context,
    source: &Source,
    cursor: &mut Cursor,
    count: &mut Count,
    written: &mut u64,
) -> Result<(), SyncError> {
    let mut reader = Reader::open(ctx, source, &cursor.position).await?;
    while let Some(batch) = reader.next(ctx).await? {
        ctx.checkpoint()?;
        let Batch { messages, mut skipped, notes, position } = batch;
        if let Some(position) = position {
            cursor.position = position;
        }
        let refused = store::write(ctx, source, &messages, cursor, written).await?;
        skipped.extend(refused);
        let fields = json!({"source": source.name});
        for what in &skipped {
            count.skipped += 1;
            if count.skipped <= MOST_LINES as u64 {
                ctx.log().with(fields.clone()).warn(format!("skipped {what}"));
            }
        }
        for note in &notes {
            ctx.log().with(fields.clone()).warn(format!("{}: {note}", source.name));
        }
        let first = notes.into_iter().chain(skipped).next();
        count.note = count.note.take().or(first);
    }
    if count.skipped > MOST_LINES as u64 {
        let more = count.skipped - MOST_LINES as u64;
        ctx.log().warn(format!("{}: {more} more were skipped", source.name));
    }
    Ok(())
}

#[derive(Deserialize)]
struct KeptCursor {
    cursor: String,
}

/// Rounded down, so that nothing is shown as sent in the future.
fn first_shift(ctx: &Context, source: &Source) -> i64 {
    source
        .replay_from
        .map_or(0, |anchor| (ctx.now() - anchor).num_seconds().div_euclid(24 * 60 * 60))
}

fn now(ctx: &Context) -> String {
    rfc3339(ctx.now())
}
