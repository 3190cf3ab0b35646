//! What a run says about its sources.

use crate::sync::Count;

/// A summary is at most 4 KiB; the rest stands in the log and in the view.
const LONGEST: usize = 3_500;

/// What came of one source.
pub struct Outcome<'a> {
    /// Its name.
    pub source: &'a str,
    /// What was read of it.
    pub count: Count,
    /// Why it was not read, or not to its end.
    pub failed: Option<Failure>,
}

impl Outcome<'_> {
    /// Whether this run tried to read it.
    pub fn was_tried(&self) -> bool {
        self.failed.as_ref().is_none_or(|failure| failure.tried)
    }
}

/// A source that fails.
pub struct Failure {
    /// Why.
    pub reason: String,
    /// Since when.
    pub since: String,
    /// When it is tried again, if that is later than the next run.
    pub next_try: Option<String>,
    /// Whether this run tried it: one that rests is left alone.
    pub tried: bool,
}

/// One line: all sources together, then those with something to say.
pub fn summary(outcomes: &[Outcome<'_>]) -> String {
    let sum = |of: fn(&Count) -> u64| outcomes.iter().map(|one| of(&one.count)).sum::<u64>();
    let counts = Count {
        new: sum(|count| count.new),
        changed: sum(|count| count.changed),
        skipped: sum(|count| count.skipped),
        note: None,
    };
    let mut line = format!("{} new messages from {} sources", counts.new, outcomes.len());
    for (number, word) in [(counts.changed, "changed"), (counts.skipped, "skipped")] {
        if number > 0 {
            line.push_str(&format!(", {number} {word}"));
        }
    }
    // One source is what the sum says already.
    let several = outcomes.len() > 1;
    let parts: Vec<String> = outcomes.iter().filter_map(|one| part(one, several)).collect();
    for part in &parts {
        if line.len() + part.len() > LONGEST {
            line.push_str("; more in the log");
            break;
        }
        line.push_str("; ");
        line.push_str(part);
    }
    line
}

fn part(one: &Outcome<'_>, several: bool) -> Option<String> {
    let Count { new, changed, skipped, .. } = one.count;
    let mut said = Vec::new();
    for (number, word) in [(new, "new"), (changed, "changed"), (skipped, "skipped")] {
        if number > 0 && several {
            said.push(format!("{number} {word}"));
        }
    }
    if let Some(failure) = &one.failed {
        let mut text = format!("failing since {} ({})", failure.since, short(&failure.reason));
        if let Some(at) = &failure.next_try {
            text.push_str(&format!(", next try {at}"));
        }
        said.push(text);
    }
    (!said.is_empty()).then(|| format!("{}: {}", one.source, said.join(", ")))
}

fn short(text: &str) -> String {
    let mut letters = text.chars();
    let start: String = letters.by_ref().take(160).collect();
    if letters.next().is_some() { start + "..." } else { start }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(source: &str, new: u64, failed: Option<&str>) -> Outcome<'static> {
        let failed = failed.map(|reason| Failure {
            reason: reason.to_owned(),
            since: "2026-01-15T12:00:00.000Z".to_owned(),
            next_try: None,
            tried: true,
        });
        let source: &'static str = source.to_owned().leak();
        Outcome { source, count: Count { new, skipped: new / 2, ..Count::default() }, failed }
    }

    #[test]
    fn a_summary_counts_by_source_and_stays_short() {
        let all =
            [outcome("inbox", 4, None), outcome("idle", 0, None), outcome("news", 0, Some("404"))];
        assert_eq!(
            summary(&all),
            "4 new messages from 3 sources, 2 skipped; inbox: 4 new, 2 skipped; news: failing since 2026-01-15T12:00:00.000Z (404)"
        );
        let many: Vec<_> =
            (0..1000).map(|at| outcome(&format!("s{at}"), 9, Some(&"x".repeat(999)))).collect();
        let text = summary(&many);
        assert!(text.len() < 4096 && text.ends_with("; more in the log"), "{}", text.len());
    }
}
