//! Builds one SQL text with its values. What the two databases spell differently has a method here;
//! nothing else of this folder asks which one answers.

mod condition;

use std::time::Duration;

use cascade_model::{RunKind, Visible};
use cascade_sdk::{Dialect, Statement, rfc3339, sql};
use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

/// SQL with the values of its placeholders `$1`, `$2`, ...
#[derive(Debug)]
pub(super) struct Text {
    dialect: Dialect,
    sql: String,
    values: Vec<Value>,
}

/// SQLite's ended runs `l` of a schedule `s`, the latest first; how many follows.
const LATEST: &str = "WHERE l.job_type = s.job_type AND l.project_id = s.project_id
    AND l.state IN ('completed', 'failed', 'cancelled')
    ORDER BY l.finished_at DESC, l.id DESC LIMIT";

/// Where ended runs are: in SQLite's table, and by PostgreSQL's function.
fn ended(kind: RunKind) -> (&'static str, &'static str) {
    match kind {
        RunKind::Schedule => ("worker_runs", "last_runs"),
        RunKind::Queue => ("queue_runs", "last_queue_runs"),
    }
}

impl Text {
    /// Begins a text.
    pub fn of(dialect: Dialect, sql: &str) -> Self {
        Self { dialect, sql: sql.into(), values: Vec::new() }
    }

    /// Appends SQL that both databases understand.
    pub fn push(mut self, sql: &str) -> Self {
        self.sql.push_str(sql);
        self
    }

    /// Appends the next placeholder.
    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        let placeholder = format!("${}", self.values.len());
        self.push(&placeholder)
    }

    /// Appends the next placeholder, for an id.
    pub fn bind_id(self, id: Uuid) -> Self {
        self.bind(id.to_string())
    }

    /// Appends the next placeholder, for a time, of which milliseconds count.
    pub fn bind_time(self, at: DateTime<Utc>) -> Self {
        self.bind(rfc3339(at))
    }

    /// `AND`, and that `column` is one of `values`. A list of one is an equation: an index whose first
    /// column is equal for all rows gives them in the order of its second.
    pub fn and_among(self, column: &str, values: Vec<String>) -> Self {
        match <[String; 1]>::try_from(values) {
            Ok([only]) => self.push(&format!(" AND {column} = ")).bind(only),
            Err(none) if none.is_empty() => self.push(" AND FALSE"),
            Err(values) => self.push(" AND ").among(column, values),
        }
    }

    /// That `column` is one of `values`, which are bound as one array.
    pub fn among(self, column: &str, values: Vec<String>) -> Self {
        match self.dialect {
            Dialect::Postgres => self.push(&format!("{column} = ANY(")).bind(values).push(")"),
            Dialect::Sqlite => {
                let list = format!("{column} IN (SELECT value FROM json_each(");
                self.push(&list).bind(values).push("))")
            }
        }
    }

    /// `AND`, and that `column` is a project among those that may be seen; nothing if all may be.
    pub fn and_visible(self, column: &str, visible: &Visible) -> Self {
        match visible.list() {
            None => self,
            Some(projects) => {
                self.and_among(column, projects.iter().map(ToString::to_string).collect())
            }
        }
    }

    /// The database's clock.
    pub fn now(self) -> Self {
        let now = self.clock();
        self.push(now)
    }

    fn clock(&self) -> &'static str {
        match self.dialect {
            Dialect::Postgres => "now()",
            Dialect::Sqlite => "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')",
        }
    }

    /// `AND`, and that jobs.toml enables the schedule; in the words of the index of what is due.
    pub fn and_enabled(self) -> Self {
        match self.dialect {
            Dialect::Postgres => self.push(" AND enabled"),
            Dialect::Sqlite => self.push(" AND enabled = 1"),
        }
    }

    /// The time that is so long ago.
    pub fn ago(self, age: Duration) -> Self {
        let (before, after) = match self.dialect {
            Dialect::Postgres => ("now() - make_interval(secs => ", ")"),
            Dialect::Sqlite => {
                ("strftime('%Y-%m-%dT%H:%M:%fZ', 'now', printf('-%.3f seconds', ", "))")
            }
        };
        self.push(before).bind(age.as_secs_f64()).push(after)
    }

    /// Seconds since the time `at`; 0 if it is still to come.
    pub fn seconds_since(self, at: &str) -> Self {
        let seconds = match self.dialect {
            Dialect::Postgres => {
                format!("CAST(greatest(0, extract(epoch FROM now() - {at})) AS float8)")
            }
            Dialect::Sqlite => {
                let now = self.clock();
                format!("max(0.0, (julianday({now}) - julianday({at})) * 86400.0)")
            }
        };
        self.push(&seconds)
    }

    /// The index that SQLite is to use of the table named last: it keeps no statistics that would tell it which
    /// is short. PostgreSQL does.
    pub fn through(self, index: &str) -> Self {
        match self.dialect {
            Dialect::Postgres => self,
            Dialect::Sqlite => self.push(&format!(" INDEXED BY {index}")),
        }
    }

    /// That the run `r` of a queue waits behind no other of its key, or that it does; in the words of the
    /// indexes of queues.
    pub fn first_of_its_key(self, first: bool) -> Self {
        let condition = match (self.dialect, first) {
            (Dialect::Postgres, true) => "NOT r.behind",
            (Dialect::Postgres, false) => "r.behind",
            (Dialect::Sqlite, true) => "r.behind = 0",
            (Dialect::Sqlite, false) => "r.behind = 1",
        };
        self.push(condition)
    }

    /// That `column` is like `pattern`, whether upper or lower case.
    pub fn like(self, column: &str, pattern: String) -> Self {
        let like = match self.dialect {
            Dialect::Postgres => "ILIKE",
            Dialect::Sqlite => "LIKE",
        };
        self.push(&format!("{column} {like} ")).bind(pattern).push(r" ESCAPE '\'")
    }

    /// The function that says where one text is in another, 0 for nowhere. PostgreSQL takes a pattern with
    /// `LIKE` for rare, and would read all runs for a page of those that have it.
    pub fn find(&self) -> &'static str {
        match self.dialect {
            Dialect::Postgres => "strpos",
            Dialect::Sqlite => "instr",
        }
    }

    /// What the latest attempt of the run `r` took, as something to sort by.
    pub fn took(&self) -> &'static str {
        match self.dialect {
            Dialect::Postgres => "r.finished_at - r.started_at",
            Dialect::Sqlite => "julianday(r.finished_at) - julianday(r.started_at)",
        }
    }

    /// The run that caused the run `r`, as text: the upstream of its latest trigger.
    pub fn parent(&self) -> &'static str {
        match self.dialect {
            Dialect::Postgres => "(r.payload -> 'triggers' -> -1 ->> 'run_id')",
            Dialect::Sqlite => "(r.payload ->> '$.triggers[#-1].run_id')",
        }
    }

    /// When the latest upstream of the run `r` was done, and when a person asked for it: to be compared,
    /// since the payload's times are of no fixed width.
    pub fn trigger_times(&self) -> [&'static str; 2] {
        match self.dialect {
            Dialect::Postgres => [
                "CAST(r.payload -> 'cascade_triggered_by' ->> 'at' AS timestamptz)",
                "CAST(r.payload ->> 'requested_at' AS timestamptz)",
            ],
            Dialect::Sqlite => [
                "julianday(r.payload ->> '$.cascade_triggered_by.at')",
                "julianday(r.payload ->> '$.requested_at')",
            ],
        }
    }

    /// Joins each schedule `s` with its latest `most` ended runs `r` of a kind.
    pub fn join_last_runs(self, kind: RunKind, most: u32) -> Self {
        let (table, function) = ended(kind);
        match self.dialect {
            Dialect::Postgres => self
                .push(&format!(" CROSS JOIN LATERAL {function}(s.job_type, s.project_id, "))
                .bind(most)
                .push(") r"),
            Dialect::Sqlite => self
                .push(&format!(" JOIN {table} r ON r.id IN (SELECT l.id FROM {table} l {LATEST} "))
                .bind(most)
                .push(")"),
        }
    }

    /// The state of the latest ended run of a place `s`, of either kind; completed where none is kept.
    pub fn last_state(&self) -> String {
        let latest = RunKind::ALL.map(|kind| {
            let (table, function) = ended(kind);
            match self.dialect {
                Dialect::Postgres => format!("{function}(s.job_type, s.project_id, 1) l"),
                Dialect::Sqlite => format!("(SELECT * FROM {table} l {LATEST} 1) l"),
            }
        });
        let [schedules, queues] =
            latest.map(|from| format!("SELECT l.state, l.finished_at, l.id FROM {from}"));
        format!(
            "coalesce((SELECT state FROM ({schedules} UNION ALL {queues}) AS latest
                       ORDER BY finished_at DESC, id DESC LIMIT 1), 'completed')"
        )
    }

    /// Ends a query of rows to be deleted: it leaves out those that another process deletes just now. SQLite
    /// has one writer.
    pub fn skip_locked(self) -> Self {
        match self.dialect {
            Dialect::Postgres => self.push(" FOR UPDATE SKIP LOCKED"),
            Dialect::Sqlite => self,
        }
    }

    /// The text with its values.
    pub fn statement(self) -> Statement {
        self.values.into_iter().fold(sql(self.sql), Statement::bind)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn among(dialect: Dialect, values: &[&str]) -> Statement {
        let values = values.iter().map(|&value| value.to_owned()).collect();
        Text::of(dialect, "x").and_among("c", values).statement()
    }

    #[test]
    fn a_list_is_one_value_and_an_empty_one_matches_nothing() {
        for (dialect, many) in [
            (Dialect::Postgres, "x AND c = ANY($1)"),
            (Dialect::Sqlite, "x AND c IN (SELECT value FROM json_each($1))"),
        ] {
            assert_eq!(among(dialect, &[]).sql, "x AND FALSE");
            let one = among(dialect, &["a"]);
            assert_eq!((&*one.sql, one.params), ("x AND c = $1", vec![json!("a")]));
            let two = among(dialect, &["a", "b"]);
            assert_eq!((&*two.sql, two.params), (many, vec![json!(["a", "b"])]));
        }
    }

    #[test]
    fn who_sees_all_is_not_asked_what() {
        let text = |visible| Text::of(Dialect::Sqlite, "x").and_visible("c", visible).statement();
        assert_eq!(text(&Visible::All).sql, "x");
        assert_eq!(text(&Visible::Only(Vec::new())).sql, "x AND FALSE");
    }
}
