//! The statements of a variant on SQLite: those of the store as they are, or with a change.

use super::Change;

macro_rules! store {
    ($file:literal) => {
        include_str!(concat!("../../../../../core/store/src/sqlite/sql/", $file))
    };
}

/// The statements of a variant for runs of one kind.
#[derive(Debug, Clone, Copy)]
pub struct Texts {
    pub limits: &'static str,
    pub choose: &'static str,
    pub requests: &'static str,
    /// Takes what was chosen: one statement, or two where a claim is a row.
    pub take: [&'static str; 2],
    /// Ends runs: one statement or two.
    pub end: [&'static str; 2],
    /// Keeps their events.
    pub tell: &'static str,
}

impl Texts {
    pub fn of(has: impl Fn(Change) -> bool, queue: bool) -> Self {
        let leak = |text: String| -> &'static str { text.leak() };
        let kind = |text: &str| {
            leak(if queue { text.replace("worker_runs", "queue_runs") } else { text.to_owned() })
        };
        let own =
            |text: &str| kind(&text.replace("{now}", "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"));
        let choose = if queue {
            concat!(store!("queue_heads.sql"), store!("queue_choose.sql"))
        } else {
            store!("waiting_runs.sql")
        };
        let (take, end) = if has(Change::ClaimRow) {
            ([own(KEEP_CLAIM), own(REMOVE)], [own(END_CLAIM), "DELETE FROM claims WHERE id = ?1"])
        } else if has(Change::Apart) {
            ([kind(store!("lease_runs.sql")), ""], [own(END_APART), own(REMOVE)])
        } else if has(Change::EventInRow) {
            let end = store!("end_runs.sql").replace(
                "SET state = e.value ->> 3,",
                "SET state = e.value ->> 3, event_id = ?2 + e.key,",
            );
            ([kind(store!("lease_runs.sql")), ""], [kind(&end), ""])
        } else {
            ([kind(store!("lease_runs.sql")), ""], [kind(store!("end_runs.sql")), ""])
        };
        let tell = if has(Change::EventBatch) {
            "INSERT INTO event_batches (first_id, events) VALUES (?2, ?1)"
        } else if has(Change::EventInRow) {
            ""
        } else {
            store!("append_events.sql")
        };
        Self {
            limits: include_str!("../../../../../core/store/src/portable/sql/limits.sql"),
            choose,
            requests: store!("queue_requests.sql"),
            take,
            end,
            tell,
        }
    }
}

/// ?1 claim, ?2 worker, ?3 [id, ...]
const KEEP_CLAIM: &str = "INSERT INTO claims (id, owner, started_at, runs)
    SELECT ?1, ?2, {now}, json_group_array(json_array(id, job_type, project_id, attempt, max_attempts,
        payload, available_at, queued_at, error, trace_id))
    FROM worker_runs WHERE id IN (SELECT value FROM json_each(?3))";

/// ?1 [id, ...]
const REMOVE: &str = "DELETE FROM worker_runs WHERE id IN (SELECT value FROM json_each(?1))
    RETURNING id, attempt, job_type, project_id";

/// ?1 claim: all of its runs succeed.
const END_CLAIM: &str = "INSERT INTO ended_runs (id, job_type, project_id, state, attempt, max_attempts,
        payload, available_at, queued_at, started_at, finished_at, error, trace_id)
    SELECT r.value ->> 0, r.value ->> 1, r.value ->> 2, 'completed', (r.value ->> 3) + 1, r.value ->> 4,
        r.value ->> 5, r.value ->> 6, r.value ->> 7, c.started_at, {now}, r.value ->> 8, r.value ->> 9
    FROM claims c, json_each(c.runs) r WHERE c.id = ?1";

/// ?1 as of end_runs.sql.
const END_APART: &str = "INSERT INTO ended_runs (id, job_type, project_id, state, attempt, max_attempts,
        payload, available_at, queued_at, started_at, finished_at, error, summary, progress, trace_id)
    SELECT r.id, r.job_type, r.project_id, e.value ->> 3, r.attempt, r.max_attempts, r.payload,
        r.available_at, r.queued_at, r.started_at, {now}, coalesce(e.value ->> 4, r.error),
        e.value ->> 5, r.progress, r.trace_id
    FROM json_each(?1) e JOIN worker_runs r ON r.id = e.value ->> 0
    WHERE r.attempt = e.value ->> 1 AND r.lease_owner = e.value ->> 2 AND r.state = 'running'";
