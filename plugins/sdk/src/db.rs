use std::borrow::Cow;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    Page,
    host::{Database, DatabaseTransaction},
};

/// A row as it crosses the plugin boundary: column name to JSON value.
pub type Row = serde_json::Map<String, Value>;

/// The database that answers. Portable SQL seldom needs to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

/// SQL text with `$1`, `$2` ... placeholders and the values bound to them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Statement {
    /// The text; one statement.
    pub sql: Cow<'static, str>,
    /// Values by placeholder, `$1` first.
    pub params: Vec<Value>,
    /// A value that would not serialise; reported when the statement runs.
    #[serde(skip)]
    bind_error: Option<String>,
}

/// Begins a [`Statement`].
///
/// ```
/// let find = cascade_sdk::sql("SELECT id FROM messages WHERE project_id = $1 LIMIT $2")
///     .bind("6f0c…")
///     .bind(50);
/// assert_eq!(find.params.len(), 2);
/// ```
pub fn sql(text: impl Into<Cow<'static, str>>) -> Statement {
    Statement { sql: text.into(), params: Vec::new(), bind_error: None }
}

impl Statement {
    /// Binds the next placeholder.
    #[must_use]
    pub fn bind(mut self, value: impl Serialize) -> Self {
        match serde_json::to_value(value) {
            Ok(value) => self.params.push(value),
            Err(error) => {
                self.bind_error = Some(format!("${}: {error}", self.params.len() + 1));
            }
        }
        self
    }

    /// The statement, unless a bound value would not serialise. Hosts call this before they run it.
    ///
    /// # Errors
    /// [`DbError`] naming the placeholder.
    pub fn checked(self) -> Result<Self, DbError> {
        match &self.bind_error {
            Some(error) => Err(DbError::new(&self.sql, error)),
            None => Ok(self),
        }
    }
}

/// A statement that failed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("database: {message} (in `{sql}`)")]
pub struct DbError {
    /// The database's own message.
    pub message: String,
    /// The statement's text, shortened.
    pub sql: String,
}

impl DbError {
    /// An error about a statement.
    pub fn new(sql: &str, message: impl ToString) -> Self {
        let mut line = sql.split_whitespace().collect::<Vec<_>>().join(" ");
        if line.chars().count() > 200 {
            line = line.chars().take(200).chain(['…']).collect();
        }
        Self { message: message.to_string(), sql: line }
    }
}

/// Portable SQL over the host's pool: one text serves SQLite and PostgreSQL.
#[derive(Clone, Copy)]
pub struct Db<'a>(pub(crate) &'a dyn Database);

impl<'a> Db<'a> {
    /// Over a database; for hosts. A plugin has it from its context.
    pub fn over(database: &'a dyn Database) -> Self {
        Self(database)
    }

    /// Which database answers.
    pub fn dialect(&self) -> Dialect {
        self.0.dialect()
    }

    /// All rows of a query, decoded by serde: column names are field names.
    ///
    /// # Errors
    /// [`DbError`] when the statement fails or a row does not fit `T`.
    pub async fn fetch_all<T: DeserializeOwned>(
        &self,
        query: Statement,
    ) -> Result<Vec<T>, DbError> {
        let text = query.sql.clone();
        let rows = self.0.query(query.checked()?).await?;
        rows.into_iter().map(|row| decode_row(&text, row)).collect()
    }

    /// The first row of a query, if there is one.
    ///
    /// # Errors
    /// As [`Db::fetch_all`].
    pub async fn fetch_optional<T: DeserializeOwned>(
        &self,
        query: Statement,
    ) -> Result<Option<T>, DbError> {
        Ok(self.fetch_all(query).await?.into_iter().next())
    }

    /// The first row of a query that must have one, such as a count.
    ///
    /// # Errors
    /// As [`Db::fetch_all`], and when there is no row.
    pub async fn fetch_one<T: DeserializeOwned>(&self, query: Statement) -> Result<T, DbError> {
        let text = query.sql.clone();
        self.fetch_optional(query).await?.ok_or_else(|| DbError::new(&text, "no row"))
    }

    /// A page for a [`View`](crate::View): the rows of `items`, and the one number that `count` gives.
    /// Both see the same moment, so that a row that is written in between is in both or in neither.
    ///
    /// # Errors
    /// As [`Db::fetch_all`], and when `count` gives no number.
    pub async fn fetch_page<T: DeserializeOwned>(
        &self,
        items: Statement,
        count: Statement,
    ) -> Result<Page<T>, DbError> {
        let (items_sql, count_sql) = (items.sql.clone(), count.sql.clone());
        let found = self.0.snapshot(vec![items.checked()?, count.checked()?]).await?;
        let [rows, counted] = <[_; 2]>::try_from(found)
            .map_err(|found| DbError::new(&items_sql, format!("{} answers of 2", found.len())))?;
        let number = counted.first().and_then(|row| row.values().next()).and_then(Value::as_u64);
        let total = number.ok_or_else(|| DbError::new(&count_sql, "no number"))?;
        let items = rows.into_iter().map(|row| decode_row(&items_sql, row));
        Ok(Page { items: items.collect::<Result<_, _>>()?, total })
    }

    /// Runs one statement; returns how many rows it affected.
    ///
    /// # Errors
    /// [`DbError`] when the statement fails.
    pub async fn execute(&self, statement: Statement) -> Result<u64, DbError> {
        Ok(self.batch(vec![statement]).await?.into_iter().sum())
    }

    /// Runs statements in one transaction, all or none; returns the rows that each affected.
    /// The cheapest way to write many rows.
    ///
    /// # Errors
    /// [`DbError`] of the first statement that fails; nothing is kept then.
    pub async fn batch(&self, statements: Vec<Statement>) -> Result<Vec<u64>, DbError> {
        let statements =
            statements.into_iter().map(Statement::checked).collect::<Result<_, _>>()?;
        self.0.batch(statements).await
    }

    /// Opens a transaction, for writes that depend on what it reads. Keep it short: on SQLite it
    /// holds the one writer, and the host ends it after a few seconds.
    ///
    /// # Errors
    /// [`DbError`] when no connection comes free in time.
    pub async fn begin(&self) -> Result<Transaction, DbError> {
        Ok(Transaction(self.0.begin().await?))
    }
}

/// An open transaction; dropping it rolls back.
pub struct Transaction(Box<dyn DatabaseTransaction>);

impl Transaction {
    /// All rows of a query; see [`Db::fetch_all`].
    ///
    /// # Errors
    /// As [`Db::fetch_all`].
    pub async fn fetch_all<T: DeserializeOwned>(
        &mut self,
        query: Statement,
    ) -> Result<Vec<T>, DbError> {
        let text = query.sql.clone();
        let rows = self.0.query(query.checked()?).await?;
        rows.into_iter().map(|row| decode_row(&text, row)).collect()
    }

    /// Runs one statement; returns how many rows it affected.
    ///
    /// # Errors
    /// [`DbError`] when the statement fails.
    pub async fn execute(&mut self, statement: Statement) -> Result<u64, DbError> {
        self.0.execute(statement.checked()?).await
    }

    /// Makes the writes durable.
    ///
    /// # Errors
    /// [`DbError`] when the database refuses the commit.
    pub async fn commit(self) -> Result<(), DbError> {
        self.0.commit().await
    }
}

/// Decodes one row by serde.
///
/// # Errors
/// [`DbError`] when a column is missing or of another type.
pub fn decode_row<T: DeserializeOwned>(sql: &str, row: Row) -> Result<T, DbError> {
    serde_json::from_value(Value::Object(row)).map_err(|e| DbError::new(sql, format!("row: {e}")))
}
