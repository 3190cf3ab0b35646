//! Words by which runs are found.

use cascade_model::{RunKind, Visible, tag::MOST_TAGS};
use cascade_sdk::{Statement, host::Database, sql};
use serde::Deserialize;
use uuid::Uuid;

use super::{Text, rows};
use crate::{Result, TagFilter};

/// Rows that one statement writes at most.
const AT_ONCE: usize = 200;
/// Words of a project that are gone through at most.
const MOST_STEPS: u32 = 1000;

/// Keeps the tags of new runs: project, run, tag.
pub fn tags_kept(tags: &[(Uuid, Uuid, &str)]) -> Vec<Statement> {
    let insert = |some: &[(Uuid, Uuid, &str)]| {
        let places = (0..some.len()).map(|at| {
            let first = at * 3;
            format!("(${}, ${}, ${})", first + 1, first + 2, first + 3)
        });
        let places = places.collect::<Vec<_>>().join(", ");
        let text = format!("INSERT INTO run_tags (project_id, run_id, tag) VALUES {places}");
        let insert = sql(text);
        some.iter()
            .fold(insert, |insert, (project, run, tag)| insert.bind(project).bind(run).bind(tag))
    };
    tags.chunks(AT_ONCE).map(insert).collect()
}

/// Takes all of its own tags from a run.
pub fn tags_forgotten(run: Uuid) -> Statement {
    sql("DELETE FROM run_tags WHERE run_id = $1").bind(run)
}

/// Gives a run that was there before one more tag, if it has room for it.
pub fn tag_added(project: Uuid, run: Uuid, tag: &str) -> Statement {
    sql("INSERT INTO run_tags (project_id, run_id, tag)
         SELECT p.id, $2, $3 FROM projects p
         WHERE p.id = $1 AND (SELECT count(*) FROM run_tags t WHERE t.run_id = $2) < $4
         ON CONFLICT (run_id, tag) DO NOTHING")
    .bind(project)
    .bind(run)
    .bind(tag)
    .bind(MOST_TAGS)
}

/// Appends the condition that a run has a tag, or its job does.
pub(super) fn and_tagged(text: Text, kind: RunKind, filter: &TagFilter) -> Text {
    let TagFilter { tag, jobs } = filter;
    let of_job = |text: Text| match jobs.is_empty() {
        true => text.push("FALSE"),
        false => text.push("(TRUE").and_among("r.job_type", jobs.clone()).push(")"),
    };
    let text = of_job(text.push(" AND ("));
    if kind == RunKind::Schedule {
        return text.push(")");
    }
    text.push(
        " OR r.id IN (SELECT t.run_id FROM projects w JOIN run_tags t ON t.project_id = w.id
                      WHERE t.tag = ",
    )
    .bind(tag.clone())
    .push("))")
}

/// Up to `most` tags of runs that begin with `prefix`, in their order. Of each project the first 1,000 are looked at.
pub(super) async fn beginning_with(
    database: &dyn Database,
    visible: &Visible,
    prefix: &str,
    most: u32,
) -> Result<Vec<String>> {
    #[derive(Deserialize)]
    struct Found {
        tag: String,
    }
    // Behind every text that begins so: there is no greater character.
    let end = format!("{prefix}\u{10ffff}");
    let first = "(SELECT min(t.tag) FROM run_tags t WHERE t.project_id = ";
    let query = Text::of(
        database.dialect(),
        "WITH RECURSIVE step (project_id, tag, nth) AS (SELECT p.id, ",
    )
    .push(first)
    .push("p.id AND t.tag >= ")
    .bind(prefix)
    .push(" AND t.tag < ")
    .bind(end.clone())
    .push("), 1 FROM projects p WHERE TRUE")
    .and_visible("p.id", visible)
    .push(" UNION ALL SELECT s.project_id, ")
    .push(first)
    .push("s.project_id AND t.tag > s.tag AND t.tag < ")
    .bind(end)
    .push("), s.nth + 1 FROM step s WHERE s.tag IS NOT NULL AND s.nth < ")
    .bind(MOST_STEPS)
    .push(") SELECT DISTINCT tag FROM step WHERE tag IS NOT NULL ORDER BY tag LIMIT ")
    .bind(most);
    let found: Vec<Found> = rows(database, query.statement()).await?;
    Ok(found.into_iter().map(|found| found.tag).collect())
}
