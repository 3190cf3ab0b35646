//! From signals that meet in one topic to something a person can do.
//!
//! `score = urgency * (1 - exp(-mass * (1 + ln people)))`: the faded mass of the signals, more when
//! several people raise the same thing (the degree of the topic among people, the simplest measure
//! of centrality), times how much the kind presses.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use uuid::Uuid;

use crate::graph::{Graph, Placed, Subject};

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
struct Advice {
    kind: &'static str,
    /// How much it presses: a decision to confirm is no fire.
    urgency: f64,
    about_topic: &'static str,
    about_person: &'static str,
}

fn advice(signal: &str) -> Option<Advice> {
    let (kind, urgency, about_topic, about_person) = match signal {
        "deadline_risk" => {
            ("mitigate_deadline", 1.0, "Secure the date of “{}”", "Ask {} about the dates at risk")
        }
        "blocker" => ("remove_blocker", 1.0, "Remove the blocker on “{}”", "Help {} to go on"),
        "budget" => {
            ("review_budget", 0.9, "Review the budget of “{}”", "Go through the budget with {}")
        }
        "negative_sentiment" => {
            ("address_sentiment", 0.8, "Address the discontent with “{}”", "Talk to {}")
        }
        "decision" => {
            ("confirm_decision", 0.4, "Confirm the decision on “{}”", "Confirm what {} wrote down")
        }
        "unanswered_question" => {
            ("answer_question", 0.7, "Answer the question about “{}”", "Answer {}")
        }
        _ => return None,
    };
    Some(Advice { kind, urgency, about_topic, about_person })
}

/// All that follows from the graph, weightiest first.
pub fn derive(graph: &Graph) -> Vec<Derived> {
    let mut groups: BTreeMap<(&str, &Subject), Vec<&Placed>> = BTreeMap::new();
    for signal in &graph.signals {
        groups.entry((&signal.found.kind, &signal.subject)).or_default().push(signal);
    }
    let mut all: Vec<_> = groups
        .into_iter()
        .filter_map(|((signal, subject), signals)| Some(one(&advice(signal)?, subject, signals)))
        .collect();
    all.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.title.cmp(&b.title)));
    all
}

fn one(advice: &Advice, subject: &Subject, mut signals: Vec<&Placed>) -> Derived {
    signals.sort_by(|a, b| b.mass.total_cmp(&a.mass).then_with(|| a.found.id.cmp(&b.found.id)));
    let people: BTreeSet<_> = signals.iter().map(|s| s.found.author.as_str()).collect();
    let mass: f64 = signals.iter().map(|signal| signal.mass).sum();
    let heard = 1.0 + (people.len() as f64).ln();
    let (form, label, name) = match subject {
        Subject::Topic(topic) => (advice.about_topic, topic, topic.to_lowercase()),
        Subject::Person(person) => (advice.about_person, person, person.to_lowercase()),
    };
    let kind = advice.kind;
    Derived {
        id: Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{kind}/{name}").as_bytes()),
        kind,
        subject: label.clone(),
        title: form.replace("{}", label),
        detail: detail(&signals, &people),
        score: -(-mass * heard).exp_m1() * advice.urgency,
        evidence: signals.iter().take(3).map(|signal| quote(signal)).collect(),
    }
}

/// Such as `3 messages from Ann and Tom, the latest on 2026-11-20.`
fn detail(signals: &[&Placed], people: &BTreeSet<&str>) -> String {
    let names: Vec<&str> = people.iter().copied().collect();
    let who = match names.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [one, other] => format!("{one} and {other}"),
        [one, other, rest @ ..] => format!("{one}, {other} and {} more", rest.len()),
    };
    let messages: BTreeSet<_> = signals.iter().map(|s| s.found.message_id.as_str()).collect();
    let plural = if messages.len() == 1 { "" } else { "s" };
    let latest = signals.iter().map(|signal| signal.found.sent_at).max();
    let day = latest.map_or_else(String::new, |at| format!(", the latest on {}", at.date_naive()));
    format!("{} message{plural} from {who}{day}.", messages.len())
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
    use crate::{
        graph::{Found, build},
        topics::Topics,
    };

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
        let topics = Topics::learn(signals.iter().map(|s| ("", s.body.as_str())));
        let graph = build(&project, &signals, &topics, now, 14.0);
        let derived = derive(&graph);
        let titles: Vec<_> = derived.iter().map(|d| d.title.as_str()).collect();
        assert_eq!(
            titles,
            ["Remove the blocker on “billing export”", "Review the budget of “search index”"]
        );
        assert_eq!(derived[0].evidence.len(), 2);
        assert_eq!(
            derived[0].detail,
            format!("2 messages from Ann and Tom, the latest on {}.", now.date_naive())
        );
        assert!(derived.iter().all(|d| (0.0..=1.0).contains(&d.score)));
        assert!(graph.nodes.iter().any(|n| n.kind == "person" && n.label == "Tom"));
    }
}
