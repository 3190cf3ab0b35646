//! Ten no-op jobs, and seven in the shape of the seed's chain.

use std::fmt::Write as _;

use cascade_sdk::{Context, Job, JobError, Outcome, Trigger, submit_job};

use crate::{sent, tally};

/// No-op job types. At most one run of each job type and project is unfinished, so that many runs
/// need many projects: each of these has all ten.
pub const JOBS: usize = 10;
/// The first of the chain, and its last two.
pub const CHAIN_START: &str = "chain_a";
pub const CHAIN_ENDS: [&str; 2] = ["chain_f", "chain_g"];
/// Projects that jobs.toml names in any case: one for each chain, and room for [`crate::produce`].
pub const PROJECTS: usize = 20;

/// As in the repository's jobs.toml.
const CHAINS: &str = r#"[CASCADE_CHAINS]
chain_a = ["chain_b", "chain_c"]
chain_b = ["chain_d", "chain_e"]
chain_d = ["chain_f"]
chain_e = ["chain_g"]
"#;

/// jobs.toml with this many projects; `limit` is of the first job, whose runs queues have: at a time in all workers.
pub fn jobs_toml(projects: usize, limit: Option<u32>) -> String {
    let mut text = CHAINS.to_owned();
    for job in 0..JOBS {
        writeln!(text, "[jobs.bench_{job}]").ok();
        if let Some(limit) = limit.filter(|_| job == 0) {
            writeln!(text, "concurrency = {limit}").ok();
        }
    }
    for step in 'a'..='g' {
        writeln!(text, "[jobs.chain_{step}]").ok();
    }
    text.push_str("[projects]\n");
    for project in 0..projects {
        writeln!(text, "p{project} = {{}}").ok();
    }
    text
}

/// The number of project `pN`.
fn number(slug: &str) -> i64 {
    slug.trim_start_matches('p').parse().unwrap_or_default()
}

/// The jobs have no params.
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

macro_rules! no_op {
    ($($type:ident $name:literal),*) => {$(
        struct $type;

        impl Job for $type {
            const NAME: &'static str = $name;
            const DESCRIPTION: &'static str = "Counts itself.";
            type Params = Nothing;

            async fn run(ctx: Context, _: Nothing) -> Result<Outcome, JobError> {
                // Only `produce` asks; timers and edges have nothing to look up.
                let manual = matches!(ctx.triggered_by(), Trigger::Manual { .. });
                let sent = || sent::taken($name, &ctx.project().slug);
                tally::no_op(|| manual.then(sent).flatten());
                Ok(Outcome::done())
            }
        }

        submit_job!($type);
    )*};
}

no_op!(
    Bench0 "bench_0", Bench1 "bench_1", Bench2 "bench_2", Bench3 "bench_3", Bench4 "bench_4",
    Bench5 "bench_5", Bench6 "bench_6", Bench7 "bench_7", Bench8 "bench_8", Bench9 "bench_9"
);

macro_rules! step {
    ($($type:ident $name:literal $step:literal),*) => {$(
        struct $type;

        impl Job for $type {
            const NAME: &'static str = $name;
            const DESCRIPTION: &'static str = "One step of the chain.";
            type Params = Nothing;

            async fn run(ctx: Context, _: Nothing) -> Result<Outcome, JobError> {
                tally::step(number(&ctx.project().slug), $step);
                Ok(Outcome::done())
            }
        }

        submit_job!($type);
    )*};
}

step!(
    ChainA "chain_a" 0, ChainB "chain_b" 1, ChainC "chain_c" 2, ChainD "chain_d" 3,
    ChainE "chain_e" 4, ChainF "chain_f" 5, ChainG "chain_g" 6
);
