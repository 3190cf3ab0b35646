//! Texts of jobs.toml that came into force.

use sqlx::{Row, SqlitePool, sqlite::SqliteRow};

use super::{SqliteStore, now, row};
use crate::{CONFIG_TEXTS_KEPT, Result};
use cascade_model::{
    ConfigHistory, ConfigOrigin, ConfigText, ConfigVersion, ConfigVersionText, border,
};

pub(super) async fn record(store: &SqliteStore, config: &ConfigText) -> Result<()> {
    let comment = config.comment.clone().map(border::clean);
    let mut tx = store.begin().await?;
    let new: Option<i64> = sqlx::query_scalar(concat!(
        "INSERT INTO config_history (id, revision, at, author, comment, origin, text)
         SELECT coalesce(max(id), 0) + 1, $1, ",
        now!(),
        ", $2, $3, $4, $5 FROM config_history
         HAVING (SELECT revision FROM config_history ORDER BY id DESC LIMIT 1) IS NOT $1
         RETURNING id",
    ))
    .bind(&config.revision)
    .bind(&config.by)
    .bind(&comment)
    .bind(config.origin.to_string())
    .bind(&config.text)
    .fetch_optional(&mut *tx)
    .await?;
    match new {
        Some(id) => {
            sqlx::query("DELETE FROM config_history WHERE id <= $1")
                .bind(id - CONFIG_TEXTS_KEPT)
                .execute(&mut *tx)
                .await?;
        }
        // A watcher was faster than the one who saved it.
        None if config.origin == ConfigOrigin::Ui => {
            sqlx::query(
                "UPDATE config_history SET origin = 'ui', author = $2, comment = $3
                 WHERE id = (SELECT max(id) FROM config_history) AND revision = $1
                   AND origin = 'file'",
            )
            .bind(&config.revision)
            .bind(&config.by)
            .bind(&comment)
            .execute(&mut *tx)
            .await?;
        }
        None => {}
    }
    store.write_entry(&mut tx).await?;
    Ok(tx.commit().await?)
}

fn version(found: &SqliteRow) -> Result<ConfigVersion> {
    Ok(ConfigVersion {
        revision: found.try_get("revision")?,
        at: found.try_get("at")?,
        by: found.try_get("author")?,
        comment: found.try_get("comment")?,
        origin: row::parsed(found, "origin")?,
    })
}

pub(super) async fn page(pool: &SqlitePool, page: u32, per_page: u32) -> Result<ConfigHistory> {
    let mut tx = pool.begin().await?;
    let rows = sqlx::query(
        "SELECT revision, at, author, comment, origin FROM config_history
         ORDER BY id DESC LIMIT $1 OFFSET $2",
    )
    .bind(per_page)
    .bind(i64::from(page.saturating_sub(1)) * i64::from(per_page))
    .fetch_all(&mut *tx)
    .await?;
    let total: i64 =
        sqlx::query_scalar("SELECT count(*) FROM config_history").fetch_one(&mut *tx).await?;
    let items = rows.iter().map(version).collect::<Result<_>>()?;
    Ok(ConfigHistory { items, total: total.unsigned_abs(), page, per_page })
}

pub(super) async fn text(pool: &SqlitePool, revision: &str) -> Result<Option<ConfigVersionText>> {
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
