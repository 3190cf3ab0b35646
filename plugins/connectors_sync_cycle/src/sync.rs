//! One source: read what is new, store it, move the cursor.

use std::path::Path;

use cascade_sdk::{Context, JobError, Statement, rfc3339, sql};
use chrono::{TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    feed, mail,
    message::{Batch, Message, language},
    params::{Source, SourceKind},
    slack,
};

/// What came of one source.
pub struct Count {
    /// Messages that were not there before.
    pub new: u64,
    /// Items that could not be read.
    pub skipped: usize,
}

/// What is kept between cycles.
#[derive(Default, Serialize, Deserialize)]
struct Cursor {
    position: Value,
    /// Days that `replay_from` moves this source's messages by; settled at the first sync.
    shift_days: i64,
}

/// Statements in one transaction: enough to be quick, few enough to let other writers in.
const AT_A_TIME: usize = 500;

/// Reads and stores piece by piece. The cursor moves in the transaction of a piece's last messages,
/// so that it never runs ahead of them; a piece that was cut short is read again and upserted.
pub async fn sync(ctx: &Context, source: &Source) -> Result<Count, JobError> {
    let kept: Option<KeptCursor> = ctx
        .db()
        .fetch_optional(
            sql("SELECT cursor FROM connector_cursors WHERE project_id = $1 AND source = $2")
                .bind(ctx.project_id())
                .bind(&source.name),
        )
        .await?;
    let mut cursor = match &kept {
        Some(kept) => serde_json::from_str(&kept.cursor)?,
        None => Cursor { shift_days: first_shift(ctx, source), ..Default::default() },
    };
    let before = count(ctx, source).await?;
    let mut skipped = 0;
    loop {
        ctx.checkpoint()?;
        let batch = read(ctx, source, &cursor.position).await?;
        for what in &batch.skipped {
            ctx.log().with(json!({"source": source.name})).warn(format!("skipped {what}"));
        }
        skipped += batch.skipped.len();
        cursor.position = batch.position;
        let upsert = |message| upsert(ctx, source, message, cursor.shift_days);
        let mut writes: Vec<Statement> = batch.messages.iter().map(upsert).collect();
        writes.push(keep_cursor(ctx, source, &cursor)?);
        while !writes.is_empty() {
            let rest = writes.split_off(writes.len().min(AT_A_TIME));
            ctx.db().batch(std::mem::replace(&mut writes, rest)).await?;
            ctx.checkpoint()?;
        }
        if !batch.more {
            break;
        }
    }
    let new = count(ctx, source).await?.saturating_sub(before);
    let line = ctx.log().with(json!({"source": source.name, "new": new, "skipped": skipped}));
    line.info(format!("{}: {new} new", source.name));
    Ok(Count { new, skipped })
}

#[derive(Deserialize)]
struct KeptCursor {
    cursor: String,
}

async fn read(ctx: &Context, source: &Source, position: &Value) -> Result<Batch, JobError> {
    if source.kind == SourceKind::Feed {
        return feed::read(ctx, source, position).await;
    }
    let path = source.path.as_ref();
    let path =
        path.ok_or_else(|| JobError::fail(format!("source {} needs a `path`", source.name)))?;
    let (files, path) = (ctx.files(), Path::new(path));
    match source.kind {
        SourceKind::Mbox => mail::read_mbox(&files, path, position),
        SourceKind::Maildir => mail::read_maildir(&files, path, position),
        SourceKind::Slack | SourceKind::Feed => slack::read(&files, path, position),
    }
}

/// Rounded down, so that nothing is shown as sent in the future.
fn first_shift(ctx: &Context, source: &Source) -> i64 {
    source
        .replay_from
        .map_or(0, |anchor| (ctx.now() - anchor).num_seconds().div_euclid(24 * 60 * 60))
}

fn upsert(ctx: &Context, source: &Source, message: &Message, shift_days: i64) -> Statement {
    let key = format!("{}/{}/{}", ctx.project_id(), source.name, message.native_id);
    let sent_at = message.sent_at.with_timezone(&Utc) + TimeDelta::days(shift_days);
    sql("INSERT INTO messages (id, project_id, source, source_kind, native_id, thread_id, author,
             author_key, subject, body, url, lang, sent_at, ingested_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
         ON CONFLICT (project_id, source, native_id) DO UPDATE SET
             author = excluded.author, subject = excluded.subject, body = excluded.body,
             url = excluded.url, lang = excluded.lang,
             -- Jobs that follow take a message with a later time for changed.
             ingested_at = CASE
                 WHEN messages.body <> excluded.body OR messages.subject <> excluded.subject
                 THEN excluded.ingested_at ELSE messages.ingested_at END")
    .bind(Uuid::new_v5(&Uuid::NAMESPACE_URL, key.as_bytes()))
    .bind(ctx.project_id())
    .bind(&source.name)
    .bind(source.kind.as_str())
    .bind(&message.native_id)
    .bind(&message.thread_id)
    .bind(&message.author)
    .bind(&message.author_key)
    .bind(&message.subject)
    .bind(&message.body)
    .bind(&message.url)
    .bind(language(&format!("{} {}", message.subject, message.body)))
    .bind(rfc3339(sent_at))
    .bind(rfc3339(ctx.now()))
}

fn keep_cursor(ctx: &Context, source: &Source, cursor: &Cursor) -> Result<Statement, JobError> {
    let keep = sql("INSERT INTO connector_cursors (project_id, source, cursor, updated_at)
         VALUES ($1, $2, $3, $4)
         ON CONFLICT (project_id, source) DO UPDATE SET
             cursor = excluded.cursor, updated_at = excluded.updated_at");
    Ok(keep
        .bind(ctx.project_id())
        .bind(&source.name)
        .bind(serde_json::to_string(cursor)?)
        .bind(rfc3339(ctx.now())))
}

async fn count(ctx: &Context, source: &Source) -> Result<u64, JobError> {
    #[derive(Deserialize)]
    struct Rows {
        n: u64,
    }
    let query = sql("SELECT count(*) AS n FROM messages WHERE project_id = $1 AND source = $2")
        .bind(ctx.project_id())
        .bind(&source.name);
    Ok(ctx.db().fetch_one::<Rows>(query).await?.n)
}
