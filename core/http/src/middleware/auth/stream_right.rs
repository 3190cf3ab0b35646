//! By what right an event stream shows what it shows.

use async_trait::async_trait;
use cascade_access::{Accounts, Principal, Via};
use cascade_model::Visible;
use cascade_sse::{Grant, Right};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// What a stream was asked to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// One project.
    pub project: Option<Uuid>,
    /// All that one may see.
    pub visible: bool,
}

impl Asked {
    /// What it shows to somebody; `None` when that is not theirs to see.
    pub fn scope(self, principal: &Principal) -> Option<Visible> {
        if self.visible { Some(principal.visible()) } else { principal.scope(self.project) }
    }
}

/// How somebody proved who they are, and what they asked for.
struct StreamRight {
    accounts: Accounts,
    via: Via,
    asked: Asked,
    key: Box<str>,
}

/// The grant of a stream; `None` when what is asked for is not theirs to see.
pub fn grant(principal: &Principal, accounts: &Accounts, asked: Asked) -> Option<Grant> {
    let via = principal.via.clone();
    let proof = match &via {
        Via::Open => "open".into(),
        Via::Session { digest, .. } => format!("session {digest}"),
        Via::Token { digest, .. } => format!("token {digest}"),
    };
    let key = format!("{proof} {asked:?}").into();
    let right = StreamRight { accounts: accounts.clone(), via, asked, key };
    Some(Grant::new(right, asked.scope(principal)?))
}

#[async_trait]
impl Right for StreamRight {
    fn key(&self) -> &str {
        &self.key
    }

    fn ends_at(&self) -> Option<DateTime<Utc>> {
        match &self.via {
            Via::Open => None,
            Via::Session { ends_at, .. } => Some(*ends_at),
            Via::Token { ends_at, .. } => *ends_at,
        }
    }

    async fn scope(&self) -> Option<Visible> {
        let now = match &self.via {
            Via::Open => return self.asked.scope(&Principal::open()),
            Via::Session { digest, .. } => {
                self.accounts.principal_of_session_digest(digest.clone()).await
            }
            Via::Token { digest, .. } => {
                self.accounts.principal_of_token_digest(digest.clone()).await
            }
        };
        self.asked.scope(&now.ok()??)
    }
}

/// Without the digest, which is as good as a password to a reader of the log.
impl std::fmt::Debug for StreamRight {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StreamRight").field("asked", &self.asked).finish_non_exhaustive()
    }
}
