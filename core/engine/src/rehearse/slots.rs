//! The schedules as a span begins.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use cascade_config::{Config, Schedule};
use cascade_model::{Payload, RunKind, ScheduledStatus};
use cascade_sdk::Trigger;
use cascade_store::ScheduleRow;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    past::{History, PastRun, PastSchedule},
    state::{Slot, Slots},
};
use crate::timing;

/// The projects of a file: one without any has one.
fn projects(config: &Config) -> Vec<&str> {
    match config.projects.is_empty() {
        true => vec!["default"],
        false => config.projects.keys().map(String::as_str).collect(),
    }
}

/// The schedule of a job in a project, if the file runs it there.
fn running<'c>(config: &'c Config, job: &str, project: &str) -> Option<Option<&'c Schedule>> {
    let settings = config.jobs.get(job).filter(|settings| settings.enabled)?;
    projects(config).contains(&project).then_some(settings.schedule.as_ref())
}

/// What the history says of when a schedule was due first.
#[derive(Default)]
struct Known<'a> {
    /// The first run of the schedule in the span that nobody asked for.
    first: Option<&'a PastRun>,
    now: Option<&'a PastSchedule>,
}

impl Known<'_> {
    /// When a timer of the file in force is due first.
    fn due(
        &self,
        timer: &Schedule,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        if let Some(first) = self.first {
            let due = first.payload.scheduled_for;
            let next = timer.next_after(from);
            // One that a trigger made came before the timer was due.
            return due.or_else(|| next.map(|next| next.max(first.queued_at)));
        }
        match self.now {
            Some(PastSchedule { next_run_at: Some(due), paused: false, .. }) if *due >= to => {
                Some(*due)
            }
            _ => timer.next_after(from),
        }
    }
}

/// All schedules under `config`, if it came into force in place of `in_force` when the span began.
pub(super) fn slots(history: &History, config: &Config, in_force: &Config) -> (Vec<Slot>, Slots) {
    let mut known: HashMap<(&str, &str), Known<'_>> = HashMap::new();
    for schedule in &history.schedules {
        known.entry((&schedule.job, &schedule.project)).or_default().now = Some(schedule);
    }
    let made_by_itself = |run: &&PastRun| {
        run.kind() == RunKind::Schedule
            && run.queued_at >= history.from
            && !matches!(run.payload.trigger(), Trigger::Manual { .. })
    };
    for run in history.runs.iter().filter(made_by_itself) {
        known.entry((&run.job, &run.project)).or_default().first.get_or_insert(run);
    }
    let mut failed: BTreeMap<(&str, &str), HashMap<String, bool>> = BTreeMap::new();
    for (job, project, key) in &history.failed_before {
        failed.entry((job, project)).or_default().insert(key.clone(), true);
    }
    let triggered: BTreeSet<&str> = config.chains.values().flatten().map(String::as_str).collect();
    let named: BTreeSet<(&str, &str)> = config
        .jobs
        .keys()
        .flat_map(|job| projects(config).into_iter().map(move |project| (job.as_str(), project)))
        .chain(history.runs.iter().map(|run| (run.job.as_str(), run.project.as_str())))
        .collect();
    let (mut slots, mut places) = (Vec::new(), Slots::new());
    let mut ids: BTreeMap<&str, Uuid> = BTreeMap::new();
    for (job, project) in named {
        let runs = running(config, job, project);
        let known = known.remove(&(job, project)).unwrap_or_default();
        let due = |timer: &Schedule| match running(in_force, job, project) {
            Some(Some(before)) if before == timer => known.due(timer, history.from, history.to),
            Some(_) => timer.next_after(history.from),
            None => timing::first(Some(timer), !triggered.contains(job), history.from),
        };
        let timer = runs.flatten();
        let new = Uuid::from_u128(ids.len() as u128 + 1);
        let project_id = *ids.entry(project).or_insert(new);
        let row = ScheduleRow {
            id: Uuid::nil(),
            job_type: job.to_owned(),
            project_id,
            status: ScheduledStatus::Active,
            enabled: runs.is_some(),
            schedule: timer.map(ToString::to_string),
            max_attempts: 1,
            next_run_at: timer.and_then(due),
            payload: Payload::default(),
            now: history.from,
        };
        let failed = failed.remove(&(job, project)).unwrap_or_default();
        let (job, project): (Arc<str>, Arc<str>) = (job.into(), project.into());
        places.insert((job.clone(), project.clone()), slots.len());
        let (open, late, given) = (None, None, None);
        slots.push(Slot { job, project, row, open, late, given, failed });
    }
    (slots, places)
}
