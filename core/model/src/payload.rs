//! What triggers leave behind for the run they cause.

use std::collections::BTreeSet;

use cascade_sdk::{Trigger, rfc3339};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::IgnoredAny};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::Debounce;

/// How many traces a run belongs to at most.
pub const MOST_TRACES: usize = 1000;

/// A trigger as the payload keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TriggerNote {
    /// The upstream job.
    pub job_type: String,
    /// When it was done. Written as in its event.
    #[serde(serialize_with = "in_milliseconds")]
    pub at: DateTime<Utc>,
    /// The upstream run; absent in `cascade_triggered_by`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_id: Option<Uuid>,
}

/// A wait for triggers to pause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Debounced {
    /// When the run begins at the latest.
    pub until: DateTime<Utc>,
    /// When the schedule was due by itself, as the first trigger came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timer: Option<DateTime<Utc>>,
    /// The schedule that was so; of another one that time says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,
}

impl Debounced {
    /// One that begins now.
    pub fn begun(rule: &Debounce, now: DateTime<Utc>) -> Self {
        Self { until: now + rule.at_most, timer: None, schedule: None }
    }

    /// When the run begins that is triggered now. What it has been promised for stays so.
    pub fn put_off(&mut self, rule: &Debounce, now: DateTime<Utc>) -> DateTime<Utc> {
        self.until = self.until.min(now + rule.at_most);
        (now + rule.quiet).min(self.until)
    }
}

/// The payload of a scheduled job (what waits for its next run) and of a run (what caused it).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Payload {
    /// The latest upstream that triggered the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cascade_triggered_by: Option<TriggerNote>,
    /// Every upstream that triggered the run, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub triggers: Vec<TriggerNote>,
    /// When a person or program asked for the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_at: Option<DateTime<Utc>>,
    /// Who that was, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_by: Option<String>,
    /// The trace that the run belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<Uuid>,
    /// The other traces that it belongs to, where triggers of several have become one run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub traces: Vec<Uuid>,
    /// When it was due, of a run that its timer caused.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "known_in_milliseconds"
    )]
    pub scheduled_for: Option<DateTime<Utc>>,
    /// That it waits for its triggers to pause, and since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub debounced: Option<Debounced>,
    /// How many requests the run serves.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub requests: u32,
    /// Params that a version before this one let requests give. They are not even read: they may hold
    /// secrets, and params are the operator's.
    #[serde(default, rename = "params", deserialize_with = "is_given", skip_serializing)]
    old_params: bool,
    /// There were such params in what this payload was made from.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    ignored_params: bool,
    /// Whatever else was put there.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl Payload {
    /// Reads the text that a database keeps.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        // Most runs are nobody's in particular.
        if text == "{}" {
            return Ok(Self::default());
        }
        serde_json::from_str(text).map_err(|e| e.to_string())
    }

    /// The text that a database keeps.
    pub fn to_text(&self) -> String {
        if self.old_params {
            return Self { old_params: false, ignored_params: true, ..self.clone() }.to_text();
        }
        // A struct of strings, times and JSON values has no way to fail.
        serde_json::to_string(self).unwrap_or_else(|_| "{}".into())
    }

    /// The trace of a run with this payload: that of its cascade, or a new one, which bears the id of
    /// the run that begins it and so needs no index of traces to be found.
    pub fn trace_of(&self, run: Uuid) -> Uuid {
        self.trace_id.unwrap_or(run)
    }

    /// Adds an upstream run of the trace `trace_id`, the latest so far.
    pub fn add_trigger(&mut self, upstream: TriggerNote, trace_id: Uuid) {
        self.add_trigger_of(upstream, &[trace_id]);
    }

    /// Adds an upstream run of these traces, the latest so far: the run belongs to the first of them, and to all
    /// others as well. Returns those that it did not belong to before. Of more than [`MOST_TRACES`] the latest are
    /// left out.
    pub fn add_trigger_of(&mut self, upstream: TriggerNote, traces: &[Uuid]) -> Vec<Uuid> {
        self.note(upstream);
        let before: BTreeSet<_> = self.all_traces().collect();
        let room = MOST_TRACES.saturating_sub(before.len());
        let new = traces.iter().filter(|trace| !before.contains(trace)).take(room);
        let new: Vec<_> = new.copied().collect();
        let main = traces.first().filter(|main| before.contains(main) || new.contains(main));
        let main = main.copied().or(self.trace_id);
        let all = before.iter().chain(&new).filter(|trace| Some(**trace) != main);
        self.traces = all.copied().collect();
        self.trace_id = main;
        new
    }

    /// As [`add_trigger_of`](Self::add_trigger_of), for the run `run`, which is made already: its own trace stays.
    pub fn join_trigger_of(
        &mut self,
        run: Uuid,
        upstream: TriggerNote,
        traces: &[Uuid],
    ) -> Vec<Uuid> {
        self.note(upstream);
        let own = self.trace_of(run);
        let room = MOST_TRACES.saturating_sub(1 + self.traces.len());
        let is_new = |trace: &&Uuid| **trace != own && !self.traces.contains(trace);
        let new: Vec<_> = traces.iter().filter(is_new).take(room).copied().collect();
        self.traces.extend(&new);
        new
    }

    fn note(&mut self, upstream: TriggerNote) {
        self.cascade_triggered_by = Some(TriggerNote { run_id: None, ..upstream.clone() });
        self.triggers.push(upstream);
    }

    /// Belongs to these traces as well, as far as there is room.
    pub fn join_traces(&mut self, traces: impl IntoIterator<Item = Uuid>) {
        for trace in traces {
            let known = self.trace_id == Some(trace) || self.traces.contains(&trace);
            if !known && self.traces.len() < MOST_TRACES {
                self.traces.push(trace);
            }
        }
    }

    /// Every trace that the run belongs to, as far as triggers have said so.
    pub fn all_traces(&self) -> impl Iterator<Item = Uuid> {
        self.trace_id.into_iter().chain(self.traces.iter().copied())
    }

    /// The latest upstream run, of whose trace the run is.
    pub fn parent(&self) -> Option<Uuid> {
        self.triggers.last().and_then(|note| note.run_id)
    }

    /// Adds a request of a person or program.
    pub fn add_request(&mut self, at: DateTime<Utc>) {
        self.ask();
        self.requested_at = Some(at);
    }

    /// As [`add_request`](Self::add_request), where the database is yet to say when that was.
    pub fn ask(&mut self) {
        self.join();
        self.requested_at = None;
    }

    /// Notes when the run was due, unless something else than its timer caused it.
    pub fn due(&mut self, at: Option<DateTime<Utc>>) {
        if self.trigger() == Trigger::Timer {
            self.scheduled_for = at;
        }
    }

    /// Counts a request that a run which waits already serves too; what caused that run stays as it is.
    pub fn join(&mut self) {
        // A version before this one did not count.
        let before = self.requests.max(u32::from(self.requested_at.is_some()));
        self.requests = before.saturating_add(1);
    }

    /// Whether a request to an earlier version gave params, which are ignored.
    pub fn has_ignored_params(&self) -> bool {
        self.old_params || self.ignored_params
    }

    /// Why a run with this payload exists: the latest of what it names.
    pub fn trigger(&self) -> Trigger {
        match (&self.cascade_triggered_by, self.requested_at) {
            (Some(cascade), None) => {
                Trigger::Cascade { job_type: cascade.job_type.clone(), at: cascade.at }
            }
            (Some(cascade), Some(at)) if cascade.at >= at => {
                Trigger::Cascade { job_type: cascade.job_type.clone(), at: cascade.at }
            }
            (_, Some(at)) => Trigger::Manual { at },
            (None, None) => Trigger::Timer,
        }
    }
}

fn in_milliseconds<S: Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&rfc3339(*at))
}

fn known_in_milliseconds<S: Serializer>(
    at: &Option<DateTime<Utc>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    at.map(rfc3339).serialize(serializer)
}

// Serde asks for a reference.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde calls")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

fn is_given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(Option::<IgnoredAny>::deserialize(deserializer)?.is_some())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn note(job: &str, at: &str) -> TriggerNote {
        TriggerNote { job_type: job.into(), at: at.parse().unwrap(), run_id: Some(Uuid::nil()) }
    }

    #[test]
    fn triggers_of_several_traces_make_a_run_of_all_of_them() {
        let trace = Uuid::from_u128;
        let mut payload = Payload::default();
        let at = "2026-01-01T00:00:00Z";
        assert_eq!(payload.add_trigger_of(note("a", at), &[trace(1)]), [trace(1)]);
        assert!(payload.add_trigger_of(note("b", at), &[trace(1)]).is_empty());
        assert_eq!(payload.add_trigger_of(note("b", at), &[trace(2), trace(3)]), [2, 3].map(trace));
        assert_eq!(
            (payload.trace_id, &*payload.traces),
            (Some(trace(2)), &[trace(1), trace(3)][..])
        );
        assert!(payload.add_trigger_of(note("a", at), &[trace(1)]).is_empty());
        assert_eq!(
            (payload.trace_id, &*payload.traces),
            (Some(trace(1)), &[trace(2), trace(3)][..])
        );
        for other in 0..2000 {
            payload.add_trigger_of(note("a", at), &[trace(10 + other)]);
        }
        assert_eq!(payload.all_traces().count(), MOST_TRACES);
        let known: Payload = serde_json::from_str(&payload.to_text()).unwrap();
        assert_eq!(known, payload);
    }

    #[test]
    fn a_run_that_is_made_keeps_its_own_trace() {
        let trace = Uuid::from_u128;
        let mut payload = Payload::default();
        let at = "2026-01-01T00:00:00Z";
        assert_eq!(payload.join_trigger_of(trace(7), note("a", at), &[trace(1)]), [trace(1)]);
        assert!(payload.join_trigger_of(trace(7), note("a", at), &[7, 1].map(trace)).is_empty());
        assert_eq!((payload.trace_of(trace(7)), &*payload.traces), (trace(7), &[trace(1)][..]));
        payload.trace_id = Some(trace(2));
        assert!(payload.join_trigger_of(trace(7), note("a", at), &[trace(2)]).is_empty());
        assert_eq!(payload.triggers.len(), 3);
    }

    #[test]
    fn every_trigger_is_kept_and_the_latest_is_named() {
        let mut payload = Payload::default();
        payload.add_trigger(note("a", "2026-01-01T00:00:00Z"), Uuid::nil());
        payload.add_trigger(note("b", "2026-01-01T00:00:01Z"), Uuid::nil());
        let json: Value = serde_json::from_str(&payload.to_text()).unwrap();
        assert_eq!(
            json["cascade_triggered_by"],
            serde_json::json!({"job_type": "b", "at": "2026-01-01T00:00:01.000Z"})
        );
        assert_eq!(json["triggers"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn only_a_run_of_its_timer_has_a_time_that_it_was_scheduled_for() {
        let at: DateTime<Utc> = "2026-01-01T06:00:00.123456Z".parse().unwrap();
        let mut timer = Payload::default();
        timer.due(Some(at));
        assert_eq!(timer.to_text(), r#"{"scheduled_for":"2026-01-01T06:00:00.123Z"}"#);
        assert_eq!(timer.trigger(), Trigger::Timer);
        let mut asked = Payload::default();
        asked.add_request(at);
        asked.due(Some(at));
        assert_eq!(asked.scheduled_for, None);
    }

    #[test]
    fn params_of_an_earlier_version_are_neither_read_nor_kept() {
        let old = r#"{"requested_at":"2026-01-01T00:00:00Z","params":{"token":"secret"},"more":1}"#;
        let payload = Payload::parse(old).unwrap();
        assert!(payload.has_ignored_params());
        let shown = serde_json::to_string(&payload).unwrap();
        let kept = payload.to_text();
        assert!(!shown.contains("secret") && !kept.contains("secret"), "{shown} {kept}");
        let again = Payload::parse(&kept).unwrap();
        assert!(again.has_ignored_params() && again.rest["more"] == 1, "{kept}");
        assert!(!Payload::parse(r#"{"params":null}"#).unwrap().has_ignored_params());
    }

    #[test]
    fn the_trigger_is_the_latest_of_cascade_and_request() {
        let mut payload = Payload::default();
        assert_eq!(payload.trigger(), Trigger::Timer);
        payload.add_trigger(note("a", "2026-01-01T00:00:00Z"), Uuid::nil());
        assert!(matches!(payload.trigger(), Trigger::Cascade { .. }));
        payload.add_request("2026-01-01T00:00:05Z".parse().unwrap());
        assert!(matches!(payload.trigger(), Trigger::Manual { .. }));
        payload.add_trigger(note("b", "2026-01-01T00:00:09Z"), Uuid::nil());
        assert!(matches!(payload.trigger(), Trigger::Cascade { job_type, .. } if job_type == "b"));
    }

    #[test]
    fn a_wait_that_was_promised_to_end_is_not_made_longer_by_another_rule() {
        let at = |seconds| {
            let start: DateTime<Utc> = "2026-01-01T00:00:00Z".parse().unwrap();
            start + Duration::from_secs(seconds)
        };
        let rule = |quiet, at_most| Debounce {
            quiet: Duration::from_secs(quiet),
            at_most: Duration::from_secs(at_most),
        };
        let mut waits = Debounced::begun(&rule(2, 4), at(0));
        assert_eq!(waits.put_off(&rule(2, 4), at(0)), at(2));
        assert_eq!(waits.put_off(&rule(3600, 36_000), at(1)), at(4));
        assert_eq!(waits.put_off(&rule(1, 2), at(1)), at(2), "the sooner one");
    }
}
