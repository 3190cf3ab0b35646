//! JSON to SQLite and back.

use cascade_sdk::{DbError, Row, Statement};
use serde_json::Value;
use sqlx::{
    AssertSqlSafe, Column, Row as _, Sqlite, TypeInfo, ValueRef,
    query::Query,
    sqlite::{SqliteArguments, SqliteRow},
};

/// Binds a statement's values to its text as it is run. Arrays and objects become JSON text.
pub(crate) fn bind(
    statement: &Statement,
    text: &str,
) -> Result<Query<'static, Sqlite, SqliteArguments>, DbError> {
    let mut query = sqlx::query(AssertSqlSafe(text.to_owned()));
    for (at, value) in statement.params.iter().enumerate() {
        query = match value {
            Value::Null => query.bind(None::<String>),
            Value::Bool(flag) => query.bind(*flag),
            Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(whole), _) => query.bind(whole),
                (None, Some(real)) if !number.is_u64() => query.bind(real),
                _ => {
                    let message = format!("${}: {number} does not fit a 64-bit integer", at + 1);
                    return Err(DbError::new(&statement.sql, message));
                }
            },
            Value::String(text) => query.bind(text.clone()),
            nested => query.bind(nested.to_string()),
        };
    }
    Ok(query)
}

/// A row as a JSON object.
pub(crate) fn read(sql: &str, row: &SqliteRow) -> Result<Row, DbError> {
    let fault =
        |column: &str, error: sqlx::Error| DbError::new(sql, format!("column {column}: {error}"));
    let mut object = Row::new();
    for (at, column) in row.columns().iter().enumerate() {
        let name = column.name();
        let declared = column.type_info().name().to_owned();
        let raw = row.try_get_raw(at).map_err(|e| fault(name, e))?;
        let stored =
            if raw.is_null() { "NULL".to_owned() } else { raw.type_info().name().to_owned() };
        let value = match stored.as_str() {
            "NULL" => Value::Null,
            "INTEGER" | "BOOLEAN" | "INT4" | "BIGINT" => {
                let whole: i64 = row.try_get_unchecked(at).map_err(|e| fault(name, e))?;
                if declared == "BOOLEAN" { Value::Bool(whole != 0) } else { whole.into() }
            }
            "REAL" => {
                let real: f64 = row.try_get_unchecked(at).map_err(|e| fault(name, e))?;
                real.into()
            }
            "BLOB" => {
                return Err(DbError::new(sql, format!("column {name}: a blob has no JSON form")));
            }
            _ => {
                let text: String = row.try_get_unchecked(at).map_err(|e| fault(name, e))?;
                text.into()
            }
        };
        object.insert(name.to_owned(), value);
    }
    Ok(object)
}
