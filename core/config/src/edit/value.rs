//! Between JSON and TOML.

use serde_json::{Map, Value as Json};
use toml_edit::{Array, InlineTable, Item, Table, Value};

use super::EditError;

/// A value without nulls; or what TOML cannot hold of it.
pub(super) fn check(path: &str, json: &Json) -> Result<Json, EditError> {
    let refuse = |why| Err(EditError::BadValue { path: path.into(), why });
    match json {
        Json::Null => refuse("TOML has no null; take the key out instead"),
        Json::Number(number) if number.is_u64() && !number.is_i64() => {
            refuse("this number is too large for TOML")
        }
        Json::Array(items) => {
            let items =
                items.iter().enumerate().map(|(at, item)| check(&format!("{path}.{at}"), item));
            items.collect::<Result<_, _>>().map(Json::Array)
        }
        Json::Object(object) => {
            let given = object.iter().filter(|(_, value)| !value.is_null());
            let items = given
                .map(|(key, value)| Ok((key.clone(), check(&format!("{path}.{key}"), value)?)));
            items.collect::<Result<Map<_, _>, _>>().map(Json::Object)
        }
        other => Ok(other.clone()),
    }
}

/// A checked value.
pub(super) fn from_json(json: &Json) -> Value {
    match json {
        Json::Bool(boolean) => (*boolean).into(),
        Json::Number(number) => match number.as_i64() {
            Some(integer) => integer.into(),
            None => number.as_f64().unwrap_or_default().into(),
        },
        Json::String(text) => text.as_str().into(),
        Json::Array(items) => items.iter().map(from_json).collect::<Array>().into(),
        Json::Object(object) => inline(object).into(),
        // `check` leaves none.
        Json::Null => String::new().into(),
    }
}

fn inline(object: &Map<String, Json>) -> InlineTable {
    object.iter().map(|(key, value)| (key.as_str(), from_json(value))).collect()
}

/// What a value says; a date says its text.
pub(super) fn to_json(value: &Value) -> Json {
    match value {
        Value::String(text) => text.value().as_str().into(),
        Value::Integer(number) => (*number.value()).into(),
        Value::Float(number) => (*number.value()).into(),
        Value::Boolean(boolean) => (*boolean.value()).into(),
        Value::Datetime(time) => time.value().to_string().into(),
        Value::Array(array) => array.iter().map(to_json).collect(),
        Value::InlineTable(table) => {
            table.iter().map(|(key, value)| (key.to_owned(), to_json(value))).collect()
        }
    }
}

pub(super) fn item_to_json(item: &Item) -> Json {
    match item {
        Item::None => Json::Null,
        Item::Value(value) => to_json(value),
        Item::Table(table) => table_to_json(table),
        Item::ArrayOfTables(tables) => tables.iter().map(table_to_json).collect(),
    }
}

/// In the order of keys, since tables that stand apart in a text may come in another order. A table
/// without a header and without anything in it is in no text.
pub(super) fn table_to_json(table: &Table) -> Json {
    let mut entries: Vec<_> =
        table.iter().map(|(key, item)| (key.to_owned(), item, item_to_json(item))).collect();
    entries.retain(|(_, item, value)| {
        let unseen = item.as_table().is_some_and(Table::is_implicit);
        let empty = value.as_object().is_some_and(Map::is_empty);
        !(value.is_null() || unseen && empty)
    });
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    entries.into_iter().map(|(key, _, value)| (key, value)).collect()
}

/// Whether two say the same: `2.0` and `2` do.
pub(super) fn same(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Json::Array(a), Json::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}
