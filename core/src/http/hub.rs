//! From the outbox to every open event stream of this process.
//!
//! One task reads the outbox behind a cursor and shares each event once, already in its wire form.
//! A stream is a place in that shared tail; one that falls too far behind is dropped and comes back
//! with its last id.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
    time::Duration,
};

use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;

use super::{
    fanout::{Audience, Entry, Listener, Lot, Parked, Seat, Ticket},
    places::Place,
    position::Position,
};
use cascade_bus::Bus;
use cascade_model::Event;
use cascade_store::Store;

/// Events read from the outbox at once.
pub(super) const BATCH: u32 = 500;
/// The net under the bus: the outbox is read this often whatever the bus says.
const NET: Duration = Duration::from_secs(10);
/// The same while the best bus is not there, or the database.
const NET_DEGRADED: Duration = Duration::from_secs(1);
/// How long a database that was not there may take to answer, before it is asked again: the pool waits
/// ever longer between its own attempts to connect.
const ANSWER: Duration = Duration::from_secs(3);

/// Threads that write to streams: one for each core, but so many keep tens of thousands of streams busy.
const MOST_LOTS: usize = 4;

/// Shares the outbox with all streams of this process.
#[derive(Default)]
pub struct EventHub {
    audience: Arc<Audience>,
    shared: Mutex<Shared>,
}

#[derive(Default)]
struct Shared {
    lots: Vec<Lot>,
    /// Entries shared so far: the number of the next one.
    next: u64,
    /// The newest event among them or, before the first, of the outbox; `None` until it is read.
    newest: Option<Position>,
    /// Whose turn it is to take a stream.
    turn: usize,
}

/// Where a stream that joins now begins.
pub(super) struct Joined {
    /// Its place in the audience.
    pub seat: Seat,
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
        let lots = (0..cores.min(MOST_LOTS)).map(|_| Lot::start());
        self.shared().lots = lots.collect::<io::Result<_>>()?;
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
            // First, so that what comes while the lots are busy goes out as one batch.
            let room = self.room().await;
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
            self.share(events.into_iter().map(Entry::from).collect(), room);
            if !more {
                return Ok(());
            }
        }
    }

    /// Waits until each lot has room for a batch.
    async fn room(&self) -> Vec<Option<OwnedSemaphorePermit>> {
        let rooms: Vec<_> = self.shared().lots.iter().map(|lot| lot.room.clone()).collect();
        let mut all = Vec::new();
        for room in rooms {
            all.push(room.acquire_owned().await.ok());
        }
        all
    }

    /// Tells all streams something that is no event.
    pub(super) fn tell(&self, entry: Entry) {
        self.share(Arc::new([entry]), Vec::new());
    }

    fn share(&self, entries: Arc<[Entry]>, room: Vec<Option<OwnedSemaphorePermit>>) {
        let mut room = room.into_iter();
        let mut shared = self.shared();
        shared.next += entries.len() as u64;
        shared.newest = entries.iter().rev().find_map(Entry::position).or(shared.newest);
        for lot in &shared.lots {
            lot.share(entries.clone(), room.next().flatten());
        }
    }

    /// Joins the audience from now on.
    pub(super) fn subscribe(&self, ticket: Ticket) -> Joined {
        let seat = self.audience.join(ticket);
        let shared = self.shared();
        Joined { seat, next: shared.next, newest: shared.newest }
    }

    /// Takes the socket of a stream that only waits for what all are sent.
    pub(super) fn park(
        &self,
        socket: std::net::TcpStream,
        listener: Box<Listener>,
        place: Arc<Place>,
    ) {
        let stream = Parked::new(mio::net::TcpStream::from_std(socket), listener, place);
        let mut shared = self.shared();
        shared.turn = shared.turn.wrapping_add(1);
        // Without any, as after the end, the stream ends with its socket.
        if let Some(turn) = shared.turn.checked_rem(shared.lots.len()) {
            shared.lots[turn].park(stream);
        }
    }

    /// Who listens now.
    pub(super) fn audience(&self) -> &Audience {
        &self.audience
    }

    /// Ends the streams whose tickets were revoked.
    pub(super) fn let_go(&self) {
        self.shared().lots.iter().for_each(Lot::let_go);
    }

    /// Ends all streams, and waits until that is done.
    pub(super) async fn end(&self) {
        let lots = std::mem::take(&mut self.shared().lots);
        let threads: Vec<_> = lots.into_iter().filter_map(Lot::end).collect();
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
