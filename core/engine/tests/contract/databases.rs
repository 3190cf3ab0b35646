use std::{any::Any, sync::Arc};

use cascade_engine::Engine;
use cascade_store::{Store, postgres::PostgresStore, sqlite::SqliteStore};
use cascade_test_servers::Migrated;

use crate::chain::config;

/// A database of a test's own, with the jobs of [`config`].
pub(crate) struct Database {
    pub engine: Engine,
    /// What must live as long.
    _kept: Box<dyn Any>,
}

pub(crate) async fn sqlite() -> Database {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("cascade.db")).await.unwrap();
    Database::of(Arc::new(store), folder).await
}

pub(crate) async fn postgres() -> Database {
    let database = Migrated::database(async |url| {
        PostgresStore::connect(&url, 2).await.unwrap().migrate(&[]).await.unwrap();
    });
    let database = database.await;
    let store = PostgresStore::connect(&database.url(), 10).await.unwrap();
    Database::of(Arc::new(store), database).await
}

impl Database {
    async fn of(store: Arc<dyn Store>, kept: impl Any) -> Self {
        store.migrate(&[]).await.unwrap();
        let engine = Engine::new(store);
        engine.reconcile(&config()).await.unwrap();
        engine.store().warm_up().await.unwrap();
        Self { engine, _kept: Box::new(kept) }
    }
}
