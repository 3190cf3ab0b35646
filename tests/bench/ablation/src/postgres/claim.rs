//! Claims, as the store makes them: see `core/store/src/postgres/claim.rs` and `rotation.rs` of the engine.

use anyhow::Result;
use chrono::{DateTime, Utc};
use sqlx::{PgConnection, Row as _, postgres::PgRow};
use uuid::Uuid;

use super::texts::Texts;
use crate::change::Shape;

/// Runs of a claim.
pub const RUNS: usize = 500;
/// Projects that a claim visits at most, as `rotation::visits` has it.
const VISITS: i64 = 72;
/// How often a claim makes way for others.
const MOST_JUMPS: u32 = 4;
/// Seconds of a lease.
pub const LEASE: f64 = 30.0;

/// A run that was claimed.
#[derive(Debug, Clone)]
pub struct Run {
    pub id: Uuid,
    pub job: String,
    pub project: Uuid,
    pub attempt: i32,
    pub max_attempts: i32,
    pub payload: String,
    pub queued_at: DateTime<Utc>,
    pub started_at: DateTime<Utc>,
    pub trace: Uuid,
    /// From 0, in its claim.
    pub place: usize,
}

/// Runs that were claimed together.
#[derive(Debug, Clone)]
pub struct Claim {
    pub id: Uuid,
    pub runs: Vec<Run>,
}

struct Found {
    claim: Claim,
    projects: i64,
    last: Option<Uuid>,
}

/// Where the claims of a connection are in the round of projects.
pub struct Ring {
    behind: Uuid,
    /// The slice that it owns or helps with, and how many slices there are.
    slice: Option<(usize, usize)>,
}

impl Ring {
    /// Begins by chance, or with the slice of `nth` of `all` connections.
    pub fn new(slices: bool, nth: usize, all: usize) -> Self {
        let mut ring = Self { behind: chance(), slice: slices.then_some((nth, all)) };
        if slices {
            ring.behind = ring.slice_ends().0;
        }
        ring
    }

    /// The first id of the slice, and of the next.
    fn slice_ends(&self) -> (Uuid, Uuid) {
        let Some((nth, all)) = self.slice else { return (Uuid::nil(), Uuid::max()) };
        let width = u128::MAX / all as u128;
        let end = if nth + 1 == all { u128::MAX } else { width * (nth as u128 + 1) };
        (Uuid::from_u128(width * nth as u128), Uuid::from_u128(end))
    }

    /// Claims runs; `None` where there are none.
    pub async fn claim(
        &mut self,
        connection: &mut PgConnection,
        texts: &Texts,
        shape: Shape,
        owner: &str,
    ) -> Result<Option<Claim>> {
        let (start, _) = self.slice_ends();
        let (mut from_first, mut jumps, mut helped) = (self.behind == start, 0, 0);
        loop {
            let found = step(connection, texts, shape, owner, self.behind).await?;
            let more = found.projects >= VISITS || found.claim.runs.len() >= RUNS;
            let (start, end) = self.slice_ends();
            let few = found.claim.runs.len() * 2 < usize::try_from(found.projects).unwrap_or(0);
            self.behind = found.last.filter(|last| more && *last < end).unwrap_or(start);
            let around = self.behind == start;
            if more && few && jumps < MOST_JUMPS && self.slice.is_none() {
                jumps += 1;
                self.behind = chance();
            }
            if !found.claim.runs.is_empty() {
                return Ok(Some(found.claim));
            }
            if around && from_first {
                let Some((nth, all)) = self.slice else { return Ok(None) };
                helped += 1;
                if helped == all {
                    return Ok(None);
                }
                self.slice = Some(((nth + 1) % all, all));
                self.behind = self.slice_ends().0;
            }
            from_first |= around;
        }
    }
}

fn chance() -> Uuid {
    Uuid::new_v4()
}

async fn step(
    connection: &mut PgConnection,
    texts: &Texts,
    shape: Shape,
    owner: &str,
    behind: Uuid,
) -> Result<Found> {
    let (runs, no_jobs, no_projects) = (RUNS as i64, Vec::<String>::new(), Vec::<Uuid>::new());
    let no_seconds = Vec::<f64>::new();
    let id = Uuid::now_v7();
    let query = sqlx::query(texts.claim).bind(behind);
    if !shape.is_queue() {
        let query = query.bind(runs).bind(no_jobs).bind(no_projects).bind(VISITS).bind(false);
        let mut query = query.bind(owner).bind(no_seconds).bind(LEASE);
        if texts.claim_row {
            query = query.bind(id);
        }
        return found(id, &query.fetch_all(connection).await?);
    }
    // No transaction is open for long: no runs are passed over.
    let query = query.bind(no_jobs).bind(no_projects).bind(None::<DateTime<Utc>>);
    let (projects, jobs, ranks) = (Vec::<Uuid>::new(), Vec::<String>::new(), Vec::<i16>::new());
    let query = query
        .bind(projects)
        .bind(jobs)
        .bind(ranks)
        .bind(no_seconds)
        .bind(Vec::<DateTime<Utc>>::new());
    let query = query.bind(runs).bind(VISITS);
    if texts.at_once {
        let mut query = query.bind(owner).bind(LEASE);
        if texts.claim_row {
            query = query.bind(id);
        }
        return found(id, &query.fetch_all(connection).await?);
    }
    sqlx::raw_sql("BEGIN").execute(&mut *connection).await?;
    sqlx::query(texts.limits).fetch_all(&mut *connection).await?;
    let chosen = query.fetch_all(&mut *connection).await?;
    let mut all = read_walk(id, &chosen)?;
    let ids: Vec<Uuid> = chosen
        .iter()
        .filter_map(|row| row.try_get::<Option<Uuid>, _>("id").transpose())
        .collect::<Result<_, _>>()?;
    if !ids.is_empty() {
        let mut lease = sqlx::query(texts.lease).bind(&ids).bind(owner).bind(LEASE);
        if texts.claim_row {
            lease = lease.bind(id);
        }
        all.claim.runs = read_runs(&lease.fetch_all(&mut *connection).await?)?;
        let requests = sqlx::query(texts.requests).bind(&ids).fetch_all(&mut *connection).await?;
        anyhow::ensure!(requests.len() == ids.len(), "a run without its request");
    }
    sqlx::raw_sql("COMMIT").execute(connection).await?;
    Ok(all)
}

fn found(id: Uuid, rows: &[PgRow]) -> Result<Found> {
    let mut all = read_walk(id, rows)?;
    all.claim.runs = read_runs(rows)?;
    Ok(all)
}

fn read_walk(id: Uuid, rows: &[PgRow]) -> Result<Found> {
    let (projects, last) = match rows.first() {
        Some(row) => (row.try_get("visited")?, row.try_get("reached")?),
        None => (0, None),
    };
    Ok(Found { claim: Claim { id, runs: Vec::new() }, projects, last })
}

fn read_runs(rows: &[PgRow]) -> Result<Vec<Run>> {
    let mut runs = Vec::with_capacity(rows.len());
    for row in rows {
        let Some(id) = row.try_get::<Option<Uuid>, _>("id")? else { continue };
        runs.push(Run {
            id,
            job: row.try_get("job_type")?,
            project: row.try_get("project_id")?,
            attempt: row.try_get("attempt")?,
            max_attempts: row.try_get("max_attempts")?,
            payload: row.try_get("payload")?,
            queued_at: row.try_get("queued_at")?,
            started_at: row.try_get("started_at")?,
            trace: row.try_get("trace_id")?,
            place: runs.len(),
        });
    }
    Ok(runs)
}
