//! A thread that writes to many sockets. Not a task: to write one event to thousands of sockets is
//! tens of milliseconds of system calls, for which a worker of the runtime would be missed.

use std::{
    io::{self, Read},
    sync::{
        Arc,
        mpsc::{Receiver, Sender, TryRecvError, channel},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use mio::{Events, Interest, Poll, Token, Waker};
use slab::Slab;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use cascade_model::metric;

use crate::{Backlog, Entry, IdleStream, Topic, idle_stream::Ended};

/// Entries that a stream may be behind.
const BACKLOG: usize = 1024;
/// Batches of the outbox that may wait: both fit the backlog, so that a busy writer makes nobody late.
const BATCHES: usize = 2;
/// Each stream's heartbeat comes once in so many beats of its writer, so that not all come at once.
const BEATS: usize = 30;
/// Between two beats: every stream has its heartbeat every 30 s.
const BEAT: Duration = Duration::from_secs(1);
/// Tells of orders.
const ORDERS: Token = Token(usize::MAX);

enum Order {
    Add(IdleStream),
    Share(Arc<[Entry]>, Option<OwnedSemaphorePermit>),
    EndRevoked,
    End,
}

/// One thread's handle; the thread ends its streams and then itself when this is dropped.
pub struct WriterThread {
    orders: Sender<Order>,
    waker: Arc<Waker>,
    /// Batches that may wait for it.
    pub capacity: Arc<Semaphore>,
    thread: Option<JoinHandle<()>>,
}

impl WriterThread {
    /// Starts an empty one.
    ///
    /// # Errors
    /// When the system has no file descriptor or thread left.
    pub fn start() -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), ORDERS)?);
        let (orders, inbox) = channel();
        let (idle, backlog) = (Slab::new(), Backlog::new(BACKLOG));
        let streams = Streams { poll, _waker: waker.clone(), idle, backlog, beat: 0 };
        let thread = std::thread::Builder::new().name("event-streams".into());
        let thread = Some(thread.spawn(move || streams.run(&inbox))?);
        Ok(Self { orders, waker, capacity: Arc::new(Semaphore::new(BATCHES)), thread })
    }

    /// Takes a stream.
    pub fn add(&self, stream: IdleStream) {
        self.order(Order::Add(stream));
    }

    /// Sends entries to all streams; `capacity` is given back when that is done.
    pub fn share(&self, entries: Arc<[Entry]>, capacity: Option<OwnedSemaphorePermit>) {
        self.order(Order::Share(entries, capacity));
    }

    /// Ends the streams whose grants are void.
    pub fn end_revoked(&self) {
        self.order(Order::EndRevoked);
    }

    /// Ends all streams; the thread can be waited for.
    pub fn end(mut self) -> Option<JoinHandle<()>> {
        self.thread.take()
    }

    fn order(&self, order: Order) {
        // A thread that is gone has closed its streams; their clients come back.
        self.orders.send(order).ok();
        self.waker.wake().ok();
    }
}

impl Drop for WriterThread {
    fn drop(&mut self) {
        self.order(Order::End);
    }
}

struct Streams {
    poll: Poll,
    /// A waker that its last order's sender drops would be gone before it wakes.
    _waker: Arc<Waker>,
    idle: Slab<IdleStream>,
    backlog: Backlog,
    beat: usize,
}

impl Streams {
    fn run(mut self, inbox: &Receiver<Order>) {
        let mut events = Events::with_capacity(256);
        let mut next_beat = Instant::now() + BEAT;
        loop {
            // With no stream there is no beat.
            let wait = next_beat.saturating_duration_since(Instant::now());
            let wait = (!self.idle.is_empty()).then_some(wait);
            if let Err(error) = self.poll.poll(&mut events, wait)
                && error.kind() != io::ErrorKind::Interrupted
            {
                tracing::error!(%error, "event streams end: their sockets cannot be watched");
                return;
            }
            for event in events.iter().filter(|event| event.token() != ORDERS) {
                let Token(key) = event.token();
                let Some(stream) = self.idle.get_mut(key) else { continue };
                let gone = event.is_error() || (event.is_readable() && !is_silent(stream));
                let sent = if gone { Err(Ended::Gone) } else { stream.send(&self.backlog) };
                self.keep(key, sent);
            }
            if !self.obey(inbox) {
                for stream in self.idle.drain() {
                    stream.end();
                }
                return;
            }
            if next_beat <= Instant::now() {
                next_beat = Instant::now() + BEAT;
                self.heartbeat();
            }
        }
    }

    /// Does what was ordered; false when that was to end.
    fn obey(&mut self, inbox: &Receiver<Order>) -> bool {
        let (mut shared, mut end_revoked) = (Vec::new(), false);
        let goes_on = loop {
            match inbox.try_recv() {
                Ok(Order::Add(stream)) => self.add(stream),
                Ok(Order::Share(entries, capacity)) => {
                    entries.iter().for_each(|entry| self.backlog.push(entry.clone()));
                    shared.push((entries, capacity));
                }
                Ok(Order::EndRevoked) => end_revoked = true,
                Ok(Order::End) | Err(TryRecvError::Disconnected) => break false,
                Err(TryRecvError::Empty) => break true,
            }
        };
        // Before anything more is written.
        if end_revoked {
            let void = self.idle.iter().filter(|(_, stream)| !stream.is_allowed());
            let void: Vec<_> = void.map(|(key, _)| key).collect();
            void.into_iter().for_each(|key| self.idle.remove(key).end());
        }
        if !shared.is_empty() {
            self.send_all();
            let entries = shared.iter().flat_map(|(entries, _)| entries.iter());
            entries.for_each(|entry| self.measure(entry));
        }
        goes_on
    }

    fn add(&mut self, mut stream: IdleStream) {
        // It may have become void on the way here.
        if !stream.is_allowed() {
            return stream.end();
        }
        let entry = self.idle.vacant_entry();
        // Edge-triggered: readable when the client goes, writable when a full socket has capacity again.
        let interest = Interest::READABLE | Interest::WRITABLE;
        let registry = self.poll.registry();
        if let Err(error) = registry.register(&mut stream.socket, Token(entry.key()), interest) {
            tracing::warn!(%error, "an event stream ends: its socket cannot be watched");
            return stream.end();
        }
        let key = entry.key();
        entry.insert(stream);
        let sent = self.idle[key].send(&self.backlog);
        self.keep(key, sent);
    }

    fn send_all(&mut self) {
        let mut ended = Vec::new();
        for (key, stream) in &mut self.idle {
            if let Err(why) = stream.send(&self.backlog) {
                ended.push((key, why));
            }
        }
        ended.into_iter().for_each(|(key, why)| self.keep(key, Err(why)));
    }

    /// Once for all streams: they have it now, but for the slow.
    fn measure(&self, entry: &Entry) {
        if let Topic::Event { read: (at, age), .. } = entry.topic
            && !self.idle.is_empty()
        {
            metrics::histogram!(metric::EVENT_LATENCY.name).record(age + at.elapsed());
        }
    }

    fn heartbeat(&mut self) {
        let heartbeat = Entry::notice(":heartbeat\n\n");
        self.beat = (self.beat + 1) % BEATS;
        for key in (self.beat..self.idle.capacity()).step_by(BEATS) {
            if let Some(stream) = self.idle.get_mut(key) {
                let sent = stream.beat(&heartbeat, &self.backlog);
                self.keep(key, sent);
            }
        }
    }

    fn keep(&mut self, key: usize, sent: Result<(), Ended>) {
        if let Err(why) = sent {
            tracing::debug!(?why, "an event stream ended");
            let stream = self.idle.remove(key);
            if why == Ended::TooSlow {
                stream.end();
            }
        }
    }
}

/// Whether the client is there and says nothing; one that has said all that a request says has no
/// more to say.
fn is_silent(stream: &mut IdleStream) -> bool {
    let read = stream.socket.read(&mut [0; 64]);
    read.is_err_and(|error| {
        matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_has_nothing_to_do_ends_with_its_handle() {
        for _ in 0..200 {
            let thread = WriterThread::start().unwrap().end().unwrap();
            thread.join().unwrap();
        }
    }
}
