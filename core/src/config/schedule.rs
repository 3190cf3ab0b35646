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
        // A line such as `0 0 30 2 *` parses and never comes.
        parsed
            .find_next_occurrence(&Utc::now().with_timezone(&zone), false)
            .map_err(|e| e.to_string())?;
        Ok(Self::Cron { line: line.into(), zone })
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
    fn a_cron_line_that_never_comes_is_refused() {
        assert!(Schedule::cron("0 0 30 2 *", chrono_tz::UTC).is_err());
        assert!(Schedule::cron("61 * * * *", chrono_tz::UTC).is_err());
    }
}
