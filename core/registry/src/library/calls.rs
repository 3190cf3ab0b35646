//! Job types and views whose code is in a loaded library.

use std::sync::Arc;

use cascade_abi::host::{Answer, Function, Library};
use cascade_sdk::{
    BoxFuture, Context, DynJob, DynView, JobDescriptor, JobError, Outcome, Page, RawQuery,
    ViewContext, ViewDescriptor, ViewError, wire,
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::runtime::Handle;

use super::services::{CallServices, HostSide};
use crate::output;

/// A job type; keeps its library, and so its code, while a run is under way.
pub(super) struct LoadedJob {
    pub descriptor: JobDescriptor,
    pub library: Arc<Library>,
}

impl DynJob for LoadedJob {
    fn descriptor(&self) -> &JobDescriptor {
        &self.descriptor
    }

    fn run(
        &self,
        ctx: Context,
        params: Value,
    ) -> BoxFuture<'static, Result<Outcome<Value>, JobError>> {
        let (library, name) = (self.library.clone(), self.descriptor.name.clone());
        let output_schema = self.descriptor.output_schema.clone();
        Box::pin(async move {
            let info = ctx.info().clone();
            let request =
                wire::text(&wire::RunRequest { info, params, dialect: ctx.db().dialect() });
            let services = CallServices::new(Handle::current(), HostSide::Run(ctx.host().clone()));
            // The runner gives each run a thread of its own: blocking holds up nobody.
            let answer = library.call(Function::Run, &name, &request, services.clone());
            services.end();
            match answer {
                Ok(outcome) => {
                    let outcome = serde_json::from_str(&outcome).map_err(|error| {
                        JobError::fail(format!("the plugin's result is not as expected: {error}"))
                    })?;
                    output::checked(&output_schema, outcome)
                }
                Err(error) => Err(serde_json::from_str(&error)
                    .unwrap_or_else(|_| JobError::retry(wire::Refusal::parse(&error).message))),
            }
        })
    }
}

/// A view.
pub(super) struct LoadedView {
    pub descriptor: ViewDescriptor,
    pub library: Arc<Library>,
}

impl LoadedView {
    fn call<T: DeserializeOwned + 'static>(
        &self,
        function: Function,
        request: String,
        ctx: ViewContext,
    ) -> BoxFuture<'static, Result<T, ViewError>> {
        let (library, key) = (self.library.clone(), self.descriptor.key.clone());
        Box::pin(async move {
            let services = CallServices::new(Handle::current(), HostSide::View(ctx.host().clone()));
            let answer: Result<Answer, _> = tokio::task::spawn_blocking(move || {
                let answer = library.call(function, &key, &request, services.clone());
                services.end();
                answer
            })
            .await;
            let internal = |error: String| ViewError::Internal(error);
            match answer.map_err(|error| internal(error.to_string()))? {
                Ok(json) => serde_json::from_str(&json).map_err(|error| {
                    internal(format!("the plugin's answer is not as expected: {error}"))
                }),
                Err(error) => Err(match serde_json::from_str::<wire::ViewFault>(&error) {
                    Ok(fault) => fault.into(),
                    Err(_) => internal(wire::Refusal::parse(&error).message),
                }),
            }
        })
    }
}

impl DynView for LoadedView {
    fn descriptor(&self) -> &ViewDescriptor {
        &self.descriptor
    }

    fn read(
        &self,
        ctx: ViewContext,
        query: RawQuery,
    ) -> BoxFuture<'static, Result<Page<Value>, ViewError>> {
        let dialect = ctx.db().dialect();
        self.call(Function::Read, wire::text(&wire::ReadRequest { query, dialect }), ctx)
    }

    fn act(
        &self,
        ctx: ViewContext,
        action: String,
        input: Value,
    ) -> BoxFuture<'static, Result<Value, ViewError>> {
        let dialect = ctx.db().dialect();
        self.call(Function::Act, wire::text(&wire::ActRequest { action, input, dialect }), ctx)
    }
}
