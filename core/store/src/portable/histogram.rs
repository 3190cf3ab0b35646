//! Runs by state over the time at which they were queued: the newest that fit a filter.

use cascade_model::{RunKind, RunState};
use cascade_sdk::{Dialect, Statement, host::Database};
use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::{
    Text, rows,
    runs::{and_fits, table},
};
use crate::{Result, RunFilter};

/// How long a step may be, in seconds. Beyond these it is a number of whole days.
const STEPS: [i64; 10] = [60, 300, 900, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600, DAY, 7 * DAY];
const DAY: i64 = 24 * 3600;
/// The most steps between the two ends; where an end cuts a step there is one more.
const MOST_STEPS: i64 = 60;

/// How many runs of each state were queued when.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunHistogram {
    /// How long a step is, in seconds; 0 where no run fits.
    pub step: i64,
    /// When the time begins that is counted, in seconds since 1970: `from` of the filter, or else the oldest run that
    /// is counted.
    pub begin: i64,
    /// How many runs are counted.
    pub counted: u32,
    /// Whether older runs fit too and are not counted.
    pub more: bool,
    /// Runs by the beginning of their step, in seconds since 1970, and state; none where there are none.
    pub runs: Vec<(i64, RunState, u32)>,
}

/// Counts the newest `most` runs that fit, which were queued up to `now`.
pub(super) async fn histogram(
    database: &dyn Database,
    filter: &RunFilter,
    now: DateTime<Utc>,
    most: u32,
) -> Result<RunHistogram> {
    #[derive(Deserialize)]
    struct Counted {
        step: i64,
        starts: i64,
        counted: u32,
        at: i64,
        state: RunState,
        runs: u32,
    }
    let query = query(database.dialect(), filter, now, most);
    let counted: Vec<Counted> = rows(database, query).await?;
    let Some(first) = counted.first() else { return Ok(RunHistogram::default()) };
    // One more than `most` is looked for, to know whether there is one.
    Ok(RunHistogram {
        step: first.step,
        begin: first.starts,
        counted: first.counted.min(most),
        more: first.counted > most,
        runs: counted.iter().map(|row| (row.at, row.state, row.runs)).collect(),
    })
}

/// The length of a step that `span` seconds are divided into, as SQL.
fn step_of(span: &str) -> String {
    let mut text = "CASE".to_owned();
    for step in STEPS {
        text.push_str(&format!(" WHEN {span} <= {} THEN {step}", step * MOST_STEPS));
    }
    format!("{text} ELSE ({span} / {} + 1) * {DAY} END", MOST_STEPS * DAY)
}

/// The newest of each kind come of its index of times; what follows reads no more than these.
pub(crate) fn query(
    dialect: Dialect,
    filter: &RunFilter,
    now: DateTime<Utc>,
    most: u32,
) -> Statement {
    let seconds = match dialect {
        Dialect::Postgres => "CAST(floor(extract(epoch FROM queued_at)) AS bigint)",
        Dialect::Sqlite => "CAST(strftime('%s', queued_at) AS INTEGER)",
    };
    let most = u64::from(most) + 1;
    let mut text = Text::of(
        dialect,
        &format!("WITH found AS MATERIALIZED (SELECT {seconds} AS at, state FROM ("),
    );
    for kind in RunKind::ALL {
        let from = table(kind);
        text = match kind {
            RunKind::Schedule => text.push("SELECT * FROM (SELECT r.queued_at, r.state AS state"),
            RunKind::Queue => text
                .push(" UNION ALL SELECT * FROM (SELECT r.queued_at, CASE WHEN r.state = 'available' AND r.available_at > ")
                .now()
                .push(" THEN 'scheduled' ELSE r.state END AS state"),
        };
        text = and_fits(text.push(&format!(" FROM {from} WHERE TRUE")), kind, filter)
            .push(&format!(" ORDER BY r.queued_at DESC LIMIT {most}) AS one_kind"));
    }
    let end = filter.to.map_or(now, |to| to.min(now)).timestamp();
    let begin = match filter.from {
        // Older ones that are not counted would look as if there were none.
        Some(from) => {
            format!("CASE WHEN count(*) < {most} THEN {} ELSE min(at) END", from.timestamp())
        }
        None => "min(at)".into(),
    };
    let step = step_of(&format!("({end} - ends.starts)"));
    text.push(&format!(
        ") AS both_kinds ORDER BY queued_at DESC LIMIT {most}
         ), ends AS (SELECT count(*) AS counted, {begin} AS starts FROM found),
         steps AS (SELECT ends.counted, ends.starts, CAST({step} AS bigint) AS step FROM ends)
         SELECT steps.step, steps.starts, steps.counted, found.at / steps.step * steps.step AS at,
             found.state, count(*) AS runs
         FROM found CROSS JOIN steps GROUP BY 1, 2, 3, 4, 5 ORDER BY 4"
    ))
    .statement()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_as_long_as_sixty_of_them_take_to_fill_the_time() {
        let text = step_of("s");
        assert!(text.starts_with("CASE WHEN s <= 3600 THEN 60 WHEN s <= 18000 THEN 300"), "{text}");
        assert!(text.ends_with("ELSE (s / 5184000 + 1) * 86400 END"), "{text}");
    }
}
