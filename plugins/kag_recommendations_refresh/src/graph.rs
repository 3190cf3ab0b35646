//! The graph: who and what the open signals hang on.

use std::collections::BTreeMap;

use cascade_sdk::Project;
use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::topics::Topics;

/// An open signal with its message.
#[derive(Debug, Clone, Deserialize)]
pub struct Found {
    pub id: String,
    pub message_id: String,
    pub kind: String,
    pub evidence: String,
    pub weight: f64,
    pub confidence: f64,
    pub sent_at: DateTime<Utc>,
    pub author: String,
    pub author_key: String,
    pub subject: String,
    pub body: String,
}

/// A node of `kag_nodes`; its weight is the faded mass of the signals it touches.
#[derive(Debug)]
pub struct Node {
    pub id: String,
    pub kind: &'static str,
    pub label: String,
    pub weight: f64,
}

/// An edge of `kag_edges`.
#[derive(Debug)]
pub struct Edge {
    pub source: String,
    pub target: String,
    pub kind: &'static str,
    pub weight: f64,
}

/// What signals meet in: the topic, or for want of one the person who wrote.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    Topic(String),
    Person(String),
}

/// A signal in its place.
#[derive(Debug)]
pub struct Placed<'a> {
    pub found: &'a Found,
    /// What it is about.
    pub subject: Subject,
    /// `weight * confidence * 2^(-age / half_life)`.
    pub mass: f64,
}

/// Nodes, edges, and the signals they were made of.
#[derive(Debug)]
pub struct Graph<'a> {
    pub nodes: Vec<Node>,
    pub edges: Vec<Edge>,
    pub signals: Vec<Placed<'a>>,
}

/// Hangs each signal on its person and its topic. The newest message comes first in `found`.
pub fn build<'a>(
    project: &Project,
    found: &'a [Found],
    topics: &Topics,
    now: DateTime<Utc>,
    half_life_days: f64,
) -> Graph<'a> {
    let mut nodes: BTreeMap<String, Node> = BTreeMap::new();
    let mut edges: BTreeMap<(String, String, &'static str), f64> = BTreeMap::new();
    let mut signals = Vec::new();
    // One label for a topic, however its sentences spell it.
    let mut labels: BTreeMap<String, String> = BTreeMap::new();
    let root = format!("project:{}", project.slug);
    let mut add = |id: &str, kind, label: &str, mass: f64| {
        let new = || Node { id: id.into(), kind, label: label.into(), weight: 0.0 };
        nodes.entry(id.into()).or_insert_with(new).weight += mass;
    };
    add(&root, "project", &project.name, 0.0);
    for signal in found {
        let age_days = (now - signal.sent_at).num_seconds().max(0) as f64 / 86_400.0;
        let mass = signal.weight * signal.confidence * (-age_days / half_life_days).exp2();
        let topic = topics.of(&signal.evidence, &[&signal.subject, &signal.body]);
        let (id, person) =
            (format!("signal:{}", signal.id), format!("person:{}", signal.author_key));
        add(&root, "project", &project.name, mass);
        add(&id, "signal", &signal.evidence, mass);
        add(&person, "person", &signal.author, mass);
        let mut link = |source: &str, target: &str, kind| {
            *edges.entry((source.into(), target.into(), kind)).or_default() += mass;
        };
        link(&person, &id, "raised");
        link(&root, &person, "involves");
        let subject = match topic {
            Some(topic) => {
                let node = format!("topic:{}", topic.key);
                let label = labels.entry(topic.key).or_insert(topic.label).clone();
                add(&node, "topic", &label, mass);
                link(&id, &node, "about");
                link(&root, &node, "has");
                link(&person, &node, "discusses");
                Subject::Topic(label)
            }
            None => Subject::Person(signal.author.clone()),
        };
        signals.push(Placed { found: signal, subject, mass });
    }
    let edge = |((source, target, kind), weight)| Edge { source, target, kind, weight };
    Graph {
        nodes: nodes.into_values().collect(),
        edges: edges.into_iter().map(edge).collect(),
        signals,
    }
}
