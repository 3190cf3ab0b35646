//! What was found, in the database. Statements are few and large: a statement costs more than a row.

use std::{collections::HashSet, fmt::Write};

use cascade_sdk::{Context, DbError, Statement, sql};
use serde::Deserialize;
use uuid::Uuid;

use crate::{extract::Found, rules::Kind};

/// Rows written, or ids named, by one statement: far below the parameters that a database takes.
const ROWS: usize = 200;

/// A signal as a row.
pub(crate) struct Signal<'a> {
    pub message: &'a str,
    pub sent_at: &'a str,
    pub found: &'a Found,
    /// When the question was answered.
    pub resolved_at: Option<&'a str>,
}

/// A message that was looked at.
pub(crate) struct Processed<'a> {
    pub message: &'a str,
    /// It asks something, and an answer is awaited.
    pub asks: bool,
    /// Why it was passed over.
    pub error: Option<String>,
}

/// The same finding has the same id in every run. A message has one question at most.
fn signal_id(message: &str, found: &Found) -> Uuid {
    let place = match found.kind {
        Kind::UnansweredQuestion => 0,
        _ => found.span_start,
    };
    let name = format!("cascade:signal/{message}/{}/{place}", found.kind.as_str());
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())
}

/// Writes signals. Keeps `detected_at` of one that was known already.
pub(crate) fn upsert_signals(
    project: &str,
    signals: &[Signal<'_>],
    now: &str,
    statements: &mut Vec<Statement>,
) {
    // Ids are random: in their order the rows go to one page of the index after another.
    let mut rows: Vec<_> =
        signals.iter().map(|signal| (signal_id(signal.message, signal.found), signal)).collect();
    rows.sort_unstable_by_key(|(id, _)| *id);
    for some in rows.chunks(ROWS) {
        let mut upsert = sql(format!(
            "INSERT INTO signals (id, project_id, message_id, kind, evidence, span_start, \
             span_end, weight, confidence, sent_at, detected_at, resolved_at) VALUES {} \
             ON CONFLICT (id) DO UPDATE SET evidence = excluded.evidence, \
             span_start = excluded.span_start, span_end = excluded.span_end, \
             weight = excluded.weight, confidence = excluded.confidence, \
             sent_at = excluded.sent_at, resolved_at = excluded.resolved_at",
            placeholders(some.len(), 12)
        ));
        for (id, Signal { message, sent_at, found, resolved_at }) in some {
            upsert = upsert
                .bind(id.to_string())
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
                .bind(resolved_at);
        }
        statements.push(upsert);
    }
}

/// Keeps that messages were looked at.
pub(crate) fn processed(
    project: &str,
    rules_version: &str,
    messages: &[Processed<'_>],
    now: &str,
    statements: &mut Vec<Statement>,
) {
    for some in messages.chunks(ROWS) {
        let mut upsert = sql(format!(
            "INSERT INTO signals_processed \
             (message_id, project_id, rules_version, awaiting_answer, processed_at, error) \
             VALUES {} ON CONFLICT (message_id) DO UPDATE SET \
             rules_version = excluded.rules_version, \
             awaiting_answer = excluded.awaiting_answer, \
             processed_at = excluded.processed_at, error = excluded.error",
            placeholders(some.len(), 6)
        ));
        for Processed { message, asks, error } in some {
            upsert = upsert.bind(message).bind(project).bind(rules_version);
            upsert = upsert.bind(asks).bind(now).bind(error);
        }
        statements.push(upsert);
    }
}

/// Marks that nothing is awaited any more.
pub(crate) fn settled(messages: &[&str], now: &str, statements: &mut Vec<Statement>) {
    for some in messages.chunks(ROWS) {
        let update = sql(format!(
            "UPDATE signals_processed SET awaiting_answer = $1, processed_at = $2 \
             WHERE message_id IN ({})",
            places(3, some.len())
        ));
        let update = update.bind(false).bind(now);
        statements.push(some.iter().fold(update, |update, message| update.bind(message)));
    }
}

/// Removes the questions of messages.
pub(crate) fn forget_questions(messages: &[&str], statements: &mut Vec<Statement>) {
    for some in messages.chunks(ROWS) {
        let delete = sql(format!(
            "DELETE FROM signals WHERE kind = $1 AND message_id IN ({})",
            places(2, some.len())
        ));
        let delete = delete.bind(Kind::UnansweredQuestion.as_str());
        statements.push(some.iter().fold(delete, |delete, message| delete.bind(message)));
    }
}

/// Signals of messages as they are stored, by a key that tells them apart.
#[derive(Debug, Deserialize)]
struct Stored {
    id: String,
    message_id: String,
    kind: String,
}

/// Removes what an older version of the rules, or of the text, gave and `kept` does not hold. The
/// question of a message in `asking` stays: time and the thread decide on it.
pub(crate) async fn forget_others(
    ctx: &Context,
    messages: &[&str],
    asking: &HashSet<&str>,
    kept: &[Signal<'_>],
    statements: &mut Vec<Statement>,
) -> Result<(), DbError> {
    let mut stored: Vec<Stored> = Vec::new();
    for some in messages.chunks(ROWS) {
        let query = sql(format!(
            "SELECT id, message_id, kind FROM signals WHERE message_id IN ({})",
            places(1, some.len())
        ));
        let query = some.iter().fold(query, |query, message| query.bind(message));
        stored.extend(ctx.db().fetch_all::<Stored>(query).await?);
    }
    if stored.is_empty() {
        return Ok(());
    }
    let kept: HashSet<String> =
        kept.iter().map(|signal| signal_id(signal.message, signal.found).to_string()).collect();
    let question = Kind::UnansweredQuestion.as_str();
    stored.retain(|one| {
        let waits = one.kind == question && asking.contains(one.message_id.as_str());
        !waits && !kept.contains(&one.id)
    });
    for some in stored.chunks(ROWS) {
        let delete = sql(format!("DELETE FROM signals WHERE id IN ({})", places(1, some.len())));
        statements.push(some.iter().fold(delete, |delete, one| delete.bind(&one.id)));
    }
    Ok(())
}

/// `$from, ...` for `count` values.
pub(crate) fn places(from: usize, count: usize) -> String {
    let mut text = String::with_capacity(count * 6);
    for at in from..from + count {
        let comma = if at > from { ", " } else { "" };
        write!(text, "{comma}${at}").ok();
    }
    text
}

/// `($1, $2), ...` for the rows of an INSERT.
fn placeholders(count: usize, columns: usize) -> String {
    let row = |at: usize| format!("({})", places(columns * at + 1, columns));
    (0..count).map(row).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_count_up_over_rows() {
        assert_eq!(places(3, 2), "$3, $4");
        assert_eq!(placeholders(2, 3), "($1, $2, $3), ($4, $5, $6)");
    }
}
