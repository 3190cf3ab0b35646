use std::{collections::BTreeMap, fmt, str::FromStr};

use cascade_model::Visible;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What somebody may do in a project; each role may do all that the one before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sees everything.
    Viewer,
    /// Runs, pauses and cancels jobs, and decides on what they recommend.
    Editor,
    /// Says who else is a member; reads the project's audit log.
    Owner,
}

impl Role {
    /// All of them, the least first.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Editor, Self::Owner];

    /// The name in the database and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Editor => "editor",
            Self::Owner => "owner",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|role| role.as_str() == text);
        found.ok_or_else(|| format!("`{text}` is no role; there is: viewer, editor, owner"))
    }
}

/// How a principal proved who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Via {
    /// A session cookie, whose digest this is.
    Session {
        /// Digest of the session's id.
        digest: String,
        /// What unsafe requests must repeat.
        csrf_token: String,
        /// What the session looks at; `None` for all that the user may see.
        active_project: Option<Uuid>,
        /// When it ends in any case.
        ends_at: DateTime<Utc>,
    },
    /// An API token, whose digest this is.
    Token {
        /// Digest of the token.
        digest: String,
        /// When it ends by itself.
        ends_at: Option<DateTime<Utc>>,
        /// The one job that it may ask for runs of, if it may do nothing else.
        enqueue: Option<String>,
    },
    /// Nobody asks: the host was started without sign-in, on loopback.
    Open,
}

/// Who makes a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The user; nil where nobody asks.
    pub user_id: Uuid,
    /// For people and for the audit log.
    pub name: String,
    /// Sees all projects, edits jobs.toml, manages users.
    pub admin: bool,
    /// Roles by project.
    pub roles: BTreeMap<Uuid, Role>,
    /// How they proved it.
    pub via: Via,
}

impl Principal {
    /// The one job that it may ask for runs of, if it may do nothing else.
    pub fn only_enqueues(&self) -> Option<&str> {
        match &self.via {
            Via::Token { enqueue, .. } => enqueue.as_deref(),
            Via::Session { .. } | Via::Open => None,
        }
    }

    /// Whoever can reach a host that was started without sign-in.
    pub fn open() -> Self {
        Self {
            user_id: Uuid::nil(),
            name: "local".into(),
            admin: true,
            roles: BTreeMap::new(),
            via: Via::Open,
        }
    }

    /// The role in a project; `None` for none.
    pub fn role(&self, project: Uuid) -> Option<Role> {
        if self.admin { Some(Role::Owner) } else { self.roles.get(&project).copied() }
    }

    /// Whether they may do in a project what takes `role`.
    pub fn may(&self, project: Uuid, role: Role) -> bool {
        self.role(project).is_some_and(|has| has >= role)
    }

    /// Everything they may see.
    pub fn visible(&self) -> Visible {
        self.with_role(Role::Viewer)
    }

    /// The projects in which they have at least `role`.
    pub fn with_role(&self, role: Role) -> Visible {
        if self.admin {
            return Visible::All;
        }
        let has = self.roles.iter().filter(|(_, has)| **has >= role);
        Visible::Only(has.map(|(project, _)| *project).collect())
    }

    /// What lists and events show: the project asked for, or else the session's active one; or else
    /// all for who may see all, and for others their first project. `None` when the project asked for
    /// is not theirs to see.
    pub fn scope(&self, asked: Option<Uuid>) -> Option<Visible> {
        let active = match &self.via {
            Via::Session { active_project, .. } => *active_project,
            Via::Token { .. } | Via::Open => None,
        };
        match asked {
            Some(project) => self.may(project, Role::Viewer).then(|| Visible::Only(vec![project])),
            None => match active.filter(|project| self.may(*project, Role::Viewer)) {
                Some(project) => Some(Visible::Only(vec![project])),
                None if self.admin => Some(Visible::All),
                None => Some(Visible::Only(self.roles.keys().take(1).copied().collect())),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(role: Role) -> (Principal, Uuid) {
        let project = Uuid::from_u128(1);
        let roles = BTreeMap::from([(project, role)]);
        (Principal { admin: false, roles, ..Principal::open() }, project)
    }

    #[test]
    fn each_role_may_do_what_the_lesser_ones_may() {
        for (has, may) in [(Role::Viewer, 1), (Role::Editor, 2), (Role::Owner, 3)] {
            let (principal, project) = member(has);
            let count = Role::ALL.iter().filter(|role| principal.may(project, **role)).count();
            assert_eq!(count, may);
            assert!(!principal.may(Uuid::from_u128(2), Role::Viewer));
        }
        assert!(Principal::open().may(Uuid::from_u128(2), Role::Owner));
    }

    #[test]
    fn a_scope_is_never_more_than_what_is_visible() {
        let (mut principal, own) = member(Role::Viewer);
        let foreign = Uuid::from_u128(2);
        assert_eq!(principal.scope(Some(foreign)), None);
        assert_eq!(principal.scope(Some(own)), Some(Visible::Only(vec![own])));
        assert_eq!(principal.scope(None), Some(Visible::Only(vec![own])));
        // A membership that was taken away since the session chose the project.
        principal.via = Via::Session {
            digest: String::new(),
            csrf_token: String::new(),
            active_project: Some(foreign),
            ends_at: Utc::now(),
        };
        assert_eq!(principal.scope(None), Some(Visible::Only(vec![own])));
        assert_eq!(Principal::open().scope(None), Some(Visible::All));
    }
}
