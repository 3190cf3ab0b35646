//! Tables in a line: `{ a = 1, b = 2 }`. The space before the brace belongs to the last value.

use toml_edit::{InlineTable, RawString};

/// Makes a change and sees that the last value has the end of the line again.
pub(super) fn change(table: &mut InlineTable, change: impl FnOnce(&mut InlineTable)) {
    let suffix =
        |raw: Option<&RawString>| raw.and_then(RawString::as_str).unwrap_or_default().to_owned();
    let end = table.iter().last().map(|(_, value)| suffix(value.decor().suffix()));
    change(table);
    let last = table.len().saturating_sub(1);
    for (at, (_, value)) in table.iter_mut().enumerate() {
        let own = suffix(value.decor().suffix());
        if !own.trim().is_empty() {
            continue;
        }
        match &end {
            Some(end) if at == last => value.decor_mut().set_suffix(end),
            Some(_) => value.decor_mut().set_suffix(""),
            None => {}
        }
    }
}
