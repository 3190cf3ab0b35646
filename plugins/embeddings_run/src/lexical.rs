//! How far a text holds the very words of a query.

use std::collections::HashSet;

use crate::{
    concepts,
    words::{is_stop_word, stem, words},
};

/// A word of the same concept counts, but less than the word itself.
const SAME_CONCEPT: f32 = 0.6;
/// The start of a longer word, as when the last word is still being typed.
const SAME_START: f32 = 0.9;
/// Shorter beginnings match too much.
const SHORTEST_START: usize = 4;

/// A query's words, ready to be looked for.
pub struct Terms {
    phrase: String,
    terms: Vec<Term>,
}

struct Term {
    stem: String,
    concepts: Vec<&'static str>,
}

impl Terms {
    /// Stop words count only when there is nothing else.
    pub fn new(query: &str) -> Self {
        let all = words(query);
        let mut telling: Vec<_> = all.iter().filter(|word| !is_stop_word(word)).collect();
        if telling.is_empty() {
            telling = all.iter().collect();
        }
        let term =
            |word: &String| Term { stem: stem(word), concepts: concepts::of(word).collect() };
        Self { phrase: all.join(" "), terms: telling.into_iter().map(term).collect() }
    }

    /// The mean over the query's words, 0..1; 1 when the text holds the query as it stands.
    pub fn score(&self, text: &str) -> f32 {
        if self.terms.is_empty() {
            return 0.0;
        }
        let words = words(text);
        if format!(" {} ", words.join(" ")).contains(&format!(" {} ", self.phrase)) {
            return 1.0;
        }
        let stems: HashSet<String> = words.iter().map(|word| stem(word)).collect();
        // Only a query that stands for a concept needs to know those of the text.
        let asked = self.terms.iter().any(|term| !term.concepts.is_empty());
        let telling = words.iter().filter(|_| asked);
        let meant: HashSet<&str> = telling.flat_map(|word| concepts::of(word)).collect();
        let sum: f32 = self.terms.iter().map(|term| term.score(&stems, &meant)).sum();
        sum / self.terms.len() as f32
    }
}

impl Term {
    fn score(&self, stems: &HashSet<String>, meant: &HashSet<&str>) -> f32 {
        let long = self.stem.chars().count() >= SHORTEST_START;
        if stems.contains(&self.stem) {
            1.0
        } else if long && stems.iter().any(|stem| stem.starts_with(&self.stem)) {
            SAME_START
        } else if self.concepts.iter().any(|concept| meant.contains(concept)) {
            SAME_CONCEPT
        } else {
            0.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_scores_by_the_words_it_holds() {
        for (query, text, score) in [
            ("the release plan", "Here is the release plan.", 1.0),
            ("release plan", "Plans for two releases", 1.0),
            ("release plan", "A plan", 0.5),
            ("migr", "The migration is done", 0.9),
            ("budget", "Costs are fine", 0.6),
            ("umbrella", "Costs are fine", 0.0),
            ("", "Costs are fine", 0.0),
        ] {
            let got = Terms::new(query).score(text);
            assert!((got - score).abs() < 1e-6, "{query} in {text}: {got}");
        }
    }
}
