//! So many in so long, as jobs.toml writes it: `100/1m`.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::{
    diagnostic::Problem,
    kind::Kind,
    reader::{Reader, TomlValue},
};

/// So many in so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many, of which all may come at once.
    pub count: u32,
    /// In how long.
    pub period: Duration,
}

impl Rate {
    /// The highest count.
    pub const MOST: u32 = 100_000;
    /// The longest period.
    pub const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
}

impl FromStr for Rate {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (count, period) = text.split_once('/').ok_or(())?;
        let count: u32 = count.trim().parse().map_err(|_| ())?;
        let period = humantime::parse_duration(period.trim()).map_err(|_| ())?;
        let fits = (1..=Self::MOST).contains(&count) && !period.is_zero();
        if fits && period <= Self::LONGEST { Ok(Self { count, period }) } else { Err(()) }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.count, humantime::format_duration(self.period))
    }
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A rate whose period is no shorter than this.
pub(crate) struct RateText {
    /// The shortest period.
    pub shortest: Duration,
    /// A rate that fits, for who has written another.
    pub example: &'static str,
}

impl Kind for RateText {
    type Value = Rate;
    const NAME: &'static str = "text";

    fn schema(&self) -> Value {
        json!({"type": "string", "pattern": "^[0-9]+ */ *[0-9]"})
    }

    fn read(&self, reader: &mut Reader, key: &str, value: &TomlValue) -> Option<Rate> {
        let text = reader.text(key, value)?;
        let rate = text.parse().ok().filter(|rate: &Rate| rate.period >= self.shortest);
        if rate.is_none() {
            let help = format!(
                "write how many in how long, up to {} in a day, such as \"{}\"",
                Rate::MOST,
                self.example
            );
            let message = format!("bad rate \"{text}\"");
            reader.refuse(Problem::error(key, value.span(), message).help(help));
        }
        rate
    }

    fn write(&self, value: &Rate) -> Value {
        value.to_string().into()
    }
}
