//! Slack's Web API: `users.list`, `conversations.list`, `conversations.history` and
//! `conversations.replies`.
//!
//! History comes newest first. A channel is read back in pages from its newest message to where the
//! last reading began; each page is stored as it comes, so that a reading that is cut short goes on
//! below its last page. The last day is read again each time, for what was edited or answered since;
//! what is older bit by bit ([`again`](super::again)).

use std::{collections::BTreeMap, time::Duration};

use cascade_sdk::{Context, HttpRequest};
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    again::{Page, Part, Stand, Walk, answered_since, by_time, seconds},
    channels::Channel,
    people::People,
    reading::Reading,
};
use crate::{
    fault::{Fault, Pause},
    feed::retry_after,
    message::Batch,
    params::Source,
};

const API: &str = "https://slack.com/api";
/// Items of a page; Slack recommends no more.
const PAGE: &str = "200";
/// Pages of a list that are read: 200,000 people or channels.
const MOST_PAGES: usize = 1_000;
/// Seconds that are read again each time.
const AGAIN: i64 = 24 * 60 * 60;
/// When Slack limits the rate and does not say for how long.
const RATE_PAUSE: Duration = Duration::from_secs(60);

/// How far each channel was read, by its id.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Position {
    channels: BTreeMap<String, Place>,
    /// Where the second readings go on: of the last weeks, and of what is older.
    #[serde(default)]
    recent: Stand,
    #[serde(default)]
    old: Stand,
}

/// Times are Slack's: seconds, a dot, and six digits.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
struct Place {
    /// All up to here is stored.
    done: Option<String>,
    /// Where a reading under way began, and how far back it has come.
    under_way: Option<(String, String)>,
}

/// A reader of one workspace.
pub struct SlackWeb {
    url: String,
    token: String,
    people: People,
    /// What is still to be read, the next one last.
    channels: Vec<Channel>,
    /// What is then read again, the next one last.
    walks: Vec<Walk>,
    /// How far channels were read before this sync.
    done_before: BTreeMap<String, String>,
    /// The source's name.
    source: String,
    position: Position,
    notes: Vec<String>,
}

impl SlackWeb {
    /// Fetches the lists of people and channels.
    ///
    /// # Errors
    /// When there is no token, or Slack does not take it.
    pub async fn open(
        ctx: &Context,
        source: &Source,
        variable: &str,
        position: &Value,
    ) -> Result<Self, Fault> {
        let token = ctx.secret(variable).map_err(Fault::passing)?;
        let mut web = Self {
            url: source.url.as_deref().unwrap_or(API).trim_end_matches('/').to_owned(),
            token,
            people: People::default(),
            channels: Vec::new(),
            walks: Vec::new(),
            done_before: BTreeMap::new(),
            source: source.name.clone(),
            position: Position::deserialize(position).unwrap_or_default(),
            notes: Vec::new(),
        };
        let users = web.list(ctx, "users.list", "members", &[]).await?;
        let kinds = [("types", "public_channel,private_channel"), ("exclude_archived", "false")];
        let listed = web.list(ctx, "conversations.list", "channels", &kinds).await?;
        web.people = People::of(&users, &listed);
        for channel in &listed {
            let Some(id) = channel["id"].as_str() else { continue };
            // The token's app sees the history of the channels that it was invited to.
            if channel["is_member"] == Value::Bool(false) {
                continue;
            }
            let name = channel["name"].as_str().map(ToOwned::to_owned);
            let title = format!("#{}", name.as_deref().unwrap_or(id));
            web.channels.push(Channel { id: id.to_owned(), name, title, folder: None });
        }
        if web.channels.is_empty() {
            web.notes.push("the app is in no channel; invite it to those to be read".to_owned());
        }
        for (id, place) in &web.position.channels {
            if let (Some(done), None) = (&place.done, &place.under_way) {
                web.done_before.insert(id.clone(), a_day_before(done));
            }
        }
        let walk = |part, stand: &Stand| Walk::new(part, &web.channels, stand);
        web.walks =
            vec![walk(Part::Old, &web.position.old), walk(Part::Recent, &web.position.recent)];
        web.channels.reverse();
        Ok(web)
    }

    /// The next page of a channel's history; `None` after the last.
    ///
    /// # Errors
    /// When Slack does not answer, or limits the rate.
    pub async fn next_batch(&mut self, ctx: &Context) -> Result<Option<Batch>, Fault> {
        let mut batch = Batch { notes: std::mem::take(&mut self.notes), ..Default::default() };
        let Some(channel) = self.channels.last().cloned() else {
            let again = self.read_again(ctx, &mut batch).await?;
            return Ok((again || !batch.notes.is_empty()).then_some(batch));
        };
        let mut place = self.position.channels.get(&channel.id).cloned().unwrap_or_default();
        let oldest = place.done.as_deref().map_or_else(|| "0".to_owned(), a_day_before);
        let below = place.under_way.clone();
        // Without an upper end Slack gives those next to the lower one.
        let latest = match &below {
            Some((_, below)) => below.clone(),
            None => seconds(ctx, TimeDelta::days(-1)),
        };
        let answer = match self.history(ctx, &channel, &oldest, &latest).await {
            Ok(answer) => answer,
            Err(Refused::Channel(why)) => {
                batch.skipped.push(format!("{}: {why}", channel.title));
                self.channels.pop();
                return Ok(Some(batch));
            }
            Err(Refused::Source(fault)) => return Err(fault),
        };
        let (mut entries, more) = answer;
        let newest = times(&entries).max_by(|a, b| by_time(a, b)).map(ToOwned::to_owned);
        let eldest = eldest(&entries);
        let began = below.map(|(began, _)| began).or(newest);
        for parent in entries.clone() {
            if parent["reply_count"].as_u64().is_some_and(|count| count > 0) {
                entries.extend(self.replies(ctx, &channel.id, &parent, &oldest).await?);
            }
        }
        let people = &mut self.people;
        Reading { channel: &channel, people, by_name: false }.entries(
            &entries,
            &channel.title,
            &mut batch,
        );
        match (more, began, eldest) {
            (true, Some(began), Some(eldest)) => place.under_way = Some((began, eldest)),
            (_, began, _) => {
                place.done = began.or(place.done);
                place.under_way = None;
                self.channels.pop();
            }
        }
        self.position.channels.insert(channel.id, place);
        batch.position = Some(serde_json::to_value(&self.position).map_err(Fault::passing)?);
        Ok(Some(batch))
    }

    /// A page of what was read before; returns whether there was one to read.
    async fn read_again(&mut self, ctx: &Context, batch: &mut Batch) -> Result<bool, Fault> {
        while let Some(walk) = self.walks.last_mut() {
            let part = walk.part;
            let done = |id: &str| self.done_before.get(id).cloned();
            let Some(page) = walk.next(ctx, done) else {
                self.walks.pop();
                continue;
            };
            let Page { channel, oldest, latest } = &page;
            let (entries, more) = match self.history(ctx, channel, oldest, latest).await {
                Ok(answer) => answer,
                // That was told when its newest page was asked for.
                Err(Refused::Channel(_)) => (Vec::new(), false),
                Err(Refused::Source(fault)) => return Err(fault),
            };
            let answered = answered_since(ctx, &self.source, channel, &entries).await?;
            let requests = 1 + answered.len();
            let mut all = entries.clone();
            for parent in answered {
                all.extend(self.replies(ctx, &channel.id, parent, "0").await?);
            }
            let people = &mut self.people;
            let mut read = Batch::default();
            let title = &channel.title;
            Reading { channel, people, by_name: false }.entries(&all, title, &mut read);
            // What is malformed was told when it was read first.
            batch.messages = read.messages;
            let eldest = if more { eldest(&entries) } else { None };
            let Some(walk) = self.walks.last_mut() else { break };
            let stand = walk.after(page, eldest, requests);
            match part {
                Part::Recent => self.position.recent = stand,
                Part::Old => self.position.old = stand,
            }
            batch.position = Some(serde_json::to_value(&self.position).map_err(Fault::passing)?);
            return Ok(true);
        }
        Ok(false)
    }

    /// A page of a channel's messages between two times, next to the later one; and whether there are
    /// more.
    async fn history(
        &self,
        ctx: &Context,
        channel: &Channel,
        oldest: &str,
        latest: &str,
    ) -> Result<(Vec<Value>, bool), Refused> {
        let query =
            [("channel", &*channel.id), ("limit", PAGE), ("oldest", oldest), ("latest", latest)];
        let mut answer = self.call(ctx, "conversations.history", &query).await?;
        let more = answer["has_more"] == Value::Bool(true);
        let entries = match answer["messages"].take() {
            Value::Array(entries) => entries,
            _ => Vec::new(),
        };
        Ok((entries, more))
    }

    /// The answers to a message, without itself.
    async fn replies(
        &self,
        ctx: &Context,
        channel: &str,
        parent: &Value,
        oldest: &str,
    ) -> Result<Vec<Value>, Fault> {
        let Some(ts) = parent["ts"].as_str() else { return Ok(Vec::new()) };
        let query = [("channel", channel), ("ts", ts), ("oldest", oldest)];
        let mut replies = self.list(ctx, "conversations.replies", "messages", &query).await?;
        replies.retain(|reply| reply["ts"].as_str() != Some(ts));
        Ok(replies)
    }

    /// All pages of a list.
    async fn list(
        &self,
        ctx: &Context,
        method: &str,
        field: &str,
        query: &[(&str, &str)],
    ) -> Result<Vec<Value>, Fault> {
        let mut all = Vec::new();
        let mut cursor = String::new();
        for _ in 0..MOST_PAGES {
            let mut query = query.to_vec();
            query.push(("limit", PAGE));
            if !cursor.is_empty() {
                query.push(("cursor", &cursor));
            }
            let mut answer = self.call(ctx, method, &query).await.map_err(|why| match why {
                Refused::Channel(why) => Fault::passing(why),
                Refused::Source(fault) => fault,
            })?;
            if let Value::Array(items) = answer[field].take() {
                all.extend(items);
            }
            answer["response_metadata"]["next_cursor"]
                .as_str()
                .unwrap_or_default()
                .clone_into(&mut cursor);
            if cursor.is_empty() {
                break;
            }
        }
        Ok(all)
    }

    async fn call(
        &self,
        ctx: &Context,
        method: &str,
        query: &[(&str, &str)],
    ) -> Result<Value, Refused> {
        let passing = |why: String| Refused::Source(Fault::passing(why));
        let mut url = url::Url::parse(&format!("{}/{method}", self.url))
            .map_err(|error| Refused::Source(Fault::lasting(format!("{}: {error}", self.url))))?;
        url.query_pairs_mut().extend_pairs(query);
        let request =
            HttpRequest::get(url).header("authorization", format!("Bearer {}", self.token));
        let answer = ctx.http().send(request).await.map_err(|error| passing(error.to_string()))?;
        if answer.status == 429 {
            let after = answer.header("retry-after").and_then(|v| retry_after(v, ctx.now()));
            let pause = Pause::Asked(after.unwrap_or(RATE_PAUSE));
            let reason = format!("{method}: Slack limits the rate");
            return Err(Refused::Source(Fault { reason, pause }));
        }
        if answer.status != 200 {
            return Err(passing(format!("{method} answered {}", answer.status)));
        }
        let value: Value = answer.json().map_err(|error| passing(format!("{method}: {error}")))?;
        if value["ok"] == Value::Bool(true) {
            return Ok(value);
        }
        let error = value["error"].as_str().unwrap_or("no `ok` in the answer");
        let why = format!("{method}: {error}");
        Err(match error {
            "not_in_channel" | "channel_not_found" | "thread_not_found" => Refused::Channel(why),
            "ratelimited" => {
                Refused::Source(Fault { reason: why, pause: Pause::Asked(RATE_PAUSE) })
            }
            "internal_error" | "fatal_error" | "service_unavailable" | "request_timeout" => {
                passing(why)
            }
            // A token that is revoked or lacks a scope does not get better by asking.
            _ => Refused::Source(Fault::lasting(why)),
        })
    }
}

/// Why a call gave nothing.
enum Refused {
    /// For this channel alone.
    Channel(String),
    /// For the source.
    Source(Fault),
}

/// The time from which a channel is read again.
fn a_day_before(ts: &str) -> String {
    let (seconds, fraction) = ts.split_once('.').unwrap_or((ts, "000000"));
    let seconds = seconds.parse::<i64>().unwrap_or_default();
    format!("{}.{fraction}", (seconds - AGAIN).max(0))
}

fn times(entries: &[Value]) -> impl Iterator<Item = &str> {
    entries.iter().filter_map(|entry| entry["ts"].as_str())
}

fn eldest(entries: &[Value]) -> Option<String> {
    times(entries).min_by(|a, b| by_time(a, b)).map(ToOwned::to_owned)
}
