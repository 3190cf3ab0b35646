//! RSS and Atom, parsed by `feed-rs`.

use cascade_sdk::{Context, FileError, HttpRequest, JobError};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    message::{Batch, Message},
    params::Source,
};

/// A feed file over this size, in bytes, is not read.
const LARGEST: u64 = 32 << 20;

/// What an HTTP server wants to be told next time (RFC 9110, conditional requests).
#[derive(Default, Serialize, Deserialize)]
struct Position {
    etag: Option<String>,
    last_modified: Option<String>,
}

/// Reads a feed by file or HTTP. A feed holds its recent items each time; the upsert tells new ones.
pub async fn read(ctx: &Context, source: &Source, position: &Value) -> Result<Batch, JobError> {
    let mut batch = Batch { position: position.clone(), ..Default::default() };
    let text = match (&source.path, &source.url) {
        (Some(path), None) => ctx.files().read(path, LARGEST).map_err(FileError::into_job_error)?,
        (None, Some(url)) => match fetch(ctx, url, &mut batch.position).await? {
            Some(text) => text,
            None => return Ok(batch),
        },
        _ => return Err(JobError::fail("a feed takes either `path` or `url`")),
    };
    Ok(Batch { position: batch.position, ..parse(&text)? })
}

/// Reads the items of a feed.
///
/// # Errors
/// When it is neither RSS nor Atom.
pub fn parse(text: &[u8]) -> Result<Batch, JobError> {
    let mut batch = Batch::default();
    let feed =
        feed_rs::parser::parse(text).map_err(|e| JobError::retry(format!("not a feed: {e}")))?;
    let title = feed.title.map(|title| title.content).unwrap_or_default();
    for (at, entry) in feed.entries.into_iter().enumerate() {
        let place = format!("item {} (`{}`)", at + 1, entry.id);
        let Some(sent_at) = entry.published.or(entry.updated) else {
            batch.skipped.push(format!("{place}: no date"));
            continue;
        };
        let content = entry.content.and_then(|content| content.body);
        let body = content.or(entry.summary.map(|summary| summary.content)).unwrap_or_default();
        let author = entry.authors.first().and_then(|author| author.name.clone());
        let author = author.unwrap_or_else(|| title.clone());
        let message = Message {
            thread_id: entry.id.clone(),
            native_id: entry.id,
            author_key: author.to_lowercase(),
            author,
            subject: entry.title.map(|title| title.content).unwrap_or_default(),
            body: mail_parser::decoders::html::html_to_text(&body).trim().to_owned(),
            url: entry.links.first().map(|link| link.href.clone()),
            sent_at,
        };
        match message.storable() {
            Ok(message) => batch.messages.push(message),
            Err(why) => batch.skipped.push(format!("{place}: {why}")),
        }
    }
    Ok(batch)
}

/// The feed's text, or `None` when it has not changed.
async fn fetch(
    ctx: &Context,
    url: &str,
    position: &mut Value,
) -> Result<Option<Vec<u8>>, JobError> {
    let known = Position::deserialize(&*position).unwrap_or_default();
    let mut request = HttpRequest::get(url);
    if let Some(etag) = known.etag {
        request = request.header("if-none-match", etag);
    }
    if let Some(date) = known.last_modified {
        request = request.header("if-modified-since", date);
    }
    let answer = ctx.http().send(request).await?;
    match answer.status {
        304 => Ok(None),
        200 => {
            let header = |name| answer.header(name).map(ToOwned::to_owned);
            *position = serde_json::to_value(Position {
                etag: header("etag"),
                last_modified: header("last-modified"),
            })?;
            Ok(Some(answer.body))
        }
        status => Err(JobError::retry(format!("{url} answered {status}"))),
    }
}
