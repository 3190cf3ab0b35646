//! Ranks messages by a query: the cosine of the vectors, blended with a match of the words.

use std::cmp::Ordering;

use cascade_sdk::{ViewContext, ViewError, sql};
use serde::Deserialize;

use crate::{
    lexical::Terms,
    params::Params,
    vector,
    view::{MessageFilter, Scope},
};

/// How many messages one search looks at, newest first: it bounds the time of a search. Its memory
/// is bounded by `CHUNK` texts at a time and the score of each hit.
const MOST_SEARCHED: usize = 20_000;
const CHUNK: usize = 500;
/// Characters of a body that are searched; more only costs memory and time.
const MOST_CHARACTERS: u32 = 20_000;
/// The rest is for the words themselves, which carry names and numbers that vectors blur.
const SHARE_OF_COSINE: f32 = 0.6;

/// A message that matches.
pub struct Hit {
    /// The message.
    pub id: String,
    /// 0..1.
    pub similarity: f32,
    sent_at: String,
}

#[derive(Deserialize)]
struct Candidate {
    id: String,
    subject: String,
    body: String,
    sent_at: String,
    vector: Option<String>,
}

/// All hits, best first; of equals, the newest first.
pub async fn search(
    ctx: &ViewContext,
    params: &Params,
    query: &str,
    project_id: Option<uuid::Uuid>,
    filter: &MessageFilter,
) -> Result<Vec<Hit>, ViewError> {
    let embedded = params.embedder.embed(ctx, &[query.to_owned()]).await;
    let embedded = embedded.map_err(|e| ViewError::Internal(e.to_string()))?;
    let wanted = embedded.into_iter().next().unwrap_or_default();
    let (terms, least) = (Terms::new(query), params.min_similarity.get());
    let model = params.embedder.model();
    let (mut hits, mut searched, mut last) = (Vec::new(), 0, None::<(String, String)>);
    while searched < MOST_SEARCHED {
        let candidates = candidates(ctx, &model, project_id, filter, last.as_ref()).await?;
        let Some(end) = candidates.last() else { break };
        last = Some((end.sent_at.clone(), end.id.clone()));
        searched += candidates.len();
        for candidate in candidates {
            let similarity = similarity(&candidate, &wanted, &terms);
            if similarity >= least {
                hits.push(Hit { id: candidate.id, similarity, sent_at: candidate.sent_at });
            }
        }
    }
    hits.sort_by(|a, b| {
        let score = b.similarity.partial_cmp(&a.similarity).unwrap_or(Ordering::Equal);
        score.then_with(|| b.sent_at.cmp(&a.sent_at)).then_with(|| a.id.cmp(&b.id))
    });
    Ok(hits)
}

async fn candidates(
    ctx: &ViewContext,
    model: &str,
    project_id: Option<uuid::Uuid>,
    filter: &MessageFilter,
    last: Option<&(String, String)>,
) -> Result<Vec<Candidate>, ViewError> {
    let mut scope = Scope::new(project_id, filter);
    if let Some((sent_at, id)) = last {
        scope.older_than(sent_at, id);
    }
    let model = scope.place(model);
    let limit = scope.place(CHUNK);
    let query = scope.bind(sql(format!(
        "SELECT m.id, m.subject, substr(m.body, 1, {MOST_CHARACTERS}) AS body, m.sent_at, e.vector
         FROM messages m
         LEFT JOIN message_embeddings e ON e.message_id = m.id AND e.model = {model}
         WHERE {} ORDER BY m.sent_at DESC, m.id DESC LIMIT {limit}",
        scope.condition()
    )));
    Ok(ctx.db().fetch_all(query).await?)
}

/// A message that is not embedded yet is found by its words alone.
fn similarity(candidate: &Candidate, wanted: &[f32], terms: &Terms) -> f32 {
    let vector = candidate.vector.as_deref().and_then(vector::decode).unwrap_or_default();
    let cosine = vector::dot(&vector, wanted).max(0.0);
    let words = terms.score(&format!("{}\n{}", candidate.subject, candidate.body));
    (SHARE_OF_COSINE * cosine + (1.0 - SHARE_OF_COSINE) * words).clamp(0.0, 1.0)
}
