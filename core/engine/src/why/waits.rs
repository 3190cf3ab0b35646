//! What keeps the runs of a job from beginning, and one of them.

use cascade_config::{ConfigState, JobSettings};
use cascade_model::{Explanation, Run, RunState, ScheduledJob, ScheduledStatus, explanation};
use cascade_store::{Connections, Queries, Result, RunWaits};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    Reason, labels, limits,
    preferred::{self, Preferred},
};
use crate::{Engine, capacity::Capacity};

/// What there is around the runs of a job in a project.
pub(super) struct Around {
    pub job: String,
    /// The short name of the project, where it is known.
    pub project_slug: Option<String>,
    pub project: Uuid,
    pub schedule: Option<ScheduledJob>,
    pub capacity: Capacity,
    /// The labels that a worker needs, where no live one has them all.
    pub missing_labels: Vec<String>,
    /// To whom others leave its runs for a while.
    pub preferred: Option<Preferred>,
    pub is_loaded: bool,
    /// The database's clock.
    pub now: DateTime<Utc>,
}

impl Engine {
    pub(super) async fn around(
        &self,
        config: &ConfigState,
        job: &str,
        project: Uuid,
    ) -> Result<Around> {
        let schedule = self.schedule_of(job, project).await?;
        let mut tx = self.store.begin(Connections::Shared).await?;
        let capacity = Capacity::of(tx.limits().await?, true);
        tx.rollback().await?;
        let (mut missing_labels, mut preferred) = (Vec::new(), None);
        let settings = config.config.jobs.get(job);
        let by_labels = |settings: &&JobSettings| {
            !settings.needs_labels.is_empty() || !settings.prefers_labels.is_empty()
        };
        let loaded = config.registry.job(job);
        if let Some(settings) = settings.filter(by_labels) {
            let workers = self.store.live_workers().await?;
            missing_labels = labels::missing(&workers, &settings.needs_labels);
            preferred = loaded.and_then(|loaded| {
                preferred::of(&workers, settings, &loaded.descriptor().origin.plugin)
            });
        }
        Ok(Around {
            job: job.to_owned(),
            project_slug: schedule.as_ref().map(|schedule| schedule.project_slug.clone()),
            project,
            schedule,
            capacity,
            missing_labels,
            preferred,
            is_loaded: loaded.is_some(),
            now: self.store.now().await?,
        })
    }
}

impl Around {
    /// What keeps every run from beginning.
    pub fn closed(&self) -> Vec<Reason> {
        let mut found: Vec<_> = self.by_schedule().into_iter().collect();
        found.extend(self.by_more());
        found
    }

    fn by_schedule(&self) -> Option<Reason> {
        let job = &self.job;
        match &self.schedule {
            None => {
                let told = explanation!(
                    "not_scheduled",
                    "jobs.toml does not name `{job}` for its project any more",
                    job = job
                );
                Some(Reason::new(told).fix(explanation!(
                    "add_job_again",
                    "add [jobs.{job}] again",
                    job = job
                )))
            }
            Some(schedule) if !schedule.enabled => Some(super::disabled(job)),
            Some(schedule) if schedule.status == ScheduledStatus::Paused => {
                let fix = format!("cascade resume {job} --project {}", schedule.project_slug);
                Some(super::paused(schedule).fix(fix))
            }
            Some(_) => None,
        }
    }

    /// Limits, labels and plugins.
    fn by_more(&self) -> Vec<Reason> {
        let mut found = limits::reasons(self);
        found.extend(labels::reason(&self.missing_labels));
        if !self.is_loaded {
            let told = explanation!(
                "no_plugin",
                "the plugin of `{job}` is not loaded here",
                job = self.job
            );
            found.push(
                Reason::new(told)
                    .fix(Explanation::new("see_check", "`cascade check` names what is missing")),
            );
        }
        found
    }
}

/// What keeps a run from beginning. Nothing is said of what does not: a run for which nothing is waits for a
/// free worker.
pub(super) fn of_run(run: &Run, waits: Option<&RunWaits>, around: &Around) -> Vec<Reason> {
    let mut found: Vec<_> = around.by_schedule().into_iter().collect();
    if let Some(waits) = waits {
        let is_later = waits.available_at > waits.now;
        if waits.behind && !is_later {
            let reason = Reason::new(behind_key(run, waits));
            found.push(waits.first.map_or(reason.clone(), |first| reason.about(first)));
        }
        if let (true, Some(held)) = (is_later, held(run, waits)) {
            found.push(held);
        } else if is_later {
            let at = waits.available_at;
            found.push(Reason::new(match run.state {
                RunState::Retryable => {
                    explanation!("backoff", "it is tried again at {at}", at = at)
                }
                _ => explanation!("not_before", "it may not begin before {at}", at = at),
            }));
        }
    }
    found.extend(around.by_more());
    if let (true, Some(preferred), Some(waits)) = (found.is_empty(), &around.preferred, waits) {
        found.extend(preferred.reason(waits.available_at, around.now));
    }
    if found.is_empty() {
        let text = "every worker is busy, or none is there";
        let reason = Reason::new(Explanation::new("no_free_worker", text));
        found.push(
            reason
                .fix(Explanation::new("more_workers", "start another worker, or look at Workers")),
        );
    }
    found
}

/// That the rate of its key holds it.
pub(super) fn held(run: &Run, waits: &RunWaits) -> Option<Reason> {
    let rate = waits.held_by.filter(|_| waits.available_at > waits.now)?;
    let key = run.request.as_ref().and_then(|request| request.key.as_deref())?;
    let told = explanation!(
        "key_rate",
        "rate of key `{key}` ({rate}): next at {at}",
        key = key,
        rate = rate.to_string(),
        at = waits.available_at
    );
    let of_key = if waits.has_own_rate { format!(".keys.\"{key}\"") } else { String::new() };
    let fix = limits::raise("rate_per_key", format!("jobs.{}{of_key}", run.job_type));
    Some(Reason::new(told).fix(fix))
}

/// That others of its key go before it: how many, where several go at a time.
pub(super) fn behind_key(run: &Run, waits: &RunWaits) -> Explanation {
    let key = run.request.as_ref().and_then(|request| request.key.as_deref());
    let RunWaits { ahead, runs_per_key: most, .. } = waits;
    match key.filter(|key| !key.is_empty() && *most > 1) {
        Some(key) => explanation!(
            "behind_key",
            "key `{key}`: {ahead} of {most} run or may begin",
            ahead = ahead,
            most = most,
            key = key
        ),
        None => Explanation::new("behind_key", "another run of its key goes before it"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use cascade_config::Rate;
    use cascade_model::RunRequest;
    use cascade_store::{Begun, Limit, Limited, Limits, SharedUse};
    use chrono::TimeDelta;

    use super::*;
    use crate::why::tests::{codes, now, run, schedule};

    fn around() -> Around {
        Around {
            job: "down".into(),
            project_slug: Some("one".into()),
            project: Uuid::nil(),
            schedule: Some(schedule()),
            capacity: Capacity::default(),
            missing_labels: Vec::new(),
            preferred: None,
            is_loaded: true,
            now: now(),
        }
    }

    fn waits() -> RunWaits {
        RunWaits {
            available_at: now(),
            behind: false,
            first: Some(Uuid::from_u128(2)),
            ahead: 1,
            runs_per_key: 1,
            held_by: None,
            has_own_rate: false,
            now: now(),
        }
    }

    fn full(of: Limited) -> Limit {
        Limit { of, free: 0 }
    }

    #[test]
    fn a_run_waits_for_all_that_keeps_it() {
        let found = |state, waits: Option<&RunWaits>, around: &Around| {
            codes(&of_run(&run(state), waits, around)).join(" ")
        };
        assert_eq!(found(RunState::Available, Some(&waits()), &around()), "no_free_worker");
        let off = ScheduledJob { enabled: false, ..schedule() };
        let paused = ScheduledJob { status: ScheduledStatus::Paused, ..schedule() };
        let each = vec![full(Limited::Job("down".into())), full(Limited::Project(Uuid::nil()))];
        let all = Around {
            schedule: Some(paused),
            capacity: Capacity::of(Limits { each, ..Limits::default() }, true),
            missing_labels: vec!["gpu".into()],
            is_loaded: false,
            ..around()
        };
        let expected = "paused job_limit project_limit labels no_plugin";
        assert_eq!(found(RunState::Available, Some(&waits()), &all), expected);
        assert_eq!(codes(&all.closed()).join(" "), expected);
        let disabled = Around { schedule: Some(off), ..around() };
        assert_eq!(found(RunState::Available, Some(&waits()), &disabled), "disabled");
        let gone = Around { schedule: None, ..around() };
        assert_eq!(found(RunState::Available, None, &gone), "not_scheduled");
        let behind = RunWaits { behind: true, ..waits() };
        let reasons = of_run(&run(RunState::Available), Some(&behind), &around());
        assert_eq!(
            (&*reasons[0].told.code, reasons[0].run),
            ("behind_key", Some(Uuid::from_u128(2)))
        );
        assert_eq!(reasons[0].told.text, "another run of its key goes before it");
        let mut keyed = run(RunState::Available);
        keyed.request = Some(Box::new(RunRequest {
            key: Some("ann".into()),
            args: serde_json::Value::Null,
            priority: 0,
            run_at: None,
            asked_by: None,
            tags: Vec::new(),
        }));
        let behind = RunWaits { ahead: 3, runs_per_key: 3, ..behind };
        let reasons = of_run(&keyed, Some(&behind), &around());
        assert_eq!(reasons[0].told.text, "key `ann`: 3 of 3 run or may begin");
        let rate = Rate { count: 100, period: Duration::from_secs(60) };
        let at = now() + TimeDelta::seconds(40);
        let held = RunWaits { available_at: at, held_by: Some(rate), ..waits() };
        let reasons = of_run(&keyed, Some(&held), &around());
        assert_eq!(codes(&reasons), ["key_rate"]);
        assert_eq!(
            reasons[0].told.text,
            "rate of key `ann` (100/1m): next at 2026-11-29 05:00:40 UTC"
        );
        let fix = reasons[0].fix.as_ref().map(|fix| &*fix.text);
        assert_eq!(fix, Some("raise rate_per_key under [jobs.down]"));
        let of_key = RunWaits { has_own_rate: true, ..held };
        let reasons = of_run(&keyed, Some(&of_key), &around());
        let fix = reasons[0].fix.as_ref().map(|fix| &*fix.text);
        assert_eq!(fix, Some("raise rate_per_key under [jobs.down.keys.\"ann\"]"));
        let over = RunWaits { now: at, ..held };
        assert_eq!(codes(&of_run(&keyed, Some(&over), &around())), ["no_free_worker"]);
        // One of the schedule's key is behind until its time, with nothing before it.
        let later = RunWaits { available_at: now() + TimeDelta::hours(1), behind: true, ..waits() };
        assert_eq!(found(RunState::Scheduled, Some(&later), &around()), "not_before");
        assert_eq!(found(RunState::Retryable, Some(&later), &around()), "backoff");
    }

    #[test]
    fn what_jobs_share_is_told_with_how_much_is_used_and_when_there_is_more() {
        let used = SharedUse {
            name: "api".into(),
            jobs: vec!["down".into(), "last".into()],
            concurrency: Some(5),
            running: 5,
            rate: Some(Rate { count: 2, period: Duration::from_secs(60) }),
            begun: vec![Begun { runs: 2, ago: Duration::from_secs(20) }],
        };
        let of = |job: &str| {
            let limits = Limits { shared: vec![used.clone()], ..Limits::default() };
            let capacity = Capacity::of(limits, true);
            Around { job: job.into(), capacity, ..around() }.closed()
        };
        let reasons = of("down");
        assert_eq!(codes(&reasons), ["shared_limit", "rate"]);
        assert_eq!(reasons[0].told.text, "limit `api`: 5 of 5 run, of all jobs that share it");
        assert_eq!(
            reasons[0].fix.as_ref().map(|fix| &*fix.text),
            Some("raise concurrency under [limits.api]")
        );
        assert_eq!(reasons[1].told.text, "rate of `api` (2/1m): next at 2026-11-29 05:00:40 UTC");
        assert_eq!(
            reasons[1].fix.as_ref().map(|fix| &*fix.text),
            Some("raise rate under [limits.api]")
        );
        assert_eq!(codes(&of("up")), [""; 0], "it shares nothing");
    }
}
