//! The rehearsal of the file in force makes the history again, of random files and sequences. The history is made by
//! the engine itself on a database, whose rows are moved into the past in place of waiting.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use cascade_config::{
    Checked, Config, ConfigState, Edge, EdgeArg, JobSettings, Join, ProjectSettings, Retention,
    Schedule,
};
use cascade_engine::{
    Engine,
    rehearse::{Deadline, Rehearsed, rehearse, runs_of},
};
use cascade_expr::Expression;
use cascade_model::{
    By, ClaimedRun, Enqueue, Fault, Follow, JoinRule, KEY_OF_SCHEDULE, Late, Needs, On,
    OnDuplicate, Payload, Registry, RunRequest, Success, Visible,
};
use cascade_sdk::{
    BoxFuture, Context, DynJob, JobDescriptor, JobError, NewRun, Origin, OriginKind, Outcome,
    Statement, Trigger, sql,
};
use cascade_store::{Queries, RunFilter};
use chrono::{DateTime, TimeDelta, Utc};
use proptest::{collection::vec, option, strategy::Strategy};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

/// Those that edges lead to and from.
const JOBS: [&str; 4] = ["a", "b", "c", "d"];
/// Those that joins trigger.
const JOINED: [&str; 2] = ["e", "f"];
const PROJECTS: [&str; 2] = ["one", "two"];
/// How long a sequence is, in seconds.
const LENGTH: i64 = 800;
const LEASE: Duration = Duration::from_secs(3600);

/// A file, and what happens under it.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// The pauses of timers, in seconds.
    timers: Vec<Option<u64>>,
    projects: usize,
    /// From, to, and of which kind.
    edges: Vec<(usize, usize, u8)>,
    /// The first two jobs that each join waits for, and of which kind it is.
    joins: Vec<(usize, usize, u8)>,
    /// How runs end, in the order of their begin.
    ends: Vec<u16>,
    /// When callers ask, for which job, and how.
    requests: Vec<(u16, usize, u8)>,
}

pub(crate) fn any() -> impl Strategy<Value = Case> {
    let edge = (0..3_usize, 1..4_usize, 0..9_u8);
    let request = (5..LENGTH as u16, 0..4_usize, 0..4_u8);
    let timers = vec(option::weighted(0.5, 90..700_u64), 4);
    let joins = vec((0..4_usize, 1..4_usize, 0..8_u8), 0..=JOINED.len());
    let happens = (vec(0..1000_u16, 40), vec(request, 1..7));
    let parts = (timers, 1..3_usize, vec(edge, 1..6), joins, happens);
    parts.prop_map(|(timers, projects, edges, joins, (ends, requests))| {
        let forward = |(from, to, kind): (usize, usize, u8)| (from.min(to - 1), to, kind);
        let edges = edges.into_iter().map(forward).collect();
        Case { timers, projects, edges, joins, ends, requests }
    })
}

/// A job type that takes any args and is never run.
struct TestJob(JobDescriptor);

impl DynJob for TestJob {
    fn descriptor(&self) -> &JobDescriptor {
        &self.0
    }

    fn run(&self, _: Context, _: Value) -> BoxFuture<'static, Result<Outcome<Value>, JobError>> {
        Box::pin(async { Outcome::done().erased() })
    }
}

/// With all jobs: what jobs without a plugin gave out is masked.
fn registry() -> Registry {
    let mut registry = Registry::default();
    for job in JOBS.into_iter().chain(JOINED) {
        let origin = Origin {
            kind: OriginKind::CompiledIn,
            plugin: "test".into(),
            version: "1".into(),
            location: "here".into(),
        };
        let mut descriptor = JobDescriptor::new(job, "", origin, json!({}));
        descriptor.args_schema = json!({});
        registry.add_job(Arc::new(TestJob(descriptor))).unwrap();
    }
    registry
}

fn expression(text: &str) -> Expression {
    Expression::compile(text).unwrap()
}

fn edge(to: usize, kind: u8) -> Edge {
    let seconds = |seconds: u64| Some(Duration::from_millis(seconds * 1000 + 230));
    let plain = Edge::plain(JOBS[to]);
    let args = || {
        let n = EdgeArg::Expression(expression("output.n"));
        Some(BTreeMap::from([("n".to_owned(), n)]))
    };
    match kind {
        0 => plain,
        1 => Edge { when: Some(expression("output.n > 1")), ..plain },
        2 => Edge { each: Some(expression("output.items")), ..plain },
        3 => Edge {
            each: Some(expression("output.items")),
            key: Some(expression("string(item)")),
            ..plain
        },
        4 => Edge { after: seconds(40), ..plain },
        5 => Edge { debounce: seconds(70), at_most: seconds(150), ..plain },
        6 => Edge {
            key: Some(expression("run.project")),
            args: args(),
            debounce: seconds(50),
            ..plain
        },
        7 => Edge { on: On::Failure, ..plain },
        _ => Edge { key: Some(expression("run.job")), ..plain },
    }
}

/// A join of two jobs, or of a join and a job.
fn joins(case: &Case) -> BTreeMap<String, Join> {
    let mut joins = BTreeMap::new();
    for (nth, (one, other, kind)) in case.joins.iter().enumerate() {
        let second = JOBS[(one + other) % 4].to_owned();
        let first = if nth > 0 && kind % 2 == 0 { JOINED[0] } else { JOBS[*one] };
        let all_of = vec![first.to_owned(), second];
        joins.insert(JOINED[nth].to_owned(), join(JOINED[nth], all_of, *kind));
    }
    let mut leads: Vec<(String, String)> = case
        .edges
        .iter()
        .map(|(from, to, _)| (JOBS[*from].to_owned(), JOBS[*to].to_owned()))
        .collect();
    for (job, join) in &joins {
        leads.extend(join.all_of.iter().map(|named| (named.clone(), job.clone())));
    }
    for join in joins.values_mut() {
        let of_each = |job: &String| (job.clone(), leading(job, &leads));
        let upstream: BTreeMap<_, _> = join.all_of.iter().map(of_each).collect();
        let with = upstream.iter().map(|(job, all)| {
            let mut all = all.clone();
            all.insert(job.clone());
            all
        });
        let roots = with.reduce(|one, other| &one & &other).unwrap_or_default();
        join.rule = Arc::new(JoinRule { upstream, roots, ..(*join.rule).clone() });
    }
    joins
}

/// The jobs that lead to one.
fn leading(job: &str, leads: &[(String, String)]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut beyond = vec![job.to_owned()];
    while let Some(next) = beyond.pop() {
        for (from, _) in leads.iter().filter(|(_, to)| *to == next) {
            if found.insert(from.clone()) {
                beyond.push(from.clone());
            }
        }
    }
    found
}

fn join(job: &str, all_of: Vec<String>, kind: u8) -> Join {
    let within = (kind == 2 || kind == 3).then(|| Duration::from_millis(60_450));
    let late = if kind == 2 { Late::Run } else { Late::Skip };
    let needs = if kind % 3 == 1 { Needs::End } else { Needs::Success };
    let by = if kind == 4 { By::Latest } else { By::Trace };
    let n = || EdgeArg::Expression(expression(&format!("output.{}.n", all_of[0])));
    let args = (kind == 5).then(|| BTreeMap::from([("n".to_owned(), n())]));
    let key = (kind == 6).then(|| expression("run.project"));
    let when = (kind == 7).then(|| expression("run.status == \"success\""));
    let rule = JoinRule {
        job: job.into(),
        all_of: all_of.clone(),
        within,
        late,
        needs,
        by,
        ..JoinRule::default()
    };
    Join { all_of, within, late, needs, by, when, args, key, rule: Arc::new(rule) }
}

fn state(case: &Case) -> ConfigState {
    let mut edges: BTreeMap<String, Vec<Edge>> = BTreeMap::new();
    for (from, to, kind) in &case.edges {
        let all = edges.entry(JOBS[*from].into()).or_default();
        let edge = edge(*to, *kind);
        if !all.contains(&edge) {
            all.push(edge);
        }
    }
    let mut chains: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (from, all) in &edges {
        let mut names: Vec<_> = all.iter().map(|edge| edge.job.clone()).collect();
        names.dedup();
        chains.insert(from.clone(), names);
    }
    // Joins have no timers.
    let timers = case.timers.iter().copied().chain([None; JOINED.len()]);
    let jobs = JOBS.iter().chain(&JOINED).zip(timers).map(|(job, pause)| {
        let schedule = pause.map(|pause| Schedule::Every(Duration::from_secs(pause)));
        ((*job).to_owned(), JobSettings { schedule, args: json!({}), ..JobSettings::default() })
    });
    let projects = PROJECTS[..case.projects].iter().map(|slug| {
        ((*slug).to_owned(), ProjectSettings { name: (*slug).into(), concurrency: None })
    });
    let config = Config {
        retention: Retention::default(),
        http: Default::default(),
        files: Default::default(),
        secrets: Default::default(),
        path: PathBuf::from("/nowhere/jobs.toml"),
        chains,
        edges,
        joins: joins(case),
        hooks: Default::default(),
        limits: Default::default(),
        data_map: BTreeMap::new(),
        jobs: jobs.collect(),
        projects: projects.collect(),
    };
    let (config, registry) = (Arc::new(config), Arc::new(registry()));
    Checked { config, registry, text: "".into(), unknown_fields: 0 }.into()
}

/// A run that has begun, and how it is to end.
struct Running {
    run: ClaimedRun,
    end: u16,
    ends_at: DateTime<Utc>,
}

/// Makes a history and rehearses it.
pub(crate) async fn reproduce(engine: &Engine, case: &Case) {
    let state = state(case);
    engine.reconcile(&state.config).await.unwrap();
    let mut world = World { engine, state: &state, case, running: Vec::new(), begun: 0, asked: 0 };
    let mut passed = TimeDelta::zero();
    while passed < TimeDelta::seconds(LENGTH) {
        world.claim().await;
        let Some(step) = world.next(passed).await else { break };
        let step = step.min(TimeDelta::seconds(LENGTH) - passed);
        travel(engine, step).await;
        passed += step;
        world.running.iter_mut().for_each(|running| running.ends_at -= step);
        world.ends().await;
        engine.settle_late_joins(&state).await.unwrap();
        world.asks(passed).await;
    }
    world.claim().await;
    let last = Duration::from_secs(LENGTH as u64 + 3600);
    let history = engine.history(&state, &state.config, last).await.unwrap();
    let deadline = Deadline::of(Duration::from_secs(600));
    let again = runs_of(&history, &state, &deadline).unwrap();
    compare(recorded(engine).await, again, case);
    let told = rehearse(&history, &state, &state, &deadline).unwrap();
    assert_eq!(told.recorded, told.reproduced, "{case:?}");
    assert_eq!((told.total.appeared, told.total.vanished, told.total.moved), (0, 0, 0));
}

struct World<'a> {
    engine: &'a Engine,
    state: &'a ConfigState,
    case: &'a Case,
    running: Vec<Running>,
    begun: usize,
    asked: usize,
}

impl World<'_> {
    async fn claim(&mut self) {
        loop {
            let found = self.engine.claim("worker", 100, LEASE, &[]).await.unwrap();
            if found.is_empty() {
                return;
            }
            for run in found {
                let end = self.case.ends[self.begun % self.case.ends.len()];
                self.begun += 1;
                // Ends are kept apart by an odd part of a second.
                let takes = TimeDelta::milliseconds(i64::from(end % 97) * 1000 + 370);
                self.running.push(Running { ends_at: run.started_at + takes, run, end });
            }
        }
    }

    /// How long until something happens.
    async fn next(&mut self, passed: TimeDelta) -> Option<TimeDelta> {
        let now = self.engine.store().now().await.unwrap();
        let mut moments: Vec<_> = waits(self.engine).await.into_iter().map(|at| at - now).collect();
        let asks = self
            .requests()
            .first()
            .map(|(at, _, _)| TimeDelta::milliseconds(i64::from(*at) * 1000 + 610) - passed);
        moments.extend(asks);
        moments.retain(|moment| *moment > TimeDelta::zero());
        // One thing at a time: a run that would end beside something else takes longer.
        self.running.sort_by_key(|running| running.ends_at);
        for running in &mut self.running {
            let near = |ends: TimeDelta| {
                moments.iter().any(|moment| (*moment - ends).abs() < TimeDelta::seconds(1))
            };
            while near(running.ends_at - now) {
                running.ends_at += TimeDelta::milliseconds(1310);
            }
            moments.push(running.ends_at - now);
        }
        moments.into_iter().map(|moment| moment.max(TimeDelta::zero())).min()
    }

    async fn ends(&mut self) {
        let now = self.engine.store().now().await.unwrap();
        let (over, running) = std::mem::take(&mut self.running)
            .into_iter()
            .partition(|running| running.ends_at <= now);
        self.running = running;
        for running in over {
            self.end(running).await;
        }
    }

    async fn end(&mut self, Running { run, end, .. }: Running) {
        let engine = self.engine;
        match end % 10 {
            0 if run.lease.attempt == 1 => {
                let retry_in = Some(Duration::from_millis(20_730));
                let fault = Fault { error: "once more".into(), retry_in };
                engine.fail_then(&run.lease, fault, Follow::default()).await.unwrap();
            }
            1 | 2 => {
                let error = "no luck";
                let follow = engine.follow(self.state, &run, Err(error)).await.unwrap();
                let fault = Fault { error: error.into(), retry_in: None };
                engine.fail_then(&run.lease, fault, follow).await.unwrap();
            }
            3 => {
                let follow = engine.follow_cancelled(self.state, &run).await.unwrap();
                engine.cancel_then(&run.lease, follow).await.unwrap();
            }
            _ => {
                let items: Vec<_> = (0..end % 4).collect();
                let output = json!({ "n": end % 4, "items": items }).to_string();
                let enqueue = self.children(&run, end);
                let output = Some(output);
                let mut success = Success { output, enqueue, ..Success::default() };
                success.follow = engine.follow(self.state, &run, Ok(&success)).await.unwrap();
                engine.complete(&run.lease, success).await.unwrap();
            }
        }
    }

    /// What the code of a run asks for.
    fn children(&self, run: &ClaimedRun, end: u16) -> Vec<NewRun> {
        if run.job_type == "d" || !end.is_multiple_of(7) {
            return Vec::new();
        }
        let key = end.is_multiple_of(2).then(|| "child".to_owned());
        let child = json!({ "job": "d", "args": { "of": run.job_type }, "key": key });
        vec![serde_json::from_value(child).unwrap()]
    }

    /// Requests that are still to come.
    fn requests(&self) -> Vec<(u16, usize, u8)> {
        let mut all = self.case.requests.clone();
        all.sort_unstable();
        all.dedup_by_key(|(at, _, _)| *at);
        all.split_off(self.asked.min(all.len()))
    }

    async fn asks(&mut self, passed: TimeDelta) {
        for (at, job, kind) in self.requests() {
            if TimeDelta::milliseconds(i64::from(at) * 1000 + 610) > passed {
                return;
            }
            self.asked += 1;
            let project = self.project().await;
            let job = JOBS[job];
            if kind == 0 {
                self.engine.run_now(job, project).await.unwrap();
                continue;
            }
            let key = match kind {
                1 => None,
                2 => Some("asked".to_owned()),
                _ => Some(KEY_OF_SCHEDULE.to_owned()),
            };
            let request = RunRequest {
                key,
                args: json!({ "at": at }),
                priority: (at % 10) as u8,
                run_at: None,
                asked_by: Some("ann".into()),
                tags: Vec::new(),
            };
            let on_duplicate = OnDuplicate::Queue;
            let asked =
                Enqueue { job_type: job.into(), project_id: project, request, on_duplicate };
            self.engine.enqueue(&[asked], None).await.unwrap();
        }
    }

    async fn project(&self) -> Uuid {
        let all = self.engine.store().projects(&Visible::All).await.unwrap();
        all.into_iter().find(|project| project.slug == PROJECTS[0]).unwrap().id
    }
}

async fn rows<T: for<'de> Deserialize<'de>>(engine: &Engine, text: &'static str) -> Vec<T> {
    let rows = engine.store().database().query(sql(text)).await.unwrap();
    rows.into_iter().map(|row| serde_json::from_value(Value::from(row)).unwrap()).collect()
}

/// When schedules are due, and runs that wait may begin.
async fn waits(engine: &Engine) -> Vec<DateTime<Utc>> {
    #[derive(Deserialize)]
    struct Row {
        at: DateTime<Utc>,
    }
    let found: Vec<Row> = rows(
        engine,
        "SELECT next_run_at AS at FROM scheduled_jobs WHERE enabled = 1 AND next_run_at IS NOT NULL
         UNION ALL SELECT available_at FROM worker_runs WHERE state IN ('available', 'retryable')
         UNION ALL SELECT due_at FROM run_joins WHERE due_at IS NOT NULL
         UNION ALL SELECT available_at FROM queue_runs WHERE state IN ('available', 'retryable')",
    )
    .await;
    found.into_iter().map(|row| row.at).collect()
}

/// Moves all that there is into the past: as good as waiting.
async fn travel(engine: &Engine, by: TimeDelta) {
    #[derive(Deserialize)]
    struct Row {
        id: Uuid,
        payload: String,
    }
    let seconds = format!("-{:.3} seconds", by.as_seconds_f64());
    let mut moves: Vec<Statement> = Vec::new();
    for (table, columns) in [
        ("scheduled_jobs", &["next_run_at", "updated_at"][..]),
        ("worker_runs", &["available_at", "queued_at", "started_at", "finished_at"]),
        ("queue_runs", &["available_at", "queued_at", "started_at", "finished_at"]),
        ("run_requests", &["queued_at", "run_at"]),
        ("run_attempts", &["started_at", "ended_at"]),
        ("run_joins", &["due_at"]),
    ] {
        let set = columns.iter().map(|column| {
            format!("{column} = strftime('%Y-%m-%dT%H:%M:%fZ', {column}, '{seconds}')")
        });
        let set = set.collect::<Vec<_>>().join(", ");
        moves.push(sql(format!("UPDATE {table} SET {set}")));
    }
    for (table, all) in [
        ("scheduled_jobs", "SELECT id, payload FROM scheduled_jobs WHERE payload <> '{}'"),
        ("worker_runs", "SELECT id, payload FROM worker_runs WHERE payload <> '{}'"),
        ("queue_runs", "SELECT id, payload FROM queue_runs WHERE payload <> '{}'"),
    ] {
        for Row { id, payload } in rows::<Row>(engine, all).await {
            let mut payload: Value = serde_json::from_str(&payload).unwrap();
            moved(&mut payload, by);
            let save = sql(format!("UPDATE {table} SET payload = $1 WHERE id = $2"));
            moves.push(save.bind(payload.to_string()).bind(id));
        }
    }
    for Joined { trace_id, project_id, job_type, mut state } in joined(engine).await {
        moved(&mut state, by);
        let save = "UPDATE run_joins SET state = $1 WHERE trace_id = $2 AND job_type = $3
             AND project_id = $4";
        moves
            .push(sql(save).bind(state.to_string()).bind(trace_id).bind(job_type).bind(project_id));
    }
    engine.store().database().batch(moves).await.unwrap();
}

/// How far a join has come.
struct Joined {
    trace_id: Uuid,
    project_id: Uuid,
    job_type: String,
    state: Value,
}

async fn joined(engine: &Engine) -> Vec<Joined> {
    #[derive(Deserialize)]
    struct Row {
        trace_id: Uuid,
        project_id: Uuid,
        job_type: String,
        state: String,
    }
    let all: Vec<Row> =
        rows(engine, "SELECT trace_id, project_id, job_type, state FROM run_joins").await;
    let read = |Row { trace_id, project_id, job_type, state }| Joined {
        trace_id,
        project_id,
        job_type,
        state: serde_json::from_str(&state).unwrap(),
    };
    all.into_iter().map(read).collect()
}

fn moved(value: &mut Value, by: TimeDelta) {
    match value {
        Value::String(text) => {
            if let Ok(at) = text.parse::<DateTime<Utc>>() {
                *text = (at - by).to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
            }
        }
        Value::Array(all) => all.iter_mut().for_each(|one| moved(one, by)),
        Value::Object(all) => all.values_mut().for_each(|one| moved(one, by)),
        _ => {}
    }
}

/// The runs that have begun, as a rehearsal tells them.
async fn recorded(engine: &Engine) -> Vec<Rehearsed> {
    let filter = RunFilter { per_page: 10_000, ..RunFilter::default() };
    let runs = engine.store().runs(&filter).await.unwrap().items;
    let mut told = Vec::new();
    for run in runs {
        let attempts = engine.store().failed_attempts(run.id).await.unwrap();
        let began = attempts.into_iter().filter_map(|attempt| attempt.started_at);
        let Some(begins) = began.chain(run.started_at).min() else { continue };
        let key = match run.request {
            None => Some(KEY_OF_SCHEDULE.to_owned()),
            Some(request) => request.key,
        };
        told.push(Rehearsed {
            job: run.job_type,
            project: run.project_slug,
            key,
            cause: cause(&run.payload),
            upstream: run.payload.triggers.iter().map(|note| note.job_type.clone()).collect(),
            begins,
        });
    }
    told
}

fn cause(payload: &Payload) -> &'static str {
    match payload.trigger() {
        Trigger::Manual { .. } => "request",
        Trigger::Cascade { .. } => "cascade",
        _ => "timer",
    }
}

/// The same runs, in the same order.
fn compare(recorded: Vec<Rehearsed>, again: Vec<Rehearsed>, case: &Case) {
    type Group = (String, String, Option<String>);
    let grouped = |runs: Vec<Rehearsed>| {
        let mut groups: BTreeMap<Group, Vec<Rehearsed>> = BTreeMap::new();
        for run in runs {
            let group = (run.job.clone(), run.project.clone(), run.key.clone());
            groups.entry(group).or_default().push(run);
        }
        groups.values_mut().for_each(|runs| runs.sort_by_key(|run| run.begins));
        groups
    };
    let (recorded, mut again) = (grouped(recorded), grouped(again));
    let same = |(then, now): (&Rehearsed, &Rehearsed)| {
        (then.begins - now.begins).abs() < TimeDelta::seconds(1)
            && (then.cause, &then.upstream) == (now.cause, &now.upstream)
    };
    let mut told = String::new();
    for (group, then) in &recorded {
        let now = again.remove(group).unwrap_or_default();
        if then.len() != now.len() || !then.iter().zip(&now).all(same) {
            told += &format!("{group:?}\n");
            for (what, runs) in [("recorded", then), ("rehearsed", &now)] {
                for Rehearsed { begins, cause, upstream, .. } in runs {
                    told += &format!("{what} {begins} {cause} {upstream:?}\n");
                }
            }
        }
    }
    assert!(told.is_empty() && again.is_empty(), "{case:?}\n{told}beside these: {again:?}");
}
