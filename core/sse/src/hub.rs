//! From the outbox to every open event stream of this process.
//!
//! One task reads the outbox behind a cursor and shares each event once, already in its wire form.
//! A stream is a place in that shared backlog; one that falls too far behind is dropped and comes back
//! with its last id.

use std::{
    any::Any,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
    time::Duration,
};

use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;

use cascade_bus::Bus;
use cascade_model::Event;
use cascade_store::{Queries, Store};

use crate::{
    Entry, Grant, IdleStream, Listener, Position, Subscribers, Subscription, WriterThread,
};

/// Events read from the outbox at once.
pub const BATCH: u32 = 500;
/// The net under the bus: the outbox is read this often whatever the bus says.
const NET: Duration = Duration::from_secs(10);
/// The same while the best bus is not there, or the database.
const NET_DEGRADED: Duration = Duration::from_secs(1);
/// How long a database that was not there may take to answer, before it is asked again: the pool waits
/// ever longer between its own attempts to connect.
const ANSWER: Duration = Duration::from_secs(3);

/// Threads that write to streams: one for each core, but so many keep tens of thousands of streams busy.
const MOST_WRITERS: usize = 4;

/// Shares the outbox with all streams of this process.
#[derive(Default)]
pub struct EventHub {
    subscribers: Arc<Subscribers>,
    shared: Mutex<Shared>,
}

#[derive(Default)]
struct Shared {
    writers: Vec<WriterThread>,
    /// Entries shared so far: the number of the next one.
    next: u64,
    /// The newest event among them or, before the first, of the outbox; `None` until it is read.
    newest: Option<Position>,
    /// Whose turn it is to take a stream.
    turn: usize,
}

/// Where a stream that joins now begins.
pub struct Joined {
    /// Its place in the subscribers.
    pub subscription: Subscription,
    /// The number of the first entry that is shared from now on.
    pub next: u64,
    /// The newest event that was shared before; `None` when the outbox was not read yet.
    pub newest: Option<Position>,
}

impl EventHub {
    /// Makes ready for streams.
    ///
    /// # Errors
    /// When the system has no file descriptor or thread left.
    pub fn open(&self) -> io::Result<()> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let writers = (0..cores.min(MOST_WRITERS)).map(|_| WriterThread::start());
        self.shared().writers = writers.collect::<io::Result<_>>()?;
        Ok(())
    }

    /// Reads the outbox from its present end on, until `stop`.
    pub async fn follow(
        self: Arc<Self>,
        store: Arc<dyn Store>,
        bus: Arc<dyn Bus>,
        stop: CancellationToken,
    ) {
        let (mut news, mut state) = (bus.subscribe(), bus.state());
        let mut cursor = None;
        let mut failing = false;
        while !stop.is_cancelled() {
            let now = *state.borrow_and_update();
            if !failing || answers(&*store).await {
                let shared = self.share_news(&*store, &mut cursor).await;
                failing = shared.is_err();
                if let Err(error) = shared {
                    tracing::warn!(%error, "the outbox could not be read");
                }
            }
            let well = now.connected && !now.degraded && !failing;
            let net = if well { NET } else { NET_DEGRADED };
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
        cursor: &mut Option<Position>,
    ) -> cascade_store::Result<()> {
        let last = match cursor {
            Some(last) => last,
            None => {
                let newest = Position::newest(store).await?;
                self.shared().newest = Some(newest);
                cursor.insert(newest)
            }
        };
        loop {
            // First, so that what comes while the writers are busy goes out as one batch.
            let capacity = self.capacity().await;
            // With the last one that was shared: should it be gone, others were lost with it.
            let mut events = store.events_after(last.id - 1, BATCH + 1).await?;
            if !follows(&mut events, *last, store).await? {
                *last = Position::newest(store).await?;
                tracing::warn!(
                    newest = %last,
                    "the database has lost events, by a restore or a fail-over: clients are told to reset"
                );
                self.tell(Entry::reset(*last));
                return Ok(());
            }
            let Some(newest) = events.last() else { return Ok(()) };
            *last = Position::of(newest);
            let more = events.len() >= BATCH as usize;
            self.share(events.into_iter().map(Entry::from).collect(), capacity);
            if !more {
                return Ok(());
            }
        }
    }

    /// Waits until each writer has capacity for a batch.
    async fn capacity(&self) -> Vec<Option<OwnedSemaphorePermit>> {
        let capacities: Vec<_> =
            self.shared().writers.iter().map(|writer| writer.capacity.clone()).collect();
        let mut all = Vec::new();
        for capacity in capacities {
            all.push(capacity.acquire_owned().await.ok());
        }
        all
    }

    /// Tells all streams something that is no event.
    pub fn tell(&self, entry: Entry) {
        self.share(Arc::new([entry]), Vec::new());
    }

    fn share(&self, entries: Arc<[Entry]>, capacity: Vec<Option<OwnedSemaphorePermit>>) {
        let mut capacity = capacity.into_iter();
        let mut shared = self.shared();
        shared.next += entries.len() as u64;
        shared.newest = entries.iter().rev().find_map(Entry::position).or(shared.newest);
        for writer in &shared.writers {
            writer.share(entries.clone(), capacity.next().flatten());
        }
    }

    /// Joins the subscribers from now on.
    pub fn subscribe(&self, grant: Grant) -> Joined {
        let subscription = self.subscribers.join(grant);
        let shared = self.shared();
        Joined { subscription, next: shared.next, newest: shared.newest }
    }

    /// Takes the socket of a stream that only waits for what all are sent; `connection` is dropped when it
    /// ends.
    pub fn add(
        &self,
        socket: std::net::TcpStream,
        listener: Box<Listener>,
        connection: Arc<dyn Any + Send + Sync>,
    ) {
        let stream = IdleStream::new(mio::net::TcpStream::from_std(socket), listener, connection);
        let mut shared = self.shared();
        shared.turn = shared.turn.wrapping_add(1);
        // Without any, as after the end, the stream ends with its socket.
        if let Some(turn) = shared.turn.checked_rem(shared.writers.len()) {
            shared.writers[turn].add(stream);
        }
    }

    /// Who listens now.
    pub fn subscribers(&self) -> &Subscribers {
        &self.subscribers
    }

    /// Ends the streams whose grants were revoked.
    pub fn end_revoked(&self) {
        self.shared().writers.iter().for_each(WriterThread::end_revoked);
    }

    /// Ends all streams, and waits until that is done.
    pub async fn end(&self) {
        let writers = std::mem::take(&mut self.shared().writers);
        let threads: Vec<_> = writers.into_iter().filter_map(WriterThread::end).collect();
        let wait = move || threads.into_iter().map(JoinHandle::join).all(|ended| ended.is_ok());
        if !matches!(tokio::task::spawn_blocking(wait).await, Ok(true)) {
            tracing::error!("a thread of event streams did not end well");
        }
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the database answers again.
async fn answers(store: &dyn Store) -> bool {
    matches!(tokio::time::timeout(ANSWER, store.event_range()).await, Ok(Ok(_)))
}

/// Whether what was read from `last` on continues it; leaves what comes after it.
async fn follows(
    events: &mut Vec<Event>,
    last: Position,
    store: &dyn Store,
) -> cascade_store::Result<bool> {
    if last.id == 0 {
        return Ok(true);
    }
    if events.first().is_some_and(|first| first.id == last.id) {
        return Ok(Position::of(&events.remove(0)).fits(last));
    }
    // Retention may have removed it, and never the newest.
    let (oldest, newest) = store.event_range().await?;
    Ok(oldest > last.id && newest > last.id)
}
