use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Settings of a job that hold where jobs.toml says nothing of them.
///
/// ```
/// use std::time::Duration;
/// use cascade_sdk::{Backoff, Defaults};
///
/// const DEFAULTS: Defaults = Defaults::new()
///     .timeout(Duration::from_secs(60))
///     .max_attempts(5)
///     .backoff(Backoff::new(Duration::from_secs(1), Duration::from_secs(300)))
///     .concurrency(2);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Defaults {
    /// How long one attempt may take; from 1 ms to 366 days.
    #[serde(rename = "timeout_ms", with = "optional_ms", skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
    /// How many attempts a run has; from 1 to 1,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_attempts: Option<u32>,
    /// The pause between attempts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backoff: Option<Backoff>,
    /// Runs of the job at a time, over all workers and projects; from 1 to 10,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<u32>,
}

impl Defaults {
    /// Nothing is said: those of the host hold.
    pub const fn new() -> Self {
        Self { timeout: None, max_attempts: None, backoff: None, concurrency: None }
    }

    /// Sets how long one attempt may take.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets how many attempts a run has.
    #[must_use]
    pub const fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = Some(attempts);
        self
    }

    /// Sets the pause between attempts.
    #[must_use]
    pub const fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = Some(backoff);
        self
    }

    /// Sets how many runs of the job there are at a time.
    #[must_use]
    pub const fn concurrency(mut self, runs: u32) -> Self {
        self.concurrency = Some(runs);
        self
    }
}

/// The pause between attempts: `initial` after the first, then `factor` times the one before, at most
/// `max`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Backoff {
    /// The pause after the first failed attempt; from 1 ms to 366 days.
    #[serde(rename = "initial_ms", with = "ms")]
    pub initial: Duration,
    /// The longest pause, at least `initial`.
    #[serde(rename = "max_ms", with = "ms")]
    pub max: Duration,
    /// From 1 to less than 100.
    #[serde(default = "twice")]
    pub factor: f64,
}

impl Backoff {
    /// Each pause is twice the one before.
    pub const fn new(initial: Duration, max: Duration) -> Self {
        Self { initial, max, factor: 2.0 }
    }

    /// Sets the factor.
    #[must_use]
    pub const fn factor(mut self, factor: f64) -> Self {
        self.factor = factor;
        self
    }
}

fn twice() -> f64 {
    2.0
}

mod ms {
    use super::*;

    pub fn serialize<S: Serializer>(duration: &Duration, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Duration, D::Error> {
        u64::deserialize(d).map(Duration::from_millis)
    }
}

mod optional_ms {
    use super::*;

    pub fn serialize<S: Serializer>(duration: &Option<Duration>, s: S) -> Result<S::Ok, S::Error> {
        match duration {
            Some(duration) => ms::serialize(duration, s),
            None => s.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<u64>::deserialize(d)?.map(Duration::from_millis))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_description_tells_them_in_milliseconds_and_may_leave_any_out() {
        let all = Defaults::new()
            .timeout(Duration::from_secs(60))
            .max_attempts(5)
            .backoff(Backoff::new(Duration::from_secs(1), Duration::from_secs(9)).factor(3.0))
            .concurrency(2);
        let told = json!({
            "timeout_ms": 60_000, "max_attempts": 5, "concurrency": 2,
            "backoff": {"initial_ms": 1_000, "max_ms": 9_000, "factor": 3.0},
        });
        assert_eq!(serde_json::to_value(all).unwrap(), told);
        assert_eq!(serde_json::from_value::<Defaults>(told).unwrap(), all);
        assert_eq!(serde_json::to_value(Defaults::new()).unwrap(), json!({}));
        let some = json!({"backoff": {"initial_ms": 1, "max_ms": 2}, "timeout_ms": null});
        let some: Defaults = serde_json::from_value(some).unwrap();
        assert_eq!((some.timeout, some.backoff.unwrap().factor), (None, 2.0));
    }
}
