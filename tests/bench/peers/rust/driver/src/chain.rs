//! The chain of seven jobs that the seed's jobs.toml has.

use serde::{Deserialize, Serialize};

/// The jobs, a to g; a step is an index into this.
pub const STEPS: [&str; 7] = [
    "connectors_sync_cycle",
    "signals_extraction",
    "embeddings_run",
    "health_scoring",
    "kag_recommendations_refresh",
    "analytics_aggregates",
    "kag_v2_recommendations_refresh",
];

/// The two steps that end a chain.
pub(crate) const LAST: [usize; 2] = [5, 6];

const NEXT: [&[usize]; 7] = [&[1, 2], &[3, 4], &[], &[5], &[6], &[], &[]];

/// The steps that step `step` sets off.
pub fn next_steps(step: usize) -> &'static [usize] {
    NEXT[step]
}

/// What a job of a chain carries: which chain it is, of how many.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Link {
    pub chain: u32,
    pub of: u32,
}
