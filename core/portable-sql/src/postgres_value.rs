//! JSON to PostgreSQL and back, by the types that the server describes.

use cascade_sdk::{DbError, Row, rfc3339};
use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use serde_json::Value;
use sqlx::{
    Column, Postgres, Row as _, TypeInfo, ValueRef,
    postgres::{PgArguments, PgRow, PgTypeInfo},
    query::Query,
    types::{Decimal, Json},
};
use uuid::Uuid;

type PgQuery = Query<'static, Postgres, PgArguments>;

/// Binds one value as the type that the server inferred for its placeholder.
pub(crate) fn bind(query: PgQuery, value: &Value, wanted: &PgTypeInfo) -> Result<PgQuery, String> {
    let name = wanted.name();
    let refuse = || {
        let mut shown = value.to_string();
        if shown.chars().count() > 60 {
            shown = shown.chars().take(60).chain(['…']).collect();
        }
        format!("{shown} is no {}", name.to_lowercase())
    };
    macro_rules! bind {
        ($kind:ty, $value:expr) => {
            if value.is_null() {
                query.bind(None::<$kind>)
            } else {
                let value: Option<$kind> = $value;
                query.bind(value.ok_or_else(refuse)?)
            }
        };
    }
    Ok(match name {
        "BOOL" => bind!(bool, value.as_bool()),
        "INT2" => bind!(i16, whole(value).and_then(|n| n.try_into().ok())),
        "INT4" => bind!(i32, whole(value).and_then(|n| n.try_into().ok())),
        "INT8" => bind!(i64, whole(value)),
        "FLOAT4" => bind!(f32, value.as_f64().map(|real| real as f32)),
        "FLOAT8" => bind!(f64, value.as_f64()),
        "NUMERIC" => bind!(Decimal, decimal(value)),
        "TEXT" | "VARCHAR" | "CHAR" | "NAME" | "UNKNOWN" => bind!(String, Some(text(value))),
        "UUID" => bind!(Uuid, value.as_str().and_then(|text| text.parse().ok())),
        "TIMESTAMPTZ" => bind!(DateTime<Utc>, time(value)),
        "TIMESTAMP" => bind!(NaiveDateTime, time(value).map(|at| at.naive_utc())),
        "DATE" => bind!(NaiveDate, value.as_str().and_then(|text| text.parse().ok())),
        "JSON" | "JSONB" => bind!(Json<Value>, Some(Json(value.clone()))),
        "TEXT[]" | "VARCHAR[]" => {
            bind!(Vec<String>, value.as_array().map(|items| items.iter().map(text).collect()))
        }
        "INT8[]" => {
            bind!(Vec<i64>, value.as_array().and_then(|items| items.iter().map(whole).collect()))
        }
        "UUID[]" => bind!(
            Vec<Uuid>,
            value.as_array().and_then(|items| {
                items.iter().map(|item| item.as_str()?.parse().ok()).collect()
            })
        ),
        other => {
            return Err(format!("a parameter of type {other} has no JSON form; use another type"));
        }
    })
}

/// A whole number, also when it is written as a float.
fn whole(value: &Value) -> Option<i64> {
    let real = || value.as_f64().filter(|real| real.fract() == 0.0 && real.abs() < 9.0e15);
    value.as_i64().or_else(|| real().map(|real| real as i64))
}

fn decimal(value: &Value) -> Option<Decimal> {
    match value {
        Value::Number(number) => number.to_string().parse().ok(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// Arrays and objects as JSON text, as on SQLite. PostgreSQL's text has no NUL.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) if text.contains('\0') => text.replace('\0', "\u{fffd}"),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn time(value: &Value) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(value.as_str()?).ok().map(|at| at.with_timezone(&Utc))
}

/// A row as a JSON object.
pub(crate) fn read(sql: &str, row: &PgRow) -> Result<Row, DbError> {
    let mut object = Row::new();
    for (at, column) in row.columns().iter().enumerate() {
        let name = column.name();
        let value = cell(row, at, column.type_info().name())
            .map_err(|fault| DbError::new(sql, format!("column {name}: {fault}")))?;
        object.insert(name.to_owned(), value);
    }
    Ok(object)
}

fn cell(row: &PgRow, at: usize, kind: &str) -> Result<Value, String> {
    macro_rules! get {
        ($kind:ty) => {
            row.try_get::<$kind, _>(at).map_err(|error| error.to_string())?
        };
    }
    if row.try_get_raw(at).map_err(|error| error.to_string())?.is_null() {
        return Ok(Value::Null);
    }
    Ok(match kind {
        "BOOL" => get!(bool).into(),
        "INT2" => get!(i16).into(),
        "INT4" => get!(i32).into(),
        "INT8" => get!(i64).into(),
        "FLOAT4" => real(get!(f32).into())?,
        "FLOAT8" => real(get!(f64))?,
        // What `sum` makes of whole numbers.
        "NUMERIC" => {
            let text = get!(Decimal).normalize().to_string();
            text.parse::<i64>().map(Value::from).or_else(|_| {
                text.parse::<f64>().map_err(|error| error.to_string()).and_then(real)
            })?
        }
        "TEXT" | "VARCHAR" | "CHAR" | "NAME" | "UNKNOWN" => get!(String).into(),
        "UUID" => get!(Uuid).to_string().into(),
        "TIMESTAMPTZ" => rfc3339(get!(DateTime<Utc>)).into(),
        "TIMESTAMP" => rfc3339(get!(NaiveDateTime).and_utc()).into(),
        "DATE" => get!(NaiveDate).to_string().into(),
        "JSON" | "JSONB" => get!(Json<Value>).0,
        "TEXT[]" | "VARCHAR[]" => get!(Vec<String>).into(),
        "INT8[]" => get!(Vec<i64>).into(),
        other => return Err(format!("the type {other} has no JSON form; cast it to text")),
    })
}

fn real(real: f64) -> Result<Value, String> {
    match serde_json::Number::from_f64(real) {
        Some(number) => Ok(number.into()),
        None => Err(format!("{real} has no JSON form")),
    }
}
