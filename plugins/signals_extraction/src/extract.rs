//! Applies the rules to one body.

use crate::{
    filter::Hits,
    rules::{Kind, Rule, Rules},
    sentences::sentences,
};

/// The longest evidence in code points: a quote, not a chapter.
const LONGEST: usize = 400;
/// Bytes of a body that are looked at. A text is longer by what was pasted into it: logs, tables.
pub const MOST_BYTES: usize = 100_000;
/// Findings kept of one body, the first ones.
pub const MOST_FINDINGS: usize = 100;

/// A finding in one body.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// What it says.
    pub kind: Kind,
    /// The sentence, as it stands in the body.
    pub evidence: String,
    /// Where it begins in the body, in Unicode code points.
    pub span_start: usize,
    /// Where it ends.
    pub span_end: usize,
    /// 0..1, how much it matters.
    pub weight: f64,
    /// 0..1, how sure the rule is.
    pub confidence: f64,
}

/// All findings, in the body's order: at most one of a kind per sentence (the heaviest), and one
/// question per message (the first).
pub fn extract(rules: &Rules, body: &str) -> Vec<Found> {
    extract_with(rules, &rules.rules.iter().collect::<Vec<_>>(), body, MOST_FINDINGS)
}

fn extract_with(all_rules: &Rules, rules: &[&Rule], body: &str, most: usize) -> Vec<Found> {
    let body = &body[..body.floor_char_boundary(MOST_BYTES)];
    let mut all: Vec<Found> = Vec::new();
    // Code points before `counted_to`: counting from the start for each finding would take time with
    // the square of the body's length.
    let (mut counted_to, mut code_points) = (0, 0);
    let mut hits = Hits::default();
    for range in sentences(body) {
        if all.len() >= most {
            break;
        }
        let sentence = &body[range.clone()];
        all_rules.look(sentence, &mut hits);
        let mut here: Vec<Found> = Vec::new();
        for rule in rules.iter().filter(|rule| rule.fires(sentence, &hits)) {
            if rule.kind == Kind::UnansweredQuestion && all.iter().any(|f| f.kind == rule.kind) {
                continue;
            }
            let force = rule.weight * rule.confidence;
            if let Some(known) = here.iter_mut().find(|found| found.kind == rule.kind) {
                if force > known.weight * known.confidence {
                    (known.weight, known.confidence) = (rule.weight, rule.confidence);
                }
                continue;
            }
            let evidence: String = sentence.chars().take(LONGEST).collect();
            code_points += body[counted_to..range.start].chars().count();
            counted_to = range.start;
            let span_start = code_points;
            here.push(Found {
                kind: rule.kind,
                span_start,
                span_end: span_start + evidence.chars().count(),
                evidence,
                weight: rule.weight,
                confidence: rule.confidence,
            });
        }
        all.append(&mut here);
    }
    all.truncate(most);
    all
}

/// The first question of a body, by the rules for questions alone.
pub fn question(rules: &Rules, body: &str) -> Option<Found> {
    let of_questions = |rule: &&Rule| rule.kind == Kind::UnansweredQuestion;
    let asking: Vec<&Rule> = rules.rules.iter().filter(of_questions).collect();
    extract_with(rules, &asking, body, 1).into_iter().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(body: &str) -> Vec<Found> {
        extract(&Rules::built_in().unwrap(), body)
    }

    #[test]
    fn the_span_counts_code_points_and_cuts_out_the_evidence() {
        let body = "Привет 👋🏽 всем!\nМы не успеваем к пятнице. Спасибо";
        let found = found(body);
        let one = found.iter().find(|f| f.kind == Kind::DeadlineRisk).unwrap();
        let cut: String =
            body.chars().skip(one.span_start).take(one.span_end - one.span_start).collect();
        assert_eq!(cut, one.evidence);
        assert_eq!(cut, "Мы не успеваем к пятнице.");
    }

    #[test]
    fn a_sentence_gives_one_signal_of_a_kind_but_may_give_several_kinds() {
        let found = found("We are blocked, it is a blocker, and we are over budget.");
        let kinds: Vec<Kind> = found.iter().map(|f| f.kind).collect();
        assert_eq!(kinds, [Kind::Blocker, Kind::Budget]);
    }

    #[test]
    fn the_heavier_rule_sets_the_weight() {
        let found = found("It may slip, and we are already behind schedule.");
        assert_eq!((found.len(), found[0].weight), (1, 0.9));
    }

    #[test]
    fn a_denied_problem_is_no_signal() {
        assert_eq!(found("We are no longer blocked. Задача больше не блокирует релиз."), []);
    }

    #[test]
    fn a_long_body_gives_a_bounded_number_of_findings_at_the_right_places() {
        let body = "Ещё раз: we are blocked. ".repeat(60_000);
        let all = found(&body);
        assert_eq!(all.len(), MOST_FINDINGS);
        for (nth, one) in all.iter().enumerate() {
            assert_eq!(one.span_start, nth * 25, "{one:?}");
        }
    }

    #[test]
    fn a_line_without_end_is_looked_at_in_pieces() {
        let line = format!("{} we are blocked {}", "слово ".repeat(5_000), "word ".repeat(200_000));
        let all = found(&line);
        assert_eq!((all.len(), all[0].kind), (1, Kind::Blocker));
        assert_eq!(found(&"x".repeat(1 << 20)), []);
    }

    #[test]
    fn a_message_asks_once() {
        let found = found("Who signs? When do we meet?");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].evidence, "Who signs?");
    }
}
