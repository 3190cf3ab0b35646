//! What the OpenAPI document says of values whose own types know nothing of it: those of the sdk, and
//! jobs.toml. No value has these types; the test of the document sends requests and compares.

#![expect(dead_code, reason = "only their descriptions are used")]

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

/// Why a run exists.
#[derive(Serialize, ToSchema)]
pub struct Trigger {
    kind: TriggerKind,
    /// The upstream job of a cascade.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    job_type: Option<String>,
    /// When it ended, or when somebody asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    at: Option<DateTime<Utc>>,
}

/// What caused a run.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TriggerKind {
    /// The schedule of the job.
    Timer,
    /// A person or a program.
    Manual,
    /// An upstream job.
    Cascade,
}

/// How far a run has come.
#[derive(Serialize, ToSchema)]
pub struct Progress {
    /// 0..1.
    fraction: f64,
    message: String,
}

/// How much a log line matters.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Debug,
    Info,
    Warn,
    Error,
}

/// Where a job type or view comes from.
#[derive(Serialize, ToSchema)]
pub struct Origin {
    kind: OriginKind,
    /// The plugin's name.
    plugin: String,
    /// The plugin's version.
    version: String,
    /// Source file and line, or the path of the library or program.
    location: String,
}

/// How a job type or view came to the host.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OriginKind {
    CompiledIn,
    Library,
    Executable,
}

/// A data key as its plugin describes it.
#[derive(Serialize, ToSchema)]
pub struct View {
    key: String,
    description: String,
    origin: Origin,
    /// JSON Schema of an item.
    #[schema(value_type = Object)]
    row_schema: (),
    /// JSON Schema of the query parameters beyond project, page and sort.
    #[schema(value_type = Object)]
    filter_schema: (),
    /// Columns a reader may sort by.
    sortable: Vec<String>,
    actions: Vec<Action>,
}

/// Something that a person may do to an item of a view.
#[derive(Serialize, ToSchema)]
pub struct Action {
    name: String,
    description: String,
    /// JSON Schema of the input.
    #[schema(value_type = Object)]
    input_schema: (),
}

/// One problem of a jobs.toml.
#[derive(Serialize, ToSchema)]
pub struct Diagnostic {
    severity: Severity,
    message: String,
    /// From 1; 0 when no place of the text is to blame.
    line: usize,
    /// From 1, in characters; 0 when no place of the text is to blame.
    column: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    end_line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    end_column: Option<usize>,
    /// Dotted path, such as `jobs.sync.every`.
    key: String,
    /// What to do about it.
    help: Option<String>,
}

/// Whether a problem keeps the file from coming into force.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Error,
    Warning,
}

/// jobs.toml as it is in force; it holds more settings than are named here.
#[derive(Serialize, ToSchema)]
pub struct JobsConfig {
    /// Job to its downstream jobs.
    #[serde(rename = "CASCADE_CHAINS")]
    chains: BTreeMap<String, Vec<String>>,
    /// Job to its edges, with their conditions.
    edges: BTreeMap<String, Vec<Edge>>,
    /// Jobs that run once several others have ended, by the job.
    #[serde(rename = "CASCADE_JOINS")]
    joins: BTreeMap<String, Join>,
    /// Job to the data keys that a screen fetches again when it is done.
    #[serde(rename = "JOB_TO_DATA_MAP")]
    data_map: BTreeMap<String, Vec<String>>,
    /// Settings by job.
    jobs: BTreeMap<String, JobSettings>,
    /// Names its text.
    revision: String,
    /// When it came into force.
    loaded_at: DateTime<Utc>,
    /// The file's present text, or a plugin's present build, if it was refused.
    rejected: Option<Rejected>,
}

/// What may follow the end of a job's run.
#[derive(Serialize, ToSchema)]
pub struct Edge {
    /// The downstream job.
    job: String,
    on: super::response::On,
    /// An expression: the edge is taken only if it is true.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    when: Option<String>,
    /// An expression: a run is made for each element of this list.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    each: Option<String>,
    /// What runs are asked for: a text is an expression, any other value is itself; `***` stands for a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<Object>)]
    args: Option<()>,
    /// An expression: the key of its runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    key: Option<String>,
    /// How long after the end a run may begin, such as `30s`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    after: Option<String>,
    /// How long nothing may have triggered a run before it begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    debounce: Option<String>,
    /// How long after its first trigger a debounced run begins at the latest.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    at_most: Option<String>,
}

/// What a job waits for that runs once several others have ended.
#[derive(Serialize, ToSchema)]
pub struct Join {
    /// The jobs that it waits for.
    all_of: Vec<String>,
    /// How long it waits for the others once the first has ended, such as `1h`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    within: Option<String>,
    late: super::response::Late,
    needs: super::response::Needs,
    by: super::response::By,
    /// An expression: it fires only if it is true.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    when: Option<String>,
    /// What its run is asked for: a text is an expression, any other value is itself; `***` stands for a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<Object>)]
    args: Option<()>,
    /// An expression: the key of its run.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    key: Option<String>,
}

/// Settings of a job; there are more than are named here.
#[derive(Serialize, ToSchema)]
pub struct JobSettings {
    /// What the plugin is given.
    #[schema(value_type = Object)]
    params: (),
}

/// What holds of a job where jobs.toml says nothing.
#[derive(Serialize, ToSchema)]
pub struct JobDefaults {
    /// As jobs.toml writes it, such as `10m`.
    timeout: String,
    max_attempts: u32,
    /// No limit, if there is none.
    concurrency: Option<u32>,
    backoff: Backoff,
}

/// The pause between attempts.
#[derive(Serialize, ToSchema)]
pub struct Backoff {
    /// As jobs.toml writes it, such as `10s`.
    initial: String,
    /// The longest pause.
    max: String,
    /// From one pause to the next.
    factor: f64,
}

/// A jobs.toml that was refused.
#[derive(Serialize, ToSchema)]
pub struct Rejected {
    /// When it was read.
    at: DateTime<Utc>,
    /// The problems as `cascade check` shows them.
    rendered: String,
}
