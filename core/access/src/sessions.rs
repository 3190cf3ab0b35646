//! Sessions of browsers, and the links that begin one without a password.

use std::collections::BTreeMap;

use cascade_sdk::{rfc3339, sql};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    AccessError, Accounts, Principal, Result, Role, Secret, Via, accounts::canonical, bump, digest,
};

/// A session that is not used for this long ends.
pub const SESSION_IDLE: TimeDelta = TimeDelta::days(7);
/// A session ends after this long however much it is used.
pub const SESSION_ENDS: TimeDelta = TimeDelta::days(30);
/// How much a session must have moved on before that is written.
const STEP: TimeDelta = TimeDelta::minutes(5);
/// A link is good for this long, and once.
const LINK_LIVES: TimeDelta = TimeDelta::minutes(15);

/// A new session; its id is for the cookie.
#[derive(Debug)]
pub struct SignedIn {
    /// For the cookie, and nowhere else.
    pub secret: Secret,
    /// The user.
    pub user_id: Uuid,
    /// Their name.
    pub name: String,
}

#[derive(Deserialize)]
struct SessionRow {
    user_id: Uuid,
    name: String,
    admin: bool,
    csrf_token: String,
    active_project: Option<Uuid>,
    idle_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
}

#[derive(Deserialize)]
pub(super) struct RoleRow {
    pub project_id: Uuid,
    pub role: Role,
}

fn secret(prefix: &str) -> Result<Secret> {
    Secret::new(prefix).map_err(|error| AccessError::Refused(format!("no randomness: {error}")))
}

impl Accounts {
    /// Signs in by name and password; `None` when they do not fit, in as much time.
    ///
    /// # Errors
    /// The database's.
    pub async fn sign_in(&self, name: &str, password: String) -> Result<Option<SignedIn>> {
        let find = sql("SELECT id, password_hash FROM users WHERE name = $1 AND NOT disabled");
        let found: Option<(Uuid, Option<String>)> = self.one(find.bind(canonical(name))).await?;
        let hash = found.as_ref().and_then(|(_, hash)| hash.clone());
        let fits = self.hashing.verify(password, hash).await?;
        match found {
            Some((user, _)) if fits => Ok(Some(self.begin_session(user, canonical(name)).await?)),
            _ => Ok(None),
        }
    }

    /// Begins a session for a user who has proved who they are.
    ///
    /// # Errors
    /// The database's.
    pub async fn begin_session(&self, user_id: Uuid, name: String) -> Result<SignedIn> {
        let (session, csrf) = (secret("")?, secret("")?);
        let now = Utc::now();
        self.write(vec![
            sql("DELETE FROM sessions WHERE idle_at < $1 OR ends_at < $1").bind(rfc3339(now)),
            sql("INSERT INTO sessions (digest, user_id, csrf_token, created_at, idle_at, ends_at)
                 VALUES ($1, $2, $3, $4, $5, $6)")
            .bind(session.digest())
            .bind(user_id)
            .bind(csrf.reveal())
            .bind(rfc3339(now))
            .bind(rfc3339(now + SESSION_IDLE))
            .bind(rfc3339(now + SESSION_ENDS)),
        ])
        .await?;
        Ok(SignedIn { secret: session, user_id, name })
    }

    /// Who is behind a session's id; its idle time begins again.
    ///
    /// # Errors
    /// The database's.
    pub async fn principal_of_session(&self, id: &str) -> Result<Option<Principal>> {
        self.principal_of_session_digest(digest(id)).await
    }

    /// As [`Accounts::principal_of_session`], for who only kept the digest.
    ///
    /// # Errors
    /// The database's.
    pub async fn principal_of_session_digest(&self, digest: String) -> Result<Option<Principal>> {
        let now = Utc::now();
        let find = sql(
            "SELECT s.user_id, u.name, u.admin, s.csrf_token, s.active_project, s.idle_at, s.ends_at
             FROM sessions s JOIN users u ON u.id = s.user_id
             WHERE s.digest = $1 AND NOT u.disabled AND s.idle_at > $2 AND s.ends_at > $2",
        );
        let found: Option<SessionRow> = self.one(find.bind(&digest).bind(rfc3339(now))).await?;
        let Some(row) = found else { return Ok(None) };
        let idle_at = (now + SESSION_IDLE).min(row.ends_at);
        if idle_at - row.idle_at > STEP {
            let touch = sql("UPDATE sessions SET idle_at = $1 WHERE digest = $2");
            self.write(vec![touch.bind(rfc3339(idle_at)).bind(&digest)]).await?;
        }
        Ok(Some(Principal {
            user_id: row.user_id,
            name: row.name,
            admin: row.admin,
            roles: self.roles(row.user_id).await?,
            via: Via::Session {
                digest,
                csrf_token: row.csrf_token,
                active_project: row.active_project,
                ends_at: row.ends_at,
            },
        }))
    }

    pub(super) async fn roles(&self, user: Uuid) -> Result<BTreeMap<Uuid, Role>> {
        let rows = sql("SELECT project_id, role FROM memberships WHERE user_id = $1").bind(user);
        let rows: Vec<RoleRow> = self.rows(rows).await?;
        Ok(rows.into_iter().map(|row| (row.project_id, row.role)).collect())
    }

    /// Ends one session.
    ///
    /// # Errors
    /// The database's.
    pub async fn end_session(&self, digest: &str) -> Result<()> {
        let end = sql("DELETE FROM sessions WHERE digest = $1").bind(digest);
        self.write(vec![end, bump()]).await?;
        Ok(())
    }

    /// Ends all sessions of a user.
    ///
    /// # Errors
    /// The database's.
    pub async fn end_all_sessions(&self, user: Uuid) -> Result<()> {
        let end = sql("DELETE FROM sessions WHERE user_id = $1").bind(user);
        self.write(vec![end, bump()]).await?;
        Ok(())
    }

    /// What a session looks at from now on.
    ///
    /// # Errors
    /// The database's.
    pub async fn set_active_project(&self, digest: &str, project: Option<Uuid>) -> Result<()> {
        let set = sql("UPDATE sessions SET active_project = $1 WHERE digest = $2");
        self.write(vec![set.bind(project).bind(digest)]).await?;
        Ok(())
    }

    /// Makes a link by which a user signs in once, within 15 minutes.
    ///
    /// # Errors
    /// The database's.
    pub async fn make_link(&self, user: Uuid) -> Result<Secret> {
        let link = secret("")?;
        let now = Utc::now();
        self.write(vec![
            sql("DELETE FROM sign_in_links WHERE expires_at < $1").bind(rfc3339(now)),
            sql("INSERT INTO sign_in_links (digest, user_id, expires_at) VALUES ($1, $2, $3)")
                .bind(link.digest())
                .bind(user)
                .bind(rfc3339(now + LINK_LIVES)),
        ])
        .await?;
        Ok(link)
    }

    /// Signs in by a link; `None` when it is not, or no longer, good.
    ///
    /// # Errors
    /// The database's.
    pub async fn sign_in_by_link(&self, link: &str) -> Result<Option<SignedIn>> {
        let find = sql("SELECT u.id, u.name FROM sign_in_links l JOIN users u ON u.id = l.user_id
             WHERE l.digest = $1 AND l.expires_at > $2 AND NOT u.disabled");
        let digest = digest(link);
        let found: Option<(Uuid, String)> =
            self.one(find.bind(&digest).bind(rfc3339(Utc::now()))).await?;
        // Whoever deletes it has it: of two at a time one gets in.
        let taken = sql("DELETE FROM sign_in_links WHERE digest = $1").bind(&digest);
        let taken = self.write(vec![taken]).await?;
        match found {
            Some((user, name)) if taken == [1] => Ok(Some(self.begin_session(user, name).await?)),
            _ => Ok(None),
        }
    }
}
