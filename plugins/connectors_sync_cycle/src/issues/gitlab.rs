//! GitLab's REST API: `issues` of a project and the `notes` of those that changed.

use std::collections::VecDeque;

use cascade_sdk::Context;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::{
    api::{Api, follow},
    text::Entry,
};
use crate::{fault::Fault, message::Batch, params::Source};

const API: &str = "https://gitlab.com/api/v4";
const ACCEPT: &str = "application/json";
/// Items of a page: texts may have 1 MiB, and an answer 16 MiB.
const PAGE: &str = "20";

#[derive(Debug, Default, Clone, Serialize, Deserialize)]
struct Position {
    place: String,
    /// The time of the last change of an issue that was read, notes and all.
    at: Option<String>,
    /// What `at` was when the list was last read to its end: notes from before are known.
    done: Option<String>,
}

/// A reader of one project.
pub struct GitLab {
    api: Api,
    project: String,
    position: Position,
    /// The list's next page.
    list: Option<Url>,
    /// Issues of a page that are to be read.
    issues: VecDeque<Value>,
    /// The next page of the notes of the first of them.
    notes: Option<Url>,
    limited: Option<Fault>,
}

impl GitLab {
    /// Goes on at `position`.
    ///
    /// # Errors
    /// When jobs.toml does not name a project, or a token that can be had.
    pub fn open(ctx: &Context, source: &Source, position: &Value) -> Result<Self, Fault> {
        let project =
            source.repository.clone().filter(|text| !text.is_empty()).ok_or_else(|| {
                Fault::lasting(format!(
                    "source {} needs `repository = \"GROUP/PROJECT\"`",
                    source.name
                ))
            })?;
        let api = Api::of(ctx, source, API, ACCEPT)?;
        let place = api.place(&project);
        let kept = Position::deserialize(position).ok().filter(|kept| kept.place == place);
        let position = kept.unwrap_or(Position { place, ..Default::default() });
        let list = Some(from(&api, &project, position.at.as_deref()));
        let (issues, notes, limited) = Default::default();
        Ok(Self { api, project, position, list, issues, notes, limited })
    }

    /// The next page of issues or notes; `None` after the last.
    ///
    /// # Errors
    /// When the server does not answer, refuses, or limits the rate.
    pub async fn next_batch(&mut self, ctx: &Context) -> Result<Option<Batch>, Fault> {
        if self.issues.is_empty() && self.list.is_none() {
            return Ok(None);
        }
        if let Some(limited) = self.limited.take() {
            return Err(limited);
        }
        let mut batch = Batch::default();
        if let Some(url) = self.notes.take() {
            self.read_notes(ctx, &url, &mut batch).await?;
        } else if self.issues.is_empty()
            && let Some(url) = self.list.take()
        {
            let page = self.api.page(ctx, &url).await?;
            let mut since = self.position.at.clone();
            let again = |since: &str| from(&self.api, &self.project, Some(since));
            self.list = follow(&page, &mut since, again);
            self.limited = page.limited;
            self.issues.extend(page.items);
        }
        self.read_issues(&mut batch);
        if self.issues.is_empty() && self.list.is_none() {
            self.position.done.clone_from(&self.position.at);
        }
        batch.position = Some(serde_json::to_value(&self.position).map_err(Fault::passing)?);
        Ok(Some(batch))
    }

    /// Keeps issues up to the next that has notes to be asked for.
    fn read_issues(&mut self, batch: &mut Batch) {
        while self.notes.is_none()
            && let Some(issue) = self.issues.front()
        {
            let Some(number) = issue["iid"].as_u64() else {
                batch.skipped.push(format!("an issue of {} without a number", self.project));
                self.leave_issue();
                continue;
            };
            let title = issue["title"].as_str().unwrap_or_default();
            let url = issue["web_url"].as_str().map(ToOwned::to_owned);
            let body = &issue["description"];
            match entry(&self.project, issue, number, None, title, body, url).message() {
                Ok(message) => batch.messages.push(message),
                Err(why) => batch.skipped.push(format!("{}#{number}: {why}", self.project)),
            }
            if issue["user_notes_count"].as_u64() == Some(0) {
                self.leave_issue();
                continue;
            }
            let text = number.to_string();
            let parts = ["projects", &self.project, "issues", &text, "notes"];
            let query = [("order_by", "updated_at"), ("sort", "desc"), ("per_page", PAGE)];
            self.notes = Some(self.api.at(&parts, &query));
        }
    }

    /// One page of notes, newest first, as far as they are not known.
    async fn read_notes(
        &mut self,
        ctx: &Context,
        url: &Url,
        batch: &mut Batch,
    ) -> Result<(), Fault> {
        let Some(issue) = self.issues.front() else { return Ok(()) };
        let number = issue["iid"].as_u64().unwrap_or_default();
        let title = issue["title"].as_str().unwrap_or_default();
        let page = self.api.page(ctx, url).await?;
        let done = self.position.done.as_deref();
        let mut all_new = true;
        for note in &page.items {
            all_new &= done.is_none_or(|done| note["updated_at"].as_str() >= Some(done));
            // What GitLab itself notes: a label was added, and the like.
            if note["system"] == Value::Bool(true) {
                continue;
            }
            let Some(id) = note["id"].as_u64() else {
                batch.skipped.push(format!("a note of {}#{number} without an id", self.project));
                continue;
            };
            let place = issue["web_url"].as_str();
            let place = place.map(|place| format!("{place}#note_{id}"));
            match entry(&self.project, note, number, Some(id), title, &note["body"], place)
                .message()
            {
                Ok(message) => batch.messages.push(message),
                Err(why) => batch.skipped.push(format!("{}#{number}: {why}", self.project)),
            }
        }
        self.limited = page.limited;
        match page.next {
            Some(next) if all_new => self.notes = Some(next),
            _ => self.leave_issue(),
        }
        Ok(())
    }

    /// The first issue is read with all its notes.
    fn leave_issue(&mut self) {
        let Some(issue) = self.issues.pop_front() else { return };
        let at = issue["updated_at"].as_str().map(ToOwned::to_owned);
        if at > self.position.at {
            self.position.at = at;
        }
    }
}

/// The first page of the issues that changed at a time or after.
fn from(api: &Api, project: &str, since: Option<&str>) -> Url {
    let mut query = vec![
        ("scope", "all"),
        ("state", "all"),
        ("order_by", "updated_at"),
        ("sort", "asc"),
        ("per_page", PAGE),
    ];
    query.extend(since.map(|since| ("updated_after", since)));
    api.at(&["projects", project, "issues"], &query)
}

fn entry<'a>(
    repository: &'a str,
    item: &'a Value,
    number: u64,
    comment: Option<u64>,
    title: &'a str,
    body: &'a Value,
    url: Option<String>,
) -> Entry<'a> {
    let author = (&item["author"]["name"], &item["author"]["id"]);
    let created_at = &item["created_at"];
    Entry { repository, number, comment, title, body, author, url, created_at }
}
