//! How much of a rate is left, and when it lets the next run begin: of limits that jobs share, and of keys.

use std::time::Duration;

use cascade_config::Rate;
use cascade_store::Begun;

/// A rate, and what has begun under it.
#[derive(Debug, Clone, Copy)]
pub(super) struct RateUse<'a> {
    pub rate: Rate,
    /// Within its period, the first of them first.
    pub begun: &'a [Begun],
    /// What this claim has taken.
    pub taken: u32,
}

impl RateUse<'_> {
    /// How many more may begin now; may be negative.
    pub fn left(&self) -> i64 {
        i64::from(self.rate.count) - self.used()
    }

    /// How long until one more may begin, where none may now and `ahead` others go first.
    pub fn opens_in(&self, ahead: u32) -> Option<Duration> {
        if self.left() > i64::from(ahead) {
            return None;
        }
        // One that begins leaves room when its period is over: enough must be over for one more.
        let mut used = self.used() + i64::from(ahead);
        for begun in self.begun {
            used -= narrow(begun.runs);
            if used < i64::from(self.rate.count) {
                return Some(self.rate.period.saturating_sub(begun.ago));
            }
        }
        // What this claim has taken itself, or those that go first.
        Some(self.rate.period)
    }

    fn used(&self) -> i64 {
        let before: u64 = self.begun.iter().map(|begun| begun.runs).sum();
        narrow(before) + i64::from(self.taken)
    }
}

pub(super) fn narrow(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
