//! Rows of the host's tables as values.

use sqlx::{Row, postgres::PgRow};

use crate::{Result, StoreError};

/// A column that is never negative.
pub(super) fn count(row: &PgRow, column: &'static str) -> Result<u32> {
    let count: i32 = row.try_get(column)?;
    u32::try_from(count).map_err(|e| StoreError::Corrupt { what: column, why: e.to_string() })
}

/// As PostgreSQL keeps it.
pub(super) fn int(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
