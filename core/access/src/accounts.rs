//! Users and their roles in projects.

use cascade_sdk::{rfc3339, sql};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{AccessError, Accounts, Result, Role, bump, password};

/// A user as administrators see them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Id.
    pub id: Uuid,
    /// The name they sign in with, in small letters.
    pub name: String,
    /// What their provider calls them; it proves nothing, and others may be called the same.
    pub display_name: Option<String>,
    /// Sees all projects, edits jobs.toml, manages users.
    pub admin: bool,
    /// May not sign in.
    pub disabled: bool,
    /// Whether there is a password.
    #[serde(deserialize_with = "number_is_true")]
    pub has_password: bool,
    /// When they were added.
    pub created_at: DateTime<Utc>,
}

/// A user's role in a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The user.
    pub user_id: Uuid,
    /// Their name.
    pub user_name: String,
    /// The project.
    pub project_id: Uuid,
    /// Its short name.
    pub project_slug: String,
    /// What they may do there.
    pub role: Role,
}

/// A user to add.
#[derive(Debug, Default)]
pub struct NewUser {
    /// The name to sign in with.
    pub name: String,
    /// Sees and may do everything.
    pub admin: bool,
    /// Left out, they sign in by a link or by OpenID Connect.
    pub password: Option<String>,
    /// Issuer and subject at an OpenID Connect provider.
    pub oidc: Option<(String, String)>,
    /// What to call them, beside the name.
    pub display_name: Option<String>,
}

const COLUMNS: &str = "id, name, display_name, admin, disabled,
    CASE WHEN password_hash IS NULL THEN 0 ELSE 1 END AS has_password, created_at";

/// An expression has no boolean type in SQLite.
fn number_is_true<'de, D: serde::Deserializer<'de>>(
    from: D,
) -> std::result::Result<bool, D::Error> {
    Ok(i64::deserialize(from)? != 0)
}

/// The longest user name, in bytes.
pub const LONGEST_NAME: usize = 100;

/// Whether a user may be called so.
pub(super) fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || "._-@+".contains(c);
    !name.is_empty() && name.len() <= LONGEST_NAME && name.chars().all(plain)
}

/// Names are compared in small letters, without spaces around them.
pub(super) fn canonical(name: &str) -> String {
    name.trim().to_lowercase()
}

fn taken(name: &str) -> AccessError {
    AccessError::Refused(format!("there is a user `{name}` already"))
}

impl Accounts {
    /// Adds a user.
    ///
    /// # Errors
    /// [`AccessError::Refused`] when the name is taken or unfit or the password breaks the rule.
    pub async fn add_user(&self, new: NewUser) -> Result<Uuid> {
        let name = canonical(&new.name);
        if !is_name(&name) {
            return Err(AccessError::Refused(format!(
                "`{name}` is no user name: letters, digits and . _ - @ +, at most 100"
            )));
        }
        if self.user(&name).await?.is_some() {
            return Err(taken(&name));
        }
        let hash = self.checked_hash(&name, new.password).await?;
        let id = Uuid::now_v7();
        let (issuer, subject) = new.oidc.unzip();
        let add = self.write(vec![
            sql("INSERT INTO users (id, name, password_hash, admin, oidc_issuer, oidc_subject, created_at, display_name)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
            .bind(id)
            .bind(&name)
            .bind(hash)
            .bind(new.admin)
            .bind(issuer)
            .bind(subject)
            .bind(rfc3339(Utc::now()))
            .bind(new.display_name),
        ]);
        match add.await {
            Ok(_) => Ok(id),
            // Somebody added one of this name at the same moment.
            Err(_) if self.user(&name).await?.is_some() => Err(taken(&name)),
            Err(error) => Err(error),
        }
    }

    async fn checked_hash(&self, name: &str, password: Option<String>) -> Result<Option<String>> {
        let Some(password) = password else { return Ok(None) };
        let rule = password::check_rule(&password, name);
        rule.map_err(|rule| AccessError::Refused(rule.to_string()))?;
        Ok(Some(self.hashing.hash(password).await?))
    }

    /// Sets a password, and ends all sessions of the user but the one whose digest is `keep`; all
    /// their tokens too, unless `keep_tokens`. Says how many tokens that were.
    ///
    /// # Errors
    /// As [`Accounts::add_user`].
    pub async fn set_password(
        &self,
        user: Uuid,
        password: String,
        keep: &str,
        keep_tokens: bool,
    ) -> Result<u64> {
        let name = sql("SELECT name FROM users WHERE id = $1").bind(user);
        let name: Option<(String,)> = self.one(name).await?;
        let (name,) = name.ok_or_else(|| AccessError::Refused("the user is gone".into()))?;
        let hash = self.checked_hash(&name, Some(password)).await?;
        let mut changes = vec![
            sql("UPDATE users SET password_hash = $1 WHERE id = $2").bind(hash).bind(user),
            sql("DELETE FROM sessions WHERE user_id = $1 AND digest <> $2").bind(user).bind(keep),
            bump(),
        ];
        if !keep_tokens {
            changes.extend(super::tokens::end_tokens(user));
        }
        let changed = self.write(changes).await?;
        // After the three changes that are always made.
        Ok(changed.iter().skip(3).sum())
    }

    /// Keeps what a provider calls a user now.
    ///
    /// # Errors
    /// The database's.
    pub async fn set_display_name(&self, user: Uuid, display_name: Option<&str>) -> Result<()> {
        let set = sql("UPDATE users SET display_name = $1 WHERE id = $2");
        self.write(vec![set.bind(display_name).bind(user)]).await?;
        Ok(())
    }

    /// Whether `password` is the user's.
    ///
    /// # Errors
    /// The database's.
    pub async fn password_fits(&self, user: Uuid, password: String) -> Result<bool> {
        let query = sql("SELECT password_hash FROM users WHERE id = $1").bind(user);
        let row: Option<(Option<String>,)> = self.one(query).await?;
        Ok(self.hashing.verify(password, row.and_then(|row| row.0)).await?)
    }

    /// Lets a user in again or keeps them out; out means at once, with all sessions ended.
    ///
    /// # Errors
    /// The database's.
    pub async fn set_disabled(&self, user: Uuid, disabled: bool) -> Result<()> {
        let mut statements = vec![
            sql("UPDATE users SET disabled = $1 WHERE id = $2").bind(disabled).bind(user),
            bump(),
        ];
        if disabled {
            statements.push(sql("DELETE FROM sessions WHERE user_id = $1").bind(user));
        }
        self.write(statements).await?;
        Ok(())
    }

    /// A user by name.
    ///
    /// # Errors
    /// The database's.
    pub async fn user(&self, name: &str) -> Result<Option<User>> {
        let query = sql(format!("SELECT {COLUMNS} FROM users WHERE name = $1"));
        self.one(query.bind(canonical(name))).await
    }

    /// A user by what an OpenID Connect provider calls them.
    ///
    /// # Errors
    /// The database's.
    pub async fn user_of_oidc(&self, issuer: &str, subject: &str) -> Result<Option<User>> {
        let query = sql(format!(
            "SELECT {COLUMNS} FROM users WHERE oidc_issuer = $1 AND oidc_subject = $2"
        ));
        self.one(query.bind(issuer).bind(subject)).await
    }

    /// All users, by name.
    ///
    /// # Errors
    /// The database's.
    pub async fn users(&self) -> Result<Vec<User>> {
        self.rows(sql(format!("SELECT {COLUMNS} FROM users ORDER BY name"))).await
    }

    /// Who is in which project, of one user or of all.
    ///
    /// # Errors
    /// The database's.
    pub async fn members(&self, user: Option<Uuid>) -> Result<Vec<Member>> {
        let query = "SELECT m.user_id, u.name AS user_name, m.project_id, p.slug AS project_slug, m.role
             FROM memberships m JOIN users u ON u.id = m.user_id JOIN projects p ON p.id = m.project_id";
        match user {
            Some(user) => {
                let query = format!("{query} WHERE m.user_id = $1 ORDER BY p.slug");
                self.rows(sql(query).bind(user)).await
            }
            None => self.rows(sql(format!("{query} ORDER BY p.slug, u.name"))).await,
        }
    }

    /// Gives a user a role in a project, or takes it away.
    ///
    /// # Errors
    /// The database's.
    pub async fn set_role(&self, user: Uuid, project: Uuid, role: Option<Role>) -> Result<()> {
        let change = match role {
            Some(role) => {
                sql("INSERT INTO memberships (user_id, project_id, role) VALUES ($1, $2, $3)
                     ON CONFLICT (user_id, project_id) DO UPDATE SET role = excluded.role")
                .bind(user)
                .bind(project)
                .bind(role)
            }
            None => sql("DELETE FROM memberships WHERE user_id = $1 AND project_id = $2")
                .bind(user)
                .bind(project),
        };
        self.write(vec![change, bump()]).await?;
        Ok(())
    }
}
