//! Comments around a key that goes. Those right above it go with it; those with an empty line between
//! are about what follows as a whole, and stay.

use toml_edit::{DocumentMut, Item, RawString, Table};

use super::inline;

/// Comments that outlive what they stood above.
pub(super) struct Kept {
    text: String,
    /// The place of the table they stood above.
    position: Option<isize>,
}

fn text(raw: Option<&RawString>) -> &str {
    raw.and_then(RawString::as_str).unwrap_or_default()
}

/// What of the text above a key is about more than this key.
fn about_more(above: &str) -> &str {
    let above = above.rfind("\n\n").map_or("", |at| &above[..=at]);
    if above.contains('#') { above } else { "" }
}

fn join(kept: &str, own: &str) -> String {
    let gap = if own.starts_with('\n') { "" } else { "\n" };
    format!("{kept}{gap}{own}")
}

/// Takes a key out of a table. What is said above it of more than this key goes above the next key of
/// the table; comments above a `[table]` are returned.
pub(super) fn take_out(parent: &mut Item, key: &str) -> Option<Kept> {
    let Item::Table(table) = parent else {
        if let Some(table) = parent.as_inline_table_mut() {
            inline::change(table, |table| {
                table.remove(key);
            });
        }
        return None;
    };
    let next = table.iter().skip_while(|(k, _)| *k != key).nth(1).map(|(k, _)| k.to_owned());
    let above = table.key(key).map(|key| text(key.leaf_decor().prefix()).to_owned());
    match table.remove(key)? {
        Item::Table(gone) if !gone.is_dotted() => Some(Kept {
            text: about_more(text(gone.decor().prefix())).to_owned(),
            position: gone.position(),
        }),
        Item::Value(_) => {
            let kept = above.as_deref().map(about_more).filter(|kept| !kept.is_empty());
            if let (Some(kept), Some(next)) = (kept, next)
                && let Some(mut next) = table.key_mut(&next)
            {
                let own = text(next.leaf_decor().prefix()).to_owned();
                next.leaf_decor_mut().set_prefix(join(kept, &own));
            }
            None
        }
        _ => None,
    }
}

/// Puts what a table left behind above the next table of the text, or at its end.
pub(super) fn put_back(document: &mut DocumentMut, kept: Option<Kept>) {
    let Some(Kept { text: kept, position }) = kept.filter(|kept| !kept.text.is_empty()) else {
        return;
    };
    let next = next_position(document.as_table(), position);
    match next.and_then(|next| at_position(document.as_table_mut(), next)) {
        Some(table) => {
            let own = text(table.decor().prefix()).to_owned();
            table.decor_mut().set_prefix(join(&kept, &own));
        }
        None => {
            let trailing = text(Some(document.trailing())).to_owned();
            document.set_trailing(format!("{kept}{trailing}"));
        }
    }
}

fn tables(table: &Table) -> impl Iterator<Item = &Table> {
    table.iter().filter_map(|(_, item)| item.as_table())
}

fn next_position(table: &Table, after: Option<isize>) -> Option<isize> {
    let own = table.position().filter(|own| {
        !table.is_implicit() && !table.is_dotted() && after.is_some_and(|after| *own > after)
    });
    tables(table).filter_map(|inner| next_position(inner, after)).chain(own).min()
}

fn at_position(table: &mut Table, position: isize) -> Option<&mut Table> {
    if table.position() == Some(position) && !table.is_implicit() {
        return Some(table);
    }
    let mut inner = table.iter_mut().filter_map(|(_, item)| item.as_table_mut());
    inner.find_map(|inner| at_position(inner, position))
}
