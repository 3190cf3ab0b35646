//! Which patterns are worth a try on a sentence.
//!
//! Very few of some hundred patterns match a sentence. Each needs certain texts ([`needed`]); one
//! automaton finds those of all patterns in one pass, and a pattern whose texts are not there is not
//! tried. What the rules find is the same with and without.

use std::collections::HashMap;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

use crate::literals::needed;

/// The automaton's fastest form takes memory with each byte of its texts; with more than these it
/// takes the second fastest.
const FAST_BYTES: usize = 64 << 10;

/// Groups of texts that a pattern needs, by their number in the filter.
pub type Needs = Vec<u32>;

/// Collects what patterns need.
#[derive(Debug, Default)]
pub struct Builder {
    groups: HashMap<Vec<String>, u32>,
}

impl Builder {
    /// Takes a pattern in.
    pub fn needs(&mut self, pattern: &str) -> Needs {
        let mut needs = Needs::new();
        for mut group in needed(pattern) {
            group.sort_unstable();
            let next = u32::try_from(self.groups.len()).unwrap_or(u32::MAX);
            needs.push(*self.groups.entry(group).or_insert(next));
        }
        needs
    }

    /// The filter for all that was taken in; `None` when there are too many texts for an automaton.
    pub fn build(self) -> Option<Filter> {
        let fold = Fold::of(self.groups.keys().flatten().flat_map(|text| text.chars()));
        let mut texts: HashMap<String, Vec<u32>> = HashMap::new();
        let groups = self.groups.len();
        for (group, number) in self.groups {
            for text in group {
                let mut folded = String::new();
                fold.push(&text, &mut folded);
                texts.entry(folded).or_default().push(number);
            }
        }
        let (texts, of_text): (Vec<String>, Vec<Vec<u32>>) = texts.into_iter().unzip();
        let bytes: usize = texts.iter().map(String::len).sum();
        let kind = (bytes <= FAST_BYTES).then_some(AhoCorasickKind::DFA);
        let automaton = AhoCorasick::builder().kind(kind).build(&texts).ok()?;
        Some(Filter { fold, automaton, of_text, groups })
    }
}

/// Finds the texts that patterns need.
#[derive(Debug)]
pub struct Filter {
    fold: Fold,
    automaton: AhoCorasick,
    /// The groups that each text is in.
    of_text: Vec<Vec<u32>>,
    groups: usize,
}

/// What a filter found in one sentence; to be used again for the next.
#[derive(Debug, Default)]
pub struct Hits {
    groups: Vec<bool>,
    folded: String,
    /// Without a filter every pattern is tried.
    all: bool,
}

impl Hits {
    /// Whether a pattern with these needs can match.
    pub fn meet(&self, needs: &Needs) -> bool {
        self.all || needs.iter().all(|&group| self.groups[group as usize])
    }

    /// As if everything that any pattern needs were there.
    pub fn everything() -> Self {
        Self { all: true, ..Self::default() }
    }
}

impl Filter {
    /// Looks at a sentence.
    pub fn look(&self, sentence: &str, hits: &mut Hits) {
        hits.groups.clear();
        hits.groups.resize(self.groups, false);
        hits.folded.clear();
        self.fold.push(sentence, &mut hits.folded);
        for found in self.automaton.find_overlapping_iter(&hits.folded) {
            for &group in &self.of_text[found.pattern().as_usize()] {
                hits.groups[group as usize] = true;
            }
        }
    }
}

/// Makes letters that differ in case alone the same, in the sense of regular expressions: `K`, `k` and
/// the sign of the kelvin are one letter.
#[derive(Debug)]
struct Fold {
    /// By code point, below 0x800: two bytes of UTF-8.
    near: Vec<char>,
    far: HashMap<char, char>,
}

impl Fold {
    /// For texts that hold no other letters.
    fn of(letters: impl Iterator<Item = char>) -> Self {
        let near = ('\0'..'\u{800}').collect();
        let mut fold = Self { near, far: HashMap::new() };
        for letter in letters {
            let mut same = ClassUnicode::new([ClassUnicodeRange::new(letter, letter)]);
            same.case_fold_simple();
            let Some(one) = same.ranges().first().map(ClassUnicodeRange::start) else { continue };
            for other in same.ranges().iter().flat_map(|range| range.start()..=range.end()) {
                match fold.near.get_mut(other as usize) {
                    Some(place) => *place = one,
                    None => {
                        fold.far.insert(other, one);
                    }
                }
            }
        }
        fold
    }

    fn push(&self, text: &str, folded: &mut String) {
        folded.extend(text.chars().map(|letter| match self.near.get(letter as usize) {
            Some(&same) => same,
            None => self.far.get(&letter).copied().unwrap_or(letter),
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_the_same_in_any_case() {
        let mut builder = Builder::default();
        let needs = builder.needs(r"(?:ask|счёт)\s+\w+\?");
        let filter = builder.build().unwrap();
        let mut hits = Hits::default();
        for (sentence, meets) in [
            ("Ask Ann?", true),
            ("A\u{17f}\u{212a} Ann?", true),
            ("СЧЁТ ок?", true),
            ("счет ок?", false),
            ("Ask Ann.", false),
            ("", false),
        ] {
            filter.look(sentence, &mut hits);
            assert_eq!(hits.meet(&needs), meets, "{sentence}");
        }
        assert!(Hits::everything().meet(&needs));
    }
}
