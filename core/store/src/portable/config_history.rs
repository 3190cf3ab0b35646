//! Texts of jobs.toml that came into force.

use cascade_model::{
    ConfigHistory, ConfigOrigin, ConfigText, ConfigVersion, ConfigVersionText, border,
};
use cascade_sdk::{Db, Statement, host::Database, rfc3339, sql};
use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::{Text, first};
use crate::{Result, StoreError};

/// The most texts of jobs.toml that are kept.
const KEPT: i64 = 500;

/// Every process sees a change of the file, and each wants to note it: the first one does. Two that
/// note different texts at once want one id; the slower tries again, after the other.
pub(super) async fn record(
    database: &dyn Database,
    config: &ConfigText,
    entry: Option<Statement>,
) -> Result<()> {
    while !is_recorded(database, config, entry.as_ref()).await? {}
    Ok(())
}

/// Whether the newest text that is kept is this one, by now.
async fn is_recorded(
    database: &dyn Database,
    config: &ConfigText,
    entry: Option<&Statement>,
) -> Result<bool> {
    #[derive(Deserialize)]
    struct New {
        id: i64,
    }
    #[derive(Deserialize)]
    struct Newest {
        id: i64,
        revision: String,
    }
    let comment = config.comment.clone().map(border::clean);
    let mut tx = Db::over(database).begin().await.map_err(StoreError::Query)?;
    let insert = Text::of(
        database.dialect(),
        "INSERT INTO config_history (id, revision, at, author, comment, origin, text)
         SELECT coalesce(max(id), 0) + 1, ",
    )
    .bind(config.revision.clone())
    .push(", ")
    .now()
    .push(", ")
    .bind(config.by.clone())
    .push(", ")
    .bind(comment.clone())
    .push(", ")
    .bind(config.origin.to_string())
    .push(", ")
    .bind(config.text.clone())
    .push(
        " FROM config_history
         HAVING (SELECT revision FROM config_history ORDER BY id DESC LIMIT 1) IS DISTINCT FROM $1
         ON CONFLICT (id) DO NOTHING RETURNING id",
    );
    let new: Vec<New> = tx.fetch_all(insert.statement()).await.map_err(StoreError::Query)?;
    if let [New { id }] = new[..] {
        let old = sql("DELETE FROM config_history WHERE id <= $1").bind(id - KEPT);
        tx.execute(old).await.map_err(StoreError::Query)?;
    } else {
        let newest = sql("SELECT id, revision FROM config_history ORDER BY id DESC LIMIT 1");
        let newest: Vec<Newest> = tx.fetch_all(newest).await.map_err(StoreError::Query)?;
        let Some(newest) = newest.first().filter(|newest| newest.revision == config.revision)
        else {
            return Ok(false);
        };
        // A watcher was faster than the one who saved it.
        if config.origin == ConfigOrigin::Ui {
            let told = sql("UPDATE config_history SET origin = 'ui', author = $1, comment = $2
                            WHERE id = $3 AND origin = 'file'");
            let told = told.bind(&config.by).bind(comment).bind(newest.id);
            tx.execute(told).await.map_err(StoreError::Query)?;
        }
    }
    if let Some(entry) = entry {
        tx.execute(entry.clone()).await.map_err(StoreError::Audit)?;
    }
    tx.commit().await.map_err(StoreError::Query)?;
    Ok(true)
}

/// Columns of a [`ConfigVersion`].
const VERSION: &str = "revision, at, author AS \"by\", comment, origin";

pub(super) async fn page(
    database: &dyn Database,
    page: u32,
    per_page: u32,
) -> Result<ConfigHistory> {
    let offset = u64::from(page.saturating_sub(1)) * u64::from(per_page);
    let items =
        sql(format!("SELECT {VERSION} FROM config_history ORDER BY id DESC LIMIT $1 OFFSET $2"));
    let count = sql("SELECT count(*) AS texts FROM config_history");
    let items = items.bind(per_page).bind(offset);
    let found = super::page::<ConfigVersion>(database, items, count).await?;
    Ok(ConfigHistory { items: found.items, total: found.total, page, per_page })
}

pub(super) async fn text(
    database: &dyn Database,
    revision: &str,
) -> Result<Option<ConfigVersionText>> {
    let query = sql(format!(
        "SELECT {VERSION}, text FROM config_history WHERE revision = $1 ORDER BY id DESC LIMIT 1"
    ));
    first(database, query.bind(revision)).await
}

/// The newest that had come into force by then.
pub(super) async fn in_force(
    database: &dyn Database,
    at: DateTime<Utc>,
) -> Result<Option<ConfigVersionText>> {
    let query = sql(format!(
        "SELECT {VERSION}, text FROM config_history WHERE at <= $1 ORDER BY id DESC LIMIT 1"
    ));
    first(database, query.bind(rfc3339(at))).await
}
