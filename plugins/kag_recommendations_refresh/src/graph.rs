//! The graph: who and what the open signals hang on.

use std::collections::{BTreeMap, HashMap};

use cascade_sdk::Project;
use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::topics::{main_topic, terms};

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

/// A signal in its place.
#[derive(Debug)]
pub struct Placed<'a> {
    pub found: &'a Found,
    /// The topic of its message, or else its author.
    pub subject: String,
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

pub fn build<'a>(
    project: &Project,
    found: &'a [Found],
    now: DateTime<Utc>,
    half_life_days: f64,
) -> Graph<'a> {
    let own: Vec<_> = found.iter().map(|f| terms(&format!("{}. {}", f.subject, f.body))).collect();
    let mut shared: HashMap<String, usize> = HashMap::new();
    for term in own.iter().flatten() {
        *shared.entry(term.clone()).or_default() += 1;
    }
    let mut nodes: BTreeMap<String, Node> = BTreeMap::new();
    let mut edges: BTreeMap<(String, String, &'static str), f64> = BTreeMap::new();
    let mut signals = Vec::new();
    let root = format!("project:{}", project.slug);
    let mut add = |id: &str, kind, label: &str, mass: f64| {
        let new = || Node { id: id.into(), kind, label: label.into(), weight: 0.0 };
        nodes.entry(id.into()).or_insert_with(new).weight += mass;
    };
    add(&root, "project", &project.name, 0.0);
    for (signal, own) in found.iter().zip(&own) {
        let age_days = (now - signal.sent_at).num_seconds().max(0) as f64 / 86_400.0;
        let mass = signal.weight * signal.confidence * (-age_days / half_life_days).exp2();
        let topic = main_topic(own, &shared, found.len());
        let (id, person) = (format!("signal:{}", signal.id), format!("person:{}", signal.author_key));
        add(&root, "project", &project.name, mass);
        add(&id, "signal", &signal.evidence, mass);
        add(&person, "person", &signal.author, mass);
        let mut link = |source: &str, target: &str, kind| {
            *edges.entry((source.into(), target.into(), kind)).or_default() += mass;
        };
        link(&person, &id, "raised");
        link(&root, &person, "involves");
        if let Some(topic) = &topic {
            let node = format!("topic:{topic}");
            add(&node, "topic", topic, mass);
            link(&id, &node, "about");
            link(&root, &node, "has");
        }
        let subject = topic.unwrap_or_else(|| signal.author.clone());
        signals.push(Placed { found: signal, subject, mass });
    }
    let edge = |((source, target, kind), weight)| Edge { source, target, kind, weight };
    Graph { nodes: nodes.into_values().collect(), edges: edges.into_iter().map(edge).collect(), signals }
}
