//! Transactions of the one writer, and the verbs over them.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use async_trait::async_trait;
use cascade_model::{
    ClaimedRun, Event, Failure, JobCompleted, JoinKey, JoinRow, Lease, RunKind, RunState,
};
use cascade_sdk::{DbError, Progress, Statement, rfc3339};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::{Row, Sqlite, SqliteConnection, Transaction, sqlite::SqliteRow};
use uuid::Uuid;

use super::{
    SqliteStore,
    claim::{self, seconds},
    key_rates, requests, row,
};
use crate::{
    Beginning, Choice, End, EndWithEvent, Ended, EventRow, ExpiredClaim, FailedAttemptRow, Found,
    Hold, Holder, Inserted, KeyBeginning, KeyUse, Limits, LogRow, Lost, NewRequest, NewRun,
    Requeue, Result, RunRow, ScheduleRow, StoreError, Tx, Waiting, WaitingRun,
    of_kind::{each_kind, of_kind},
    portable::join_state,
};

/// How much longer than its whole duration a lease may seem to last before the clock must have been set
/// back meanwhile.
pub(super) const SLACK: Duration = Duration::from_secs(60);

/// An open transaction.
pub(super) struct SqliteTx(Transaction<'static, Sqlite>);

pub(super) async fn begin(store: &SqliteStore) -> Result<SqliteTx> {
    Ok(SqliteTx(store.begin().await?))
}

#[async_trait]
impl Tx for SqliteTx {
    async fn lock_schedules(&mut self, project: Uuid, jobs: &[String]) -> Result<Vec<ScheduleRow>> {
        if jobs.is_empty() {
            return Ok(Vec::new());
        }
        let rows = sqlx::query(include_str!("sql/lock_schedules.sql"))
            .bind(Value::from(jobs).to_string())
            .bind(project.to_string())
            .fetch_all(&mut *self.0)
            .await?;
        rows.iter().map(schedule).collect()
    }

    async fn due_schedules(&mut self, limit: u32) -> Result<Vec<ScheduleRow>> {
        let query = sqlx::query(include_str!("sql/due.sql")).bind(limit);
        query.fetch_all(&mut *self.0).await?.iter().map(schedule).collect()
    }

    async fn save_schedules(&mut self, rows: &[ScheduleRow]) -> Result<()> {
        let rows = rows.iter().map(|row| {
            let due = row.next_run_at.map(rfc3339);
            json!([row.id.to_string(), row.status.to_string(), due, row.payload.to_text()])
        });
        self.run(include_str!("sql/save_locked_schedules.sql"), rows).await
    }

    async fn insert_runs(&mut self, runs: &[NewRun], _wake: bool) -> Result<Vec<Inserted>> {
        insert_runs(&mut self.0, runs).await
    }

    async fn begin_runs(
        &mut self,
        runs: &[NewRun],
        holder: &Holder<'_>,
    ) -> Result<Vec<ClaimedRun>> {
        claim::begin_runs(&mut self.0, runs, holder).await
    }

    /// The one writer is alone.
    async fn lock_keys(&mut self, _requests: &[NewRequest], _own: Option<Uuid>) -> Result<()> {
        Ok(())
    }

    async fn go_before_later(&mut self, requests: &[NewRequest]) -> Result<()> {
        requests::go_before_later(&mut self.0, requests).await
    }

    async fn lock_key_of(&mut self, _run: Uuid) -> Result<()> {
        Ok(())
    }

    async fn waiting_of_key(&mut self, of: &NewRequest, limit: u32) -> Result<Vec<Waiting>> {
        requests::waiting_of_key(&mut self.0, of, limit).await
    }

    async fn insert_requests(&mut self, requests: &[NewRequest], _wake: bool) -> Result<Vec<bool>> {
        requests::insert(&mut self.0, requests).await
    }

    async fn advance_keys(&mut self, ended: &[Uuid]) -> Result<()> {
        let texts = ended.iter().map(|id| Value::from(id.to_string()));
        self.run(include_str!("sql/queue_advance.sql"), texts).await?;
        requests::fill_places(&mut self.0, ended).await
    }

    async fn advance_schedule_keys(&mut self) -> Result<()> {
        let advance = sqlx::query(include_str!("sql/queue_advance_schedules.sql"));
        advance.execute(&mut *self.0).await?;
        Ok(())
    }

    async fn lock_run(&mut self, run: Uuid) -> Result<Option<RunRow>> {
        for kind in RunKind::ALL {
            let query = sqlx::query(of_kind!(kind, "sql/lock_run.sql")).bind(run.to_string());
            if let Some(found) = query.fetch_optional(&mut *self.0).await? {
                return run_row(&found, kind).map(Some);
            }
        }
        Ok(None)
    }

    async fn save_run(&mut self, from: RunState, run: &RunRow) -> Result<bool> {
        let waits_again = run.state == RunState::Available && from != run.state;
        let of_queue = run.kind == RunKind::Queue;
        if waits_again && requests::other_kind_goes(&mut self.0, run.id).await? {
            return Ok(of_queue && requests::retry_behind(&mut self.0, run).await?);
        }
        let done = sqlx::query(of_kind!(run.kind, "sql/save_run.sql"))
            .bind(run.id.to_string())
            .bind(run.state.as_str())
            .bind(run.max_attempts)
            .bind(run.payload.to_text())
            .bind(run.cancel_requested)
            .bind(run.error.as_deref())
            .execute(&mut *self.0)
            .await?;
        if !of_queue || !waits_again {
            return Ok(done.rows_affected() > 0);
        }
        if done.rows_affected() == 0 && !requests::retry_behind(&mut self.0, run).await? {
            return Ok(false);
        }
        // One that ended while it was behind still is, perhaps behind none.
        self.advance_keys(&[run.id]).await?;
        Ok(true)
    }

    /// The one writer is alone.
    async fn lock_limits(&mut self) -> Result<bool> {
        Ok(true)
    }

    /// The one writer counts at little cost.
    async fn limits_are_wide(&mut self, _claimer: &str, _runs: usize) -> Result<bool> {
        Ok(false)
    }

    async fn limits(&mut self) -> Result<Limits> {
        claim::limits(&mut self.0).await
    }

    async fn count_begun(&mut self, beginnings: &[Beginning<'_>]) -> Result<()> {
        if beginnings.is_empty() {
            return Ok(());
        }
        claim::count_begun(&mut self.0, beginnings).await
    }

    async fn key_uses(&mut self, runs: &[Uuid]) -> Result<Vec<KeyUse>> {
        if runs.is_empty() {
            return Ok(Vec::new());
        }
        key_rates::uses(&mut self.0, runs).await
    }

    async fn count_of_keys(&mut self, beginnings: &[KeyBeginning<'_>]) -> Result<()> {
        if beginnings.is_empty() {
            return Ok(());
        }
        key_rates::count(&mut self.0, beginnings).await
    }

    async fn hold_runs(&mut self, holds: &[Hold]) -> Result<()> {
        if holds.is_empty() {
            return Ok(());
        }
        key_rates::hold(&mut self.0, holds).await
    }

    async fn waiting_runs(&mut self, choice: &Choice<'_>) -> Result<Found<WaitingRun>> {
        claim::waiting_runs(&mut self.0, choice).await
    }

    async fn lease_runs(
        &mut self,
        kind: RunKind,
        runs: &[Uuid],
        holder: &Holder<'_>,
    ) -> Result<Vec<ClaimedRun>> {
        if runs.is_empty() {
            return Ok(Vec::new());
        }
        claim::lease_runs(&mut self.0, kind, runs, holder).await
    }

    async fn expired_claims(&mut self, which: Lost<'_>) -> Result<Vec<ExpiredClaim>> {
        expired_claims(&mut self.0, which).await
    }

    async fn forget_workers(&mut self, _except: &str) -> Result<()> {
        // Each lease has its time here; there is no table of workers.
        Ok(())
    }

    async fn end_runs(&mut self, ends: &[End]) -> Result<Vec<Option<Ended>>> {
        let all: Vec<_> = ends.iter().collect();
        end_runs(&mut self.0, &all).await
    }

    async fn requeue(&mut self, runs: &[Requeue]) -> Result<Vec<Option<DateTime<Utc>>>> {
        let mut moved = HashMap::new();
        for (kind, places) in each_kind(runs, |run| run.lease.kind) {
            let rows = places.iter().map(|&place| {
                let Requeue { lease, state, error, after, attempt_counts, alone } = &runs[place];
                let Lease { run_id, owner, attempt, .. } = lease;
                let (given_back, alone) = (u8::from(!attempt_counts), u8::from(*alone));
                let (id, after) = (run_id.to_string(), after.map(seconds));
                json!([id, attempt, owner, state.as_str(), error, after, given_back, alone])
            });
            let found = sqlx::query(of_kind!(kind, "sql/requeue.sql"))
                .bind(Value::from_iter(rows).to_string())
                .fetch_all(&mut *self.0)
                .await?;
            for row in &found {
                moved.insert(row::uuid(row, "id")?, row.try_get("at")?);
            }
        }
        Ok(runs.iter().map(|run| moved.remove(&run.lease.run_id)).collect())
    }

    async fn lock_joins(&mut self, keys: &[JoinKey]) -> Result<Vec<JoinRow>> {
        let keys = keys.iter().map(|JoinKey { trace_id, project_id, job }| {
            json!([trace_id.to_string(), project_id.to_string(), job])
        });
        let lock = sqlx::query(include_str!("sql/lock_joins.sql"));
        let lock = lock.bind(Value::from_iter(keys).to_string());
        lock.fetch_all(&mut *self.0).await?.iter().map(join).collect()
    }

    async fn append_events(&mut self, events: &[EventRow]) -> Result<()> {
        append_events(&mut self.0, events.iter()).await?;
        Ok(())
    }

    async fn append_logs(&mut self, lines: &[LogRow]) -> Result<()> {
        let rows = lines.iter().map(|LogRow { run_id, line }| {
            let fields = (!line.fields.is_null()).then(|| line.fields.to_string());
            let (at, level) = (rfc3339(line.at), line.level.as_str());
            json!([run_id.to_string(), at, level, line.message, fields])
        });
        self.run(include_str!("sql/append_logs.sql"), rows).await
    }

    async fn keep_attempts(&mut self, attempts: &[FailedAttemptRow]) -> Result<()> {
        for (kind, places) in each_kind(attempts, |row| row.lease.kind) {
            let rows = places.iter().map(|place| {
                let FailedAttemptRow { lease, at, error } = &attempts[*place];
                json!([lease.run_id.to_string(), lease.attempt, rfc3339(*at), error, lease.owner])
            });
            self.run(of_kind!(kind, "sql/keep_attempts.sql"), rows).await?;
        }
        Ok(())
    }

    async fn count_failures(&mut self, failures: &[Failure]) -> Result<()> {
        let problems = failures.iter().map(|one| {
            let (project, run) = (one.project_id.to_string(), one.run_id.to_string());
            json!([one.fingerprint, one.job_type, project, run, one.error, rfc3339(one.at)])
        });
        self.run(include_str!("sql/count_problems.sql"), problems).await?;
        let hours = failures
            .iter()
            .map(|one| json!([one.fingerprint, one.project_id.to_string(), rfc3339(one.hour())]));
        self.run(include_str!("sql/count_problem_hours.sql"), hours).await
    }

    async fn save_progress(&mut self, run: Uuid, progress: &Progress) -> Result<()> {
        let text = serde_json::to_string(progress).map_err(|e| e.to_string());
        let text = text.map_err(StoreError::corrupt("progress"))?;
        for kind in RunKind::ALL {
            let save = sqlx::query(of_kind!(kind, "sql/save_progress.sql")).bind(run.to_string());
            if save.bind(&text).execute(&mut *self.0).await?.rows_affected() > 0 {
                break;
            }
        }
        Ok(())
    }

    async fn execute(&mut self, statement: &Statement) -> std::result::Result<u64, DbError> {
        cascade_portable_sql::execute_on(&mut self.0, statement).await
    }

    async fn commit(self: Box<Self>) -> Result<()> {
        Ok(self.0.commit().await?)
    }

    async fn rollback(self: Box<Self>) -> Result<()> {
        Ok(self.0.rollback().await?)
    }
}

impl SqliteTx {
    pub(super) fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.0
    }

    /// Those of these schedules that were written at a later time than now.
    pub(super) async fn schedules_ahead(&mut self, ids: Vec<String>) -> Result<Vec<ScheduleRow>> {
        let query = sqlx::query(
            "SELECT id, job_type, project_id, status, enabled, schedule, max_attempts, next_run_at,
                 payload, strftime('%Y-%m-%dT%H:%M:%fZ', 'now') AS now
             FROM scheduled_jobs
             WHERE next_run_at IS NOT NULL AND id IN (SELECT value FROM json_each(?1))
               AND updated_at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+5 seconds')",
        );
        let query = query.bind(Value::from(ids).to_string());
        query.fetch_all(&mut *self.0).await?.iter().map(schedule).collect()
    }

    /// Runs a statement whose one parameter is a list of rows.
    async fn run(&mut self, sql: &'static str, rows: impl Iterator<Item = Value>) -> Result<()> {
        let rows: Vec<_> = rows.collect();
        if !rows.is_empty() {
            let query = sqlx::query(sql).bind(Value::from(rows).to_string());
            query.execute(&mut *self.0).await?;
        }
        Ok(())
    }
}

/// As [`Store::end_with_events`](crate::Store::end_with_events).
pub(super) async fn end_with_events(
    store: &SqliteStore,
    ends: &[EndWithEvent],
) -> Result<Vec<Option<Event>>> {
    if ends.is_empty() {
        return Ok(Vec::new());
    }
    let mut tx = store.begin().await?;
    let all: Vec<_> = ends.iter().map(|end| &end.end).collect();
    let ended = end_runs(&mut tx, &all).await?;
    let rows: Vec<_> = ends
        .iter()
        .zip(ended)
        .map(|(EndWithEvent { project_id, text: (head, tail), .. }, ended)| {
            let at = ended?.at;
            let payload = format!("{head}{}{tail}", rfc3339(at));
            Some(EventRow { project_id: *project_id, kind: JobCompleted::KIND, payload, at })
        })
        .collect();
    let mut ids = append_events(&mut tx, rows.iter().flatten()).await?.into_iter();
    tx.commit().await?;
    let told = rows.into_iter().map(|row| {
        let EventRow { project_id, kind, payload, .. } = row?;
        let (id, kind) = (ids.next()?, kind.into());
        Some(Event { id, project_id, kind, payload, age: Duration::ZERO })
    });
    Ok(told.collect())
}

/// Runs that are made, as the JSON list that statements read.
pub(super) fn new_rows(runs: &[NewRun]) -> String {
    let rows = runs.iter().map(|run| {
        let NewRun { id, job_type, project_id, max_attempts, payload } = run;
        let (trace, payload) = (payload.trace_of(*id).to_string(), payload.to_text());
        json!([id.to_string(), job_type, project_id.to_string(), max_attempts, payload, trace])
    });
    Value::from_iter(rows).to_string()
}

/// As [`Tx::insert_runs`]: all workers are of this process.
pub(super) async fn insert_runs(
    tx: &mut Transaction<'static, Sqlite>,
    runs: &[NewRun],
) -> Result<Vec<Inserted>> {
    let made: Vec<String> = sqlx::query_scalar(include_str!("sql/insert_runs.sql"))
        .bind(new_rows(runs))
        .fetch_all(&mut **tx)
        .await?;
    let made: HashSet<_> = made.into_iter().collect();
    let mut told = Vec::with_capacity(runs.len());
    for run in runs {
        if made.contains(&run.id.to_string()) {
            told.push(Inserted::Made);
            continue;
        }
        let unfinished = sqlx::query(include_str!("sql/unfinished_run.sql"))
            .bind(&run.job_type)
            .bind(run.project_id.to_string())
            .fetch_optional(&mut **tx)
            .await?;
        let unfinished = unfinished.as_ref().map(|row| run_row(row, RunKind::Schedule));
        told.push(match unfinished.transpose()? {
            Some(waits) if waits.state == RunState::Available => Inserted::Waits(Box::new(waits)),
            // It has begun, or it is a run of the schedule's key.
            _ => Inserted::Busy,
        });
    }
    Ok(told)
}

async fn end_runs(
    tx: &mut Transaction<'static, Sqlite>,
    ends: &[&End],
) -> Result<Vec<Option<Ended>>> {
    let mut ended = HashMap::new();
    for (kind, places) in each_kind(ends, |end| end.lease.kind) {
        let rows = places.iter().map(|&place| {
            let End { lease, state, error, summary, ran } = ends[place];
            let Lease { run_id, owner, attempt, .. } = lease;
            let ran = ran.map(|ran| format!("-{:.3} seconds", ran.as_secs_f64()));
            json!([run_id.to_string(), attempt, owner, state.as_str(), error, summary, ran])
        });
        let found = sqlx::query(of_kind!(kind, "sql/end_runs.sql"))
            .bind(Value::from_iter(rows).to_string())
            .fetch_all(&mut **tx)
            .await?;
        for row in &found {
            let run: (Uuid, u32) = (row::uuid(row, "id")?, row.try_get("attempt")?);
            let told = Ended {
                job_type: row.try_get("job_type")?,
                project_id: row::uuid(row, "project_id")?,
                trace_id: row::uuid(row, "trace_id")?,
                at: row.try_get("finished_at")?,
            };
            ended.insert(run, told);
        }
    }
    Ok(ends.iter().map(|end| ended.remove(&(end.lease.run_id, end.lease.attempt))).collect())
}

/// As [`Tx::expired_claims`].
pub(super) async fn expired_claims(
    tx: &mut Transaction<'static, Sqlite>,
    which: Lost<'_>,
) -> Result<Vec<ExpiredClaim>> {
    let mut claims = Vec::new();
    for kind in RunKind::ALL {
        let rows = match which {
            Lost::Unresponsive { except, lease, limit } => {
                sqlx::query(of_kind!(kind, "sql/unresponsive_claims.sql"))
                    .bind(except)
                    .bind(seconds(lease + SLACK))
                    .bind(limit)
                    .fetch_all(&mut **tx)
                    .await?
            }
            Lost::Unlisted { owner, listed } => {
                let listed = listed.iter().map(|l| json!([l.run_id.to_string(), l.attempt]));
                sqlx::query(of_kind!(kind, "sql/unlisted_claims.sql"))
                    .bind(owner)
                    .bind(Value::from_iter(listed).to_string())
                    .fetch_all(&mut **tx)
                    .await?
            }
        };
        for row in &rows {
            claims.push(expired(row, kind)?);
        }
    }
    Ok(claims)
}

/// Returns their ids.
async fn append_events<'e>(
    tx: &mut Transaction<'static, Sqlite>,
    events: impl Iterator<Item = &'e EventRow>,
) -> Result<Vec<i64>> {
    let rows = events.map(|event| {
        let EventRow { project_id, kind, payload, at } = event;
        json!([project_id.to_string(), kind, payload, rfc3339(*at)])
    });
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let ids = sqlx::query_scalar(include_str!("sql/append_events.sql"))
        .bind(Value::from(rows).to_string())
        .fetch_all(&mut **tx)
        .await?;
    Ok(ids)
}

fn schedule(row: &SqliteRow) -> Result<ScheduleRow> {
    Ok(ScheduleRow {
        id: row::uuid(row, "id")?,
        job_type: row.try_get("job_type")?,
        project_id: row::uuid(row, "project_id")?,
        status: row::parsed(row, "status")?,
        enabled: row.try_get("enabled")?,
        schedule: row.try_get("schedule")?,
        max_attempts: row.try_get("max_attempts")?,
        next_run_at: row.try_get("next_run_at")?,
        payload: row::payload(row)?,
        now: row.try_get("now")?,
    })
}

fn join(row: &SqliteRow) -> Result<JoinRow> {
    Ok(JoinRow {
        key: JoinKey {
            trace_id: row::uuid(row, "trace_id")?,
            project_id: row::uuid(row, "project_id")?,
            job: row.try_get("job_type")?,
        },
        state: join_state(row.try_get("state")?)?,
        due_at: row.try_get("due_at")?,
    })
}

pub(super) fn run_row(row: &SqliteRow, kind: RunKind) -> Result<RunRow> {
    Ok(RunRow {
        id: row::uuid(row, "id")?,
        kind,
        error: None,
        job_type: row.try_get("job_type")?,
        project_id: row::uuid(row, "project_id")?,
        state: row::parsed(row, "state")?,
        attempt: row.try_get("attempt")?,
        max_attempts: row.try_get("max_attempts")?,
        payload: row::payload(row)?,
        cancel_requested: row.try_get("cancel_requested")?,
    })
}

fn expired(row: &SqliteRow, kind: RunKind) -> Result<ExpiredClaim> {
    Ok(ExpiredClaim {
        lease: Lease {
            run_id: row::uuid(row, "id")?,
            kind,
            owner: row.try_get("lease_owner")?,
            attempt: row.try_get("attempt")?,
        },
        max_attempts: row.try_get("max_attempts")?,
        cancel_requested: row.try_get("cancel")?,
        loss_counts: row.try_get("counts")?,
    })
}
