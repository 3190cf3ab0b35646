//! What happens when another jobs.toml comes into force: tables first, then schedules.

use std::{sync::Arc, time::Duration};

use cascade_config::{Checked, LiveConfig, Prepare, PrepareError};
use cascade_engine::{Engine, scheduler::Wake};
use cascade_model::ConfigText;
use cascade_store::{Queries, Store};
use tokio_util::sync::CancellationToken;

/// The pause after a database fault kept a new jobs.toml from being applied.
const RECONCILE_AGAIN: Duration = Duration::from_secs(1);

/// The tables of a plugin that has come or changed are there before its code runs, and the history
/// has a text before anybody hears that it is in force.
pub(super) fn before_force(store: Arc<dyn Store>) -> Prepare {
    Box::new(move |checked: Checked| {
        let store = store.clone();
        Box::pin(async move {
            let migrated = store.migrate(checked.registry.migrations()).await;
            migrated.map_err(|error| match error.is_outage() {
                true => PrepareError::Later(format!("the database does not answer: {error}")),
                false => PrepareError::Refused(format!("the plugins' tables: {error}")),
            })?;
            let recorded = store.record_config(&ConfigText::on_disk(&checked.text), None).await;
            if let Err(error) = recorded {
                tracing::warn!(%error, "the history of jobs.toml lacks what now comes into force");
            }
            Ok(())
        })
    })
}

/// Brings scheduled jobs in line with each jobs.toml that comes into force.
pub(super) async fn apply_changes(
    config: LiveConfig,
    engine: Engine,
    wake: Wake,
    stop: CancellationToken,
) {
    let mut changes = config.subscribe();
    let mut applied = changes.borrow_and_update().loaded_at;
    let mut failed = false;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            changed = changes.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(RECONCILE_AGAIN), if failed => {}
        }
        let state = changes.borrow_and_update().clone();
        if state.loaded_at == applied {
            continue;
        }
        let reconciled = engine.reconcile(&state.config).await;
        failed = reconciled.is_err();
        match reconciled {
            Ok(()) => {
                applied = state.loaded_at;
                wake.wake();
            }
            Err(error) => tracing::error!(%error, "scheduled jobs do not follow jobs.toml yet"),
        }
    }
}
