//! Job types that are external programs, in any language, described in jobs.toml.
//!
//! A program gets JSON on its standard input and says what it does in JSON lines on its standard
//! output: see [`protocol`]. It has no part in the host's memory, environment or database.

pub mod keeper;
mod look;
mod process;
mod protocol;
mod rows;
mod running;

use cascade_model::Program;
use cascade_sdk::{BoxFuture, Context, DynJob, JobDescriptor, JobError, Outcome};
use serde_json::Value;

use crate::output;
pub use look::{program_use, this_thread, thread_use};
pub use protocol::Line;
pub use rows::ProgramView;

/// A program as a job type.
pub struct ProgramJob {
    program: Program,
    descriptor: JobDescriptor,
}

impl ProgramJob {
    /// Describes it as jobs.toml does.
    pub fn new(program: Program) -> Self {
        let mut descriptor = JobDescriptor::new(
            &program.job,
            &program.description,
            program.origin(),
            program.params_schema.clone(),
        );
        descriptor.args_schema = program.args_schema.clone();
        descriptor.output_schema = program.output_schema.clone();
        descriptor.defaults = program.defaults;
        Self { program, descriptor }
    }
}

impl DynJob for ProgramJob {
    fn descriptor(&self) -> &JobDescriptor {
        &self.descriptor
    }

    fn run(
        &self,
        ctx: Context,
        params: Value,
    ) -> BoxFuture<'static, Result<Outcome<Value>, JobError>> {
        let program = self.program.clone();
        let params = with_defaults(&program.params_schema, params);
        Box::pin(async move {
            let outcome = process::run(&program, &ctx, params).await?;
            output::checked(&program.output_schema, outcome)
        })
    }
}

/// Params or args with the defaults of their schema filled in: a program has nothing that would do it.
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
