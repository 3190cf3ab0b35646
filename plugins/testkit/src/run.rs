use cascade_sdk::{JobError, Level, LogLine, NewRun, Outcome, Progress};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// What one run did, as far as the host can see.
#[derive(Debug, Clone)]
pub struct Run {
    /// The outcome of a run that succeeded.
    pub outcome: Option<Outcome<Value>>,
    /// The error of a run that did not.
    pub error: Option<JobError>,
    /// Every line it logged, in order.
    pub logs: Vec<LogLine>,
    /// Every progress it published, in order.
    pub progress: Vec<Progress>,
    /// The jobs it triggers by [`TestBench::with_jobs_toml`](crate::TestBench::with_jobs_toml): none
    /// if it failed, since only success cascades.
    pub triggers: Vec<String>,
    /// The data that screens refetch when it is over, by `JOB_TO_DATA_MAP`.
    pub refreshes: Vec<String>,
    /// The runs that it asked for, in order: none if it failed, since they are made with its success.
    pub enqueued: Vec<NewRun>,
}

impl Run {
    /// The summary of a run that must have succeeded; empty when it gave none.
    ///
    /// # Panics
    /// When the run failed.
    #[track_caller]
    pub fn summary(&self) -> &str {
        self.succeeded().and_then(|outcome| outcome.summary.as_deref()).unwrap_or_default()
    }

    /// The output of a run that must have succeeded, as the run that it triggers would read it.
    ///
    /// # Panics
    /// When the run failed, or its output is of another form.
    #[track_caller]
    pub fn output<T: DeserializeOwned>(&self) -> T {
        let output = self.succeeded().map_or(Value::Null, |outcome| outcome.output.clone());
        T::deserialize(&output).unwrap_or_else(|error| panic!("the output: {error}\n{output}"))
    }

    #[track_caller]
    fn succeeded(&self) -> Option<&Outcome<Value>> {
        if let Some(error) = &self.error {
            panic!("the run failed: {error}\n{}", self.log_text());
        }
        self.outcome.as_ref()
    }

    /// The message of the error of a run that must have failed.
    ///
    /// # Panics
    /// When the run succeeded.
    #[track_caller]
    pub fn failure(&self) -> String {
        match &self.error {
            Some(error) => error.to_string(),
            None => panic!("the run succeeded: {:?}", self.outcome),
        }
    }

    /// The log's messages at one level.
    pub fn logged(&self, level: Level) -> Vec<&str> {
        self.logs
            .iter()
            .filter(|line| line.level == level)
            .map(|line| line.message.as_str())
            .collect()
    }

    /// The whole log as text, one line each.
    pub fn log_text(&self) -> String {
        let line = |line: &LogLine| format!("{:5} {}\n", line.level.as_str(), line.message);
        self.logs.iter().map(line).collect()
    }
}
