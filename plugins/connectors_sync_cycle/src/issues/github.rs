//! GitHub's REST API: `issues` and `issues/comments` of a repository, pull requests among them.

use std::collections::{HashMap, VecDeque};

use cascade_sdk::Context;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::{
    api::{Api, follow},
    text::Entry,
};
use crate::{fault::Fault, message::Batch, params::Source};

const API: &str = "https://api.github.com";
const ACCEPT: &str = "application/vnd.github+json";
/// Items of a page: a text has up to 256 KiB, and an answer may have 16 MiB.
const PAGE: &str = "50";

/// The time of the last change that was read, by list.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Position {
    place: String,
    issues: Option<String>,
    comments: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum List {
    Issues,
    Comments,
}

/// A reader of one repository.
pub struct GitHub {
    api: Api,
    repository: String,
    position: Position,
    /// What is still to be asked for: a list's page.
    waiting: VecDeque<(List, Url)>,
    /// Titles of issues by number, for the comments.
    titles: HashMap<u64, String>,
    /// A limit that was reached with the last page.
    limited: Option<Fault>,
}

impl GitHub {
    /// Goes on at `position`.
    ///
    /// # Errors
    /// When jobs.toml does not name a repository, or a token that can be had.
    pub fn open(ctx: &Context, source: &Source, position: &Value) -> Result<Self, Fault> {
        let named = source.repository.as_deref().and_then(|text| text.split_once('/'));
        let named = named.filter(|(owner, name)| !owner.is_empty() && !name.is_empty());
        let (owner, name) = named.filter(|(_, name)| !name.contains('/')).ok_or_else(|| {
            Fault::lasting(format!("source {} needs `repository = \"OWNER/NAME\"`", source.name))
        })?;
        let api = Api::of(ctx, source, API, ACCEPT)?;
        let repository = format!("{owner}/{name}");
        let place = api.place(&repository);
        let kept = Position::deserialize(position).ok().filter(|kept| kept.place == place);
        let mut github = Self {
            api,
            repository,
            position: kept.unwrap_or(Position { place, ..Default::default() }),
            waiting: VecDeque::new(),
            titles: HashMap::new(),
            limited: None,
        };
        for list in [List::Issues, List::Comments] {
            let since = github.since(list).clone();
            github.waiting.push_back((list, github.from(list, since.as_deref())));
        }
        Ok(github)
    }

    /// The next page; `None` after the last.
    ///
    /// # Errors
    /// When the server does not answer, refuses, or limits the rate.
    pub async fn next_batch(&mut self, ctx: &Context) -> Result<Option<Batch>, Fault> {
        let Some((list, url)) = self.waiting.pop_front() else { return Ok(None) };
        if let Some(limited) = self.limited.take() {
            return Err(limited);
        }
        let page = self.api.page(ctx, &url).await?;
        let mut batch = Batch::default();
        for (at, item) in page.items.iter().enumerate() {
            let kept = match list {
                List::Issues => self.issue(item),
                List::Comments => self.comment(ctx, item).await?,
            };
            match kept {
                Ok(message) => batch.messages.push(message),
                Err(why) => batch.skipped.push(format!("{}, item {}: {why}", url.path(), at + 1)),
            }
        }
        let mut since = self.since(list).clone();
        let next = follow(&page, &mut since, |since| self.from(list, Some(since)));
        *self.since(list) = since;
        self.waiting.extend(next.map(|next| (list, next)));
        // Issues first: comments take their titles from them.
        self.waiting.make_contiguous().sort_by_key(|(list, _)| *list == List::Comments);
        self.limited = page.limited;
        batch.position = Some(serde_json::to_value(&self.position).map_err(Fault::passing)?);
        Ok(Some(batch))
    }

    fn since(&mut self, list: List) -> &mut Option<String> {
        match list {
            List::Issues => &mut self.position.issues,
            List::Comments => &mut self.position.comments,
        }
    }

    /// The first page of what changed at a time or after.
    fn from(&self, list: List, since: Option<&str>) -> Url {
        let mut query = vec![("sort", "updated"), ("direction", "asc"), ("per_page", PAGE)];
        let mut parts = vec!["repos"];
        parts.extend(self.repository.split('/'));
        parts.push("issues");
        match list {
            List::Issues => query.push(("state", "all")),
            List::Comments => parts.push("comments"),
        }
        query.extend(since.map(|since| ("since", since)));
        self.api.at(&parts, &query)
    }

    fn issue(&mut self, item: &Value) -> Result<crate::message::Message, &'static str> {
        let number = item["number"].as_u64().ok_or("no number")?;
        let title = item["title"].as_str().unwrap_or_default();
        self.titles.insert(number, title.to_owned());
        entry(&self.repository, item, number, None, title).message()
    }

    async fn comment(
        &mut self,
        ctx: &Context,
        item: &Value,
    ) -> Result<Result<crate::message::Message, &'static str>, Fault> {
        let number =
            item["issue_url"].as_str().and_then(|url| url.rsplit('/').next()?.parse().ok());
        let Some(number) = number else { return Ok(Err("no issue")) };
        let Some(id) = item["id"].as_u64() else { return Ok(Err("no id")) };
        if !self.titles.contains_key(&number) {
            // An edit of a comment does not bring its issue.
            let text = number.to_string();
            let mut parts = vec!["repos"];
            parts.extend(self.repository.split('/'));
            parts.extend(["issues", &text]);
            let url = self.api.at(&parts, &[]);
            let issue = self.api.object(ctx, &url).await?.unwrap_or_default();
            let title = issue["title"].as_str().unwrap_or_default();
            self.titles.insert(number, title.to_owned());
        }
        Ok(entry(&self.repository, item, number, Some(id), &self.titles[&number]).message())
    }
}

fn entry<'a>(
    repository: &'a str,
    item: &'a Value,
    number: u64,
    comment: Option<u64>,
    title: &'a str,
) -> Entry<'a> {
    Entry {
        repository,
        number,
        comment,
        title,
        body: &item["body"],
        author: (&item["user"]["login"], &item["user"]["id"]),
        url: item["html_url"].as_str().map(ToOwned::to_owned),
        created_at: &item["created_at"],
    }
}
