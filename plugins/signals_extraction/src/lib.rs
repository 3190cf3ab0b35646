//! Turns messages into typed signals, by rules in a data file, in English and Russian.
//!
//! A message is looked at once per version of the rules; a changed file has all of them looked at
//! again. Whether a question stayed unanswered is decided by the clock and the thread, so each run
//! also goes over the questions that still wait (see [`questions`]).

pub mod extract;
mod filter;
mod literals;
pub mod questions;
pub mod rules;
pub mod sentences;
mod store;

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use cascade_sdk::{Context, DbError, JobError, Outcome, TypedJob, rfc3339, sql};
use serde::{Deserialize, Serialize};

use crate::{
    extract::{Found, MOST_BYTES, extract},
    rules::{Kind, Rules},
    store::{Processed, Signal},
};

cascade_sdk::submit_migrations!("0001_init.sql", "0002_error.sql", "0003_waiting.sql");
cascade_sdk::submit_job!(SignalsExtraction);

/// Messages per transaction: few enough to hold the writer only briefly.
const CHUNK: u32 = 200;

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

/// What one run is asked for.
#[derive(Debug, Clone, Copy, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Args {
    /// Looks at all messages again, not only at those that are new or changed.
    pub full: bool,
}

/// The most ids that an output names.
const MOST_IDS: usize = 10_000;

/// What one run found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Output {
    /// Messages that were looked at.
    pub messages: u64,
    /// Signals in them.
    pub signals: u64,
    /// The same by kind.
    pub by_kind: BTreeMap<String, u64>,
    /// Questions that nobody has answered in time, of all messages.
    pub open_questions: u64,
    /// Messages that a rule or the database failed on.
    pub passed_over: u64,
    /// Ids of the messages with signals, at most 10,000.
    pub message_ids: Vec<String>,
    /// Whether there are more of them.
    pub more: bool,
}

impl Output {
    /// Adds the signals of a message; time decides whether a question becomes one.
    fn add(&mut self, message: &Message, found: &[Found]) {
        let before = self.signals;
        for found in found.iter().filter(|found| !is_question(found)) {
            self.signals += 1;
            *self.by_kind.entry(found.kind.as_str().to_owned()).or_default() += 1;
        }
        if self.signals > before {
            match self.message_ids.len() {
                0..MOST_IDS => self.message_ids.push(message.id.clone()),
                _ => self.more = true,
            }
        }
    }
}

/// The job.
pub struct SignalsExtraction;

impl TypedJob for SignalsExtraction {
    const NAME: &'static str = "signals_extraction";
    const DESCRIPTION: &'static str =
        "Finds deadline risks, blockers, budget trouble, bad mood, decisions and open questions.";
    type Params = Params;
    type Args = Args;
    type Output = Output;

    async fn run(ctx: Context, params: Params, args: Args) -> Result<Outcome<Output>, JobError> {
        let rules = load_rules(&ctx, &params)?;
        let project = ctx.project_id().to_string();
        let wanted = if args.full { ALL } else { WAITING };
        let total = count(&ctx, wanted, &project, &rules.version).await?;
        let (mut done, mut output) = (0_u64, Output::default());
        let mut last = (String::new(), String::new());
        loop {
            ctx.checkpoint()?;
            let messages = next_messages(&ctx, wanted, &project, &rules.version, &last).await?;
            let Some(end) = messages.last() else { break };
            last = (end.sent_at.clone(), end.id.clone());
            done += messages.len() as u64;
            process(&ctx, &project, &rules, &messages, &mut output).await?;
            let fraction = 0.9 * done as f64 / total.max(done) as f64;
            ctx.progress(fraction, format!("{done} of {total} messages"));
        }
        let open = questions::review(&ctx, &project, &rules, &params).await?;
        output.messages = done;
        output.open_questions = open as u64;
        let (found, failed) = (output.signals, output.passed_over);
        ctx.log()
            .with(serde_json::json!({"rules": rules.version, "messages": done, "signals": found}))
            .info(format!(
                "{found} signals in {done} messages; {open} questions without an answer"
            ));
        ctx.progress(1.0, "done");
        let failed = if failed > 0 { format!(", {failed} passed over") } else { String::new() };
        let summary = format!("{found} signals in {done} messages, {open} open questions{failed}");
        Ok(Outcome::output(output).with_summary(summary))
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
/// All messages.
const ALL: &str = "FROM messages m WHERE m.project_id = $1 AND $2 <> ''";

async fn count(ctx: &Context, wanted: &str, project: &str, version: &str) -> Result<u64, JobError> {
    let query = sql(format!("SELECT COUNT(*) AS n {wanted}"));
    Ok(ctx.db().fetch_one::<Count>(query.bind(project).bind(version)).await?.n)
}

/// In the order of their time, from where the last chunk ended: a message that stays as it is (its
/// row was not written) is met once in a run.
async fn next_messages(
    ctx: &Context,
    wanted: &str,
    project: &str,
    version: &str,
    (sent_at, id): &(String, String),
) -> Result<Vec<Message>, JobError> {
    let query = sql(format!(
        "SELECT t.id, t.source_kind, substr(t.body, 1, {MOST_BYTES}) AS body, t.sent_at \
         FROM (SELECT m.id {wanted} AND (m.sent_at, m.id) > ($3, $4) \
             ORDER BY m.sent_at, m.id LIMIT $5) n \
         JOIN messages t ON t.id = n.id ORDER BY t.sent_at, t.id"
    ));
    let query = query.bind(project).bind(version).bind(sent_at).bind(id).bind(CHUNK);
    Ok(ctx.db().fetch_all(query).await?)
}

/// Extracts a chunk, writes it, and adds what was found to the output. `batch`,
/// not the run's own transaction: a first run may have very many messages, each chunk is whole by
/// itself, and a retried run goes on after the last one.
async fn process(
    ctx: &Context,
    project: &str,
    rules: &Rules,
    messages: &[Message],
    output: &mut Output,
) -> Result<(), JobError> {
    let looked_at = messages.iter().map(|message| (message, look(rules, message)));
    let looked_at: Vec<_> = looked_at.collect();
    if write(ctx, project, rules, &looked_at).await.is_ok() {
        for (message, found) in &looked_at {
            match found {
                Ok(all) => output.add(message, all),
                Err(why) => {
                    output.passed_over += 1;
                    passed_over(ctx, message, why);
                }
            }
        }
        return Ok(());
    }
    // One message that the database refuses must not cost the others: each by itself.
    for (message, found) in looked_at {
        let mut one = [(message, found)];
        if let Err(why) = write(ctx, project, rules, &one).await {
            one = [(message, Err(why.message))];
            // A database that does not take the mark is at fault itself.
            write(ctx, project, rules, &one).await?;
        }
        match one {
            [(_, Ok(all))] => output.add(message, &all),
            [(_, Err(why))] => {
                output.passed_over += 1;
                passed_over(ctx, message, &why);
            }
        }
    }
    Ok(())
}

fn passed_over(ctx: &Context, message: &Message, why: &str) {
    ctx.log()
        .with(serde_json::json!({"message_id": message.id}))
        .warn(format!("message {} is passed over: {why}", message.id));
}

/// What the rules find in a message, or why they fail on it.
fn look(rules: &Rules, message: &Message) -> Result<Vec<Found>, String> {
    catch_unwind(AssertUnwindSafe(|| extract(rules, &message.body)))
        .map_err(|_| "a rule failed on it".to_owned())
}

fn is_question(found: &Found) -> bool {
    found.kind == Kind::UnansweredQuestion
}

/// Writes what was found in messages, in one transaction. One that failed is marked, so that it is not
/// met again in every run.
async fn write(
    ctx: &Context,
    project: &str,
    rules: &Rules,
    looked_at: &[(&Message, Result<Vec<Found>, String>)],
) -> Result<(), DbError> {
    let now = rfc3339(ctx.now());
    let mut signals = Vec::new();
    let mut processed = Vec::new();
    for (message, found) in looked_at {
        let id = message.id.as_str();
        match found {
            Ok(all) => {
                // Nobody answers a feed.
                let asks = message.source_kind != "feed" && all.iter().any(is_question);
                processed.push(Processed { message: id, asks, error: None });
                signals.extend(all.iter().filter(|found| !is_question(found)).map(|found| {
                    Signal { message: id, sent_at: &message.sent_at, found, resolved_at: None }
                }));
            }
            Err(why) => {
                let why = why.replace('\0', "\u{fffd}").chars().take(500).collect();
                processed.push(Processed { message: id, asks: false, error: Some(why) });
            }
        }
    }
    let whole = processed.iter().filter(|one| one.error.is_none());
    let asking = whole.clone().filter(|one| one.asks).map(|one| one.message).collect();
    let whole: Vec<&str> = whole.map(|one| one.message).collect();
    let mut statements = Vec::new();
    store::forget_others(ctx, &whole, &asking, &signals, &mut statements).await?;
    store::upsert_signals(project, &signals, &now, &mut statements);
    store::processed(project, &rules.version, &processed, &now, &mut statements);
    ctx.db().batch(statements).await?;
    Ok(())
}
