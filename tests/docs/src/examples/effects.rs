//! Effects outside the database.

use cascade_sdk::{Context, HttpRequest, Job, JobError, Outcome, rfc3339, sql};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

/// What an operator writes under `[jobs.example_report.params]`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// Who gets the report.
    recipients: Vec<String>,
}

#[derive(Deserialize)]
struct Count {
    n: u64,
}

/// Sends a report to each recipient.
pub struct Report;

impl Job for Report {
    const NAME: &'static str = "example_report";
    const DESCRIPTION: &'static str = "Sends the report.";
    type Params = Params;

    async fn run(ctx: Context, params: Params) -> Result<Outcome, JobError> {
        let mut sent = 0;
        for recipient in &params.recipients {
            ctx.checkpoint()?;
            // Sent by an attempt before this one?
            let before: Count = ctx
                .db()
                .fetch_one(
                    sql("SELECT count(*) AS n FROM example_reports_sent
                         WHERE run_id = $1 AND recipient = $2")
                    .bind(ctx.run_id())
                    .bind(recipient),
                )
                .await?;
            if before.n > 0 {
                continue;
            }
            // The same key for the same run and recipient: the server may drop a second one.
            let request =
                HttpRequest::post_json("https://mail.example/", &json!({"to": recipient}))?
                    .header("idempotency-key", format!("{}/{recipient}", ctx.run_id()));
            let answer = ctx.http().send(request).await?;
            if answer.status >= 400 {
                return Err(JobError::retry(format!("{recipient}: status {}", answer.status)));
            }
            // At once, not staged: the next attempt must see it although this one fails.
            ctx.db()
                .execute(
                    sql("INSERT INTO example_reports_sent (run_id, recipient, at)
                         VALUES ($1, $2, $3) ON CONFLICT (run_id, recipient) DO NOTHING")
                    .bind(ctx.run_id())
                    .bind(recipient)
                    .bind(rfc3339(ctx.now())),
                )
                .await?;
            sent += 1;
        }
        Ok(Outcome::summary(format!("{sent} sent")))
    }
}

cascade_sdk::submit_job!(Report);
