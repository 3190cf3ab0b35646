//! Questions nobody answered.
//!
//! A question is answered by the first later message in its thread from another author. An answer
//! within the time allowed leaves no signal; a later one resolves the signal with the answer's time;
//! none, once the time is over, leaves it open. Only questions that still wait are looked at, so a
//! run costs as much as there are open questions.

use std::collections::HashMap;

use cascade_sdk::{
    Context, JobError,
    chrono::{DateTime, Duration, ParseError, Utc},
    rfc3339, sql,
};
use serde::Deserialize;

use crate::{
    Params,
    extract::{self, Found, MOST_BYTES},
    rules::Rules,
    store::{self, Signal},
};

/// Questions read, and their changes written, at a time.
const AT_A_TIME: u32 = 200;

#[derive(Debug, Deserialize)]
struct Question {
    id: String,
    /// `None` for a message that is not there, or has changed and waits for the next look at it.
    sent_at: Option<String>,
    answered_at: Option<String>,
}

#[derive(Debug, PartialEq)]
enum State {
    /// There is still time.
    Young,
    /// Answered in time.
    Answered,
    /// Answered, but too late.
    AnsweredLate(String),
    /// Time is over.
    Open,
}

/// Goes over the questions that wait; returns how many are open past their time.
pub(crate) async fn review(
    ctx: &Context,
    project: &str,
    rules: &Rules,
    params: &Params,
) -> Result<usize, JobError> {
    let allowed = Duration::hours(params.unanswered_after_hours.into());
    let now = rfc3339(ctx.now());
    let (mut open, mut last) = (0, String::new());
    loop {
        ctx.checkpoint()?;
        let page = waiting(ctx, project, &last).await?;
        let Some(end) = page.last() else { return Ok(open) };
        last.clone_from(&end.id);
        let (mut settled, mut in_time, mut to_tell) = (Vec::new(), Vec::new(), Vec::new());
        for question in &page {
            let Some(sent_at) = &question.sent_at else { continue };
            match state(sent_at, question.answered_at.as_deref(), allowed, ctx.now()) {
                Ok(State::Young) => {}
                Ok(State::Open) => to_tell.push((question, sent_at, None)),
                Ok(State::AnsweredLate(at)) => to_tell.push((question, sent_at, Some(at))),
                Ok(State::Answered) => {
                    // A late import may bring an answer that was given in time.
                    in_time.push(question.id.as_str());
                    settled.push(question.id.as_str());
                }
                Err(why) => {
                    // One bad time must not keep the others from being looked at.
                    let id = &question.id;
                    ctx.log().warn(format!("message {id}: {why}; its question is passed over"));
                    settled.push(id);
                }
            }
        }
        let ids: Vec<&str> = to_tell.iter().map(|(question, ..)| question.id.as_str()).collect();
        let found = found(ctx, rules, &ids).await?;
        let mut signals = Vec::new();
        for (question, sent_at, answered_at) in &to_tell {
            // One that was edited and asks no more: the next look at the message settles it.
            let Some(found) = found.get(&question.id) else { continue };
            let (message, resolved_at) = (question.id.as_str(), answered_at.as_deref());
            signals.push(Signal { message, sent_at, found, resolved_at });
            match resolved_at {
                Some(_) => settled.push(message),
                None => open += 1,
            }
        }
        // One batch: a question's signal and its `awaiting_answer` must not part.
        let mut statements = Vec::new();
        store::upsert_signals(project, &signals, &now, &mut statements);
        store::forget_questions(&in_time, &mut statements);
        store::settled(&settled, &now, &mut statements);
        if !statements.is_empty() {
            ctx.db().batch(statements).await?;
        }
    }
}

/// The next questions that wait, by id. The inner query picks them before anything is looked up, which
/// would else be done for all that wait.
async fn waiting(ctx: &Context, project: &str, last: &str) -> Result<Vec<Question>, JobError> {
    let query = sql("SELECT w.message_id AS id, m.sent_at, \
         (SELECT MIN(r.sent_at) FROM messages r \
             WHERE r.project_id = m.project_id AND r.thread_id = m.thread_id \
             AND r.author_key <> m.author_key AND r.sent_at > m.sent_at) AS answered_at \
         FROM (SELECT message_id, processed_at FROM signals_processed \
             WHERE project_id = $1 AND awaiting_answer = $2 AND message_id > $3 \
             ORDER BY message_id LIMIT $4) w \
         LEFT JOIN messages m ON m.id = w.message_id AND m.ingested_at <= w.processed_at \
         ORDER BY w.message_id");
    let query = query.bind(project).bind(true).bind(last).bind(AT_A_TIME);
    Ok(ctx.db().fetch_all(query).await?)
}

/// What questions say, by their message's id. Texts are read of those alone that have something to tell.
async fn found(
    ctx: &Context,
    rules: &Rules,
    messages: &[&str],
) -> Result<HashMap<String, Found>, JobError> {
    #[derive(Deserialize)]
    struct Text {
        id: String,
        body: String,
    }
    if messages.is_empty() {
        return Ok(HashMap::new());
    }
    let query = sql(format!(
        "SELECT id, substr(body, 1, {MOST_BYTES}) AS body FROM messages WHERE id IN ({})",
        store::places(1, messages.len())
    ));
    let query = messages.iter().fold(query, |query, message| query.bind(message));
    let texts = ctx.db().fetch_all::<Text>(query).await?.into_iter();
    Ok(texts.filter_map(|text| Some((text.id, extract::question(rules, &text.body)?))).collect())
}

fn state(
    sent_at: &str,
    answered_at: Option<&str>,
    allowed: Duration,
    now: DateTime<Utc>,
) -> Result<State, ParseError> {
    let time = |text: &str| DateTime::parse_from_rfc3339(text).map(|at| at.with_timezone(&Utc));
    let due = time(sent_at)? + allowed;
    Ok(match answered_at {
        Some(at) if time(at)? <= due => State::Answered,
        Some(at) => State::AnsweredLate(at.to_owned()),
        None if now > due => State::Open,
        None => State::Young,
    })
}
