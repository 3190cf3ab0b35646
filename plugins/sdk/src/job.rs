use std::{fmt, future::Future, marker::PhantomData, sync::Arc, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{Context, Defaults, Outcome, TypedJob, host::BoxFuture};

/// A job type: what runs when a schedule, a cascade or a person asks for it.
///
/// Each is a [`TypedJob`] too, without args and output.
pub trait Job: Send + Sync + 'static {
    /// Unique `snake_case` name, as jobs.toml and the API spell it.
    const NAME: &'static str;
    /// One sentence for the people at the screen.
    const DESCRIPTION: &'static str;
    /// Settings that hold where jobs.toml says nothing.
    const DEFAULTS: Defaults = Defaults::new();
    /// What an operator may set under `[jobs.NAME.params]`. Its JSON Schema is checked before any
    /// run; use `()`-like empty structs for none, and `deny_unknown_fields` to catch typing errors.
    type Params: DeserializeOwned + JsonSchema + Send + 'static;

    /// Does the work once. Must be idempotent: see the crate's *Delivery* section.
    ///
    /// It has a thread of its own, so that blocking calls (files, computation) are fine. A panic
    /// fails this run only.
    fn run(
        ctx: Context,
        params: Self::Params,
    ) -> impl Future<Output = Result<Outcome, JobError>> + Send;
}

/// How a run ends when it does not succeed.
///
/// Any [`std::error::Error`] converts by `?` into [`JobError::Retry`]: most faults pass, and
/// `max_attempts` bounds the rest. Return [`JobError::Fail`] for what another attempt would not change.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
#[non_exhaustive]
pub enum JobError {
    /// Try again, after `after_ms` or else after the job's own backoff.
    Retry {
        /// For the run's page.
        message: String,
        /// Delay in milliseconds; `None` takes the job's backoff.
        after_ms: Option<u64>,
    },
    /// Do not try again.
    Fail {
        /// For the run's page.
        message: String,
    },
    /// There is nothing to do yet: the run waits, and the attempt does not count.
    Snooze {
        /// How long it waits, in milliseconds.
        after_ms: u64,
    },
    /// The run stopped because it was asked to.
    Cancelled,
}

impl JobError {
    /// Try again after the job's backoff.
    pub fn retry(message: impl fmt::Display) -> Self {
        Self::Retry { message: message.to_string(), after_ms: None }
    }

    /// Try again after a delay, such as a server's `Retry-After`.
    pub fn retry_after(message: impl fmt::Display, delay: Duration) -> Self {
        Self::Retry { message: message.to_string(), after_ms: Some(milliseconds(delay)) }
    }

    /// There is nothing to do yet, such as an export that is not ready: the run waits for `delay` and
    /// begins again. That costs no attempt, so a job that always snoozes never ends.
    pub fn snooze(delay: Duration) -> Self {
        Self::Snooze { after_ms: milliseconds(delay) }
    }

    /// Do not try again.
    pub fn fail(message: impl fmt::Display) -> Self {
        Self::Fail { message: message.to_string() }
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl fmt::Display for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Retry { message, .. } | Self::Fail { message } => f.write_str(message),
            Self::Snooze { after_ms } => {
                write!(f, "snoozed for {:?}", Duration::from_millis(*after_ms))
            }
            Self::Cancelled => f.write_str("cancelled"),
        }
    }
}

// `JobError` is no `std::error::Error` itself: that would forbid this blanket conversion.
impl<E: std::error::Error> From<E> for JobError {
    fn from(error: E) -> Self {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            message.push_str(&format!(": {cause}"));
            source = cause.source();
        }
        Self::Retry { message, after_ms: None }
    }
}

/// How a plugin came into the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OriginKind {
    /// Linked into the host's binary.
    CompiledIn,
    /// A shared library, loaded at run time.
    Library,
    /// An external program, described in jobs.toml.
    Executable,
}

/// Where a job type or view comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// How it came.
    pub kind: OriginKind,
    /// The plugin's name; a crate's, for one in Rust.
    pub plugin: String,
    /// The plugin's version.
    pub version: String,
    /// Source file and line, or the path of the library or program.
    pub location: String,
}

impl Origin {
    /// Something that was linked into the host.
    pub(crate) fn compiled_in(plugin: &str, version: &str, file: &str, line: u32) -> Self {
        Self {
            kind: OriginKind::CompiledIn,
            plugin: plugin.into(),
            version: version.into(),
            location: format!("{file}:{line}"),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            OriginKind::CompiledIn => "compiled in",
            OriginKind::Library => "library",
            OriginKind::Executable => "executable",
        };
        write!(f, "{} {} ({kind}: {})", self.plugin, self.version, self.location)
    }
}

/// What the host knows of a job type without running it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct JobDescriptor {
    /// Unique name.
    pub name: String,
    /// One sentence.
    pub description: String,
    /// Where it comes from.
    pub origin: Origin,
    /// JSON Schema of its params.
    pub params_schema: Value,
    /// JSON Schema of its args.
    pub args_schema: Value,
    /// JSON Schema of its output; `null` for none.
    pub output_schema: Value,
    /// Settings that hold where jobs.toml says nothing.
    pub defaults: Defaults,
}

impl JobDescriptor {
    /// One that takes no args and may have any output.
    pub fn new(
        name: impl Into<String>,
        description: impl Into<String>,
        origin: Origin,
        params_schema: Value,
    ) -> Self {
        Self {
            name: name.into(),
            description: description.into(),
            origin,
            params_schema,
            args_schema: crate::typed_job::no_args(),
            output_schema: Value::Object(serde_json::Map::new()),
            defaults: Defaults::new(),
        }
    }

    /// Whether a success may have an output.
    pub fn may_have_output(&self) -> bool {
        self.output_schema["type"] != "null"
    }
}

/// A [`TypedJob`] with its types erased, as the host holds it.
pub trait DynJob: Send + Sync {
    /// What the host knows of it.
    fn descriptor(&self) -> &JobDescriptor;
    /// Runs it once with params that passed the schema; its args are among the facts of the run.
    fn run(
        &self,
        ctx: Context,
        params: Value,
    ) -> BoxFuture<'static, Result<Outcome<Value>, JobError>>;
}

/// A job type as it waits in `inventory` for the host.
pub struct JobRegistration {
    /// Builds the erased job.
    pub make: fn() -> Arc<dyn DynJob>,
}

inventory::collect!(JobRegistration);

struct Erased<J> {
    descriptor: JobDescriptor,
    job: PhantomData<fn() -> J>,
}

impl<J: TypedJob> DynJob for Erased<J> {
    fn descriptor(&self) -> &JobDescriptor {
        &self.descriptor
    }

    fn run(
        &self,
        ctx: Context,
        params: Value,
    ) -> BoxFuture<'static, Result<Outcome<Value>, JobError>> {
        Box::pin(async move {
            let params = serde_json::from_value(params)
                .map_err(|e| JobError::fail(format!("params: {e}")))?;
            let args = J::Args::deserialize(&ctx.info().args)
                .map_err(|e| JobError::fail(format!("args: {e}")))?;
            J::run(ctx, params, args).await?.erased()
        })
    }
}

/// Erases a job's types. [`submit_job!`](crate::submit_job) calls it.
#[doc(hidden)]
pub fn erase_job<J: TypedJob>(
    plugin: &str,
    version: &str,
    file: &str,
    line: u32,
) -> Arc<dyn DynJob> {
    let origin = Origin::compiled_in(plugin, version, file, line);
    let params_schema = schemars::schema_for!(J::Params).to_value();
    let mut descriptor = JobDescriptor::new(J::NAME, J::DESCRIPTION, origin, params_schema);
    descriptor.args_schema = schemars::schema_for!(J::Args).to_value();
    descriptor.output_schema = schemars::schema_for!(J::Output).to_value();
    descriptor.defaults = J::DEFAULTS;
    Arc::new(Erased::<J> { descriptor, job: PhantomData })
}

/// Submits a [`Job`] or [`TypedJob`] to the host: one line per job type.
#[macro_export]
macro_rules! submit_job {
    ($job:ty) => {
        $crate::inventory::submit! {
            $crate::JobRegistration {
                make: || $crate::erase::job::<$job>(
                    env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"), file!(), line!(),
                ),
            }
        }
    };
}
