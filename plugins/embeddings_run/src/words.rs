//! Text to words, and words to what several forms of them share.

use std::{collections::HashSet, sync::LazyLock};

/// Lower-cased words of letters and digits, with `ё` as `е`. A hyphen or apostrophe within a word
/// parts it.
pub fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| {
            let lower = word.to_lowercase();
            if lower.contains('ё') { lower.replace('ё', "е") } else { lower }
        })
        .collect()
}

/// Words that say little of what a text is about.
pub fn is_stop_word(word: &str) -> bool {
    const ENGLISH: &[&str] = &[
        "a", "about", "after", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be",
        "been", "but", "by", "can", "could", "did", "do", "does", "for", "from", "had", "has",
        "have", "he", "her", "here", "hi", "his", "how", "i", "if", "in", "into", "is", "it",
        "its", "just", "me", "my", "no", "not", "of", "on", "or", "our", "out", "s", "she", "so",
        "some", "t", "than", "that", "the", "their", "them", "then", "there", "they", "this", "to",
        "up", "us", "was", "we", "were", "what", "when", "which", "who", "will", "with", "would",
        "you", "your",
    ];
    const RUSSIAN: &[&str] = &[
        "а",
        "без",
        "бы",
        "был",
        "была",
        "были",
        "было",
        "быть",
        "в",
        "вам",
        "вас",
        "во",
        "вот",
        "все",
        "вы",
        "где",
        "да",
        "для",
        "до",
        "его",
        "ее",
        "если",
        "есть",
        "еще",
        "же",
        "за",
        "и",
        "из",
        "или",
        "им",
        "их",
        "к",
        "как",
        "ко",
        "когда",
        "кто",
        "ли",
        "мне",
        "мы",
        "на",
        "нам",
        "нас",
        "не",
        "него",
        "нет",
        "ни",
        "но",
        "ну",
        "о",
        "об",
        "он",
        "она",
        "они",
        "от",
        "по",
        "под",
        "при",
        "с",
        "со",
        "так",
        "там",
        "то",
        "тоже",
        "только",
        "тут",
        "ты",
        "у",
        "уже",
        "что",
        "чтобы",
        "это",
        "этот",
        "я",
    ];
    static ALL: LazyLock<HashSet<&str>> =
        LazyLock::new(|| ENGLISH.iter().chain(RUSSIAN).copied().collect());
    ALL.contains(word)
}

/// The part that a word's common forms share. Light on purpose: it cuts endings and knows no
/// exceptions, since both the text and the query go through it.
pub fn stem(word: &str) -> String {
    if word.chars().all(|c| c.is_ascii_alphanumeric()) { english(word) } else { russian(word) }
}

fn english(word: &str) -> String {
    let cut = |ending: &str, keep: usize| word.strip_suffix(ending).filter(|s| s.len() >= keep);
    let stem = if let Some(stem) = cut("ies", 2) {
        return format!("{stem}y");
    } else if let Some(stem) = cut("ing", 3).or_else(|| cut("ed", 3).filter(|s| !s.ends_with('e')))
    {
        single_end(stem)
    } else if word.ends_with("ss") || word.ends_with("us") || word.ends_with("is") {
        word
    } else {
        cut("s", 3).unwrap_or(word)
    };
    // `exceeded`, `exceeds` and `exceed`, but also `price` and `pricing`.
    stem.strip_suffix('e').filter(|s| s.len() >= 3).unwrap_or(stem).to_owned()
}

/// `planned` is `plan`, though `missed` stays `miss`.
fn single_end(stem: &str) -> &str {
    let mut ends = stem.chars().rev();
    match (ends.next(), ends.next()) {
        (Some(a), Some(b)) if a == b && stem.len() > 3 && !"aeiouls".contains(a) => {
            &stem[..stem.len() - 1]
        }
        _ => stem,
    }
}

fn russian(word: &str) -> String {
    // Longest first.
    const ENDINGS: &[&str] = &[
        "иями", "ются", "ется", "ится", "ятся", "ться", "ями", "ами", "ого", "его", "ому", "ему",
        "ыми", "ими", "ешь", "ишь", "ает", "яет", "ают", "яют", "или", "ыли", "ила", "ала", "али",
        "ать", "ять", "ить", "еть", "лся", "лась", "ый", "ий", "ой", "ая", "яя", "ое", "ее", "ые",
        "ие", "ую", "юю", "ов", "ев", "ей", "ам", "ям", "ах", "ях", "ом", "ем", "им", "ым", "их",
        "ых", "ия", "ию", "ии", "ть", "ла", "ло", "ли", "а", "я", "о", "е", "ы", "и", "у", "ю",
        "ь", "й", "л",
    ];
    let kept = |stem: &&str| stem.chars().count() >= 3;
    let stem = ENDINGS.iter().find_map(|ending| word.strip_suffix(ending).filter(kept));
    stem.unwrap_or(word).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_word_share_a_stem() {
        for forms in [
            &["cost", "costs", "costing"][..],
            &["exceed", "exceeds", "exceeded", "exceeding"],
            &["price", "prices", "priced", "pricing"],
            &["plan", "plans", "planned", "planning"],
            &["delay", "delays", "delayed"],
            &["reply", "replies"],
            &["бюджет", "бюджета", "бюджету", "бюджетом", "бюджеты"],
            &["задержка", "задержки", "задержку", "задержкой"],
            &["новый", "новая", "нового", "новые"],
        ] {
            let stems: std::collections::BTreeSet<_> = forms.iter().map(|w| stem(w)).collect();
            assert_eq!(stems.len(), 1, "{forms:?}: {stems:?}");
        }
    }

    #[test]
    fn different_words_keep_different_stems() {
        for (one, other) in [("miss", "mist"), ("status", "state"), ("срок", "сорок"), ("is", "i")]
        {
            assert_ne!(stem(one), stem(other));
        }
    }

    #[test]
    fn words_are_lower_case_without_marks() {
        assert_eq!(
            words("Ещё раз: Q3-plan, it's 42%!"),
            ["еще", "раз", "q3", "plan", "it", "s", "42"]
        );
    }
}
