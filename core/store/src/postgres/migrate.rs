//! Migrations under a lock that one process has at a time.
//!
//! Its key is that of the first edition's session lock, so that processes of both editions wait for each
//! other.

use std::time::{Duration, Instant};

use cascade_sdk::{MigrationSet, rfc3339};
use chrono::Utc;
use sqlx::{AssertSqlSafe, Connection, PgConnection, migrate::Migrator};

use super::{
    PostgresStore,
    exclusive::{alone, connect},
};
use crate::{
    Result, StoreError, contract,
    expand::{self, Step},
    first_edition,
};

const TRY_LOCK: &str = "SELECT pg_try_advisory_xact_lock(hashtext('cascade.migrate'))";
/// The session that has the lock; what its role may not see of another role's is NULL.
const HOLDER: &str = "SELECT concat_ws(', ', 'process ' || a.pid, nullif(a.application_name, ''),
        'role ' || a.usename, 'from ' || host(a.client_addr), a.state, 'since ' || a.state_change)
    FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND (l.classid::bigint << 32 | l.objid::bigint) = hashtext('cascade.migrate')";

/// Sessions of processes that do not know migration $1: the first edition and versions soon after it are called
/// `cascade`, later ones bear the newest that they know in their name.
const OLDER: &str =
    "SELECT concat_ws(', ', 'process ' || pid, application_name, 'role ' || usename,
        'from ' || host(client_addr), 'since ' || backend_start)
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
      AND CASE WHEN application_name = 'cascade' THEN true
               WHEN application_name ~ '^cascade [0-9]{1,9}$'
               THEN split_part(application_name, ' ', 2)::bigint < $1
               ELSE false END
    ORDER BY pid";

/// The pause between two attempts to get the lock.
const AGAIN: Duration = Duration::from_millis(100);
/// Whoever waits longer is told for whom, and again after each [`TELL_AGAIN`].
const PATIENCE: Duration = Duration::from_secs(1);
const TELL_AGAIN: Duration = Duration::from_secs(30);
pub(super) async fn migrate(store: &PostgresStore, plugins: &[MigrationSet]) -> Result<()> {
    let options = store.pool.connect_options();
    let work = async {
        first_edition().run(&store.pool).await?;
        let mut connection = connect(&options).await?;
        expand(&mut connection).await?;
        cascade_portable_sql::run_migrations_postgres(&mut connection, plugins).await?;
        connection.close().await?;
        Ok::<_, StoreError>(())
    };
    alone(&options, take, work).await
}

/// sqlx's own lock belongs to the session, and a pooler would keep it.
fn first_edition() -> Migrator {
    let mut migrator = first_edition::postgres();
    migrator.set_locking(false).set_ignore_missing(true);
    migrator
}

async fn take(lock: &mut PgConnection) -> Result<()> {
    let began = Instant::now();
    let mut tell = PATIENCE;
    while !sqlx::query_scalar::<_, bool>(TRY_LOCK).fetch_one(&mut *lock).await? {
        if began.elapsed() >= tell {
            tell += TELL_AGAIN;
            let holder = holder(lock).await?.unwrap_or_else(|| "unknown".into());
            tracing::warn!(
                holder,
                "waiting for the lock under which one process migrates the database; if its holder does nothing (a connection pooler keeps what older versions left), end it by pg_terminate_backend"
            );
        }
        tokio::time::sleep(AGAIN).await;
    }
    Ok(())
}

/// The session that has the lock, for people; `None` when there is none, or none that may be seen.
pub(super) async fn holder(connection: &mut PgConnection) -> Result<Option<String>> {
    Ok(sqlx::query_scalar(HOLDER).fetch_optional(connection).await?)
}

/// As [`crate::contract`] says, and the names of the files that have run. A process that starts meanwhile waits for the
/// lock, and finds afterwards that it is too old.
pub(super) async fn contract(store: &PostgresStore) -> Result<Vec<&'static str>> {
    let options = store.pool.connect_options();
    let work = async {
        first_edition().run(&store.pool).await?;
        let mut connection = connect(&options).await?;
        expand(&mut connection).await?;
        let recorded = sqlx::query_as(expand::READ).fetch_all(&mut connection).await?;
        let mut ran = Vec::new();
        for step in expand::due(contract::POSTGRES, recorded)? {
            let oldest = contract::oldest(step.number, expand::POSTGRES);
            let older: Vec<String> =
                sqlx::query_scalar(OLDER).bind(oldest).fetch_all(&mut connection).await?;
            if !older.is_empty() {
                return Err(StoreError::InUse(older.join("; ")));
            }
            apply(&mut connection, step, oldest).await?;
            ran.push(step.file());
        }
        connection.close().await?;
        Ok(ran)
    };
    alone(&options, take, work).await
}

async fn expand(connection: &mut PgConnection) -> Result<()> {
    sqlx::query(expand::LEDGER).execute(&mut *connection).await?;
    let recorded = sqlx::query_as(expand::READ).fetch_all(&mut *connection).await?;
    for step in expand::due(expand::POSTGRES, recorded)? {
        apply(connection, step, 0).await?;
    }
    Ok(())
}

async fn apply(connection: &mut PgConnection, step: Step, oldest: i64) -> Result<()> {
    let fault = |error| step.fault(error);
    let mut tx = connection.begin().await.map_err(fault)?;
    sqlx::raw_sql(AssertSqlSafe(step.sql())).execute(&mut *tx).await.map_err(fault)?;
    let record = sqlx::query(expand::RECORD).bind(step.number).bind(step.file());
    let record = record.bind(step.checksum()).bind(rfc3339(Utc::now())).bind(oldest);
    record.execute(&mut *tx).await.map_err(fault)?;
    tx.commit().await.map_err(fault)?;
    Ok(())
}
