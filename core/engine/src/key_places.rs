//! Keys that have room while runs wait behind them: the number of runs of a key was raised, a version that knows of
//! one run of a key has ended another, or one that did not lock the first run of a key has put another behind it as it
//! ended. Each end and each request looks after its own keys otherwise.
//!
//! Also runs that are held by a rate which is no longer that of their key.

use cascade_store::{Connections, Queries, Result, Store};
use uuid::Uuid;

use crate::Engine;

/// Keys that one transaction fills.
const AT_ONCE: u32 = 500;

impl Engine {
    /// Lets runs go ahead whose keys have room, and lets go of those that are held by a rate which is no longer that of
    /// their key.
    ///
    /// # Errors
    /// The database's; what is left is done by the next call.
    pub async fn fill_keys(&self) -> Result<()> {
        fill(&*self.store).await
    }
}

pub(crate) async fn fill(store: &dyn Store) -> Result<()> {
    // What one call lets go of, the next does not find again.
    while store.release_held(AT_ONCE).await? == u64::from(AT_ONCE) {}
    let mut before = Vec::new();
    loop {
        let behind = store.keys_with_room(AT_ONCE).await?;
        // What another has locked until now goes ahead at the end of that.
        if behind.is_empty() || behind == before {
            return Ok(());
        }
        match advance(store, &behind).await {
            // Changes of runs of these keys go first.
            Err(error) if error.is_deadlock() => {}
            done => {
                done?;
                before = behind;
            }
        }
    }
}

async fn advance(store: &dyn Store, behind: &[Uuid]) -> Result<()> {
    let mut tx = store.begin(Connections::Shared).await?;
    match tx.advance_keys(behind).await {
        Ok(()) => tx.commit().await,
        Err(error) => {
            // Without a connection there is no transaction either.
            tx.rollback().await.ok();
            Err(error)
        }
    }
}
