//! What is broken, and whether that is news.

use cascade_sdk::{Context, DbError, Statement, Trigger, rfc3339, sql};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;

use crate::args::{Args, Kind};

/// How long it is known of a job that it has recovered, and of a message whom it was sent to.
const KEPT: TimeDelta = TimeDelta::days(30);

/// Something that people are to be told.
#[derive(Debug)]
pub struct News {
    /// What it is about.
    pub cascade: String,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// Since when the cascade is, or was, broken.
    pub since: String,
    /// Runs that failed meanwhile.
    pub failures: i64,
    /// What is to be kept once they were told.
    pub changes: Vec<Statement>,
}

/// Whether people are told.
#[derive(Debug)]
pub enum Decision {
    Tell(News),
    Quiet { reason: String, changes: Vec<Statement> },
}

#[derive(Debug, Clone, Deserialize)]
struct Row {
    job: String,
    run_key: String,
    broken: bool,
    told: bool,
    since: String,
    failures: i64,
    run_id: String,
    changed_at: String,
}

/// Decides by what is known of the cascade. Nothing is written.
///
/// # Errors
/// When the database fails.
pub async fn decide(ctx: &Context, args: &Args) -> Result<Decision, DbError> {
    let cascade = args.cascade.clone().unwrap_or_else(|| args.job.clone());
    let query = sql("SELECT job, run_key, broken, told, since, failures, run_id, changed_at
         FROM notify_states WHERE project_id = $1 AND cascade = $2 ORDER BY job, run_key");
    let rows: Vec<Row> = ctx.db().fetch_all(query.bind(ctx.project_id()).bind(&cascade)).await?;
    Ok(Known { ctx, args, cascade, rows, at: happened(ctx, args) }.decide())
}

/// Stages what is to be kept, and that what is old is forgotten.
///
/// # Errors
/// When a value has no form in JSON.
pub fn stage(ctx: &Context, changes: Vec<Statement>) -> Result<(), DbError> {
    let old = rfc3339(ctx.now() - KEPT);
    let forget = [
        sql("DELETE FROM notify_states WHERE NOT broken AND changed_at < $1").bind(&old),
        sql("DELETE FROM notify_deliveries WHERE at < $1").bind(&old),
    ];
    for statement in changes.into_iter().chain(forget) {
        ctx.transaction().execute(statement)?;
    }
    Ok(())
}

/// When the run ended that this is about.
fn happened(ctx: &Context, args: &Args) -> DateTime<Utc> {
    args.at.unwrap_or_else(|| match ctx.triggered_by() {
        Trigger::Cascade { at, .. } | Trigger::Manual { at } => *at,
        _ => ctx.now(),
    })
}

struct Known<'a> {
    ctx: &'a Context,
    args: &'a Args,
    cascade: String,
    rows: Vec<Row>,
    at: DateTime<Utc>,
}

impl Known<'_> {
    fn decide(self) -> Decision {
        let key = self.args.key.as_deref().unwrap_or_default();
        let is_own = |row: &&Row| row.job == self.args.job && row.run_key == key;
        let own = self.rows.iter().find(is_own);
        // Both are texts of one form, so that they sort as the times do.
        if let Some(own) = own.filter(|own| own.changed_at > rfc3339(self.at)) {
            let reason =
                format!("{} tells of what happened before {}", self.args.job, own.changed_at);
            return Decision::Quiet { reason, changes: Vec::new() };
        }
        let others: Vec<&Row> = self.rows.iter().filter(|row| row.broken && !is_own(row)).collect();
        match self.args.kind {
            Kind::Failure => self.broke(own, &others),
            Kind::Recovered => self.recovered(own, &others),
        }
    }

    fn broke(&self, own: Option<&Row>, others: &[&Row]) -> Decision {
        let before = own.filter(|own| own.broken);
        let same = before.is_some_and(|before| {
            self.args.run_id.as_ref().is_some_and(|run| *run == before.run_id)
        });
        let since = before.map_or_else(|| rfc3339(self.at), |before| before.since.clone());
        let failures = before.map_or(0, |before| before.failures) + i64::from(!same);
        let keep = |told| vec![self.keep(true, told, &since, failures)];
        if let Some(before) = before.filter(|before| before.told) {
            let reason = format!("{} is broken since {}", self.cascade, before.since);
            return Decision::Quiet { reason, changes: keep(true) };
        }
        if let Some(other) = others.iter().find(|other| other.told) {
            let reason =
                format!("{} is broken since {}, by {}", self.cascade, other.since, other.job);
            return Decision::Quiet { reason, changes: keep(false) };
        }
        let changes = keep(true);
        Decision::Tell(News {
            cascade: self.cascade.clone(),
            at: self.at,
            since,
            failures,
            changes,
        })
    }

    fn recovered(&self, own: Option<&Row>, others: &[&Row]) -> Decision {
        let now = rfc3339(self.at);
        let mut changes = vec![self.keep(false, false, &now, 0)];
        let Some(own) = own.filter(|own| own.broken) else {
            let reason = format!("{} was not known to be broken", self.args.job);
            return Decision::Quiet { reason, changes };
        };
        if let Some(other) = others.first() {
            // People were told of the cascade: the last of its jobs to recover tells them of that.
            if own.told {
                changes.extend(others.iter().map(|other| self.mark_told(other)));
            }
            let reason = format!("{} is still broken, by {}", self.cascade, other.job);
            return Decision::Quiet { reason, changes };
        }
        if !own.told {
            let reason = "nobody was told that it was broken".to_owned();
            return Decision::Quiet { reason, changes };
        }
        let (since, failures) = (own.since.clone(), own.failures);
        Decision::Tell(News {
            cascade: self.cascade.clone(),
            at: self.at,
            since,
            failures,
            changes,
        })
    }

    fn keep(&self, broken: bool, told: bool, since: &str, failures: i64) -> Statement {
        sql("INSERT INTO notify_states (project_id, cascade, job, run_key, broken, told, since,
                 failures, run_id, changed_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
             ON CONFLICT (project_id, cascade, job, run_key) DO UPDATE SET
                 broken = excluded.broken, told = excluded.told, since = excluded.since,
                 failures = excluded.failures, run_id = excluded.run_id,
                 changed_at = excluded.changed_at")
        .bind(self.ctx.project_id())
        .bind(&self.cascade)
        .bind(&self.args.job)
        .bind(self.args.key.as_deref().unwrap_or_default())
        .bind(broken)
        .bind(told)
        .bind(since)
        .bind(failures)
        .bind(self.args.run_id.as_deref().unwrap_or_default())
        .bind(rfc3339(self.at))
    }

    fn mark_told(&self, other: &Row) -> Statement {
        sql("UPDATE notify_states SET told = $1
             WHERE project_id = $2 AND cascade = $3 AND job = $4 AND run_key = $5 AND broken")
        .bind(true)
        .bind(self.ctx.project_id())
        .bind(&self.cascade)
        .bind(&other.job)
        .bind(&other.run_key)
    }
}
