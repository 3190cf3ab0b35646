//! What is kept of attempts and runs that fail.

use cascade_model::{Failure, RunKind};
use sqlx::PgConnection;

use crate::{
    FailedAttemptRow, Result,
    of_kind::{each_kind, of_kind},
};

/// As [`Tx::keep_attempts`](crate::Tx::keep_attempts).
pub(super) async fn keep_attempts(
    connection: &mut PgConnection,
    attempts: &[FailedAttemptRow],
) -> Result<()> {
    for (kind, places) in each_kind(attempts, |row| row.lease.kind) {
        let rows = || places.iter().map(|place| &attempts[*place]);
        sqlx::query(of_kind!(kind, "sql/keep_attempts.sql"))
            .bind(rows().map(|row| row.lease.run_id).collect::<Vec<_>>())
            .bind(rows().map(|row| row.lease.attempt.cast_signed()).collect::<Vec<_>>())
            .bind(rows().map(|row| row.at).collect::<Vec<_>>())
            .bind(rows().map(|row| row.error.as_str()).collect::<Vec<_>>())
            .bind(rows().map(|row| row.lease.owner.as_str()).collect::<Vec<_>>())
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// As [`Tx::count_failures`](crate::Tx::count_failures).
pub(super) async fn count(connection: &mut PgConnection, failures: &[Failure]) -> Result<()> {
    if failures.is_empty() {
        return Ok(());
    }
    let fingerprints: Vec<_> = failures.iter().map(|one| one.fingerprint.as_str()).collect();
    let projects: Vec<_> = failures.iter().map(|one| one.project_id).collect();
    sqlx::query(include_str!("sql/count_problems.sql"))
        .bind(&fingerprints)
        .bind(failures.iter().map(|one| one.job_type.as_str()).collect::<Vec<_>>())
        .bind(&projects)
        .bind(failures.iter().map(|one| one.run_id).collect::<Vec<_>>())
        .bind(failures.iter().map(|one| one.error.as_str()).collect::<Vec<_>>())
        .bind(failures.iter().map(|one| one.at).collect::<Vec<_>>())
        .execute(&mut *connection)
        .await?;
    sqlx::query(include_str!("sql/count_problem_hours.sql"))
        .bind(&fingerprints)
        .bind(&projects)
        .bind(failures.iter().map(Failure::hour).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}
