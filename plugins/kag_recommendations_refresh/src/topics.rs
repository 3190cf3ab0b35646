//! What messages are about.
//!
//! A topic is a term that some messages share and most do not. Terms are single words, pairs of
//! words, and *names*: what stands in a mail's subject or in quotation marks, up to four words. Of
//! the terms in a signal's sentence the topic is the one with the highest
//! `sqrt(df) * ln(n / df) * boost`, where `df` of `n` messages have it (inverse document frequency,
//! Spärck Jones, 1972), and a name counts more than a pair, a pair more than a word.

use std::collections::{HashMap, HashSet};

/// Words that say nothing about a topic, English and Russian.
const STOP: &str = include_str!("../stop_words.txt");

/// The longest name in words.
const LONGEST_NAME: usize = 4;

/// A term on more than this share of messages tells nothing; so the name of a channel goes.
const TOO_COMMON: f64 = 0.35;

/// The terms of a project's messages.
#[derive(Debug, Default)]
pub struct Topics {
    stop: HashSet<&'static str>,
    names: HashSet<String>,
    messages_with: HashMap<String, usize>,
    messages: usize,
}

/// A topic in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    /// Lower case, one space between words.
    pub key: String,
    /// As written there.
    pub label: String,
}

impl Topics {
    /// Learns from subjects and bodies.
    pub fn learn<'a>(messages: impl Iterator<Item = (&'a str, &'a str)> + Clone) -> Self {
        let mut topics = Self { stop: STOP.split_whitespace().collect(), ..Self::default() };
        for (subject, body) in messages.clone() {
            topics.names.extend(quoted(body).chain([plain_subject(subject)]).filter_map(name));
        }
        for (subject, body) in messages {
            let terms = topics.terms(subject).into_iter().chain(topics.terms(body));
            let keys: HashSet<String> = terms.map(|term| term.key).collect();
            for key in keys {
                *topics.messages_with.entry(key).or_default() += 1;
            }
            topics.messages += 1;
        }
        topics
    }

    /// The topic of a sentence with what stands around it: a name in the sentence; or a name in
    /// the subject or the rest; or else any term of the sentence itself.
    pub fn of(&self, sentence: &str, around: &[&str]) -> Option<Topic> {
        let named = |text: &str| self.best(text, |key| self.names.contains(key));
        named(sentence)
            .or_else(|| around.iter().find_map(|text| named(text)))
            .or_else(|| self.best(sentence, |_| true))
    }

    fn best(&self, text: &str, wanted: impl Fn(&str) -> bool) -> Option<Topic> {
        let terms = self.terms(text).into_iter().filter(|term| wanted(&term.key));
        let ranked = terms.filter_map(|term| Some((self.value(&term.key)?, term)));
        // By key on a tie, so that each run finds the same.
        let best = ranked.max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.key.cmp(&a.1.key)));
        best.map(|(_, term)| term)
    }

    fn value(&self, key: &str) -> Option<f64> {
        let with = *self.messages_with.get(key)? as f64;
        let all = self.messages as f64;
        if with < 2.0 || (all >= 20.0 && with > all * TOO_COMMON) {
            return None;
        }
        let boost = match key.split(' ').count() {
            _ if self.names.contains(key) => 4.0,
            1 => 1.0,
            _ => 2.0,
        };
        Some(with.sqrt() * ((all + 1.0) / with).ln() * boost)
    }

    fn terms(&self, text: &str) -> Vec<Topic> {
        let words = words(text);
        let mut terms = Vec::new();
        for length in 1..=LONGEST_NAME {
            for window in words.windows(length) {
                let lower: Vec<String> = window.iter().map(|word| word.to_lowercase()).collect();
                let key = lower.join(" ");
                let telling = length <= 2 && lower.iter().all(|word| self.tells(word));
                if telling || self.names.contains(&key) {
                    terms.push(Topic { key, label: window.join(" ") });
                }
            }
        }
        terms
    }

    fn tells(&self, word: &str) -> bool {
        word.chars().count() >= 3
            && !self.stop.contains(word)
            && !word.chars().all(char::is_numeric)
    }
}

fn words(text: &str) -> Vec<&str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect()
}

/// A subject without `Re:`, `Fwd:` and the like.
fn plain_subject(subject: &str) -> &str {
    let mut rest = subject.trim();
    while let Some((prefix, after)) = rest.split_once(':') {
        let known = ["re", "fwd", "fw", "aw", "отв", "на"];
        if !known.contains(&prefix.trim().to_lowercase().as_str()) {
            break;
        }
        rest = after.trim();
    }
    rest
}

fn quoted(text: &str) -> impl Iterator<Item = &str> {
    let pairs = [('«', '»'), ('“', '”')];
    pairs.into_iter().flat_map(move |(open, close)| {
        text.split(open).skip(1).filter_map(move |rest| Some(rest.split_once(close)?.0))
    })
}

fn name(text: &str) -> Option<String> {
    let words = words(text);
    let fits = (1..=LONGEST_NAME).contains(&words.len());
    fits.then(|| words.join(" ").to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learnt() -> Topics {
        let texts = [
            ("Re: Data migration", "It is late."),
            ("", "the data migration slipped again"),
            ("", "тема «отчёт для клиента» стоит"),
            ("", "клиент ждёт отчёт для клиента"),
            ("", "lunch is late"),
        ];
        Topics::learn(texts.into_iter())
    }

    fn topic(text: &str) -> Option<String> {
        learnt().of(text, &[]).map(|topic| topic.key)
    }

    #[test]
    fn a_subject_names_a_topic_wherever_it_is_said() {
        assert_eq!(
            topic("Blocked on the Data Migration, sorry").as_deref(),
            Some("data migration")
        );
    }

    #[test]
    fn a_quoted_name_may_hold_words_that_tell_nothing_by_themselves() {
        assert_eq!(topic("где отчёт для клиента?").as_deref(), Some("отчёт для клиента"));
    }

    #[test]
    fn the_label_is_as_written() {
        let topic = learnt().of("no", &["Our Data migration"]).unwrap();
        assert_eq!(topic.label, "Data migration");
    }

    #[test]
    fn words_around_the_sentence_are_no_topic_unless_they_are_a_name() {
        assert_eq!(learnt().of("who knows?", &["clearly late"]), None);
        assert!(
            learnt()
                .of("it is late", &["data migration"])
                .is_some_and(|t| t.key == "data migration")
        );
    }

    #[test]
    fn what_one_message_says_is_no_topic() {
        assert_eq!(topic("lunch"), None);
    }

    #[test]
    fn what_nearly_all_messages_say_is_no_topic() {
        let texts = ["general", "general talk"].repeat(20);
        let topics = Topics::learn(texts.iter().map(|text| ("", *text)));
        assert_eq!(topics.of("general", &[]), None);
    }
}
