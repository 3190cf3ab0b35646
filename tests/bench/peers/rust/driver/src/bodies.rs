//! What the bodies of all jobs count together.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use crate::chain::{LAST, Link, next_steps};
use crate::{Noop, Result, now_us};

pub struct Bodies {
    done: AtomicU64,
    first_us: AtomicU64,
    last_us: AtomicU64,
    picked_us: Mutex<Vec<i64>>,
    hops: Mutex<Vec<(u32, usize, u64, u64)>>,
    /// Chains of which one of the two last jobs has run.
    half_done: Mutex<HashMap<u32, usize>>,
}

impl std::fmt::Debug for Bodies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} done", self.done())
    }
}

impl Default for Bodies {
    fn default() -> Self {
        Self {
            done: AtomicU64::new(0),
            first_us: AtomicU64::new(u64::MAX),
            last_us: AtomicU64::new(0),
            picked_us: Mutex::default(),
            hops: Mutex::default(),
            half_done: Mutex::default(),
        }
    }
}

impl Bodies {
    /// The body of a no-op job.
    pub fn noop(&self, job: Noop) {
        let start = now_us();
        if let Some(sent) = job.sent_us {
            locked(&self.picked_us).push(start.cast_signed() - sent.cast_signed());
        }
        self.ended(start, now_us());
    }

    /// The body of a chain's job: `enqueue` puts the given jobs in, and completes the job in the
    /// same transaction where the peer can. Not called when there is nothing to put in.
    pub async fn step<F>(&self, step: usize, link: Link, enqueue: F) -> Result
    where
        F: AsyncFnOnce(Vec<(usize, Link)>) -> Result,
    {
        let next = next_steps(step).iter().map(|&to| (to, link)).collect();
        self.step_with(step, link, next, enqueue).await
    }

    /// As [`Bodies::step`], for a peer that itself enqueues [`next_steps`] with the completion:
    /// `enqueue` gets the next chain's first job only.
    pub async fn step_followed<F>(&self, step: usize, link: Link, enqueue: F) -> Result
    where
        F: AsyncFnOnce(Vec<(usize, Link)>) -> Result,
    {
        self.step_with(step, link, Vec::new(), enqueue).await
    }

    async fn step_with<F>(
        &self,
        step: usize,
        link: Link,
        mut next: Vec<(usize, Link)>,
        enqueue: F,
    ) -> Result
    where
        F: AsyncFnOnce(Vec<(usize, Link)>) -> Result,
    {
        let start = now_us();
        next.extend(self.next_chain(step, link).map(|link| (0, link)));
        if !next.is_empty() {
            enqueue(next).await?;
        }
        let end = now_us();
        locked(&self.hops).push((link.chain, step, start, end));
        self.ended(start, end);
        Ok(())
    }

    /// The chain to start when `step` is the second of this chain's two last jobs.
    fn next_chain(&self, step: usize, link: Link) -> Option<Link> {
        if !LAST.contains(&step) {
            return None;
        }
        let mut half_done = locked(&self.half_done);
        match half_done.get(&link.chain) {
            // The same job again: a peer may run a job twice.
            Some(&other) if other == step => None,
            Some(_) => {
                half_done.remove(&link.chain);
                let chain = link.chain + 1;
                (chain < link.of).then_some(Link { chain, of: link.of })
            }
            None => {
                half_done.insert(link.chain, step);
                None
            }
        }
    }

    fn ended(&self, start: u64, end: u64) {
        self.first_us.fetch_min(start, Relaxed);
        self.last_us.fetch_max(end, Relaxed);
        self.done.fetch_add(1, Relaxed);
    }

    pub(crate) fn done(&self) -> u64 {
        self.done.load(Relaxed)
    }

    /// The last line of a worker.
    pub(crate) fn end(&self) -> Value {
        let done = self.done();
        let ran = |time: &AtomicU64| (done > 0).then(|| time.load(Relaxed));
        json!({
            "end": true,
            "done": done,
            "first_us": ran(&self.first_us),
            "last_us": ran(&self.last_us),
            "picked_us": *locked(&self.picked_us),
            "hops": *locked(&self.hops),
        })
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
