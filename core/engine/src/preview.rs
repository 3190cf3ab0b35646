//! What an edge would do at the end of a run that is over.

use std::slice;

use cascade_config::{ConfigState, Edge};
use cascade_expr::{RunFacts, Status};
use cascade_model::{Follow, On, Run};
use serde_json::Value;

use crate::{
    cascade::Skip,
    edges::{self, EndOfRun},
    follow,
};

/// What `edge` would lead to under `config` if `run` ended again, with these args and this output. An edge that
/// is taken after a recovery finds that the run before had failed. Evaluates expressions: not to be called on
/// a thread of the runtime.
pub fn preview(
    config: &ConfigState,
    edge: &Edge,
    run: &Run,
    args: Value,
    output: Option<&Value>,
) -> Follow {
    let status = match output {
        None if edge.on == On::Failure => Status::Failure,
        _ => Status::Success,
    };
    let facts = RunFacts {
        id: run.id.to_string(),
        job: run.job_type.clone(),
        project: run.project_slug.clone(),
        status,
        attempts: run.attempt,
        error: run.error.clone(),
        summary: run.summary.clone(),
        revision: config.revision.clone(),
        key: run.request.as_ref().and_then(|request| follow::key_of(request)),
        not_reached: match status {
            Status::Failure => config.config.not_reached(&run.job_type),
            Status::Success => Vec::new(),
        },
    };
    let output = output.map(Value::to_string);
    let end = EndOfRun { run: facts, args, output, failed_before: Some(true) };
    let edges = slice::from_ref(edge);
    let mut follow = edges::follow(edges, &follow::downstream(config, edges), &end);
    // As the end of a run would find its schedule.
    if config.config.jobs.get(&edge.job).is_some_and(|job| !job.enabled) {
        (follow.downstream, follow.debounced, follow.runs) = Default::default();
        for decision in follow.decisions.iter_mut().filter(|decision| decision.taken) {
            let why = Some(Skip::Disabled.into());
            (decision.taken, decision.runs, decision.reason) = (false, None, why);
        }
    }
    follow
}
