#[derive(Clone)]
pub struct Context {
    private: _,
}
#[derive(Clone)]
pub struct ViewContext(_);
#[derive(Clone, Copy)]
pub struct Db<'a>(pub(crate) _);
#[derive(Clone, Copy)]
pub struct Http<'a>(pub(crate) _);
#[derive(Clone, Copy)]
pub struct StagedTransaction<'a>(_);
#[derive(Debug, Clone)]
pub struct Files<'a>(_);
#[derive(Debug, Clone)]
pub struct Query<F> {
    pub project_id: Option<Uuid>,
    pub page: u32,
    pub per_page: u32,
    pub sort: Option<Sort>,
    pub filter: F,
}
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    pub file: &'static str,
    pub sql: &'static str,
}
#[derive(Debug, Clone, Copy)]
pub struct MigrationSet {
    pub plugin: &'static str,
    pub migrations: &'static [Migration],
}
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoArgs {}
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Defaults {
    #[serde(
        rename = "timeout_ms",
        with = "optional_ms",
        skip_serializing_if = "Option::is_none"
    )]
    pub timeout: Option<Duration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_attempts: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backoff: Option<Backoff>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<u32>,
}
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Debug,
    Info,
    Warn,
    Error,
}
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    Sqlite,
    Postgres,
}
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OriginKind {
    CompiledIn,
    Library,
    Executable,
}
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Backoff {
    #[serde(rename = "initial_ms", with = "ms")]
    pub initial: Duration,
    #[serde(rename = "max_ms", with = "ms")]
    pub max: Duration,
    #[serde(default = "twice")]
    pub factor: f64,
}
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Outcome<O = ()> {
    #[serde(default)]
    pub summary: Option<String>,
    #[serde(default)]
    pub output: O,
}
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileEntry {
    pub name: OsString,
    pub is_dir: bool,
    pub len: u64,
    pub modified: DateTime<Utc>,
}
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
#[non_exhaustive]
pub enum Trigger {
    Timer,
    Cascade { job_type: String, at: DateTime<Utc> },
    Manual { at: DateTime<Utc> },
}
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectRequest {
    pub host: String,
    pub port: u16,
    #[serde(default)]
    pub tls: bool,
}
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    pub kind: OriginKind,
    pub plugin: String,
    pub version: String,
    pub location: String,
}
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    pub id: Uuid,
    pub slug: String,
    pub name: String,
}
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sort {
    pub column: String,
    pub descending: bool,
}
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upstream<O = Value> {
    pub run_id: Uuid,
    pub job: String,
    pub output: Option<O>,
}
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConnectionError(pub String);
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct EnqueueError(pub String);
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct SecretError(pub String);
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct JobDescriptor {
    pub name: String,
    pub description: String,
    pub origin: Origin,
    pub params_schema: Value,
    pub args_schema: Value,
    pub output_schema: Value,
    pub defaults: Defaults,
}
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct NewRun {
    pub job: String,
    #[serde(default = "empty")]
    pub args: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_at: Option<DateTime<Utc>>,
    #[serde(default)]
    pub priority: u8,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Action {
    pub name: String,
    pub description: String,
    pub input_schema: Value,
}
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HttpRequest {
    pub method: String,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HttpResponse {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogLine {
    pub at: DateTime<Utc>,
    pub level: Level,
    pub message: String,
    pub fields: Value,
}
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    pub fraction: f64,
    pub message: String,
}
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Statement {
    pub sql: Cow<'static, str>,
    pub params: Vec<Value>,
    private: _,
}
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ViewDescriptor {
    pub key: String,
    pub description: String,
    pub origin: Origin,
    pub row_schema: Value,
    pub filter_schema: Value,
    #[serde(default)]
    pub sortable: Vec<String>,
    pub actions: Vec<Action>,
}
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RunInfo {
    pub job_type: String,
    pub project: Project,
    pub run_id: Uuid,
    pub attempt: u32,
    pub max_attempts: u32,
    pub payload: Value,
    pub triggered_by: Trigger,
    pub base_dir: PathBuf,
    #[serde(default)]
    pub allowed_folders: Vec<PathBuf>,
    #[serde(default)]
    pub scheduled_for: Option<DateTime<Utc>>,
    #[serde(default = "empty")]
    pub args: Value,
    #[serde(default)]
    pub upstream: Vec<Upstream>,
}
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
#[non_exhaustive]
pub enum JobError {
    Retry { message: String, after_ms: Option<u64> },
    Fail { message: String },
    Snooze { after_ms: u64 },
    Cancelled,
}
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Page<R> {
    pub items: Vec<R>,
    pub total: u64,
}
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RawQuery {
    pub project_id: Option<Uuid>,
    pub page: u32,
    pub per_page: u32,
    #[serde(default)]
    pub sort: Option<Sort>,
    pub filter: BTreeMap<String, String>,
}
#[derive(Debug, Clone, thiserror::Error)]
pub struct DbError {
    pub message: String,
    pub sql: String,
}
#[derive(Debug, Clone, thiserror::Error)]
pub struct HttpError(pub String);
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileFault {
    Outside(String),
    LeadsOut(PathBuf),
    NotRegular(&'static str),
    NotAFolder,
    TooLong(u64),
    TooMany(usize),
    Io(io::Error),
}
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    BadRequest(String),
    NotFound(String),
    Db(DbError),
    Http(HttpError),
    Internal(String),
}
#[derive(Debug, thiserror::Error)]
pub struct FileError {
    pub path: PathBuf,
    pub fault: FileFault,
}
#[derive(Debug, thiserror::Error)]
pub struct MigrationError {
    pub file: &'static str,
}
#[must_use = "`stage` asks the host for it"]
pub struct Enqueue<'a> {
    private: _,
}
#[must_use]
#[derive(Clone)]
pub struct Logger<'a> {
    private: _,
}
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
pub fn decode_row<T: DeserializeOwned>(sql: &str, row: Row) -> Result<T, DbError> {}
pub fn rfc3339(at: DateTime<Utc>) -> String {}
pub fn sql(text: impl Into<Cow<'static, str>>) -> Statement {}
pub struct Connection(_);
pub struct JobRegistration {
    pub make: fn() -> Arc<dyn DynJob>,
}
pub struct Transaction(_);
pub struct ViewRegistration {
    pub make: fn() -> Arc<dyn DynView>,
}
pub trait DynJob: Send + Sync {
    fn descriptor(&self) -> &JobDescriptor;
    fn run(
        &self,
        ctx: Context,
        params: Value,
    ) -> BoxFuture<'static, Result<Outcome<Value>, JobError>>;
}
pub trait DynView: Send + Sync {
    fn descriptor(&self) -> &ViewDescriptor;
    fn read(
        &self,
        ctx: ViewContext,
        query: RawQuery,
    ) -> BoxFuture<'static, Result<Page<Value>, ViewError>>;
    fn act(
        &self,
        ctx: ViewContext,
        action: String,
        input: Value,
    ) -> BoxFuture<'static, Result<Value, ViewError>>;
}
pub trait Job: Send + Sync + 'static {
    const NAME: &'static str;
    const DESCRIPTION: &'static str;
    const DEFAULTS: Defaults = Defaults::new();
    type Params: DeserializeOwned + JsonSchema + Send + 'static;
    fn run(
        ctx: Context,
        params: Self::Params,
    ) -> impl Future<Output = Result<Outcome, JobError>> + Send;
}
pub trait TypedJob: Send + Sync + 'static {
    const NAME: &'static str;
    const DESCRIPTION: &'static str;
    const DEFAULTS: Defaults = Defaults::new();
    type Params: DeserializeOwned + JsonSchema + Send + 'static;
    type Args: DeserializeOwned + JsonSchema + Send + 'static;
    type Output: Serialize + JsonSchema + Send + 'static;
    fn run(
        ctx: Context,
        params: Self::Params,
        args: Self::Args,
    ) -> impl Future<Output = Result<Outcome<Self::Output>, JobError>> + Send;
}
pub trait View: Send + Sync + 'static {
    const KEY: &'static str;
    const DESCRIPTION: &'static str;
    const SORTABLE: &'static [&'static str] = &[];
    type Filter: DeserializeOwned + JsonSchema + Send + 'static;
    type Row: Serialize + JsonSchema + Send + 'static;
    fn read(
        ctx: ViewContext,
        query: Query<Self::Filter>,
    ) -> impl Future<Output = Result<Page<Self::Row>, ViewError>> + Send;
    fn actions() -> Vec<Action> {}
    fn act(
        ctx: ViewContext,
        action: String,
        input: Value,
    ) -> impl Future<Output = Result<Value, ViewError>> + Send {}
}
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
pub type Row = serde_json::Map<String, Value>;
pub use chrono;
pub use inventory;
pub use schemars;
pub use serde;
pub use serde_json;
pub use uuid;
pub mod host {
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
    #[serde(rename_all = "lowercase")]
    pub enum Level {
        Debug,
        Info,
        Warn,
        Error,
    }
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub struct LogLine {
        pub at: DateTime<Utc>,
        pub level: Level,
        pub message: String,
        pub fields: Value,
    }
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub struct Progress {
        pub fraction: f64,
        pub message: String,
    }
    pub trait ByteStream: Send {
        fn read(&mut self) -> BoxFuture<'_, Result<Vec<u8>, ConnectionError>>;
        fn write(
            &mut self,
            bytes: Vec<u8>,
        ) -> BoxFuture<'_, Result<(), ConnectionError>>;
        fn start_tls(&mut self) -> BoxFuture<'_, Result<(), ConnectionError>>;
    }
    pub trait Connector: Send + Sync {
        fn connect(
            &self,
            request: ConnectRequest,
        ) -> BoxFuture<'_, Result<Box<dyn ByteStream>, ConnectionError>>;
    }
    pub trait Database: Send + Sync {
        fn dialect(&self) -> Dialect;
        fn query(
            &self,
            statement: Statement,
        ) -> BoxFuture<'_, Result<Vec<Row>, DbError>>;
        fn snapshot(
            &self,
            queries: Vec<Statement>,
        ) -> BoxFuture<'_, Result<Vec<Vec<Row>>, DbError>>;
        fn batch(
            &self,
            statements: Vec<Statement>,
        ) -> BoxFuture<'_, Result<Vec<u64>, DbError>>;
        fn begin(&self) -> BoxFuture<'_, Result<Box<dyn DatabaseTransaction>, DbError>>;
    }
    pub trait DatabaseTransaction: Send {
        fn query(
            &mut self,
            statement: Statement,
        ) -> BoxFuture<'_, Result<Vec<Row>, DbError>>;
        fn execute(
            &mut self,
            statement: Statement,
        ) -> BoxFuture<'_, Result<u64, DbError>>;
        fn commit(self: Box<Self>) -> BoxFuture<'static, Result<(), DbError>>;
    }
    pub trait Host: Send + Sync {
        fn now(&self) -> DateTime<Utc>;
        fn database(&self) -> &dyn Database;
        fn http(&self) -> &dyn HttpClient;
        fn connector(&self) -> &dyn Connector {}
        fn secret(&self, variable: &str) -> Result<String, SecretError> {}
        fn log(&self, line: LogLine);
        fn log_room(&self) -> BoxFuture<'_, ()> {}
        fn progress(&self, progress: Progress);
        fn stage(&self, statement: Statement);
        fn enqueue(&self, run: NewRun) -> Result<(), EnqueueError> {}
        fn is_cancelled(&self) -> bool;
        fn cancelled(&self) -> BoxFuture<'_, ()>;
        fn sleep(&self, pause: Duration) -> BoxFuture<'_, ()>;
    }
    pub trait HttpClient: Send + Sync {
        fn send(
            &self,
            request: HttpRequest,
        ) -> BoxFuture<'_, Result<HttpResponse, HttpError>>;
    }
    pub trait ViewHost: Send + Sync {
        fn now(&self) -> DateTime<Utc>;
        fn database(&self) -> &dyn Database;
        fn http(&self) -> &dyn HttpClient;
        fn secret(&self, variable: &str) -> Result<String, SecretError> {}
        fn job_params(&self, job: &str) -> Option<Value>;
    }
    pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
}
pub mod loaded {
    pub const fn table<E: Exported>() -> PluginTable {}
    pub trait Exported: 'static {
        const NAME: &'static str;
        const VERSION: &'static str;
    }
    pub use cascade_abi::table::PluginTable;
}
pub mod wire {
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    pub enum ViewFaultKind {
        BadRequest,
        NotFound,
        Internal,
    }
    #[derive(Debug, Clone, Copy, Serialize, Deserialize)]
    pub struct ConnectionRef {
        pub connection: u64,
    }
    #[derive(Debug, Clone, Copy, Serialize, Deserialize)]
    pub struct TransactionRef {
        pub transaction: u64,
    }
    #[derive(Debug, Clone, Serialize, Deserialize)]
    pub struct Description {
        pub plugin: Identity,
        #[serde(default)]
        pub jobs: Vec<JobSketch>,
        #[serde(default)]
        pub views: Vec<ViewSketch>,
        #[serde(default)]
        pub migrations: Vec<MigrationText>,
    }
    #[derive(Debug, Clone, Serialize, Deserialize)]
    pub struct Identity {
        pub name: String,
        pub version: String,
    }
    #[derive(Debug, Clone, Serialize, Deserialize)]
    pub struct JobSketch {
        pub name: String,
        pub description: String,
        #[serde(default = "anything")]
        pub params_schema: Value,
        #[serde(default = "crate::typed_job::no_args")]
        pub args_schema: Value,
        #[serde(default = "anything")]
        pub output_schema: Value,
        #[serde(default)]
        pub defaults: Defaults,
    }
    #[derive(Debug, Clone, Serialize, Deserialize)]
    pub struct MigrationText {
        pub file: String,
        pub sql: String,
    }
    #[derive(Debug, Clone, Serialize, Deserialize)]
    pub struct ViewSketch {
        pub key: String,
        pub description: String,
        #[serde(default = "anything")]
        pub row_schema: Value,
        #[serde(default = "anything")]
        pub filter_schema: Value,
        #[serde(default)]
        pub sortable: Vec<String>,
        #[serde(default)]
        pub actions: Vec<Action>,
    }
    #[derive(Debug, Default, Serialize, Deserialize)]
    pub struct Body {
        private: _,
    }
    #[derive(Debug, Default, Serialize, Deserialize)]
    pub struct Refusal {
        pub message: String,
        #[serde(default)]
        pub sql: String,
    }
    #[derive(Debug, Serialize, Deserialize)]
    pub struct ActRequest {
        pub action: String,
        pub input: Value,
        pub dialect: Dialect,
    }
    #[derive(Debug, Serialize, Deserialize)]
    pub struct Affected {
        pub affected: u64,
    }
    #[derive(Debug, Serialize, Deserialize)]
    pub struct AffectedEach {
        pub affected: Vec<u64>,
    }
    #[derive(Debug, Serialize, Deserialize)]
    pub struct Batch {
        pub statements: Vec<Statement>,
    }
    #[derive(Debug, Serialize, Deserialize)]
    pub struct HttpRequestText {
        private: _,
    }
    #[derive(Debug, Serialize, Deserialize)]
    pub struct HttpResponseText {
        private: _,
    }
    #[derive(Debug, Serialize, Deserialize)]
    pub struct InTransaction {
        pub transaction: u64,
        #[serde(flatten)]
        pub statement: Statement,
    }
    #[derive(Debug, Serialize, Deserialize)]
    pub struct JobRef {
        pub job: String,
    }
    #[derive(Debug, Serialize, Deserialize)]
    pub struct Pause {
        pub ms: u64,
    }
    #[derive(Debug, Serialize, Deserialize)]
    pub struct ReadRequest {
        pub query: RawQuery,
        pub dialect: Dialect,
    }
    #[derive(Debug, Serialize, Deserialize)]
    pub struct Rows {
        pub rows: Vec<Row>,
    }
    #[derive(Debug, Serialize, Deserialize)]
    pub struct RowsEach {
        pub results: Vec<Vec<Row>>,
    }
    #[derive(Debug, Serialize, Deserialize)]
    pub struct RunRequest {
        pub info: RunInfo,
        pub params: Value,
        pub dialect: Dialect,
    }
    #[derive(Debug, Serialize, Deserialize)]
    pub struct SecretRef {
        pub variable: String,
    }
    #[derive(Debug, Serialize, Deserialize)]
    pub struct SecretText {
        pub value: String,
    }
    #[derive(Debug, Serialize, Deserialize)]
    pub struct ToConnection {
        pub connection: u64,
        #[serde(flatten)]
        pub body: Body,
    }
    #[derive(Debug, Serialize, Deserialize)]
    pub struct ViewFault {
        pub kind: ViewFaultKind,
        pub message: String,
    }
    pub fn level_from(number: i32) -> Level {}
    pub fn level_number(level: Level) -> i32 {}
    pub fn panicked(message: &str) -> String {}
    pub fn text(value: &impl Serialize) -> String {}
}
pub mod erase {
    pub use crate::job::erase_job as job;
    pub use crate::view::erase_view as view;
}
macro_rules! export_plugin {
    () => {};
}
macro_rules! submit_job {
    ($job:ty) => {};
}
macro_rules! submit_migrations {
    ($($file:literal),+ $(,)?) => {};
}
macro_rules! submit_view {
    ($view:ty) => {};
}
impl Action {
    pub fn new<I: JsonSchema>(name: &str, description: &str) -> Self {}
}
impl Backoff {
    #[must_use]
    pub const fn factor(mut self, factor: f64) -> Self {}
    pub const fn new(initial: Duration, max: Duration) -> Self {}
}
impl Body {
    pub fn bytes(self) -> Result<Vec<u8>, HttpError> {}
}
impl ConnectRequest {
    pub fn tcp(host: impl Into<String>, port: u16) -> Self {}
    pub fn tls(host: impl Into<String>, port: u16) -> Self {}
}
impl Connection {
    pub fn new(stream: Box<dyn ByteStream>) -> Self {}
    pub async fn read(&mut self) -> Result<Vec<u8>, ConnectionError> {}
    pub async fn start_tls(&mut self) -> Result<(), ConnectionError> {}
    pub async fn write(
        &mut self,
        bytes: impl Into<Vec<u8>>,
    ) -> Result<(), ConnectionError> {}
}
impl Context {
    pub fn attempt(&self) -> u32 {}
    pub fn cancelled(&self) -> BoxFuture<'_, ()> {}
    pub fn checkpoint(&self) -> Result<(), JobError> {}
    pub async fn connect(
        &self,
        request: ConnectRequest,
    ) -> Result<Connection, ConnectionError> {}
    pub fn db(&self) -> Db<'_> {}
    pub fn enqueue(
        &self,
        job: impl Into<String>,
        args: impl serde::Serialize,
    ) -> Enqueue<'_> {}
    pub fn files(&self) -> Files<'_> {}
    pub fn host(&self) -> &Arc<dyn Host> {}
    pub fn http(&self) -> Http<'_> {}
    pub fn info(&self) -> &RunInfo {}
    pub fn log(&self) -> Logger<'_> {}
    pub fn new(info: RunInfo, host: Arc<dyn Host>) -> Self {}
    pub fn now(&self) -> DateTime<Utc> {}
    pub fn payload(&self) -> &Value {}
    pub fn payload_as<T: DeserializeOwned>(&self) -> Result<T, JobError> {}
    pub fn progress(&self, fraction: f64, message: impl Into<String>) {}
    pub fn project(&self) -> &Project {}
    pub fn project_id(&self) -> Uuid {}
    pub fn resolve(&self, path: impl AsRef<std::path::Path>) -> PathBuf {}
    pub fn run_id(&self) -> Uuid {}
    pub fn scheduled_for(&self) -> Option<DateTime<Utc>> {}
    pub fn secret(&self, variable: &str) -> Result<String, SecretError> {}
    pub async fn sleep(&self, pause: Duration) -> Result<(), JobError> {}
    pub fn transaction(&self) -> StagedTransaction<'_> {}
    pub fn triggered_by(&self) -> &Trigger {}
    pub fn upstream<T: DeserializeOwned>(&self) -> Result<Vec<Upstream<T>>, JobError> {}
}
impl DbError {
    pub fn new(sql: &str, message: impl ToString) -> Self {}
}
impl Defaults {
    #[must_use]
    pub const fn backoff(mut self, backoff: Backoff) -> Self {}
    #[must_use]
    pub const fn concurrency(mut self, runs: u32) -> Self {}
    #[must_use]
    pub const fn max_attempts(mut self, attempts: u32) -> Self {}
    pub const fn new() -> Self {}
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {}
}
impl FileError {
    pub fn into_job_error(self) -> JobError {}
    pub fn is_not_found(&self) -> bool {}
}
impl From<ConnectionError> for Refusal {}
impl From<DbError> for Refusal {}
impl From<HttpError> for Refusal {}
impl From<HttpRequest> for HttpRequestText {}
impl From<HttpResponse> for HttpResponseText {}
impl From<Vec<u8>> for Body {}
impl From<ViewError> for ViewFault {}
impl From<ViewFault> for ViewError {}
impl Http<'_> {
    pub async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {}
}
impl HttpRequest {
    pub fn get(url: impl Into<String>) -> Self {}
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {}
    pub fn post_json(
        url: impl Into<String>,
        body: &impl Serialize,
    ) -> Result<Self, HttpError> {}
}
impl HttpResponse {
    pub fn header(&self, name: &str) -> Option<&str> {}
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, HttpError> {}
}
impl JobDescriptor {
    pub fn may_have_output(&self) -> bool {}
    pub fn new(
        name: impl Into<String>,
        description: impl Into<String>,
        origin: Origin,
        params_schema: Value,
    ) -> Self {}
}
impl JobError {
    pub fn fail(message: impl fmt::Display) -> Self {}
    pub fn retry(message: impl fmt::Display) -> Self {}
    pub fn retry_after(message: impl fmt::Display, delay: Duration) -> Self {}
    pub fn snooze(delay: Duration) -> Self {}
}
impl Level {
    pub fn as_str(self) -> &'static str {}
}
impl Logger<'_> {
    pub fn debug(self, message: impl Display) {}
    pub fn error(self, message: impl Display) {}
    pub fn info(self, message: impl Display) {}
    pub fn warn(self, message: impl Display) {}
    pub fn with(mut self, fields: Value) -> Self {}
}
impl Migration {
    pub fn version(&self) -> Result<u32, MigrationError> {}
}
impl Outcome {
    pub fn done() -> Self {}
    pub fn summary(text: impl Into<String>) -> Self {}
}
impl Refusal {
    pub fn new(message: impl ToString) -> Self {}
    pub fn parse(json: &str) -> Self {}
}
impl RunInfo {
    pub fn new(job_type: impl Into<String>, project: Project, run_id: Uuid) -> Self {}
}
impl SecretError {
    pub fn not_named(variable: &str) -> Self {}
    pub fn not_set(variable: &str) -> Self {}
}
impl StagedTransaction<'_> {
    pub fn execute(&self, statement: Statement) -> Result<(), crate::DbError> {}
}
impl Statement {
    #[must_use]
    pub fn bind(mut self, value: impl Serialize) -> Self {}
    pub fn checked(self) -> Result<Self, DbError> {}
}
impl Transaction {
    pub async fn commit(self) -> Result<(), DbError> {}
    pub async fn execute(&mut self, statement: Statement) -> Result<u64, DbError> {}
    pub async fn fetch_all<T: DeserializeOwned>(
        &mut self,
        query: Statement,
    ) -> Result<Vec<T>, DbError> {}
}
impl TryFrom<HttpRequestText> for HttpRequest {
    type Error = HttpError;
}
impl TryFrom<HttpResponseText> for HttpResponse {
    type Error = HttpError;
}
impl ViewContext {
    pub fn db(&self) -> Db<'_> {}
    pub fn host(&self) -> &Arc<dyn ViewHost> {}
    pub fn http(&self) -> Http<'_> {}
    pub fn job_params<P: DeserializeOwned>(&self, job: &str) -> Option<P> {}
    pub fn new(host: Arc<dyn ViewHost>) -> Self {}
    pub fn now(&self) -> DateTime<Utc> {}
    pub fn secret(&self, variable: &str) -> Result<String, SecretError> {}
}
impl fmt::Display for JobError {}
impl fmt::Display for Origin {}
impl<'a> Db<'a> {
    pub async fn batch(&self, statements: Vec<Statement>) -> Result<Vec<u64>, DbError> {}
    pub async fn begin(&self) -> Result<Transaction, DbError> {}
    pub fn dialect(&self) -> Dialect {}
    pub async fn execute(&self, statement: Statement) -> Result<u64, DbError> {}
    pub async fn fetch_all<T: DeserializeOwned>(
        &self,
        query: Statement,
    ) -> Result<Vec<T>, DbError> {}
    pub async fn fetch_one<T: DeserializeOwned>(
        &self,
        query: Statement,
    ) -> Result<T, DbError> {}
    pub async fn fetch_optional<T: DeserializeOwned>(
        &self,
        query: Statement,
    ) -> Result<Option<T>, DbError> {}
    pub async fn fetch_page<T: DeserializeOwned>(
        &self,
        items: Statement,
        count: Statement,
    ) -> Result<Page<T>, DbError> {}
    pub fn over(database: &'a dyn Database) -> Self {}
}
impl<'a> Enqueue<'a> {
    pub fn key(self, key: impl Into<String>) -> Self {}
    pub fn priority(self, priority: u8) -> Self {}
    pub fn run_at(self, at: DateTime<Utc>) -> Self {}
    pub fn stage(self) -> Result<(), EnqueueError> {}
    pub fn tag(self, tag: impl Into<String>) -> Self {}
}
impl<'a> Files<'a> {
    pub fn beneath(
        &self,
        folder: impl AsRef<Path>,
    ) -> Result<Files<'static>, FileError> {}
    pub fn check(&self, path: impl AsRef<Path>) -> Result<(), FileError> {}
    pub fn full(&self, path: impl AsRef<Path>) -> PathBuf {}
    pub fn list(&self, folder: impl AsRef<Path>) -> Result<Vec<FileEntry>, FileError> {}
    pub fn open(&self, path: impl AsRef<Path>) -> Result<File, FileError> {}
    pub fn read(
        &self,
        path: impl AsRef<Path>,
        most_bytes: u64,
    ) -> Result<Vec<u8>, FileError> {}
    pub fn within(base: &'a Path, allowed: &'a [PathBuf]) -> Self {}
}
impl<E: std::error::Error> From<E> for JobError {}
impl<F> Query<F> {
    pub fn limit(&self) -> u32 {}
    pub fn offset(&self) -> u64 {}
    pub fn order_by(&self, otherwise: &str) -> String {}
}
impl<J: Job> TypedJob for J {
    type Params = <J as Job>::Params;
    type Args = NoArgs;
    type Output = ();
}
impl<O: Serialize> Outcome<O> {
    pub fn erased(self) -> Result<Outcome<Value>, JobError> {}
}
impl<O> Outcome<O> {
    pub fn output(output: O) -> Self {}
    #[must_use]
    pub fn with_summary(mut self, text: impl Into<String>) -> Self {}
}
