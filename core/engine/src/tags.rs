//! The tags of runs that callers ask for.

use cascade_store::{NewRequest, Result, StoreError, Tx, tag_added, tags_kept};
use uuid::Uuid;

/// Keeps the tags of runs that were just made.
pub(crate) async fn keep(tx: &mut dyn Tx, made: impl Iterator<Item = &NewRequest>) -> Result<()> {
    let tags = made.flat_map(|NewRequest { run, request, .. }| {
        request.tags.iter().map(|tag| (run.project_id, run.id, tag.as_str()))
    });
    for statement in tags_kept(&tags.collect::<Vec<_>>()) {
        tx.execute(&statement).await.map_err(StoreError::Query)?;
    }
    Ok(())
}

/// A run that serves a request too is found by its tags as well, as far as there is room.
pub(crate) async fn add(tx: &mut dyn Tx, run: Uuid, request: &NewRequest) -> Result<()> {
    for tag in &request.request.tags {
        let added = tag_added(request.run.project_id, run, tag);
        tx.execute(&added).await.map_err(StoreError::Query)?;
    }
    Ok(())
}
