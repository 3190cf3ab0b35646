//! What one process does at a time: the lock belongs to a transaction on a connection that does nothing
//! else. It ends with that transaction, whatever happens to this process and whatever stands between it
//! and the server.

use std::time::Duration;

use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};

use crate::Result;

/// How long a server may take to accept a connection: one that is frozen never does.
const ANSWER: Duration = Duration::from_secs(10);
/// How often the transaction that has the lock says that it is alive: well within the time after which
/// the server ends an idle one.
const BEAT: Duration = Duration::from_secs(5);

/// Does `work` in the lock that `take` takes in the transaction that it is given.
pub(super) async fn alone<T>(
    options: &PgConnectOptions,
    take: impl AsyncFnOnce(&mut PgConnection) -> Result<()>,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    let mut keeper = connect(options).await?;
    let mut lock = keeper.begin().await?;
    take(&mut lock).await?;
    let done = tokio::select! {
        done = work => done?,
        lost = keep(&mut lock) => return Err(lost.into()),
    };
    lock.rollback().await?;
    keeper.close().await?;
    Ok(done)
}

pub(super) async fn connect(options: &PgConnectOptions) -> Result<PgConnection> {
    let connecting = tokio::time::timeout(ANSWER, PgConnection::connect_with(options));
    Ok(connecting.await.unwrap_or(Err(sqlx::Error::PoolTimedOut))?)
}

/// Returns only when the lock is lost.
async fn keep(lock: &mut PgConnection) -> sqlx::Error {
    loop {
        tokio::time::sleep(BEAT).await;
        if let Err(error) = sqlx::raw_sql("SELECT 1").execute(&mut *lock).await {
            return error;
        }
    }
}
