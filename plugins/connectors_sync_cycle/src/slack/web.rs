//! Slack's Web API: `users.list`, `conversations.list`, `conversations.history` and
//! `conversations.replies`.
//!
//! History comes newest first. A channel is read back in pages from its newest message to where the
//! last reading began; each page is stored as it comes, so that a reading that is cut short goes on
//! below its last page. The last day is read again each time, for what was edited or answered since.

use std::{collections::BTreeMap, time::Duration};

use cascade_sdk::{Context, HttpRequest};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{channels::Channel, people::People, reading::Reading};
use crate::{
    fault::{Fault, Pause},
    feed::retry_after,
    message::Batch,
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
        url: Option<&str>,
        variable: &str,
        position: &Value,
    ) -> Result<Self, Fault> {
        let token = ctx.secret(variable).map_err(Fault::passing)?;
        let mut web = Self {
            url: url.unwrap_or(API).trim_end_matches('/').to_owned(),
            token,
            people: People::default(),
            channels: Vec::new(),
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
            return Ok((!batch.notes.is_empty()).then_some(batch));
        };
        let mut place = self.position.channels.get(&channel.id).cloned().unwrap_or_default();
        let oldest = place.done.as_deref().map_or_else(|| "0".to_owned(), a_day_before);
        let mut query =
            vec![("channel", channel.id.as_str()), ("limit", PAGE), ("oldest", &oldest)];
        let below = place.under_way.clone();
        if let Some((_, below)) = &below {
            query.push(("latest", below));
        }
        let answer = match self.call(ctx, "conversations.history", &query).await {
            Ok(answer) => answer,
            Err(Refused::Channel(why)) => {
                batch.skipped.push(format!("{}: {why}", channel.title));
                self.channels.pop();
                return Ok(Some(batch));
            }
            Err(Refused::Source(fault)) => return Err(fault),
        };
        let mut entries = answer["messages"].as_array().cloned().unwrap_or_default();
        let times = || entries.iter().filter_map(|entry| entry["ts"].as_str());
        let newest = times().max_by(|a, b| by_time(a, b)).map(ToOwned::to_owned);
        let eldest = times().min_by(|a, b| by_time(a, b)).map(ToOwned::to_owned);
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
        match (answer["has_more"] == Value::Bool(true), began, eldest) {
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

/// Order of two times, which are too precise for a float.
fn by_time(a: &str, b: &str) -> std::cmp::Ordering {
    let parts = |ts: &str| -> (u64, String) {
        let (seconds, fraction) = ts.split_once('.').unwrap_or((ts, ""));
        (seconds.parse().unwrap_or_default(), fraction.to_owned())
    };
    parts(a).cmp(&parts(b))
}
