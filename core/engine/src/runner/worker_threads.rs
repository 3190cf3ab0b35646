//! The threads that plugins run on, as one state machine.
//!
//! A worker thread takes one waiting run after another and reports each itself, so that a short run
//! changes threads not once. A plugin may block its thread for as long as it likes: a run that is not
//! over soon is handed to a task of the host, its supervisor, which sees to time-outs, requests to stop
//! and lost leases, and abandons the thread if the plugin does not come back.
//!
//! ```text
//!               a run waits              the run waits for something,
//!               and few enough work      or lasts longer than SOON
//!      Idle ───────────────────► Working ─────────────────────────► Waiting
//!       ▲                         │   ▲                              │  │
//!       └──── nothing waits ──────┘   └──── its next run ────────────┘  │
//!                                                 its plugin does not   │
//!                                                 come back             ▼
//!                                                                  Abandoned
//! ```
//! - `Idle`: has no run; wakes for one.
//! - `Working`: has the processor. So many at once as there are processors: for runs that are over at
//!   once, more would only get into each other's way.
//! - `Waiting`: its run waits for something, or goes on under a supervisor. Another thread may work.
//! - `Abandoned`: is not counted any more and ends if its plugin ever returns. Another takes its place.
//!
//! A run has one owner at a time: the queue, then its thread, then (if it lasts) its supervisor. Whoever
//! takes it out of [`WorkerThread::current`] reports its end.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU8, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{runtime::Handle, sync::Notify};

use super::{
    Runner,
    supervised::{Supervised, started},
};
use crate::scheduler::{Held, WorkerSettings};
use cascade_model::ClaimedRun;
use cascade_registry::program::this_thread;

/// A run that lasts longer gets a supervisor.
pub(crate) const SOON: Duration = Duration::from_millis(5);

/// A run and the lease on it.
pub(crate) type HeldRun = (ClaimedRun, Held);

/// The threads of one worker.
#[derive(Clone)]
pub(crate) struct WorkerThreads(Arc<Shared>);

struct Shared {
    runner: Arc<Runner>,
    settings: WorkerSettings,
    runtime: Handle,
    /// Threads at most.
    most: usize,
    /// The fewer that wait, the sooner more are asked for.
    low: usize,
    /// Threads in [`State::Working`] at once, one for each processor.
    processors: usize,
    queue: Mutex<Queue>,
    ready: Condvar,
    wants_more: Notify,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<HeldRun>,
    /// Those that go before them, though they are held back.
    alone: VecDeque<HeldRun>,
    /// Whether those that wait are left where they are.
    held_back: bool,
    /// Whether a run that ends may begin with what it leads to, as nothing else is to be claimed.
    begins_next: bool,
    threads: Vec<Arc<WorkerThread>>,
    /// How many of them are [`State::Idle`].
    idle: usize,
    /// How many of them are [`State::Waiting`].
    waiting_threads: usize,
    closed: bool,
}

/// Where a thread stands; see the diagram above. Changed by [`Queue::to`] alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum State {
    Idle,
    Working,
    Waiting,
    Abandoned,
}

impl State {
    const ALL: [Self; 4] = [Self::Idle, Self::Working, Self::Waiting, Self::Abandoned];
}

/// One thread.
pub(super) struct WorkerThread {
    /// What it runs, until its run is over or has a supervisor.
    current: Mutex<Option<Box<Supervised>>>,
    /// A [`State`]; written while the queue is locked, read without.
    state: AtomicU8,
    /// How often it has asked for a run: tells whether it still has the one that somebody means.
    turn: AtomicUsize,
    /// Its number in the operating system, where that tells.
    number: OnceLock<u32>,
}

impl WorkerThread {
    /// It begins at work: a run waits for it.
    fn new() -> Self {
        Self {
            current: Mutex::default(),
            state: AtomicU8::new(State::Working as u8),
            turn: AtomicUsize::new(0),
            number: OnceLock::new(),
        }
    }

    pub(super) fn number(&self) -> Option<u32> {
        self.number.get().copied()
    }

    fn state(&self) -> State {
        State::ALL[usize::from(self.state.load(Ordering::Relaxed))]
    }

    fn current(&self) -> MutexGuard<'_, Option<Box<Supervised>>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How full the threads are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    /// Runs that have a thread.
    pub running: usize,
    /// Runs that wait for one.
    pub waiting: usize,
}

impl WorkerThreads {
    /// None has started yet. More is asked for when half of what may wait here does.
    pub fn new(runner: Arc<Runner>, settings: WorkerSettings) -> Self {
        let (most, low) = (settings.concurrency as usize, settings.prefetch as usize / 2);
        Self(Arc::new(Shared {
            runner,
            settings,
            runtime: Handle::current(),
            most,
            low,
            processors: std::thread::available_parallelism().map_or(1, Into::into),
            queue: Mutex::default(),
            ready: Condvar::new(),
            wants_more: Notify::new(),
        }))
    }

    /// Runs them, as soon as there are threads.
    pub fn push(&self, runs: impl IntoIterator<Item = HeldRun>) {
        let mut queue = self.0.queue();
        queue.waiting.extend(runs);
        self.0.wake(&mut queue, self.0.processors);
    }

    /// From now on ends of runs begin with what they lead to, or leave it to claims, as others may wait for longer.
    pub fn begin_next(&self, begins_next: bool) {
        self.0.queue().begins_next = begins_next;
    }

    /// How many threads are free for runs that begin without a claim; `None` where none may.
    pub fn room_for_next(&self) -> Option<usize> {
        let queue = self.0.queue();
        let waits = queue.held_back || !queue.waiting.is_empty() || !queue.alone.is_empty();
        let may_begin = queue.begins_next && !waits && !queue.closed;
        may_begin.then(|| self.0.most.saturating_sub(queue.threads.len() - queue.idle))
    }

    /// How their worker works.
    pub fn settings(&self) -> &WorkerSettings {
        &self.0.settings
    }

    /// Leaves those that wait where they are, or no longer.
    pub fn hold_back(&self, held_back: bool) {
        let mut queue = self.0.queue();
        if std::mem::replace(&mut queue.held_back, held_back) && !held_back {
            self.0.wake(&mut queue, self.0.processors);
        }
    }

    /// Runs it, though others are held back.
    pub fn push_alone(&self, run: HeldRun) {
        let mut queue = self.0.queue();
        queue.alone.push_back(run);
        self.0.wake(&mut queue, usize::MAX);
    }

    /// Whether a run that is pushed now waits until another has ended.
    pub fn are_busy(&self) -> bool {
        let queue = self.0.queue();
        queue.idle == 0 && queue.threads.len() >= self.0.most
    }

    /// How full they are.
    pub fn load(&self) -> Load {
        let queue = self.0.queue();
        let running = queue.threads.len() - queue.idle;
        Load { running, waiting: queue.waiting.len() }
    }

    /// Few wait, or none.
    pub async fn want_more(&self) {
        self.0.wants_more.notified().await;
    }

    /// The runs that want a supervisor. When there are any, all that wait get threads.
    #[expect(clippy::vec_box, reason = "they are in their boxes already, and stay there")]
    pub fn look_after(&self) -> Vec<Box<Supervised>> {
        let mut queue = self.0.queue();
        let late = |thread: &Arc<WorkerThread>| {
            let mut current = thread.current();
            current.take_if(|run| run.began.elapsed() >= SOON).map(|run| (thread.clone(), run))
        };
        let late: Vec<_> = queue.threads.iter().filter_map(late).collect();
        for (thread, _) in &late {
            queue.to(State::Waiting, thread);
        }
        self.0.wake(&mut queue, if late.is_empty() { self.0.processors } else { usize::MAX });
        late.into_iter().map(|(_, run)| run).collect()
    }

    /// Removes what waits.
    pub fn take_waiting(&self) -> VecDeque<HeldRun> {
        std::mem::take(&mut self.0.queue().waiting)
    }

    /// Lets the threads end.
    pub fn close(&self) {
        self.0.queue().closed = true;
        self.0.ready.notify_all();
    }

    /// Goes on without a thread whose plugin does not come back, unless it just has.
    pub(super) fn abandon(&self, thread: &Arc<WorkerThread>, turn: usize) {
        let mut queue = self.0.queue();
        if thread.turn.load(Ordering::Relaxed) != turn {
            return;
        }
        queue.to(State::Abandoned, thread);
        self.0.wake(&mut queue, self.0.processors);
    }
}

impl Queue {
    /// The only place that changes a thread's state. Nothing follows `Abandoned`: such a thread is none
    /// of ours any more, whatever its plugin still waits for.
    fn to(&mut self, state: State, thread: &WorkerThread) {
        let before = thread.state();
        if before == State::Abandoned || before == state {
            return;
        }
        thread.state.store(state as u8, Ordering::Relaxed);
        match before {
            State::Idle => self.idle -= 1,
            State::Waiting => self.waiting_threads -= 1,
            State::Working | State::Abandoned => {}
        }
        match state {
            State::Idle => self.idle += 1,
            State::Waiting => self.waiting_threads += 1,
            State::Abandoned => self.threads.retain(|other| !std::ptr::eq(&**other, thread)),
            State::Working => {}
        }
    }

    /// How many wait that may begin now.
    fn ready(&self) -> usize {
        self.alone.len() + if self.held_back { 0 } else { self.waiting.len() }
    }

    fn next(&mut self) -> Option<HeldRun> {
        let alone = self.alone.pop_front();
        alone.or_else(|| if self.held_back { None } else { self.waiting.pop_front() })
    }

    fn working(&self) -> usize {
        self.threads.len() - self.idle - self.waiting_threads
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes or starts threads for what waits, until `awake` are.
    fn wake(self: &Arc<Self>, queue: &mut Queue, awake: usize) {
        let wanted = queue.ready().min(awake.saturating_sub(queue.working()));
        for _ in 0..wanted.min(queue.idle) {
            self.ready.notify_one();
        }
        for _ in queue.idle..wanted.min(queue.idle + self.most - queue.threads.len()) {
            let (shared, thread) = (self.clone(), Arc::new(WorkerThread::new()));
            queue.threads.push(thread.clone());
            let builder = std::thread::Builder::new().name("worker-thread".into());
            if let Err(error) = builder.spawn(move || shared.work(&thread)) {
                tracing::error!(%error, "cannot start a thread for a run");
                queue.threads.pop();
                return;
            }
        }
    }

    fn work(self: &Arc<Self>, thread: &Arc<WorkerThread>) {
        if let Some(number) = this_thread() {
            thread.number.get_or_init(|| number);
        }
        while let Some((run, held)) = self.next(thread) {
            self.run(thread, run, held);
        }
    }

    /// The next that waits; `None` at the end.
    fn next(self: &Arc<Self>, thread: &WorkerThread) -> Option<HeldRun> {
        let mut queue = self.queue();
        if thread.state() == State::Abandoned {
            return None;
        }
        queue.to(State::Working, thread);
        thread.turn.fetch_add(1, Ordering::Relaxed);
        loop {
            let next = queue.next();
            if queue.waiting.len() <= self.low {
                self.wants_more.notify_one();
            }
            if next.is_some() {
                self.wake(&mut queue, self.processors);
                return next;
            }
            if queue.closed {
                return None;
            }
            queue.to(State::Idle, thread);
            queue = self.ready.wait(queue).unwrap_or_else(PoisonError::into_inner);
            queue.to(State::Working, thread);
        }
    }

    fn waits(self: &Arc<Self>, thread: &WorkerThread) {
        let mut queue = self.queue();
        queue.to(State::Waiting, thread);
        self.wake(&mut queue, self.processors);
    }

    /// Drives a future on this thread; while it waits, another may work.
    fn drive<T>(self: &Arc<Self>, thread: &WorkerThread, future: impl Future<Output = T>) -> T {
        let mut future = std::pin::pin!(future);
        self.runtime.block_on(std::future::poll_fn(|cx| {
            let polled = future.as_mut().poll(cx);
            if polled.is_pending() && thread.state() == State::Working {
                self.waits(thread);
            }
            polled
        }))
    }

    fn run(self: &Arc<Self>, thread: &Arc<WorkerThread>, run: ClaimedRun, mut held: Held) {
        if let Some(earlier) = held.earlier.take() {
            self.drive(thread, earlier.cancelled());
        }
        held.begin();
        let Some((mut supervised, body)) = started(&self.runner, run, held, &self.runtime) else {
            return;
        };
        let (tell, told) = tokio::sync::oneshot::channel();
        supervised.on(
            WorkerThreads(self.clone()),
            thread.clone(),
            thread.turn.load(Ordering::Relaxed),
            told,
        );
        *thread.current() = Some(supervised);
        let ended = self.drive(thread, body);
        let ours = thread.current().take();
        match ours {
            Some(supervised) => self.drive(thread, supervised.report(Ok(ended))),
            // Its supervisor waits for this, unless it has given up.
            None => drop(tell.send(ended)),
        }
    }
}
