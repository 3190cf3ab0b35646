//! When a job runs by itself.

use std::{fmt, str::FromStr, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use croner::Cron;
use serde::{Serialize, Serializer};

/// `every` or `cron`.
#[derive(Debug, Clone, PartialEq)]
pub enum Schedule {
    /// A fixed pause, counted from the last time the job became due.
    Every(Duration),
    /// A cron line in a time zone.
    Cron {
        /// Five fields, or six with seconds first.
        line: String,
        /// IANA time zone.
        zone: Tz,
    },
}

impl Schedule {
    /// Parses a cron line and a time-zone name.
    ///
    /// # Errors
    /// The parser's own message.
    pub fn cron(line: &str, zone: Tz) -> Result<Self, String> {
        let parsed = Cron::from_str(line).map_err(|e| e.to_string())?;
        // A line such as `0 0 30 2 *` parses and never comes. One whose year is over has come once.
        let now = Utc::now().with_timezone(&zone);
        if let Err(never) = parsed.find_next_occurrence(&now, false)
            && parsed.find_previous_occurrence(&now, true).is_err()
        {
            return Err(never.to_string());
        }
        Ok(Self::Cron { line: line.into(), zone })
    }

    /// The next scheduled time after `now` of a job that was off when it was due last: a time that passed
    /// meanwhile does not count.
    pub fn resumed(&self, due: DateTime<Utc>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Every(pause) if due <= now => {
                let pause = TimeDelta::from_std(*pause).ok()?.num_milliseconds().max(1);
                let passed = (now - due).num_milliseconds();
                due.checked_add_signed(TimeDelta::try_milliseconds((passed / pause + 1) * pause)?)
            }
            Self::Cron { .. } if due <= now => self.next_after(now),
            _ => Some(due),
        }
    }

    /// The next time after `now`; `None` only for a cron line that has run out of occurrences.
    pub fn next_after(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Every(pause) => now.checked_add_signed(TimeDelta::from_std(*pause).ok()?),
            Self::Cron { line, zone } => {
                let cron = Cron::from_str(line).ok()?;
                let next = cron.find_next_occurrence(&now.with_timezone(zone), false).ok()?;
                Some(next.with_timezone(&Utc))
            }
        }
    }

    /// Reads back what [`Display`](fmt::Display) wrote, as the store keeps it.
    pub fn from_stored(text: &str) -> Option<Self> {
        if let Some(pause) = text.strip_prefix("every ") {
            return humantime::parse_duration(pause).ok().map(Self::Every);
        }
        let (line, zone) = text.strip_prefix("cron ")?.rsplit_once(' ')?;
        Some(Self::Cron { line: line.into(), zone: zone.parse().ok()? })
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Every(pause) => write!(f, "every {}", humantime::format_duration(*pause)),
            Self::Cron { line, zone } => write!(f, "cron {line} {zone}"),
        }
    }
}

impl Serialize for Schedule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn cron_follows_its_time_zone_over_a_clock_change() {
        // Berlin leaves summer time on 2026-10-25: 06:00 there is 04:00 UTC before and 05:00 after.
        let schedule = Schedule::cron("0 6 * * *", chrono_tz::Europe::Berlin).unwrap();
        let before = schedule.next_after(at("2026-10-24T00:00:00Z"));
        let after = schedule.next_after(at("2026-10-25T12:00:00Z"));
        assert_eq!(before, Some(at("2026-10-24T04:00:00Z")));
        assert_eq!(after, Some(at("2026-10-26T05:00:00Z")));
    }

    #[test]
    fn a_stored_schedule_reads_back_as_it_was() {
        let zone = chrono_tz::Asia::Yekaterinburg;
        for schedule in [
            Schedule::Every(Duration::from_secs(5400)),
            Schedule::cron("*/5 8-18 * * 1-5", zone).unwrap(),
        ] {
            assert_eq!(Schedule::from_stored(&schedule.to_string()), Some(schedule));
        }
    }

    #[test]
    fn a_job_that_was_off_is_due_at_its_next_scheduled_time() {
        let (due, now) = (at("2026-10-24T06:00:00Z"), at("2026-10-24T09:20:00Z"));
        let every = Schedule::Every(Duration::from_secs(3600));
        assert_eq!(every.resumed(due, now), Some(at("2026-10-24T10:00:00Z")));
        assert_eq!(every.resumed(due, due), Some(at("2026-10-24T07:00:00Z")));
        assert_eq!(every.resumed(now, due), Some(now), "it is still ahead");
        let cron = Schedule::cron("0 6 * * *", chrono_tz::UTC).unwrap();
        assert_eq!(cron.resumed(due, now), Some(at("2026-10-25T06:00:00Z")));
    }

    #[test]
    fn a_cron_line_whose_year_is_over_is_taken_and_has_no_next_time() {
        let over = Schedule::cron("0 0 6 1 1 * 2020", chrono_tz::UTC).unwrap();
        assert_eq!(over.next_after(Utc::now()), None);
    }

    #[test]
    fn a_cron_line_that_never_comes_is_refused() {
        assert!(Schedule::cron("0 0 0 30 2 * 2020", chrono_tz::UTC).is_err());
        assert!(Schedule::cron("0 0 30 2 *", chrono_tz::UTC).is_err());
        assert!(Schedule::cron("61 * * * *", chrono_tz::UTC).is_err());
    }
}
