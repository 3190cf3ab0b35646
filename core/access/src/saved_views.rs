//! Filters of a screen that an account has saved under a name. They say nothing of what may be seen: a list that is
//! asked for by one is asked for with the rights of who asks.

use std::collections::BTreeSet;

use cascade_sdk::{rfc3339, sql};
use chrono::Utc;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{AccessError, Accounts, Result};

/// The longest name, in characters.
pub const LONGEST_VIEW_NAME: usize = 80;
/// The longest query string, in characters.
pub const LONGEST_SEARCH: usize = 4000;
/// The most that an account saves.
pub const MOST_VIEWS: usize = 50;

/// A filter under a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedView {
    /// Id.
    pub id: Uuid,
    /// Unique among those of the account.
    pub name: String,
    /// The query string of the screen's address, without `?`.
    pub search: String,
}

/// Name and query string, as they are kept.
fn checked(name: &str, search: &str) -> Result<(String, String)> {
    let refuse = |why: String| Err(AccessError::Refused(why));
    let name = name.trim();
    if name.is_empty() || name.chars().count() > LONGEST_VIEW_NAME {
        return refuse(format!("body: `name` must have 1 to {LONGEST_VIEW_NAME} characters"));
    }
    if name.chars().any(char::is_control) {
        return refuse("body: `name` holds a character that cannot be seen".into());
    }
    let search = search.strip_prefix('?').unwrap_or(search);
    if search.chars().count() > LONGEST_SEARCH {
        return refuse(format!("body: `search` is longer than {LONGEST_SEARCH} characters"));
    }
    Ok((name.to_owned(), search.to_owned()))
}

fn taken(name: &str) -> AccessError {
    AccessError::Refused(format!("there is a view `{name}` already; choose another name"))
}

impl Accounts {
    /// The views of an account, in its order.
    ///
    /// # Errors
    /// The database's.
    pub async fn saved_views(&self, user: Uuid) -> Result<Vec<SavedView>> {
        let query = "SELECT id, name, search FROM saved_views WHERE user_id = $1
             ORDER BY position, created_at, id";
        self.rows(sql(query).bind(user)).await
    }

    /// Saves one, behind the others.
    ///
    /// # Errors
    /// [`AccessError::Refused`] for a name or a query string that will not do, for a name that is taken, and when there
    /// are [`MOST_VIEWS`]; or the database's.
    pub async fn save_view(&self, user: Uuid, name: &str, search: &str) -> Result<SavedView> {
        let (name, search) = checked(name, search)?;
        let last: Option<(i64, Option<i64>)> = self
            .one(
                sql("SELECT count(*) AS views, max(position) AS last FROM saved_views WHERE user_id = $1")
                    .bind(user),
            )
            .await?;
        let (views, last) = last.unwrap_or_default();
        if usize::try_from(views).is_ok_and(|views| views >= MOST_VIEWS) {
            let why = format!("an account saves at most {MOST_VIEWS} views; delete one first");
            return Err(AccessError::Refused(why));
        }
        let view = SavedView { id: Uuid::now_v7(), name, search };
        let insert =
            sql("INSERT INTO saved_views (id, user_id, name, search, position, created_at)
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING")
            .bind(view.id)
            .bind(user)
            .bind(&view.name)
            .bind(&view.search)
            .bind(last.unwrap_or(0) + 1)
            .bind(rfc3339(Utc::now()));
        if self.write(vec![insert]).await?.first() != Some(&1) {
            return Err(taken(&view.name));
        }
        Ok(view)
    }

    /// Gives a view another name and query string; `None` when the account has no such view.
    ///
    /// # Errors
    /// As [`Accounts::save_view`].
    pub async fn change_view(
        &self,
        user: Uuid,
        id: Uuid,
        name: &str,
        search: &str,
    ) -> Result<Option<SavedView>> {
        let (name, search) = checked(name, search)?;
        let others = self.saved_views(user).await?;
        if !others.iter().any(|view| view.id == id) {
            return Ok(None);
        }
        if others.iter().any(|view| view.id != id && view.name == name) {
            return Err(taken(&name));
        }
        let update =
            sql("UPDATE saved_views SET name = $1, search = $2 WHERE user_id = $3 AND id = $4")
                .bind(&name)
                .bind(&search)
                .bind(user)
                .bind(id);
        let changed = self.write(vec![update]).await?.first() == Some(&1);
        Ok(changed.then_some(SavedView { id, name, search }))
    }

    /// Deletes a view; says whether there was one.
    ///
    /// # Errors
    /// The database's.
    pub async fn delete_view(&self, user: Uuid, id: Uuid) -> Result<bool> {
        let delete =
            sql("DELETE FROM saved_views WHERE user_id = $1 AND id = $2").bind(user).bind(id);
        Ok(self.write(vec![delete]).await?.first() == Some(&1))
    }

    /// Puts the views of an account into the order of `ids`, which names each of them once.
    ///
    /// # Errors
    /// [`AccessError::Refused`] when it does not; or the database's.
    pub async fn order_views(&self, user: Uuid, ids: &[Uuid]) -> Result<()> {
        let there: BTreeSet<_> =
            self.saved_views(user).await?.into_iter().map(|view| view.id).collect();
        let named: BTreeSet<_> = ids.iter().copied().collect();
        if named.len() != ids.len() || named != there {
            let why =
                "body: `ids` must name each of your views once; GET /api/saved-views lists them";
            return Err(AccessError::Refused(why.into()));
        }
        let place = |(at, id): (usize, &Uuid)| {
            sql("UPDATE saved_views SET position = $1 WHERE user_id = $2 AND id = $3")
                .bind(at + 1)
                .bind(user)
                .bind(*id)
        };
        self.write(ids.iter().enumerate().map(place).collect()).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_can_be_read_and_a_query_string_has_no_question_mark() {
        assert_eq!(
            checked(" a b ", "?state=failed").unwrap(),
            ("a b".into(), "state=failed".into())
        );
        for wrong in ["", "  ", "a\nb", &"x".repeat(LONGEST_VIEW_NAME + 1)] {
            assert!(checked(wrong, "").is_err(), "{wrong:?}");
        }
        assert!(checked("a", &"x".repeat(LONGEST_SEARCH + 1)).is_err());
    }
}
