//! Merging and ranking.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A message that shows why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Quote {
    /// The message.
    pub message_id: String,
    /// The words that show it.
    pub quote: String,
    /// Who wrote them.
    pub author: String,
    /// When.
    pub sent_at: String,
}

/// A recommendation as the graph derived it.
#[derive(Debug, Clone, Deserialize)]
pub struct Candidate {
    pub id: String,
    pub kind: String,
    pub subject: String,
    pub title: String,
    pub detail: String,
    pub score: f64,
    #[serde(rename = "evidence", deserialize_with = "from_text")]
    pub quotes: Vec<Quote>,
    /// Ids of those that were merged into this one.
    #[serde(skip)]
    absorbed: Vec<String>,
}

impl Candidate {
    /// Its own id and those of what it absorbed.
    pub fn merged_ids(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.id.as_str()).chain(self.absorbed.iter().map(String::as_str))
    }

    fn words(&self) -> BTreeSet<String> {
        self.subject.split_whitespace().map(str::to_lowercase).collect()
    }

    fn messages(&self) -> BTreeSet<String> {
        self.quotes.iter().map(|quote| quote.message_id.clone()).collect()
    }
}

fn from_text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Quote>, D::Error> {
    let text = String::deserialize(deserializer)?;
    serde_json::from_str(&text).map_err(serde::de::Error::custom)
}

/// Share of what two sets have in common (Jaccard, 1901): 0..1.
fn jaccard(a: &BTreeSet<String>, b: &BTreeSet<String>) -> f64 {
    let common = a.intersection(b).count() as f64;
    let all = a.union(b).count() as f64;
    if all == 0.0 { 0.0 } else { common / all }
}

/// How alike two are: by subject or by evidence, whichever says more; of another kind, half that.
fn likeness(a: &Candidate, b: &Candidate) -> f64 {
    let alike = jaccard(&a.words(), &b.words()).max(jaccard(&a.messages(), &b.messages()));
    if a.kind == b.kind { alike } else { alike / 2.0 }
}

/// Enough to believe it; more is in the messages.
const MOST_QUOTES: usize = 3;

/// Whether two say the same: of one kind and at least half alike.
pub fn same(a: &Candidate, b: &Candidate) -> bool {
    a.kind == b.kind && likeness(a, b) >= 0.5
}

/// Joins those that say the same; the better one keeps its id and words.
/// Expects the best first.
pub fn merge(candidates: Vec<Candidate>) -> Vec<Candidate> {
    let mut merged: Vec<Candidate> = Vec::new();
    for candidate in candidates {
        let twin = merged.iter_mut().find(|kept| same(kept, &candidate));
        let Some(kept) = twin else {
            merged.push(candidate);
            continue;
        };
        // Two independent reasons: the chance that neither holds.
        kept.score = 1.0 - (1.0 - kept.score) * (1.0 - candidate.score);
        let new: Vec<_> =
            candidate.quotes.into_iter().filter(|quote| !kept.quotes.contains(quote)).collect();
        kept.quotes.extend(new);
        kept.quotes.truncate(MOST_QUOTES);
        kept.absorbed.push(candidate.id);
    }
    merged
}

/// Maximal marginal relevance (Carbonell and Goldstein, 1998): each next one is the best mix of its
/// own score and of being unlike those already chosen.
pub fn rank(mut open: Vec<Candidate>, relevance: f64, most: usize) -> Vec<Candidate> {
    let mut ranked: Vec<Candidate> = Vec::new();
    while ranked.len() < most && !open.is_empty() {
        let value = |candidate: &Candidate| {
            let nearest = ranked.iter().map(|r| likeness(r, candidate)).fold(0.0, f64::max);
            relevance * candidate.score - (1.0 - relevance) * nearest
        };
        let best = (0..open.len()).max_by(|&a, &b| {
            // The earlier one wins a tie, so that the order is the same on every run.
            value(&open[a]).total_cmp(&value(&open[b])).then(b.cmp(&a))
        });
        ranked.push(open.remove(best.unwrap_or(0)));
    }
    ranked
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(id: &str, kind: &str, subject: &str, score: f64, messages: &[&str]) -> Candidate {
        let quote = |m: &&str| Quote {
            message_id: (*m).into(),
            quote: "q".into(),
            author: "a".into(),
            sent_at: "t".into(),
        };
        Candidate {
            id: id.into(),
            kind: kind.into(),
            subject: subject.into(),
            title: subject.into(),
            detail: String::new(),
            score,
            quotes: messages.iter().map(quote).collect(),
            absorbed: vec![],
        }
    }

    #[test]
    fn overlapping_candidates_of_one_kind_merge_and_weigh_more() {
        let merged = merge(vec![
            candidate("1", "unblock", "billing export", 0.6, &["m1"]),
            candidate("2", "unblock", "billing", 0.5, &["m2"]),
            candidate("3", "budget", "billing export", 0.4, &["m1"]),
        ]);
        assert_eq!(merged.len(), 2);
        assert_eq!(merged[0].merged_ids().collect::<Vec<_>>(), ["1", "2"]);
        assert!((merged[0].score - 0.8).abs() < 1e-9);
        assert_eq!(merged[0].quotes.len(), 2);
    }

    #[test]
    fn ranking_spreads_over_subjects() {
        let open = vec![
            candidate("1", "unblock", "billing export", 0.9, &["m1"]),
            candidate("2", "budget", "billing export", 0.8, &["m1"]),
            candidate("3", "unblock", "search index", 0.75, &["m3"]),
        ];
        let order = |relevance| -> Vec<String> {
            rank(open.clone(), relevance, 3).into_iter().map(|c| c.id).collect()
        };
        assert_eq!(order(1.0), ["1", "2", "3"]);
        assert_eq!(order(0.7), ["1", "3", "2"]);
        assert_eq!(rank(open, 1.0, 1).len(), 1);
    }
}
