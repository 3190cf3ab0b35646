//! Runs jobs and views in a unit test, on a real SQLite database.
//!
//! ```
//! use cascade_sdk::{Context, Job, JobError, Outcome, sql};
//! use cascade_testkit::TestBench;
//! use serde_json::json;
//!
//! /// What an operator writes under `[jobs.greet.params]`.
//! #[derive(serde::Deserialize, schemars::JsonSchema)]
//! struct Params {
//!     /// Whom to greet.
//!     name: String,
//! }
//!
//! struct Greet;
//!
//! impl Job for Greet {
//!     const NAME: &'static str = "greet";
//!     const DESCRIPTION: &'static str = "Keeps a greeting.";
//!     type Params = Params;
//!
//!     async fn run(ctx: Context, params: Params) -> Result<Outcome, JobError> {
//!         ctx.log().info("greeting");
//!         ctx.transaction().execute(
//!             sql("INSERT INTO greetings (project_id, name) VALUES ($1, $2)")
//!                 .bind(ctx.project_id())
//!                 .bind(params.name),
//!         )?;
//!         Ok(Outcome::summary("greeted"))
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let bench = TestBench::new().await;
//! bench.schema("CREATE TABLE greetings (project_id text, name text)").await;
//!
//! let run = bench.run::<Greet>(json!({"name": "Ann"})).await;
//!
//! assert_eq!(run.summary(), "greeted");
//! assert_eq!(run.logs[0].message, "greeting");
//! let rows = bench.rows(sql("SELECT name FROM greetings")).await;
//! assert_eq!(rows[0]["name"], "Ann");
//! # }
//! ```
//!
//! What a run sets off is asserted against the jobs.toml that an operator would write:
//!
//! ```
//! # use cascade_sdk::{Context, Job, JobError, Outcome};
//! # use cascade_testkit::TestBench;
//! # #[derive(serde::Deserialize, schemars::JsonSchema)]
//! # struct Params { name: String }
//! # struct Greet;
//! # impl Job for Greet {
//! #     const NAME: &'static str = "greet";
//! #     const DESCRIPTION: &'static str = "Greets.";
//! #     type Params = Params;
//! #     async fn run(_: Context, params: Params) -> Result<Outcome, JobError> {
//! #         Ok(Outcome::summary(params.name))
//! #     }
//! # }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let bench = TestBench::new().await.with_jobs_toml(
//!     r#"
//!     [CASCADE_CHAINS]
//!     greet = ["count_greetings"]
//!     [JOB_TO_DATA_MAP]
//!     greet = ["greetings"]
//!     [jobs.greet.params]
//!     name = "Ann"
//!     "#,
//! );
//!
//! let run = bench.run_configured::<Greet>().await;
//!
//! assert_eq!(run.summary(), "Ann");
//! assert_eq!(run.triggers, ["count_greetings"]);
//! assert_eq!(run.refreshes, ["greetings"]);
//! # }
//! ```
//!
//! Everything here panics when the test's own set-up is wrong: the panic is the test's failure. A
//! panic inside the job under test is a fault of its run, as in the host.

mod bench;
mod host;
mod loopback;
mod run;
mod wiring;

pub use bench::{START, TestBench};
pub use loopback::loopback;
pub use run::Run;
