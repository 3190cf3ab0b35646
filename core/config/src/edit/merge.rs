//! Gives an item a new value and touches no more of the text than differs.

use serde_json::{Map, Value as Json};
use toml_edit::{Array, ArrayOfTables, Item, TableLike, Value};

use super::{
    comments, inline, inside_a_line,
    list::{self, Behind},
    new_table, put,
    value::{from_json, item_to_json, same, to_json},
};

pub(super) fn merge(item: &mut Item, json: &Json) {
    if same(&item_to_json(item), json) {
        return;
    }
    match (item, json) {
        (Item::Value(value), json) => merge_value(value, json),
        (item @ Item::Table(_), Json::Object(object)) => merge_table(item, object),
        (Item::ArrayOfTables(tables), Json::Array(items)) if items.iter().all(Json::is_object) => {
            merge_tables(tables, items);
        }
        (item, json) => *item = Item::Value(from_json(json)),
    }
}

fn merge_value(value: &mut Value, json: &Json) {
    if same(&to_json(value), json) {
        return;
    }
    match (&mut *value, json) {
        (Value::Array(array), Json::Array(items)) => merge_array(array, items),
        (Value::InlineTable(table), Json::Object(object)) => {
            inline::change(table, |table| {
                for key in keys_without(table, object) {
                    table.remove(&key);
                }
                for (key, json) in object {
                    match table.get_mut(key) {
                        Some(value) => merge_value(value, json),
                        None => {
                            table.insert(key, from_json(json));
                        }
                    }
                }
            });
        }
        (old, json) => {
            let mut new = match (&*old, json.as_f64()) {
                // A number with a point keeps it.
                (Value::Float(_), Some(number)) => number.into(),
                _ => from_json(json),
            };
            *new.decor_mut() = old.decor().clone();
            *old = new;
        }
    }
}

fn keys_without(table: &dyn TableLike, object: &Map<String, Json>) -> Vec<String> {
    let keys = table.iter().map(|(key, _)| key.to_owned());
    keys.filter(|key| !object.contains_key(key)).collect()
}

fn merge_table(item: &mut Item, object: &Map<String, Json>) {
    let gone = item.as_table_like().map(|table| keys_without(table, object)).unwrap_or_default();
    for key in gone {
        // Inside a table there is nothing that its own keys do not explain.
        comments::take_out(item, &key);
    }
    for (key, json) in object {
        let found = item.as_table_like_mut().and_then(|table| table.get_mut(key));
        match found.filter(|found| !found.is_none()) {
            Some(found) => merge(found, json),
            None => {
                let new = new_item(item, json, 3);
                put(item, key, new);
            }
        }
    }
}

fn merge_tables(tables: &mut ArrayOfTables, items: &[Json]) {
    while tables.len() > items.len() {
        tables.remove(tables.len() - 1);
    }
    for (at, json) in items.iter().enumerate() {
        let Json::Object(object) = json else { continue };
        if tables.get(at).is_none() {
            tables.push(new_table(false));
        }
        if let Some(table) = tables.get_mut(at) {
            let mut item = Item::Table(std::mem::take(table));
            merge_table(&mut item, object);
            if let Item::Table(merged) = item {
                *table = merged;
            }
        }
    }
}

/// What is the same stays; between, items change one by one, come or go.
fn merge_array(array: &mut Array, items: &[Json]) {
    let old: Vec<Json> = array.iter().map(to_json).collect();
    let mut behind = Behind::default();
    let mut kept = common(&old, items);
    kept.push((old.len(), items.len()));
    // From the end, so that places before stay what they are.
    for nth in (0..kept.len()).rev() {
        let (end, new_end) = kept[nth];
        let (start, new_start) = match nth.checked_sub(1) {
            Some(before) => (kept[before].0 + 1, kept[before].1 + 1),
            None => (0, 0),
        };
        behind.take(array, end);
        let (fewer, more) = (end - start, new_end - new_start);
        for at in (start + more.min(fewer)..end).rev() {
            list::remove(array, at);
        }
        for (nth, json) in items[new_start..new_end].iter().enumerate() {
            match array.get_mut(start + nth) {
                Some(value) if nth < fewer => merge_value(value, json),
                _ => list::insert(array, start + nth, from_json(json)),
            }
        }
    }
    behind.put_back(array);
}

/// Pairs of items that are compared at most, beside equal beginnings and ends: each takes four bytes.
const MOST_PAIRS: usize = 1_000_000;

/// The longest run of items, with gaps, that both lists have in this order: their places in each. Between equal
/// beginnings and ends there is none where the lists are too long to compare each item with each.
fn common(old: &[Json], new: &[Json]) -> Vec<(usize, usize)> {
    let equal = |(a, b): &(&Json, &Json)| same(a, b);
    let start = old.iter().zip(new).take_while(equal).count();
    let (old_rest, new_rest) = (&old[start..], &new[start..]);
    let end = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(equal).count();
    let (old_end, new_end) = (old.len() - end, new.len() - end);
    let mut pairs: Vec<_> = (0..start).map(|at| (at, at)).collect();
    let (old_rest, new_rest) = (&old[start..old_end], &new[start..new_end]);
    if old_rest.len().saturating_mul(new_rest.len()) <= MOST_PAIRS {
        let between = common_between(old_rest, new_rest).into_iter();
        pairs.extend(between.map(|(i, j)| (start + i, start + j)));
    }
    pairs.extend((old_end..old.len()).zip(new_end..new.len()));
    pairs
}

/// As [`common`], by a table with an entry for each pair of items.
fn common_between(old: &[Json], new: &[Json]) -> Vec<(usize, usize)> {
    let width = new.len() + 1;
    let mut longest = vec![0_u32; (old.len() + 1) * width];
    for (i, a) in old.iter().enumerate().rev() {
        for (j, b) in new.iter().enumerate().rev() {
            longest[i * width + j] = match same(a, b) {
                true => longest[(i + 1) * width + j + 1] + 1,
                false => longest[(i + 1) * width + j].max(longest[i * width + j + 1]),
            };
        }
    }
    let (mut i, mut j, mut pairs) = (0, 0, Vec::new());
    while i < old.len() && j < new.len() {
        if same(&old[i], &new[j]) {
            pairs.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if longest[(i + 1) * width + j] >= longest[i * width + j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    pairs
}

/// A key that was not there.
pub(super) fn insert(parent: &mut Item, path: &[String], key: &str, json: &Json) {
    let new = new_item(parent, json, path.len());
    put(parent, key, new);
}

/// A short object deep inside stands in a line, as its neighbours do; else it gets a `[table]`.
fn new_item(parent: &Item, json: &Json, depth: usize) -> Item {
    let Json::Object(object) = json else { return Item::Value(from_json(json)) };
    let neighbours = parent.as_table_like().map(|table| {
        let mut tables = table.iter().filter(|(_, item)| item.is_table_like()).peekable();
        tables.peek().is_some() && tables.all(|(_, item)| item.is_inline_table())
    });
    let flat = object.values().all(|value| !value.is_object() && !value.is_array());
    let short = depth > 2 && flat && object.len() <= 4;
    if inside_a_line(parent) || neighbours == Some(true) || short {
        return Item::Value(from_json(json));
    }
    let mut item = Item::Table(new_table(false));
    for (key, json) in object {
        let new = new_item(&item, json, depth + 1);
        if let Item::Table(table) = &mut item {
            table.insert(key, new);
        }
    }
    item
}
