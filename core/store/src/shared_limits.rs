//! Limits that jobs share, as a claim sees them: what holds, what runs, and what has begun.

use std::{collections::HashMap, time::Duration};

use cascade_config::Rate;

use crate::Limit;

/// What limits the runs that may start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    /// Those of single jobs and projects.
    pub each: Vec<Limit>,
    /// Those that jobs share, by name.
    pub shared: Vec<SharedUse>,
    /// Whether keys of some job have rates: what those leave is asked for the runs that a claim has found.
    pub key_rates: bool,
}

impl Limits {
    /// Whether nothing has a limit for which claims are counted alone; rates of keys are none.
    pub fn is_empty(&self) -> bool {
        self.each.is_empty() && self.shared.is_empty()
    }
}

/// A limit that jobs share, and how much of it is in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedUse {
    /// Its name.
    pub name: String,
    /// The jobs that name it.
    pub jobs: Vec<String>,
    /// Runs at a time.
    pub concurrency: Option<u32>,
    /// Runs under way, of all these jobs.
    pub running: u64,
    /// Runs that may begin in any such time.
    pub rate: Option<Rate>,
    /// Those that have begun within the last such time, the first of them first.
    pub begun: Vec<Begun>,
}

/// Runs that have begun at about the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Begun {
    /// How many.
    pub runs: u64,
    /// How long ago the last of them.
    pub ago: Duration,
}

/// Runs that begin now under the rate of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beginning<'a> {
    /// The limit.
    pub limit: &'a str,
    /// How many.
    pub runs: u32,
    /// The time that its rate is about.
    pub period: Duration,
}

/// A row of `shared_limits.sql`.
pub(crate) type UseRow = (String, Option<i64>, Option<i64>, Option<i64>, String, i64);
/// A row of `shared_limit_begins.sql`.
pub(crate) type BegunRow = (String, i64, i64);

/// Whether some limit has a rate, so that what has begun is to be read.
pub(crate) fn has_rate(rows: &[UseRow]) -> bool {
    rows.iter().any(|(_, _, rate, ..)| rate.is_some())
}

/// One for each name, of rows that are in the order of names.
pub(crate) fn gathered(rows: Vec<UseRow>, begun: Vec<BegunRow>) -> Vec<SharedUse> {
    let mut begun_by_name: HashMap<String, Vec<Begun>> = HashMap::new();
    for (name, runs, ago_ms) in begun {
        let ago = Duration::from_millis(u64::try_from(ago_ms).unwrap_or_default());
        let runs = runs.unsigned_abs();
        begun_by_name.entry(name).or_default().push(Begun { runs, ago });
    }
    let mut found: Vec<SharedUse> = Vec::new();
    for (name, concurrency, rate, period_ms, job_type, running) in rows {
        if found.last().is_none_or(|last| last.name != name) {
            let rate = rate.zip(period_ms).map(|(count, ms)| Rate {
                count: narrow(count),
                period: Duration::from_millis(ms.unsigned_abs()),
            });
            found.push(SharedUse {
                jobs: Vec::new(),
                concurrency: concurrency.map(narrow),
                running: 0,
                rate,
                begun: begun_by_name.remove(&name).unwrap_or_default(),
                name,
            });
        }
        if let Some(last) = found.last_mut() {
            last.jobs.push(job_type);
            last.running += running.unsigned_abs();
        }
    }
    found
}

fn narrow(count: i64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Milliseconds of a period; at least a hundred, so that it has a hundredth.
pub(crate) fn millis(period: Duration) -> i64 {
    i64::try_from(period.as_millis()).unwrap_or(i64::MAX).max(100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rows_of_a_limit_are_one_use() {
        let row = |name: &str, rate: Option<i64>, job: &str, running| {
            (name.to_owned(), Some(5), rate, rate.map(|_| 60_000), job.to_owned(), running)
        };
        let rows = vec![
            row("api", Some(100), "a", 2),
            row("api", Some(100), "b", 1),
            row("gpu", None, "a", 2),
        ];
        assert!(has_rate(&rows) && !has_rate(&rows[2..]));
        let begun = vec![("api".into(), 7, 1500), ("api".into(), 2, -3), ("gone".into(), 1, 1)];
        let found = gathered(rows, begun);
        let [api, gpu] = &found[..] else { panic!("{found:?}") };
        assert_eq!((&*api.jobs, api.running), (&["a".to_owned(), "b".to_owned()][..], 3));
        let rate = Rate { count: 100, period: Duration::from_secs(60) };
        assert_eq!((api.concurrency, api.rate), (Some(5), Some(rate)));
        let ms = Duration::from_millis;
        let [old, new] = [(7, 1500), (2, 0)].map(|(runs, ago)| Begun { runs, ago: ms(ago) });
        assert_eq!(api.begun, [old, new]);
        assert_eq!((gpu.rate, gpu.running, gpu.begun.len()), (None, 2, 0));
    }
}
