use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use uuid::Uuid;

use crate::JobError;

/// A run whose success triggered this one; see [`Context::upstream`](crate::Context::upstream).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upstream<O = Value> {
    /// The run.
    pub run_id: Uuid,
    /// Its job type.
    pub job: String,
    /// What it gave out; `None` when that was nothing, is no longer kept, or is left out because the
    /// outputs of all are more than 16 MiB.
    pub output: Option<O>,
}

impl Upstream {
    pub(crate) fn decode<O: DeserializeOwned>(&self) -> Result<Upstream<O>, JobError> {
        let Self { run_id, job, output } = self;
        let output = output.as_ref().map(O::deserialize).transpose();
        let output = output.map_err(|error| {
            JobError::fail(format!("the output of `{job}` (run {run_id}): {error}"))
        })?;
        Ok(Upstream { run_id: *run_id, job: job.clone(), output })
    }
}
