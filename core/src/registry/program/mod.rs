//! Job types that are programs of their own, in any language, described in jobs.toml.
//!
//! A program gets JSON on its standard input and says what it does in JSON lines on its standard
//! output: see [`protocol`]. It has no part in the host's memory, environment or database.

pub mod keeper;
mod process;
mod protocol;
mod rows;
mod running;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    time::Duration,
};

use cascade_sdk::{
    BoxFuture, Context, DynJob, JobDescriptor, JobError, Origin, OriginKind, Outcome,
};
use serde_json::Value;

pub use protocol::Line;
pub use rows::ProgramView;

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
    fn origin(&self) -> Origin {
        Origin {
            kind: OriginKind::Executable,
            plugin: self.job.clone(),
            version: self.version.clone(),
            location: self.command.join(" "),
        }
    }
}

/// A program as a job type.
pub struct ProgramJob {
    program: Program,
    descriptor: JobDescriptor,
}

impl ProgramJob {
    /// Describes it as jobs.toml does.
    pub fn new(program: Program) -> Self {
        let descriptor = JobDescriptor {
            name: program.job.clone(),
            description: program.description.clone(),
            origin: program.origin(),
            params_schema: program.params_schema.clone(),
        };
        Self { program, descriptor }
    }
}

impl DynJob for ProgramJob {
    fn descriptor(&self) -> &JobDescriptor {
        &self.descriptor
    }

    fn run(&self, ctx: Context, params: Value) -> BoxFuture<'static, Result<Outcome, JobError>> {
        let program = self.program.clone();
        let params = with_defaults(&program.params_schema, params);
        Box::pin(async move { process::run(&program, &ctx, params).await })
    }
}

/// Params with the defaults of their schema filled in: a program has nothing that would do it.
fn with_defaults(schema: &Value, mut params: Value) -> Value {
    let properties = schema["properties"].as_object();
    if let (Some(properties), Some(given)) = (properties, params.as_object_mut()) {
        for (name, property) in properties {
            if let Some(value) = given.get_mut(name) {
                *value = with_defaults(property, value.take());
            } else if let Some(default) = property.get("default") {
                given.insert(name.clone(), default.clone());
            }
        }
    }
    params
}
