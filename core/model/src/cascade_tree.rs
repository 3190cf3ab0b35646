use serde::Serialize;
use uuid::Uuid;

use super::Run;

/// The runs that one trigger caused.
#[derive(Debug, Clone, Serialize)]
pub struct CascadeTree {
    /// The first of them.
    pub root: Uuid,
    /// In the order they were queued, the root first.
    pub items: Vec<CascadeRun>,
    /// Whether there are more of them than are told.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub truncated: bool,
}

/// A run in its place.
#[derive(Debug, Clone, Serialize)]
pub struct CascadeRun {
    /// The run.
    pub run: Run,
    /// The run whose success triggered it, if it is among these.
    pub parent: Option<Uuid>,
}

impl CascadeTree {
    /// Puts the runs of a trace, oldest first, in their places; keeps the first `most`.
    pub fn of(asked: Run, mut runs: Vec<Run>, most: u32) -> Self {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let asked_id = asked.id;
        let truncated = runs.len() > most;
        runs.truncate(most);
        // Pruned between the two reads.
        if runs.is_empty() {
            runs.push(asked);
        }
        let parents: Vec<_> = runs.iter().map(|run| parent(run, &runs)).collect();
        let items: Vec<_> =
            runs.into_iter().zip(parents).map(|(run, parent)| CascadeRun { run, parent }).collect();
        let root = items.iter().find(|item| item.parent.is_none());
        let root = root.map_or(asked_id, |item| item.run.id);
        Self { root, items, truncated }
    }
}

/// A run that several upstreams triggered belongs to the cascade of the latest.
fn parent(run: &Run, all: &[Run]) -> Option<Uuid> {
    let latest = run.payload.parent()?;
    all.iter().any(|other| other.id == latest && other.id != run.id).then_some(latest)
}
