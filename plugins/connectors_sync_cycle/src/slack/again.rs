//! Older history, read again bit by bit.
//!
//! Slack lists an answer under its thread alone, and a thread under the time of its first message: an
//! answer to a message of last week shows in that message's `latest_reply` and `reply_count`, and in
//! nothing that is new. So the channels are walked from newest to oldest, a few requests at each sync,
//! and again from the start after the end. The last weeks have a walk for themselves, as answers to them
//! are more likely than to what is older.

use std::{
    cmp::Ordering,
    collections::{HashMap, VecDeque},
};

use cascade_sdk::{Context, sql};
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::channels::Channel;
use crate::fault::Fault;

/// Requests of a walk in one sync, save those that its last page takes more: one for each thread.
const REQUESTS: usize = 50;
/// What is older has the second walk.
const RECENT: TimeDelta = TimeDelta::days(30);

/// The part of a channel's history that a walk goes over.
#[derive(Debug, Clone, Copy)]
pub enum Part {
    /// The last weeks, without the last day.
    Recent,
    /// All that is older.
    Old,
}

/// Where a walk goes on.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub struct Stand {
    /// With this channel; the first where there is none of that id.
    channel: String,
    /// Below this time.
    below: Option<String>,
}

/// A walk during one sync.
pub struct Walk {
    pub part: Part,
    /// What is still to be read, with the time to go on below.
    left: VecDeque<(Channel, Option<String>)>,
    requests: usize,
}

/// A page to ask for.
pub struct Page {
    pub channel: Channel,
    pub oldest: String,
    pub latest: String,
}

impl Walk {
    /// Over channels, beginning where the last sync ended.
    pub fn new(part: Part, channels: &[Channel], stand: &Stand) -> Self {
        let mut sorted = channels.to_vec();
        sorted.sort_by(|a, b| a.id.cmp(&b.id));
        let start = sorted.partition_point(|channel| channel.id < stand.channel);
        // Past the last one it begins with the first.
        if start < sorted.len() {
            sorted.rotate_left(start);
        }
        let mut left: VecDeque<_> = sorted.into_iter().map(|channel| (channel, None)).collect();
        if let Some((first, below)) = left.front_mut()
            && first.id == stand.channel
            && stand.below.is_some()
        {
            below.clone_from(&stand.below);
            // What is above is read after all others.
            let first = first.clone();
            left.push_back((first, None));
        }
        Self { part, left, requests: 0 }
    }

    /// The next page; `None` when all is read, or enough for this time. `done` is the time up to which
    /// a channel was read before this sync.
    pub fn next(&mut self, ctx: &Context, done: impl Fn(&str) -> Option<String>) -> Option<Page> {
        if self.requests >= REQUESTS {
            return None;
        }
        let parts_at = seconds(ctx, RECENT);
        while let Some((channel, below)) = self.left.pop_front() {
            let Some(newest) = done(&channel.id) else { continue };
            let (top, oldest) = match self.part {
                Part::Recent => (newest, parts_at.clone()),
                Part::Old => (least(newest, parts_at.clone()), "0".to_owned()),
            };
            let latest = below.map_or(top.clone(), |below| least(below, top));
            if by_time(&latest, &oldest).is_gt() {
                return Some(Page { channel, oldest, latest });
            }
        }
        None
    }

    /// Takes note of a page that was read: `eldest` is the time of its last message when there are more.
    /// Returns where to go on.
    pub fn after(&mut self, page: Page, eldest: Option<String>, requests: usize) -> Stand {
        self.requests += requests;
        if eldest.is_some() {
            self.left.push_front((page.channel, eldest));
        }
        let next = self.left.front().cloned();
        next.map_or_else(Stand::default, |(channel, below)| Stand { channel: channel.id, below })
    }
}

/// Those of a page's messages whose thread has answers that are not stored.
pub async fn answered_since<'a>(
    ctx: &Context,
    source: &str,
    channel: &Channel,
    entries: &'a [Value],
) -> Result<Vec<&'a Value>, Fault> {
    #[derive(Deserialize)]
    struct Stored {
        thread_id: String,
        n: u64,
        newest: String,
    }
    let has_answers = |entry: &&Value| entry["reply_count"].as_u64().is_some_and(|n| n > 0);
    let id = |ts: &Value| ts.as_str().map(|ts| format!("{}/{ts}", channel.id));
    let threads: HashMap<String, &Value> =
        entries.iter().filter(has_answers).filter_map(|e| Some((id(&e["ts"])?, e))).collect();
    if threads.is_empty() {
        return Ok(Vec::new());
    }
    let places: Vec<_> = (0..threads.len()).map(|at| format!("${}", at + 3)).collect();
    let query = sql(format!(
        "SELECT thread_id, count(*) AS n, max(native_id) AS newest FROM messages \
         WHERE project_id = $1 AND source = $2 AND thread_id IN ({}) AND native_id <> thread_id \
         GROUP BY thread_id",
        places.join(", ")
    ));
    let query = query.bind(ctx.project_id()).bind(source);
    let query = threads.keys().fold(query, |query, id| query.bind(id));
    let stored: Vec<Stored> = ctx.db().fetch_all(query).await.map_err(Fault::passing)?;
    let stored: HashMap<_, _> =
        stored.into_iter().map(|one| (one.thread_id.clone(), one)).collect();
    let misses = |(thread, entry): &(String, &Value)| match stored.get(thread) {
        None => true,
        Some(known) => {
            let latest = id(&entry["latest_reply"]);
            latest.is_some_and(|latest| latest > known.newest)
                || entry["reply_count"].as_u64().is_some_and(|count| count > known.n)
        }
    };
    Ok(threads.into_iter().filter(misses).map(|(_, entry)| entry).collect())
}

/// The time so long ago, as Slack writes it.
pub fn seconds(ctx: &Context, ago: TimeDelta) -> String {
    format!("{}.000000", (ctx.now() - ago).timestamp().max(0))
}

fn least(a: String, b: String) -> String {
    if by_time(&a, &b).is_le() { a } else { b }
}

/// Order of two times, which are too precise for a float.
pub fn by_time(a: &str, b: &str) -> Ordering {
    let parts = |ts: &str| -> (u64, String) {
        let (seconds, fraction) = ts.split_once('.').unwrap_or((ts, ""));
        (seconds.parse().unwrap_or_default(), fraction.to_owned())
    };
    parts(a).cmp(&parts(b))
}
