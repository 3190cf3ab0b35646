//! What a run is given of the runs whose success triggered it.

use cascade_model::{Payload, Registry, border};
use cascade_sdk::Upstream;
use cascade_store::{Queries, Result, Store};
use serde_json::Value;

/// Outputs that are read together: they fit into memory, whatever they are.
const AT_ONCE: usize = 16;

/// The runs that a payload names, oldest first, and how many outputs were left out because all together
/// are too large: the newest are there.
pub(super) async fn of(
    store: &dyn Store,
    registry: &Registry,
    payload: &Payload,
) -> Result<(Vec<Upstream>, usize)> {
    let note = |note: &cascade_model::TriggerNote| {
        Some(Upstream { run_id: note.run_id?, job: note.job_type.clone(), output: None })
    };
    let mut all: Vec<_> = payload.triggers.iter().filter_map(note).collect();
    // Of most jobs it is known that they have none: their downstream starts without a query.
    let may_have =
        |job: &str| registry.job(job).is_none_or(|job| job.descriptor().may_have_output());
    let mut wanted: Vec<_> = all.iter_mut().filter(|run| may_have(&run.job)).collect();
    let (mut bytes, mut left_out) = (0, 0);
    while !wanted.is_empty() {
        let mut newest = wanted.split_off(wanted.len().saturating_sub(AT_ONCE));
        if bytes > border::UPSTREAM {
            left_out += newest.len();
            continue;
        }
        let ids: Vec<_> = newest.iter().map(|run| run.run_id).collect();
        let mut found = store.outputs(&ids).await?;
        for run in newest.iter_mut().rev() {
            let Some(text) = found.remove(&run.run_id) else { continue };
            bytes += text.len();
            if bytes > border::UPSTREAM {
                left_out += 1;
                continue;
            }
            run.output = Some(serde_json::from_str(&text).unwrap_or(Value::Null));
        }
    }
    Ok((all, left_out))
}
