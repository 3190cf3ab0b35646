//! How figures are written: in parts that nothing changes but a second try, and that one part replaces in the end.

use std::collections::BTreeMap;

use cascade_model::{MOST_CELLS, StatKind, StatPart, StatWorker, Tally};
use cascade_sdk::{Dialect, Statement, host::Database, rfc3339, sql};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::{Result, StoreError};

/// Writes parts of a process, and whose they are, if it has a worker. A part that is there already was written by a
/// try whose answer was lost.
pub(in super::super) async fn save(
    database: &dyn Database,
    source: &str,
    worker: Option<&StatWorker>,
    parts: &[StatPart],
) -> Result<()> {
    let mut statements = Vec::new();
    if let (Some(worker), Some(last)) = (worker, parts.iter().map(|part| part.minute).max()) {
        statements.push(save_source(source, worker, last));
    }
    statements.extend(pages(parts).map(|page| insert(database.dialect(), source, page)));
    database.batch(statements).await.map(drop).map_err(StoreError::Query)
}

/// Puts parts of a process in the place of all that it has written of their jobs and minutes.
pub(in super::super) async fn replace(
    database: &dyn Database,
    source: &str,
    parts: &[StatPart],
) -> Result<()> {
    let dialect = database.dialect();
    let mut statements = vec![delete(dialect, source, parts)];
    statements.extend(pages(parts).map(|page| insert(dialect, source, page)));
    database.batch(statements).await.map(drop).map_err(StoreError::Query)
}

/// As many parts at a time as have about [`MOST_CELLS`] cells.
fn pages(mut parts: &[StatPart]) -> impl Iterator<Item = &[StatPart]> {
    std::iter::from_fn(move || {
        let mut cells = 0;
        let fit = parts.iter().take_while(|part| {
            cells += part.cells.len();
            cells <= MOST_CELLS
        });
        let fit = fit.count().max(1).min(parts.len());
        let (page, rest) = parts.split_at(fit);
        parts = rest;
        (!page.is_empty()).then_some(page)
    })
}

/// Whose figures these are. Its row changes once a minute.
fn save_source(source: &str, worker: &StatWorker, written_at: DateTime<Utc>) -> Statement {
    sql("INSERT INTO run_stat_sources (source, worker, host, pid, written_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (source) DO UPDATE SET written_at = excluded.written_at
         WHERE run_stat_sources.written_at < excluded.written_at")
    .bind(source)
    .bind(worker.worker.as_str())
    .bind(worker.host.clone())
    .bind(worker.pid)
    .bind(rfc3339(written_at))
}

fn insert(dialect: Dialect, source: &str, page: &[StatPart]) -> Statement {
    match dialect {
        Dialect::Postgres => insert_arrays(source, page),
        Dialect::Sqlite => insert_json(source, page),
    }
}

/// What stands beside the cells of a part, for readers of all projects: their sums by kind and bucket.
fn add_up(part: &StatPart) -> BTreeMap<(StatKind, u16), Tally> {
    let mut sums = BTreeMap::<_, Tally>::new();
    for (key, tally) in &part.cells {
        sums.entry((key.kind, key.bucket)).or_default().add(*tally);
    }
    sums
}

/// The first and the last place, from 1, of lists that follow each other and are this long.
fn slices(lengths: impl Iterator<Item = usize>) -> (Vec<usize>, Vec<usize>) {
    let mut end = 0;
    let slice = |length: usize| {
        let begin = end + 1;
        end += length;
        (begin, end)
    };
    lengths.map(slice).unzip()
}

/// All cells of a page are one array of each column, of which each part has a slice, and so are all sums: arrays come
/// to PostgreSQL as it keeps them, where JSON would be read value by value.
fn insert_arrays(source: &str, page: &[StatPart]) -> Statement {
    fn all<'a, T>(page: &'a [StatPart], of: impl FnMut(&'a StatPart) -> T) -> Vec<T> {
        page.iter().map(of).collect()
    }
    let cells = || page.iter().flat_map(|part| &part.cells);
    let (begins, ends) = slices(page.iter().map(|part| part.cells.len()));
    let sums_of = all(page, add_up);
    let sums = || sums_of.iter().flatten();
    let (sums_begin, sums_end) = slices(sums_of.iter().map(BTreeMap::len));
    sql("INSERT INTO run_figures (source, minute, job_type, part, projects, kinds, buckets, runs, micros,
             sum_kinds, sum_buckets, sum_runs, sum_micros)
         SELECT CAST($1 AS text), CAST(p.minute AS timestamptz), p.job_type, p.part,
             (CAST($6 AS uuid[]))[p.begins:p.ends], (CAST($7 AS text[]))[p.begins:p.ends],
             (CAST($8 AS bigint[]))[p.begins:p.ends], (CAST($9 AS bigint[]))[p.begins:p.ends],
             (CAST($10 AS bigint[]))[p.begins:p.ends],
             (CAST($14 AS text[]))[p.sums_begin:p.sums_end], (CAST($15 AS bigint[]))[p.sums_begin:p.sums_end],
             (CAST($16 AS bigint[]))[p.sums_begin:p.sums_end], (CAST($17 AS bigint[]))[p.sums_begin:p.sums_end]
         FROM unnest(CAST($2 AS text[]), CAST($3 AS text[]), CAST($4 AS bigint[]), CAST($5 AS bigint[]),
             CAST($11 AS bigint[]), CAST($12 AS bigint[]), CAST($13 AS bigint[]))
             AS p(minute, job_type, part, begins, ends, sums_begin, sums_end)
         ON CONFLICT (minute, job_type, source, part) DO UPDATE
         SET projects = excluded.projects, kinds = excluded.kinds, buckets = excluded.buckets,
             runs = excluded.runs, micros = excluded.micros, sum_kinds = excluded.sum_kinds,
             sum_buckets = excluded.sum_buckets, sum_runs = excluded.sum_runs, sum_micros = excluded.sum_micros")
    .bind(source)
    .bind(all(page, |part| rfc3339(part.minute)))
    .bind(all(page, |part| part.job_type.as_str()))
    .bind(all(page, |part| part.part))
    .bind(begins)
    .bind(cells().map(|(key, _)| key.project_id).collect::<Vec<_>>())
    .bind(cells().map(|(key, _)| key.kind.as_str()).collect::<Vec<_>>())
    .bind(cells().map(|(key, _)| key.bucket).collect::<Vec<_>>())
    .bind(cells().map(|(_, tally)| tally.runs).collect::<Vec<_>>())
    .bind(cells().map(|(_, tally)| tally.micros).collect::<Vec<_>>())
    .bind(ends)
    .bind(sums_begin)
    .bind(sums_end)
    .bind(sums().map(|((kind, _), _)| kind.as_str()).collect::<Vec<_>>())
    .bind(sums().map(|((_, bucket), _)| bucket).collect::<Vec<_>>())
    .bind(sums().map(|(_, tally)| tally.runs).collect::<Vec<_>>())
    .bind(sums().map(|(_, tally)| tally.micros).collect::<Vec<_>>())
}

fn insert_json(source: &str, page: &[StatPart]) -> Statement {
    let part = |part: &StatPart| {
        let cells = part.cells.iter().map(|(key, tally)| {
            json!([key.project_id, key.kind.as_str(), key.bucket, tally.runs, tally.micros])
        });
        let sums = add_up(part).into_iter().map(|((kind, bucket), tally)| {
            json!([kind.as_str(), bucket, tally.runs, tally.micros])
        });
        json!({
            "minute": rfc3339(part.minute), "job_type": part.job_type, "part": part.part,
            "sums": sums.collect::<Vec<_>>(), "cells": cells.collect::<Vec<_>>(),
        })
    };
    sql("INSERT INTO run_figures (minute, job_type, source, part, sums, cells)
         SELECT v.value ->> 'minute', v.value ->> 'job_type', $1, v.value ->> 'part', v.value -> 'sums',
             v.value -> 'cells'
         FROM json_each($2) v WHERE TRUE
         ON CONFLICT (minute, job_type, source, part) DO UPDATE
         SET sums = excluded.sums, cells = excluded.cells")
    .bind(source)
    .bind(page.iter().map(part).collect::<Vec<Value>>())
}

/// Removes what a process has written of the jobs and minutes of `parts`.
pub(super) fn delete(dialect: Dialect, source: &str, parts: &[StatPart]) -> Statement {
    let minutes = parts.iter().map(|part| rfc3339(part.minute));
    let jobs = parts.iter().map(|part| part.job_type.as_str());
    let text = "DELETE FROM run_figures WHERE source = $1 AND (minute, job_type) IN (";
    match dialect {
        Dialect::Postgres => sql(format!(
            "{text}SELECT CAST(p.minute AS timestamptz), p.job_type
             FROM unnest(CAST($2 AS text[]), CAST($3 AS text[])) AS p(minute, job_type))"
        ))
        .bind(source)
        .bind(minutes.collect::<Vec<_>>())
        .bind(jobs.collect::<Vec<_>>()),
        Dialect::Sqlite => {
            sql(format!("{text}SELECT v.value ->> 0, v.value ->> 1 FROM json_each($2) v)"))
                .bind(source)
                .bind(minutes.zip(jobs).collect::<Vec<_>>())
        }
    }
}

#[cfg(test)]
mod tests {
    use cascade_model::{StatKey, StatKind, Tally};
    use uuid::Uuid;

    use super::*;

    fn part(part: u32, cells: usize) -> StatPart {
        let key = StatKey { project_id: Uuid::nil(), kind: StatKind::Wait, bucket: 0 };
        let cells = vec![(key, Tally::default()); cells];
        StatPart { minute: DateTime::UNIX_EPOCH, job_type: "j".into(), part, cells }
    }

    #[test]
    fn a_statement_has_no_more_cells_than_it_may_and_every_part_is_in_one() {
        let paged = |cells: &[usize]| {
            let parts: Vec<_> = (0..).zip(cells).map(|(n, cells)| part(n, *cells)).collect();
            pages(&parts).map(<[StatPart]>::len).collect::<Vec<_>>()
        };
        assert_eq!(paged(&[]), [0; 0]);
        assert_eq!(paged(&[1, MOST_CELLS - 1, 1, 1]), [2, 2]);
        assert_eq!(paged(&[MOST_CELLS, MOST_CELLS, 3]), [1, 1, 1]);
        assert_eq!(paged(&[2, MOST_CELLS]), [1, 1]);
    }
}
