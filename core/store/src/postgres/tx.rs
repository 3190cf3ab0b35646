//! Transactions, and the verbs over them.

use std::{collections::HashMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use cascade_model::{
    ClaimedRun, Event, Failure, JobCompleted, JoinKey, JoinRow, Lease, Payload, RunKind, RunState,
};
use cascade_sdk::{DbError, Progress, Statement};
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{
    PgConnection, Postgres, Row, Transaction,
    postgres::{PgArguments, PgRow},
    query::Query,
    types::Json,
};
use uuid::Uuid;

use super::{
    PostgresStore, SIGNALS,
    by_id::{lists, lists_of_kinds},
    claim, failures,
    floor::Floor,
    kept::KeptConnection,
    key_rates, requests, row,
};
use crate::{
    Beginning, Choice, Connections, End, EndWithEvent, Ended, EventRow, ExpiredClaim,
    FailedAttemptRow, Found, Hold, Holder, Inserted, KeyBeginning, KeyUse, Limits, LogRow, Lost,
    NewRequest, NewRun, Requeue, Result, RunRow, ScheduleRow, StoreError, Tx, Waiting, WaitingRun,
    of_kind::of_kind, portable::join_state,
};

/// An open transaction.
pub(super) struct PostgresTx {
    on: On,
    floor: Arc<Floor>,
}

enum On {
    Queue(Reserved),
    Shared(Transaction<'static, Postgres>),
}

/// A transaction on a reserved connection, which sqlx's own would give back to the pool at its end.
/// `None` once it has ended.
pub(super) struct Reserved(Option<KeptConnection>);

pub(super) async fn begin(store: &PostgresStore, on: Connections) -> Result<PostgresTx> {
    let on = match on {
        Connections::Shared => On::Shared(store.pool.begin().await?),
        Connections::Queue => {
            // Whatever becomes of the statement, the connection is not used with a transaction open.
            let mut reserved = Reserved(Some(store.kept.acquire().await?));
            sqlx::raw_sql("BEGIN").execute(reserved.open()?).await?;
            On::Queue(reserved)
        }
    };
    Ok(PostgresTx { on, floor: store.floor.clone() })
}

impl Reserved {
    fn open(&mut self) -> Result<&mut PgConnection> {
        self.0.as_deref_mut().ok_or(StoreError::Sql(sqlx::Error::PoolClosed))
    }

    async fn end(mut self, by: &'static str) -> Result<()> {
        sqlx::raw_sql(by).execute(self.open()?).await?;
        if let Some(connection) = self.0.take() {
            connection.keep();
        }
        Ok(())
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        let Some(mut connection) = self.0.take() else { return };
        // Without a runtime the connection ends, and with it the transaction.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return connection.close();
        };
        runtime.spawn(async move {
            match sqlx::raw_sql("ROLLBACK").execute(&mut *connection).await {
                Ok(_) => connection.keep(),
                Err(_) => connection.close(),
            }
        });
    }
}

impl PostgresTx {
    fn connection(&mut self) -> Result<&mut PgConnection> {
        match &mut self.on {
            On::Shared(tx) => Ok(&mut **tx),
            On::Queue(reserved) => reserved.open(),
        }
    }
}

#[async_trait]
impl Tx for PostgresTx {
    async fn lock_schedules(&mut self, project: Uuid, jobs: &[String]) -> Result<Vec<ScheduleRow>> {
        if jobs.is_empty() {
            return Ok(Vec::new());
        }
        lock_schedules(self.connection()?, project, jobs).await
    }

    async fn due_schedules(&mut self, limit: u32) -> Result<Vec<ScheduleRow>> {
        let query = sqlx::query(include_str!("sql/due.sql")).bind(i64::from(limit));
        query.fetch_all(self.connection()?).await?.iter().map(schedule).collect()
    }

    async fn save_schedules(&mut self, rows: &[ScheduleRow]) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        sqlx::query(include_str!("sql/save_locked_schedules.sql"))
            .bind(rows.iter().map(|row| row.id).collect::<Vec<_>>())
            .bind(rows.iter().map(|row| row.status.to_string()).collect::<Vec<_>>())
            .bind(rows.iter().map(|row| row.next_run_at).collect::<Vec<_>>())
            .bind(rows.iter().map(|row| row.payload.to_text()).collect::<Vec<_>>())
            .execute(self.connection()?)
            .await?;
        Ok(())
    }

    async fn insert_runs(&mut self, runs: &[NewRun], wake: bool) -> Result<Vec<Inserted>> {
        insert_runs(self.connection()?, runs, wake).await
    }

    async fn begin_runs(
        &mut self,
        runs: &[NewRun],
        holder: &Holder<'_>,
    ) -> Result<Vec<ClaimedRun>> {
        claim::begin_runs(self.connection()?, runs, holder).await
    }

    async fn lock_keys(&mut self, requests: &[NewRequest], own: Option<Uuid>) -> Result<()> {
        requests::lock_keys(self.connection()?, requests, own, false).await
    }

    async fn go_before_later(&mut self, requests: &[NewRequest]) -> Result<()> {
        requests::lock_keys(self.connection()?, requests, None, true).await
    }

    async fn lock_key_of(&mut self, run: Uuid) -> Result<()> {
        requests::lock_key_of(self.connection()?, run).await
    }

    async fn waiting_of_key(&mut self, of: &NewRequest, limit: u32) -> Result<Vec<Waiting>> {
        requests::waiting_of_key(self.connection()?, of, limit).await
    }

    async fn insert_requests(&mut self, requests: &[NewRequest], wake: bool) -> Result<Vec<bool>> {
        requests::insert(self.connection()?, requests, wake).await
    }

    async fn advance_keys(&mut self, ended: &[Uuid]) -> Result<()> {
        let advance = sqlx::query(include_str!("sql/queue_advance.sql")).bind(ended);
        advance.execute(self.connection()?).await?;
        Ok(())
    }

    async fn advance_schedule_keys(&mut self) -> Result<()> {
        let advance = sqlx::query(include_str!("sql/queue_advance_schedules.sql"));
        advance.execute(self.connection()?).await?;
        Ok(())
    }

    async fn lock_run(&mut self, run: Uuid) -> Result<Option<RunRow>> {
        // One that ends while this waits for it is in the other table by then.
        for kind in [RunKind::Schedule, RunKind::Queue, RunKind::Schedule, RunKind::Queue] {
            let lock = sqlx::query(of_kind!(kind, "sql/lock_run.sql")).bind(run);
            if let Some(found) = lock.fetch_optional(self.connection()?).await? {
                return run_row(&found, kind).map(Some);
            }
        }
        Ok(None)
    }

    async fn save_run(&mut self, from: RunState, run: &RunRow) -> Result<bool> {
        let waits_again = run.state == RunState::Available;
        let query = if run.state == from {
            sqlx::query(of_kind!(run.kind, "sql/save_run.sql"))
                .bind(run.id)
                .bind(run.payload.to_text())
                .bind(run.cancel_requested)
        } else if run.kind == RunKind::Queue && waits_again {
            requests::turn_of(self.connection()?, run.id).await?;
            if !requests::retry(self.connection()?, run).await? {
                return Ok(false);
            }
            requests::fill_places(self.connection()?, &[run.id]).await?;
            return Ok(true);
        } else {
            sqlx::query(of_kind!(run.kind, "sql/move_run.sql"))
                .bind(run.id)
                .bind(run.state.as_str())
                .bind(row::int(run.max_attempts))
                .bind(run.error.as_deref())
        };
        Ok(query.execute(self.connection()?).await?.rows_affected() > 0)
    }

    async fn lock_limits(&mut self) -> Result<bool> {
        Ok(sqlx::query_scalar("SELECT lock_limits(true)").fetch_one(self.connection()?).await?)
    }

    async fn limits_are_wide(&mut self, claimer: &str, runs: usize) -> Result<bool> {
        let wide = sqlx::query_scalar("SELECT limits_are_wide($1, $2)").bind(claimer);
        let wide = wide.bind(i64::try_from(runs).unwrap_or(i64::MAX));
        Ok(wide.fetch_one(self.connection()?).await?)
    }

    async fn limits(&mut self) -> Result<Limits> {
        claim::limits(self.connection()?).await
    }

    async fn count_begun(&mut self, beginnings: &[Beginning<'_>]) -> Result<()> {
        if beginnings.is_empty() {
            return Ok(());
        }
        claim::count_begun(self.connection()?, beginnings).await
    }

    async fn key_uses(&mut self, runs: &[Uuid]) -> Result<Vec<KeyUse>> {
        if runs.is_empty() {
            return Ok(Vec::new());
        }
        key_rates::uses(self.connection()?, runs).await
    }

    async fn count_of_keys(&mut self, beginnings: &[KeyBeginning<'_>]) -> Result<()> {
        if beginnings.is_empty() {
            return Ok(());
        }
        key_rates::count(self.connection()?, beginnings).await
    }

    async fn hold_runs(&mut self, holds: &[Hold]) -> Result<()> {
        if holds.is_empty() {
            return Ok(());
        }
        key_rates::hold(self.connection()?, holds).await
    }

    async fn waiting_runs(&mut self, choice: &Choice<'_>) -> Result<Found<WaitingRun>> {
        let floor = self.floor.clone();
        claim::waiting_runs(self.connection()?, choice, &floor).await
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
        claim::lease_runs(self.connection()?, kind, runs, holder).await
    }

    async fn expired_claims(&mut self, which: Lost<'_>) -> Result<Vec<ExpiredClaim>> {
        let mut claims = Vec::new();
        for kind in RunKind::ALL {
            let rows = match which {
                Lost::Unresponsive { except, limit, .. } => {
                    sqlx::query(of_kind!(kind, "sql/unresponsive_claims.sql"))
                        .bind(except)
                        .bind(i64::from(limit))
                        .fetch_all(self.connection()?)
                        .await?
                }
                Lost::Unlisted { owner, listed } => {
                    let attempts = listed.iter().map(|lease| row::int(lease.attempt));
                    sqlx::query(of_kind!(kind, "sql/unlisted_claims.sql"))
                        .bind(owner)
                        .bind(listed.iter().map(|lease| lease.run_id).collect::<Vec<_>>())
                        .bind(attempts.collect::<Vec<_>>())
                        .fetch_all(self.connection()?)
                        .await?
                }
            };
            for row in &rows {
                claims.push(expired(row, kind)?);
            }
        }
        Ok(claims)
    }

    async fn forget_workers(&mut self, except: &str) -> Result<()> {
        for kind in RunKind::ALL {
            let forget = sqlx::query(of_kind!(kind, "sql/forget_workers.sql")).bind(except);
            forget.execute(self.connection()?).await?;
        }
        Ok(())
    }

    async fn end_runs(&mut self, ends: &[End]) -> Result<Vec<Option<Ended>>> {
        let mut ended = vec![None; ends.len()];
        if ends.is_empty() {
            return Ok(ended);
        }
        for (kind, places) in lists_of_kinds(ends, |end| &end.lease) {
            let of_kind: Vec<_> = places.iter().map(|&place| &ends[place]).collect();
            let text = of_kind!(kind, "sql/end_runs.sql", "sql/ended_rows.sql");
            let query = bind_ends(sqlx::query(text), &of_kind).bind(Json(Vec::<&str>::new()));
            for found in query.fetch_all(self.connection()?).await? {
                ended[places[index(found.try_get("nth")?)]] = Some(Ended {
                    job_type: found.try_get("job_type")?,
                    project_id: found.try_get("project_id")?,
                    trace_id: found.try_get("trace_id")?,
                    at: found.try_get("at")?,
                });
            }
        }
        Ok(ended)
    }

    async fn requeue(&mut self, runs: &[Requeue]) -> Result<Vec<Option<DateTime<Utc>>>> {
        let mut moved = vec![None; runs.len()];
        for (kind, places) in lists_of_kinds(runs, |run| &run.lease) {
            let of_kind: Vec<_> = places.iter().map(|&place| &runs[place]).collect();
            let leases: Vec<_> = of_kind.iter().map(|run| &run.lease).collect();
            let rows = bind_leases(sqlx::query(of_kind!(kind, "sql/requeue.sql")), &leases)
                .bind(Json(of_kind.iter().map(|run| run.state.as_str()).collect::<Vec<_>>()))
                .bind(Json(of_kind.iter().map(|run| run.error.as_deref()).collect::<Vec<_>>()))
                .bind(of_kind.iter().map(|run| run.after.map(seconds)).collect::<Vec<_>>())
                .bind(of_kind.iter().map(|run| run.attempt_counts).collect::<Vec<_>>())
                .bind(of_kind.iter().map(|run| run.alone).collect::<Vec<_>>())
                .fetch_all(self.connection()?)
                .await?;
            for found in rows {
                moved[places[index(found.try_get("nth")?)]] = Some(found.try_get("at")?);
            }
        }
        Ok(moved)
    }

    async fn lock_joins(&mut self, keys: &[JoinKey]) -> Result<Vec<JoinRow>> {
        let mut keys: Vec<_> = keys.iter().collect();
        keys.sort();
        let lock = sqlx::query(include_str!("sql/lock_joins.sql"))
            .bind(keys.iter().map(|key| key.trace_id).collect::<Vec<_>>())
            .bind(keys.iter().map(|key| key.project_id).collect::<Vec<_>>())
            .bind(keys.iter().map(|key| key.job.as_str()).collect::<Vec<_>>());
        lock.fetch_all(self.connection()?).await?.iter().map(join).collect()
    }

    async fn append_events(&mut self, events: &[EventRow]) -> Result<()> {
        if events.is_empty() {
            return Ok(());
        }
        sqlx::query(include_str!("sql/append_events.sql"))
            .bind(events.iter().map(|event| event.project_id).collect::<Vec<_>>())
            .bind(events.iter().map(|event| event.kind).collect::<Vec<_>>())
            .bind(events.iter().map(|event| event.payload.as_str()).collect::<Vec<_>>())
            .bind(events.iter().map(|event| event.at).collect::<Vec<_>>())
            .execute(self.connection()?)
            .await?;
        Ok(())
    }

    async fn append_logs(&mut self, lines: &[LogRow]) -> Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        let fields = |row: &LogRow| (!row.line.fields.is_null()).then(|| row.line.fields.clone());
        sqlx::query(include_str!("sql/append_logs.sql"))
            .bind(lines.iter().map(|row| row.run_id).collect::<Vec<_>>())
            .bind(lines.iter().map(|row| row.line.at).collect::<Vec<_>>())
            .bind(lines.iter().map(|row| row.line.level.as_str()).collect::<Vec<_>>())
            .bind(lines.iter().map(|row| row.line.message.as_str()).collect::<Vec<_>>())
            .bind(lines.iter().map(fields).collect::<Vec<Option<Value>>>())
            .execute(self.connection()?)
            .await?;
        Ok(())
    }

    async fn keep_attempts(&mut self, attempts: &[FailedAttemptRow]) -> Result<()> {
        failures::keep_attempts(self.connection()?, attempts).await
    }

    async fn count_failures(&mut self, failures: &[Failure]) -> Result<()> {
        failures::count(self.connection()?, failures).await
    }

    async fn save_progress(&mut self, run: Uuid, progress: &Progress) -> Result<()> {
        for kind in RunKind::ALL {
            let save = sqlx::query(of_kind!(kind, "sql/save_progress.sql"));
            let saved = save.bind(run).bind(Json(progress)).execute(self.connection()?).await?;
            if saved.rows_affected() > 0 {
                break;
            }
        }
        Ok(())
    }

    async fn execute(&mut self, statement: &Statement) -> std::result::Result<u64, DbError> {
        let connection = self.connection().map_err(|e| DbError::new(&statement.sql, e))?;
        cascade_portable_sql::execute_on_postgres(connection, statement).await
    }

    async fn commit(self: Box<Self>) -> Result<()> {
        match self.on {
            On::Shared(tx) => Ok(tx.commit().await?),
            On::Queue(reserved) => reserved.end("COMMIT").await,
        }
    }

    async fn rollback(self: Box<Self>) -> Result<()> {
        match self.on {
            On::Shared(tx) => Ok(tx.rollback().await?),
            On::Queue(reserved) => reserved.end("ROLLBACK").await,
        }
    }
}

/// As [`Tx::lock_schedules`].
pub(super) async fn lock_schedules(
    connection: &mut PgConnection,
    project: Uuid,
    jobs: &[String],
) -> Result<Vec<ScheduleRow>> {
    let lock = sqlx::query(include_str!("sql/lock_schedules.sql")).bind(jobs).bind(project);
    lock.fetch_all(connection).await?.iter().map(schedule).collect()
}

fn join(row: &PgRow) -> Result<JoinRow> {
    Ok(JoinRow {
        key: JoinKey {
            trace_id: row.try_get("trace_id")?,
            project_id: row.try_get("project_id")?,
            job: row.try_get("job_type")?,
        },
        state: join_state(row.try_get("state")?)?,
        due_at: row.try_get("due_at")?,
    })
}

/// The columns of runs that are made.
pub(super) fn bind_new<'q>(
    query: Query<'q, Postgres, PgArguments>,
    runs: &'q [NewRun],
) -> Query<'q, Postgres, PgArguments> {
    query
        .bind(runs.iter().map(|run| run.id).collect::<Vec<_>>())
        .bind(runs.iter().map(|run| run.job_type.as_str()).collect::<Vec<_>>())
        .bind(runs.iter().map(|run| run.project_id).collect::<Vec<_>>())
        .bind(runs.iter().map(|run| row::int(run.max_attempts)).collect::<Vec<_>>())
        .bind(runs.iter().map(|run| run.payload.to_text()).collect::<Vec<_>>())
        .bind(runs.iter().map(|run| run.payload.trace_of(run.id)).collect::<Vec<_>>())
}

/// As [`Tx::insert_runs`].
pub(super) async fn insert_runs(
    connection: &mut PgConnection,
    runs: &[NewRun],
    wake: bool,
) -> Result<Vec<Inserted>> {
    let query = bind_new(sqlx::query(include_str!("sql/insert_runs.sql")), runs);
    let found = query.bind(wake.then_some(SIGNALS)).fetch_all(connection).await?;
    let mut told = HashMap::new();
    for row in &found {
        let waits = row.try_get::<Option<Uuid>, _>("id")?;
        let waits = waits.map(|_| run_row(row, RunKind::Schedule)).transpose()?;
        told.insert(
            row.try_get::<Uuid, _>("new")?,
            waits.map_or(Inserted::Made, |run| Inserted::Waits(Box::new(run))),
        );
    }
    Ok(runs.iter().map(|run| told.remove(&run.id).unwrap_or(Inserted::Busy)).collect())
}

/// As [`Store::end_with_events`](crate::Store::end_with_events), on a reserved connection.
pub(super) async fn end_with_events(
    connection: &mut PgConnection,
    ends: &[EndWithEvent],
) -> Result<Vec<Option<Event>>> {
    let Some(EndWithEvent { end, text: (_, tail), .. }) = ends.first() else {
        return Ok(Vec::new());
    };
    let text = of_kind!(end.lease.kind, "sql/end_runs.sql", "sql/ended_events.sql");
    let mut events = vec![None; ends.len()];
    for places in lists(0..ends.len(), |place| ends[place].end.lease.run_id) {
        let of_list: Vec<_> = places.iter().map(|&place| &ends[place]).collect();
        let all: Vec<_> = of_list.iter().map(|end| &end.end).collect();
        // Events are told in the order of `ends`.
        let told = places.iter().map(|&place| i32::try_from(place).unwrap_or(i32::MAX));
        let found = bind_ends(sqlx::query(text), &all)
            .bind(Json(of_list.iter().map(|end| end.text.0.as_str()).collect::<Vec<_>>()))
            .bind(JobCompleted::KIND)
            .bind(*tail)
            .bind(told.collect::<Vec<_>>())
            .fetch_one(&mut *connection)
            .await?;
        let places: Option<Vec<i32>> = found.try_get("places")?;
        let ids: Option<Vec<i64>> = found.try_get("ids")?;
        let at: &str = found.try_get("at")?;
        for (place, id) in places.unwrap_or_default().into_iter().zip(ids.unwrap_or_default()) {
            let place = usize::try_from(place).unwrap_or(usize::MAX);
            let (Some(event), Some(end)) = (events.get_mut(place), ends.get(place)) else {
                continue;
            };
            *event = Some(Event {
                id,
                project_id: end.project_id,
                kind: JobCompleted::KIND.into(),
                payload: format!("{}{at}{tail}", end.text.0),
                age: Duration::ZERO,
            });
        }
    }
    Ok(events)
}

type Sql<'q> = Query<'q, Postgres, PgArguments>;

fn bind_leases<'q>(query: Sql<'q>, leases: &[&'q Lease]) -> Sql<'q> {
    query
        .bind(leases.iter().map(|lease| lease.run_id).collect::<Vec<_>>())
        .bind(leases.iter().map(|lease| row::int(lease.attempt)).collect::<Vec<_>>())
        .bind(Json(leases.iter().map(|lease| lease.owner.as_str()).collect::<Vec<_>>()))
}

fn bind_ends<'q>(query: Sql<'q>, ends: &[&'q End]) -> Sql<'q> {
    let leases: Vec<_> = ends.iter().map(|end| &end.lease).collect();
    bind_leases(query, &leases)
        .bind(Json(ends.iter().map(|end| end.state.as_str()).collect::<Vec<_>>()))
        .bind(Json(ends.iter().map(|end| end.error.as_deref()).collect::<Vec<_>>()))
        .bind(Json(ends.iter().map(|end| end.summary.as_deref()).collect::<Vec<_>>()))
        .bind(ends.iter().map(|end| end.ran.map(seconds)).collect::<Vec<_>>())
}

fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}

/// The index in a list of what the database numbers from 1.
fn index(nth: i32) -> usize {
    usize::try_from(nth - 1).unwrap_or(usize::MAX)
}

fn schedule(row: &PgRow) -> Result<ScheduleRow> {
    let status: &str = row.try_get("status")?;
    let payload: &str = row.try_get("payload")?;
    Ok(ScheduleRow {
        id: row.try_get("id")?,
        job_type: row.try_get("job_type")?,
        project_id: row.try_get("project_id")?,
        status: status.parse().map_err(StoreError::corrupt("status"))?,
        enabled: row.try_get("enabled")?,
        schedule: row.try_get("schedule")?,
        max_attempts: row::count(row, "max_attempts")?,
        next_run_at: row.try_get("next_run_at")?,
        payload: Payload::parse(payload).map_err(StoreError::corrupt("payload"))?,
        now: row.try_get("now")?,
    })
}

pub(super) fn run_row(row: &PgRow, kind: RunKind) -> Result<RunRow> {
    let (state, payload): (&str, &str) = (row.try_get("state")?, row.try_get("payload")?);
    Ok(RunRow {
        id: row.try_get("id")?,
        kind,
        error: None,
        job_type: row.try_get("job_type")?,
        project_id: row.try_get("project_id")?,
        state: state.parse().map_err(StoreError::corrupt("state"))?,
        attempt: row::count(row, "attempt")?,
        max_attempts: row::count(row, "max_attempts")?,
        payload: Payload::parse(payload).map_err(StoreError::corrupt("payload"))?,
        cancel_requested: row.try_get("cancel_requested")?,
    })
}

fn expired(row: &PgRow, kind: RunKind) -> Result<ExpiredClaim> {
    Ok(ExpiredClaim {
        lease: Lease {
            run_id: row.try_get("id")?,
            kind,
            owner: row.try_get("lease_owner")?,
            attempt: row::count(row, "attempt")?,
        },
        max_attempts: row::count(row, "max_attempts")?,
        cancel_requested: row.try_get("cancel")?,
        loss_counts: row.try_get("counts")?,
    })
}
