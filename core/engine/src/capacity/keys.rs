//! What the rates of keys let begin, of the runs that a claim has found.

use std::collections::HashMap;

use cascade_store::{Hold, KeyBeginning, KeyUse, WaitingRun};
use chrono::TimeDelta;
use uuid::Uuid;

use super::rate_use::RateUse;

/// The keys of these runs that have rates, locked.
#[derive(Debug, Default)]
pub(crate) struct KeyRates {
    keys: Vec<OfKey>,
    /// Where the key of a run is in `keys`, and which of its runs it is.
    places: HashMap<Uuid, (usize, usize)>,
}

#[derive(Debug)]
struct OfKey {
    used: KeyUse,
    taken: u32,
    held: Vec<Uuid>,
}

impl OfKey {
    fn rate(&self) -> RateUse<'_> {
        RateUse { rate: self.used.rate, begun: &self.used.begun, taken: self.taken }
    }
}

impl KeyRates {
    pub fn of(uses: Vec<KeyUse>) -> Self {
        let mut places = HashMap::new();
        for (at, used) in uses.iter().enumerate() {
            places.extend(used.runs.iter().enumerate().map(|(nth, run)| (*run, (at, nth))));
        }
        let of = |used| OfKey { used, taken: 0, held: Vec::new() };
        Self { keys: uses.into_iter().map(of).collect(), places }
    }

    /// Whether no run has a key with a rate.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Puts the runs of each key in the order in which they go.
    pub fn sort(&self, runs: &mut [WaitingRun]) {
        runs.sort_by_key(|run| self.places.get(&run.id).map(|(_, nth)| *nth));
    }

    /// Whether a run may begin; one that may not is held.
    pub fn lets(&mut self, run: Uuid) -> bool {
        let Some(key) = self.key_of(run) else { return true };
        let lets = key.rate().left() > 0;
        if !lets {
            key.held.push(run);
        }
        lets
    }

    /// The run begins.
    pub fn take(&mut self, run: Uuid) {
        if let Some(key) = self.key_of(run) {
            key.taken += 1;
        }
    }

    /// What has been taken of keys.
    pub fn beginnings(&self) -> Vec<KeyBeginning<'_>> {
        let taken = self.keys.iter().filter(|key| key.taken > 0);
        taken.map(|key| KeyBeginning { of: &key.used, runs: key.taken }).collect()
    }

    /// The runs that may not begin yet, each until the rate lets it after those before it.
    pub fn holds(&self) -> Vec<Hold> {
        let of_key = |key: &OfKey| {
            let hold = |(nth, run): (usize, &Uuid)| {
                let ahead = u32::try_from(nth).unwrap_or(u32::MAX);
                let opens_in = key.rate().opens_in(ahead).unwrap_or_default();
                let until = key.used.now + TimeDelta::from_std(opens_in).unwrap_or_default();
                Hold { run: *run, until, rate: key.used.rate }
            };
            key.held.iter().enumerate().map(hold).collect::<Vec<_>>()
        };
        self.keys.iter().flat_map(of_key).collect()
    }

    fn key_of(&mut self, run: Uuid) -> Option<&mut OfKey> {
        let (at, _) = self.places.get(&run)?;
        self.keys.get_mut(*at)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use cascade_config::Rate;
    use cascade_store::Begun;
    use chrono::{DateTime, Utc};

    use super::*;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    const RATE: Rate = Rate { count: 3, period: seconds(60) };

    fn now() -> DateTime<Utc> {
        "2026-11-28T09:20:00Z".parse().unwrap()
    }

    fn run(run: u128) -> Uuid {
        Uuid::from_u128(run)
    }

    fn used(key: &str, runs: &[u128], begun: &[(u64, u64)]) -> KeyUse {
        let begun = begun.iter().map(|&(runs, ago)| Begun { runs, ago: seconds(ago) });
        KeyUse {
            job_type: "a".into(),
            project_id: Uuid::nil(),
            key: key.into(),
            rate: RATE,
            runs: runs.iter().copied().map(run).collect(),
            begun: begun.collect(),
            now: now(),
        }
    }

    #[test]
    fn what_fits_under_a_rate_is_taken_in_order_and_the_others_are_held_each_until_its_room() {
        let mut rates =
            KeyRates::of(vec![used("k", &[9, 2, 7, 5], &[(1, 50), (1, 20)]), used("l", &[1], &[])]);
        let waiting =
            |id: u128| WaitingRun { id: run(id), job_type: "a".into(), project_id: Uuid::nil() };
        let mut runs = [2, 4, 5, 7, 9, 1].map(waiting);
        rates.sort(&mut runs);
        let taken: Vec<_> = runs
            .iter()
            .map(|run| run.id)
            .filter(|id| {
                let lets = rates.lets(*id);
                if lets {
                    rates.take(*id);
                }
                lets
            })
            .collect();
        assert_eq!(taken, [4, 9, 1].map(run), "4 has no key");
        let begun: Vec<_> =
            rates.beginnings().iter().map(|it| (it.of.key.clone(), it.runs)).collect();
        assert_eq!(begun, [("k".to_owned(), 1), ("l".to_owned(), 1)]);
        let at = |after| now() + TimeDelta::seconds(after);
        let holds: Vec<_> = rates.holds().into_iter().map(|hold| (hold.run, hold.until)).collect();
        assert_eq!(holds, [(run(2), at(10)), (run(7), at(40)), (run(5), at(60))]);
        assert!(rates.holds().iter().all(|hold| hold.rate == RATE));
    }

    #[test]
    fn what_does_not_begin_for_another_reason_counts_nothing_and_is_not_held() {
        let mut rates = KeyRates::of(vec![used("k", &[1, 2], &[(2, 5)])]);
        assert!(rates.lets(run(1)) && rates.lets(run(2)), "neither was taken");
        assert!(rates.beginnings().is_empty() && rates.holds().is_empty());
        rates.take(run(2));
        assert!(!rates.lets(run(1)));
    }
}
