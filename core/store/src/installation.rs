use cascade_sdk::{DbError, sql};

use super::Store;

/// The id of this database: random, made once by a migration, and copied with the data.
///
/// # Errors
/// What the database says; also before [`Store::migrate`].
pub async fn installation(store: &dyn Store) -> Result<String, DbError> {
    let query = "SELECT id FROM installation";
    let rows = store.database().query(sql(query)).await?;
    let id = rows.first().and_then(|row| row.get("id")?.as_str().map(ToOwned::to_owned));
    id.ok_or_else(|| DbError::new(query, "the table is empty"))
}
