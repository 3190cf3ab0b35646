//! Texts of jobs.toml that came into force.

use cascade_portable_sql::POSTGRES_SNAPSHOT;
use sqlx::{PgPool, Row, postgres::PgRow};

use super::PostgresStore;
use crate::{CONFIG_TEXTS_KEPT, Result, StoreError};
use cascade_model::{ConfigHistory, ConfigOrigin, ConfigText, ConfigVersion, ConfigVersionText};

/// Every process sees a change of the file, and each wants to note it: the first one does. Two that
/// note different texts at once want one id; the slower tries again, after the other.
pub(super) async fn record(store: &PostgresStore, config: &ConfigText) -> Result<()> {
    // PostgreSQL's text has no NUL, and no jobs.toml that came into force has one either.
    let comment = config.comment.as_ref().map(|comment| comment.replace('\0', "\u{fffd}"));
    let mut tx = store.pool.begin().await?;
    loop {
        let new: Option<i64> = sqlx::query_scalar(
            "INSERT INTO config_history (id, revision, author, comment, origin, text)
             SELECT coalesce(max(id), 0) + 1, $1, $2, $3, $4, $5 FROM config_history
             HAVING (SELECT revision FROM config_history ORDER BY id DESC LIMIT 1)
                    IS DISTINCT FROM $1
             ON CONFLICT (id) DO NOTHING
             RETURNING id",
        )
        .bind(&config.revision)
        .bind(&config.by)
        .bind(&comment)
        .bind(config.origin.to_string())
        .bind(&config.text)
        .fetch_optional(&mut *tx)
        .await?;
        if let Some(id) = new {
            sqlx::query("DELETE FROM config_history WHERE id <= $1")
                .bind(id - CONFIG_TEXTS_KEPT)
                .execute(&mut *tx)
                .await?;
            store.write_entry(&mut tx).await?;
            return Ok(tx.commit().await?);
        }
        // A watcher was faster than the one who saved it.
        let known: Option<bool> = sqlx::query_scalar(
            "WITH newest AS (SELECT id, revision FROM config_history ORDER BY id DESC LIMIT 1),
             told AS (
                 UPDATE config_history h SET origin = 'ui', author = $2, comment = $3
                 FROM newest
                 WHERE h.id = newest.id AND newest.revision = $1 AND h.origin = 'file' AND $4
             )
             SELECT revision = $1 FROM newest",
        )
        .bind(&config.revision)
        .bind(&config.by)
        .bind(&comment)
        .bind(config.origin == ConfigOrigin::Ui)
        .fetch_optional(&mut *tx)
        .await?;
        if known == Some(true) {
            store.write_entry(&mut tx).await?;
            return Ok(tx.commit().await?);
        }
    }
}

fn version(found: &PgRow) -> Result<ConfigVersion> {
    let origin: &str = found.try_get("origin")?;
    Ok(ConfigVersion {
        revision: found.try_get("revision")?,
        at: found.try_get("at")?,
        by: found.try_get("author")?,
        comment: found.try_get("comment")?,
        origin: origin.parse().map_err(StoreError::corrupt("origin"))?,
    })
}

pub(super) async fn page(pool: &PgPool, page: u32, per_page: u32) -> Result<ConfigHistory> {
    let mut tx = pool.begin_with(POSTGRES_SNAPSHOT).await?;
    let rows = sqlx::query(
        "SELECT revision, at, author, comment, origin FROM config_history
         ORDER BY id DESC LIMIT $1 OFFSET $2",
    )
    .bind(i64::from(per_page))
    .bind(i64::from(page.saturating_sub(1)) * i64::from(per_page))
    .fetch_all(&mut *tx)
    .await?;
    let total: i64 =
        sqlx::query_scalar("SELECT count(*) FROM config_history").fetch_one(&mut *tx).await?;
    let items = rows.iter().map(version).collect::<Result<_>>()?;
    Ok(ConfigHistory { items, total: total.unsigned_abs(), page, per_page })
}

pub(super) async fn text(pool: &PgPool, revision: &str) -> Result<Option<ConfigVersionText>> {
    let found = sqlx::query(
        "SELECT revision, at, author, comment, origin, text FROM config_history
         WHERE revision = $1 ORDER BY id DESC LIMIT 1",
    )
    .bind(revision)
    .fetch_optional(pool)
    .await?;
    found
        .map(|found| {
            Ok(ConfigVersionText { version: version(&found)?, text: found.try_get("text")? })
        })
        .transpose()
}
