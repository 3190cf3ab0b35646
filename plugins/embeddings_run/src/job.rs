use cascade_sdk::{Context, JobError, Outcome, Statement, TypedJob, rfc3339, sql};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
/// All messages.
const ALL: &str = "FROM messages m WHERE m.project_id = $1 AND $2 <> ''";
/// The most ids that an output names.
const MOST_IDS: usize = 10_000;

/// What one run is asked for.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Args {
    /// Embeds all messages again, not only those that are new or changed.
    pub full: bool,
}

/// What one run did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Output {
    /// Messages that were embedded.
    pub embedded: u64,
    /// The model.
    pub model: String,
    /// Ids of these messages, at most 10,000.
    pub message_ids: Vec<String>,
    /// Whether there are more of them.
    pub more: bool,
}

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

impl TypedJob for EmbeddingsRun {
    const NAME: &'static str = "embeddings_run";
    const DESCRIPTION: &'static str = "Embeds new messages for semantic search.";
    type Params = Params;
    type Args = Args;
    type Output = Output;

    async fn run(ctx: Context, params: Params, args: Args) -> Result<Outcome<Output>, JobError> {
        let model = params.embedder.model();
        let wanted = if args.full { ALL } else { STALE };
        let count = sql(format!("SELECT count(*) AS n {wanted}"));
        let Count { n: total } =
            ctx.db().fetch_one(count.bind(ctx.project_id()).bind(&model)).await?;
        let (mut done, mut last, mut ids) = (0_u64, String::new(), Vec::new());
        loop {
            ctx.checkpoint()?;
            let batch = next(&ctx, &model, wanted, &last, params.batch_size.get()).await?;
            let Some(end) = batch.last() else { break };
            last.clone_from(&end.id);
            let texts: Vec<_> =
                batch.iter().map(|m| format!("{}\n{}", m.subject, m.body)).collect();
            let vectors = params.embedder.embed(&ctx, &texts).await;
            let vectors = vectors.map_err(crate::EmbedError::into_job_error)?;
            let keep = batch.iter().zip(&vectors).map(|(m, v)| keep(&ctx, &m.id, &model, v));
            ctx.db().batch(keep.collect()).await?;
            done += batch.len() as u64;
            let more = MOST_IDS.saturating_sub(ids.len());
            ids.extend(batch.into_iter().take(more).map(|message| message.id));
            ctx.progress(
                done as f64 / total.max(done) as f64,
                format!("{done} of {total} messages"),
            );
        }
        ctx.progress(1.0, "done");
        let summary = format!("{done} messages embedded by {model}");
        let more = done > ids.len() as u64;
        let output = Output { embedded: done, model, message_ids: ids, more };
        Ok(Outcome::output(output).with_summary(summary))
    }
}

/// By id, so that a message that stays stale (a clock that went back) is not read for ever.
async fn next(
    ctx: &Context,
    model: &str,
    wanted: &str,
    last: &str,
    limit: usize,
) -> Result<Vec<Message>, JobError> {
    let query = sql(format!(
        "SELECT m.id, m.subject, substr(m.body, 1, {MOST_CHARACTERS}) AS body {wanted}
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
