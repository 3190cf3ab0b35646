//! The threads that plugins run on.
//!
//! A lane is a thread that takes one waiting run after another and reports each itself, so that a
//! short run changes threads not once. A plugin may block its lane for as long as it likes: a run
//! that is not over soon is handed to a task of the host, its supervisor, which sees to time-outs,
//! requests to stop and lost leases, and abandons the lane if the plugin does not come back.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{runtime::Handle, sync::Notify};

use super::{
    Runner,
    supervised::{Supervised, started},
};
use crate::scheduler::Held;
use cascade_model::ClaimedRun;

/// A run that lasts longer gets a supervisor.
pub(crate) const SOON: Duration = Duration::from_millis(5);

/// A run and the lease on it.
pub(crate) type HeldRun = (ClaimedRun, Held);

/// The lanes of one worker.
#[derive(Clone)]
pub(crate) struct Lanes(Arc<Shared>);

struct Shared {
    runner: Arc<Runner>,
    runtime: Handle,
    /// Lanes at most.
    most: usize,
    /// The fewer that wait, the sooner more are asked for.
    low: usize,
    /// Lanes that work at once, one for each processor: for runs that are over at once, more would only
    /// get into each other's way. A lane whose run waits for something, or goes on, does not count.
    eager: usize,
    queue: Mutex<Queue>,
    ready: Condvar,
    wants_more: Notify,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<HeldRun>,
    lanes: Vec<Arc<Lane>>,
    idle: usize,
    /// Lanes whose run waits for something, or goes on.
    parked: usize,
    closed: bool,
}

/// One thread.
#[derive(Default)]
pub(super) struct Lane {
    /// What it runs, until its run is over or has a supervisor.
    current: Mutex<Option<Box<Supervised>>>,
    parked: AtomicBool,
    /// How often it has asked for a run: tells whether it still has the one that somebody means.
    turn: AtomicUsize,
    /// Its plugin does not come back.
    abandoned: AtomicBool,
}

impl Lane {
    fn current(&self) -> MutexGuard<'_, Option<Box<Supervised>>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How full the lanes are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    /// Runs that have a lane.
    pub running: usize,
    /// Runs that wait for one.
    pub waiting: usize,
}

impl Lanes {
    /// None has started yet. `low` is how many may wait when more are asked for.
    pub fn new(runner: Arc<Runner>, most: usize, low: usize) -> Self {
        Self(Arc::new(Shared {
            runner,
            runtime: Handle::current(),
            most,
            low,
            eager: std::thread::available_parallelism().map_or(1, Into::into),
            queue: Mutex::default(),
            ready: Condvar::new(),
            wants_more: Notify::new(),
        }))
    }

    /// Runs them, as soon as there are lanes.
    pub fn push(&self, runs: impl IntoIterator<Item = HeldRun>) {
        let mut queue = self.0.queue();
        queue.waiting.extend(runs);
        self.0.wake(&mut queue, self.0.eager);
    }

    /// How full they are.
    pub fn load(&self) -> Load {
        let queue = self.0.queue();
        let running = queue.lanes.len() - queue.idle;
        Load { running, waiting: queue.waiting.len() }
    }

    /// Few wait, or none.
    pub async fn want_more(&self) {
        self.0.wants_more.notified().await;
    }

    /// The runs that want a supervisor. When there are any, all that wait get lanes.
    #[expect(clippy::vec_box, reason = "they are in their boxes already, and stay there")]
    pub fn look_after(&self) -> Vec<Box<Supervised>> {
        let mut queue = self.0.queue();
        let late = |lane: &Arc<Lane>| {
            let mut current = lane.current();
            current.take_if(|run| run.began.elapsed() >= SOON).map(|run| (lane.clone(), run))
        };
        let late: Vec<_> = queue.lanes.iter().filter_map(late).collect();
        for (lane, _) in &late {
            queue.park(lane);
        }
        self.0.wake(&mut queue, if late.is_empty() { self.0.eager } else { usize::MAX });
        late.into_iter().map(|(_, run)| run).collect()
    }

    /// Takes back what waits.
    pub fn take_waiting(&self) -> VecDeque<HeldRun> {
        std::mem::take(&mut self.0.queue().waiting)
    }

    /// Lets the threads end.
    pub fn close(&self) {
        self.0.queue().closed = true;
        self.0.ready.notify_all();
    }

    /// Goes on without a lane whose plugin does not come back, unless it just has.
    pub(super) fn abandon(&self, lane: &Arc<Lane>, turn: usize) {
        let mut queue = self.0.queue();
        if lane.turn.load(Ordering::Relaxed) != turn {
            return;
        }
        queue.unpark(lane);
        lane.abandoned.store(true, Ordering::Relaxed);
        queue.lanes.retain(|other| !Arc::ptr_eq(other, lane));
        self.0.wake(&mut queue, self.0.eager);
    }
}

impl Queue {
    fn park(&mut self, lane: &Lane) {
        // One that was abandoned is none of ours any more, whatever its plugin still waits for.
        if lane.abandoned.load(Ordering::Relaxed) {
            return;
        }
        self.parked += usize::from(!lane.parked.swap(true, Ordering::Relaxed));
    }

    fn unpark(&mut self, lane: &Lane) {
        self.parked -= usize::from(lane.parked.swap(false, Ordering::Relaxed));
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes or starts lanes for what waits, until `awake` are.
    fn wake(self: &Arc<Self>, queue: &mut Queue, awake: usize) {
        let running = queue.lanes.len() - queue.idle - queue.parked;
        let wanted = queue.waiting.len().min(awake.saturating_sub(running));
        for _ in 0..wanted.min(queue.idle) {
            self.ready.notify_one();
        }
        for _ in queue.idle..wanted.min(queue.idle + self.most - queue.lanes.len()) {
            let (shared, lane) = (self.clone(), Arc::new(Lane::default()));
            queue.lanes.push(lane.clone());
            let thread = std::thread::Builder::new().name("lane".into());
            if let Err(error) = thread.spawn(move || shared.work(&lane)) {
                tracing::error!(%error, "cannot start a thread for a run");
                queue.lanes.pop();
                return;
            }
        }
    }

    fn work(self: &Arc<Self>, lane: &Arc<Lane>) {
        while let Some((run, held)) = self.next(lane) {
            self.run(lane, run, held);
        }
    }

    /// The next that waits; `None` at the end.
    fn next(self: &Arc<Self>, lane: &Lane) -> Option<HeldRun> {
        let mut queue = self.queue();
        if lane.abandoned.load(Ordering::Relaxed) {
            return None;
        }
        queue.unpark(lane);
        lane.turn.fetch_add(1, Ordering::Relaxed);
        loop {
            let next = queue.waiting.pop_front();
            if queue.waiting.len() <= self.low {
                self.wants_more.notify_one();
            }
            if next.is_some() {
                self.wake(&mut queue, self.eager);
                return next;
            }
            if queue.closed {
                return None;
            }
            queue.idle += 1;
            queue = self.ready.wait(queue).unwrap_or_else(PoisonError::into_inner);
            queue.idle -= 1;
        }
    }

    fn park(self: &Arc<Self>, lane: &Lane) {
        let mut queue = self.queue();
        queue.park(lane);
        self.wake(&mut queue, self.eager);
    }

    /// Drives a future on this lane's thread; while it waits, another lane may work.
    fn drive<T>(self: &Arc<Self>, lane: &Lane, future: impl Future<Output = T>) -> T {
        let mut future = std::pin::pin!(future);
        self.runtime.block_on(std::future::poll_fn(|cx| {
            let polled = future.as_mut().poll(cx);
            if polled.is_pending() && !lane.parked.load(Ordering::Relaxed) {
                self.park(lane);
            }
            polled
        }))
    }

    fn run(self: &Arc<Self>, lane: &Arc<Lane>, run: ClaimedRun, mut held: Held) {
        if let Some(earlier) = held.earlier.take() {
            self.drive(lane, earlier.cancelled());
        }
        let Some((mut supervised, body)) = started(&self.runner, run, held, &self.runtime) else {
            return;
        };
        let (tell, told) = tokio::sync::oneshot::channel();
        supervised.on(Lanes(self.clone()), lane.clone(), lane.turn.load(Ordering::Relaxed), told);
        *lane.current() = Some(supervised);
        let ended = self.drive(lane, body);
        let ours = lane.current().take();
        match ours {
            Some(supervised) => self.drive(lane, supervised.report(Ok(ended))),
            // Its supervisor waits for this, unless it has given up.
            None => drop(tell.send(ended)),
        }
    }
}
