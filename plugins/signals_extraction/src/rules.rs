//! The rules file: parsed, checked and compiled.

use std::sync::{Arc, LazyLock};

use regex::{Regex, RegexBuilder};
use serde::Deserialize;
use uuid::Uuid;

use crate::filter::{Builder, Filter, Hits, Needs};

const BUILT_IN: &str = include_str!("../rules.toml");

/// What a signal says about the project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A date is in danger or was missed.
    DeadlineRisk,
    /// Somebody cannot go on.
    Blocker,
    /// Money.
    Budget,
    /// Somebody is unhappy.
    NegativeSentiment,
    /// Something was decided.
    Decision,
    /// A question nobody else answered in time.
    UnansweredQuestion,
}

impl Kind {
    /// The name in the database and in views.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DeadlineRisk => "deadline_risk",
            Self::Blocker => "blocker",
            Self::Budget => "budget",
            Self::NegativeSentiment => "negative_sentiment",
            Self::Decision => "decision",
            Self::UnansweredQuestion => "unanswered_question",
        }
    }
}

/// Why a rules file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// Not the form of a rules file.
    #[error("{0}")]
    Form(#[from] toml::de::Error),
    /// A pattern that is no regular expression.
    #[error("rule `{rule}`, pattern `{pattern}`: {source}")]
    Pattern {
        /// The rule's name.
        rule: String,
        /// The pattern as written.
        pattern: String,
        /// What is wrong with it.
        source: Box<regex::Error>,
    },
    /// A rule whose fields make no sense together.
    #[error("rule `{rule}`: {message}")]
    Rule {
        /// The rule's name.
        rule: String,
        /// What is wrong.
        message: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: String,
    rule: Vec<Source>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    name: String,
    kind: Kind,
    lang: Lang,
    weight: f64,
    confidence: f64,
    any: Vec<String>,
    #[serde(default)]
    unless: Vec<String>,
    #[serde(default, rename = "match")]
    matching: Vec<String>,
    #[serde(default)]
    skip: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Lang {
    En,
    Ru,
}

/// A rule, compiled.
#[derive(Debug)]
pub struct Rule {
    /// Its name in the file.
    pub name: String,
    /// What it finds.
    pub kind: Kind,
    /// 0..1, how much a finding matters.
    pub weight: f64,
    /// 0..1, how seldom it is wrong.
    pub confidence: f64,
    any: Vec<Pattern>,
    unless: Vec<Pattern>,
    #[cfg_attr(not(test), expect(dead_code, reason = "tests count patterns per language"))]
    lang: Lang,
}

#[derive(Debug)]
struct Pattern {
    regex: Regex,
    needs: Needs,
}

impl Rule {
    /// Whether the rule fires on a sentence, given what [`Rules::look`] found in it.
    pub fn fires(&self, sentence: &str, hits: &Hits) -> bool {
        let matches =
            |pattern: &Pattern| hits.meet(&pattern.needs) && pattern.regex.is_match(sentence);
        self.any.iter().any(matches) && !self.unless.iter().any(matches)
    }
}

/// A rules file, compiled.
#[derive(Debug)]
pub struct Rules {
    /// The file's version and a digest of its text: an edit that forgets the version counts too.
    pub version: String,
    /// All rules, in the file's order.
    pub rules: Vec<Rule>,
    filter: Option<Filter>,
}

impl Rules {
    /// The rules that come with the plugin, compiled once in a process.
    ///
    /// # Errors
    /// [`RulesError`]; a test keeps the committed file free of it.
    pub fn built_in() -> Result<Arc<Self>, &'static RulesError> {
        static COMPILED: LazyLock<Result<Arc<Rules>, RulesError>> =
            LazyLock::new(|| Rules::parse(BUILT_IN).map(Arc::new));
        COMPILED.as_ref().map(Arc::clone)
    }

    /// Reads a rules file, and holds each rule to its own examples.
    ///
    /// # Errors
    /// [`RulesError`] naming the rule.
    pub fn parse(text: &str) -> Result<Self, RulesError> {
        let file: File = toml::from_str(text)?;
        let digest = Uuid::new_v5(&Uuid::NAMESPACE_OID, text.as_bytes()).simple().to_string();
        let version = format!("{}+{}", file.version, &digest[..8]);
        let mut builder = Builder::default();
        let rules = file.rule.into_iter().map(|source| compile(source, &mut builder));
        let rules = rules.collect::<Result<_, _>>()?;
        Ok(Self { version, rules, filter: builder.build() })
    }

    /// Finds which patterns are worth a try on a sentence.
    pub fn look(&self, sentence: &str, hits: &mut Hits) {
        match &self.filter {
            Some(filter) => filter.look(sentence, hits),
            None => *hits = Hits::everything(),
        }
    }
}

fn compile(source: Source, filter: &mut Builder) -> Result<Rule, RulesError> {
    let fault = |message: String| RulesError::Rule { rule: source.name.clone(), message };
    if source.any.is_empty() {
        return Err(fault("`any` needs at least one pattern".into()));
    }
    for (name, value) in [("weight", source.weight), ("confidence", source.confidence)] {
        if !(0.0..=1.0).contains(&value) {
            return Err(fault(format!("{name} must be from 0 to 1, not {value}")));
        }
    }
    let mut all = |patterns: &[String]| -> Result<Vec<Pattern>, RulesError> {
        patterns.iter().map(|pattern| compile_pattern(&source.name, pattern, filter)).collect()
    };
    let rule = Rule {
        name: source.name.clone(),
        kind: source.kind,
        weight: source.weight,
        confidence: source.confidence,
        any: all(&source.any)?,
        unless: all(&source.unless)?,
        lang: source.lang,
    };
    let fires = |sentence: &&String| rule.fires(sentence, &Hits::everything());
    if let Some(sentence) = source.matching.iter().find(|sentence| !fires(sentence)) {
        return Err(fault(format!("does not match its own example `{sentence}`")));
    }
    if let Some(sentence) = source.skip.iter().find(fires) {
        return Err(fault(format!("matches `{sentence}`, which it must skip")));
    }
    let unused = rule.any.iter().zip(&source.any).find(|(pattern, _)| {
        !source.matching.is_empty() && !source.matching.iter().any(|s| pattern.regex.is_match(s))
    });
    if let Some((_, pattern)) = unused {
        return Err(fault(format!("no example in `match` shows the pattern `{pattern}`")));
    }
    Ok(rule)
}

/// Mail wraps lines anywhere, so that a space in a pattern has to match a line end too.
fn compile_pattern(rule: &str, pattern: &str, filter: &mut Builder) -> Result<Pattern, RulesError> {
    let text = format!(r"\b(?:{})", pattern.replace(' ', r"\s+"));
    let regex = RegexBuilder::new(&text).case_insensitive(true).build();
    let regex = regex.map_err(|source| RulesError::Pattern {
        rule: rule.into(),
        pattern: pattern.into(),
        source: Box::new(source),
    })?;
    Ok(Pattern { regex, needs: filter.needs(&text) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: &str = r#"
        version = "1"
        [[rule]]
        name = "late"
        kind = "deadline_risk"
        lang = "en"
        weight = 0.5
        confidence = 0.5
        any = ['too late']
    "#;

    #[test]
    fn the_committed_rules_hold_to_their_own_examples() {
        if let Err(error) = Rules::built_in() {
            panic!("{error}");
        }
    }

    #[test]
    fn what_is_not_tried_would_not_match() {
        let rules = Rules::built_in().unwrap();
        let file: File = toml::from_str(BUILT_IN).unwrap();
        let examples = file.rule.iter().flat_map(|rule| rule.matching.iter().chain(&rule.skip));
        let mut hits = Hits::default();
        let (mut fired, mut tried) = (0, 0);
        for sentence in examples.flat_map(|text| [text.clone(), text.to_uppercase()]) {
            rules.look(&sentence, &mut hits);
            for rule in &rules.rules {
                let fires = rule.fires(&sentence, &hits);
                assert_eq!(fires, rule.fires(&sentence, &Hits::everything()), "{sentence}");
                fired += usize::from(fires);
                tried += rule.any.iter().filter(|pattern| hits.meet(&pattern.needs)).count();
            }
        }
        assert!(tried < 4 * fired, "{tried} patterns tried for {fired} rules that fire");
    }

    #[test]
    fn each_kind_has_at_least_twelve_patterns_in_each_language() {
        let rules = Rules::built_in().unwrap();
        let kinds = [
            Kind::DeadlineRisk,
            Kind::Blocker,
            Kind::Budget,
            Kind::NegativeSentiment,
            Kind::Decision,
            Kind::UnansweredQuestion,
        ];
        for kind in kinds {
            for lang in [Lang::En, Lang::Ru] {
                let of = rules.rules.iter().filter(|r| r.kind == kind && r.lang == lang);
                let count: usize = of.map(|rule| rule.any.len()).sum();
                assert!(count >= 12, "{kind:?} {lang:?} has {count}");
            }
        }
    }

    #[test]
    fn a_bad_pattern_names_its_rule() {
        let error = Rules::parse(&RULE.replace("too late", "too (late")).unwrap_err().to_string();
        assert!(error.contains("rule `late`") && error.contains("too (late"), "{error}");
    }

    #[test]
    fn an_example_that_fails_names_its_rule() {
        let error = Rules::parse(&format!("{RULE}\nmatch = ['on time']")).unwrap_err().to_string();
        assert!(error.contains("rule `late`") && error.contains("on time"), "{error}");
        let error = Rules::parse(&format!("{RULE}\nskip = ['too late']")).unwrap_err().to_string();
        assert!(error.contains("must skip"), "{error}");
    }

    #[test]
    fn a_weight_out_of_range_is_refused() {
        let text = RULE.replace("weight = 0.5", "weight = 5");
        assert!(Rules::parse(&text).unwrap_err().to_string().contains("weight"));
    }

    #[test]
    fn any_edit_changes_the_version() {
        let one = Rules::parse(RULE).unwrap().version;
        let other = Rules::parse(&RULE.replace("confidence = 0.5", "confidence = 0.6")).unwrap();
        assert_ne!(one, other.version);
        assert_eq!(one, Rules::parse(RULE).unwrap().version);
    }

    #[test]
    fn a_space_in_a_pattern_matches_a_wrapped_line() {
        let rules = Rules::parse(RULE).unwrap();
        assert!(rules.rules[0].fires("It is too\nlate.", &Hits::everything()));
    }
}
