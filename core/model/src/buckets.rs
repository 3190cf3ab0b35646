//! Times in buckets, from which percentiles are told within a known error.
//!
//! Four buckets to each doubling, from 1 ms to 24 days: a percentile is the middle of its bucket, at most
//! 9.1 % from the true value. What is shorter than 1 ms is told as half of one.

use std::time::Duration;

/// Buckets to each doubling of a time.
const TO_A_DOUBLING: f64 = 4.0;

/// The last bucket: 24 days and more.
const LAST: u16 = 124;

/// How far a percentile may be from the true value, as a share of it.
pub const ERROR_OF_PERCENTILES: f64 = 0.091;

/// The bucket of a time.
pub fn bucket(time: Duration) -> u16 {
    let ms = time.as_secs_f64() * 1000.0;
    if ms < 1.0 {
        return 0;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "0 to 64 doublings"
    )]
    let above = (ms.log2() * TO_A_DOUBLING) as u16;
    (1 + above).min(LAST)
}

/// The time in the middle of a bucket.
pub fn middle(bucket: u16) -> Duration {
    if bucket == 0 {
        return Duration::from_micros(500);
    }
    let ms = ((f64::from(bucket) - 0.5) / TO_A_DOUBLING).exp2();
    Duration::from_secs_f64(ms / 1000.0)
}

/// How often times fell into each bucket, and their sum.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Times {
    /// Buckets with their counts, the shortest time first.
    counts: Vec<(u16, u64)>,
    sum: Duration,
}

impl Times {
    /// Adds `count` times of a bucket, which are `sum` together.
    pub fn add(&mut self, bucket: u16, count: u64, sum: Duration) {
        self.sum = self.sum.saturating_add(sum);
        match self.counts.binary_search_by_key(&bucket, |(known, _)| *known) {
            Ok(at) => self.counts[at].1 += count,
            Err(at) => self.counts.insert(at, (bucket, count)),
        }
    }

    /// Adds others.
    pub fn merge(&mut self, other: &Self) {
        self.sum = self.sum.saturating_add(other.sum);
        other.counts.iter().for_each(|(bucket, count)| self.add(*bucket, *count, Duration::ZERO));
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.counts.iter().map(|(_, count)| count).sum()
    }

    /// Their mean; `None` for none.
    pub fn mean(&self) -> Option<Duration> {
        #[expect(clippy::cast_precision_loss, reason = "a mean of so many is not that precise")]
        let count = self.count() as f64;
        (count > 0.0).then(|| self.sum.div_f64(count))
    }

    /// The time that a `share` of them (0 to 1) does not exceed, within [`ERROR_OF_PERCENTILES`]; `None` for none.
    pub fn percentile(&self, share: f64) -> Option<Duration> {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a rank between 1 and the count"
        )]
        let rank = ((self.count() as f64 * share).ceil() as u64).max(1);
        let mut below = 0;
        let found = self.counts.iter().find(|(_, count)| {
            below += count;
            below >= rank
        });
        found.map(|(bucket, _)| middle(*bucket))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(ms: impl Iterator<Item = f64>) -> Times {
        let mut times = Times::default();
        for one in ms {
            let one = Duration::from_secs_f64(one / 1000.0);
            times.add(bucket(one), 1, one);
        }
        times
    }

    #[test]
    fn a_bucket_s_middle_is_within_the_error_of_all_that_fall_into_it() {
        for step in 0..20_000 {
            let ms = 1.0009_f64.powi(step);
            let told = middle(bucket(Duration::from_secs_f64(ms / 1000.0))).as_secs_f64() * 1000.0;
            assert!((told - ms).abs() / ms <= ERROR_OF_PERCENTILES, "{ms} ms is told as {told}");
        }
        assert_eq!(bucket(Duration::from_micros(999)), 0);
        assert_eq!(bucket(Duration::from_millis(1)), 1);
        assert_eq!(bucket(Duration::MAX), LAST);
    }

    #[test]
    fn percentiles_are_within_the_error_of_the_true_ones() {
        // From 2 ms to 20 s, most of them short.
        let of = |at: u32| 2.0 * 10_000_f64.powf((f64::from(at) / 999.0).powi(3));
        let told = times((0..1000).map(of));
        for (share, true_one) in [(0.5, of(499)), (0.95, of(949)), (0.99, of(989))] {
            let found = told.percentile(share).unwrap().as_secs_f64() * 1000.0;
            assert!(
                (found - true_one).abs() / true_one <= ERROR_OF_PERCENTILES,
                "{share}: {found}"
            );
        }
        assert_eq!(told.count(), 1000);
    }

    #[test]
    fn nothing_has_no_percentile_and_one_has_itself() {
        assert_eq!((times([].into_iter()).percentile(0.5), Times::default().mean()), (None, None));
        let one = times([100.0].into_iter());
        assert_eq!(one.percentile(0.01), one.percentile(0.99));
        assert_eq!(one.mean(), Some(Duration::from_millis(100)));
    }
}
