use std::future::Future;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{Context, Defaults, Job, JobError, Outcome};

/// A job type that takes args or has an output.
///
/// ```
/// use cascade_sdk::{Context, JobError, NoArgs, Outcome, TypedJob};
///
/// #[derive(serde::Deserialize, schemars::JsonSchema)]
/// #[serde(deny_unknown_fields)]
/// struct Params {}
///
/// /// What a sync gives to the jobs behind it.
/// #[derive(serde::Serialize, schemars::JsonSchema)]
/// struct Synced {
///     /// Invoices that were not there before.
///     new_ids: Vec<u64>,
/// }
///
/// struct InvoiceSync;
///
/// impl TypedJob for InvoiceSync {
///     const NAME: &'static str = "invoice_sync";
///     const DESCRIPTION: &'static str = "Fetches invoices.";
///     type Params = Params;
///     type Args = NoArgs;
///     type Output = Synced;
///
///     async fn run(_: Context, _: Params, _: NoArgs) -> Result<Outcome<Synced>, JobError> {
///         Ok(Outcome::output(Synced { new_ids: vec![7, 8] }).with_summary("2 new"))
///     }
/// }
///
/// cascade_sdk::submit_job!(InvoiceSync);
/// ```
pub trait TypedJob: Send + Sync + 'static {
    /// As [`Job::NAME`].
    const NAME: &'static str;
    /// As [`Job::DESCRIPTION`].
    const DESCRIPTION: &'static str;
    /// As [`Job::DEFAULTS`].
    const DEFAULTS: Defaults = Defaults::new();
    /// As [`Job::Params`]: the operator's, for all runs.
    type Params: DeserializeOwned + JsonSchema + Send + 'static;
    /// What this one run is asked for, by its caller. [`NoArgs`] for none; use `deny_unknown_fields`.
    /// Runs of timers and cascades have none: each field needs a default.
    type Args: DeserializeOwned + JsonSchema + Send + 'static;
    /// What a success gives to the runs that it triggers: see [`Context::upstream`]. `()` for nothing.
    type Output: Serialize + JsonSchema + Send + 'static;

    /// As [`Job::run`].
    fn run(
        ctx: Context,
        params: Self::Params,
        args: Self::Args,
    ) -> impl Future<Output = Result<Outcome<Self::Output>, JobError>> + Send;
}

/// No args: an empty object.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoArgs {}

/// The schema of [`NoArgs`].
pub(crate) fn no_args() -> Value {
    schemars::schema_for!(NoArgs).to_value()
}

impl<J: Job> TypedJob for J {
    const NAME: &'static str = <J as Job>::NAME;
    const DESCRIPTION: &'static str = <J as Job>::DESCRIPTION;
    const DEFAULTS: Defaults = <J as Job>::DEFAULTS;
    type Params = <J as Job>::Params;
    type Args = NoArgs;
    type Output = ();

    fn run(
        ctx: Context,
        params: Self::Params,
        _: NoArgs,
    ) -> impl Future<Output = Result<Outcome, JobError>> + Send {
        <J as Job>::run(ctx, params)
    }
}
