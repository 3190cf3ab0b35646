//! Which joins the end of a run bears on, and what each would make: found before the transaction, from the states
//! as they are then.

use std::{collections::BTreeMap, sync::Arc};

use cascade_config::{Config, ConfigState, Edge, Join};
use cascade_expr::{RunFacts, Status};
use cascade_model::{By, JoinFire, JoinKey, JoinMakes, JoinRow, JoinRule, JoinState, Joining, On};
use cascade_store::{Queries, Result, Store, StoreError};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{
    runs_of,
    state::{self, Verdict},
};
use crate::{
    edge_runs::Downstream,
    edges::{self, EndOfRun},
    follow::{self, Ending},
};

/// The joins that the end bears on, those first that another waits for; `opens` are the jobs that it may trigger or
/// makes runs of.
///
/// # Errors
/// The database's.
pub(crate) async fn foresee(
    store: &dyn Store,
    config: &ConfigState,
    ending: &Ending<'_>,
    opens: &[&str],
) -> Result<Vec<Joining>> {
    let regarding: Vec<_> = joins_of(&config.config, ending.job, opens).collect();
    if regarding.is_empty() {
        return Ok(Vec::new());
    }
    let wanted =
        regarding.iter().flat_map(|(_, join)| keys(&join.rule, &ending.traces, ending.project.0));
    let known = store.joins(&wanted.collect::<Vec<_>>()).await?;
    let mut found = Vec::new();
    for (_, join) in regarding {
        for key in keys(&join.rule, &ending.traces, ending.project.0) {
            let row = known.iter().find(|row| row.key == key);
            if row.is_none() && !begins(&join.rule, ending.job, opens) {
                continue;
            }
            let new = || JoinRow { key: key.clone(), state: JoinState::default(), due_at: None };
            let row = row.cloned().unwrap_or_else(new);
            let fire = would_make(store, config, join, row, ending).await?;
            let (rule, reopens) = (join.rule.clone(), ending.reopens);
            found.push(Joining { rule, key, reopens, fire });
        }
    }
    // One that waits for the job of another looks at all that the other looks at, and more.
    found.sort_by_key(|joining| upstream_of(&joining.rule));
    Ok(found)
}

/// How many jobs a join looks at.
pub(crate) fn upstream_of(rule: &JoinRule) -> usize {
    let jobs = rule.upstream.values().flatten().chain(&rule.all_of);
    jobs.collect::<std::collections::BTreeSet<_>>().len()
}

/// The joins that an end of `job` may bear on, which triggers `opens` or makes runs of them.
pub(crate) fn joins_of<'c>(
    config: &'c Config,
    job: &str,
    opens: &[&str],
) -> impl Iterator<Item = (&'c String, &'c Join)> {
    config.joins.iter().filter(move |(_, join)| {
        let opens = || join.rule.by == By::Trace && opens.iter().any(|job| join.rule.regards(job));
        join.rule.regards(job) || opens()
    })
}

/// The states of a join that the end of a run of these traces bears on.
pub(crate) fn keys(rule: &JoinRule, traces: &[Uuid], project_id: Uuid) -> Vec<JoinKey> {
    let key = |trace_id| JoinKey { trace_id, project_id, job: rule.job.clone() };
    match rule.by {
        By::Latest => vec![key(Uuid::nil())],
        By::Trace => traces.iter().map(|trace| key(*trace)).collect(),
    }
}

/// Whether a join of which nothing is known in a trace is to know of it from this end on.
pub(crate) fn begins(rule: &JoinRule, job: &str, opens: &[&str]) -> bool {
    if rule.by == By::Latest {
        return true;
    }
    let is_root = rule.roots.contains(job) || opens.iter().any(|job| rule.roots.contains(*job));
    is_root && (rule.names(job) || opens.iter().any(|job| rule.regards(job)))
}

/// What the join makes if nothing is to come but what this end itself opens.
async fn would_make(
    store: &dyn Store,
    config: &ConfigState,
    join: &Join,
    mut row: JoinRow,
    ending: &Ending<'_>,
) -> Result<Option<JoinFire>> {
    let rule = &join.rule;
    if rule.regards(ending.job) {
        if ending.reopens {
            state::reopened(&mut row.state, ending.job);
        }
        // The time is for display alone.
        let end = (ending.end, ending.run, DateTime::<Utc>::default());
        state::ended(&mut row.state, rule, ending.job, end);
    }
    if state::verdict(&row.state, rule) != Verdict::Fires {
        return Ok(None);
    }
    let own = ending.output.map(|output| (ending.run, output));
    let last = LastEnd { run: ending.run, job: ending.job, attempts: ending.attempts };
    what(store, config, join, &row, ending.project.1, last, own).await.map(Some)
}

/// The run that ended last.
#[derive(Clone, Copy)]
pub(crate) struct LastEnd<'a> {
    pub run: Uuid,
    pub job: &'a str,
    pub attempts: u32,
}

/// What a join makes that fires in this state; `own` is the output of the run that ends, which is not stored yet.
pub(super) async fn what(
    store: &dyn Store,
    config: &ConfigState,
    join: &Join,
    row: &JoinRow,
    project: &str,
    last: LastEnd<'_>,
    own: Option<(Uuid, &str)>,
) -> Result<JoinFire> {
    let of = runs_of(row);
    if !join.evaluates() {
        return Ok(JoinFire { of, makes: JoinMakes::Due });
    }
    let output = stored_outputs(store, &join.rule, row, own).await?;
    let found = Evaluation::new(config, join, &row.state, project, last, &output);
    let evaluated = tokio::task::spawn_blocking(move || found.makes()).await;
    let makes = evaluated.map_err(|error| StoreError::Corrupt {
        what: "the expressions of a join",
        why: error.to_string(),
    })?;
    Ok(JoinFire { of, makes })
}

/// The expressions of a join, and what they see.
pub(crate) struct Evaluation {
    edge: Edge,
    jobs: BTreeMap<String, Downstream>,
    end: EndOfRun,
}

impl Evaluation {
    /// Of a join in this state, whose jobs have given out `output`.
    pub fn new(
        config: &ConfigState,
        join: &Join,
        state: &JoinState,
        project: &str,
        last: LastEnd<'_>,
        output: &Value,
    ) -> Self {
        let not_reached = state::missing(state, &join.rule);
        let status = if not_reached.is_empty() { Status::Success } else { Status::Failure };
        let run = RunFacts {
            id: last.run.to_string(),
            job: last.job.to_owned(),
            project: project.to_owned(),
            status,
            attempts: last.attempts,
            error: None,
            summary: None,
            revision: config.revision.clone(),
            key: None,
            not_reached,
        };
        let (output, args) = (Some(output.to_string()), Value::Null);
        let end = EndOfRun { run, args, output, failed_before: None };
        let edge = edge(&join.rule, join);
        let jobs = follow::downstream(config, std::slice::from_ref(&edge));
        Self { edge, jobs, end }
    }

    /// What the join makes.
    pub fn makes(self) -> JoinMakes {
        let mut follow = edges::follow(&[self.edge], &self.jobs, &self.end);
        let reason = follow.decisions.pop().and_then(|decision| decision.reason);
        match (reason, follow.runs.pop()) {
            (Some(why), _) => JoinMakes::Nothing(why),
            (None, Some(run)) => JoinMakes::Run(Box::new(run)),
            (None, None) => JoinMakes::Due,
        }
    }
}

/// A join makes what an edge makes that is taken whatever the end.
fn edge(rule: &Arc<JoinRule>, join: &Join) -> Edge {
    Edge {
        on: On::Always,
        when: join.when.clone(),
        args: join.args.clone(),
        key: join.key.clone(),
        ..Edge::plain(&rule.job)
    }
}

/// What each job that it waits for has given out, as the database has it.
async fn stored_outputs(
    store: &dyn Store,
    rule: &JoinRule,
    row: &JoinRow,
    own: Option<(Uuid, &str)>,
) -> Result<Value> {
    let runs: Vec<_> = rule.all_of.iter().filter_map(|named| success(&row.state, named)).collect();
    let stored = store.outputs(&runs).await?;
    Ok(outputs(rule, &row.state, |run| {
        let own = own.filter(|(own, _)| *own == run).map(|(_, output)| output);
        own.or_else(|| stored.get(&run).map(String::as_str))
    }))
}

/// What each job that a join waits for has given out, by the JSON text of its run; null where nothing is known.
pub(crate) fn outputs<'t>(
    rule: &JoinRule,
    state: &JoinState,
    text: impl Fn(Uuid) -> Option<&'t str>,
) -> Value {
    let value = |named: &String| {
        let output = serde_json::from_str(text(success(state, named)?)?);
        output.ok()
    };
    let all = rule.all_of.iter().map(|named| (named.clone(), value(named).unwrap_or_default()));
    Value::Object(all.collect::<Map<_, _>>())
}

/// The latest success of a job that a join waits for.
fn success(state: &JoinState, named: &str) -> Option<Uuid> {
    state.parts.get(named).filter(|part| part.ok > 0)?.run
}
