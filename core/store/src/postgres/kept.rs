//! Connections for the statements that come one after another all day.
//!
//! sqlx's pool asks a connection that is given back whether it is well: a round trip, and two threads
//! that wake for it, after each statement. A few stay out of the pool as long as they are in use.

use std::{
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use sqlx::{PgConnection, PgPool, Postgres, pool::PoolConnection};

use super::FRESH;

/// Connections of a pool, some of which stay out of it.
#[derive(Clone)]
pub(super) struct Kept {
    pool: PgPool,
    most: usize,
    idle: Arc<Idle>,
}

/// Since when each has been idle.
#[derive(Default)]
struct Idle(Mutex<Vec<(PoolConnection<Postgres>, Instant)>>);

impl Drop for Idle {
    fn drop(&mut self) {
        // To give one back takes a task, and there may be no runtime left.
        let idle = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        idle.drain(..).for_each(|(connection, _)| drop(connection.detach()));
    }
}

impl Kept {
    /// Keeps up to `most` of `pool`.
    pub fn of(pool: PgPool, most: usize) -> Self {
        Self { pool, most, idle: Arc::default() }
    }

    /// One of the pool, or one that stayed out of it.
    pub async fn acquire(&self) -> Result<KeptConnection, sqlx::Error> {
        let fresh = self.idle().pop().filter(|(_, since)| since.elapsed() < FRESH);
        let connection = match fresh {
            Some((connection, _)) => connection,
            None => {
                // Those that are left have been idle for longer: let the pool ask them.
                self.idle().clear();
                self.pool.acquire().await?
            }
        };
        Ok(KeptConnection { connection, kept: self.clone() })
    }

    /// How many are idle outside of the pool.
    pub fn len(&self) -> usize {
        self.idle().len()
    }

    fn idle(&self) -> MutexGuard<'_, Vec<(PoolConnection<Postgres>, Instant)>> {
        self.idle.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that goes back to the pool, unless somebody says that it is well.
pub(super) struct KeptConnection {
    connection: PoolConnection<Postgres>,
    kept: Kept,
}

impl KeptConnection {
    /// Ends it: nobody knows how its last statement has ended.
    pub fn close(self) {
        drop(self.connection.detach());
    }

    /// Its last statement has ended well.
    pub fn keep(self) {
        let Self { connection, kept } = self;
        let mut idle = kept.idle();
        if idle.len() < kept.most {
            idle.push((connection, Instant::now()));
        }
    }
}

impl Deref for KeptConnection {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.connection
    }
}

impl DerefMut for KeptConnection {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.connection
    }
}
