//! Why a run ran or waits, and why a job does not run: what is so, and the smallest change that helps.

mod labels;
mod limits;
mod preferred;
mod waits;

use std::collections::BTreeSet;

use cascade_config::ConfigState;
use cascade_model::{
    Decision, Explanation, Run, RunState, ScheduledJob, ScheduledStatus, Visible, explanation,
};
use cascade_sdk::Trigger;
use cascade_store::{Queries, Result, RunFilter, RunWaits, ScheduleFilter, StoreError};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::Engine;

/// Keys of which [`Engine::why_behind`] tells.
const KEYS_TOLD: usize = 10;

/// One cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// What is so.
    pub told: Explanation,
    /// What would change it, if anything is to be changed.
    pub fix: Option<Explanation>,
    /// The run that it is about.
    pub run: Option<Uuid>,
    /// The upstream job that it is about.
    pub upstream: Option<String>,
}

impl Reason {
    pub(crate) fn new(told: Explanation) -> Self {
        Self { told, fix: None, run: None, upstream: None }
    }

    pub(crate) fn fix(self, fix: impl Into<Explanation>) -> Self {
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
        let waits = self.store.run_waits(run.id).await?;
        let around = self.around(config, &run.job_type, run.project_id).await?;
        Ok(WhyRun { because, waits: waits::of_run(&run, waits.as_ref(), &around) })
    }

    /// What keeps every run of `job` in `project` from beginning; empty where nothing does.
    ///
    /// # Errors
    /// The database's.
    pub async fn why_waits(
        &self,
        config: &ConfigState,
        job: &str,
        project: Uuid,
    ) -> Result<Vec<Reason>> {
        let around = self.around(config, job, project).await?;
        Ok(around.closed())
    }

    /// What the first of these runs wait for that are behind others of their key, where several runs of a key go at a
    /// time: one reason for each of the first keys.
    ///
    /// # Errors
    /// The database's.
    pub async fn why_behind(&self, runs: &[&Run]) -> Result<Vec<Reason>> {
        let told = |run: &Run, waits: &RunWaits| {
            let shares = waits.behind && waits.runs_per_key > 1;
            shares.then(|| Reason::new(waits::behind_key(run, waits)))
        };
        self.of_first_keys(runs, &told).await
    }

    /// What the first of these runs wait for that the rates of their keys hold: one reason for each of the first keys.
    ///
    /// # Errors
    /// The database's.
    pub async fn why_held(&self, runs: &[&Run]) -> Result<Vec<Reason>> {
        self.of_first_keys(runs, &waits::held).await
    }

    async fn of_first_keys(
        &self,
        runs: &[&Run],
        told: &(dyn Fn(&Run, &RunWaits) -> Option<Reason> + Sync),
    ) -> Result<Vec<Reason>> {
        let mut keys = BTreeSet::new();
        let mut found = Vec::new();
        for run in runs {
            let key = run.request.as_ref().and_then(|request| request.key.as_deref());
            if keys.len() == KEYS_TOLD || !keys.insert((&run.job_type, run.project_id, key)) {
                continue;
            }
            let waits = self.store.run_waits(run.id).await?;
            found.extend(waits.and_then(|waits| told(run, &waits)));
        }
        Ok(found)
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
            let told = explanation!(
                "not_scheduled",
                "jobs.toml does not name `{job}` for this project",
                job = job
            );
            let reason = Reason::new(told);
            let fix =
                explanation!("add_job", "add [jobs.{job}], or an edge that leads to it", job = job);
            return Ok(vec![reason.fix(fix)]);
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
        let mut hooks = config.config.hooks.iter().filter(|(_, hook)| hook.job == job);
        let led = Led {
            is_joined: config.config.joins.contains_key(job),
            join,
            hook: hooks.next().map(|(name, _)| name.as_str()),
        };
        Ok(idle(&schedule, &upstream, led, Utc::now()))
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
    if run.payload.triggers.is_empty() || run.request.is_none() {
        found.extend(asked_for(run).map(Reason::new));
    }
    for trigger in &run.payload.triggers {
        let reason = Reason::new(explanation!(
            "triggered",
            "a run of `{job}` ended at {at}",
            job = trigger.job_type,
            at = trigger.at
        ));
        found.push(trigger.run_id.map_or(reason.clone(), |run| reason.about(run)));
    }
    if run.payload.trigger() == Trigger::Timer {
        found.push(Reason::new(match run.payload.scheduled_for {
            Some(at) => explanation!("timer", "its timer was due at {at}", at = at),
            None => Explanation::new("timer", "its timer was due"),
        }));
    }
    found
}

/// Who asked for a run, if anybody has.
fn asked_for(run: &Run) -> Option<Explanation> {
    let code = "asked_for";
    if let Some(request) = &run.request {
        let by = request.asked_by.as_deref();
        let key = request.key.as_deref().filter(|key| !key.is_empty());
        let with_key = key.map(|key| format!(" with the key `{key}`")).unwrap_or_default();
        let text = format!("{} asked for it{with_key}", by.unwrap_or("somebody"));
        let told = Explanation::new(code, text);
        let told = by.map_or(told.clone(), |by| told.with("by", &by));
        return Some(key.map_or(told.clone(), |key| told.with("key", &key)));
    }
    let requests = run.payload.requests.max(u32::from(run.payload.requested_at.is_some()));
    let by = run.payload.requested_by.as_deref();
    Some(match (requests, by) {
        (0, _) => return None,
        (1, None) => Explanation::new(code, "somebody asked for it"),
        (1, Some(by)) => explanation!("asked_for", "{by} asked for it", by = by),
        (_, None) => explanation!("asked_for", "it serves {count} requests", count = requests),
        (_, Some(by)) => explanation!(
            "asked_for",
            "it serves {count} requests, one of them of {by}",
            count = requests,
            by = by
        ),
    })
}

/// What beside edges makes a job run.
#[derive(Default)]
struct Led<'a> {
    is_joined: bool,
    /// Why its join does not.
    join: Option<Reason>,
    hook: Option<&'a str>,
}

/// Why nothing of a job runs, or what is about to.
fn idle(
    schedule: &ScheduledJob,
    upstream: &[Upstream],
    led: Led<'_>,
    now: DateTime<Utc>,
) -> Vec<Reason> {
    let job = &schedule.job_type;
    let mut found = Vec::new();
    if let Some(run) = &schedule.current_run {
        let told = explanation!("unfinished", "a run of it is {state}", state = run.state);
        found.push(Reason::new(told).about(run.id));
    }
    if !schedule.enabled {
        found.push(disabled(job));
        return found;
    }
    if schedule.status == ScheduledStatus::Paused {
        let fix = format!("cascade resume {job} --project {}", schedule.project_slug);
        found.push(paused(schedule).fix(fix));
    }
    match schedule.next_run_at {
        Some(at) if at > now => {
            let told = match schedule.payload.debounced {
                Some(_) => explanation!(
                    "debounced",
                    "its triggers have not paused for long enough: it begins at {at}",
                    at = at
                ),
                None => explanation!("not_due", "its timer is due at {at}", at = at),
            };
            let fix = format!("cascade enqueue {job} --project {}", schedule.project_slug);
            found.push(Reason::new(told).fix(fix));
        }
        Some(_) if schedule.status == ScheduledStatus::Paused => {}
        Some(_) => found.push(Reason::new(Explanation::new(
            "due",
            "it is due: a worker starts it at its next look",
        ))),
        None if schedule.schedule.is_none() && upstream.is_empty() && !led.is_joined => {
            found.push(match led.hook {
                Some(hook) => Reason::new(explanation!(
                    "hook",
                    "it runs by deliveries to /hooks/{hook}",
                    hook = hook
                )),
                None => {
                    let text = "it has no timer, and no edge leads to it";
                    let told = Explanation::new("no_trigger", text);
                    Reason::new(told).fix(explanation!(
                        "schedule_job",
                        "set every under [jobs.{job}], or ask for a run",
                        job = job
                    ))
                }
            });
        }
        None => {}
    }
    found.extend(
        upstream.iter().filter_map(|up| Some(not_triggered(job, up)?.of_upstream(&up.job))),
    );
    found.extend(led.join);
    found
}

/// Why the latest run of an upstream job has not triggered a job; `None` if it has.
fn not_triggered(job: &str, Upstream { job: up, latest }: &Upstream) -> Option<Reason> {
    let Some((run, decision)) = latest else {
        let told =
            explanation!("upstream_never_ran", "`{upstream}` has never ended here", upstream = up);
        return Some(Reason::new(told).fix(format!("cascade enqueue {up}")));
    };
    let at = run.finished_at.unwrap_or(run.queued_at);
    match (decision, run.state) {
        (Some(Decision { taken: true, .. }), _) | (None, RunState::Completed) => None,
        (Some(Decision { reason, .. }), _) => {
            let why = reason
                .clone()
                .unwrap_or_else(|| Explanation::new("not_taken", "its edge was not taken"));
            let text = format!("the latest run of `{up}` at {at} did not trigger it: {why}");
            let told = Explanation::new("edge_not_taken", text);
            let told = told.with("upstream", up).with("at", &at).of(why);
            Some(Reason::new(told).about(run.id).fix(explanation!(
                "change_edge",
                "change the edge {upstream} -> {job} under [CASCADE_CHAINS], or run `{upstream}` again",
                upstream = up,
                job = job
            )))
        }
        (None, state) => {
            let told = match state {
                RunState::Cancelled => explanation!(
                    "upstream_cancelled",
                    "the latest run of `{upstream}` at {at} was cancelled, which no edge follows",
                    upstream = up,
                    at = at
                ),
                _ => explanation!(
                    "upstream_did_not_succeed",
                    "the latest run of `{upstream}` at {at} failed, and its edge follows a success",
                    upstream = up,
                    at = at
                ),
            };
            Some(Reason::new(told).about(run.id).fix(format!("cascade retry {}", run.id)))
        }
    }
}

fn disabled(job: &str) -> Reason {
    let told = explanation!("disabled", "jobs.toml disables `{job}`", job = job);
    let fix = explanation!("enable_job", "set enabled = true under [jobs.{job}]", job = job);
    Reason::new(told).fix(fix)
}

/// That a job is paused: until when, by whom and why, as far as that is noted.
fn paused(schedule: &ScheduledJob) -> Reason {
    let ScheduledJob { job_type: job, project_slug: project, .. } = schedule;
    let mut told =
        explanation!("paused", "`{job}` is paused in {project}", job = job, project = project);
    let pause = schedule.pause.as_ref();
    let parts = [
        pause.and_then(|pause| pause.until).map(|at| explanation!("until", " until {at}", at = at)),
        pause.and_then(|pause| pause.by.as_ref()).map(|by| explanation!("by", " by {by}", by = by)),
        pause
            .and_then(|pause| pause.reason.as_ref())
            .map(|why| explanation!("note", ": {note}", note = why)),
    ];
    for part in parts.into_iter().flatten() {
        told.text.push_str(&part.text);
        told = told.of(part);
    }
    Reason::new(told)
}

#[cfg(test)]
mod tests {
    use cascade_model::{Debounced, On, Payload, RunRequest, TriggerNote};
    use chrono::TimeDelta;
    use serde_json::Value;

    use super::*;

    pub(super) fn now() -> DateTime<Utc> {
        "2026-11-29T05:00:00Z".parse().unwrap()
    }

    pub(super) fn run(state: RunState) -> Run {
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

    pub(super) fn schedule() -> ScheduledJob {
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

    pub(super) fn codes(reasons: &[Reason]) -> Vec<&str> {
        reasons.iter().map(|reason| &*reason.told.code).collect()
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
        let request =
            RunRequest { key, args, priority: 0, run_at: None, asked_by, tags: Vec::new() };
        asked.request = Some(Box::new(request));
        asked.payload.add_request(now());
        let told = &caused(&asked)[0].told;
        assert_eq!(told.text, "ann asked for it with the key `k`");
        assert_eq!((told.values["by"].as_str(), told.values["key"].as_str()), ("ann", "k"));
        let mut of_schedule = run(RunState::Completed);
        of_schedule.payload.add_request(now());
        assert_eq!(caused(&of_schedule)[0].told.text, "somebody asked for it");
        of_schedule.payload.requested_by = Some("bob".into());
        assert_eq!(caused(&of_schedule)[0].told.text, "bob asked for it");
        of_schedule.payload.join();
        assert_eq!(caused(&of_schedule)[0].told.values["count"], "2");
    }

    #[test]
    fn a_job_does_not_run_because_of_itself_or_of_what_leads_to_it() {
        let idle = |schedule: &ScheduledJob, upstream: &[Upstream]| {
            codes(&super::idle(schedule, upstream, Led::default(), now())).join(" ")
        };
        assert_eq!(idle(&schedule(), &[]), "no_trigger");
        let hour = Some(now() + TimeDelta::hours(1));
        let timer =
            ScheduledJob { next_run_at: hour, schedule: Some("every 1h".into()), ..schedule() };
        assert_eq!(idle(&timer, &[]), "not_due");
        let mut waits = timer.clone();
        waits.payload.debounced = Some(Debounced { until: now(), timer: None, schedule: None });
        assert!(
            super::idle(&waits, &[], Led::default(), now())[0]
                .told
                .text
                .contains("have not paused")
        );
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
            reason: reason.map(|text| text.to_owned().into()),
        };
        let paused = ScheduledJob { status: ScheduledStatus::Paused, ..schedule() };
        assert_eq!(idle(&paused, &up(None)), "paused upstream_never_ran");
        assert_eq!(idle(&schedule(), &up(Some((run(RunState::Completed), None)))), "");
        let failed = up(Some((run(RunState::Failed), None)));
        assert_eq!(idle(&schedule(), &failed), "upstream_did_not_succeed");
        let not = edge(false, Some("`output.new > 0` was false"));
        let not = super::idle(
            &schedule(),
            &up(Some((run(RunState::Completed), Some(not)))),
            Led::default(),
            now(),
        );
        let text = &not[0].told.text;
        assert!(text.ends_with("did not trigger it: `output.new > 0` was false"), "{text}");
        assert_eq!(not[0].told.parts[0].text, "`output.new > 0` was false");
        assert_eq!(
            idle(&schedule(), &up(Some((run(RunState::Completed), Some(edge(true, None)))))),
            ""
        );
    }
}
