//! Keeps a run's log and progress, in small batches beside the run.

use std::{sync::Arc, time::Duration};

use cascade_sdk::{LogLine, Progress};
use tokio::{runtime::Handle, sync::mpsc, task::JoinHandle};
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

/// The run's end of the channel, which never blocks, and the writer's. Most runs say nothing: the
/// writer starts with the first note.
pub(super) struct Recorder {
    notes: mpsc::Sender<Note>,
    writer: JoinHandle<()>,
}

impl Recorder {
    /// Starts to write what `run` tells.
    pub fn start(store: Arc<dyn Store>, run: Uuid, runtime: &Handle) -> Self {
        let (notes, receiver) = mpsc::channel(MOST_LINES);
        Self { notes, writer: runtime.spawn(write(store, run, receiver)) }
    }

    /// Whether there was room for it.
    pub fn tell(&self, note: Note) -> bool {
        self.notes.try_send(note).is_ok()
    }

    /// Waits until everything is written.
    pub async fn finish(self) {
        drop(self.notes);
        if self.writer.await.is_err() {
            tracing::error!("the log writer panicked");
        }
    }
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
