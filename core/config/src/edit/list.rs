//! Items of a list, which may stand in one line or in many, with comments between.
//!
//! The text before an item runs from the comma of the item before: what of it stands in that line is
//! a comment on that one; what stands in lines of its own is about the item that follows.

use toml_edit::{Array, RawString, Value};

fn text(raw: Option<&RawString>) -> &str {
    raw.and_then(RawString::as_str).unwrap_or_default()
}

fn prefix(array: &Array, at: usize) -> String {
    array.get(at).map(|item| text(item.decor().prefix()).to_owned()).unwrap_or_default()
}

fn suffix(array: &Array, at: usize) -> String {
    array.get(at).map(|item| text(item.decor().suffix()).to_owned()).unwrap_or_default()
}

/// What still belongs to the line before.
fn lead(gap: &str) -> &str {
    gap.find('\n').map_or(gap, |at| &gap[..at])
}

/// The lines of its own.
fn rest(gap: &str) -> &str {
    gap.find('\n').map_or("", |at| &gap[at..])
}

/// A new line and the indent, if the text has more than one line.
fn indent(gap: &str) -> Option<&str> {
    gap.rfind('\n').map(|at| &gap[at..])
}

/// The same, unless it says nothing.
fn if_comment(lead: &str) -> &str {
    if lead.contains('#') { lead } else { "" }
}

fn set_prefix(array: &mut Array, at: usize, gap: String) {
    if let Some(item) = array.get_mut(at) {
        item.decor_mut().set_prefix(gap);
    }
}

fn set_suffix(array: &mut Array, at: usize, gap: String) {
    if let Some(item) = array.get_mut(at) {
        item.decor_mut().set_suffix(gap);
    }
}

/// Items from the end of a list that are set aside while those before them change. With thousands behind it, each
/// item that comes or goes would move them all.
#[derive(Default)]
pub(super) struct Behind(Vec<Value>);

impl Behind {
    /// Sets aside what is behind the item at `at`, which stays: [`insert`] and [`remove`] look at the next item.
    pub(super) fn take(&mut self, array: &mut Array, at: usize) {
        for last in (at + 1..array.len()).rev() {
            self.0.push(array.remove(last));
        }
    }

    /// Puts all of it back to the end.
    pub(super) fn put_back(self, array: &mut Array) {
        self.0.into_iter().rev().for_each(|item| array.push_formatted(item));
    }
}

/// Takes an item out, and the comments on it.
pub fn remove(array: &mut Array, at: usize) {
    let (before, after) = (prefix(array, at), suffix(array, at));
    array.remove(at);
    if at < array.len() {
        let next = prefix(array, at);
        let own = match rest(&next) {
            "" => indent(&before).unwrap_or_default(),
            lines => lines,
        };
        let gap = format!("{}{own}", lead(&before));
        set_prefix(array, at, gap);
    } else if array.trailing_comma() && !array.is_empty() {
        let trailing = text(Some(array.trailing())).to_owned();
        array.set_trailing(format!("{}{}", if_comment(lead(&before)), rest(&trailing)));
    } else if let Some(last) = array.len().checked_sub(1) {
        let gap = format!("{}{}", if_comment(lead(&before)), rest(&after));
        set_suffix(array, last, gap);
    } else {
        array.set_trailing_comma(false);
        if !text(Some(array.trailing())).contains('#') {
            array.set_trailing("");
        }
    }
}

/// Puts an item before the one at `at`, or at the end, laid out as its neighbours are.
pub fn insert(array: &mut Array, at: usize, mut value: Value) {
    let Some(last) = array.len().checked_sub(1) else {
        array.push_formatted(value);
        return;
    };
    let sample = prefix(array, at.min(last));
    let line = indent(&sample);
    if at <= last {
        let own = match rest(&sample) {
            "" => " ",
            lines => lines,
        };
        let own = own.to_owned();
        set_prefix(array, at, own);
        value.decor_mut().set_prefix(format!("{}{}", lead(&sample), line.unwrap_or_default()));
        array.insert_formatted(at, value);
        return;
    }
    let after = match array.trailing_comma() {
        true => text(Some(array.trailing())).to_owned(),
        false => suffix(array, last),
    };
    let comment = if_comment(lead(&after));
    // A comment ends its line.
    let line = line.unwrap_or(if comment.is_empty() { " " } else { "\n" });
    value.decor_mut().set_prefix(format!("{comment}{line}"));
    let end = if after.contains('\n') { rest(&after) } else { &after }.to_owned();
    if array.trailing_comma() {
        array.set_trailing(end);
    } else {
        set_suffix(array, last, String::new());
        value.decor_mut().set_suffix(end);
    }
    array.push_formatted(value);
}
