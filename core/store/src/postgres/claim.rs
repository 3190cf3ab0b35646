//! From what waits to runs in a worker's hands.
//!
//! Any number of workers do this at once. Rows that another one holds are skipped, never waited for.

use std::time::Duration;

use cascade_sdk::Project;
use sqlx::{PgConnection, Row, postgres::PgRow};
use uuid::Uuid;

use super::{PostgresStore, due, row};
use crate::{
    Claimed, Result, StoreError,
    limits::{Rooms, rooms_sql},
    rotation::visits,
};
use cascade_model::{ClaimedRun, Lease, Payload};

/// However busy a worker is, it looks this often for due schedules and silent workers.
const LOOK: Duration = Duration::from_millis(250);

/// How often one claim makes way for others.
const MOST_JUMPS: u32 = 4;

/// Leaves out rows whose job is paused, disabled, or no longer in jobs.toml. Mostly there is no such job:
/// then one look at an empty index is all that it costs.
macro_rules! starts {
    ($run:literal) => {
        concat!(
            " AND (
                 NOT EXISTS (SELECT FROM scheduled_jobs WHERE status <> 'active' OR NOT enabled)
                 OR NOT EXISTS (
                     SELECT FROM scheduled_jobs s
                     WHERE s.job_type = ",
            $run,
            ".job_type AND s.project_id = ",
            $run,
            ".project_id AND (s.status <> 'active' OR NOT s.enabled)
                 )
             ) ",
        )
    };
}
pub(super) use starts;

/// Chooses up to `$2` runs that may start now, from up to `$5` projects behind the project `$1`, the
/// longest-waiting run of each first, and locks them. Each step finds the next project through the
/// index, among its next 1,000 entries at most: the cost grows with what is chosen and not with what
/// waits.
macro_rules! choice {
    ($where:literal) => {
        concat!(
            "WITH RECURSIVE step AS (
                 (SELECT n.project_id, 1 AS nth FROM (
                      SELECT project_id, state, available_at, job_type FROM open_runs
                      WHERE project_id > $1 ORDER BY project_id, available_at, id LIMIT 1000
                  ) n
                  WHERE n.state <> 'running' AND n.available_at <= now()
                    AND n.job_type <> ALL($3) AND n.project_id <> ALL($4) ",
            starts!("n"),
            $where,
            "     ORDER BY n.project_id LIMIT 1)
                 UNION ALL
                 SELECT n.project_id, step.nth + 1 FROM step CROSS JOIN LATERAL (
                     SELECT n.project_id FROM (
                         SELECT project_id, state, available_at, job_type FROM open_runs
                         WHERE project_id > step.project_id
                         ORDER BY project_id, available_at, id LIMIT 1000
                     ) n
                     WHERE n.state <> 'running' AND n.available_at <= now()
                       AND n.job_type <> ALL($3) AND n.project_id <> ALL($4) ",
            starts!("n"),
            "        ORDER BY n.project_id LIMIT 1
                 ) n
                 WHERE step.nth < $5
             ), chosen AS MATERIALIZED (
                 SELECT c.id, c.at, c.job_type, step.project_id FROM step CROSS JOIN LATERAL (
                     SELECT r.id, r.ctid AS at, r.job_type FROM open_runs r
                     WHERE r.project_id = step.project_id AND r.state <> 'running'
                       AND r.available_at <= now() AND r.job_type <> ALL($3) ",
            starts!("r"),
            "        ORDER BY r.available_at, r.id
                     LIMIT ceil($2::float8 / (SELECT count(*) FROM step))
                     FOR UPDATE SKIP LOCKED
                 ) c
                 LIMIT $2
             ) ",
        )
    };
}

/// The row of the worker goes with every claim: whoever holds a run can fall silent.
macro_rules! alive {
    ($owner:literal, $lease:literal) => {
        concat!(
            "alive AS (
                 INSERT INTO workers (owner, lease_until)
                 SELECT ",
            $owner,
            ", now() + make_interval(secs => ",
            $lease,
            ") WHERE EXISTS (SELECT FROM chosen)
                 ON CONFLICT (owner) DO UPDATE SET lease_until = excluded.lease_until
             ) ",
        )
    };
}

/// What a claim changes.
macro_rules! hold {
    ($which:literal, $owner:literal, $lease:literal) => {
        concat!(
            "UPDATE open_runs r
             SET state = 'running', attempt = r.attempt + 1, lease_owner = ",
            $owner,
            ", lease_until = now() + make_interval(secs => ",
            $lease,
            "), started_at = date_trunc('milliseconds', now()), finished_at = NULL,
                 progress = NULL
             FROM chosen WHERE ",
            $which,
            " RETURNING r.id, r.job_type, r.project_id, r.attempt, r.max_attempts,
                 r.payload::text AS payload, r.trace_id, r.queued_at, r.started_at"
        )
    };
}

pub(super) async fn claim(
    store: &PostgresStore,
    owner: &str,
    limit: u32,
    lease: Duration,
    except: &[String],
) -> Result<Claimed> {
    let want = limit as usize;
    let (mut runs, mut unresponsive) = (Vec::new(), false);
    if store.rotation.is_new() {
        // Workers that start together do not all begin with the same project.
        store.rotation.go_on(Some(somewhere(store).await?));
    }
    // What waits comes first: a run that has just been asked for begins after one round trip.
    let was_limited = store.rotation.is_limited();
    if !was_limited {
        runs = take(store, owner, want, lease, except).await?;
    }
    // Nor does it wait for the look around, unless the claim before did not do that either.
    let looks = runs.is_empty() || (runs.len() < want && store.rotation.owes_look());
    // While there is more than fits, a worker looks around only now and then.
    if looks || store.rotation.looked_ago() >= LOOK {
        let found = look(store, owner).await?;
        unresponsive = found.unresponsive;
        if found.due {
            due::fire(store).await?;
        }
        let rest = want - runs.len();
        runs.extend(match found {
            _ if rest == 0 => Vec::new(),
            Found { limited: true, .. } => {
                take_within_limits(store, owner, rest, lease, except).await?
            }
            Found { due: false, .. } if !was_limited => Vec::new(),
            _ => take(store, owner, rest, lease, except).await?,
        });
    } else if runs.len() < want {
        store.rotation.owe_look(true);
    }
    store.names.fill(&store.queue, &mut runs).await?;
    // `RETURNING` keeps no order; the longest-waiting run starts first.
    runs.sort_by_key(|run| run.lease.run_id);
    Ok(Claimed { runs, unresponsive })
}

/// What else there is to do.
struct Found {
    /// A worker has not been heard of for the time of its lease.
    unresponsive: bool,
    /// A schedule is due.
    due: bool,
    /// There are limits, of job types or projects.
    limited: bool,
}

async fn look(store: &PostgresStore, owner: &str) -> Result<Found> {
    let mut connection = store.kept.acquire().await?;
    let found = sqlx::query(
        "SELECT EXISTS (SELECT FROM workers WHERE lease_until < now() AND owner <> $1) AS unresponsive,
             EXISTS (
                 SELECT FROM scheduled_jobs s
                 WHERE s.status = 'active' AND s.enabled AND s.next_run_at IS NOT NULL
                   AND s.next_run_at <= now() AND NOT EXISTS (
                       SELECT FROM open_runs r
                       WHERE r.job_type = s.job_type AND r.project_id = s.project_id
                   )
             ) AS due,
             EXISTS (SELECT FROM scheduled_jobs WHERE concurrency IS NOT NULL)
             OR EXISTS (SELECT FROM projects WHERE concurrency IS NOT NULL) AS limited",
    )
    .bind(owner)
    .fetch_one(&mut *connection)
    .await?;
    connection.keep();
    let limited = found.try_get("limited")?;
    store.rotation.looks(limited);
    Ok(Found { unresponsive: found.try_get("unresponsive")?, due: found.try_get("due")?, limited })
}

/// Up to `limit` runs in one round trip; none where there are limits.
async fn take(
    store: &PostgresStore,
    owner: &str,
    limit: usize,
    lease: Duration,
    except: &[String],
) -> Result<Vec<ClaimedRun>> {
    let (mut runs, mut jumps) = (Vec::new(), 0);
    let mut anew = store.rotation.behind().is_nil();
    loop {
        let want = limit - runs.len();
        let mut connection = store.kept.acquire().await?;
        let behind = store.rotation.behind();
        let rows = take_behind(&mut connection, behind, want, owner, lease, except).await?;
        connection.keep();
        let (mut visited, mut reached) = (0_i64, None);
        for row in &rows {
            (visited, reached) = (row.try_get("visited")?, row.try_get("reached")?);
            if row.try_get::<Option<Uuid>, _>("id")?.is_some() {
                runs.push(claimed(row, owner)?);
            }
        }
        // There may be more behind the last one, if that was not the last.
        let more = visited >= visits(want);
        store.rotation.go_on(reached.filter(|_| more || runs.len() >= limit));
        if runs.len() >= limit {
            return Ok(runs);
        }
        // Others are at work on most of these projects: on to where they are not.
        if more && (runs.len() + want - limit) * 2 < visited as usize {
            if jumps == MOST_JUMPS {
                return Ok(runs);
            }
            jumps += 1;
            store.rotation.go_on(Some(somewhere(store).await?));
        }
        // Once more from the first project, if it did not begin there.
        if !more && anew {
            return Ok(runs);
        }
        anew |= !more;
    }
}

/// Up to `want` runs of projects behind `behind`, each with how many projects were visited and which was
/// the last; one row without a run if there are none.
pub(super) async fn take_behind(
    connection: &mut PgConnection,
    behind: Uuid,
    want: usize,
    owner: &str,
    lease: Duration,
    except: &[String],
) -> Result<Vec<PgRow>> {
    let rows = sqlx::query(concat!(
        choice!(
            "AND NOT EXISTS (SELECT FROM scheduled_jobs WHERE concurrency IS NOT NULL)
             AND NOT EXISTS (SELECT FROM projects WHERE concurrency IS NOT NULL)"
        ),
        ", ",
        alive!("$6", "$7"),
        ", held AS (",
        // By where they lie, since they are locked and do not move. One that has changed since the
        // statement began is not there for it, and waits for the next claim.
        hold!("r.ctid = chosen.at", "$6", "$7"),
        ") SELECT held.*, (SELECT count(*) FROM step) AS visited,
               (SELECT project_id FROM step ORDER BY nth DESC LIMIT 1) AS reached
           FROM (VALUES (1)) one LEFT JOIN held ON true",
    ))
    .bind(behind)
    .bind(i64::try_from(want).unwrap_or(i64::MAX))
    .bind(except)
    .bind(Vec::<Uuid>::new())
    .bind(visits(want))
    .bind(owner)
    .bind(lease.as_secs_f64())
    .fetch_all(connection)
    .await?;
    Ok(rows)
}

/// A place in the round of projects, by chance.
async fn somewhere(store: &PostgresStore) -> Result<Uuid> {
    let ends = "SELECT (SELECT id FROM projects ORDER BY id LIMIT 1),
                       (SELECT id FROM projects ORDER BY id DESC LIMIT 1)";
    let (first, last): (Option<Uuid>, Option<Uuid>) =
        sqlx::query_as(ends).fetch_one(&store.queue).await?;
    let (first, last) = (first.unwrap_or_default().as_u128(), last.unwrap_or_default().as_u128());
    let chance = Uuid::new_v4().as_u128();
    Ok(Uuid::from_u128(first + chance % (last - first).max(1)))
}

/// As [`take`], within limits. Two claims that do not see each other's runs could both take the last
/// room under a limit: only the one that holds the lock starts what has a limit; for the other it has
/// no room.
async fn take_within_limits(
    store: &PostgresStore,
    owner: &str,
    limit: usize,
    lease: Duration,
    except: &[String],
) -> Result<Vec<ClaimedRun>> {
    let mut tx = store.queue.begin().await?;
    let mine: bool = sqlx::query_scalar(
        "SELECT pg_try_advisory_xact_lock(hashtext('cascade.claim_within_limits'))",
    )
    .fetch_one(&mut *tx)
    .await?;
    let mut rooms = Rooms::default();
    for found in sqlx::query(rooms_sql!()).fetch_all(&mut *tx).await? {
        let room = if mine { found.try_get("room")? } else { 0 };
        rooms.add(found.try_get("kind")?, found.try_get("name")?, room);
    }
    let mut runs = Vec::new();
    let mut anew = store.rotation.behind().is_nil();
    loop {
        let from = store.rotation.behind();
        let want = limit - runs.len();
        let (chosen, last) = choose(&mut tx, from, want, &mut rooms, except).await?;
        let found = sqlx::query(concat!(
            "WITH chosen AS (SELECT unnest($1::uuid[]) AS id), ",
            alive!("$2", "$3"),
            hold!("r.id = chosen.id", "$2", "$3"),
        ))
        .bind(chosen)
        .bind(owner)
        .bind(lease.as_secs_f64())
        .fetch_all(&mut *tx)
        .await?;
        for row in &found {
            runs.push(claimed(row, owner)?);
        }
        store.rotation.go_on(last);
        // Once more from the first project, if it did not begin there.
        if runs.len() >= limit || (last.is_none() && anew) {
            break;
        }
        anew |= last.is_none();
    }
    tx.commit().await?;
    Ok(runs)
}

/// The runs of one step of the rotation that fit, and the project to go on behind, if there may be more.
async fn choose(
    tx: &mut PgConnection,
    from: Uuid,
    limit: usize,
    rooms: &mut Rooms,
    except: &[String],
) -> Result<(Vec<Uuid>, Option<Uuid>)> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let waiting = sqlx::query(concat!(choice!(""), "SELECT id, job_type, project_id FROM chosen"))
        .bind(from)
        .bind(limit)
        .bind(rooms.closed_jobs(except))
        .bind(rooms.full_projects())
        .bind(limit)
        .fetch_all(&mut *tx)
        .await?;
    let mut chosen = Vec::with_capacity(waiting.len());
    let mut last = None;
    for found in &waiting {
        let project: Uuid = found.try_get("project_id")?;
        last = last.max(Some(project));
        if rooms.take(found.try_get("job_type")?, project) {
            chosen.push(found.try_get("id")?);
        }
    }
    Ok((chosen, last.filter(|_| waiting.len() as i64 >= limit)))
}

fn claimed(row: &PgRow, owner: &str) -> Result<ClaimedRun> {
    let payload: &str = row.try_get("payload")?;
    Ok(ClaimedRun {
        lease: Lease {
            run_id: row.try_get("id")?,
            owner: owner.into(),
            attempt: row::count(row, "attempt")?,
        },
        job_type: row.try_get("job_type")?,
        // `Names` fills in the rest.
        project: Project {
            id: row.try_get("project_id")?,
            slug: String::new(),
            name: String::new(),
        },
        max_attempts: row::count(row, "max_attempts")?,
        payload: Payload::parse(payload).map_err(StoreError::corrupt("payload"))?,
        trace_id: row.try_get("trace_id")?,
        queued_at: row.try_get("queued_at")?,
        started_at: row.try_get("started_at")?,
    })
}
