//! Questions nobody answered.
//!
//! A question is answered by the first later message in its thread from another author. An answer
//! within the time allowed leaves no signal; a later one resolves the signal with the answer's time;
//! none, once the time is over, leaves it open. Only questions that still wait are looked at, so a
//! run costs as much as there are open questions.

use cascade_sdk::{
    Context, JobError, Statement,
    chrono::{DateTime, Duration, Utc},
    rfc3339, sql,
};
use serde::Deserialize;

use crate::{
    Params,
    extract::{Found, extract},
    rules::{Kind, Rules},
    upsert_signal,
};

#[derive(Debug, Deserialize)]
struct Question {
    id: String,
    body: String,
    sent_at: String,
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
    let query = sql("SELECT m.id, m.body, m.sent_at, (SELECT MIN(r.sent_at) FROM messages r \
         WHERE r.project_id = m.project_id AND r.thread_id = m.thread_id \
         AND r.author_key <> m.author_key AND r.sent_at > m.sent_at) AS answered_at \
         FROM signals_processed p JOIN messages m ON m.id = p.message_id \
         WHERE p.project_id = $1 AND p.awaiting_answer = $2 ORDER BY m.sent_at, m.id");
    let waiting: Vec<Question> = ctx.db().fetch_all(query.bind(project).bind(true)).await?;
    let allowed = Duration::hours(params.unanswered_after_hours.into());
    let now = rfc3339(ctx.now());
    let (mut open, mut statements) = (0, Vec::new());
    for question in &waiting {
        ctx.checkpoint()?;
        let Some(found) = asked(rules, &question.body) else {
            continue;
        };
        let signal = |resolved: Option<&str>| {
            upsert_signal(project, &question.id, &question.sent_at, &found, &now, resolved)
        };
        match state(question, allowed, ctx.now())? {
            State::Young => {}
            State::Open => {
                open += 1;
                statements.push(signal(None));
            }
            State::AnsweredLate(at) => {
                statements.push(signal(Some(&at)));
                statements.push(settled(&question.id, &now));
            }
            State::Answered => {
                // A late import may bring an answer that was given in time.
                let forget = "DELETE FROM signals WHERE message_id = $1 AND kind = $2";
                let kind = Kind::UnansweredQuestion.as_str();
                statements.push(sql(forget).bind(&question.id).bind(kind));
                statements.push(settled(&question.id, &now));
            }
        }
    }
    // One batch: a question's signal and its `awaiting_answer` must not part.
    ctx.db().batch(statements).await?;
    Ok(open)
}

fn asked(rules: &Rules, body: &str) -> Option<Found> {
    extract(rules, body).into_iter().find(|found| found.kind == Kind::UnansweredQuestion)
}

fn settled(message: &str, now: &str) -> Statement {
    sql("UPDATE signals_processed SET awaiting_answer = $1, processed_at = $2 WHERE message_id = $3")
        .bind(false)
        .bind(now)
        .bind(message)
}

fn state(question: &Question, allowed: Duration, now: DateTime<Utc>) -> Result<State, JobError> {
    let time = |text: &str| {
        DateTime::parse_from_rfc3339(text)
            .map(|at| at.with_timezone(&Utc))
            .map_err(|error| JobError::fail(format!("message {}: {error}", question.id)))
    };
    let due = time(&question.sent_at)? + allowed;
    Ok(match &question.answered_at {
        Some(at) if time(at)? <= due => State::Answered,
        Some(at) => State::AnsweredLate(at.clone()),
        None if now > due => State::Open,
        None => State::Young,
    })
}
