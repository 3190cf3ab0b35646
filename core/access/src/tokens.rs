//! API tokens: for machines, with at most the role and the project they were made for. They end by
//! themselves: after 90 days if nobody says otherwise, and after a year at most. Only the command line
//! makes one without an end.

use cascade_sdk::{Statement, rfc3339, sql};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{AccessError, Accounts, Principal, Result, Role, Secret, Via, bump, digest};

/// Begins every token, so that scanners for leaked secrets know one when they see it.
const PREFIX: &str = "cascade_";

/// The longest name, in characters.
const LONGEST_NAME: usize = 100;
/// How long a token is good for if nobody says.
const LIVES: TimeDelta = TimeDelta::days(90);
/// A year, and a day of grace for clocks.
const LIVES_AT_MOST: TimeDelta = TimeDelta::days(366);

/// When a token ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TokenEnd {
    /// After 90 days.
    #[default]
    Usual,
    /// Then; within 366 days.
    At(DateTime<Utc>),
    /// When it is revoked.
    Never,
}

impl TokenEnd {
    fn after(self, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>> {
        let refuse = |why: &str| Err(AccessError::Refused(why.into()));
        match self {
            Self::Usual => Ok(Some(now + LIVES)),
            Self::Never => Ok(None),
            Self::At(at) if at <= now => refuse("the token would have ended already"),
            Self::At(at) if at - now > LIVES_AT_MOST => refuse(
                "a token lives 366 days at most; `cascade token add --expires-in never` makes one without an end",
            ),
            Self::At(at) => Ok(Some(at)),
        }
    }
}

/// A token as its user sees it later: without the token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiToken {
    /// Id.
    pub id: Uuid,
    /// Whose it is.
    pub user_name: String,
    /// What it is for.
    pub name: String,
    /// `viewer`, `editor`, `owner`, or `admin` for all that the user may do.
    pub role: String,
    /// The one job that it may ask for runs of, if it may do nothing else.
    pub enqueue: Option<String>,
    /// The one project it is good for; all of the user's if there is none.
    pub project_id: Option<Uuid>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it ends; never, if there is none.
    pub expires_at: Option<DateTime<Utc>>,
}

/// What a token is good for, of what its user may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum May {
    /// All, administration too.
    All,
    /// What this role may.
    AtMost(Role),
    /// To ask for runs of this job.
    Enqueue(String),
}

/// A token to make.
#[derive(Debug)]
pub struct NewToken {
    /// Whose it is.
    pub user: Uuid,
    /// What it is for; unique among the user's.
    pub name: String,
    /// What it is good for.
    pub may: May,
    /// Only this project.
    pub project: Option<Uuid>,
    /// When it ends.
    pub ends: TokenEnd,
}

/// A token that was just made.
#[derive(Debug)]
pub struct MadeToken {
    /// This is the only time that it can be read.
    pub token: Secret,
    /// When it ends; never, if there is none.
    pub expires_at: Option<DateTime<Utc>>,
}

const ADD: &str = "INSERT INTO api_tokens
    (id, user_id, name, digest, role, project_id, created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const ADD_TO_ENQUEUE: &str = "INSERT INTO enqueue_tokens
    (id, user_id, name, digest, job_type, project_id, created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

/// All tokens; to ask for a run takes an editor.
const TOKENS: &str =
    "SELECT id, user_id, name, digest, role, NULL AS enqueue, project_id, created_at, expires_at
        FROM api_tokens
    UNION ALL
    SELECT id, user_id, name, digest, 'editor', job_type, project_id, created_at, expires_at
        FROM enqueue_tokens";

#[derive(Deserialize)]
struct TokenRow {
    user_id: Uuid,
    name: String,
    admin: bool,
    role: String,
    enqueue: Option<String>,
    project_id: Option<Uuid>,
    expires_at: Option<DateTime<Utc>>,
}

impl Accounts {
    /// Makes a token.
    ///
    /// # Errors
    /// [`AccessError::Refused`] when the user has one of this name, or name or end will not do.
    pub async fn add_token(&self, new: NewToken) -> Result<MadeToken> {
        let length = new.name.chars().count();
        if new.name.trim().is_empty()
            || length > LONGEST_NAME
            || new.name.chars().any(char::is_control)
        {
            let why = format!("a token's name has 1 to {LONGEST_NAME} characters that can be seen");
            return Err(AccessError::Refused(why));
        }
        let now = Utc::now();
        let expires_at = new.ends.after(now)?;
        let taken = sql("SELECT id FROM api_tokens WHERE user_id = $1 AND name = $2
             UNION ALL SELECT id FROM enqueue_tokens WHERE user_id = $1 AND name = $2");
        let taken: Option<(Uuid,)> = self.one(taken.bind(new.user).bind(&new.name)).await?;
        if taken.is_some() {
            return Err(AccessError::Refused(format!("there is a token `{}` already", new.name)));
        }
        let token = Secret::new(PREFIX)
            .map_err(|error| AccessError::Refused(format!("no randomness: {error}")))?;
        let (insert, limit) = match &new.may {
            May::All => (ADD, "admin"),
            May::AtMost(role) => (ADD, role.as_str()),
            May::Enqueue(job) => (ADD_TO_ENQUEUE, job.as_str()),
        };
        let insert = sql(insert)
            .bind(Uuid::now_v7())
            .bind(new.user)
            .bind(new.name)
            .bind(token.digest())
            .bind(limit)
            .bind(new.project)
            .bind(rfc3339(now))
            .bind(expires_at.map(rfc3339));
        self.write(vec![insert]).await?;
        Ok(MadeToken { token, expires_at })
    }

    /// Who is behind a token, with no more than it was made for.
    ///
    /// # Errors
    /// The database's.
    pub async fn principal_of_token(&self, token: &str) -> Result<Option<Principal>> {
        self.principal_of_token_digest(digest(token)).await
    }

    /// As [`Accounts::principal_of_token`], for who only kept the digest.
    ///
    /// # Errors
    /// The database's.
    pub async fn principal_of_token_digest(&self, digest: String) -> Result<Option<Principal>> {
        let find = sql(format!(
            "SELECT t.user_id, u.name, u.admin, t.role, t.enqueue, t.project_id, t.expires_at
             FROM ({TOKENS}) t JOIN users u ON u.id = t.user_id
             WHERE t.digest = $1 AND NOT u.disabled
               AND (t.expires_at IS NULL OR t.expires_at > $2)"
        ));
        let now = rfc3339(Utc::now());
        let Some(row) = self.one::<TokenRow>(find.bind(&digest).bind(now)).await? else {
            return Ok(None);
        };
        let most = row.role.parse::<Role>().ok();
        let full = row.admin && most.is_none() && row.project_id.is_none();
        let mut roles = self.roles(row.user_id).await?;
        if row.admin && !full {
            // An administrator's roles are not written down; the token's are.
            let all: Vec<(Uuid,)> = self.rows(sql("SELECT id FROM projects")).await?;
            roles = all.into_iter().map(|(project,)| (project, Role::Owner)).collect();
        }
        roles.retain(|project, _| row.project_id.is_none_or(|only| only == *project));
        if let Some(most) = most {
            roles.values_mut().for_each(|role| *role = (*role).min(most));
        }
        Ok(Some(Principal {
            user_id: row.user_id,
            name: row.name,
            admin: full,
            roles,
            via: Via::Token { digest, ends_at: row.expires_at, enqueue: row.enqueue },
        }))
    }

    /// Tokens of one user, or all, by name.
    ///
    /// # Errors
    /// The database's.
    pub async fn tokens(&self, user: Option<Uuid>) -> Result<Vec<ApiToken>> {
        let query = format!(
            "SELECT t.id, u.name AS user_name, t.name, t.role, t.enqueue, t.project_id, t.created_at,
                 t.expires_at
             FROM ({TOKENS}) t JOIN users u ON u.id = t.user_id"
        );
        match user {
            Some(user) => {
                self.rows(sql(format!("{query} WHERE u.id = $1 ORDER BY t.name")).bind(user)).await
            }
            None => self.rows(sql(format!("{query} ORDER BY u.name, t.name"))).await,
        }
    }

    /// Ends a token; says whether there was one.
    ///
    /// # Errors
    /// The database's.
    pub async fn revoke_token(&self, user: Uuid, name: &str) -> Result<bool> {
        let end = ["DELETE FROM api_tokens", "DELETE FROM enqueue_tokens"].map(|end| {
            sql(format!("{end} WHERE user_id = $1 AND name = $2")).bind(user).bind(name)
        });
        let ended = self.write(end.into_iter().chain([bump()]).collect()).await?;
        Ok(ended.iter().take(2).sum::<u64>() > 0)
    }

    /// Ends all tokens of a user; says how many there were.
    ///
    /// # Errors
    /// The database's.
    pub async fn revoke_all_tokens(&self, user: Uuid) -> Result<u64> {
        let ended = self.write(end_tokens(user).into_iter().chain([bump()]).collect()).await?;
        Ok(ended.iter().take(2).sum())
    }
}

/// Ends all tokens of a user.
pub(crate) fn end_tokens(user: Uuid) -> [Statement; 2] {
    ["DELETE FROM api_tokens", "DELETE FROM enqueue_tokens"]
        .map(|end| sql(format!("{end} WHERE user_id = $1")).bind(user))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_ends_after_90_days_unless_told_and_within_a_year_unless_never() {
        let now = Utc::now();
        let days = |days| now + TimeDelta::days(days);
        assert_eq!(TokenEnd::Usual.after(now).unwrap(), Some(days(90)));
        assert_eq!(TokenEnd::At(days(366)).after(now).unwrap(), Some(days(366)));
        assert_eq!(TokenEnd::Never.after(now).unwrap(), None);
        for wrong in
            [days(367), days(0), days(-1), DateTime::<Utc>::MAX_UTC, DateTime::<Utc>::MIN_UTC]
        {
            assert!(TokenEnd::At(wrong).after(now).is_err(), "{wrong}");
        }
    }
}
