//! A run of a schedule that has just been made.

use cascade_model::Payload;
use cascade_store::{Result, Tx};
use uuid::Uuid;

use crate::{rerun, traces};

/// Keeps in tables what its payload says of other runs: the traces that it belongs to, and which run it is once more.
pub(crate) async fn keep_beside(tx: &mut dyn Tx, run: Uuid, payload: &Payload) -> Result<()> {
    traces::keep(tx, run, &payload.traces).await?;
    rerun::note(tx, run, payload).await
}
