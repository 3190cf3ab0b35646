use std::{
    collections::{HashMap, HashSet},
    hash::{Hash, Hasher},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use cascade_access::{Accounts, Principal, Via};
use cascade_model::Visible;

/// What a stream was asked to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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

/// What is kept of how somebody proved who they are.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Proof {
    Open,
    Session(Box<str>),
    Token(Box<str>),
}

/// By what right a stream shows what. Streams of one session share one.
#[derive(Debug)]
pub struct Ticket {
    proof: Proof,
    /// When the proof ends by itself, of which nobody is told.
    ends_at: Option<DateTime<Utc>>,
    asked: Asked,
    /// The projects whose events it lets through.
    pub scope: Visible,
    revoked: AtomicBool,
}

impl Ticket {
    /// `None` when what is asked for is not theirs to see.
    pub fn new(principal: &Principal, asked: Asked) -> Option<Self> {
        let (proof, ends_at) = match &principal.via {
            Via::Open => (Proof::Open, None),
            Via::Session { digest, ends_at, .. } => {
                (Proof::Session(digest.as_str().into()), Some(*ends_at))
            }
            Via::Token { digest, ends_at } => (Proof::Token(digest.as_str().into()), *ends_at),
        };
        let scope = asked.scope(principal)?;
        Some(Self { proof, ends_at, asked, scope, revoked: AtomicBool::new(false) })
    }

    /// Whether its holder would get the same stream now. When not, the stream ends: the browser comes
    /// back, and gets what is due to it now.
    pub async fn holds(&self, accounts: &Accounts) -> bool {
        let now = match &self.proof {
            Proof::Open => return true,
            Proof::Session(digest) => {
                accounts.principal_of_session_digest(digest.to_string()).await
            }
            Proof::Token(digest) => accounts.principal_of_token_digest(digest.to_string()).await,
        };
        let Ok(Some(now)) = now else { return false };
        self.asked.scope(&now).as_ref() == Some(&self.scope)
    }

    /// Whether the session or token behind it has ended by itself.
    pub fn is_over(&self, now: DateTime<Utc>) -> bool {
        self.ends_at.is_some_and(|end| end <= now)
    }

    /// Whether it was found to hold no longer.
    pub fn is_revoked(&self) -> bool {
        self.revoked.load(Ordering::Relaxed)
    }

    fn key(&self) -> (&Proof, Asked, &Visible) {
        (&self.proof, self.asked, &self.scope)
    }
}

impl PartialEq for Ticket {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Ticket {}

impl Hash for Ticket {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

/// Who listens now.
#[derive(Debug, Default)]
pub struct Audience(Mutex<HashMap<Arc<Ticket>, usize>>);

impl Audience {
    /// A seat for one more stream.
    pub fn join(self: &Arc<Self>, ticket: Ticket) -> Seat {
        let mut seats = self.seats();
        let ticket = match seats.get_key_value(&ticket) {
            Some((same, _)) => same.clone(),
            None => Arc::new(ticket),
        };
        *seats.entry(ticket.clone()).or_default() += 1;
        Seat { ticket, audience: self.clone() }
    }

    /// All tickets with which somebody listens.
    pub fn tickets(&self) -> Vec<Arc<Ticket>> {
        self.seats().keys().cloned().collect()
    }

    /// Whether nobody listens.
    pub fn is_empty(&self) -> bool {
        self.seats().is_empty()
    }

    /// Makes a ticket void; one like it that is asked for later is another.
    pub fn revoke(&self, ticket: &Arc<Ticket>) {
        let mut seats = self.seats();
        ticket.revoked.store(true, Ordering::Relaxed);
        if seats.get_key_value(ticket).is_some_and(|(present, _)| Arc::ptr_eq(present, ticket)) {
            seats.remove(ticket);
        }
    }

    /// Open streams, and projects that some stream is scoped to.
    pub fn count(&self) -> (usize, usize) {
        let seats = self.seats();
        let lists = seats.keys().filter_map(|ticket| ticket.scope.list());
        let projects: HashSet<_> = lists.flatten().collect();
        (seats.values().sum(), projects.len())
    }

    fn seats(&self) -> MutexGuard<'_, HashMap<Arc<Ticket>, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One stream's place in the audience, left when dropped.
pub struct Seat {
    /// Its right to be there.
    pub ticket: Arc<Ticket>,
    audience: Arc<Audience>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = self.audience.seats();
        // A void ticket is out already, and one like it may have come since.
        if self.ticket.is_revoked() {
            return;
        }
        if let Some(count) = seats.get_mut(&self.ticket) {
            *count -= 1;
            if *count == 0 {
                seats.remove(&self.ticket);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket(visible: bool) -> Ticket {
        Ticket::new(&Principal::open(), Asked { project: None, visible }).unwrap()
    }

    #[test]
    fn streams_of_one_right_share_a_ticket_and_all_are_counted() {
        let audience = Arc::new(Audience::default());
        let (first, second) = (audience.join(ticket(true)), audience.join(ticket(true)));
        let other = audience.join(ticket(false));
        assert!(Arc::ptr_eq(&first.ticket, &second.ticket));
        assert_eq!((audience.count().0, audience.tickets().len()), (3, 2));
        drop((first, other));
        assert_eq!(audience.count().0, 1);
        drop(second);
        assert!(audience.is_empty());
    }

    #[test]
    fn a_void_ticket_says_nothing_of_one_like_it_that_comes_later() {
        let audience = Arc::new(Audience::default());
        let old = audience.join(ticket(true));
        audience.revoke(&old.ticket);
        let new = audience.join(ticket(true));
        assert!(old.ticket.is_revoked() && !new.ticket.is_revoked());
        drop(old);
        assert_eq!(audience.count().0, 1);
    }
}
