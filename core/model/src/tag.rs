//! Free words by which runs are found.

use std::collections::BTreeSet;

/// The most tags of a run, and of a job.
pub const MOST_TAGS: usize = 16;
/// The most bytes of a tag.
pub const LONGEST_TAG: usize = 64;

/// Tags in their order, each once.
///
/// # Errors
/// What is wrong with them: too many, one that is empty or too long, or one with characters that nobody sees.
pub fn tags(given: Vec<String>) -> Result<Vec<String>, String> {
    let tags: BTreeSet<_> = given.into_iter().collect();
    if tags.len() > MOST_TAGS {
        return Err(format!("{} tags are too many: at most {MOST_TAGS}", tags.len()));
    }
    match tags.iter().find_map(|tag| fault(tag)) {
        Some(fault) => Err(fault),
        None => Ok(tags.into_iter().collect()),
    }
}

/// What is wrong with a tag.
pub fn fault(tag: &str) -> Option<String> {
    if !(1..=LONGEST_TAG).contains(&tag.len()) {
        return Some(format!("a tag has 1 to {LONGEST_TAG} bytes"));
    }
    if tag.trim() != tag || tag.chars().any(char::is_control) {
        return Some("a tag has no space at either end and no control characters".into());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_in_order_and_each_once() {
        let given = ["b", "a, c", "b"].map(String::from).to_vec();
        assert_eq!(tags(given), Ok(vec!["a, c".to_owned(), "b".to_owned()]));
        assert_eq!(tags(Vec::new()), Ok(Vec::new()));
    }

    #[test]
    fn what_nobody_could_look_for_is_refused() {
        for bad in ["", " a", "a ", "a\nb", "\0", &"x".repeat(65)] {
            assert!(tags(vec![bad.to_owned()]).is_err(), "{bad:?}");
        }
        assert!(tags(vec!["x".repeat(64)]).is_ok());
        let many = (0..17).map(|n| n.to_string()).collect();
        assert!(tags(many).unwrap_err().contains("at most 16"));
    }
}
