//! The shape of CASCADE_CHAINS and CASCADE_JOINS: edges that repeat, point at themselves or close a cycle.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Range,
};

use petgraph::{algo::tarjan_scc, graphmap::DiGraphMap};

use super::{
    diagnostic::Problem,
    edges::{Edge, EdgeLists, PlacedEdge},
    joins::PlacedJoin,
};

pub(super) fn check(chains: &EdgeLists, joins: &[PlacedJoin], problems: &mut Vec<Problem>) {
    let mut graph = DiGraphMap::<&str, ()>::new();
    for (up, downs) in chains {
        let key = format!("CASCADE_CHAINS.{}", up.value);
        let mut seen: Vec<&Edge> = Vec::new();
        for PlacedEdge { edge, job: down, .. } in downs {
            if down.value == up.value {
                problems.push(
                    Problem::error(
                        &key,
                        down.span.clone(),
                        format!("`{}` triggers itself", up.value),
                    )
                    .help("remove it; a job that should repeat takes `every` or `cron`"),
                );
            } else if seen.contains(&edge) {
                problems.push(
                    Problem::error(
                        &key,
                        down.span.clone(),
                        format!("duplicate edge `{}` -> `{}`", up.value, down.value),
                    )
                    .help("an edge to the same job must differ in something else"),
                );
            }
            seen.push(edge);
            if down.value != up.value {
                graph.add_edge(&up.value, &down.value, ());
            }
        }
    }
    for join in joins {
        for named in join.all_of.iter().filter(|named| named.value != join.job.value) {
            graph.add_edge(&named.value, &join.job.value, ());
        }
    }
    for component in tarjan_scc(&graph).iter().filter(|component| component.len() > 1) {
        problems.push(cycle(chains, joins, &graph, component));
    }
}

/// Names one cycle of a component by its path, and marks the edge that closes it in the file.
fn cycle(
    chains: &EdgeLists,
    joins: &[PlacedJoin],
    graph: &DiGraphMap<&str, ()>,
    component: &[&str],
) -> Problem {
    // The job that stands first in the file is where a reader starts.
    let order: HashMap<&str, usize> =
        chains.iter().map(|(up, _)| (up.value.as_str(), up.span.start)).collect();
    let place = |job: &&str| order.get(job).copied().unwrap_or(usize::MAX);
    let start = component.iter().copied().min_by_key(place).unwrap_or_default();
    let path = shortest_way_back(graph, start);
    let last = path.last().copied().unwrap_or(start);
    let edges = chains.iter().filter(|(up, _)| up.value == last);
    let edges = edges.flat_map(|(_, downs)| downs.iter().map(|placed| &placed.job));
    let edge = edges.filter(|down| down.value == start).map(|down| ("CHAINS", last, &down.span));
    let joined = joins.iter().filter(|join| join.job.value == start);
    let joined = joined.flat_map(|join| &join.all_of).filter(|named| named.value == last);
    let joined = joined.map(|named| ("JOINS", start, &named.span));
    let closing: Option<(_, _, &Range<usize>)> = edge.chain(joined).next();
    let (table, key, span) = closing.unwrap_or(("CHAINS", last, &(0..0)));
    let shown = path.iter().chain([&start]).copied().collect::<Vec<_>>().join(" -> ");
    Problem::error(&format!("CASCADE_{table}.{key}"), span.clone(), format!("cycle: {shown}"))
        .label("this edge closes the cycle")
        .help("a cascade must end: remove one of these edges")
}

/// Breadth first, so that the path shown is as short as any.
fn shortest_way_back<'a>(graph: &DiGraphMap<&'a str, ()>, start: &'a str) -> Vec<&'a str> {
    let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
    let mut queue = std::collections::VecDeque::from([start]);
    while let Some(job) = queue.pop_front() {
        for next in graph.neighbors(job) {
            if next == start {
                let mut path = vec![job];
                let mut at = job;
                while let Some(before) = came_from.get(at) {
                    path.push(before);
                    at = before;
                }
                path.reverse();
                return path;
            }
            if !came_from.contains_key(next) {
                came_from.insert(next, job);
                queue.push_back(next);
            }
        }
    }
    vec![start]
}
