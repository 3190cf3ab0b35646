//! Figures of runs over hours and days.

use std::{collections::BTreeMap, time::Duration};

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::response::{Figures, StatPoint, StatRow, StatWorker};
use crate::{
    AppState,
    error::{ApiError, ApiResult, Refused},
    middleware::{
        auth::Caller,
        extract::{Json, Query},
    },
};
use cascade_model::{ERROR_OF_PERCENTILES, Figures as Counted, StatFilter, StatGroup};
use cascade_store::Queries;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// Steps that are chosen for who names none.
const USUAL_POINTS: u64 = 100;
/// The most steps of an answer.
const MOST_POINTS: u64 = 1500;
/// Figures are by minute for so long, then by hour.
const FINE: u64 = 2 * DAY;

/// How long a step of time is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
pub enum Step {
    #[serde(rename = "1m")]
    Minute,
    #[serde(rename = "5m")]
    FiveMinutes,
    #[serde(rename = "15m")]
    Quarter,
    #[serde(rename = "1h")]
    Hour,
    #[serde(rename = "3h")]
    ThreeHours,
    #[serde(rename = "6h")]
    SixHours,
    #[serde(rename = "12h")]
    HalfDay,
    #[serde(rename = "1d")]
    Day,
}

impl Step {
    const ALL: [Self; 8] = [
        Self::Minute,
        Self::FiveMinutes,
        Self::Quarter,
        Self::Hour,
        Self::ThreeHours,
        Self::SixHours,
        Self::HalfDay,
        Self::Day,
    ];

    fn seconds(self) -> u64 {
        match self {
            Self::Minute => MINUTE,
            Self::FiveMinutes => 5 * MINUTE,
            Self::Quarter => 15 * MINUTE,
            Self::Hour => HOUR,
            Self::ThreeHours => 3 * HOUR,
            Self::SixHours => 6 * HOUR,
            Self::HalfDay => 12 * HOUR,
            Self::Day => DAY,
        }
    }
}

/// By what the rows of the answer are grouped.
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum GroupedBy {
    /// A row a job.
    #[default]
    Job,
    /// A row a project.
    Project,
    /// A row a worker; of the last two days.
    Worker,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct StatQuery {
    /// How far back: minutes, hours or days, such as `6h` or `7d`; `24h` if not given.
    #[param(pattern = "^[1-9][0-9]{0,2}[mhd]$")]
    range: Option<String>,
    /// The least length of a step; what gives about 100 steps if not given. The answer has at most 1,500, and tells
    /// how long they are. From two days ago on figures are by hour.
    #[param(inline)]
    step: Option<Step>,
    /// Only this job type.
    #[param(max_length = 64)]
    job_type: Option<String>,
    /// Only this project.
    project_id: Option<Uuid>,
    /// Only what this worker has run. Figures by worker are kept for two days: `range` is at most `48h` then.
    #[param(max_length = 100)]
    worker: Option<String>,
    /// What `rows` are about; `job` if not given.
    #[serde(default)]
    #[param(inline, required = false)]
    by: GroupedBy,
}

#[derive(Serialize, ToSchema)]
pub struct Stats {
    /// When the first step begins.
    from: DateTime<Utc>,
    /// When the last step ends, which may not be over.
    to: DateTime<Utc>,
    step_seconds: u64,
    /// How far a percentile may be from the true one, as a share of it.
    percentile_error: f64,
    /// All of the time together.
    total: Figures,
    /// Each step of time, the oldest first; those in which nothing happened too.
    points: Vec<StatPoint>,
    /// Of the 100 jobs, projects or workers with the most ended runs, those first.
    rows: Vec<StatRow>,
    /// The workers that have figures of the last two days, those that wrote last first.
    workers: Vec<StatWorker>,
}

/// A number of minutes, hours or days in seconds.
fn seconds(text: &str) -> Option<u64> {
    let units = [('m', MINUTE), ('h', HOUR), ('d', DAY)];
    let split = |(letter, unit)| Some((text.strip_suffix(letter)?, unit));
    let (number, unit) = units.into_iter().find_map(split)?;
    let fits = (1..=3).contains(&number.len())
        && number.chars().all(|c| c.is_ascii_digit())
        && !number.starts_with('0');
    number.parse::<u64>().ok().filter(|_| fits).map(|number| number * unit)
}

/// How far back, and in which steps.
fn range_and_step(range: Option<&str>, step: Option<Step>) -> ApiResult<(u64, u64)> {
    let range = seconds(range.unwrap_or("24h")).ok_or_else(|| {
        ApiError::bad_request("query: `range` must be a number of minutes, hours or days")
            .help("such as 90m, 6h or 7d")
    })?;
    let least = match step {
        Some(step) => step.seconds(),
        None if range > FINE => HOUR,
        None => MINUTE,
    };
    let most = if step.is_some() { MOST_POINTS } else { USUAL_POINTS };
    let mut steps = Step::ALL.into_iter().map(Step::seconds);
    let step = steps.find(|step| *step >= least && range / step <= most);
    Ok((range, step.unwrap_or(DAY)))
}

/// How many runs ended and how, how long they waited and took, and how much waited: by time, and by job,
/// project or worker.
/// What a process counted in the last two seconds may be missing.
#[utoipa::path(get, path = "/stats", params(StatQuery), responses((status = 200, body = Stats), Refused))]
pub async fn stats(
    State(server): State<AppState>,
    Caller(principal): Caller,
    Query(query): Query<StatQuery>,
) -> ApiResult<Json<Stats>> {
    let visible = server.scope(&principal, query.project_id)?;
    let (range, step) = range_and_step(query.range.as_deref(), query.step)?;
    let of_workers = query.worker.is_some() || matches!(query.by, GroupedBy::Worker);
    if of_workers && range > FINE {
        let message = "query: figures by worker are kept for two days";
        return Err(ApiError::bad_request(message).help("a `range` of at most 48h"));
    }
    let now = server.store.now().await?.timestamp();
    let (step_s, range_s) = (step.cast_signed(), range.cast_signed());
    // Steps begin at full hours and days of UTC; the last is the one that is under way.
    let end = now.div_euclid(step_s) * step_s + step_s;
    let begin = (end - range_s).div_euclid(step_s) * step_s;
    let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap_or_default();
    let filter = StatFilter {
        visible,
        job_type: query.job_type,
        worker: query.worker,
        from: at(begin),
        to: at(end),
    };
    let by_time = server.store.stats(&filter, Duration::from_secs(step)).await?;
    let group = match query.by {
        GroupedBy::Job => StatGroup::Job,
        GroupedBy::Project => StatGroup::Project,
        GroupedBy::Worker => StatGroup::Worker,
    };
    let by_group = server.store.stats_by(&filter, group).await?;
    let workers = server.store.stat_workers().await?;
    let shown = |worker| StatWorker::shown(worker, principal.admin);
    let mut total = Counted::default();
    by_time.values().for_each(|figures| total.merge(figures));
    let nothing = Counted::default();
    let point = |seconds| {
        let at = at(seconds);
        let figures = by_time.get(&at).unwrap_or(&nothing);
        StatPoint { at, figures: figures.into() }
    };
    let steps = (begin..end).step_by(usize::try_from(step).unwrap_or(usize::MAX));
    Ok(Json(Stats {
        from: filter.from,
        to: filter.to,
        step_seconds: step,
        percentile_error: ERROR_OF_PERCENTILES,
        points: steps.map(point).collect(),
        rows: listed(by_group, &total, query.by),
        workers: workers.into_iter().map(shown).collect(),
        total: (&total).into(),
    }))
}

/// Those with the most ended runs first.
fn listed(by_group: BTreeMap<String, Counted>, total: &Counted, by: GroupedBy) -> Vec<StatRow> {
    let mut rows: Vec<_> = by_group.into_iter().collect();
    rows.sort_by_key(|(_, figures)| std::cmp::Reverse(figures.ended()));
    let row = |(name, mut figures): (String, Counted)| {
        // What waits is nobody's.
        if !matches!(by, GroupedBy::Worker) {
            figures.sampled_as(total);
        }
        StatRow { name, figures: (&figures).into() }
    };
    rows.into_iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(range: &str, step: Option<Step>) -> (u64, u64) {
        range_and_step(Some(range), step).unwrap()
    }

    #[test]
    fn steps_fit_the_range_and_are_no_finer_than_what_is_kept() {
        assert_eq!(range_and_step(None, None).unwrap(), (DAY, 15 * MINUTE));
        assert_eq!(chosen("1h", None), (HOUR, MINUTE));
        assert_eq!(chosen("49h", None), (49 * HOUR, HOUR));
        assert_eq!(chosen("30d", None), (30 * DAY, 12 * HOUR));
        assert_eq!(chosen("999d", None), (999 * DAY, DAY));
        assert_eq!(chosen("7d", Some(Step::Hour)), (7 * DAY, HOUR));
        assert_eq!(chosen("7d", Some(Step::Minute)), (7 * DAY, 15 * MINUTE), "not too many");
    }

    #[test]
    fn what_is_no_length_of_time_is_refused() {
        for range in ["", "h", "0h", "05h", "5s", "1000d", "-1h", "1.5h", "5ч", "5 h"] {
            let refused = range_and_step(Some(range), None).unwrap_err();
            assert!(format!("{refused:?}").contains("query: `range`"), "{range}");
        }
    }
}
