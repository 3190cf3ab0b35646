use std::collections::HashMap;

use cascade_sdk::{Page, Query, Statement, TypedJob, View, ViewContext, ViewError, sql};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    EmbeddingsRun, Params, search,
    signals::{MessageSignal, of_messages, places},
};

/// The view.
pub struct Messages;

/// Which messages.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MessageFilter {
    /// Words to look for; orders by similarity in place of time.
    pub search: Option<String>,
    /// `mail`, `slack`, `issue` or `feed`.
    pub source_kind: Option<String>,
    /// Only messages with an open signal of this kind.
    pub signal: Option<String>,
    /// `en`, `ru` or `other`.
    pub lang: Option<String>,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct MessageRow {
    /// Id.
    pub id: String,
    /// Its project.
    pub project_id: String,
    /// Name of the source in jobs.toml.
    pub source: String,
    /// `mail`, `slack`, `issue` or `feed`.
    pub source_kind: String,
    /// Who wrote it.
    pub author: String,
    /// Subject, title or channel.
    pub subject: String,
    /// Plain text.
    pub body: String,
    /// Where it can be read in place.
    pub url: Option<String>,
    /// `en`, `ru` or `other`.
    pub lang: String,
    /// When it was sent.
    pub sent_at: String,
    /// With a search: how near it comes, 0..1.
    pub similarity: Option<f32>,
    /// What was found in it.
    pub signals: Vec<MessageSignal>,
}

#[derive(Deserialize)]
struct Stored {
    id: String,
    project_id: String,
    source: String,
    source_kind: String,
    author: String,
    subject: String,
    body: String,
    url: Option<String>,
    lang: String,
    sent_at: String,
}

const COLUMNS: &str = "m.id, m.project_id, m.source, m.source_kind, m.author, m.subject, m.body, m.url, m.lang, m.sent_at";

impl View for Messages {
    const KEY: &'static str = "messages";
    const DESCRIPTION: &'static str = "Messages with their signals, newest first or by a search.";
    type Filter = MessageFilter;
    type Row = MessageRow;

    async fn read(
        ctx: ViewContext,
        query: Query<MessageFilter>,
    ) -> Result<Page<MessageRow>, ViewError> {
        let (found, total, similarity) = match query.filter.search.as_deref().map(str::trim) {
            None | Some("") => newest(&ctx, &query).await?,
            Some(text) => matching(&ctx, &query, text).await?,
        };
        let ids: Vec<String> = found.iter().map(|message| message.id.clone()).collect();
        let mut signals = of_messages(&ctx, &ids).await?;
        let row = |message: Stored| MessageRow {
            similarity: similarity.get(&message.id).copied(),
            signals: signals.remove(&message.id).unwrap_or_default(),
            id: message.id,
            project_id: message.project_id,
            source: message.source,
            source_kind: message.source_kind,
            author: message.author,
            subject: message.subject,
            body: message.body,
            url: message.url,
            lang: message.lang,
            sent_at: message.sent_at,
        };
        Ok(Page { items: found.into_iter().map(row).collect(), total })
    }
}

/// Messages of a page, how many there are, and how near they come.
type Found = (Vec<Stored>, u64, HashMap<String, f32>);

async fn newest(ctx: &ViewContext, query: &Query<MessageFilter>) -> Result<Found, ViewError> {
    let mut scope = Scope::new(query.project_id, &query.filter);
    let count = sql(format!("SELECT count(*) FROM messages m WHERE {}", scope.condition()));
    let count = scope.bind(count);
    let (limit, offset) = (scope.place(query.limit()), scope.place(query.offset()));
    let page = scope.bind(sql(format!(
        "SELECT {COLUMNS} FROM messages m WHERE {}
         ORDER BY m.sent_at DESC, m.id DESC LIMIT {limit} OFFSET {offset}",
        scope.condition()
    )));
    let Page { items, total } = ctx.db().fetch_page(page, count).await?;
    Ok((items, total, HashMap::new()))
}

async fn matching(
    ctx: &ViewContext,
    query: &Query<MessageFilter>,
    text: &str,
) -> Result<Found, ViewError> {
    let params: Params = ctx.job_params(EmbeddingsRun::NAME).unwrap_or_default();
    let hits = search::search(ctx, &params, text, query.project_id, &query.filter).await?;
    let total = hits.len() as u64;
    let first = usize::try_from(query.offset()).unwrap_or(usize::MAX);
    let page: Vec<_> = hits.into_iter().skip(first).take(query.limit() as usize).collect();
    if page.is_empty() {
        return Ok((Vec::new(), total, HashMap::new()));
    }
    let select =
        sql(format!("SELECT {COLUMNS} FROM messages m WHERE m.id IN ({})", places(1, page.len())));
    let select = page.iter().fold(select, |select, hit| select.bind(&hit.id));
    let stored: Vec<Stored> = ctx.db().fetch_all(select).await?;
    let mut stored: HashMap<_, _> = stored.into_iter().map(|m| (m.id.clone(), m)).collect();
    let ranked = page.iter().filter_map(|hit| stored.remove(&hit.id)).collect();
    Ok((ranked, total, page.into_iter().map(|hit| (hit.id, hit.similarity)).collect()))
}

/// The conditions of a query, and the values of their placeholders.
pub(crate) struct Scope {
    conditions: Vec<String>,
    values: Vec<Value>,
}

impl Scope {
    pub fn new(project_id: Option<Uuid>, filter: &MessageFilter) -> Self {
        let mut scope = Self { conditions: Vec::new(), values: Vec::new() };
        if let Some(id) = project_id {
            scope.require(|place| format!("m.project_id = {place}"), id.to_string());
        }
        for (column, wanted) in [("source_kind", &filter.source_kind), ("lang", &filter.lang)] {
            if let Some(wanted) = wanted {
                scope.require(|place| format!("m.{column} = {place}"), wanted.as_str());
            }
        }
        if let Some(kind) = &filter.signal {
            let open =
                "SELECT 1 FROM signals s WHERE s.message_id = m.id AND s.resolved_at IS NULL";
            scope.require(|place| format!("EXISTS ({open} AND s.kind = {place})"), kind.as_str());
        }
        scope
    }

    /// Only what comes after this message in the order of time, newest first.
    pub fn older_than(&mut self, sent_at: &str, id: &str) {
        let (at, id) = (self.place(sent_at), self.place(id));
        self.conditions.push(format!("(m.sent_at < {at} OR (m.sent_at = {at} AND m.id < {id}))"));
    }

    fn require(&mut self, condition: impl FnOnce(String) -> String, value: impl Into<Value>) {
        let place = self.place(value);
        self.conditions.push(condition(place));
    }

    /// Adds a value; returns its placeholder.
    pub fn place(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }

    pub fn condition(&self) -> String {
        if self.conditions.is_empty() { "TRUE".to_owned() } else { self.conditions.join(" AND ") }
    }

    pub fn bind(&self, statement: Statement) -> Statement {
        self.values.iter().fold(statement, |statement, value| statement.bind(json!(value)))
    }
}

cascade_sdk::submit_view!(Messages);
