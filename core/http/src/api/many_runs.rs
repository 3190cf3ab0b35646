//! Actions on many runs, which go on in the background, and how far they have come.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
};

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::{bulk::NotDone, matching::RunAction};
use cascade_store::StoreError;

/// The most refusals that are told.
const MOST_REFUSED: usize = 20;
/// Actions of which the progress is known, the latest.
const KEPT: usize = 100;

/// How far an action has come.
#[derive(Serialize, ToSchema)]
pub struct MatchProgress {
    id: Uuid,
    action: RunAction,
    /// Runs in all.
    total: u32,
    done: u64,
    refused: u64,
    /// The first 20 that it could not be done to.
    examples: Vec<NotDone>,
    /// Whether it is over.
    finished: bool,
}

/// An action under way, or over.
pub(crate) struct Work {
    id: Uuid,
    /// Who asked for it.
    asked_by: String,
    action: RunAction,
    total: AtomicU32,
    done: AtomicU64,
    refused: AtomicU64,
    examples: Mutex<Vec<NotDone>>,
    finished: AtomicBool,
}

impl Work {
    /// One that begins, of so many runs.
    pub(crate) fn new(asked_by: &str, action: RunAction, total: u32) -> Self {
        Self {
            id: Uuid::now_v7(),
            asked_by: asked_by.to_owned(),
            action,
            total: AtomicU32::new(total),
            done: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            examples: Mutex::default(),
            finished: AtomicBool::new(false),
        }
    }

    /// What is done with the runs.
    pub(crate) fn action(&self) -> RunAction {
        self.action
    }

    /// Whether they have asked for it.
    pub(crate) fn is_of(&self, name: &str) -> bool {
        self.asked_by == name
    }

    /// Runs that it was done to; there may be more than were counted before.
    pub(crate) fn did(&self, runs: usize) {
        let runs = runs as u64;
        let done = self.done.fetch_add(runs, Ordering::Relaxed) + runs;
        self.total.fetch_max(u32::try_from(done).unwrap_or(u32::MAX), Ordering::Relaxed);
    }

    /// It is over.
    pub(crate) fn finish(&self) {
        self.finished.store(true, Ordering::Release);
    }

    pub(crate) fn progress(&self) -> MatchProgress {
        MatchProgress {
            id: self.id,
            action: self.action,
            total: self.total.load(Ordering::Relaxed),
            done: self.done.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
            examples: self.examples.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            finished: self.finished.load(Ordering::Acquire),
        }
    }

    pub(crate) fn note(&self, id: Uuid, result: Result<(), StoreError>) {
        let Err(error) = result else {
            self.done.fetch_add(1, Ordering::Relaxed);
            return;
        };
        self.refused.fetch_add(1, Ordering::Relaxed);
        let mut examples = self.examples.lock().unwrap_or_else(PoisonError::into_inner);
        if examples.len() < MOST_REFUSED {
            examples.push(NotDone::of(id, &error));
        }
    }
}

/// The latest actions of this server.
#[derive(Default)]
pub struct MatchActions(Mutex<VecDeque<Arc<Work>>>);

impl MatchActions {
    pub(crate) fn add(&self, work: Arc<Work>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push_front(work);
        all.truncate(KEPT);
    }

    pub(crate) fn get(&self, id: Uuid) -> Option<Arc<Work>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().find(|work| work.id == id).cloned()
    }
}
