//! From the outbox to every open event stream of this process.
//!
//! One task reads the outbox behind a cursor and shares each event once, already in its wire form.
//! A subscriber is a cursor over that shared tail; one that falls too far behind is dropped and
//! comes back with its last id.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::body::Bytes;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    access::Visible,
    bus::Bus,
    store::{Event, Store},
};

/// Events that a subscriber may be behind.
const TAIL: usize = 1024;
/// Events read from the outbox at once.
pub(super) const BATCH: u32 = 500;
/// The net under the bus: the outbox is read this often whatever the bus says.
const NET: Duration = Duration::from_secs(5);
/// The same while the best bus is not there.
const NET_DEGRADED: Duration = Duration::from_secs(1);

/// An event in its wire form.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Outbox id.
    pub id: i64,
    /// Whose it is.
    pub project_id: Uuid,
    /// `id:`, `event:` and `data:` lines.
    pub bytes: Bytes,
    /// When it was read from the outbox, and how long after the end of its run.
    pub read: (Instant, Duration),
}

impl From<Event> for Frame {
    fn from(event: Event) -> Self {
        let Event { id, kind, payload, .. } = &event;
        let bytes = format!("id: {id}\nevent: {kind}\ndata: {payload}\n\n").into();
        let read = (Instant::now(), event.age);
        Self { id: event.id, project_id: event.project_id, bytes, read }
    }
}

/// Who listens now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Audience {
    /// Open streams.
    pub connections: usize,
    /// Projects that some stream is scoped to.
    pub projects: usize,
}

/// Shares the outbox with all streams of this process.
pub struct EventHub {
    tail: broadcast::Sender<Frame>,
    scopes: Mutex<HashMap<Visible, usize>>,
}

impl Default for EventHub {
    fn default() -> Self {
        Self { tail: broadcast::Sender::new(TAIL), scopes: Mutex::default() }
    }
}

impl EventHub {
    /// Reads the outbox from its present end on, until `stop`.
    pub async fn follow(&self, store: Arc<dyn Store>, bus: Arc<dyn Bus>, stop: CancellationToken) {
        let (mut news, mut state) = (bus.subscribe(), bus.state());
        let mut cursor = None;
        while !stop.is_cancelled() {
            let now = *state.borrow_and_update();
            let net = if now.connected && !now.degraded { NET } else { NET_DEGRADED };
            if let Err(error) = self.share_news(&*store, &mut cursor).await {
                tracing::warn!(%error, "the outbox could not be read");
            }
            tokio::select! {
                () = stop.cancelled() => {}
                _ = news.changed() => {}
                // What was said on a bus that has just gone may have been lost.
                _ = state.changed() => {}
                () = tokio::time::sleep(net) => {
                    // For a worker that died between the end of a run and its announcement.
                    store.number_events().await.ok();
                }
            }
        }
    }

    async fn share_news(
        &self,
        store: &dyn Store,
        cursor: &mut Option<i64>,
    ) -> crate::store::Result<()> {
        let mut last = match *cursor {
            Some(last) => last,
            None => store.event_range().await?.1,
        };
        loop {
            *cursor = Some(last);
            let events = store.events_after(last, BATCH).await?;
            let Some(newest) = events.last() else { return Ok(()) };
            last = newest.id;
            for event in events {
                // Nobody listening is no fault.
                self.tail.send(event.into()).ok();
            }
        }
    }

    /// Joins the audience from now on.
    pub fn subscribe(self: &Arc<Self>, scope: Visible) -> Subscriber {
        *self.scopes().entry(scope.clone()).or_default() += 1;
        Subscriber { frames: self.tail.subscribe(), scope, hub: self.clone() }
    }

    /// Who listens now.
    pub fn audience(&self) -> Audience {
        let scopes = self.scopes();
        let projects: HashSet<_> = scopes.keys().filter_map(Visible::list).flatten().collect();
        let projects = projects.len();
        Audience { connections: scopes.values().sum(), projects }
    }

    fn scopes(&self) -> std::sync::MutexGuard<'_, HashMap<Visible, usize>> {
        self.scopes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One stream's place in the tail; leaves the audience when dropped.
pub struct Subscriber {
    /// What is shared from now on.
    pub frames: broadcast::Receiver<Frame>,
    /// Only these projects.
    pub scope: Visible,
    hub: Arc<EventHub>,
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        let mut scopes = self.hub.scopes();
        if let Some(count) = scopes.get_mut(&self.scope) {
            *count -= 1;
            if *count == 0 {
                scopes.remove(&self.scope);
            }
        }
    }
}
