//! Edits of jobs.toml that keep its comments and its order. A text goes in and a text comes out:
//! nothing is read or saved.

mod comments;
mod inline;
pub mod list;
mod merge;
mod value;

use serde_json::Value as Json;
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike, Value};

use list::Behind;

/// One edit. A path names a key by the keys of the tables around it.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(test, derive(serde::Deserialize), serde(tag = "op", rename_all = "snake_case"))]
pub enum Edit {
    /// Gives a key this value; what is in it already and stays the same is left as it is written.
    Set {
        /// The key.
        path: Vec<String>,
        /// Any JSON but null; in an object, null leaves a key out.
        value: Json,
    },
    /// Takes a key out, if it is there.
    Remove {
        /// The key.
        path: Vec<String>,
    },
    /// Adds a text to the end of a list, unless it is in it; makes the list if need be. In a list of
    /// CASCADE_CHAINS, a table for the same job counts as the text.
    AddToList {
        /// The list.
        path: Vec<String>,
        /// The text.
        value: String,
    },
    /// Takes a text out of a list, if it is in it; out of a list of CASCADE_CHAINS also tables for this job.
    RemoveFromList {
        /// The list.
        path: Vec<String>,
        /// The text.
        value: String,
    },
}

/// Why an edit cannot be made.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum EditError {
    /// The text is no TOML, so that no place in it is certain.
    #[error("the text is not TOML: {0}")]
    NotToml(String),
    /// An edit without a path.
    #[error("an edit names no key: `path` is empty")]
    NoPath,
    /// A path leads through something that is no table.
    #[error("`{0}` is no table")]
    NotATable(String),
    /// A list was to be edited, and is none.
    #[error("`{0}` is no list of texts")]
    NotAList(String),
    /// A value that TOML cannot hold.
    #[error("`{path}`: {why}")]
    BadValue {
        /// The key.
        path: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The text is written in a way that this edit cannot be made in.
    #[error("this cannot be changed here without rewriting the text; edit the text itself")]
    Unwieldy,
}

/// Makes all edits, one after the other.
///
/// # Errors
/// [`EditError`] of the first that cannot be made.
pub fn edit(text: &str, edits: &[Edit]) -> Result<String, EditError> {
    // Lines end as they did.
    let windows = text.contains("\r\n");
    let mut document = parse(&text.replace("\r\n", "\n"))?;
    for edit in edits {
        apply(&mut document, edit)?;
    }
    let mut after = document.to_string();
    // An empty line stands between tables, not before the first.
    if text.trim().is_empty() {
        after = after.trim_start_matches('\n').to_owned();
    }
    // What was meant must be what is read.
    if value::table_to_json(parse(&after).map_err(|_| EditError::Unwieldy)?.as_table())
        != value::table_to_json(document.as_table())
    {
        return Err(EditError::Unwieldy);
    }
    Ok(if windows { after.replace('\n', "\r\n") } else { after })
}

fn parse(text: &str) -> Result<DocumentMut, EditError> {
    text.parse().map_err(|error: toml_edit::TomlError| EditError::NotToml(error.to_string()))
}

/// Tables whose keys are names of jobs: a key with an empty list says no more than no key.
const LISTS_OF_JOBS: [&str; 2] = [CHAINS, "JOB_TO_DATA_MAP"];
/// The one whose items may be tables.
const CHAINS: &str = "CASCADE_CHAINS";
/// The table of joins, which is there as long as there is one.
const JOINS: &str = "CASCADE_JOINS";

fn apply(document: &mut DocumentMut, edit: &Edit) -> Result<(), EditError> {
    match edit {
        Edit::Set { path, value } => {
            let json = value::check(&dotted(path), value)?;
            let (parents, key) = split(path)?;
            let parent = table_at(document.as_item_mut(), parents)?;
            match existing(parent, key)? {
                Some(item) => merge::merge(item, &json),
                None => merge::insert(parent, path, key, &json),
            }
        }
        Edit::Remove { path } => {
            let (parents, key) = split(path)?;
            if let Some(parent) = find_table(document.as_item_mut(), parents)? {
                let is_last =
                    tables(parent).is_some_and(|table| table.len() == 1 && table.contains_key(key));
                let kept = comments::take_out(parent, key);
                comments::put_back(document, kept);
                if is_last && parents == [JOINS] {
                    let kept = comments::take_out(document.as_item_mut(), JOINS);
                    comments::put_back(document, kept);
                }
            }
        }
        Edit::AddToList { path, value } => {
            let (parents, key) = split(path)?;
            let parent = table_at(document.as_item_mut(), parents)?;
            match existing(parent, key)? {
                Some(item) => {
                    let array = list_in(item, path)?;
                    if !array.iter().any(|item| name_of(item) == Some(value)) {
                        list::insert(array, array.len(), value.as_str().into());
                    }
                }
                None => {
                    let array = Array::from_iter([value.as_str()]);
                    put(parent, key, Item::Value(array.into()));
                }
            }
        }
        Edit::RemoveFromList { path, value } => {
            let (parents, key) = split(path)?;
            let Some(parent) = find_table(document.as_item_mut(), parents)? else { return Ok(()) };
            let Some(item) = existing(parent, key)? else { return Ok(()) };
            let array = list_in(item, path)?;
            let mut behind = Behind::default();
            for at in (0..array.len()).rev() {
                if array.get(at).and_then(name_of) == Some(value) {
                    behind.take(array, at + 1);
                    list::remove(array, at);
                }
            }
            behind.put_back(array);
            let of_jobs = path.len() == 2 && LISTS_OF_JOBS.contains(&path[0].as_str());
            if array.is_empty() && of_jobs {
                let kept = comments::take_out(parent, key);
                comments::put_back(document, kept);
            }
        }
    }
    Ok(())
}

fn dotted(path: &[String]) -> String {
    path.join(".")
}

fn split(path: &[String]) -> Result<(&[String], &str), EditError> {
    let (key, parents) = path.split_last().ok_or(EditError::NoPath)?;
    Ok((parents, key))
}

fn tables(item: &mut Item) -> Option<&mut dyn TableLike> {
    item.as_table_like_mut()
}

/// The item of a key of a table; `None` if there is none.
fn existing<'a>(parent: &'a mut Item, key: &str) -> Result<Option<&'a mut Item>, EditError> {
    let table = tables(parent).ok_or_else(|| EditError::NotATable(key.into()))?;
    Ok(table.get_mut(key).filter(|item| !item.is_none()))
}

fn list_in<'a>(item: &'a mut Item, path: &[String]) -> Result<&'a mut Array, EditError> {
    let of_edges = path.len() == 2 && path[0] == CHAINS;
    let fits = |item: &Value| item.is_str() || of_edges && name_of(item).is_some();
    let array = item.as_array_mut().filter(|array| array.iter().all(fits));
    array.ok_or_else(|| EditError::NotAList(dotted(path)))
}

/// The text, or the job of an edge that is written as a table.
fn name_of(item: &Value) -> Option<&str> {
    item.as_str().or_else(|| item.as_inline_table()?.get("job")?.as_str())
}

/// The table at a path; what is missing of it is made.
fn table_at<'a>(root: &'a mut Item, path: &[String]) -> Result<&'a mut Item, EditError> {
    let mut item = root;
    for (depth, key) in path.iter().enumerate() {
        if existing(item, key)?.is_none() {
            let new = match inside_a_line(item) {
                true => Item::Value(InlineTable::new().into()),
                false => Item::Table(new_table(depth == 0)),
            };
            put(item, key, new);
        }
        item = step(item, path, depth)?.ok_or(EditError::Unwieldy)?;
    }
    Ok(item)
}

/// The table at a path, if it is there.
fn find_table<'a>(root: &'a mut Item, path: &[String]) -> Result<Option<&'a mut Item>, EditError> {
    let mut item = root;
    for depth in 0..path.len() {
        match step(item, path, depth)? {
            Some(inner) => item = inner,
            None => return Ok(None),
        }
    }
    Ok(Some(item))
}

fn step<'a>(
    item: &'a mut Item,
    path: &[String],
    depth: usize,
) -> Result<Option<&'a mut Item>, EditError> {
    match existing(item, &path[depth])? {
        Some(inner) if inner.is_table_like() => Ok(Some(inner)),
        Some(_) => Err(EditError::NotATable(dotted(&path[..=depth]))),
        None => Ok(None),
    }
}

/// Whether what is put into a table must fit into its line: a `{ }`, or dotted keys.
fn inside_a_line(item: &Item) -> bool {
    item.is_inline_table() || item.as_table().is_some_and(Table::is_dotted)
}

/// A `[table]` with an empty line before it; without a header of its own while only tables are in it.
fn new_table(of_tables: bool) -> Table {
    let mut table = Table::new();
    table.set_implicit(of_tables);
    table.decor_mut().set_prefix("\n");
    table
}

fn put(parent: &mut Item, key: &str, item: Item) {
    match (parent, item) {
        (Item::Value(Value::InlineTable(table)), Item::Value(value)) => {
            inline::change(table, |table| {
                table.insert(key, value);
            });
        }
        (parent, item) => {
            if let Some(table) = tables(parent) {
                table.insert(key, item);
            }
        }
    }
}

/// The `[KEY]` table of a document, made if need be; `None` if the key is something else.
pub fn top_table<'a>(document: &'a mut DocumentMut, key: &str) -> Option<&'a mut Table> {
    let path = [key.to_owned()];
    table_at(document.as_item_mut(), &path).ok()?.as_table_mut()
}

#[cfg(test)]
mod tests;
