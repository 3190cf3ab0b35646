//! Questions nobody answered.
//!
//! A question is answered by the first later message in its thread from another author. An answer
//! within the time allowed leaves no signal; a later one resolves the signal with the answer's time;
//! none, once the time is over, leaves it open. Only questions that still wait are looked at, so a
//! run costs as much as there are open questions.

use cascade_sdk::{
    Context, JobError, Statement,
    chrono::{DateTime, Duration, ParseError, Utc},
    rfc3339, sql,
};
use serde::Deserialize;

use crate::{
    Params,
    extract::{self, MOST_BYTES},
    rules::{Kind, Rules},
    upsert_signals,
};

/// Questions read, and their changes written, at a time.
const AT_A_TIME: u32 = 100;

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
    let allowed = Duration::hours(params.unanswered_after_hours.into());
    let now = rfc3339(ctx.now());
    let (mut open, mut last) = (0, String::new());
    loop {
        ctx.checkpoint()?;
        let page = waiting(ctx, project, &last).await?;
        let Some(end) = page.last() else { return Ok(open) };
        last.clone_from(&end.id);
        // One batch: a question's signal and its `awaiting_answer` must not part.
        let mut statements = Vec::new();
        for question in &page {
            open +=
                usize::from(answer(ctx, project, rules, question, allowed, &now, &mut statements));
        }
        ctx.db().batch(statements).await?;
    }
}

/// The next questions that wait, by id. The inner query picks them before texts and answers are looked
/// up, which would else be done for all that wait.
async fn waiting(ctx: &Context, project: &str, last: &str) -> Result<Vec<Question>, JobError> {
    let query = sql(format!(
        "SELECT m.id, substr(m.body, 1, {MOST_BYTES}) AS body, m.sent_at, (SELECT MIN(r.sent_at) FROM messages r \
         WHERE r.project_id = m.project_id AND r.thread_id = m.thread_id \
         AND r.author_key <> m.author_key AND r.sent_at > m.sent_at) AS answered_at \
         FROM (SELECT p.message_id FROM signals_processed p JOIN messages x ON x.id = p.message_id \
             WHERE p.project_id = $1 AND p.awaiting_answer = $2 AND p.message_id > $3 \
             ORDER BY p.message_id LIMIT $4) w \
         JOIN messages m ON m.id = w.message_id ORDER BY m.id"
    ));
    let query = query.bind(project).bind(true).bind(last).bind(AT_A_TIME);
    Ok(ctx.db().fetch_all(query).await?)
}

/// What has become of one question; returns whether it is open past its time.
fn answer(
    ctx: &Context,
    project: &str,
    rules: &Rules,
    question: &Question,
    allowed: Duration,
    now: &str,
    statements: &mut Vec<Statement>,
) -> bool {
    let Some(found) = extract::question(rules, &question.body) else {
        // It was edited and asks no more; the next look at the message settles it.
        return false;
    };
    let signal = |resolved: Option<&str>| {
        upsert_signals(project, &question.id, &question.sent_at, &[&found], now, resolved)
    };
    match state(question, allowed, ctx.now()) {
        Ok(State::Young) => {}
        Ok(State::Open) => {
            statements.push(signal(None));
            return true;
        }
        Ok(State::AnsweredLate(at)) => {
            statements.push(signal(Some(&at)));
            statements.push(settled(&question.id, now));
        }
        Ok(State::Answered) => {
            // A late import may bring an answer that was given in time.
            let forget = "DELETE FROM signals WHERE message_id = $1 AND kind = $2";
            let kind = Kind::UnansweredQuestion.as_str();
            statements.push(sql(forget).bind(&question.id).bind(kind));
            statements.push(settled(&question.id, now));
        }
        Err(why) => {
            // One bad time must not keep the others from being looked at.
            ctx.log().warn(format!("message {}: {why}; its question is passed over", question.id));
            statements.push(settled(&question.id, now));
        }
    }
    false
}

fn settled(message: &str, now: &str) -> Statement {
    sql("UPDATE signals_processed SET awaiting_answer = $1, processed_at = $2 WHERE message_id = $3")
        .bind(false)
        .bind(now)
        .bind(message)
}

fn state(question: &Question, allowed: Duration, now: DateTime<Utc>) -> Result<State, ParseError> {
    let time = |text: &str| DateTime::parse_from_rfc3339(text).map(|at| at.with_timezone(&Utc));
    let due = time(&question.sent_at)? + allowed;
    Ok(match &question.answered_at {
        Some(at) if time(at)? <= due => State::Answered,
        Some(at) => State::AnsweredLate(at.clone()),
        None if now > due => State::Open,
        None => State::Young,
    })
}
