//! Writes messages and the cursor.

use cascade_sdk::{Context, DbError, Statement, sql};
use chrono::TimeDelta;
use serde::Deserialize;
use uuid::Uuid;

use super::{Cursor, now};
use crate::{
    fault::SyncError,
    message::{Message, language},
    params::Source,
};

/// Statements in one transaction: enough to be quick, few enough to let other writers in.
const AT_A_TIME: usize = 500;

/// Stores a batch, then the cursor. Adds the rows that are new or changed to `written`; returns what
/// the database did not take, with the reason.
///
/// # Errors
/// When the database takes nothing.
pub async fn write(
    ctx: &Context,
    source: &Source,
    messages: &[Message],
    cursor: &Cursor,
    written: &mut u64,
) -> Result<Vec<String>, SyncError> {
    let mut refused = Vec::new();
    for part in messages.chunks(AT_A_TIME) {
        ctx.checkpoint()?;
        let (mut statements, mut counts) = (Vec::new(), Vec::new());
        for message in part {
            if let Some(rename) = rename(ctx, source, message) {
                statements.push(rename);
                counts.push(false);
            }
            statements.push(upsert(ctx, source, message, cursor.shift_days));
            counts.push(true);
        }
        match ctx.db().batch(statements).await {
            Ok(rows) => {
                let counted = rows.iter().zip(&counts).filter(|(_, counts)| **counts);
                *written += counted.map(|(rows, _)| rows).sum::<u64>();
            }
            Err(error) => {
                refused.extend(one_by_one(ctx, source, part, cursor, written, error).await?);
            }
        }
    }
    ctx.db().batch(vec![keep_cursor(ctx, source, cursor)?]).await?;
    Ok(refused)
}

/// One message that the database refuses must not cost the others. If it refuses all, the database
/// is at fault, not the messages.
async fn one_by_one(
    ctx: &Context,
    source: &Source,
    messages: &[Message],
    cursor: &Cursor,
    written: &mut u64,
    error: DbError,
) -> Result<Vec<String>, SyncError> {
    let mut refused = Vec::new();
    for message in messages {
        ctx.checkpoint()?;
        let upsert = upsert(ctx, source, message, cursor.shift_days);
        match ctx.db().batch(vec![upsert]).await {
            Ok(rows) => *written += rows.iter().sum::<u64>(),
            Err(why) => refused.push(format!("message `{}`: {}", message.native_id, why.message)),
        }
    }
    if refused.len() == messages.len() { Err(error.into()) } else { Ok(refused) }
}

/// Gives the row of an earlier reading its id of now.
fn rename(ctx: &Context, source: &Source, message: &Message) -> Option<Statement> {
    let known_as = message.known_as.as_ref()?;
    let rename = sql("UPDATE messages SET native_id = $1
         WHERE project_id = $2 AND source = $3 AND native_id = $4 AND NOT EXISTS (
             SELECT 1 FROM messages other
             WHERE other.project_id = $2 AND other.source = $3 AND other.native_id = $1)");
    let rename = rename.bind(&message.native_id).bind(ctx.project_id()).bind(&source.name);
    Some(rename.bind(known_as))
}

/// Inserts a message or updates it where it differs; affects no row otherwise. A message without a
/// date, or with one more than a day ahead, gets the time of its arrival and keeps it.
fn upsert(ctx: &Context, source: &Source, message: &Message, shift_days: i64) -> Statement {
    let key = format!("{}/{}/{}", ctx.project_id(), source.name, message.native_id);
    let told = message.sent_at.and_then(|at| at.checked_add_signed(TimeDelta::days(shift_days)));
    let told = told.filter(|at| *at <= ctx.now() + TimeDelta::days(1));
    let (take_date, date_differs) = match told {
        Some(_) => ("excluded.sent_at", "messages.sent_at <> excluded.sent_at"),
        None => ("messages.sent_at", "1 = 0"),
    };
    sql(format!(
        "INSERT INTO messages (id, project_id, source, source_kind, native_id, thread_id, author,
             author_key, subject, body, url, lang, sent_at, ingested_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
         ON CONFLICT (project_id, source, native_id) DO UPDATE SET
             thread_id = excluded.thread_id, author = excluded.author,
             author_key = excluded.author_key, subject = excluded.subject,
             body = excluded.body, url = excluded.url, lang = excluded.lang,
             sent_at = {take_date},
             -- Jobs that follow take a message with a later time for changed.
             ingested_at = excluded.ingested_at
         WHERE messages.body <> excluded.body OR messages.subject <> excluded.subject
             OR messages.author <> excluded.author OR messages.author_key <> excluded.author_key
             OR messages.thread_id <> excluded.thread_id
             OR coalesce(messages.url, '') <> coalesce(excluded.url, '') OR {date_differs}"
    ))
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
    .bind(told.map_or_else(|| now(ctx), cascade_sdk::rfc3339))
    .bind(now(ctx))
}

fn keep_cursor(ctx: &Context, source: &Source, cursor: &Cursor) -> Result<Statement, SyncError> {
    let keep = sql("INSERT INTO connector_cursors (project_id, source, cursor, updated_at)
         VALUES ($1, $2, $3, $4)
         ON CONFLICT (project_id, source) DO UPDATE SET
             cursor = excluded.cursor, updated_at = excluded.updated_at");
    Ok(keep
        .bind(ctx.project_id())
        .bind(&source.name)
        .bind(serde_json::to_string(cursor)?)
        .bind(now(ctx)))
}

/// Messages of a source.
pub async fn count(ctx: &Context, source: &Source) -> Result<u64, SyncError> {
    #[derive(Deserialize)]
    struct Rows {
        n: u64,
    }
    let query = sql("SELECT count(*) AS n FROM messages WHERE project_id = $1 AND source = $2")
        .bind(ctx.project_id())
        .bind(&source.name);
    Ok(ctx.db().fetch_one::<Rows>(query).await?.n)
}

/// Ids of a source's messages that came or changed at `since` or later, at most `most`.
///
/// # Errors
/// When the database fails.
pub async fn ids_since(
    ctx: &Context,
    source: &str,
    since: &str,
    most: usize,
) -> Result<Vec<String>, DbError> {
    #[derive(Deserialize)]
    struct Row {
        id: String,
    }
    let query = sql("SELECT id FROM messages
         WHERE project_id = $1 AND source = $2 AND ingested_at >= $3
         ORDER BY ingested_at, id LIMIT $4");
    let query = query.bind(ctx.project_id()).bind(source).bind(since).bind(most);
    let rows: Vec<Row> = ctx.db().fetch_all(query).await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}
