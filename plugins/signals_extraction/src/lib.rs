//! Turns messages into typed signals, by rules in a data file, in English and Russian.
//!
//! A message is looked at once per version of the rules; a changed file has all of them looked at
//! again. Whether a question stayed unanswered is decided by the clock and the thread, so each run
//! also goes over the questions that still wait (see [`questions`]).

pub mod extract;
pub mod questions;
pub mod rules;
pub mod sentences;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use cascade_sdk::{Context, Job, JobError, Outcome, Statement, rfc3339, sql};
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    extract::{Found, MOST_BYTES, extract},
    rules::{Kind, Rules},
};

cascade_sdk::submit_migrations!("0001_init.sql", "0002_error.sql");
cascade_sdk::submit_job!(SignalsExtraction);

/// Messages per transaction: few enough to hold the writer only briefly.
const CHUNK: u32 = 100;

/// Signals written by one statement: a tenth of the statements for a message that has many, and far
/// below the parameters that a database takes.
const ROWS: usize = 20;

/// Settings of `signals_extraction`.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// A rules file to use instead of the built-in one; relative to the folder of jobs.toml.
    #[schemars(extend("format" = "path"))]
    pub rules_path: Option<String>,
    /// Hours after which a question without an answer from someone else becomes a signal.
    #[schemars(range(min = 1, max = 8760))]
    pub unanswered_after_hours: u32,
}

impl Default for Params {
    fn default() -> Self {
        Self { rules_path: None, unanswered_after_hours: 48 }
    }
}

/// The job.
pub struct SignalsExtraction;

impl Job for SignalsExtraction {
    const NAME: &'static str = "signals_extraction";
    const DESCRIPTION: &'static str =
        "Finds deadline risks, blockers, budget trouble, bad mood, decisions and open questions.";
    type Params = Params;

    async fn run(ctx: Context, params: Params) -> Result<Outcome, JobError> {
        let rules = load_rules(&ctx, &params)?;
        let project = ctx.project_id().to_string();
        let total = count_waiting(&ctx, &project, &rules.version).await?;
        let (mut done, mut found, mut failed) = (0_u64, 0_usize, 0_usize);
        let mut last = (String::new(), String::new());
        loop {
            ctx.checkpoint()?;
            let messages = next_messages(&ctx, &project, &rules.version, &last).await?;
            let Some(end) = messages.last() else { break };
            last = (end.sent_at.clone(), end.id.clone());
            done += messages.len() as u64;
            let (signals, passed_over) = process(&ctx, &project, &rules, &messages).await?;
            found += signals;
            failed += passed_over;
            let fraction = 0.9 * done as f64 / total.max(done) as f64;
            ctx.progress(fraction, format!("{done} of {total} messages"));
        }
        let open = questions::review(&ctx, &project, &rules, &params).await?;
        ctx.log()
            .with(serde_json::json!({"rules": rules.version, "messages": done, "signals": found}))
            .info(format!(
                "{found} signals in {done} messages; {open} questions without an answer"
            ));
        ctx.progress(1.0, "done");
        let failed = if failed > 0 { format!(", {failed} passed over") } else { String::new() };
        Ok(Outcome::summary(format!(
            "{found} signals in {done} messages, {open} open questions{failed}"
        )))
    }
}

/// The most bytes of a rules file.
const LARGEST_RULES: u64 = 4 << 20;

fn load_rules(ctx: &Context, params: &Params) -> Result<Arc<Rules>, JobError> {
    let Some(path) = &params.rules_path else {
        return Rules::built_in().map_err(JobError::fail);
    };
    let files = ctx.files();
    let text = files.read(path, LARGEST_RULES);
    let text = text.map_err(|error| JobError::fail(format!("rules file {error}")))?;
    let fault = |error: &dyn std::fmt::Display| {
        JobError::fail(format!("rules file {}: {error}", files.full(path).display()))
    };
    let text = String::from_utf8(text).map_err(|error| fault(&error))?;
    Rules::parse(&text).map(Arc::new).map_err(|error| fault(&error))
}

#[derive(Deserialize)]
struct Count {
    n: u64,
}

/// What is matched against the rules.
#[derive(Debug, Clone, Deserialize)]
struct Message {
    id: String,
    source_kind: String,
    body: String,
    sent_at: String,
}

/// A message is looked at again when it has changed since.
const WAITING: &str = "FROM messages m WHERE m.project_id = $1 AND NOT EXISTS (\
    SELECT 1 FROM signals_processed p WHERE p.message_id = m.id AND p.rules_version = $2 \
    AND p.processed_at >= m.ingested_at)";

async fn count_waiting(ctx: &Context, project: &str, version: &str) -> Result<u64, JobError> {
    let query = sql(format!("SELECT COUNT(*) AS n {WAITING}"));
    Ok(ctx.db().fetch_one::<Count>(query.bind(project).bind(version)).await?.n)
}

/// In the order of their time, from where the last chunk ended: a message that stays as it is (its
/// row was not written) is met once in a run.
async fn next_messages(
    ctx: &Context,
    project: &str,
    version: &str,
    (sent_at, id): &(String, String),
) -> Result<Vec<Message>, JobError> {
    let query = sql(format!(
        "SELECT t.id, t.source_kind, substr(t.body, 1, {MOST_BYTES}) AS body, t.sent_at \
         FROM (SELECT m.id {WAITING} AND (m.sent_at, m.id) > ($3, $4) \
             ORDER BY m.sent_at, m.id LIMIT $5) n \
         JOIN messages t ON t.id = n.id ORDER BY t.sent_at, t.id"
    ));
    let query = query.bind(project).bind(version).bind(sent_at).bind(id).bind(CHUNK);
    Ok(ctx.db().fetch_all(query).await?)
}

/// Extracts a chunk and writes it; returns the signals found and the messages that failed. `batch`,
/// not the run's own transaction: a first run may have very many messages, each chunk is whole by
/// itself, and a retried run goes on after the last one.
async fn process(
    ctx: &Context,
    project: &str,
    rules: &Rules,
    messages: &[Message],
) -> Result<(usize, usize), JobError> {
    let now = rfc3339(ctx.now());
    let (mut count, mut failed) = (0, 0);
    let mut statements = Vec::new();
    for message in messages {
        match catch_unwind(AssertUnwindSafe(|| extract(rules, &message.body))) {
            Ok(found) => count += write(project, rules, message, &found, &now, &mut statements),
            Err(_) => {
                failed += 1;
                statements.push(passed_over(ctx, project, rules, message, "a rule failed on it"));
            }
        }
    }
    let Err(error) = ctx.db().batch(statements).await else { return Ok((count, failed)) };
    // One message that the database refuses must not cost the others: each by itself.
    let (mut count, mut failed) = (0, 0);
    for message in messages {
        let mut statements = Vec::new();
        let found = catch_unwind(AssertUnwindSafe(|| extract(rules, &message.body)));
        let signals = found.map(|all| write(project, rules, message, &all, &now, &mut statements));
        let written = match signals {
            Ok(signals) => ctx.db().batch(statements).await.map(|_| signals),
            Err(_) => Err(error.clone()),
        };
        match written {
            Ok(signals) => count += signals,
            Err(why) => {
                failed += 1;
                let mark = passed_over(ctx, project, rules, message, &why.message);
                // A database that does not take the mark is at fault itself.
                ctx.db().execute(mark).await?;
            }
        }
    }
    Ok((count, failed))
}

/// Adds the statements that keep what was found in a message; returns how many signals there are.
fn write(
    project: &str,
    rules: &Rules,
    message: &Message,
    all: &[Found],
    now: &str,
    statements: &mut Vec<Statement>,
) -> usize {
    // Nobody answers a feed.
    let asks = message.source_kind != "feed"
        && all.iter().any(|found| found.kind == Kind::UnansweredQuestion);
    let kept: Vec<&Found> =
        all.iter().filter(|found| found.kind != Kind::UnansweredQuestion).collect();
    statements.push(forget_others(message, &kept, asks));
    for some in kept.chunks(ROWS) {
        statements.push(upsert_signals(project, &message.id, &message.sent_at, some, now, None));
    }
    statements.push(processed(project, rules, &message.id, asks, now, None));
    kept.len()
}

fn processed(
    project: &str,
    rules: &Rules,
    message: &str,
    asks: bool,
    now: &str,
    error: Option<String>,
) -> Statement {
    sql("INSERT INTO signals_processed \
         (message_id, project_id, rules_version, awaiting_answer, processed_at, error) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (message_id) DO UPDATE SET \
         rules_version = excluded.rules_version, \
         awaiting_answer = excluded.awaiting_answer, \
         processed_at = excluded.processed_at, error = excluded.error")
    .bind(message)
    .bind(project)
    .bind(&rules.version)
    .bind(asks)
    .bind(now)
    .bind(error)
}

/// Marks a message that failed, so that it is not met again in every run.
fn passed_over(
    ctx: &Context,
    project: &str,
    rules: &Rules,
    message: &Message,
    why: &str,
) -> Statement {
    ctx.log()
        .with(serde_json::json!({"message_id": message.id}))
        .warn(format!("message {} is passed over: {why}", message.id));
    let why = why.replace('\0', "\u{fffd}").chars().take(500).collect();
    processed(project, rules, &message.id, false, &rfc3339(ctx.now()), Some(why))
}

/// Removes what an older version of the rules found and this one does not.
fn forget_others(message: &Message, kept: &[&Found], asks: bool) -> Statement {
    let mut text = String::from("DELETE FROM signals WHERE message_id = $1");
    if asks {
        text.push_str(" AND kind <> 'unanswered_question'");
    }
    if !kept.is_empty() {
        let places: Vec<String> = (0..kept.len()).map(|at| format!("${}", at + 2)).collect();
        text.push_str(&format!(" AND id NOT IN ({})", places.join(", ")));
    }
    let statement = sql(text).bind(&message.id);
    kept.iter().fold(statement, |statement, found| {
        statement.bind(signal_id(&message.id, found).to_string())
    })
}

/// The same finding has the same id in every run. A message has one question at most.
pub(crate) fn signal_id(message: &str, found: &Found) -> Uuid {
    let place = match found.kind {
        Kind::UnansweredQuestion => 0,
        _ => found.span_start,
    };
    let name = format!("cascade:signal/{message}/{}/{place}", found.kind.as_str());
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())
}

/// Writes signals of one message, `ROWS` at most. Keeps `detected_at` of one that was known already.
pub(crate) fn upsert_signals(
    project: &str,
    message: &str,
    sent_at: &str,
    found: &[&Found],
    now: &str,
    resolved_at: Option<&str>,
) -> Statement {
    let row = |at: usize| {
        let places: Vec<String> = (1..=12).map(|n| format!("${}", 12 * at + n)).collect();
        format!("({})", places.join(", "))
    };
    let rows: Vec<String> = (0..found.len()).map(row).collect();
    let upsert = sql(format!(
        "INSERT INTO signals (id, project_id, message_id, kind, evidence, span_start, span_end, \
         weight, confidence, sent_at, detected_at, resolved_at) VALUES {} \
         ON CONFLICT (id) DO UPDATE SET evidence = excluded.evidence, \
         span_start = excluded.span_start, span_end = excluded.span_end, \
         weight = excluded.weight, confidence = excluded.confidence, \
         sent_at = excluded.sent_at, resolved_at = excluded.resolved_at",
        rows.join(", ")
    ));
    found.iter().fold(upsert, |upsert, found| {
        upsert
            .bind(signal_id(message, found).to_string())
            .bind(project)
            .bind(message)
            .bind(found.kind.as_str())
            .bind(&found.evidence)
            .bind(found.span_start)
            .bind(found.span_end)
            .bind(found.weight)
            .bind(found.confidence)
            .bind(sent_at)
            .bind(now)
            .bind(resolved_at)
    })
}
