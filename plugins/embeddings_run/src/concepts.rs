//! A small thesaurus: which words mean much the same, across English and Russian.

use std::{collections::HashMap, sync::LazyLock};

static CONCEPTS: LazyLock<Vec<Concept>> =
    LazyLock::new(|| parse(include_str!("../data/concepts.txt")));

/// The stems that begin with a letter, with the places of their concepts, in order: few of them are to
/// be compared with a word.
static BY_FIRST: LazyLock<HashMap<char, Vec<(usize, &'static Stem)>>> = LazyLock::new(|| {
    let mut by_first: HashMap<char, Vec<(usize, &'static Stem)>> = HashMap::new();
    for (at, concept) in CONCEPTS.iter().enumerate() {
        for stem in &concept.stems {
            let (Stem::Prefix(text) | Stem::Whole(text)) = stem;
            if let Some(first) = text.chars().next() {
                by_first.entry(first).or_default().push((at, stem));
            }
        }
    }
    by_first
});

struct Concept {
    name: &'static str,
    stems: Vec<Stem>,
}

enum Stem {
    Prefix(String),
    Whole(String),
}

fn parse(text: &'static str) -> Vec<Concept> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let concept = |line: &'static str| {
        let (name, stems) = line.split_once(':')?;
        let stems = stems.split_whitespace().map(|stem| {
            let stem = stem.replace('ё', "е");
            match stem.strip_suffix('.') {
                Some(whole) => Stem::Whole(whole.to_owned()),
                None => Stem::Prefix(stem),
            }
        });
        Some(Concept { name: name.trim(), stems: stems.collect() })
    };
    lines.filter_map(concept).collect()
}

/// The concepts that a lower-case word stands for; mostly none.
pub fn of(word: &str) -> impl Iterator<Item = &'static str> {
    let holds = move |stem: &Stem| match stem {
        Stem::Prefix(prefix) => word.starts_with(prefix.as_str()),
        Stem::Whole(whole) => word == whole,
    };
    let first = word.chars().next();
    let near = first.and_then(|first| BY_FIRST.get(&first)).into_iter().flatten();
    let mut before = None;
    near.filter(move |(at, stem)| {
        before != Some(*at) && holds(stem) && before.replace(*at) != Some(*at)
    })
    .map(|(at, _)| CONCEPTS[*at].name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_both_languages_meet_in_a_concept() {
        for (word, concept) in [
            ("costs", "money"),
            ("бюджета", "money"),
            ("перерасход", "excess"),
            ("deadlines", "deadline"),
        ] {
            assert!(of(word).any(|c| c == concept), "{word}");
        }
        assert_eq!(of("window").count(), 0);
    }

    #[test]
    fn every_line_of_the_file_is_a_concept_with_long_stems() {
        let lines = include_str!("../data/concepts.txt").lines().filter(|l| !l.starts_with('#'));
        assert_eq!(lines.count(), CONCEPTS.len());
        for concept in CONCEPTS.iter() {
            for stem in &concept.stems {
                if let Stem::Prefix(prefix) = stem {
                    assert!(prefix.chars().count() >= 4, "{}: {prefix}", concept.name);
                }
            }
        }
    }
}
