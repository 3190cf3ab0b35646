//! Rates of keys, as a claim sees them: what has begun of each, and which runs are held.

use std::{collections::HashMap, time::Duration};

use cascade_config::Rate;
use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use crate::{Begun, Result, StoreError, shared_limits::millis};

/// The row of a key is kept until this is over.
const HOUR_MS: i64 = 60 * 60 * 1000;

/// What is further ahead was written before the clock was set back.
const AHEAD_MS: i64 = 60_000;

/// A key that has a rate, and how much of it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyUse {
    /// The job type.
    pub job_type: String,
    /// The project.
    pub project_id: Uuid,
    /// The key.
    pub key: String,
    /// Its rate, or its job's.
    pub rate: Rate,
    /// The runs that were asked about, in the order in which they go.
    pub runs: Vec<Uuid>,
    /// Those that have begun within the period of the rate, the first of them first.
    pub begun: Vec<Begun>,
    /// The database's clock: what begins is counted then.
    pub now: DateTime<Utc>,
}

/// Runs of a key that begin now.
#[derive(Debug, Clone, Copy)]
pub struct KeyBeginning<'a> {
    /// What had begun of it before.
    pub of: &'a KeyUse,
    /// How many.
    pub runs: u32,
}

/// A run that is held until the rate of its key lets it begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// The run.
    pub run: Uuid,
    /// Until when.
    pub until: DateTime<Utc>,
    /// The rate.
    pub rate: Rate,
}

/// A row of `key_uses.sql`.
pub(crate) struct UseRow {
    pub run: Uuid,
    pub job_type: String,
    pub project_id: Uuid,
    pub key: String,
    pub rate: i64,
    pub period_ms: i64,
    pub begun: String,
    /// The clock.
    pub ms: i64,
}

/// One for each key, of rows in the order in which their runs go.
pub(crate) fn uses(rows: Vec<UseRow>) -> Result<Vec<KeyUse>> {
    let mut places = HashMap::new();
    let mut found: Vec<KeyUse> = Vec::new();
    for row in rows {
        let of = (row.job_type, row.project_id, row.key);
        let place = match places.get(&of) {
            Some(place) => *place,
            None => {
                let rate = rate_of(row.rate, row.period_ms);
                let (job_type, project_id, key) = of.clone();
                let begun = begun(&row.begun, rate, row.ms)?;
                let now = DateTime::from_timestamp_millis(row.ms).unwrap_or_default();
                let runs = Vec::new();
                found.push(KeyUse { job_type, project_id, key, rate, runs, begun, now });
                places.insert(of, found.len() - 1);
                found.len() - 1
            }
        };
        found[place].runs.push(row.run);
    }
    Ok(found)
}

/// A rate by its columns.
pub(crate) fn rate_of(count: i64, period_ms: i64) -> Rate {
    Rate {
        count: u32::try_from(count).unwrap_or(u32::MAX),
        period: Duration::from_millis(period_ms.unsigned_abs()),
    }
}

/// What counts of a text of the column `begun`.
pub(crate) fn begun(text: &str, rate: Rate, now_ms: i64) -> Result<Vec<Begun>> {
    let pieces: Vec<(i64, u64)> = serde_json::from_str(text)
        .map_err(|e| e.to_string())
        .map_err(StoreError::corrupt("begun"))?;
    let since = now_ms - millis(rate.period);
    let counts = |piece: &(i64, u64)| piece.0 > since && piece.0 <= now_ms + AHEAD_MS;
    let begun = pieces.into_iter().filter(counts).map(|(last_ms, runs)| {
        let ago = u64::try_from(now_ms - last_ms).unwrap_or_default();
        Begun { runs, ago: Duration::from_millis(ago) }
    });
    Ok(begun.collect())
}

impl KeyBeginning<'_> {
    /// What the column `begun` says after it, and until which hour that counts.
    pub(crate) fn written(&self) -> (String, i64) {
        let KeyUse { rate, begun, now, .. } = self.of;
        let (now, period) = (now.timestamp_millis(), millis(rate.period));
        let at = |begun: &Begun| now - i64::try_from(begun.ago.as_millis()).unwrap_or(i64::MAX);
        let mut pieces: Vec<_> = begun.iter().map(|begun| (at(begun), begun.runs)).collect();
        let piece = |ms: i64| ms.div_euclid(period / 100);
        match pieces.last_mut() {
            Some(last) if piece(last.0) == piece(now) => {
                *last = (now, last.1 + u64::from(self.runs))
            }
            _ => pieces.push((now, self.runs.into())),
        }
        (
            Value::from_iter(pieces.into_iter().map(|(ms, runs)| serde_json::json!([ms, runs])))
                .to_string(),
            (now + period).div_euclid(HOUR_MS) + 1,
        )
    }
}

impl Hold {
    /// What the column `held_by` says.
    pub(crate) fn by(&self) -> String {
        format!("{}/{}", self.rate.count, millis(self.rate.period))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_700_000_000_000;
    const RATE: Rate = Rate { count: 5, period: Duration::from_secs(100) };

    fn row(run: u128, key: &str, begun: &str) -> UseRow {
        UseRow {
            run: Uuid::from_u128(run),
            job_type: "a".into(),
            project_id: Uuid::nil(),
            key: key.into(),
            rate: 5,
            period_ms: 100_000,
            begun: begun.into(),
            ms: NOW,
        }
    }

    fn of(begun: &str) -> KeyUse {
        uses(vec![row(1, "k", begun)]).unwrap().remove(0)
    }

    #[test]
    fn the_runs_of_a_key_are_one_use_in_their_order() {
        let found = uses(vec![row(2, "k", "[]"), row(9, "l", "[]"), row(1, "k", "[]")]).unwrap();
        let [k, l] = &found[..] else { panic!("{found:?}") };
        assert_eq!((k.runs.len(), k.runs[0], k.rate), (2, Uuid::from_u128(2), RATE));
        assert_eq!((l.runs.as_slice(), l.key.as_str()), (&[Uuid::from_u128(9)][..], "l"));
        assert_eq!(k.now.timestamp_millis(), NOW);
    }

    #[test]
    fn what_has_begun_counts_until_its_period_is_over() {
        let (over, counts) = (NOW - 100_000, NOW - 99_999);
        let (ahead, future) = (NOW + 60_000, NOW + 60_001);
        let found = of(&format!("[[{over},1],[{counts},2],[{ahead},3],[{future},4]]"));
        let ms = Duration::from_millis;
        let [old, new] = [(2, 99_999), (3, 0)].map(|(runs, ago)| Begun { runs, ago: ms(ago) });
        assert_eq!(found.begun, [old, new]);
        assert!(uses(vec![row(1, "k", "what?")]).is_err());
    }

    #[test]
    fn what_begins_within_a_hundredth_of_the_period_is_one_piece() {
        let written = |begun: &str| KeyBeginning { of: &of(begun), runs: 3 }.written();
        let hour = (NOW + 100_000).div_euclid(HOUR_MS) + 1;
        assert_eq!(written("[]"), (format!("[[{NOW},3]]"), hour));
        let (before, over) = (NOW - 1, NOW - 100_000);
        assert_eq!(
            written(&format!("[[{over},9],[{before},2]]")).0,
            format!("[[{before},2],[{NOW},3]]")
        );
        // NOW begins a piece.
        let later = UseRow { ms: NOW + 999, ..row(1, "k", &format!("[[{NOW},2]]")) };
        let later = uses(vec![later]).unwrap().remove(0);
        let text = KeyBeginning { of: &later, runs: 1 }.written().0;
        assert_eq!(text, format!("[[{},3]]", NOW + 999));
    }

    #[test]
    fn a_hold_names_its_rate() {
        let hold = Hold { run: Uuid::nil(), until: Utc::now(), rate: RATE };
        assert_eq!(hold.by(), "5/100000");
    }
}
