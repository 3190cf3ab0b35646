//! Why a run ran or waits, and why a job does not run: what is so, and the smallest change that helps.

use cascade_config::ConfigState;
use cascade_model::{Decision, Run, RunState, ScheduledJob, ScheduledStatus, Visible};
use cascade_sdk::Trigger;
use cascade_store::{
    Connections, Queries, Result, RunFilter, RunWaits, ScheduleFilter, StoreError,
};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{Engine, capacity::Capacity};

/// One cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Names its kind, for programs.
    pub code: &'static str,
    /// What is so.
    pub text: String,
    /// What would change it, if anything is to be changed.
    pub fix: Option<String>,
    /// The run that it is about.
    pub run: Option<Uuid>,
    /// The upstream job that it is about.
    pub upstream: Option<String>,
}

impl Reason {
    pub(crate) fn new(code: &'static str, text: impl Into<String>) -> Self {
        Self { code, text: text.into(), fix: None, run: None, upstream: None }
    }

    pub(crate) fn fix(self, fix: impl Into<String>) -> Self {
        Self { fix: Some(fix.into()), ..self }
    }

    pub(crate) fn about(self, run: Uuid) -> Self {
        Self { run: Some(run), ..self }
    }

    fn of_upstream(self, job: &str) -> Self {
        Self { upstream: Some(job.to_owned()), ..self }
    }
}

/// Why a run is there, and what it waits for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WhyRun {
    /// What caused it.
    pub because: Vec<Reason>,
    /// What keeps it from beginning; empty for one that has begun.
    pub waits: Vec<Reason>,
}

/// What there is beside the run and its job that keeps it waiting.
struct Around<'a> {
    schedule: Option<&'a ScheduledJob>,
    waits: Option<&'a RunWaits>,
    /// Its job and its project run as many as they may.
    full: (bool, bool),
    is_loaded: bool,
}

/// A job that may trigger another, and how its latest run ended.
struct Upstream {
    job: String,
    latest: Option<(Run, Option<Decision>)>,
}

impl Engine {
    /// Why `run` is there, and what it waits for.
    ///
    /// # Errors
    /// [`StoreError::NoRun`], or the database's.
    pub async fn why_run(
        &self,
        config: &ConfigState,
        visible: &Visible,
        run: Uuid,
    ) -> Result<WhyRun> {
        let run = self.store.run(visible, run).await?.ok_or(StoreError::NoRun(run))?;
        let because = caused(&run);
        if !matches!(run.state, RunState::Scheduled | RunState::Available | RunState::Retryable) {
            return Ok(WhyRun { because, waits: Vec::new() });
        }
        let schedule = self.schedule_of(&run.job_type, run.project_id).await?;
        let waits = self.store.run_waits(run.id).await?;
        let mut tx = self.store.begin(Connections::Shared).await?;
        let capacity = Capacity::of(tx.limits().await?, true);
        tx.rollback().await?;
        let full = (
            capacity.closed_jobs(&[]).contains(&run.job_type),
            capacity.full_projects().contains(&run.project_id),
        );
        let around = Around {
            schedule: schedule.as_ref(),
            waits: waits.as_ref(),
            full,
            is_loaded: config.registry.job(&run.job_type).is_some(),
        };
        Ok(WhyRun { because, waits: waiting(&run, &around) })
    }

    /// Why nothing of `job` runs in `project`, or what is about to.
    ///
    /// # Errors
    /// The database's.
    pub async fn why_job(
        &self,
        config: &ConfigState,
        job: &str,
        project: Uuid,
    ) -> Result<Vec<Reason>> {
        let Some(schedule) = self.schedule_of(job, project).await? else {
            let text = format!("jobs.toml does not name `{job}` for this project");
            let reason = Reason::new("not_scheduled", text);
            return Ok(vec![reason.fix(format!("add [jobs.{job}], or an edge that leads to it"))]);
        };
        let mut upstream = Vec::new();
        for up in config.config.upstream(job) {
            let filter = RunFilter {
                visible: Visible::Only(vec![project]),
                job_types: vec![up.to_owned()],
                states: vec![RunState::Completed, RunState::Failed, RunState::Cancelled],
                per_page: 1,
                ..RunFilter::default()
            };
            let latest = self.store.runs(&filter).await?.items.pop();
            let latest = match latest {
                Some(run) => {
                    let made = self.store.decisions(&Visible::All, run.id).await?;
                    let mut edges = made.map(|made| made.edges).unwrap_or_default();
                    edges.retain(|edge| edge.job == job);
                    let taken = edges.iter().position(|edge| edge.taken).unwrap_or(0);
                    let of_job = (!edges.is_empty()).then(|| edges.swap_remove(taken));
                    Some((run, of_job))
                }
                None => None,
            };
            upstream.push(Upstream { job: up.to_owned(), latest });
        }
        let join = self.why_join(config, job, project).await?;
        Ok(idle(&schedule, &upstream, join, Utc::now()))
    }

    async fn schedule_of(&self, job: &str, project: Uuid) -> Result<Option<ScheduledJob>> {
        let mut filter = ScheduleFilter::of(Visible::Only(vec![project]));
        filter.job_types = vec![job.to_owned()];
        Ok(self.store.scheduled(&filter).await?.pop())
    }
}

/// What caused a run.
fn caused(run: &Run) -> Vec<Reason> {
    let mut found = Vec::new();
    if let Some(request) = &run.request {
        let by = request.asked_by.as_deref().unwrap_or("somebody");
        let key = request.key.as_deref().filter(|key| !key.is_empty());
        let key = key.map(|key| format!(" with the key `{key}`")).unwrap_or_default();
        if run.payload.triggers.is_empty() {
            found.push(Reason::new("asked_for", format!("{by} asked for it{key}")));
        }
    } else if run.payload.requests > 0 || run.payload.requested_at.is_some() {
        let count = run.payload.requests.max(1);
        let text = match count {
            1 => "somebody asked for it".to_owned(),
            _ => format!("it serves {count} requests"),
        };
        found.push(Reason::new("asked_for", text));
    }
    for trigger in &run.payload.triggers {
        let text = format!("a run of `{}` ended at {}", trigger.job_type, trigger.at);
        let reason = Reason::new("triggered", text);
        found.push(trigger.run_id.map_or(reason.clone(), |run| reason.about(run)));
    }
    if run.payload.trigger() == Trigger::Timer {
        let text = match run.payload.scheduled_for {
            Some(at) => format!("its timer was due at {at}"),
            None => "its timer was due".into(),
        };
        found.push(Reason::new("timer", text));
    }
    found
}

/// What keeps a run from beginning. Nothing is said of what does not: a run for which nothing is waits for a
/// free worker.
fn waiting(run: &Run, around: &Around) -> Vec<Reason> {
    let job = &run.job_type;
    let mut found = Vec::new();
    match around.schedule {
        None => {
            let text = format!("jobs.toml does not name `{job}` for its project any more");
            found.push(Reason::new("not_scheduled", text).fix(format!("add [jobs.{job}] again")));
        }
        Some(schedule) if !schedule.enabled => {
            let reason = Reason::new("disabled", format!("jobs.toml disables `{job}`"));
            found.push(reason.fix(format!("set enabled = true under [jobs.{job}]")));
        }
        Some(schedule) if schedule.status == ScheduledStatus::Paused => {
            let text = format!("`{job}` is paused in its project{}", noted(schedule));
            let reason = Reason::new("paused", text);
            found.push(reason.fix(format!("cascade resume {job}")));
        }
        Some(_) => {}
    }
    if let Some(waits) = around.waits {
        let is_later = waits.available_at > waits.now;
        if waits.behind && !is_later {
            let text = "another run of its key goes before it";
            let reason = Reason::new("behind_key", text);
            found.push(waits.first.map_or(reason.clone(), |first| reason.about(first)));
        }
        if is_later {
            let (code, what) = match run.state {
                RunState::Retryable => ("backoff", "it is tried again at"),
                _ => ("not_due", "it may not begin before"),
            };
            found.push(Reason::new(code, format!("{what} {}", waits.available_at)));
        }
    }
    let (job_is_full, project_is_full) = around.full;
    if job_is_full {
        let reason =
            Reason::new("job_limit", format!("as many runs of `{job}` as may are running"));
        found.push(reason.fix(format!("raise concurrency under [jobs.{job}]")));
    }
    if project_is_full {
        let text = format!("as many runs of {} as may are running", run.project_slug);
        let fix = format!("raise concurrency under [projects.{}]", run.project_slug);
        found.push(Reason::new("project_limit", text).fix(fix));
    }
    if !around.is_loaded {
        let text = format!("the plugin of `{job}` is not loaded here");
        found.push(Reason::new("no_plugin", text).fix("`cascade check` names what is missing"));
    }
    if found.is_empty() {
        let reason = Reason::new("no_free_worker", "every worker is busy, or none is there");
        found.push(reason.fix("start another worker, or look at Workers"));
    }
    found
}

/// Why nothing of a job runs, or what is about to.
fn idle(
    schedule: &ScheduledJob,
    upstream: &[Upstream],
    join: Option<Reason>,
    now: DateTime<Utc>,
) -> Vec<Reason> {
    let job = &schedule.job_type;
    let mut found = Vec::new();
    if let Some(run) = &schedule.current_run {
        let state = run.state;
        found.push(Reason::new("unfinished", format!("a run of it is {state}")).about(run.id));
    }
    if !schedule.enabled {
        let reason = Reason::new("disabled", format!("jobs.toml disables `{job}`"));
        found.push(reason.fix(format!("set enabled = true under [jobs.{job}]")));
        return found;
    }
    if schedule.status == ScheduledStatus::Paused {
        let text = format!("`{job}` is paused in {}{}", schedule.project_slug, noted(schedule));
        let reason = Reason::new("paused", text);
        let fix = format!("cascade resume {job} --project {}", schedule.project_slug);
        found.push(reason.fix(fix));
    }
    match schedule.next_run_at {
        Some(at) if at > now => {
            let what = match schedule.payload.debounced {
                Some(_) => "its triggers have not paused for long enough: it begins at",
                None => "its timer is due at",
            };
            let fix = format!("cascade enqueue {job} --project {}", schedule.project_slug);
            found.push(Reason::new("not_due", format!("{what} {at}")).fix(fix));
        }
        Some(_) => found.push(Reason::new("due", "it is due: a worker starts it at its next look")),
        None if schedule.schedule.is_none() && upstream.is_empty() && join.is_none() => {
            let reason = Reason::new("no_trigger", "it has no timer, and no edge leads to it");
            found.push(reason.fix(format!("set every under [jobs.{job}], or ask for a run")));
        }
        None => {}
    }
    found.extend(
        upstream.iter().filter_map(|up| Some(not_triggered(job, up)?.of_upstream(&up.job))),
    );
    found.extend(join);
    found
}

/// Why the latest run of an upstream job has not triggered a job; `None` if it has.
fn not_triggered(job: &str, Upstream { job: up, latest }: &Upstream) -> Option<Reason> {
    let Some((run, decision)) = latest else {
        let reason = Reason::new("upstream_never_ran", format!("`{up}` has never ended here"));
        return Some(reason.fix(format!("cascade enqueue {up}")));
    };
    let at = run.finished_at.map(|at| format!(" at {at}")).unwrap_or_default();
    match (decision, run.state) {
        (Some(Decision { taken: true, .. }), _) | (None, RunState::Completed) => None,
        (Some(Decision { reason, .. }), _) => {
            let why = reason.as_deref().unwrap_or("its edge was not taken");
            let text = format!("the latest run of `{up}`{at} did not trigger it: {why}");
            Some(Reason::new("edge_not_taken", text).about(run.id).fix(format!(
                "change the edge {up} -> {job} under [CASCADE_CHAINS], or run `{up}` again"
            )))
        }
        (None, state) => {
            let text =
                format!("the latest run of `{up}`{at} {state}, and its edge follows a success");
            let reason = Reason::new("upstream_did_not_succeed", text).about(run.id);
            Some(reason.fix(format!("cascade retry {}", run.id)))
        }
    }
}

/// Until when it is paused, by whom and why, as far as that is noted.
fn noted(schedule: &ScheduledJob) -> String {
    let Some(pause) = &schedule.pause else { return String::new() };
    let until = pause.until.map(|at| format!(" until {at}")).unwrap_or_default();
    let by = pause.by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
    let reason = pause.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("{until}{by}{reason}")
}

#[cfg(test)]
mod tests {
    use cascade_model::{Debounced, On, Payload, RunRequest, TriggerNote};
    use chrono::TimeDelta;
    use serde_json::Value;

    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-29T05:00:00Z".parse().unwrap()
    }

    fn run(state: RunState) -> Run {
        Run {
            id: Uuid::from_u128(7),
            job_type: "down".into(),
            project_id: Uuid::nil(),
            project_slug: "one".into(),
            state,
            attempt: 0,
            max_attempts: 3,
            payload: Payload::default(),
            triggered_by: Value::Null,
            params: (),
            queued_at: now(),
            started_at: None,
            cancel_requested_at: None,
            finished_at: Some(now()),
            error: None,
            summary: None,
            progress: None,
            trace_id: Uuid::nil(),
            request: None,
        }
    }

    fn schedule() -> ScheduledJob {
        ScheduledJob {
            job_type: "down".into(),
            project_id: Uuid::nil(),
            project_slug: "one".into(),
            status: ScheduledStatus::Active,
            pause: None,
            enabled: true,
            next_run_at: None,
            schedule: None,
            payload: Payload::default(),
            updated_at: now(),
            current_run: None,
            last_run: None,
        }
    }

    fn codes(reasons: &[Reason]) -> Vec<&str> {
        reasons.iter().map(|reason| reason.code).collect()
    }

    #[test]
    fn a_run_is_there_because_of_each_trigger_or_who_asked_or_its_timer() {
        assert_eq!(codes(&caused(&run(RunState::Completed))), ["timer"]);
        let mut triggered = run(RunState::Completed);
        let up = Uuid::from_u128(1);
        for job in ["a", "b"] {
            let note = TriggerNote { job_type: job.into(), at: now(), run_id: Some(up) };
            triggered.payload.add_trigger(note, Uuid::nil());
        }
        let found = caused(&triggered);
        assert_eq!(codes(&found), ["triggered", "triggered"]);
        assert_eq!(found[0].run, Some(up));
        let mut asked = run(RunState::Completed);
        let (args, asked_by) = (Value::Null, Some("ann".into()));
        let key = Some("k".into());
        let request = RunRequest { key, args, priority: 0, run_at: None, asked_by };
        asked.request = Some(Box::new(request));
        asked.payload.add_request(now());
        assert_eq!(caused(&asked)[0].text, "ann asked for it with the key `k`");
    }

    #[test]
    fn a_run_waits_for_all_that_keeps_it() {
        let waits = RunWaits {
            available_at: now(),
            behind: false,
            first: Some(Uuid::from_u128(2)),
            now: now(),
        };
        let free = schedule();
        let around = |schedule, waits, full, is_loaded| Around { schedule, waits, full, is_loaded };
        let found = |state, around: &Around| codes(&waiting(&run(state), around)).join(" ");
        let nothing = around(Some(&free), Some(&waits), (false, false), true);
        assert_eq!(found(RunState::Available, &nothing), "no_free_worker");
        let off = ScheduledJob { enabled: false, ..schedule() };
        let paused = ScheduledJob { status: ScheduledStatus::Paused, ..schedule() };
        let all = around(Some(&paused), Some(&waits), (true, true), false);
        assert_eq!(found(RunState::Available, &all), "paused job_limit project_limit no_plugin");
        let disabled = around(Some(&off), Some(&waits), (false, false), true);
        assert_eq!(found(RunState::Available, &disabled), "disabled");
        let gone = around(None, None, (false, false), true);
        assert_eq!(found(RunState::Available, &gone), "not_scheduled");
        let behind = RunWaits { behind: true, ..waits.clone() };
        let behind = around(Some(&free), Some(&behind), (false, false), true);
        let reasons = waiting(&run(RunState::Available), &behind);
        assert_eq!((reasons[0].code, reasons[0].run), ("behind_key", Some(Uuid::from_u128(2))));
        // One of the schedule's key is behind until its time, with nothing before it.
        let later = RunWaits { available_at: now() + TimeDelta::hours(1), behind: true, ..waits };
        let later = around(Some(&free), Some(&later), (false, false), true);
        assert_eq!(found(RunState::Scheduled, &later), "not_due");
        assert_eq!(found(RunState::Retryable, &later), "backoff");
    }

    #[test]
    fn a_job_does_not_run_because_of_itself_or_of_what_leads_to_it() {
        let idle = |schedule: &ScheduledJob, upstream: &[Upstream]| {
            codes(&super::idle(schedule, upstream, None, now())).join(" ")
        };
        assert_eq!(idle(&schedule(), &[]), "no_trigger");
        let hour = Some(now() + TimeDelta::hours(1));
        let timer =
            ScheduledJob { next_run_at: hour, schedule: Some("every 1h".into()), ..schedule() };
        assert_eq!(idle(&timer, &[]), "not_due");
        let mut waits = timer.clone();
        waits.payload.debounced = Some(Debounced { until: now(), timer: None, schedule: None });
        assert!(super::idle(&waits, &[], None, now())[0].text.contains("have not paused"));
        let off = ScheduledJob { enabled: false, ..schedule() };
        assert_eq!(idle(&off, &[]), "disabled");
        let up = |latest| [Upstream { job: "up".into(), latest }];
        let edge = |taken, reason: Option<&str>| Decision {
            job: "down".into(),
            on: On::Success,
            when: None,
            taken,
            join: false,
            runs: None,
            reason: reason.map(Into::into),
        };
        let paused = ScheduledJob { status: ScheduledStatus::Paused, ..schedule() };
        assert_eq!(idle(&paused, &up(None)), "paused upstream_never_ran");
        assert_eq!(idle(&schedule(), &up(Some((run(RunState::Completed), None)))), "");
        let failed = up(Some((run(RunState::Failed), None)));
        assert_eq!(idle(&schedule(), &failed), "upstream_did_not_succeed");
        let not = edge(false, Some("`output.new > 0` was false"));
        let not =
            super::idle(&schedule(), &up(Some((run(RunState::Completed), Some(not)))), None, now());
        assert!(not[0].text.ends_with("did not trigger it: `output.new > 0` was false"), "{not:?}");
        assert_eq!(
            idle(&schedule(), &up(Some((run(RunState::Completed), Some(edge(true, None)))))),
            ""
        );
    }
}
