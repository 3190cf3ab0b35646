//! The part of a jobs.toml that says what a run sets off.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// Chains, data keys and params, as an operator would write them. What a test does not need may be
/// left out; other tables are ignored: `cascade check` is what checks a whole file.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Wiring {
    #[serde(default, rename = "CASCADE_CHAINS")]
    chains: BTreeMap<String, Vec<Edge>>,
    #[serde(default, rename = "JOB_TO_DATA_MAP")]
    data_map: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    jobs: BTreeMap<String, JobTable>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Edge {
    Plain(String),
    Table {
        job: String,
        #[serde(default)]
        on: Option<String>,
    },
}

impl Edge {
    /// The job, if a success may trigger it. Conditions are not evaluated: what they need is the host's.
    fn after_success(self) -> Option<String> {
        match self {
            Self::Plain(job) => Some(job),
            Self::Table { job, on } => {
                matches!(on.as_deref(), None | Some("success" | "always")).then_some(job)
            }
        }
    }
}

#[derive(Debug, Deserialize)]
struct JobTable {
    #[serde(default = "yes")]
    enabled: bool,
    #[serde(default)]
    params: Option<Value>,
}

fn yes() -> bool {
    true
}

impl Wiring {
    /// The jobs that a success of `job` may trigger: all its downstream jobs that are enabled, whatever `when`
    /// says of the edge.
    pub(crate) fn triggers(&self, job: &str) -> Vec<String> {
        let downstream = self.chains.get(job).cloned().unwrap_or_default();
        let enabled = |job: &String| self.jobs.get(job).is_none_or(|table| table.enabled);
        downstream.into_iter().filter_map(Edge::after_success).filter(enabled).collect()
    }

    /// The data that a screen refetches when `job` is over.
    pub(crate) fn refreshes(&self, job: &str) -> Vec<String> {
        self.data_map.get(job).cloned().unwrap_or_default()
    }

    /// The params that an operator gave `job`.
    pub(crate) fn params(&self, job: &str) -> Option<Value> {
        self.jobs.get(job)?.params.clone()
    }
}
