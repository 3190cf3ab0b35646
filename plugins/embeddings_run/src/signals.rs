//! What `signals_extraction` found in the messages of a page.

use std::collections::HashMap;

use cascade_sdk::{ViewContext, ViewError, sql};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Something in a message that matters to the project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MessageSignal {
    /// `deadline_risk`, `blocker`, `budget` and so on.
    pub kind: String,
    /// The words that tell.
    pub evidence: String,
    /// Where they begin in `body`, in Unicode code points.
    pub span_start: i64,
    /// Where they end.
    pub span_end: i64,
    /// How much it matters.
    pub weight: f64,
    /// How sure the rule is, 0..1.
    pub confidence: f64,
}

#[derive(Deserialize)]
struct Found {
    message_id: String,
    #[serde(flatten)]
    signal: MessageSignal,
}

/// Open signals of these messages, in one query.
pub async fn of_messages(
    ctx: &ViewContext,
    ids: &[String],
) -> Result<HashMap<String, Vec<MessageSignal>>, ViewError> {
    let mut signals: HashMap<String, Vec<MessageSignal>> = HashMap::new();
    if ids.is_empty() {
        return Ok(signals);
    }
    let query = sql(format!(
        "SELECT message_id, kind, evidence, span_start, span_end, weight, confidence FROM signals
         WHERE resolved_at IS NULL AND message_id IN ({})
         ORDER BY message_id, span_start, kind",
        places(1, ids.len())
    ));
    let query = ids.iter().fold(query, |query, id| query.bind(id));
    for found in ctx.db().fetch_all::<Found>(query).await? {
        signals.entry(found.message_id).or_default().push(found.signal);
    }
    Ok(signals)
}

/// `$from, $from+1, ...`
pub fn places(from: usize, count: usize) -> String {
    (from..from + count).map(|n| format!("${n}")).collect::<Vec<_>>().join(", ")
}
