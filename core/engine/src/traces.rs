//! The traces that a run belongs to beside its own, where triggers of several have become one run.

use cascade_store::{Result, StoreError, Tx, of_trace};
use uuid::Uuid;

/// Keeps that a run belongs to `others`, for who asks for the runs of a trace.
pub(crate) async fn keep(tx: &mut dyn Tx, run: Uuid, others: &[Uuid]) -> Result<()> {
    for trace in others {
        tx.execute(&of_trace(run, *trace)).await.map_err(StoreError::Query)?;
    }
    Ok(())
}
