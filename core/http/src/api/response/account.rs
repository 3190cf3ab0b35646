//! Who may see and do what.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// What somebody may do in a project; each role may do all that the one before it may.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sees everything.
    Viewer,
    /// Runs, pauses and cancels jobs, and decides on what they recommend.
    Editor,
    /// Says who else is a member; reads the project's audit log.
    Owner,
}

impl From<cascade_access::Role> for Role {
    fn from(from: cascade_access::Role) -> Self {
        match from {
            cascade_access::Role::Viewer => Self::Viewer,
            cascade_access::Role::Editor => Self::Editor,
            cascade_access::Role::Owner => Self::Owner,
        }
    }
}

impl From<Role> for cascade_access::Role {
    fn from(from: Role) -> Self {
        match from {
            Role::Viewer => Self::Viewer,
            Role::Editor => Self::Editor,
            Role::Owner => Self::Owner,
        }
    }
}

/// A user as administrators see them.
#[derive(Debug, Serialize, ToSchema)]
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
    pub has_password: bool,
    /// When they were added.
    pub created_at: DateTime<Utc>,
}

impl From<cascade_access::User> for User {
    fn from(from: cascade_access::User) -> Self {
        Self {
            id: from.id,
            name: from.name,
            display_name: from.display_name,
            admin: from.admin,
            disabled: from.disabled,
            has_password: from.has_password,
            created_at: from.created_at,
        }
    }
}

/// A user's role in a project.
#[derive(Debug, Serialize, ToSchema)]
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

impl From<cascade_access::Member> for Member {
    fn from(from: cascade_access::Member) -> Self {
        Self {
            user_id: from.user_id,
            user_name: from.user_name,
            project_id: from.project_id,
            project_slug: from.project_slug,
            role: from.role.into(),
        }
    }
}

/// A token as its user sees it later: without the token.
#[derive(Debug, Serialize, ToSchema)]
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

impl From<cascade_access::ApiToken> for ApiToken {
    fn from(from: cascade_access::ApiToken) -> Self {
        Self {
            id: from.id,
            user_name: from.user_name,
            name: from.name,
            role: from.role,
            enqueue: from.enqueue,
            project_id: from.project_id,
            created_at: from.created_at,
            expires_at: from.expires_at,
        }
    }
}
