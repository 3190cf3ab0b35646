//! Keeps a run's log and progress, in small batches beside the run.

use std::{sync::Arc, time::Duration};

use cascade_sdk::{LogLine, Progress};
use tokio::{sync::mpsc, task::JoinHandle};
use uuid::Uuid;

use crate::store::Store;

/// How long lines may wait to be written together.
const BATCH_FOR: Duration = Duration::from_millis(200);
/// A plugin that logs in a loop must not fill the memory.
const MOST_LINES: usize = 10_000;

/// What a run tells while it runs.
pub(super) enum Note {
    Line(LogLine),
    Progress(Progress),
}

/// The run's end of the channel; never blocks.
pub(super) type Recorder = mpsc::Sender<Note>;

/// The writer's end.
pub(super) struct Recording(JoinHandle<()>);

impl Recording {
    /// Waits until everything is written. All senders must be gone.
    pub async fn finish(self) {
        if self.0.await.is_err() {
            tracing::error!("the log writer panicked");
        }
    }
}

/// Starts to write what `run` tells.
pub(super) fn start(store: Arc<dyn Store>, run: Uuid) -> (Recorder, Recording) {
    let (sender, receiver) = mpsc::channel(MOST_LINES);
    (sender, Recording(tokio::spawn(write(store, run, receiver))))
}

async fn write(store: Arc<dyn Store>, run: Uuid, mut notes: mpsc::Receiver<Note>) {
    let mut batch = Vec::new();
    while notes.recv_many(&mut batch, MOST_LINES).await > 0 {
        let mut lines = Vec::new();
        let mut progress = None;
        for note in batch.drain(..) {
            match note {
                Note::Line(line) => lines.push(line),
                Note::Progress(latest) => progress = Some(latest),
            }
        }
        if let Err(error) = store.record(run, lines, progress).await {
            tracing::warn!(%error, "log lines of the run were not stored");
        }
        if !notes.is_closed() {
            tokio::time::sleep(BATCH_FOR).await;
        }
    }
}
