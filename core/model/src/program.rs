//! An external program that is a job type, as jobs.toml describes it.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    time::Duration,
};

use cascade_sdk::{Defaults, Origin, OriginKind};
use serde_json::Value;

/// A `[jobs.NAME.executable]` table.
#[derive(Debug, Clone, PartialEq)]
pub struct Program {
    /// The job type.
    pub job: String,
    /// One sentence.
    pub description: String,
    /// Its version.
    pub version: String,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Where it runs: the folder of jobs.toml.
    pub folder: PathBuf,
    /// Environment, besides the few variables that every program gets.
    pub env: BTreeMap<String, String>,
    /// Variables of the host's environment that it is given too, as `[secrets] env` says.
    pub secrets: BTreeSet<String>,
    /// What it may use.
    pub limits: Limits,
    /// JSON Schema of its params.
    pub params_schema: Value,
    /// JSON Schema of the args of a run.
    pub args_schema: Value,
    /// JSON Schema of its output.
    pub output_schema: Value,
    /// Settings that hold where `[jobs.NAME]` says nothing.
    pub defaults: Defaults,
    /// The view that shows the rows it gives out.
    pub view: Option<RowsView>,
}

/// What a program may use; `None` for what the host itself may.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of address space.
    pub memory: Option<u64>,
    /// Processor time.
    pub cpu: Option<Duration>,
    /// Open files.
    pub open_files: Option<u32>,
    /// Bytes of the largest file it may write.
    pub file_size: Option<u64>,
}

/// The `view` of a [`Program`].
#[derive(Debug, Clone, PartialEq)]
pub struct RowsView {
    /// Data key.
    pub key: String,
    /// One sentence.
    pub description: String,
    /// JSON Schema of a row.
    pub row_schema: Value,
    /// How many rows are kept for each project; the oldest go first.
    pub keep: u32,
}

impl Program {
    /// Where the job type comes from.
    pub fn origin(&self) -> Origin {
        Origin {
            kind: OriginKind::Executable,
            plugin: self.job.clone(),
            version: self.version.clone(),
            location: self.command.join(" "),
        }
    }
}
