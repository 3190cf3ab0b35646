use std::time::Duration;

/// Pauses between attempts to connect, or to store something: from 100 ms, doubled to 5 s, each less up to half of itself
/// at random, so that a server that comes back is not met by all processes at once.
#[derive(Debug, Default)]
pub struct Reconnect(u32);

impl Reconnect {
    /// Waits before the next attempt.
    pub async fn pause(&mut self) {
        tokio::time::sleep(self.next(jitter())).await;
    }

    /// The connection was good: the next pause is short again.
    pub fn reset(&mut self) {
        self.0 = 0;
    }

    fn next(&mut self, jitter: f64) -> Duration {
        let pause = Duration::from_millis(100) * 2_u32.pow(self.0.min(6));
        self.0 = self.0.saturating_add(1);
        pause.min(Duration::from_secs(5)).mul_f64(1.0 - jitter / 2.0)
    }
}

/// A random 0..1, from the random bits of a fresh UUID.
pub fn jitter() -> f64 {
    let (bits, _) = uuid::Uuid::new_v4().as_u64_pair();
    // The version and variant bits stand elsewhere: the upper 32 are all random.
    f64::from(u32::try_from(bits >> 32).unwrap_or(0)) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_five_seconds_and_jitter_shortens_them() {
        let mut reconnect = Reconnect::default();
        let pauses: Vec<_> = (0..8).map(|_| reconnect.next(0.0).as_millis()).collect();
        assert_eq!(pauses, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
        reconnect.reset();
        assert_eq!(reconnect.next(1.0).as_millis(), 50);
    }
}
