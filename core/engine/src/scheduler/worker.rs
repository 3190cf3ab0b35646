//! When a worker claims, as one state machine.
//!
//! What is claimed runs on the worker threads, beside all this (their states: `runner/worker_threads.rs`).
//!
//! ```text
//!              woken, or time is up               fewer runs wait here than may
//!     Asleep ───────────────────────► Due ─────────────────────────────────────► Claiming
//!      ▲  ▲                          ▲   ▲                                       │  │  │
//!      │  │     woken, or time is up │   └── it brought all it asked for, ───────┘  │  │
//!      │  │                          │       or woken meanwhile                     │  │
//!      │  └── the answer is there ── Asking ◄──────── it brought less ──────────────┘  │
//!      └───────────────────────────────────────────── it failed ───────────────────────┘
//! ```
//! - `Asleep`: nothing to claim is in sight before a time. Requests, ends of runs and other workers wake
//!   it ([`Wake`](super::Wake)); the tick is the safety net.
//! - `Due`: there may be something to claim. While enough runs wait here already, or ends of runs wait to
//!   be stored, it stays so: a thread that takes a run, and a commit, have it look again.
//! - `Claiming`: a claim is under way in a task, so that runs which end are followed by those that wait
//!   here. Whoever wakes the worker now means something that the claim may not have seen: it is `Due` after
//!   that.
//! - `Asking`: everything was claimed that could be; a task asks the database when the next run is due. An
//!   answer that comes in any other state is too late and means nothing.
//! - While the worker drains (`presence.rs`), it stays `Due` and claims nothing; what waits is given back.
//! - At a stop, whatever the state: what a claim brings is still ours, what waits is given back, what
//!   runs has the grace time.
//!
//! A run has one owner from its claim to its end: the task that claims it, or what stores the end of the run that has led
//! to it (either keeps renewals from looking for lost runs until all that it brought is listed in
//! [`Leases`](super::Leases)), the queue of the worker threads, its thread, its supervisor if it lasts, and what stores
//! its end. Its [`Held`](super::Held) goes with it: once that is dropped, nobody here owns the run.

use std::{sync::Arc, time::Duration};

use tokio::{
    task::{JoinHandle, JoinSet},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use super::{WorkerSettings, alone::Alone, leases::Claiming, presence};
use crate::runner::{Runner, SOON, WorkerThreads, in_use};
use cascade_model::ClaimedRun;

/// How long a worker that ends tries to store how its runs have ended; longer than a plugin may take to
/// stop.
const STORE_WITHIN: Duration = Duration::from_secs(15);

/// How long a worker sleeps whose database did not answer.
const AFTER_FAULT: Duration = Duration::from_secs(1);

/// How long it sleeps at least after a claim that brought nothing: a due time that the next claim cannot
/// take yet must not spin it.
const AFTER_NOTHING: Duration = Duration::from_millis(5);

/// How often a worker looks after joins and pauses whose time is over, at most: it may claim many times as often.
const LATE_JOINS: Duration = Duration::from_millis(100);

/// Where a worker stands; see the diagram above.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Asleep { until: Instant },
    Due,
    Claiming { woken: bool },
    Asking { until: Instant, least: Duration },
}

/// What changes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    Woken,
    TimeIsUp,
    Begun,
    Claimed { asked: usize, brought: usize },
    Answered { pause: Duration },
    Failed,
}

impl State {
    /// The only place that says what follows.
    fn after(self, event: Event, now: Instant, tick: Duration) -> Self {
        match (self, event) {
            (Self::Due, Event::Begun) => Self::Claiming { woken: false },
            (Self::Claiming { .. }, Event::Woken) => Self::Claiming { woken: true },
            (_, Event::Woken | Event::TimeIsUp) => Self::Due,
            (Self::Claiming { woken: true }, Event::Claimed { .. }) => Self::Due,
            (Self::Claiming { .. }, Event::Claimed { asked, brought }) if brought >= asked => {
                Self::Due
            }
            (Self::Claiming { .. }, Event::Claimed { brought, .. }) => {
                // One that has brought something may have left something.
                let least = if brought == 0 { AFTER_NOTHING } else { Duration::ZERO };
                Self::Asking { until: now + tick, least }
            }
            (Self::Asking { least, .. }, Event::Answered { pause }) => {
                Self::Asleep { until: now + pause.max(least).min(tick) }
            }
            (Self::Claiming { .. } | Self::Asking { .. }, Event::Failed) => {
                Self::Asleep { until: now + AFTER_FAULT.min(tick) }
            }
            (state, _) => state,
        }
    }

    /// When its time is up; never for those that wait for something else.
    async fn time_is_up(self) {
        match self {
            Self::Asleep { until } | Self::Asking { until, .. } => {
                tokio::time::sleep_until(until).await
            }
            Self::Due | Self::Claiming { .. } => std::future::pending().await,
        }
    }
}

/// What a task has to say.
enum Told {
    Claimed { runs: Vec<ClaimedRun>, asked: usize, claiming: Claiming },
    Answered { pause: Duration },
    Failed,
}

struct Worker {
    state: State,
    /// Claims, or asks.
    task: Option<JoinHandle<Told>>,
    threads: WorkerThreads,
    /// What is not to begin beside others.
    alone: Alone,
    supervised: JoinSet<()>,
    runner: Arc<Runner>,
    /// Holds what is claimed.
    owner: Arc<str>,
    settings: WorkerSettings,
    /// Of the settings.
    labels: Arc<[String]>,
    give_back: CancellationToken,
    /// When it last looked after joins and pauses whose time is over.
    looked_late: Option<Instant>,
}

/// Claims and runs until `stop`; then lets runs finish within the grace time and gives back the rest.
pub async fn work(
    runner: Arc<Runner>,
    owner: String,
    settings: WorkerSettings,
    stop: CancellationToken,
) {
    let leases = runner.wake.leases().clone();
    let owner: Arc<str> = owner.into();
    let keep = {
        let (runner, owner, lease) = (runner.clone(), owner.clone(), settings.lease);
        tokio::spawn(async move { leases.keep(&runner, &owner, lease).await })
    };
    let tell = {
        let (runner, owner, settings) = (runner.clone(), owner.clone(), settings.clone());
        tokio::spawn(async move { presence::tell(&runner, &owner, &settings).await })
    };
    let measure = {
        let (runner, owner) = (runner.clone(), owner.clone());
        tokio::spawn(async move { in_use::tell(&runner, &owner).await })
    };
    let look_again = {
        let wake = runner.wake.clone();
        tokio::spawn(async move { wake.look_again().await })
    };
    let (host, name) = (runner.clone(), owner.clone());
    let mut worker = Worker {
        state: State::Due,
        task: None,
        threads: WorkerThreads::new(runner.clone(), settings.clone()),
        alone: Alone::default(),
        supervised: JoinSet::new(),
        runner,
        owner,
        labels: settings.labels.clone().into(),
        settings,
        give_back: CancellationToken::new(),
        looked_late: None,
    };
    worker.work(&stop).await;
    worker.end().await;
    keep.abort();
    tell.abort();
    measure.abort();
    look_again.abort();
    // Not while it still writes.
    tell.await.ok();
    presence::forget(&host, &name).await;
}

impl Worker {
    async fn work(&mut self, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            if self.state == State::Due
                && let Some(most) = self.capacity()
            {
                self.claim(most);
            }
            if self.runner.wake.is_draining() {
                self.give_back_waiting().await;
            }
            let (engine, leases) = (&self.runner.engine, self.runner.wake.leases());
            self.alone.step(engine, leases, &self.threads, self.settings.lease).await;
            let young = self.threads.load().running > self.supervised.len();
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.runner.wake.woken() => self.on(Event::Woken),
                () = self.state.time_is_up() => self.on(Event::TimeIsUp),
                told = ended(&mut self.task) => self.hear(told),
                () = self.threads.want_more() => {}
                Some(_) = self.supervised.join_next() => {
                    while self.supervised.try_join_next().is_some() {}
                }
                () = tokio::time::sleep(SOON), if young || self.alone.is_busy() => self.look_after(),
            }
        }
    }

    fn on(&mut self, event: Event) {
        self.state = self.state.after(event, Instant::now(), self.settings.tick);
    }

    fn look_after(&mut self) {
        for run in self.threads.look_after() {
            self.supervised.spawn(run.supervise(self.give_back.clone()));
        }
    }

    /// How many runs a claim may bring now, if it is time for one.
    fn capacity(&self) -> Option<usize> {
        if self.runner.wake.is_draining() {
            return None;
        }
        let load = self.threads.load();
        let (most, prefetch) =
            (self.settings.concurrency as usize, self.settings.prefetch as usize);
        let waiting = load.waiting + self.alone.len();
        let fits = (most + prefetch).saturating_sub(load.running + waiting);
        // Not for each that ends: a claim costs much the same for one run and for many.
        let enough = fits == 0 || waiting > prefetch / 2;
        // What ends faster than it is stored must not pile up here. The next commit wakes us.
        (!enough && !self.runner.completer.is_behind()).then_some(fits)
    }

    fn claim(&mut self, most: usize) {
        self.on(Event::Begun);
        if self.runner.wake.caller_has_asked() {
            self.runner.engine.caller_has_asked();
        }
        let look_late = self.looked_late.is_none_or(|at| at.elapsed() >= LATE_JOINS);
        if look_late {
            self.looked_late = Some(Instant::now());
        }
        let (runner, owner, lease) = (self.runner.clone(), self.owner.clone(), self.settings.lease);
        let labels = self.labels.clone();
        self.task = Some(tokio::spawn(async move {
            let claiming = runner.wake.leases().begin_claim().await;
            let config = runner.config.state();
            if look_late && let Err(error) = runner.engine.settle_late_joins(&config).await {
                tracing::error!(%error, "joins whose time is over are not settled yet");
            }
            if look_late && let Err(error) = runner.engine.end_pauses().await {
                tracing::error!(%error, "jobs whose pause is over are not resumed yet");
            }
            let left = runner.left_jobs(&config, &labels).await;
            let most = u32::try_from(most).unwrap_or(u32::MAX);
            match runner.engine.claim(&owner, most, lease, &left).await {
                Ok(runs) => Told::Claimed { runs, asked: most as usize, claiming },
                // What it may have taken all the same comes back with the next renewal, which does not
                // list it.
                Err(error) => {
                    tracing::error!(%error, "the worker could not reach its database");
                    Told::Failed
                }
            }
        }));
    }

    fn ask(&mut self) {
        let (runner, owner, tick) = (self.runner.clone(), self.owner.clone(), self.settings.tick);
        let labels = self.labels.clone();
        self.task = Some(tokio::spawn(async move {
            let config = runner.config.state();
            let left = runner.left_jobs(&config, &labels).await;
            let (due, late, resumed) = tokio::join!(
                runner.engine.next_due(&owner, &left),
                runner.engine.next_late_join(&config),
                runner.engine.next_end_of_pause(),
            );
            match due.and_then(|due| Ok(due.into_iter().chain(late?).chain(resumed?).min())) {
                Ok(due) => Told::Answered { pause: due.unwrap_or(tick) },
                Err(error) => {
                    tracing::error!(%error, "the database did not say when the next run is due");
                    Told::Failed
                }
            }
        }));
    }

    /// Begins what a claim has brought, and only then asks when the next is due.
    fn hear(&mut self, told: Told) {
        match told {
            Told::Claimed { runs, asked, claiming } => {
                let brought = runs.len();
                let leases = self.runner.wake.leases();
                let held = runs.into_iter().map(|run| {
                    let held = leases.hold(&run.lease);
                    (run, held)
                });
                let (alone, others): (Vec<_>, Vec<_>) = held.partition(|(run, _)| run.alone);
                self.threads.push(others);
                alone.into_iter().for_each(|run| self.alone.push(run));
                drop(claiming);
                self.threads.begin_next(brought < asked);
                // There may be more than was asked for.
                if brought >= asked {
                    self.runner.wake.wake_peers();
                }
                self.on(Event::Claimed { asked, brought });
                if matches!(self.state, State::Asking { .. }) {
                    self.ask();
                }
            }
            Told::Answered { pause } => self.on(Event::Answered { pause }),
            Told::Failed => self.on(Event::Failed),
        }
    }

    /// Lets runs finish within the grace time and gives back the rest.
    async fn end(mut self) {
        // What a claim has taken by now is ours.
        if matches!(self.state, State::Claiming { .. }) {
            let told = ended(&mut self.task).await;
            self.hear(told);
        }
        self.threads.begin_next(false);
        self.give_back_waiting().await;
        let (runs, grace) = (self.threads.load().running, self.settings.grace);
        if runs > 0 {
            tracing::info!(runs, ?grace, "waiting for running runs");
        }
        if tokio::time::timeout(grace, self.finished()).await.is_err() {
            self.give_back.cancel();
        }
        // Where the database is away, the ends of runs wait for it, but not for ever.
        if tokio::time::timeout(STORE_WITHIN, self.finished()).await.is_err() {
            self.runner.completer.give_up();
            self.finished().await;
        }
        self.threads.close();
        self.runner.completer.finish(STORE_WITHIN).await;
        // What the last runs have made due waits for other workers.
        if runs > 0 {
            self.runner.wake.wake_all().await;
        }
    }

    /// Leaves to others what has not begun.
    async fn give_back_waiting(&mut self) {
        let mut waiting = self.threads.take_waiting();
        waiting.extend(self.alone.take(&self.threads));
        if waiting.is_empty() {
            return;
        }
        for (run, held) in waiting {
            // A cancel that was promised holds: given back, the run would begin elsewhere.
            let done = match held.cancel.is_cancelled() {
                true => self.runner.cancel_unbegun(&run, &held).await,
                false => self.runner.engine.release(&run.lease).await,
            };
            if let Err(error) = done {
                tracing::warn!(%error, run_id = %run.lease.run_id, "not given back");
            }
        }
        self.runner.wake.wake_peers();
    }

    /// Until nothing runs.
    async fn finished(&mut self) {
        while self.threads.load().running > 0 || !self.supervised.is_empty() {
            self.look_after();
            tokio::select! {
                Some(_) = self.supervised.join_next() => {}
                () = tokio::time::sleep(SOON) => {}
            }
        }
    }
}

/// What a task has told, once it has ended; never while there is none.
async fn ended(task: &mut Option<JoinHandle<Told>>) -> Told {
    let Some(running) = task else { return std::future::pending().await };
    let ended = running.await;
    *task = None;
    ended.unwrap_or_else(|error| {
        tracing::error!(%error, "a part of the worker ended early");
        Told::Failed
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: Duration = Duration::from_secs(60);

    fn after(state: State, events: &[Event]) -> (State, Instant) {
        let now = Instant::now();
        (events.iter().fold(state, |state, event| state.after(*event, now, TICK)), now)
    }

    const CLAIMING: State = State::Claiming { woken: false };

    fn claimed(asked: usize, brought: usize) -> Event {
        Event::Claimed { asked, brought }
    }

    #[test]
    fn whatever_may_bring_runs_makes_a_worker_claim() {
        let until = Instant::now();
        for state in
            [State::Asleep { until }, State::Due, State::Asking { until, least: Duration::ZERO }]
        {
            for event in [Event::Woken, Event::TimeIsUp] {
                assert_eq!(after(state, &[event, Event::Begun]).0, CLAIMING, "{state:?} {event:?}");
            }
        }
    }

    #[test]
    fn a_claim_that_brought_all_it_asked_for_is_followed_by_another() {
        assert_eq!(after(CLAIMING, &[claimed(4, 4)]).0, State::Due);
        assert!(matches!(after(CLAIMING, &[claimed(4, 3)]).0, State::Asking { .. }));
    }

    #[test]
    fn who_wakes_a_worker_that_claims_is_heard_after_the_claim() {
        assert_eq!(after(CLAIMING, &[Event::Woken, claimed(4, 0)]).0, State::Due);
    }

    #[test]
    fn it_sleeps_until_the_next_run_is_due_and_no_longer_than_a_tick() {
        let asleep = |brought, pause| {
            let events = [claimed(4, brought), Event::Answered { pause }];
            let (state, now) = after(CLAIMING, &events);
            let State::Asleep { until } = state else { panic!("{state:?}") };
            until - now
        };
        let minute = Duration::from_secs(60);
        assert_eq!(asleep(0, minute / 2), minute / 2);
        assert_eq!(asleep(1, Duration::ZERO), Duration::ZERO, "it may have left something");
        assert_eq!(asleep(0, Duration::ZERO), AFTER_NOTHING, "it must not spin");
        assert_eq!(asleep(0, minute * 2), TICK);
    }

    #[test]
    fn an_answer_that_comes_too_late_changes_nothing() {
        let answer = Event::Answered { pause: TICK };
        assert_eq!(after(State::Due, &[answer]).0, State::Due);
        assert_eq!(after(CLAIMING, &[answer]).0, CLAIMING);
    }

    #[test]
    fn a_database_that_does_not_answer_is_asked_again_a_second_later() {
        for events in [&[Event::Woken, Event::Failed][..], &[claimed(4, 0), Event::Failed]] {
            let (state, now) = after(CLAIMING, events);
            assert_eq!(state, State::Asleep { until: now + AFTER_FAULT }, "{events:?}");
        }
    }
}
