//! Jobs that run once several others have ended.

use std::sync::Arc;

use cascade_config::LiveConfig;
use cascade_engine::{CancelTrace, Engine};
use cascade_model::{
    ClaimedRun, Enqueue, Fault, Follow, OnDuplicate, Registry, Run, RunRequest, Success, Visible,
};
use cascade_registry::Plugins;
use cascade_sdk::{
    BoxFuture, Context, DynJob, JobDescriptor, JobError, NewRun, Origin, OriginKind, Outcome, sql,
};
use cascade_store::{Queries, RunFilter, StoreError};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::steps::{LEASE, project};

/// `root` leads to `a` and `b`, `report` waits for both.
const DIAMOND: &str =
    "root = [\"a\", \"b\"]\n[CASCADE_JOINS]\nreport = { all_of = [\"a\", \"b\"] }\n";

struct TestJob(JobDescriptor);

impl DynJob for TestJob {
    fn descriptor(&self) -> &JobDescriptor {
        &self.0
    }

    fn run(&self, _: Context, _: Value) -> BoxFuture<'static, Result<Outcome<Value>, JobError>> {
        Box::pin(async { Outcome::done().erased() })
    }
}

/// An engine with a jobs.toml of its own.
#[derive(Clone)]
pub(super) struct Joins {
    pub(super) engine: Engine,
    config: LiveConfig,
    pub(super) project: Uuid,
}

impl Joins {
    pub(super) async fn of(engine: &Engine, chains: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("jobs.toml");
        let text = format!("[projects.one]\n[CASCADE_CHAINS]\n{chains}");
        std::fs::write(&file, text).unwrap();
        let mut registry = Registry::default();
        for name in ["root", "other", "a", "b", "report", "last"] {
            let origin = Origin {
                kind: OriginKind::CompiledIn,
                plugin: "test".into(),
                version: "1".into(),
                location: "here".into(),
            };
            let mut job = JobDescriptor::new(name, "", origin, json!({"type": "object"}));
            job.args_schema = json!({"type": "object"});
            job.output_schema = json!(true);
            registry.add_job(Arc::new(TestJob(job))).unwrap();
        }
        let config = LiveConfig::open(&file, Plugins::from(registry)).unwrap();
        engine.reconcile(&config.current()).await.unwrap();
        let engine = engine.clone().following(config.clone());
        let project = project(&engine, "one").await;
        Self { engine, config, project }
    }

    /// Asks for runs of `job`, each with a trace of its own.
    pub(super) async fn ask(&self, job: &str, runs: usize) {
        let one = Enqueue {
            job_type: job.into(),
            project_id: self.project,
            request: RunRequest {
                key: None,
                args: json!({}),
                priority: 0,
                run_at: None,
                asked_by: None,
                tags: Vec::new(),
            },
            on_duplicate: OnDuplicate::Queue,
        };
        self.engine.enqueue(&vec![one; runs], None).await.unwrap();
    }

    /// All runs that may begin, by job.
    pub(super) async fn claim(&self) -> Vec<ClaimedRun> {
        let mut runs = Vec::new();
        loop {
            let found = self.engine.claim("worker-a", 500, LEASE, &[]).await.unwrap();
            if found.is_empty() {
                runs.sort_by(|a: &ClaimedRun, b| a.job_type.cmp(&b.job_type));
                return runs;
            }
            runs.extend(found);
        }
    }

    pub(super) async fn one(&self, job: &str) -> ClaimedRun {
        let mut runs = self.claim().await;
        assert_eq!(jobs(&runs), [job]);
        runs.remove(0)
    }

    pub(super) async fn ok(&self, run: &ClaimedRun, output: Value) {
        self.end(run, Success { output: Some(output.to_string()), ..Success::default() }).await;
    }

    async fn end(&self, run: &ClaimedRun, success: Success) {
        loop {
            let follow = self.engine.follow(&self.config.state(), run, Ok(&success)).await.unwrap();
            let success = Success { follow, ..success.clone() };
            match self.engine.complete(&run.lease, success).await {
                Err(StoreError::JoinMoved) => {}
                done => break drop(done.unwrap()),
            }
        }
    }

    pub(super) async fn fail(&self, run: &ClaimedRun) {
        let follow = self.engine.follow(&self.config.state(), run, Err("no luck")).await.unwrap();
        let fault = Fault { error: "no luck".into(), retry_in: None };
        self.engine.fail_then(&run.lease, fault, follow).await.unwrap();
    }

    /// Why the join of the trace of a run has not fired, or why it was late; empty if it has fired in time.
    async fn reason(&self, run: &ClaimedRun) -> String {
        let rows = self.engine.store().joins_of_trace(run.trace_id, self.project).await.unwrap();
        let outcome = rows[0].state.outcome.clone().unwrap();
        outcome.reason.unwrap_or_default().text
    }

    async fn runs_of(&self, job: &str) -> Vec<Run> {
        let filter = RunFilter { job_types: vec![job.into()], ..RunFilter::default() };
        self.engine.store().runs(&filter).await.unwrap().items
    }
}

fn jobs(runs: &[ClaimedRun]) -> Vec<&str> {
    runs.iter().map(|run| run.job_type.as_str()).collect()
}

pub(super) async fn a_join_fires_with_the_last_of_the_jobs_that_it_waits_for(engine: &Engine) {
    let joins = Joins::of(engine, DIAMOND).await;
    joins.ask("root", 1).await;
    let root = joins.one("root").await;
    joins.ok(&root, json!(null)).await;
    let pair = joins.claim().await;
    assert_eq!(jobs(&pair), ["a", "b"]);
    joins.ok(&pair[1], json!(null)).await;
    assert!(joins.claim().await.is_empty(), "`a` has not ended");
    joins.ok(&pair[0], json!(null)).await;
    let report = joins.one("report").await;
    assert_eq!(report.trace_id, root.trace_id);
    let causes: Vec<_> = report.payload.triggers.iter().map(|it| it.job_type.as_str()).collect();
    assert_eq!(causes, ["b", "a"], "the latest comes last");
    let decisions = engine.store().decisions(&Visible::All, pair[0].lease.run_id).await.unwrap();
    let decided = &decisions.unwrap().edges[0];
    assert!(decided.join && decided.taken && decided.job == "report");
    joins.ok(&report, json!(null)).await;
    assert!(joins.claim().await.is_empty(), "it fires once");
}

pub(super) async fn pairs_that_end_at_once_fire_one_join_each(engine: &Engine) {
    const PAIRS: usize = 1000;
    let chains = "root = [{ job = \"a\", args = {} }, { job = \"b\", args = {} }]\n[CASCADE_JOINS]\n\
                  report = { all_of = [\"a\", \"b\"], args = { sum = \"output.a + output.b\" } }\n";
    let joins = Joins::of(engine, chains).await;
    joins.ask("root", PAIRS).await;
    let mut ends = JoinSet::new();
    for roots in joins.claim().await.chunks(PAIRS / 8) {
        let (joins, roots) = (joins.clone(), roots.to_vec());
        ends.spawn(async move {
            for root in roots {
                joins.ok(&root, json!(null)).await;
            }
        });
    }
    ends.join_all().await;
    let runs = joins.claim().await;
    assert_eq!(runs.len(), 2 * PAIRS);
    // Both of a pair at the same time.
    let (mut a, mut b) = (runs.clone(), runs);
    a.retain(|run| run.job_type == "a");
    b.retain(|run| run.job_type == "b");
    let by_trace = |run: &ClaimedRun| run.trace_id;
    a.sort_by_key(by_trace);
    b.sort_by_key(by_trace);
    let mut ends = JoinSet::new();
    let pairs: Vec<_> = a.into_iter().zip(b).collect();
    for pairs in pairs.chunks(PAIRS / 4) {
        let (joins, pairs) = (joins.clone(), pairs.to_vec());
        ends.spawn(async move {
            for (a, b) in &pairs {
                tokio::join!(joins.ok(a, json!(1)), joins.ok(b, json!(2)));
            }
        });
    }
    ends.join_all().await;
    let reports = joins.claim().await;
    assert_eq!(reports.len(), PAIRS);
    let traces: std::collections::BTreeSet<_> = reports.iter().map(by_trace).collect();
    assert_eq!(traces.len(), PAIRS);
    for report in reports {
        assert_eq!(report.job_type, "report");
        assert_eq!(report.request.unwrap().args, json!({"sum": 3}), "it has seen both outputs");
    }
}

pub(super) async fn what_no_edge_leads_to_is_not_waited_for(engine: &Engine) {
    let chains = "root = [{ job = \"a\", each = \"output.list\", args = { n = \"item\" } }, \
                  { job = \"b\", when = \"output.b\" }]\n[CASCADE_JOINS]\n\
                  report = { all_of = [\"a\", \"b\"] }\n";
    let joins = Joins::of(engine, chains).await;
    for (output, then) in [
        (json!({"list": [1, 2], "b": false}), vec!["a", "a"]),
        (json!({"list": [], "b": true}), vec!["b"]),
        (json!({"list": [], "b": false}), vec![]),
    ] {
        joins.ask("root", 1).await;
        let root = joins.one("root").await;
        joins.ok(&root, output).await;
        let runs = joins.claim().await;
        assert_eq!(jobs(&runs), then);
        for run in &runs {
            joins.ok(run, json!(null)).await;
        }
        if runs.is_empty() {
            assert!(joins.claim().await.is_empty(), "neither has run");
            let known = engine.store().joins_of_trace(root.trace_id, joins.project).await.unwrap();
            assert!(known.is_empty(), "nothing is kept of what waits for nothing");
        } else {
            let report = joins.one("report").await;
            joins.ok(&report, json!(null)).await;
        }
    }
}

pub(super) async fn a_run_of_a_key_that_serves_two_traces_completes_both_joins(engine: &Engine) {
    let chains = "root = [{ job = \"a\", key = \"'k'\" }, \"b\"]\n[CASCADE_JOINS]\n\
                  report = { all_of = [\"a\", \"b\"] }\n";
    let joins = Joins::of(engine, chains).await;
    joins.ask("root", 2).await;
    let roots = joins.claim().await;
    for root in &roots {
        joins.ok(root, json!(null)).await;
    }
    let pair = joins.claim().await;
    assert_eq!(jobs(&pair), ["a", "b"]);
    for run in &pair {
        assert_eq!(run.all_traces().len(), 2, "{}", run.job_type);
        joins.ok(run, json!(null)).await;
    }
    let report = joins.one("report").await;
    assert_eq!(report.all_traces().len(), 2);
    for root in &roots {
        let (trace, project) = (root.trace_id, joins.project);
        let made = engine.store().latest_in_trace(trace, project, "report").await.unwrap();
        assert_eq!(made.map(|run| run.id), Some(report.lease.run_id), "it is of both traces");
        let known = engine.store().joins_of_trace(root.trace_id, joins.project).await.unwrap();
        assert!(known[0].state.outcome.as_ref().is_some_and(|outcome| outcome.fired), "{known:?}");
    }
}

pub(super) async fn a_cascade_that_is_cancelled_fires_no_join(engine: &Engine) {
    let joins = Joins::of(engine, &DIAMOND.replace(" }", ", needs = \"end\" }")).await;
    joins.ask("root", 1).await;
    let root = joins.one("root").await;
    joins.ok(&root, json!(null)).await;
    let pair = joins.claim().await;
    let mut of = CancelTrace::new(root.trace_id, joins.project);
    joins.engine.cancel_trace(&mut of).await.unwrap();
    for run in &pair {
        let follow = joins.engine.follow_cancelled(&joins.config.state(), run).await.unwrap();
        joins.engine.cancel_then(&run.lease, follow).await.unwrap();
    }
    assert!(joins.engine.cancel_trace(&mut of).await.unwrap().over);
    assert!(joins.claim().await.is_empty());
    assert_eq!(joins.reason(&pair[1]).await, "the cascade was cancelled");
}

pub(super) async fn a_retry_by_hand_completes_a_join_that_has_not_fired(engine: &Engine) {
    let joins = Joins::of(engine, DIAMOND).await;
    joins.ask("root", 1).await;
    joins.ok(&joins.one("root").await, json!(null)).await;
    let pair = joins.claim().await;
    joins.fail(&pair[0]).await;
    joins.ok(&pair[1], json!(null)).await;
    assert!(joins.claim().await.is_empty());
    assert_eq!(joins.reason(&pair[0]).await, "`a` did not succeed");
    joins.engine.retry(&Visible::All, pair[0].lease.run_id).await.unwrap();
    let again = joins.one("a").await;
    assert_eq!(again.trace_id, pair[0].trace_id);
    joins.ok(&again, json!(null)).await;
    let report = joins.one("report").await;
    joins.fail(&report).await;
    // It has fired: what comes then is late.
    joins.engine.retry(&Visible::All, report.lease.run_id).await.unwrap();
    joins.ok(&joins.one("report").await, json!(null)).await;
    assert_eq!(joins.reason(&pair[0]).await, "");
}

pub(super) async fn a_run_that_is_marked_as_done_completes_its_join(engine: &Engine) {
    let joins = Joins::of(engine, DIAMOND).await;
    joins.ask("root", 1).await;
    joins.ok(&joins.one("root").await, json!(null)).await;
    let pair = joins.claim().await;
    joins.fail(&pair[0]).await;
    joins.ok(&pair[1], json!(null)).await;
    assert!(joins.claim().await.is_empty());
    let (state, failed) = (joins.config.state(), pair[0].lease.run_id);
    joins.engine.mark_done(&state, &Visible::All, failed, "ann", "it is paid").await.unwrap();
    joins.one("report").await;
    assert_eq!(joins.reason(&pair[0]).await, "");
}

pub(super) async fn a_failure_upstream_is_no_reason_to_fire(engine: &Engine) {
    let chains = "root = [\"a\", \"other\"]\nother = [\"b\"]\n[CASCADE_JOINS]\n\
                  report = { all_of = [\"a\", \"b\"] }\n";
    let joins = Joins::of(engine, chains).await;
    joins.ask("root", 1).await;
    joins.ok(&joins.one("root").await, json!(null)).await;
    let pair = joins.claim().await;
    assert_eq!(jobs(&pair), ["a", "other"]);
    joins.ok(&pair[0], json!(null)).await;
    joins.fail(&pair[1]).await;
    assert!(joins.claim().await.is_empty());
    assert_eq!(joins.reason(&pair[0]).await, "`b` did not run, as `other` failed");
}

pub(super) async fn a_join_that_needs_ends_alone_fires_after_failures_and_cancels(engine: &Engine) {
    let text = DIAMOND.replace(" }", ", needs = \"end\" }");
    let joins = Joins::of(engine, &text).await;
    joins.ask("root", 1).await;
    joins.ok(&joins.one("root").await, json!(null)).await;
    let pair = joins.claim().await;
    joins.fail(&pair[0]).await;
    // Back in the queue, it is cancelled while it waits.
    joins.engine.release(&pair[1].lease).await.unwrap();
    joins.engine.request_cancel(&Visible::All, pair[1].lease.run_id).await.unwrap();
    joins.ok(&joins.one("report").await, json!(null)).await;
    joins.ask("root", 1).await;
    joins.ok(&joins.one("root").await, json!(null)).await;
    let pair = joins.claim().await;
    joins.ok(&pair[0], json!(null)).await;
    let follow = joins.engine.follow_cancelled(&joins.config.state(), &pair[1]).await.unwrap();
    joins.engine.cancel_then(&pair[1].lease, follow).await.unwrap();
    joins.one("report").await;
}

pub(super) async fn the_end_of_a_lost_run_is_counted(engine: &Engine) {
    let text = DIAMOND.replace(" }", ", needs = \"end\" }");
    let text = format!("{text}[jobs.a]\nmax_attempts = 1\n");
    let joins = Joins::of(engine, &text).await;
    joins.ask("root", 1).await;
    joins.ok(&joins.one("root").await, json!(null)).await;
    let pair = joins.claim().await;
    joins.ok(&pair[1], json!(null)).await;
    joins.engine.give_up_unlisted("worker-a", &[]).await.unwrap();
    joins.one("report").await;
}

pub(super) async fn a_run_of_several_traces_counts_in_each(engine: &Engine) {
    let chains = "root = [\"a\", { job = \"b\", args = {} }]\n[CASCADE_JOINS]\n\
                  report = { all_of = [\"a\", \"b\"], args = { trace = \"run.id\" } }\n";
    let joins = Joins::of(engine, chains).await;
    joins.ask("root", 2).await;
    let roots = joins.claim().await;
    for root in &roots {
        joins.ok(root, json!(null)).await;
    }
    let runs = joins.claim().await;
    assert_eq!(jobs(&runs), ["a", "b", "b"], "the triggers of `a` have become one run");
    let mut traces = runs[0].all_traces();
    traces.sort_unstable();
    let mut of_roots: Vec<_> = roots.iter().map(|root| root.trace_id).collect();
    of_roots.sort_unstable();
    assert_eq!(traces, of_roots);
    joins.ok(&runs[1], json!(null)).await;
    joins.ok(&runs[2], json!(null)).await;
    assert!(joins.claim().await.is_empty());
    joins.ok(&runs[0], json!(null)).await;
    let reports = joins.claim().await;
    assert_eq!(jobs(&reports), ["report", "report"]);
    let mut traces: Vec<_> = reports.iter().map(|report| report.trace_id).collect();
    traces.sort_unstable();
    assert_eq!(traces, of_roots);
}

pub(super) async fn a_join_whose_time_is_over_is_skipped_or_runs_with_what_there_is(
    engine: &Engine,
) {
    for (late, fires) in [("skip", false), ("run", true)] {
        let within = format!(", within = \"1h\", late = \"{late}\" }}");
        let joins = Joins::of(engine, &DIAMOND.replace(" }", &within)).await;
        joins.ask("root", 1).await;
        joins.ok(&joins.one("root").await, json!(null)).await;
        let pair = joins.claim().await;
        joins.ok(&pair[0], json!(null)).await;
        let state = joins.config.state();
        assert!(!joins.engine.settle_late_joins(&state).await.unwrap(), "it has time");
        let left = joins.engine.next_late_join(&state).await.unwrap().unwrap();
        assert!((3500..=3600).contains(&left.as_secs()), "{left:?}");
        let passed = sql("UPDATE run_joins SET due_at = $1 WHERE due_at IS NOT NULL");
        let passed = passed.bind("2026-01-01T00:00:00.000Z");
        engine.store().database().batch(vec![passed]).await.unwrap();
        assert_eq!(joins.engine.settle_late_joins(&state).await.unwrap(), fires);
        assert_eq!(joins.reason(&pair[0]).await, "no success of `b` within 1h");
        assert_eq!(joins.engine.next_late_join(&state).await.unwrap(), None);
        if fires {
            joins.ok(&joins.one("report").await, json!(null)).await;
        }
        joins.ok(&pair[1], json!(null)).await;
        assert!(joins.claim().await.is_empty(), "what comes later is too late");
        let told = engine.store().decisions(&Visible::All, pair[1].lease.run_id).await.unwrap();
        let why = told.unwrap().edges[0].reason.clone().unwrap().text;
        assert_eq!(
            why,
            if fires { "the join has fired before" } else { "the time of the join is over" }
        );
    }
}

pub(super) async fn by_latest_each_job_succeeds_once_more(engine: &Engine) {
    let chains =
        "root = []\n[CASCADE_JOINS]\nreport = { all_of = [\"a\", \"b\"], by = \"latest\" }\n";
    let joins = Joins::of(engine, chains).await;
    for job in ["a", "a", "b"] {
        joins.ask(job, 1).await;
        joins.ok(&joins.one(job).await, json!(null)).await;
    }
    let report = joins.one("report").await;
    assert_eq!(report.all_traces().len(), 2, "that of `a` and that of `b`");
    joins.ok(&report, json!(null)).await;
    joins.ask("b", 1).await;
    joins.ok(&joins.one("b").await, json!(null)).await;
    assert!(joins.claim().await.is_empty(), "`a` is to succeed once more");
    joins.ask("a", 1).await;
    joins.ok(&joins.one("a").await, json!(null)).await;
    joins.one("report").await;
}

pub(super) async fn a_join_waits_for_the_job_of_another(engine: &Engine) {
    let text = format!("{DIAMOND}last = {{ all_of = [\"report\", \"a\"] }}\n");
    let joins = Joins::of(engine, &text).await;
    joins.ask("root", 1).await;
    joins.ok(&joins.one("root").await, json!(null)).await;
    for run in joins.claim().await {
        joins.ok(&run, json!(null)).await;
    }
    joins.ok(&joins.one("report").await, json!(null)).await;
    joins.one("last").await;
}

pub(super) async fn runs_that_code_makes_are_waited_for(engine: &Engine) {
    let chains = "root = []\n[CASCADE_JOINS]\nreport = { all_of = [\"a\"] }\n";
    let joins = Joins::of(engine, chains).await;
    joins.ask("root", 1).await;
    let root = joins.one("root").await;
    let child = || serde_json::from_value::<NewRun>(json!({ "job": "a" })).unwrap();
    let success = Success { enqueue: vec![child(), child(), child()], ..Success::default() };
    joins.end(&root, success).await;
    let children = joins.claim().await;
    assert_eq!(jobs(&children), ["a", "a", "a"]);
    joins.ok(&children[0], json!(null)).await;
    joins.ok(&children[1], json!(null)).await;
    assert!(joins.claim().await.is_empty());
    joins.ok(&children[2], json!(null)).await;
    joins.one("report").await;
}

pub(super) async fn a_condition_or_a_paused_job_is_told_as_the_reason(engine: &Engine) {
    let when = ", when = \"output.a.n > 1\" }";
    let joins = Joins::of(engine, &DIAMOND.replace(" }", when)).await;
    for (n, fires) in [(1, false), (2, true)] {
        joins.ask("root", 1).await;
        joins.ok(&joins.one("root").await, json!(null)).await;
        let pair = joins.claim().await;
        joins.ok(&pair[1], json!(null)).await;
        joins.ok(&pair[0], json!({"n": n})).await;
        let reports = joins.claim().await;
        assert_eq!(!reports.is_empty(), fires);
        for report in &reports {
            joins.ok(report, json!(null)).await;
        }
        let said = if fires { "" } else { "`output.a.n > 1` was false" };
        assert_eq!(joins.reason(&pair[0]).await, said);
    }
    let paused = cascade_model::ScheduledStatus::Paused;
    joins.engine.set_status("report", joins.project, paused).await.unwrap();
    joins.ask("root", 1).await;
    joins.ok(&joins.one("root").await, json!(null)).await;
    let pair = joins.claim().await;
    joins.ok(&pair[1], json!(null)).await;
    joins.ok(&pair[0], json!({"n": 2})).await;
    assert!(joins.reason(&pair[0]).await.contains("it is paused"));
    assert_eq!(joins.runs_of("report").await.len(), 1);
}

pub(super) async fn an_end_that_joins_have_overtaken_is_stored_again(engine: &Engine) {
    let joins = Joins::of(engine, DIAMOND).await;
    joins.ask("root", 1).await;
    joins.ok(&joins.one("root").await, json!(null)).await;
    let pair = joins.claim().await;
    // Both look before either ends.
    let success = Success::default();
    let mut follows: Vec<Follow> = Vec::new();
    for run in &pair {
        follows.push(joins.engine.follow(&joins.config.state(), run, Ok(&success)).await.unwrap());
    }
    let [first, second] = <[Follow; 2]>::try_from(follows).unwrap();
    let with = |follow| Success { follow, ..Success::default() };
    joins.engine.complete(&pair[0].lease, with(first)).await.unwrap();
    let moved = joins.engine.complete(&pair[1].lease, with(second)).await;
    assert!(matches!(moved, Err(StoreError::JoinMoved)), "{moved:?}");
    joins.ok(&pair[1], json!(null)).await;
    joins.one("report").await;
}

/// `CASCADE_CHILDREN=10000` for the size of one edge.
pub(super) async fn children_that_are_retried_and_lost_fire_one_join(engine: &Engine) {
    let children = std::env::var("CASCADE_CHILDREN").ok().and_then(|text| text.parse().ok());
    let children: usize = children.unwrap_or(300);
    let chains = "root = [{ job = \"a\", each = \"output.list\", args = { n = \"item\" } }]\n\
                  [CASCADE_JOINS]\nreport = { all_of = [\"root\", \"a\"] }\n\
                  [jobs.a]\nmax_attempts = 10\n";
    let joins = Joins::of(engine, chains).await;
    joins.ask("root", 1).await;
    let list: Vec<_> = (0..children).collect();
    joins.ok(&joins.one("root").await, json!({ "list": list })).await;
    let (mut ended, mut killed) = (0, 0);
    while ended < children {
        let runs = joins.claim().await;
        let (lost, rest) = runs.split_at(if killed < 3 { runs.len() / 4 } else { 0 });
        let mut tasks = JoinSet::new();
        for part in rest.chunks(rest.len().div_ceil(4).max(1)) {
            let (joins, part) = (joins.clone(), part.to_vec());
            tasks.spawn(async move { joins.end_or_try_again(&part).await });
        }
        ended += tasks.join_all().await.into_iter().sum::<usize>();
        if !lost.is_empty() {
            // As if its worker were killed: the runs are given to another one.
            joins.engine.give_up_unlisted("worker-a", &[]).await.unwrap();
            killed += 1;
        }
        // What is tried again waits by the database's clock.
        let now = sql("UPDATE queue_runs SET available_at = queued_at WHERE state = 'retryable'");
        engine.store().database().batch(vec![now]).await.unwrap();
    }
    assert_eq!(killed, 3);
    joins.ok(&joins.one("report").await, json!(null)).await;
    assert!(joins.claim().await.is_empty());
    let rows = joins.engine.store().runs(&RunFilter::default()).await.unwrap();
    assert_eq!(usize::try_from(rows.total).unwrap(), children + 2);
}

impl Joins {
    /// Ends runs, of which some are tried again; how many have ended.
    async fn end_or_try_again(&self, runs: &[ClaimedRun]) -> usize {
        let mut ended = 0;
        for (nth, run) in runs.iter().enumerate() {
            if run.lease.attempt == 1 && nth % 5 == 0 {
                let retry_in = Some(std::time::Duration::ZERO);
                let fault = Fault { error: "no luck".into(), retry_in };
                self.engine.fail(&run.lease, fault).await.unwrap();
            } else {
                self.ok(run, json!(null)).await;
                ended += 1;
            }
        }
        ended
    }
}
