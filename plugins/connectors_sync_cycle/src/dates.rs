//! Dates as programs have written them for thirty years: RFC 5322, RFC 3339, `asctime`, and what lies
//! between and beside them.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};

/// Reads a date in any of the forms that mail and feeds are known to hold. Without a zone it is UTC,
/// without a time midnight. `None` when day, month or year cannot be told.
pub fn parse(text: &str) -> Option<DateTime<Utc>> {
    // A weekday of another language is no reason to lose a date.
    parse_with(text, 2)
}

/// As [`parse`], for a place that may hold other text as well: words that belong to no date make it
/// none.
pub fn parse_strict(text: &str) -> Option<DateTime<Utc>> {
    parse_with(text, 0)
}

fn parse_with(text: &str, unknown_words: usize) -> Option<DateTime<Utc>> {
    let text = without_comments(text);
    let text = text.trim();
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(at.to_utc());
    }
    let mut parts = Parts::default();
    let tokens: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c == ',').filter(|t| !t.is_empty()).collect();
    if let [only] = tokens[..]
        && only.len() >= 9
        && let Ok(seconds) = only.parse::<i64>()
    {
        return DateTime::from_timestamp(seconds, 0);
    }
    // No form has more; a sentence that holds a date is none.
    if tokens.len() > 10 {
        return None;
    }
    for token in tokens {
        parts.take(token);
    }
    if parts.unknown_words > unknown_words {
        return None;
    }
    parts.finish()
}

fn without_comments(text: &str) -> String {
    let mut depth = 0_usize;
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth == 0 => plain.push(letter),
            _ => {}
        }
    }
    plain
}

#[derive(Default)]
struct Parts {
    day: Option<u32>,
    month: Option<u32>,
    year: Option<i32>,
    time: Option<NaiveTime>,
    afternoon: Option<bool>,
    /// Minutes east of UTC.
    zone: Option<i32>,
    unknown_words: usize,
}

impl Parts {
    fn take(&mut self, token: &str) {
        // `2026-01-05T10:00:00+01`: the date, then the time with its zone.
        if let Some((date, time)) = token.split_once(['T', 't'])
            && date.starts_with(|c: char| c.is_ascii_digit())
            && time.starts_with(|c: char| c.is_ascii_digit())
        {
            self.take_date(date);
            self.take_time(time);
        } else if token.contains(':') && !token.starts_with(['+', '-']) {
            self.take_time(token);
        } else if self.time.is_some()
            && let Some(zone) = zone(token)
        {
            // `GMT+0100` says it in two ways; the number is meant.
            self.zone = Some(zone);
        } else if let Some(month) = month(token) {
            self.month = self.month.or(Some(month));
        } else if token.eq_ignore_ascii_case("am") || token.eq_ignore_ascii_case("pm") {
            self.afternoon = Some(token.eq_ignore_ascii_case("pm"));
        } else if token.chars().all(|c| c.is_ascii_digit()) {
            self.take_number(token);
        } else {
            self.take_date(token);
        }
    }

    fn take_number(&mut self, token: &str) {
        if token.len() == 8 {
            // `20260105`
            self.take_date(&format!("{}-{}-{}", &token[..4], &token[4..6], &token[6..]));
        } else if token.len() <= 2 && self.day.is_none() {
            self.day = token.parse().ok();
        } else if self.year.is_none() {
            self.year = year(token);
        }
    }

    fn take_date(&mut self, token: &str) {
        let Some(separator) = token.chars().find(|c| matches!(c, '-' | '/' | '.')) else {
            // `5th`
            let digits = token.trim_end_matches(|c: char| c.is_ascii_alphabetic());
            if (1..=2).contains(&digits.len()) && token.len() == digits.len() + 2 {
                self.day = self.day.or_else(|| digits.parse().ok());
            } else if !is_weekday(token) {
                self.unknown_words += 1;
            }
            return;
        };
        let fields: Vec<&str> = token.split(separator).filter(|f| !f.is_empty()).collect();
        let &[first, second, third] = fields.as_slice() else {
            match fields.as_slice() {
                // `5.`, as German has it.
                [day] if self.day.is_none() && day.parse::<u32>().is_ok() => {
                    self.day = day.parse().ok();
                }
                _ => self.unknown_words += 1,
            }
            return;
        };
        let number = |text: &str| text.parse::<u32>().ok();
        let (y, m, d) = match (number(first), number(second)) {
            (Some(_), Some(m)) if first.len() == 4 => (year(first), Some(m), number(third)),
            (Some(d), None) => (year(third), month(second), Some(d)),
            // Only the slash is written with the month first, and not by everybody.
            (Some(m), Some(d)) if separator == '/' && m <= 12 => (year(third), Some(m), Some(d)),
            (Some(d), Some(m)) => (year(third), Some(m), Some(d)),
            (None, d) => (year(third), month(first), d),
        };
        (self.year, self.month, self.day) = (self.year.or(y), self.month.or(m), self.day.or(d));
    }

    fn take_time(&mut self, token: &str) {
        let end = token.find(|c: char| !(c.is_ascii_digit() || matches!(c, ':' | '.')));
        let (clock, rest) = token.split_at(end.unwrap_or(token.len()));
        let mut fields = clock.split(':').map(|field| field.split('.').next().unwrap_or_default());
        let mut next = || fields.next().map_or(Some(0), |field| field.parse::<u32>().ok());
        let (Some(hour), Some(minute), Some(second)) = (next(), next(), next()) else { return };
        // A leap second is shown as the one before it.
        let time = NaiveTime::from_hms_opt(hour % 24, minute, second.min(59));
        self.time = self.time.or(time);
        match rest.to_ascii_lowercase().as_str() {
            "" => {}
            "am" => self.afternoon = Some(false),
            "pm" => self.afternoon = Some(true),
            _ => self.zone = self.zone.or_else(|| zone(rest)),
        }
    }

    fn finish(self) -> Option<DateTime<Utc>> {
        let date = NaiveDate::from_ymd_opt(self.year?, self.month?, self.day?)?;
        let mut at = date.and_time(self.time.unwrap_or_default()).and_utc();
        if let Some(afternoon) = self.afternoon {
            let hour = chrono::Timelike::hour(&at);
            let shift = i64::from(afternoon && hour < 12) - i64::from(!afternoon && hour == 12);
            at += TimeDelta::hours(12 * shift);
        }
        at.checked_sub_signed(TimeDelta::minutes(self.zone.unwrap_or(0).into()))
    }
}

/// A year of two digits is between 1970 and 2069; one of three counts from 1900, as programs wrote
/// it after 1999.
fn year(text: &str) -> Option<i32> {
    let year: i32 = text.parse().ok()?;
    match text.len() {
        1 | 2 if year < 70 => Some(year + 2000),
        1..=3 => Some(year + 1900),
        4 => Some(year),
        _ => None,
    }
}

fn month(text: &str) -> Option<u32> {
    // English, then the beginnings that other languages have for the same month.
    const NAMES: [&[&str]; 12] = [
        &["jan", "ene", "янв"],
        &["feb", "fév", "fev", "фев"],
        &["mar", "mär", "mrz", "мар"],
        &["apr", "avr", "abr", "апр"],
        &["may", "mai", "mag", "май", "мая"],
        &["jun", "juin", "giu", "июн"],
        &["jul", "juil", "lug", "июл"],
        &["aug", "aoû", "ago", "авг"],
        &["sep", "set", "сен"],
        &["oct", "okt", "out", "ott", "окт"],
        &["nov", "ноя"],
        &["dec", "dez", "déc", "dic", "дек"],
    ];
    let name = text.trim_end_matches('.').to_lowercase();
    let is_word = name.chars().count() >= 3 && name.chars().all(char::is_alphabetic);
    let begins = |names: &&[&str]| names.iter().any(|known| name.starts_with(known));
    let at = NAMES.iter().position(begins).filter(|_| is_word)?;
    u32::try_from(at + 1).ok()
}

fn is_weekday(text: &str) -> bool {
    let name = text.get(..3).map(str::to_ascii_lowercase);
    name.is_some_and(|n| ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].contains(&n.as_str()))
}

/// Minutes east of UTC.
fn zone(text: &str) -> Option<i32> {
    let upper = text.to_ascii_uppercase();
    let name = upper.trim_end_matches(|c: char| !c.is_ascii_alphabetic());
    if let Some(number) = upper.strip_prefix("GMT").or_else(|| upper.strip_prefix("UTC"))
        && number.starts_with(['+', '-'])
    {
        return zone(number);
    }
    let named = match name {
        "Z" | "UT" | "UTC" | "GMT" | "WET" => 0,
        "BST" | "CET" | "MEZ" | "WEST" => 60,
        "CEST" | "MESZ" | "EET" => 120,
        "EEST" | "MSK" => 180,
        "IST" => 330,
        "JST" | "KST" => 540,
        "EDT" => -240,
        "EST" | "CDT" => -300,
        "CST" | "MDT" => -360,
        "MST" | "PDT" => -420,
        "PST" => -480,
        "" => {
            let sign = match upper.as_bytes().first()? {
                b'+' => 1,
                b'-' => -1,
                _ => return None,
            };
            let digits: String = upper.chars().filter(char::is_ascii_digit).collect();
            let (hours, minutes) = match digits.len() {
                1 | 2 => (digits.as_str(), "0"),
                4 => digits.split_at(2),
                _ => return None,
            };
            let minutes = hours.parse::<i32>().ok()? * 60 + minutes.parse::<i32>().ok()?;
            // No place is further from UTC; such a zone is a mistake.
            return Some(if minutes <= 14 * 60 { sign * minutes } else { 0 });
        }
        _ => return None,
    };
    Some(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_in_the_forms_that_programs_write() {
        for (text, expected) in [
            ("Mon, 5 Jan 2026 10:00:00 +0100", "2026-01-05T09:00:00Z"),
            ("Mon, 05 Jan 2026 10:00:00 GMT", "2026-01-05T10:00:00Z"),
            ("Mon, 05 Jan 2026 10:00:00", "2026-01-05T10:00:00Z"),
            ("5 Jan 26 10:00 EST", "2026-01-05T15:00:00Z"),
            ("Mon Jan  5 10:00:00 2026", "2026-01-05T10:00:00Z"),
            ("Mon Jan  5 10:00:00 PST 2026", "2026-01-05T18:00:00Z"),
            ("Mon Jan  5 10:00:00 +0100 2026", "2026-01-05T09:00:00Z"),
            ("Monday, January 5, 2026 10:00 PM", "2026-01-05T22:00:00Z"),
            ("2026-01-05T10:00:00Z", "2026-01-05T10:00:00Z"),
            ("2026-01-05T10:00:00.25+01:00", "2026-01-05T09:00:00.250Z"),
            ("2026-01-05T10:00+0100", "2026-01-05T09:00:00Z"),
            ("2026-01-05 10:00:00", "2026-01-05T10:00:00Z"),
            ("2026-01-05 10:00:00 +0100", "2026-01-05T09:00:00Z"),
            ("2026-01-05", "2026-01-05T00:00:00Z"),
            ("2026/01/05 10:00", "2026-01-05T10:00:00Z"),
            ("05.01.2026 10:00", "2026-01-05T10:00:00Z"),
            ("1/5/2026 10:00:00 AM", "2026-01-05T10:00:00Z"),
            ("25/1/2026 12:30 AM", "2026-01-25T00:30:00Z"),
            ("Mon, 05-Jan-26 10:00:00 GMT", "2026-01-05T10:00:00Z"),
            ("Mon, 5 Jan 2026 10:00:00 +0100 (CET)", "2026-01-05T09:00:00Z"),
            ("Mon, 5 Jan 2026 10:00:00 GMT+0100", "2026-01-05T09:00:00Z"),
            ("Mon, 5 Jan 2026 10:00:60 +9900", "2026-01-05T10:00:59Z"),
            ("Sat, 5 Jan 102 10:00:00 -0000", "2002-01-05T10:00:00Z"),
            ("5th January 2026", "2026-01-05T00:00:00Z"),
            ("Di, 5. Mai 2026 10:00", "2026-05-05T10:00:00Z"),
            ("5 juil. 2026", "2026-07-05T00:00:00Z"),
            ("5 июня 2026 г. 10:00", "2026-06-05T10:00:00Z"),
            ("1767607200", "2026-01-05T10:00:00Z"),
        ] {
            let expected = DateTime::parse_from_rfc3339(expected).unwrap();
            assert_eq!(parse(text), Some(expected.to_utc()), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in ["", "yesterday", "10:30", "Mon, 45 Jan 2026", "31 Feb 2026", "the 5 of Jan"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
