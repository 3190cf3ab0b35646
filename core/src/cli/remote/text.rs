//! What comes from outside, on a terminal: control characters could move its cursor, change its colors
//! or its title, so they are shown as escapes.

use std::{
    io::{self, Write},
    time::Duration,
};

use chrono::{DateTime, SecondsFormat, Utc};

/// With its line breaks and tabs.
pub fn lines(text: &str) -> String {
    escaped(text, |c| matches!(c, '\n' | '\t'))
}

/// On one line.
pub fn line(text: &str) -> String {
    escaped(&text.split_whitespace().collect::<Vec<_>>().join(" "), |_| false)
}

fn escaped(text: &str, stays: fn(char) -> bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() && !stays(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// `2026-01-15T12:00:00Z`.
pub fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// `340ms`, `1.2s`, `2m 5s`.
pub fn took(took: Duration) -> String {
    match took.as_millis() {
        ms @ ..1000 => format!("{ms}ms"),
        1000..60_000 => format!("{:.1}s", took.as_secs_f64()),
        _ => humantime::format_duration(Duration::from_secs(took.as_secs())).to_string(),
    }
}

/// Rows beneath their heads, each column as wide as its widest cell.
pub fn table<const N: usize>(
    out: &mut impl Write,
    heads: [&str; N],
    rows: &[[String; N]],
) -> io::Result<()> {
    let heads = heads.map(ToOwned::to_owned);
    let all = || std::iter::once(&heads).chain(rows);
    let widths: [usize; N] = std::array::from_fn(|column| {
        all().map(|row| row[column].chars().count()).max().unwrap_or_default()
    });
    for row in all() {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        writeln!(out, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert_eq!(lines("a\tb\n\u{1b}[31mred\u{7}"), "a\tb\n\\u{1b}[31mred\\u{7}");
        assert_eq!(line("a\tb\n c\u{9b}1m"), "a b c\\u{9b}1m");
        assert_eq!(line("ünïcode ✓"), "ünïcode ✓");
    }

    #[test]
    fn durations_are_short() {
        for (ms, shown) in [(0, "0ms"), (999, "999ms"), (1_249, "1.2s"), (125_700, "2m 5s")] {
            assert_eq!(took(Duration::from_millis(ms)), shown);
        }
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut out = Vec::new();
        let row = |a: &str, b: &str| [a.to_owned(), b.to_owned()];
        table(&mut out, ["ID", "STATE"], &[row("längste", "x"), row("a", "")]).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "ID       STATE\nlängste  x\na\n");
    }
}
