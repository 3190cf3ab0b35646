use cascade_sdk::{Context, Job, JobError, Outcome, Statement, rfc3339, sql};
use serde::Deserialize;

use crate::{params::Params, vector};

/// The job.
pub struct EmbeddingsRun;

/// Characters of a body that are embedded: a text says near its start what it is about, and memory must
/// not grow with what somebody pasted into it.
pub(crate) const MOST_CHARACTERS: u32 = 50_000;

/// Messages with no embedding of the current model, or edited since.
const STALE: &str = "FROM messages m
    LEFT JOIN message_embeddings e ON e.message_id = m.id AND e.model = $2
    WHERE m.project_id = $1 AND (e.message_id IS NULL OR m.ingested_at > e.embedded_at)";

#[derive(Deserialize)]
struct Count {
    n: u64,
}

#[derive(Deserialize)]
struct Message {
    id: String,
    subject: String,
    body: String,
}

impl Job for EmbeddingsRun {
    const NAME: &'static str = "embeddings_run";
    const DESCRIPTION: &'static str = "Embeds new messages for semantic search.";
    type Params = Params;

    async fn run(ctx: Context, params: Params) -> Result<Outcome, JobError> {
        let model = params.embedder.model();
        let count = sql(format!("SELECT count(*) AS n {STALE}"));
        let Count { n: total } =
            ctx.db().fetch_one(count.bind(ctx.project_id()).bind(&model)).await?;
        let (mut done, mut last) = (0_u64, String::new());
        loop {
            ctx.checkpoint()?;
            let batch = next(&ctx, &model, &last, params.batch_size.get()).await?;
            let Some(end) = batch.last() else { break };
            last.clone_from(&end.id);
            let texts: Vec<_> =
                batch.iter().map(|m| format!("{}\n{}", m.subject, m.body)).collect();
            let vectors = params.embedder.embed(&ctx, &texts).await;
            let vectors = vectors.map_err(crate::EmbedError::into_job_error)?;
            let keep = batch.iter().zip(&vectors).map(|(m, v)| keep(&ctx, &m.id, &model, v));
            ctx.db().batch(keep.collect()).await?;
            done += batch.len() as u64;
            ctx.progress(
                done as f64 / total.max(done) as f64,
                format!("{done} of {total} messages"),
            );
        }
        ctx.progress(1.0, "done");
        Ok(Outcome::summary(format!("{done} messages embedded by {model}")))
    }
}

/// By id, so that a message that stays stale (a clock that went back) is not read for ever.
async fn next(
    ctx: &Context,
    model: &str,
    last: &str,
    limit: usize,
) -> Result<Vec<Message>, JobError> {
    let query = sql(format!(
        "SELECT m.id, m.subject, substr(m.body, 1, {MOST_CHARACTERS}) AS body {STALE}
             AND m.id > $3 ORDER BY m.id LIMIT $4"
    ));
    let query = query.bind(ctx.project_id()).bind(model).bind(last).bind(limit);
    Ok(ctx.db().fetch_all(query).await?)
}

fn keep(ctx: &Context, message: &str, model: &str, embedding: &[f32]) -> Statement {
    sql("INSERT INTO message_embeddings (message_id, project_id, model, dim, vector, embedded_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (message_id) DO UPDATE SET
             project_id = excluded.project_id, model = excluded.model, dim = excluded.dim,
             vector = excluded.vector, embedded_at = excluded.embedded_at")
    .bind(message)
    .bind(ctx.project_id())
    .bind(model)
    .bind(embedding.len())
    .bind(vector::encode(embedding))
    .bind(rfc3339(ctx.now()))
}

cascade_sdk::submit_job!(EmbeddingsRun);
