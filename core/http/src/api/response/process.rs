//! What a run uses while it runs.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

/// What a process or thread does.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ProcessState {
    /// Runs, or may run as soon as a processor is free.
    Running,
    /// Waits for something.
    Sleeping,
    /// Waits for a device, such as a disk.
    Device,
    /// Was stopped, or is traced.
    Stopped,
    /// Has ended, or the system says something else.
    Other,
}

/// What a run uses of the machine of its worker.
#[derive(Debug, Serialize, ToSchema)]
pub struct RunProcess {
    /// The worker that has the run.
    pub worker: String,
    /// Of an external program: its process.
    pub pid: Option<u32>,
    /// Of an external program: it and all that it has started.
    pub processes: Option<u32>,
    /// Of a plugin within the worker: its thread.
    pub thread: Option<u32>,
    /// Of an external program: resident memory of all its processes, in bytes.
    pub memory: Option<u64>,
    /// Processor time so far, in milliseconds: of all its processes, or of its thread.
    pub cpu_ms: u64,
    /// What the process or thread does.
    pub state: ProcessState,
    /// When this was measured.
    pub at: DateTime<Utc>,
}

impl From<cascade_model::RunProcess> for RunProcess {
    fn from(from: cascade_model::RunProcess) -> Self {
        let cascade_model::RunProcess { worker, pid, processes, thread, memory, cpu_ms, state, at } =
            from;
        let state = match state {
            cascade_model::ProcessState::Running => ProcessState::Running,
            cascade_model::ProcessState::Sleeping => ProcessState::Sleeping,
            cascade_model::ProcessState::Device => ProcessState::Device,
            cascade_model::ProcessState::Stopped => ProcessState::Stopped,
            cascade_model::ProcessState::Other => ProcessState::Other,
        };
        Self { worker, pid, processes, thread, memory, cpu_ms, state, at }
    }
}
