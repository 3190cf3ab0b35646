//! What a run uses of the machine that it runs on.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a process or thread does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Has ended, or the kernel says something else.
    Other,
}

impl ProcessState {
    /// Of the letter in `/proc/PID/stat`.
    pub fn of(letter: char) -> Self {
        match letter {
            'R' => Self::Running,
            'S' | 'I' => Self::Sleeping,
            'D' => Self::Device,
            'T' | 't' => Self::Stopped,
            _ => Self::Other,
        }
    }

    /// The name in the database and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Sleeping => "sleeping",
            Self::Device => "device",
            Self::Stopped => "stopped",
            Self::Other => "other",
        }
    }
}

/// What was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProcessUse {
    /// Of a program: its process.
    pub pid: Option<u32>,
    /// Of a program: it and all that it has started.
    pub processes: Option<u32>,
    /// Of a plugin within the worker: its thread.
    pub thread: Option<u32>,
    /// Resident memory of the program and all that it has started, in bytes.
    pub memory: Option<u64>,
    /// Processor time so far, in milliseconds.
    pub cpu_ms: u64,
    /// What it does.
    pub state: ProcessState,
}

/// What a run uses, for the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewRunProcess {
    /// The run.
    pub run_id: Uuid,
    /// Its attempt.
    pub attempt: u32,
    /// What was measured.
    pub uses: ProcessUse,
}

/// What a run uses, as its worker measured it last.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RunProcess {
    /// The worker that has the run.
    pub worker: String,
    /// Of a program: its process on the worker's machine.
    pub pid: Option<u32>,
    /// Of a program: it and all that it has started.
    pub processes: Option<u32>,
    /// Of a plugin within the worker: its thread.
    pub thread: Option<u32>,
    /// Resident memory of the program and all that it has started, in bytes.
    pub memory: Option<u64>,
    /// Processor time so far, in milliseconds.
    pub cpu_ms: u64,
    /// What it does.
    pub state: ProcessState,
    /// When this was measured.
    pub at: DateTime<Utc>,
}
