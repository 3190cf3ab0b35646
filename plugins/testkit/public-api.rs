#[derive(Debug, Clone)]
pub struct Run {
    pub outcome: Option<Outcome<Value>>,
    pub error: Option<JobError>,
    pub logs: Vec<LogLine>,
    pub progress: Vec<Progress>,
    pub triggers: Vec<String>,
    pub refreshes: Vec<String>,
    pub enqueued: Vec<NewRun>,
}
pub async fn loopback(
    request: ConnectRequest,
) -> Result<Box<dyn ByteStream>, ConnectionError> {}
pub const START: &str = "2026-01-15T12:00:00Z";
pub struct TestBench {
    private: _,
}
impl Run {
    pub fn failure(&self) -> String {}
    pub fn log_text(&self) -> String {}
    pub fn logged(&self, level: Level) -> Vec<&str> {}
    pub fn output<T: DeserializeOwned>(&self) -> T {}
    pub fn summary(&self) -> &str {}
}
impl TestBench {
    pub async fn act<V: View>(
        &self,
        action: &str,
        input: Value,
    ) -> Result<Value, ViewError> {}
    pub async fn add_project(&self, slug: &str, name: &str) -> Project {}
    pub fn advance(&self, by: TimeDelta) {}
    pub fn base_dir(&self) -> &Path {}
    pub fn cancel(&self) {}
    pub fn connections<F>(
        &self,
        open: impl Fn(ConnectRequest) -> F + Send + Sync + 'static,
    )
    where
        F: Future<Output = Result<Box<dyn ByteStream>, ConnectionError>> + Send
            + 'static,
    {}
    pub async fn execute(&self, statement: Statement) -> u64 {}
    pub fn folder(&self) -> &Path {}
    pub fn http(
        &self,
        answer: impl Fn(
            HttpRequest,
        ) -> Result<HttpResponse, HttpError> + Send + Sync + 'static,
    ) {}
    pub fn info<J: TypedJob>(&self) -> RunInfo {}
    pub fn info_after<J: TypedJob>(&self, job: &str, output: impl Serialize) -> RunInfo {}
    pub async fn insert(&self, table: &str, row: Value) {}
    pub async fn new() -> Self {}
    pub fn now(&self) -> DateTime<Utc> {}
    pub fn project(&self) -> &Project {}
    pub async fn rows(&self, query: Statement) -> Vec<Row> {}
    pub async fn run<J: TypedJob>(&self, params: Value) -> Run {}
    pub async fn run_configured<J: TypedJob>(&self) -> Run {}
    pub async fn run_for<J: TypedJob>(&self, project: &Project, params: Value) -> Run {}
    pub async fn run_with<J: TypedJob>(&self, info: RunInfo, params: Value) -> Run {}
    pub async fn schema(&self, statements: impl Into<String>) {}
    pub fn set_now(&self, now: DateTime<Utc>) {}
    pub fn set_params(&self, job: &str, params: Value) {}
    pub async fn view<V: View>(&self, filter: Value) -> Result<Page<V::Row>, ViewError> {}
    pub fn view_context(&self) -> ViewContext {}
    pub async fn view_page<V: View>(
        &self,
        project_id: Option<Uuid>,
        page: u32,
        per_page: u32,
        filter: Value,
    ) -> Result<Page<V::Row>, ViewError> {}
    #[must_use]
    pub fn with_allowed_folder(mut self, folder: impl AsRef<Path>) -> Self {}
    #[must_use]
    pub fn with_base_dir(mut self, folder: impl AsRef<Path>) -> Self {}
    #[must_use]
    pub fn with_jobs_toml(mut self, text: &str) -> Self {}
    #[must_use]
    pub fn with_secret(self, variable: &str, value: &str) -> Self {}
}
