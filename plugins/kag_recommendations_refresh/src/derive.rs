//! From signals that meet in one topic to something a person can do.
//!
//! `score = 1 - exp(-mass * (1 + ln people))`: the faded mass of the signals, more when several
//! people raise the same thing (the degree of the topic among people).

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use uuid::Uuid;

use crate::graph::{Graph, Placed};

/// A recommendation of `kag_recommendations`.
#[derive(Debug)]
pub struct Derived {
    pub id: Uuid,
    pub kind: &'static str,
    pub subject: String,
    pub title: String,
    pub detail: String,
    pub score: f64,
    pub evidence: Vec<Quote>,
}

/// A message that shows why.
#[derive(Debug, Serialize)]
pub struct Quote {
    pub message_id: String,
    pub quote: String,
    pub author: String,
    pub sent_at: String,
}

/// What to do about signals of a kind, and how to say it.
fn advice(signal: &str) -> Option<(&'static str, &'static str)> {
    match signal {
        "deadline_risk" => Some(("mitigate_deadline", "Secure the date of")),
        "blocker" => Some(("remove_blocker", "Unblock")),
        "budget" => Some(("review_budget", "Review the budget of")),
        "negative_sentiment" => Some(("address_sentiment", "Talk to those unhappy with")),
        "decision" => Some(("confirm_decision", "Confirm the decision on")),
        "unanswered_question" => Some(("answer_question", "Answer the open question on")),
        _ => None,
    }
}

/// All that follows from the graph, weightiest first.
pub fn derive(graph: &Graph) -> Vec<Derived> {
    let mut groups: BTreeMap<(&'static str, &'static str, &str), Vec<&Placed>> = BTreeMap::new();
    for signal in &graph.signals {
        if let Some((kind, verb)) = advice(&signal.found.kind) {
            groups.entry((kind, verb, &signal.subject)).or_default().push(signal);
        }
    }
    let mut all: Vec<_> = groups
        .into_iter()
        .map(|((kind, verb, subject), mut signals)| {
            signals.sort_by(|a, b| b.mass.total_cmp(&a.mass));
            let people: BTreeSet<_> = signals.iter().map(|s| s.found.author_key.as_str()).collect();
            let mass: f64 = signals.iter().map(|signal| signal.mass).sum();
            let heard = 1.0 + (people.len() as f64).ln();
            Derived {
                id: Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{kind}/{subject}").as_bytes()),
                kind,
                subject: subject.to_owned(),
                title: format!("{verb} {subject}"),
                detail: detail(signals.len(), people.len()),
                score: -(-mass * heard).exp_m1(),
                evidence: signals.iter().take(3).map(|signal| quote(signal)).collect(),
            }
        })
        .collect();
    all.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.title.cmp(&b.title)));
    all
}

fn detail(signals: usize, people: usize) -> String {
    let count = |n: usize, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
    let (signals, people) = (count(signals, "signal", "signals"), count(people, "person", "people"));
    format!("{signals} from {people} point here")
}

fn quote(signal: &Placed) -> Quote {
    Quote {
        message_id: signal.found.message_id.clone(),
        quote: signal.found.evidence.clone(),
        author: signal.found.author.clone(),
        sent_at: cascade_sdk::rfc3339(signal.found.sent_at),
    }
}

#[cfg(test)]
mod tests {
    use cascade_sdk::Project;
    use chrono::{DateTime, TimeDelta, Utc};

    use super::*;
    use crate::graph::{Found, build};

    fn found(nth: usize, kind: &str, author: &str, body: &str, at: DateTime<Utc>) -> Found {
        Found {
            id: nth.to_string(),
            message_id: format!("m{nth}"),
            kind: kind.into(),
            evidence: body.into(),
            weight: 0.8,
            confidence: 0.9,
            sent_at: at,
            author: author.into(),
            author_key: author.to_lowercase(),
            subject: String::new(),
            body: body.into(),
        }
    }

    #[test]
    fn what_several_people_raise_comes_first_with_its_evidence() {
        let now = Utc::now();
        let old = now - TimeDelta::days(30);
        let signals = [
            found(1, "blocker", "Ann", "billing export stuck", now),
            found(2, "blocker", "Tom", "billing export stuck again", now),
            found(3, "budget", "Ann", "search index too dear", old),
            found(4, "budget", "Ann", "search index over budget", old),
            found(5, "gossip", "Ann", "lunch", now),
        ];
        let project = Project { id: Uuid::nil(), slug: "p".into(), name: "P".into() };
        let graph = build(&project, &signals, now, 14.0);
        let derived = derive(&graph);
        let titles: Vec<_> = derived.iter().map(|d| d.title.as_str()).collect();
        assert_eq!(titles, ["Unblock billing export", "Review the budget of search index"]);
        assert_eq!(derived[0].evidence.len(), 2);
        assert_eq!(derived[0].detail, "2 signals from 2 people point here");
        assert!(derived.iter().all(|d| (0.0..=1.0).contains(&d.score)));
        assert!(graph.nodes.iter().any(|n| n.kind == "person" && n.label == "Tom"));
    }
}
