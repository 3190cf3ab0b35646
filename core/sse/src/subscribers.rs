use std::{
    collections::{HashMap, HashSet},
    hash::{Hash, Hasher},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use chrono::{DateTime, Utc};

use cascade_model::Visible;

use crate::Right;

/// What a stream may show, and by what right. Streams of one session share one.
#[derive(Debug)]
pub struct Grant {
    right: Box<dyn Right>,
    /// The projects whose events it lets through.
    pub scope: Visible,
    revoked: AtomicBool,
}

impl Grant {
    /// What `right` lets through now.
    pub fn new(right: impl Right + 'static, scope: Visible) -> Self {
        Self { right: Box::new(right), scope, revoked: AtomicBool::new(false) }
    }

    /// Whether its holder would get the same stream now. When not, the stream ends: the browser comes
    /// back, and gets what is due to it now.
    pub async fn holds(&self) -> bool {
        self.right.scope().await.as_ref() == Some(&self.scope)
    }

    /// Whether the session or token behind it has ended by itself.
    pub fn is_over(&self, now: DateTime<Utc>) -> bool {
        self.right.ends_at().is_some_and(|end| end <= now)
    }

    /// Whether it was found to hold no longer.
    pub fn is_revoked(&self) -> bool {
        self.revoked.load(Ordering::Relaxed)
    }

    fn key(&self) -> (&str, &Visible) {
        (self.right.key(), &self.scope)
    }
}

impl PartialEq for Grant {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Grant {}

impl Hash for Grant {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

/// Who listens now.
#[derive(Debug, Default)]
pub struct Subscribers(Mutex<HashMap<Arc<Grant>, usize>>);

impl Subscribers {
    /// A subscription for one more stream.
    pub fn join(self: &Arc<Self>, grant: Grant) -> Subscription {
        let mut open = self.open();
        let grant = match open.get_key_value(&grant) {
            Some((same, _)) => same.clone(),
            None => Arc::new(grant),
        };
        *open.entry(grant.clone()).or_default() += 1;
        Subscription { grant, subscribers: self.clone() }
    }

    /// All grants with which somebody listens.
    pub fn grants(&self) -> Vec<Arc<Grant>> {
        self.open().keys().cloned().collect()
    }

    /// Whether nobody listens.
    pub fn is_empty(&self) -> bool {
        self.open().is_empty()
    }

    /// Makes a grant revoked; one like it that is asked for later is another.
    pub fn revoke(&self, grant: &Arc<Grant>) {
        let mut open = self.open();
        grant.revoked.store(true, Ordering::Relaxed);
        if open.get_key_value(grant).is_some_and(|(present, _)| Arc::ptr_eq(present, grant)) {
            open.remove(grant);
        }
    }

    /// Open streams, and projects that some stream is scoped to.
    pub fn count(&self) -> (usize, usize) {
        let open = self.open();
        let lists = open.keys().filter_map(|grant| grant.scope.list());
        let projects: HashSet<_> = lists.flatten().collect();
        (open.values().sum(), projects.len())
    }

    fn open(&self) -> MutexGuard<'_, HashMap<Arc<Grant>, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One open stream; it ends when this is dropped.
pub struct Subscription {
    /// Its right to be there.
    pub grant: Arc<Grant>,
    subscribers: Arc<Subscribers>,
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut open = self.subscribers.open();
        // A revoked grant is out already, and one like it may have come since.
        if self.grant.is_revoked() {
            return;
        }
        if let Some(count) = open.get_mut(&self.grant) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.grant);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Open(&'static str);

    #[async_trait::async_trait]
    impl Right for Open {
        fn key(&self) -> &str {
            self.0
        }

        fn ends_at(&self) -> Option<DateTime<Utc>> {
            None
        }

        async fn scope(&self) -> Option<Visible> {
            Some(Visible::All)
        }
    }

    fn grant(key: &'static str) -> Grant {
        Grant::new(Open(key), Visible::All)
    }

    #[test]
    fn streams_of_one_right_share_a_ticket_and_all_are_counted() {
        let subscribers = Arc::new(Subscribers::default());
        let (first, second) = (subscribers.join(grant("one")), subscribers.join(grant("one")));
        let other = subscribers.join(grant("other"));
        assert!(Arc::ptr_eq(&first.grant, &second.grant));
        assert_eq!((subscribers.count().0, subscribers.grants().len()), (3, 2));
        drop((first, other));
        assert_eq!(subscribers.count().0, 1);
        drop(second);
        assert!(subscribers.is_empty());
    }

    #[test]
    fn a_revoked_ticket_says_nothing_of_one_like_it_that_comes_later() {
        let subscribers = Arc::new(Subscribers::default());
        let old = subscribers.join(grant("one"));
        subscribers.revoke(&old.grant);
        let new = subscribers.join(grant("one"));
        assert!(old.grant.is_revoked() && !new.grant.is_revoked());
        drop(old);
        assert_eq!(subscribers.count().0, 1);
    }
}
