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
//! Everything here panics when the test's own set-up is wrong: the panic is the test's failure. A
//! panic inside the job under test reaches the test too.

mod bench;
mod host;
mod run;

pub use bench::{START, TestBench};
pub use run::Run;
