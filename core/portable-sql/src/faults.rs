use cascade_sdk::{DbError, Statement};

use crate::LONGEST_TRANSACTION;

pub(crate) fn too_long(sql: &str) -> DbError {
    let limit = LONGEST_TRANSACTION.as_secs();
    DbError::new(sql, format!("the transaction was open for over {limit} s and was rolled back"))
}

pub(crate) fn wrong_count(statement: &Statement, wanted: usize) -> DbError {
    let given = statement.params.len();
    let message = format!("{wanted} placeholders, but {given} values are bound");
    DbError::new(&statement.sql, message)
}
