//! A diamond of jobs: the root triggers two, and both trigger the leaf.

use std::time::Duration;

use cascade_sdk::{Context, Job, JobError, Outcome, sql, submit_job, submit_migrations};

/// Names this module, so that the linker keeps what it submits.
pub fn link() {}

/// Each job and what its success triggers.
pub const CHAINS: [(&str, &[&str]); 3] = [
    ("chaos_root", &["chaos_left", "chaos_right"]),
    ("chaos_left", &["chaos_leaf"]),
    ("chaos_right", &["chaos_leaf"]),
];

/// jobs.toml of a chaos run.
pub fn jobs_toml(projects: usize) -> String {
    let mut text = "[CASCADE_CHAINS]\n".to_owned();
    for (up, down) in CHAINS {
        text.push_str(&format!("{up} = {down:?}\n"));
    }
    for job in ["chaos_root", "chaos_left", "chaos_right", "chaos_leaf"] {
        text.push_str(&format!("[jobs.{job}]\nmax_attempts = 1000\nbackoff = \"10ms\"\n"));
    }
    text.push_str("[projects]\n");
    for project in 0..projects {
        text.push_str(&format!("p{project} = {{}}\n"));
    }
    text
}

/// No params.
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

async fn work(ctx: Context) -> Result<Outcome, JobError> {
    // Long enough to be killed in, and different from run to run. The thread is the run's own.
    let (_, bits) = ctx.run_id().as_u64_pair();
    std::thread::sleep(Duration::from_millis(5 + bits % 60));
    ctx.log().info("worked");
    let effect = sql("INSERT INTO chaos_effects (run_id, attempt) VALUES ($1, $2)");
    ctx.transaction().execute(effect.bind(ctx.run_id()).bind(ctx.attempt()))?;
    Ok(Outcome::done())
}

macro_rules! job {
    ($type:ident, $name:literal) => {
        /// One of the diamond.
        pub struct $type;

        impl Job for $type {
            const NAME: &'static str = $name;
            const DESCRIPTION: &'static str = "Works for a moment and leaves a row behind.";
            type Params = Nothing;

            async fn run(ctx: Context, _: Nothing) -> Result<Outcome, JobError> {
                work(ctx).await
            }
        }

        submit_job!($type);
    };
}

job!(Root, "chaos_root");
job!(Left, "chaos_left");
job!(Right, "chaos_right");
job!(Leaf, "chaos_leaf");
submit_migrations!("0001_effects.sql");
