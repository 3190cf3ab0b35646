//! Ends of runs, as the engine makes them: see its `ends.rs`.

use anyhow::{Result, ensure};
use chrono::Utc;
use sqlx::{PgConnection, Postgres, Row as _, postgres::PgArguments, query::Query, types::Json};
use uuid::Uuid;

use super::{
    claim::{Claim, Run},
    texts::Texts,
};

type Sql<'q> = Query<'q, Postgres, PgArguments>;

const KIND: &str = "job_completed";
const TAIL: &str = "\"}";
const ERROR: &str = "the invoice 4711 could not be sent: connection refused";

/// Whether a run fails in its attempt: a tenth in the first, a tenth of these in the second.
pub fn fails(run: &Run) -> bool {
    let chance = run.id.as_u128() % 100;
    if run.attempt == 1 { chance < 10 } else { chance == 0 }
}

fn head(run: &Run, ok: bool) -> String {
    let status = if ok { "ok" } else { "failed" };
    let Run { job, project, .. } = run;
    format!(r#"{{"job_type":"{job}","project_id":"{project}","status":"{status}","at":""#)
}

/// Runs of claims that end, and how these are marked.
#[derive(Debug, Default)]
pub struct Ends {
    /// Each with its claim.
    pub runs: Vec<(Run, Uuid)>,
    /// Claims of which some end.
    pub marks: Vec<(Uuid, String)>,
    /// Claims of which all that is left ends.
    pub alone: Vec<Uuid>,
    /// Claims of which all is marked.
    pub marked: Vec<Uuid>,
}

/// A mark of the places of runs in their claim.
pub fn mark<'a>(runs: impl IntoIterator<Item = &'a Run>) -> String {
    let mut bits = vec![b'0'; 512];
    runs.into_iter().for_each(|run| bits[run.place] = b'1');
    bits.into_iter().map(char::from).collect()
}

/// `ends` are told in their order.
fn with_event<'q>(query: Sql<'q>, texts: &Texts, ends: usize) -> Sql<'q> {
    if !texts.event_rows {
        return query;
    }
    query.bind(KIND).bind(TAIL).bind((0_i32..).take(ends).collect::<Vec<_>>())
}

async fn ended(query: Sql<'_>, texts: &Texts, connection: &mut PgConnection) -> Result<usize> {
    let row = query.fetch_one(connection).await?;
    if texts.event_rows {
        let places: Option<Vec<i32>> = row.try_get("places")?;
        return Ok(places.map_or(0, |places| places.len()));
    }
    let ended: Option<i64> = row.try_get("ended")?;
    Ok(usize::try_from(ended.unwrap_or_default())?)
}

/// All of a claim succeed.
pub async fn all(
    connection: &mut PgConnection,
    texts: &Texts,
    owner: &str,
    claim: &Claim,
) -> Result<()> {
    let count = claim.runs.len();
    let states = vec!["completed"; count];
    let (nothing, ran) = (vec![None::<&str>; count], vec![Some(0.001); count]);
    let heads: Vec<_> = claim.runs.iter().map(|run| head(run, true)).collect();
    let query = if texts.claim_row {
        let query = sqlx::query(texts.end).bind(claim.id).bind(owner).bind(states);
        query.bind(nothing.clone()).bind(nothing).bind(ran).bind(heads)
    } else {
        of_rows(texts, owner, &claim.runs.iter().map(|run| (run, true)).collect::<Vec<_>>())
    };
    let ended = ended(with_event(query, texts, count), texts, connection).await?;
    ensure!(ended == count, "{ended} of {count} runs have ended");
    Ok(())
}

fn of_rows<'q>(texts: &Texts, owner: &str, runs: &[(&Run, bool)]) -> Sql<'q> {
    let failed = |ok: bool| (!ok).then_some(ERROR);
    let mut runs = runs.to_vec();
    runs.sort_by_key(|(run, _)| run.id);
    sqlx::query(texts.end)
        .bind(runs.iter().map(|(run, _)| run.id).collect::<Vec<_>>())
        .bind(runs.iter().map(|(run, _)| run.attempt).collect::<Vec<_>>())
        .bind(Json(vec![owner.to_owned(); runs.len()]))
        .bind(Json(runs.iter().map(|(_, ok)| state(*ok)).collect::<Vec<_>>()))
        .bind(Json(runs.iter().map(|(_, ok)| failed(*ok)).collect::<Vec<_>>()))
        .bind(Json(vec![None::<&str>; runs.len()]))
        .bind(runs.iter().map(|(_, ok)| ok.then_some(0.001)).collect::<Vec<_>>())
        .bind(Json(runs.iter().map(|(run, ok)| head(run, *ok)).collect::<Vec<_>>()))
}

fn state(ok: bool) -> &'static str {
    if ok { "completed" } else { "failed" }
}

/// Some runs of claims end; those for which `ok` is not true fail for good.
pub async fn some(
    connection: &mut PgConnection,
    texts: &Texts,
    owner: &str,
    ends: &Ends,
    ok: impl Fn(&Run) -> bool,
) -> Result<()> {
    let count = ends.runs.len();
    if count == 0 {
        return Ok(());
    }
    let runs: Vec<_> = ends.runs.iter().map(|(run, _)| run).collect();
    let query = if texts.claim_row {
        let query = with_runs(sqlx::query(texts.end_parts), &runs);
        let failed = |run: &&Run| (!ok(run)).then_some(ERROR);
        query
            .bind(runs.iter().map(|run| state(ok(run))).collect::<Vec<_>>())
            .bind(runs.iter().map(failed).collect::<Vec<_>>())
            .bind(runs.iter().map(|run| ok(run).then_some(0.001)).collect::<Vec<_>>())
            .bind(runs.iter().map(|run| head(run, ok(run))).collect::<Vec<_>>())
            .bind(ends.runs.iter().map(|(_, claim)| *claim).collect::<Vec<_>>())
            .bind(ends.marks.iter().map(|(claim, _)| *claim).collect::<Vec<_>>())
            .bind(ends.marks.iter().map(|(_, mark)| mark.clone()).collect::<Vec<_>>())
            .bind(ends.alone.clone())
            .bind(owner.to_owned())
            .bind(ends.marked.clone())
    } else {
        of_rows(texts, owner, &runs.iter().map(|run| (*run, ok(run))).collect::<Vec<_>>())
    };
    let ended = ended(with_event(query, texts, count), texts, connection).await?;
    ensure!(ended == count, "{ended} of {count} runs have ended");
    Ok(())
}

/// What is kept of a run beside its end.
fn with_runs<'q>(query: Sql<'q>, runs: &[&Run]) -> Sql<'q> {
    query
        .bind(runs.iter().map(|run| run.id).collect::<Vec<_>>())
        .bind(runs.iter().map(|run| run.attempt).collect::<Vec<_>>())
        .bind(runs.iter().map(|run| run.job.clone()).collect::<Vec<_>>())
        .bind(runs.iter().map(|run| run.project).collect::<Vec<_>>())
        .bind(runs.iter().map(|run| run.max_attempts).collect::<Vec<_>>())
        .bind(runs.iter().map(|run| run.payload.clone()).collect::<Vec<_>>())
        .bind(runs.iter().map(|run| run.queued_at).collect::<Vec<_>>())
        .bind(runs.iter().map(|run| run.started_at).collect::<Vec<_>>())
        .bind(runs.iter().map(|run| run.trace).collect::<Vec<_>>())
}

/// Runs that take long move to claims of their own, which have their ids.
pub async fn split(
    connection: &mut PgConnection,
    texts: &Texts,
    owner: &str,
    marks: &[(Uuid, String)],
) -> Result<()> {
    let (claims, marks): (Vec<_>, Vec<_>) = marks.iter().cloned().unzip();
    sqlx::query(texts.split).bind(claims).bind(marks).bind(owner).execute(connection).await?;
    Ok(())
}

/// Ends the attempts of a claim that fail; those that may wait for the next one do.
pub struct Failures<'a> {
    pub texts: &'a Texts,
    pub owner: &'a str,
    pub claim: Uuid,
    /// Whether failures are counted.
    pub problems: bool,
}

impl Failures<'_> {
    /// One transaction for each, as today.
    pub async fn one_by_one(&self, connection: &mut PgConnection, failed: &[Run]) -> Result<()> {
        for run in failed {
            sqlx::raw_sql("BEGIN").execute(&mut *connection).await?;
            if run.attempt < run.max_attempts {
                self.retry(connection, &[run]).await?;
            } else {
                self.end(connection, run).await?;
            }
            self.keep(connection, &[run]).await?;
            sqlx::raw_sql("COMMIT").execute(&mut *connection).await?;
        }
        if failed.iter().any(|run| run.attempt >= run.max_attempts) {
            sqlx::query("SELECT id FROM number_events()").fetch_all(connection).await?;
        }
        Ok(())
    }

    /// In the transaction that ends those that succeed; those that fail for good end with them.
    pub async fn together(&self, connection: &mut PgConnection, failed: &[Run]) -> Result<()> {
        let again = failed.iter().filter(|run| run.attempt < run.max_attempts);
        let again: Vec<_> = again.collect();
        if !again.is_empty() {
            self.retry(connection, &again).await?;
        }
        let for_good = failed.iter().filter(|run| run.attempt >= run.max_attempts);
        self.count(connection, for_good.collect()).await?;
        self.keep(connection, &failed.iter().collect::<Vec<_>>()).await
    }

    async fn retry(&self, connection: &mut PgConnection, runs: &[&Run]) -> Result<()> {
        let (errors, pauses) = (vec![ERROR; runs.len()], vec![Some(0.0); runs.len()]);
        let query = if self.texts.claim_row {
            let query = with_runs(sqlx::query(self.texts.retry), runs).bind(errors).bind(pauses);
            let marks = vec![mark(runs.iter().copied())];
            query.bind(vec![self.claim]).bind(marks).bind(self.owner)
        } else {
            let mut runs = runs.to_vec();
            runs.sort_by_key(|run| run.id);
            sqlx::query(self.texts.retry)
                .bind(runs.iter().map(|run| run.id).collect::<Vec<_>>())
                .bind(runs.iter().map(|run| run.attempt).collect::<Vec<_>>())
                .bind(Json(vec![self.owner; runs.len()]))
                .bind(Json(vec!["retryable"; runs.len()]))
                .bind(Json(errors))
                .bind(pauses)
                .bind(vec![true; runs.len()])
                .bind(vec![false; runs.len()])
        };
        let moved = query.execute(connection).await?.rows_affected();
        ensure!(moved == runs.len() as u64, "{moved} of {} wait again", runs.len());
        Ok(())
    }

    async fn end(&self, connection: &mut PgConnection, run: &Run) -> Result<()> {
        if self.texts.claim_row {
            let ends = Ends {
                runs: vec![(run.clone(), self.claim)],
                marks: vec![(self.claim, mark([run]))],
                ..Ends::default()
            };
            some(connection, self.texts, self.owner, &ends, |_| false).await?;
            return self.count(connection, vec![run]).await;
        }
        let query = sqlx::query(self.texts.end_alone)
            .bind(vec![run.id])
            .bind(vec![run.attempt])
            .bind(Json(vec![self.owner]))
            .bind(Json(vec!["failed"]))
            .bind(Json(vec![ERROR]))
            .bind(Json(vec![None::<&str>]))
            .bind(vec![None::<f64>])
            .bind(Json(vec![None::<&str>]));
        ensure!(query.fetch_all(&mut *connection).await?.len() == 1, "a failed run has not ended");
        sqlx::query(self.texts.advance).bind(vec![run.id]).execute(&mut *connection).await?;
        self.count(connection, vec![run]).await?;
        sqlx::query("INSERT INTO pending_events (project_id, kind, payload, at) VALUES ($1, $2, $3::json, $4)")
            .bind(run.project)
            .bind(KIND)
            .bind(head(run, false) + "2026-11-29T09:00:00.000Z\"}")
            .bind(Utc::now())
            .execute(connection)
            .await?;
        Ok(())
    }

    /// As `problems.rs` of the store and `note_failures` of the engine: in one order for all, so that two
    /// that count the same errors do not wait for each other.
    async fn count(&self, connection: &mut PgConnection, mut runs: Vec<&Run>) -> Result<()> {
        if !self.problems {
            return Ok(());
        }
        runs.sort_by_key(|run| (run.job.clone(), run.project));
        let place = "INSERT INTO run_problems
                 (fingerprint, job_type, project_id, error, run_id, runs, first_seen, last_seen)
             VALUES ($1, $2, $3, $4, $5, 1, now(), now())
             ON CONFLICT (fingerprint, job_type, project_id) DO UPDATE
             SET error = excluded.error, run_id = excluded.run_id, runs = run_problems.runs + 1,
                 last_seen = excluded.last_seen";
        let fingerprint = "6b1f7c3a90d2e458";
        for run in &runs {
            let query = sqlx::query(place).bind(fingerprint).bind(&run.job).bind(run.project);
            query.bind(ERROR).bind(run.id).execute(&mut *connection).await?;
        }
        let hour = "INSERT INTO run_problem_hours (fingerprint, project_id, hour, runs)
             VALUES ($1, $2, date_trunc('hour', now()), 1)
             ON CONFLICT (fingerprint, project_id, hour) DO UPDATE
             SET runs = run_problem_hours.runs + 1";
        runs.sort_by_key(|run| run.project);
        for run in &runs {
            let query = sqlx::query(hour).bind(fingerprint).bind(run.project);
            query.execute(&mut *connection).await?;
        }
        Ok(())
    }

    /// The attempts, as `attempts.rs` of the store, and their lines in the logs.
    async fn keep(&self, connection: &mut PgConnection, runs: &[&Run]) -> Result<()> {
        let ids: Vec<_> = runs.iter().map(|run| run.id).collect();
        let now = Utc::now();
        if let ([run], false) = (runs, self.texts.claim_row) {
            let keep =
                "INSERT INTO run_attempts (run_id, attempt, started_at, ended_at, error, worker)
                 SELECT r.id, $2, r.started_at, $3, $4, $5 FROM queue_runs r WHERE r.id = $1
                 ON CONFLICT DO NOTHING";
            let query = sqlx::query(keep).bind(run.id).bind(run.attempt).bind(now).bind(ERROR);
            query.bind(self.owner).execute(&mut *connection).await?;
        } else {
            let keep =
                "INSERT INTO run_attempts (run_id, attempt, started_at, ended_at, error, worker)
                 SELECT id, attempt, began, $4, $5, $6
                 FROM unnest($1::uuid[], $2::int[], $3::timestamptz[]) AS a (id, attempt, began)
                 ON CONFLICT DO NOTHING";
            sqlx::query(keep)
                .bind(&ids)
                .bind(runs.iter().map(|run| run.attempt).collect::<Vec<_>>())
                .bind(runs.iter().map(|run| run.started_at).collect::<Vec<_>>())
                .bind(now)
                .bind(ERROR)
                .bind(self.owner)
                .execute(&mut *connection)
                .await?;
        }
        let log = include_str!("../../../../../core/store/src/postgres/sql/append_logs.sql");
        sqlx::query(log)
            .bind(&ids)
            .bind(vec![now; runs.len()])
            .bind(vec!["error"; runs.len()])
            .bind(vec![ERROR; runs.len()])
            .bind(vec![None::<serde_json::Value>; runs.len()])
            .execute(connection)
            .await?;
        Ok(())
    }
}
