//! Cuts a body into sentences, as byte ranges. A signal's evidence is a sentence: long enough to
//! read as a quote, short enough to point at.

use std::ops::Range;

/// A line at least this long was probably wrapped by a mail program rather than ended by a person.
const WRAPPED: usize = 55;

/// Bytes of the longest sentence. A longer one is none that a person wrote, and is cut between words:
/// patterns take time with its length, and its evidence would not show where they matched.
const LONGEST: usize = 800;

/// The sentences of a body, without quoted lines (`>`): what was quoted was a signal where it was
/// first said.
pub fn sentences(body: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut open: Option<Range<usize>> = None;
    let mut at = 0;
    for line in body.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let text = line.trim();
        if text.is_empty() || text.starts_with('>') {
            found.extend(open.take());
            continue;
        }
        let item = text.starts_with(['-', '*', '•']);
        if item {
            found.extend(open.take());
        }
        let from = open.take().map_or(start, |open| open.start);
        let rest = cut(body, from, start + line.trim_end().len(), &mut found);
        open = rest;
        if text.chars().count() < WRAPPED {
            found.extend(open.take());
        }
    }
    found.extend(open);
    let pieces = found.into_iter().flat_map(|range| pieces(body, range));
    pieces.filter_map(|range| trimmed(body, range)).collect()
}

/// A sentence in pieces of at most `LONGEST` bytes, cut at white space where there is any.
fn pieces(body: &str, whole: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let mut start = whole.start;
    std::iter::from_fn(move || {
        if start >= whole.end {
            return None;
        }
        let mut end = whole.end;
        if end - start > LONGEST {
            end = body.floor_char_boundary(start + LONGEST);
            if let Some(space) = body[start..end].rfind(char::is_whitespace).filter(|&at| at > 0) {
                end = start + space;
            }
        }
        let piece = start..end;
        start = end;
        Some(piece)
    })
}

/// Pushes the whole sentences of `from..to`, returns what is not ended yet.
fn cut(body: &str, from: usize, to: usize, found: &mut Vec<Range<usize>>) -> Option<Range<usize>> {
    let mut start = from;
    let mut characters = body[from..to].char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        let ends = matches!(character, '.' | '!' | '?' | '…');
        let then_space = characters.peek().is_none_or(|(_, next)| next.is_whitespace());
        if ends && then_space {
            let end = from + at + character.len_utf8();
            found.push(start..end);
            start = end;
        }
    }
    (start < to).then_some(start..to)
}

fn trimmed(body: &str, range: Range<usize>) -> Option<Range<usize>> {
    let text = &body[range.clone()];
    let start = range.start + (text.len() - text.trim_start().len());
    let end = range.end - (text.len() - text.trim_end().len());
    (start < end).then_some(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(body: &str) -> Vec<&str> {
        sentences(body).into_iter().map(|range| &body[range]).collect()
    }

    #[test]
    fn marks_and_line_ends_end_a_sentence() {
        let body = "Hi all,\nWe are late. Are we?  Да!\n\n- first\n- second";
        assert_eq!(
            texts(body),
            ["Hi all,", "We are late.", "Are we?", "Да!", "- first", "- second"]
        );
    }

    #[test]
    fn a_wrapped_line_goes_on() {
        let body = "The quick brown fox jumps over the lazy dog and then it runs\naway home. Bye";
        assert_eq!(texts(body)[0], &body[..71]);
        assert_eq!(texts(body)[1], "Bye");
    }

    #[test]
    fn versions_and_addresses_do_not_end_a_sentence() {
        assert_eq!(
            texts("Use v1.2 of example.org/a?b=1 now."),
            ["Use v1.2 of example.org/a?b=1 now."]
        );
    }

    #[test]
    fn quoted_lines_are_left_out() {
        assert_eq!(texts("Yes.\n> We are blocked.\nThanks"), ["Yes.", "Thanks"]);
    }
}
