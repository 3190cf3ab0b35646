use crate::Run;

/// How the unfinished runs of a job in a project stand in its queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum QueuePart {
    /// Under way.
    Running,
    /// May start as soon as there is room, the highest priority first.
    Waiting,
    /// Waits for the time that it was asked for.
    Scheduled,
    /// Waits behind others of its key.
    Behind,
    /// An attempt failed; waits for the next.
    Retryable,
}

impl QueuePart {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 5] =
        [Self::Running, Self::Waiting, Self::Scheduled, Self::Behind, Self::Retryable];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Scheduled => "scheduled",
            Self::Behind => "behind",
            Self::Retryable => "retryable",
        }
    }
}

/// A part of the queue of a job in a project.
#[derive(Debug, Clone)]
pub struct JobQueue {
    /// Which part.
    pub part: QueuePart,
    /// How many runs there are in it.
    pub count: u64,
    /// The first of them, in their order.
    pub runs: Vec<Run>,
}
