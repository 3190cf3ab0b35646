//! One edge that stands in no file yet.

use cascade_model::Registry;
use serde_json::{Value, json};

use super::Edge;
use crate::{
    check_edges,
    diagnostic::{Problem, Severity},
    parse,
};

impl Edge {
    /// Reads an edge of `job` as a file would have it, and checks it as one.
    ///
    /// # Errors
    /// What is wrong with it: the key, such as `when`, and what is said of it.
    pub fn read(
        job: &str,
        edge: &Value,
        registry: &Registry,
    ) -> Result<(Self, usize), Vec<(String, String)>> {
        let path = format!("CASCADE_CHAINS.{job}");
        let place = |key: &str| {
            let key = key.strip_prefix(&path).unwrap_or(key).trim_start_matches('.');
            key.to_owned()
        };
        let told = |problem: Problem| {
            let help = problem.help.map(|help| format!(" ({help})")).unwrap_or_default();
            (place(&problem.key), format!("{}{help}", problem.message))
        };
        let text = toml::to_string(&json!({ "CASCADE_CHAINS": { job: [edge] } }));
        let text = text.map_err(|error| vec![(String::new(), error.to_string())])?;
        let (document, mut problems) = parse::parse(&text);
        let unknown = check_edges::check(&document.chains, registry, &mut problems);
        problems.retain(|problem| problem.severity == Severity::Error);
        let found = document.chains.into_iter().flat_map(|(_, edges)| edges).next();
        match found {
            Some(found) if problems.is_empty() => Ok((found.edge, unknown)),
            _ => Err(problems.into_iter().map(told).collect()),
        }
    }
}
