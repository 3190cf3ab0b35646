use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::JobError;

/// A success, with something to tell about it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Outcome<O = ()> {
    /// One line for the run list, such as `12 new messages`.
    #[serde(default)]
    pub summary: Option<String>,
    /// What is kept with the run and given to the runs that it triggers; `()` and whatever else is
    /// `null` in JSON for nothing. At most 1 MiB as JSON: more fails the run.
    #[serde(default)]
    pub output: O,
}

impl Outcome {
    /// Success with nothing to tell.
    pub fn done() -> Self {
        Self::default()
    }

    /// Success with one line for the run list.
    pub fn summary(text: impl Into<String>) -> Self {
        Self::done().with_summary(text)
    }
}

impl<O> Outcome<O> {
    /// Success with an output.
    pub fn output(output: O) -> Self {
        Self { summary: None, output }
    }

    /// Adds one line for the run list.
    #[must_use]
    pub fn with_summary(mut self, text: impl Into<String>) -> Self {
        self.summary = Some(text.into());
        self
    }
}

impl<O: Serialize> Outcome<O> {
    /// With its type erased; for hosts.
    ///
    /// # Errors
    /// [`JobError::Fail`] when the output has no form in JSON.
    #[doc(hidden)]
    pub fn erased(self) -> Result<Outcome<Value>, JobError> {
        let output = serde_json::to_value(self.output);
        let output = output.map_err(|e| JobError::fail(format!("output: {e}")))?;
        Ok(Outcome { summary: self.summary, output })
    }
}
