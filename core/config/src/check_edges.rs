//! Checks the expressions of edges against what their jobs say of args and output.

use cascade_expr::{RunFacts, Scope, Wanted};
use cascade_model::{On, Registry};
use serde_json::{Value, json};

use super::{
    diagnostic::Problem,
    edges::{self, EdgeLists},
};

/// Finds the faults of all expressions; returns of how many fields nothing can be known before a run.
pub(super) fn check(chains: &EdgeLists, registry: &Registry, problems: &mut Vec<Problem>) -> usize {
    let run = RunFacts::schema();
    let nothing = json!({"type": "null"});
    let mut unknown = 0;
    for (up, edges) in chains {
        let descriptor = registry.job(&up.value).map(|job| job.descriptor());
        let key = format!("CASCADE_CHAINS.{}.when", up.value);
        for placed in edges {
            let Some(when) = &placed.edge.when else { continue };
            let output: Option<&Value> = match placed.edge.on {
                On::Failure => Some(&nothing),
                _ => descriptor.map(|job| &job.output_schema),
            };
            let args = descriptor.map(|job| &job.args_schema);
            match when.check(&Scope { output, args, run: &run }, &Wanted::Boolean) {
                Ok(checked) => unknown += checked.unknown,
                Err(faults) => {
                    let faults = faults.into_iter();
                    problems.extend(faults.map(|it| edges::problem(&key, placed.when.clone(), it)));
                }
            }
        }
    }
    unknown
}
