//! Conditions on what is in JSON text. Paths and values are bound, never written into the SQL.

use cascade_sdk::Dialect;
use serde_json::Value;

use super::Text;
use crate::{Comparison, Condition, Document, literal};

impl Text {
    /// `AND`, and that the run `r` fits a condition on its args or its output.
    pub fn and_condition(self, condition: &Condition) -> Self {
        let (table, column) = match condition.document {
            Document::Args => ("run_requests", "args"),
            Document::Output => ("run_outputs", "output"),
        };
        // Null is no value: a field that is not there is as good as one that is null.
        let null = condition.value.is_null();
        let negated = null && condition.comparison == Comparison::Equal;
        let exists = if negated { " AND NOT EXISTS" } else { " AND EXISTS" };
        let text = self.push(&format!("{exists} (SELECT 1 FROM (SELECT "));
        let text = text.field(&format!("d.{column}"), condition.json_path());
        let text = text.push(&format!(" FROM {table} d WHERE d.run_id = r.id"));
        let text = text.kept_apart().push(") f WHERE ");
        match condition.comparison {
            _ if null => text.not_null(),
            Comparison::Equal => text.equals("f", condition),
            Comparison::Differs => text.there().push(" AND NOT ").equals("f", condition),
            Comparison::Contains => text.contains(condition),
            other => text.has_size(other.by_size().unwrap_or("="), &condition.value),
        }
        .push(")")
    }

    /// The field of a document at a path, as columns that the methods below read.
    fn field(self, document: &str, path: String) -> Self {
        match self.dialect {
            // A document that PostgreSQL cannot read as JSON has no fields.
            Dialect::Postgres => self
                .push(&format!("jsonb_path_query_first(cascade_json({document}), CAST(CAST("))
                .bind(format!("strict {path}"))
                .push(" AS text) AS jsonpath), '{}', true) AS value"),
            Dialect::Sqlite => {
                let text = self.push(&format!("json_type({document}, ")).bind(path.clone());
                text.push(&format!(") AS type, json_extract({document}, "))
                    .bind(path)
                    .push(") AS value")
            }
        }
    }

    /// Ends the query of a field so that it is read once, and not once for each use.
    fn kept_apart(self) -> Self {
        match self.dialect {
            Dialect::Postgres => self.push(" OFFSET 0"),
            Dialect::Sqlite => self.push(" LIMIT 1"),
        }
    }

    /// That the field is there.
    fn there(self) -> Self {
        match self.dialect {
            Dialect::Postgres => self.push("f.value IS NOT NULL"),
            Dialect::Sqlite => self.push("f.type IS NOT NULL"),
        }
    }

    /// That it is there, and not null.
    fn not_null(self) -> Self {
        match self.dialect {
            Dialect::Postgres => self.push("f.value <> CAST('null' AS jsonb)"),
            Dialect::Sqlite => self.push("f.type <> 'null'"),
        }
    }

    /// That the value in `of` is the one that is looked for.
    fn equals(self, of: &str, condition: &Condition) -> Self {
        let text = self.push("(").same(of, &condition.value);
        match &condition.as_text {
            Some(also) => text.push(" OR ").same(of, &also.as_str().into()),
            None => text,
        }
        .push(")")
    }

    fn same(self, of: &str, value: &Value) -> Self {
        match (self.dialect, value) {
            (Dialect::Postgres, _) => {
                self.push(&format!("{of}.value = CAST(")).bind(value.clone()).push(" AS jsonb)")
            }
            (Dialect::Sqlite, Value::Bool(flag)) => self.push(&format!("{of}.type = '{flag}'")),
            (Dialect::Sqlite, Value::Number(_)) => self
                .push(&format!("{of}.type IN ('integer', 'real') AND {of}.value = "))
                .bind(value.clone()),
            (Dialect::Sqlite, _) => {
                self.push(&format!("{of}.type = 'text' AND {of}.value = ")).bind(value.clone())
            }
        }
    }

    /// That a number, or the bytes of a text, compare so with the value.
    fn has_size(self, operator: &str, value: &Value) -> Self {
        match (self.dialect, value.is_number()) {
            (Dialect::Postgres, true) => self
                .push(&format!("jsonb_typeof(f.value) = 'number' AND f.value {operator} CAST("))
                .bind(value.clone())
                .push(" AS jsonb)"),
            (Dialect::Postgres, false) => self
                .push("jsonb_typeof(f.value) = 'string' AND (f.value #>> '{}') COLLATE \"C\" ")
                .push(&format!("{operator} "))
                .bind(value.clone()),
            (Dialect::Sqlite, number) => {
                let types = if number { "'integer', 'real'" } else { "'text'" };
                self.push(&format!("f.type IN ({types}) AND f.value {operator} "))
                    .bind(value.clone())
            }
        }
    }

    /// That a text has this in it, whether upper or lower case, or a list an item that is this.
    fn contains(self, condition: &Condition) -> Self {
        let wanted = condition.as_text.as_deref().or(condition.value.as_str()).unwrap_or("null");
        let pattern = format!("%{}%", literal(wanted));
        match self.dialect {
            Dialect::Postgres => self
                .push("CASE jsonb_typeof(f.value) WHEN 'string' THEN ")
                .like("(f.value #>> '{}')", pattern)
                .push(
                    " WHEN 'array' THEN EXISTS (SELECT 1 FROM jsonb_array_elements(f.value) e WHERE ",
                ),
            Dialect::Sqlite => self
                .push("CASE f.type WHEN 'text' THEN ")
                .like("f.value", pattern)
                .push(" WHEN 'array' THEN EXISTS (SELECT 1 FROM json_each(f.value) e WHERE "),
        }
        .equals("e", condition)
        .push(") ELSE FALSE END")
    }
}
