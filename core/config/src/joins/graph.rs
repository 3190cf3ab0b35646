//! Which jobs lead to which, over edges and joins.

use std::collections::{BTreeMap, BTreeSet};

use super::PlacedJoin;
use crate::edges::EdgeLists;

/// The jobs that lead directly to each job.
pub(crate) struct Graph<'a>(BTreeMap<&'a str, BTreeSet<&'a str>>);

impl<'a> Graph<'a> {
    pub fn of(chains: &'a EdgeLists, joins: &'a [PlacedJoin]) -> Self {
        let edges = chains.iter().flat_map(|(up, edges)| {
            edges.iter().map(|placed| (placed.edge.job.as_str(), up.value.as_str()))
        });
        let joined = joins.iter().flat_map(|join| {
            join.all_of.iter().map(|named| (join.job.value.as_str(), named.value.as_str()))
        });
        let mut graph: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for (down, up) in edges.chain(joined) {
            graph.entry(down).or_default().insert(up);
        }
        Self(graph)
    }

    /// Every job that leads to `job`, directly or over others, without itself.
    pub fn upstream(&self, job: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut beyond: Vec<&str> = self.0.get(job).into_iter().flatten().copied().collect();
        while let Some(next) = beyond.pop() {
            if next != job && found.insert(next.to_owned()) {
                beyond.extend(self.0.get(next).into_iter().flatten());
            }
        }
        found
    }

    /// The jobs that lead to all of these, or are one of them and lead to the others.
    pub fn roots(&self, jobs: &[String]) -> BTreeSet<String> {
        let mut of_each = jobs.iter().map(|job| {
            let mut all = self.upstream(job);
            all.insert(job.clone());
            all
        });
        let first = of_each.next().unwrap_or_default();
        of_each.fold(first, |roots, of_next| roots.intersection(&of_next).cloned().collect())
    }
}
