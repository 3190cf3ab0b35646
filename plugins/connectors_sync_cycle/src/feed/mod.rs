//! RSS, Atom and JSON Feed, as far from their specifications as they are found.
//!
//! The XML is read by `quick-xml` into a tree of our own. Parsers made for feeds refuse a whole feed
//! for a missing version or a bare `&`, and do not tell whether an item had an id.

mod fetch;
mod item;
mod json;
mod xml;

pub use fetch::retry_after;

use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
};

use cascade_sdk::Context;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;
use uuid::Uuid;

use self::{item::Item, xml::Element};
use crate::{
    charset,
    fault::Fault,
    html,
    message::{Batch, Message},
    packed,
    params::Source,
};

/// A feed file over this size, in bytes, is not read.
const LARGEST: u64 = 32 << 20;
/// Raised when this module reads more out of the same text, so that it is read again.
const READER: u32 = 2;

/// What is kept between syncs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Position {
    /// What the HTTP server wants to be told next time (RFC 9110, conditional requests).
    etag: Option<String>,
    last_modified: Option<String>,
    /// Of the text that was read last.
    text: Option<Uuid>,
    reader: u32,
    /// Whether there ever was an item, or the operator was told that there is none.
    settled: bool,
}

/// Bytes of a feed, and the charset that came with them.
struct Fetched {
    bytes: Vec<u8>,
    charset: Option<String>,
}

/// Reads a feed by file or HTTP; `None` when it has not changed. A feed holds its recent items each
/// time; the upsert tells new ones.
pub async fn read(
    ctx: &Context,
    source: &Source,
    position: &Value,
) -> Result<Option<Batch>, Fault> {
    let mut place = Position::deserialize(position).unwrap_or_default();
    // A reader that reads more has to see the text again.
    if place.reader != READER {
        place = Position { settled: place.settled, reader: READER, ..Position::default() };
    }
    let fetched = match (&source.path, &source.url) {
        (Some(path), None) => {
            let bytes = ctx.files().read(path, LARGEST).map_err(Fault::passing)?;
            Fetched { bytes, charset: None }
        }
        (None, Some(url)) => match fetch::fetch(ctx, url, &mut place).await? {
            Some(fetched) => fetched,
            None => return Ok(None),
        },
        _ => return Err(Fault::lasting("a feed takes either `path` or `url`")),
    };
    let text = Uuid::new_v5(&Uuid::NAMESPACE_OID, &fetched.bytes);
    let known = place.text.replace(text) == Some(text);
    if known {
        return Ok(None);
    }
    let mut batch = parse(&fetched.bytes, fetched.charset.as_deref(), source.url.as_deref())?;
    if !place.settled {
        if batch.messages.is_empty() && batch.skipped.is_empty() {
            batch.notes.push("the feed has no items".to_owned());
        }
        place.settled = true;
    }
    batch.position = Some(serde_json::to_value(place).map_err(Fault::passing)?);
    Ok(Some(batch))
}

/// Reads the items of a feed. `charset` is what came with it over HTTP, `address` where it is.
///
/// # Errors
/// When it is no feed.
pub fn parse(bytes: &[u8], charset: Option<&str>, address: Option<&str>) -> Result<Batch, Fault> {
    // Whatever a file makes a parser do, it costs this source alone.
    catch_unwind(AssertUnwindSafe(|| parse_any(bytes, charset, address)))
        .unwrap_or_else(|_| Err(Fault::passing("the parser failed on this feed")))
}

fn parse_any(bytes: &[u8], charset: Option<&str>, address: Option<&str>) -> Result<Batch, Fault> {
    if let Some(kind) = packed::packed(bytes) {
        return Err(Fault::lasting(format!("not a feed but {kind} file")));
    }
    let text = decode(bytes, charset);
    let mut batch = Batch::default();
    let base = address.and_then(|address| Url::parse(address).ok());
    let (name, home, items) =
        if text.trim_start_matches(['\u{feff}', ' ', '\n', '\r', '\t']).starts_with('{') {
            let (title, items) =
                json::read(text.trim_start_matches('\u{feff}')).map_err(Fault::passing)?;
            (title, None, items)
        } else {
            let document = xml::parse(&text);
            let Some(root) = document.roots.iter().find(|root| is_feed(root)) else {
                let found = document.roots.first().map(|root| root.name.as_str());
                let found = match found {
                    Some("html" | "HTML") => "a web page".to_owned(),
                    Some(name) => format!("XML that begins with `{name}`"),
                    None => "no XML".to_owned(),
                };
                return Err(Fault::passing(format!("not a feed: {found}")));
            };
            let read = read_xml(root, base.as_ref(), &mut batch);
            if let Some(fault) = document.fault {
                batch.notes.push(format!("the feed is cut or broken, {fault}; read up to there"));
            }
            read
        };
    keep(&mut batch, &name, home.as_deref(), items);
    Ok(batch)
}

fn is_feed(element: &Element) -> bool {
    let name = element.name.rsplit(':').next().unwrap_or_default().to_ascii_lowercase();
    // An entry of Atom may be a document (RFC 4287, section 2).
    matches!(name.as_str(), "rss" | "rdf" | "feed" | "channel") || element.name == "entry"
}

/// The title, the page and the items of a feed.
fn read_xml(
    root: &Element,
    base: Option<&Url>,
    batch: &mut Batch,
) -> (String, Option<String>, Vec<Item>) {
    let channel = root.first("channel").unwrap_or(root);
    let name = channel.text_of("title").map(|title| html::title(&title)).unwrap_or_default();
    let home = item::page(channel).map(|home| item::resolve(&home, base));
    let from_home = home.as_deref().and_then(|home| Url::parse(home).ok());
    let base = from_home.as_ref().or(base);
    let base = item::base_of(root, base);
    let base = item::base_of(channel, base.as_ref());
    let mut found = Vec::new();
    match root.name.as_str() {
        "entry" => found.push(root),
        _ => collect(root, 0, &mut found),
    }
    let author = item::author(channel).filter(|_| root.name == "feed");
    let mut items = Vec::new();
    for element in found {
        if element.open {
            // It would be stored with half its text.
            batch.skipped.push(format!("item {}: cut off", items.len() + 1));
            continue;
        }
        let mut item = item::read(element, base.as_ref());
        item.author = item.author.or_else(|| author.clone());
        items.push(item);
    }
    (name, home, items)
}

/// The items, wherever a version of RSS puts them.
fn collect<'a>(element: &'a Element, depth: usize, found: &mut Vec<&'a Element>) {
    for child in element.children() {
        if matches!(child.name.as_str(), "item" | "entry") {
            found.push(child);
        } else if depth < 3 {
            collect(child, depth + 1, found);
        }
    }
}

/// Gives the items their ids and keeps the last of each.
fn keep(batch: &mut Batch, feed: &str, home: Option<&str>, items: Vec<Item>) {
    let mut titles_of: HashMap<&str, &str> = HashMap::new();
    let mut shared: Vec<String> = Vec::new();
    for item in items.iter().filter(|item| item.guid.is_none()) {
        let Some(link) = &item.link else { continue };
        if *titles_of.entry(link).or_insert(&item.title) != item.title {
            shared.push(link.clone());
        }
    }
    let mut place_of: HashMap<String, usize> = HashMap::new();
    let mut messages: Vec<Message> = Vec::new();
    for (at, item) in items.into_iter().enumerate() {
        let id = id(&item, home, &shared);
        let place = format!("item {} (`{}`)", at + 1, id);
        if item.title.is_empty() && item.text.is_empty() && item.link.is_none() {
            batch.skipped.push(format!("{place}: neither title, text nor link"));
            continue;
        }
        let author = item.author.unwrap_or_else(|| feed.to_owned());
        let message = Message {
            thread_id: id.clone(),
            native_id: id,
            known_as: None,
            author_key: author.to_lowercase(),
            author,
            subject: item.title,
            body: item.text,
            url: item.link,
            sent_at: item.sent_at,
        };
        match message.storable() {
            Ok(message) => match place_of.get(&message.native_id) {
                Some(&place) => messages[place] = message,
                None => {
                    place_of.insert(message.native_id.clone(), messages.len());
                    messages.push(message);
                }
            },
            Err(why) => batch.skipped.push(format!("{place}: {why}")),
        }
    }
    batch.messages = messages;
}

/// The item's own id, else its page if no other has it, else what it says.
fn id(item: &Item, home: Option<&str>, shared: &[String]) -> String {
    if let Some(guid) = &item.guid {
        return guid.clone();
    }
    let page = item.link.as_ref().filter(|link| home != Some(link) && !shared.contains(link));
    if let Some(link) = page {
        return link.clone();
    }
    let date = item.sent_at.map(|at| at.to_rfc3339()).unwrap_or_default();
    let said = [item.link.as_deref().unwrap_or_default(), &item.title, &date, &item.text];
    let hash = Uuid::new_v5(&Uuid::NAMESPACE_OID, said.join("\n").as_bytes());
    format!("hash:{}", hash.simple())
}

/// The text, by HTTP's charset and the XML declaration's.
fn decode(bytes: &[u8], charset: Option<&str>) -> String {
    // Two-byte charsets without a byte order mark: every other byte of the first tag is zero.
    let wide = match bytes.get(..4) {
        Some([0, b'<', 0, _]) => Some("utf-16be"),
        Some([b'<', 0, _, 0]) => Some("utf-16le"),
        _ => None,
    };
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(4096)]).into_owned();
    let declared = start.split_once("<?xml").and_then(|(_, rest)| {
        let (declaration, _) = rest.split_once("?>")?;
        let (_, value) = declaration.split_once("encoding")?;
        let value = value.trim_start().strip_prefix('=')?.trim_start();
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        Some(value[1..].split(quote).next()?.to_owned())
    });
    // A file that can be read as far as its declaration is not in two bytes a letter.
    let declared = declared.filter(|name| !name.to_ascii_lowercase().starts_with("utf-16"));
    charset::decode(bytes, &[wide, charset, declared.as_deref()])
}
