//! Who may see and do what: users, sessions, API tokens, roles, and the log of what they did.
//!
//! A request is made by a [`Principal`], which the HTTP layer finds by its session cookie or bearer
//! token. What a principal may see is a [`Visible`] set of projects, and the store's queries take
//! that set: there is no read without it. Secrets (session ids, tokens, links) are random and kept
//! as SHA-256 digests; passwords as Argon2id.
//!
//! The tables are read and written by portable SQL, one text for both databases.

mod accounts;
mod audit;
mod devices;
mod digest;
mod oidc;
mod oidc_name;
mod password;
mod principal;
mod saved_views;
mod sessions;
mod throttle;
mod tokens;
mod webhook;

use std::sync::Arc;

use cascade_sdk::{DbError, Statement, host::Database, sql};

pub use accounts::{LONGEST_NAME, Member, NewUser, User};
pub use audit::{AuditEntry, AuditPage, Audited};
pub use devices::DEVICE_KNOWN;
pub use digest::{Secret, digest};
pub use oidc::{Oidc, OidcError, OidcIdentity, OidcSettings};
pub use password::{
    HashingBusy, HashingFailed, LONGEST as LONGEST_PASSWORD, PasswordRule, check_rule,
};
pub use principal::{Principal, Role, Via};
pub use saved_views::{LONGEST_SEARCH, LONGEST_VIEW_NAME, MOST_VIEWS, SavedView};
pub use sessions::{SESSION_ENDS, SESSION_IDLE, SignedIn};
pub use throttle::{SignInThrottle, network};
pub use tokens::{ApiToken, MadeToken, May, NewToken, TokenEnd};
pub use webhook::{is_signed_as_github, is_signed_as_stripe};

/// Why something about accounts could not be done.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The password could not be hashed.
    #[error(transparent)]
    Hashing(#[from] HashingFailed),
    /// Passwords are being checked on all cores, and enough of them wait.
    #[error(transparent)]
    Busy(#[from] HashingBusy),
    /// A name or password that will not do; the text says why.
    #[error("{0}")]
    Refused(String),
}

/// Users, sessions, tokens and the audit log, over the host's database.
#[derive(Clone)]
pub struct Accounts {
    database: Arc<dyn Database>,
    hashing: password::Hashing,
    /// Of the audit log; written with each change.
    entry: Option<Statement>,
}

type Result<T> = std::result::Result<T, AccessError>;

impl Accounts {
    /// Over `database`, whose migrations have run.
    pub fn new(database: Arc<dyn Database>) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self { database, hashing: password::Hashing::new(cores), entry: None }
    }

    /// Changes whenever somebody may see less than before, on any server.
    ///
    /// # Errors
    /// The database's.
    pub async fn version(&self) -> Result<i64> {
        let row: (i64,) =
            self.one(sql("SELECT version FROM access_version")).await?.unwrap_or((0,));
        Ok(row.0)
    }

    async fn rows<T: serde::de::DeserializeOwned>(&self, query: Statement) -> Result<Vec<T>> {
        let text = query.sql.clone();
        let rows = self.database.query(query.checked()?).await?;
        let decode = |row| Ok(decode(&text, row)?);
        rows.into_iter().map(decode).collect()
    }

    async fn one<T: serde::de::DeserializeOwned>(&self, query: Statement) -> Result<Option<T>> {
        Ok(self.rows(query).await?.into_iter().next())
    }

    /// In one transaction.
    async fn write(&self, statements: Vec<Statement>) -> Result<Vec<u64>> {
        let checked = statements.into_iter().chain(self.entry.clone()).map(Statement::checked);
        Ok(self.database.batch(checked.collect::<std::result::Result<_, _>>()?).await?)
    }
}

/// A tuple takes columns in their order, anything else by name.
fn decode<T: serde::de::DeserializeOwned>(
    sql: &str,
    row: cascade_sdk::Row,
) -> std::result::Result<T, DbError> {
    let by_name = cascade_sdk::decode_row(sql, row.clone());
    by_name.or_else(|error| {
        let values = serde_json::Value::Array(row.into_iter().map(|(_, value)| value).collect());
        serde_json::from_value(values).map_err(|_| error)
    })
}

/// What to run beside any change that takes something from somebody.
fn bump() -> Statement {
    sql("UPDATE access_version SET version = version + 1")
}
