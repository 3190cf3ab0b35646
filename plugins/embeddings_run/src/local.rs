//! The local embedder: feature hashing.
//!
//! A text becomes a bag of features: stems of its words, pairs of neighbouring stems, character
//! 3- to 5-grams of the words (so that misspelt and unseen forms come near), and the concepts of a
//! small thesaurus (so that `costs exceed` comes near `budget overrun`, and near `перерасход
//! бюджета`). Each feature is hashed to one of `dim` places with a sign of plus or minus, and the
//! weights are summed there; the sign makes collisions cancel out on average, which keeps inner
//! products unbiased (K. Weinberger, A. Dasgupta, J. Langford, A. Smola, J. Attenberg: *Feature
//! Hashing for Large Scale Multitask Learning*, ICML 2009). The vector is scaled to unit length.
//!
//! It is deterministic, needs no model file, and takes microseconds. It knows words, not meaning:
//! beyond the thesaurus, two texts are near only if they share words or parts of words.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

use crate::{
    concepts,
    words::{is_stop_word, stem, words},
};

/// Raised whenever the features change, so that stored vectors are made again.
pub const VERSION: u32 = 1;

const WORD: f32 = 1.0;
const STOP_WORD: f32 = 0.1;
const PAIR: f32 = 0.4;
/// For all n-grams of a word together.
const GRAMS: f32 = 0.9;
const CONCEPT: f32 = 1.6;

/// Features by their hash, with how often each was met and its weight. The hash is one already.
type Features = HashMap<u64, (f32, f32), BuildHasherDefault<AsItIs>>;

/// A text's vector, of unit length; all zero for a text without words.
pub fn embed(text: &str, dim: usize) -> Vec<f32> {
    let mut vector = vec![0.0; dim];
    for (hash, (count, weight)) in features(text) {
        let sign = if hash >> 63 == 0 { 1.0 } else { -1.0 };
        // The remainder fits: it is less than `dim`.
        let place = (hash % dim as u64) as usize;
        // A word said often counts more, but less each time.
        vector[place] += sign * weight * (1.0 + count.ln());
    }
    crate::vector::normalize(&mut vector);
    vector
}

fn features(text: &str) -> Features {
    let words = words(text);
    let mut counted = Features::with_capacity_and_hasher(
        (8 * words.len()).min(1 << 16),
        BuildHasherDefault::default(),
    );
    let mut add = |feature: Feature, weight: f32, times: f32| {
        let (count, kept) = counted.entry(feature.hash()).or_insert((0.0, weight));
        *count += times;
        *kept = kept.max(weight);
    };
    // A word's features are the same each time it is met.
    let mut distinct: HashMap<&str, Word> = HashMap::new();
    let mut before: Option<Feature> = None;
    for word in &words {
        let word = distinct.entry(word).or_insert_with(|| Word::of(word));
        word.times += 1.0;
        if !word.is_stop {
            if let Some(before) = before {
                add(before.with(" ").with(&word.stem), PAIR, 1.0);
            }
            before = Some(Feature::of("p:").with(&word.stem));
        }
    }
    for (text, word) in &distinct {
        let times = word.times;
        if word.is_stop {
            add(Feature::of("w:").with(&word.stem), STOP_WORD, times);
            continue;
        }
        add(Feature::of("w:").with(&word.stem), WORD, times);
        for concept in concepts::of(text) {
            add(Feature::of("c:").with(concept), CONCEPT, times);
        }
        // Character 3- to 5-grams of the word between marks of its start and end.
        let letters = std::iter::once('<').chain(word.stem.chars()).chain(['>']);
        let letters: Vec<char> = letters.collect();
        let grams = (3..=5).map(|n| (letters.len() + 1).saturating_sub(n)).sum::<usize>();
        // A unit-length share: the grams of a long word weigh no more than those of a short one.
        let weight = GRAMS / (grams.max(1) as f32).sqrt();
        for gram in (3..=5).flat_map(|n| letters.windows(n)) {
            let mut bytes = [0; 4];
            let start = Feature::of("g:");
            let feature = gram.iter().fold(start, |f, c| f.with(c.encode_utf8(&mut bytes)));
            add(feature, weight, times);
        }
    }
    counted
}

/// What is known of a word, and how often it was met.
struct Word {
    stem: String,
    is_stop: bool,
    times: f32,
}

impl Word {
    fn of(word: &str) -> Self {
        Self { stem: stem(word), is_stop: is_stop_word(word), times: 0.0 }
    }
}

/// A feature's hash in the making: FNV-1a, 64 bits. No text is made of it, as there are hundreds for
/// each word.
#[derive(Clone, Copy)]
struct Feature(u64);

impl Feature {
    fn of(kind: &str) -> Self {
        Self(0xcbf2_9ce4_8422_2325).with(kind)
    }

    fn with(self, text: &str) -> Self {
        Self(text.bytes().fold(self.0, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        }))
    }

    /// With a final mix: the plain hash's top bits differ little between short texts.
    fn hash(self) -> u64 {
        let hash = (self.0 ^ (self.0 >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        hash ^ (hash >> 33)
    }
}

/// A hasher for keys that are hashes.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.0 = (self.0 << 8) | u64::from(byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vector::dot;

    fn similarity(one: &str, other: &str) -> f32 {
        dot(&embed(one, 256), &embed(other, 256))
    }

    #[test]
    fn a_vector_has_unit_length_and_never_changes() {
        let vector = embed("The budget is 20% over", 256);
        assert!((dot(&vector, &vector) - 1.0).abs() < 1e-5);
        assert_eq!(vector, embed("The budget is 20% over", 256));
        assert!(embed("!!!", 256).iter().all(|x| *x == 0.0));
    }

    #[test]
    fn stored_vectors_and_new_ones_share_the_hash() {
        // Computed apart from this code; another value needs another VERSION.
        assert_eq!(Feature::of("w:").with("budget").hash(), 0x24bd_128f_11b8_bb50);
        assert_eq!(Feature::of("w:bud").with("get").hash(), Feature::of("w:budget").hash());
    }

    #[test]
    fn nearer_texts_have_nearer_vectors() {
        for (query, near, far) in [
            ("budget overrun", "Costs exceed the plan by a fifth.", "Lunch is at one, who is in?"),
            ("budget overrun", "Перерасход бюджета, нужно решение.", "Обед в час, кто идёт?"),
            ("задержка релиза", "Релиз задерживается на неделю.", "Бюджет утверждён."),
            ("deployment", "We deployed on Friday.", "We hired two people."),
            ("kubernets", "Kubernetes needs more memory.", "The party is on Friday."),
        ] {
            let (near, far) = (similarity(query, near), similarity(query, far));
            assert!(near > far + 0.15, "{query}: {near} against {far}");
        }
    }

    #[test]
    fn texts_without_common_words_are_far_apart() {
        let score = similarity("quarterly budget review", "Anna lost her umbrella on the train");
        assert!(score.abs() < 0.25, "{score}");
    }
}
