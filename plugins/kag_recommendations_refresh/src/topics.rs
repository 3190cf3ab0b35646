//! What messages are about: terms that are frequent in some messages and rare in the rest.

use std::collections::{HashMap, HashSet};

/// Words that say nothing about a topic, English and Russian.
const STOP: &str = include_str!("../stop_words.txt");

/// Terms of one or two words in a text, lower case, each once.
pub fn terms(text: &str) -> HashSet<String> {
    let stop: HashSet<&str> = STOP.split_whitespace().collect();
    let lower = text.to_lowercase();
    let words: Vec<&str> =
        lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let counts = |word: &str| word.chars().count() >= 3 && !stop.contains(word) && !word.chars().all(char::is_numeric);
    let mut terms = HashSet::new();
    for pair in words.windows(2) {
        if counts(pair[0]) && counts(pair[1]) {
            terms.insert(format!("{} {}", pair[0], pair[1]));
        }
    }
    terms.extend(words.into_iter().filter(|word| counts(word)).map(str::to_owned));
    terms
}

/// The term of `own` that most others share without everybody sharing it; a pair of words counts
/// double, since it names a thing better than one word does.
pub fn main_topic(own: &HashSet<String>, shared_by: &HashMap<String, usize>, total: usize) -> Option<String> {
    let value = |term: &String| {
        let shared = *shared_by.get(term)? as f64;
        // Inverse document frequency (Spärck Jones, 1972), times how many share the term.
        let rarity = (total as f64 / shared).ln();
        let words = if term.contains(' ') { 2.0 } else { 1.0 };
        (shared >= 2.0).then_some(shared.sqrt() * rarity * words)
    };
    let ranked = own.iter().filter_map(|term| Some((value(term)?, term)));
    ranked.max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1))).map(|(_, term)| term.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_what_some_messages_share() {
        let texts = ["the data migration is late", "data migration slipped", "lunch is late", "hello"];
        let all: Vec<_> = texts.iter().map(|text| terms(text)).collect();
        let mut shared = HashMap::new();
        for term in all.iter().flatten() {
            *shared.entry(term.clone()).or_default() += 1;
        }
        assert_eq!(main_topic(&all[0], &shared, texts.len()).as_deref(), Some("data migration"));
        assert_eq!(main_topic(&all[3], &shared, texts.len()), None);
    }
}
