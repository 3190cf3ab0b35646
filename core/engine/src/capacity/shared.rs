//! What a limit leaves that jobs share.

use std::time::Duration;

use cascade_store::{Beginning, SharedUse};

use super::rate_use::{RateUse, narrow};

/// A limit that jobs share, and what is left of it.
#[derive(Debug)]
pub(crate) struct Shared {
    used: SharedUse,
    /// Whether this claim counts alone; if not, nothing is left.
    alone: bool,
    /// Runs that this claim has taken.
    taken: u32,
}

impl Shared {
    pub fn of(used: SharedUse, alone: bool) -> Self {
        Self { used, alone, taken: 0 }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.used.name
    }

    /// The jobs that name it.
    pub fn jobs(&self) -> &[String] {
        &self.used.jobs
    }

    /// How many more may start; may be negative.
    pub fn free(&self) -> i64 {
        if !self.alone {
            return 0;
        }
        let places = self.places().unwrap_or(i64::MAX);
        places.min(self.rate_use().map_or(i64::MAX, |rate| rate.left()))
    }

    /// How many run, and may: where as many do.
    pub fn full(&self) -> Option<(u64, u32)> {
        let most = self.used.concurrency?;
        (self.places()? <= 0).then_some((self.used.running, most))
    }

    /// How long until its rate lets the next begin, where as many have begun as may.
    pub fn rate_is_used_for(&self) -> Option<Duration> {
        self.rate_use()?.opens_in(0)
    }

    /// The same, where nothing else keeps it closed.
    pub fn opens_in(&self) -> Option<Duration> {
        self.rate_is_used_for().filter(|_| self.full().is_none())
    }

    /// The rate as jobs.toml writes it.
    pub fn rate(&self) -> Option<String> {
        self.used.rate.map(|rate| rate.to_string())
    }

    /// One more starts.
    pub fn take(&mut self) {
        self.taken += 1;
    }

    /// What is to be counted under its rate.
    pub fn beginning(&self) -> Option<Beginning<'_>> {
        let period = self.used.rate?.period;
        let beginning = Beginning { limit: &self.used.name, runs: self.taken, period };
        (self.taken > 0).then_some(beginning)
    }

    fn places(&self) -> Option<i64> {
        let running = narrow(self.used.running) + i64::from(self.taken);
        self.used.concurrency.map(|most| i64::from(most) - running)
    }

    fn rate_use(&self) -> Option<RateUse<'_>> {
        let (begun, taken) = (&*self.used.begun, self.taken);
        self.used.rate.map(|rate| RateUse { rate, begun, taken })
    }
}
