use std::time::Instant;

use cascade_sdk::{Context, HttpRequest, Job, JobError, Outcome, chrono::TimeDelta, rfc3339, sql};
use schemars::JsonSchema;
use serde::Deserialize;

/// What an operator writes under `[jobs.uptime_check.params]`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// Addresses to ask, `http` or `https`.
    #[schemars(length(min = 1, max = 100), inner(url))]
    urls: Vec<String>,
    /// Days that answers are kept.
    #[serde(default = "month")]
    #[schemars(range(min = 1, max = 3650))]
    keep_days: u16,
}

fn month() -> u16 {
    30
}

/// The job.
pub struct UptimeCheck;

impl Job for UptimeCheck {
    const NAME: &'static str = "uptime_check";
    const DESCRIPTION: &'static str =
        "Asks each address whether it is up, and how fast it answers.";
    type Params = Params;

    async fn run(ctx: Context, params: Params) -> Result<Outcome, JobError> {
        let mut up = 0;
        for (done, url) in params.urls.iter().enumerate() {
            ctx.checkpoint()?;
            let began = Instant::now();
            let answer = ctx.http().send(HttpRequest::get(url)).await;
            let latency_ms = began.elapsed().as_secs_f64() * 1000.0;
            let (status, error) = match answer {
                Ok(answer) => (Some(answer.status), None),
                Err(error) => (None, Some(error.to_string())),
            };
            // An address that is down is a finding, not a failure of the job.
            let is_up = status.is_some_and(|status| status < 400);
            up += usize::from(is_up);
            if !is_up {
                ctx.log().warn(format!("{url} is down"));
            }
            // Staged: kept if and only if the run succeeds, and once however often it is tried.
            ctx.transaction().execute(
                sql("INSERT INTO uptime_checks
                         (run_id, project_id, url, at, up, status, latency_ms, error)
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
                     ON CONFLICT (run_id, url) DO NOTHING")
                .bind(ctx.run_id())
                .bind(ctx.project_id())
                .bind(url)
                .bind(rfc3339(ctx.now()))
                .bind(is_up)
                .bind(status)
                .bind(latency_ms)
                .bind(error),
            )?;
            ctx.progress((done + 1) as f64 / params.urls.len() as f64, url);
        }
        let oldest = ctx.now() - TimeDelta::days(params.keep_days.into());
        ctx.transaction().execute(
            sql("DELETE FROM uptime_checks WHERE project_id = $1 AND at < $2")
                .bind(ctx.project_id())
                .bind(rfc3339(oldest)),
        )?;
        Ok(Outcome::summary(format!("{up} of {} up", params.urls.len())))
    }
}
