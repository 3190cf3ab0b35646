//! Writing so that a repeated run does no harm.

use cascade_sdk::{Context, HttpRequest, Job, JobError, Outcome, Statement, rfc3339, sql};
use schemars::JsonSchema;
use serde::Deserialize;

use super::stopping::Nothing;

/// What an operator writes under `[jobs.example_prices.params]`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// Where the price list is.
    url: String,
}

#[derive(Deserialize)]
struct Price {
    sku: String,
    price: f64,
}

/// Upserts in one batch.
pub struct Prices;

impl Job for Prices {
    const NAME: &'static str = "example_prices";
    const DESCRIPTION: &'static str = "Takes over a price list.";
    type Params = Params;

    async fn run(ctx: Context, params: Params) -> Result<Outcome, JobError> {
        let prices: Vec<Price> = ctx.http().send(HttpRequest::get(&params.url)).await?.json()?;
        let now = rfc3339(ctx.now());
        let upsert = |price: &Price| -> Statement {
            sql("INSERT INTO example_prices (project_id, sku, price, updated_at)
                 VALUES ($1, $2, $3, $4)
                 ON CONFLICT (project_id, sku)
                 DO UPDATE SET price = excluded.price, updated_at = excluded.updated_at")
            .bind(ctx.project_id())
            .bind(&price.sku)
            .bind(price.price)
            .bind(&now)
        };
        ctx.db().batch(prices.iter().map(upsert).collect()).await?;
        Ok(Outcome::summary(format!("{} prices", prices.len())))
    }
}

cascade_sdk::submit_job!(Prices);

#[derive(Deserialize)]
struct Number {
    number: i64,
}

/// Reads, decides, writes.
pub struct Ticket;

impl Job for Ticket {
    const NAME: &'static str = "example_ticket";
    const DESCRIPTION: &'static str = "Draws the next number.";
    type Params = Nothing;

    async fn run(ctx: Context, _: Nothing) -> Result<Outcome, JobError> {
        let mut tx = ctx.db().begin().await?;
        let before = sql("SELECT number FROM example_tickets WHERE run_id = $1").bind(ctx.run_id());
        if let Some(Number { number }) = tx.fetch_all(before).await?.first() {
            return Ok(Outcome::summary(format!("number {number}, drawn by an attempt before")));
        }
        let last = sql("SELECT coalesce(max(number), 0) AS number FROM example_tickets
                        WHERE project_id = $1")
        .bind(ctx.project_id());
        let last = tx.fetch_all(last).await?.first().map_or(0, |Number { number }| *number);
        if last >= 100 {
            // `tx` is dropped: nothing was written.
            return Err(JobError::fail("there are no numbers left"));
        }
        let insert = sql("INSERT INTO example_tickets (run_id, project_id, number)
                          VALUES ($1, $2, $3)");
        tx.execute(insert.bind(ctx.run_id()).bind(ctx.project_id()).bind(last + 1)).await?;
        tx.commit().await?;
        Ok(Outcome::summary(format!("number {}", last + 1)))
    }
}

cascade_sdk::submit_job!(Ticket);
