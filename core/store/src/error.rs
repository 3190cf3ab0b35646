use cascade_sdk::DbError;

/// Why a store could not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else holds the run by now, or nobody does.
    #[error("the lease on this run is lost: it expired, or the run was taken over")]
    LostLease,
    /// There is no such scheduled job.
    #[error("`{job}` is not scheduled for this project")]
    NotScheduled {
        /// The job type asked for.
        job: String,
    },
    /// There is no such run.
    #[error("there is no run {0}")]
    NoRun(uuid::Uuid),
    /// A run in this state cannot do what was asked.
    #[error("{0}")]
    WrongState(&'static str),
    /// A run of the same key waits, and the request is to be rejected then.
    #[error("run {run} waits with the same key")]
    Duplicate {
        /// The run that waits.
        run: uuid::Uuid,
    },
    /// A request with the same idempotency key asked for something else.
    #[error(
        "this idempotency key was used for another request, which made run {run}; use a new key"
    )]
    KeyUsed {
        /// The run that it made.
        run: uuid::Uuid,
    },
    /// A join has come further, meanwhile, than what was to be done with it takes into account.
    #[error("a join has changed meanwhile; the same is to be done again")]
    JoinMoved,
    /// A statement of the plugin failed in the transaction that should have marked the run done.
    #[error("staged write: {0}")]
    Staged(#[from] DbError),
    /// What [`Queries`](super::Queries) asked failed, or a row is not as this version expects it.
    #[error(transparent)]
    Query(DbError),
    /// The entry of the audit log failed, and with it the action.
    #[error("audit log: {0}")]
    Audit(DbError),
    /// The database failed.
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
    /// The host's tables could not be brought up to date.
    #[error("migration: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// The same, of what came after the first edition.
    #[error(transparent)]
    Expand(#[from] super::ExpandError),
    /// The tables cannot be contracted under processes that use what would go.
    #[error("processes of an older version use this database: {0}; stop them first")]
    InUse(String),
    /// A connection pooler stands before PostgreSQL.
    #[error(
        "a connection pooler such as PgBouncer stands between Cascade and PostgreSQL: {0}. Poolers are not supported yet; let DATABASE_URL name PostgreSQL itself"
    )]
    Pooler(&'static str),
    /// A plugin's tables could not be brought up to date.
    #[error(transparent)]
    PluginMigrate(#[from] cascade_portable_sql::PluginMigrationError),
    /// A row holds what this version cannot read.
    #[error("cannot read {what}: {why}")]
    Corrupt {
        /// Which column or row.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
}

/// Classes of PostgreSQL's error codes that blame the statement's own values: data exceptions and
/// violated constraints.
const BAD_VALUES: [&str; 2] = ["22", "23"];
/// SQLite's result codes of the same meaning: CONSTRAINT, TOOBIG, MISMATCH, RANGE.
const BAD_VALUES_OF_SQLITE: [i32; 4] = [19, 18, 20, 25];

/// Classes of PostgreSQL's error codes: connection, transaction rolled back, resources, locks,
/// administrator's shutdown, system.
const OUTAGES: [&str; 6] = ["08", "40", "53", "55", "57", "58"];
/// SQLite's result codes: BUSY, LOCKED, READONLY, IOERR, FULL, CANTOPEN.
const OUTAGES_OF_SQLITE: [i32; 6] = [5, 6, 8, 10, 13, 14];

impl StoreError {
    /// Whether the same call may succeed later: the database is away, busy or full, say. What it refuses
    /// because of the values it was given, it would refuse again.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Sql(sqlx::Error::Database(fault)) => match fault.code().as_deref() {
                // PostgreSQL's codes have five characters, SQLite's are numbers of at most four digits
                // whose lowest byte is the result code.
                Some(code) if code.len() == 5 => !BAD_VALUES.contains(&&code[..2]),
                Some(code) => {
                    code.parse::<i32>().is_ok_and(|n| !BAD_VALUES_OF_SQLITE.contains(&(n & 0xff)))
                }
                None => true,
            },
            Self::Sql(error) => !matches!(
                error,
                sqlx::Error::Encode(_)
                    | sqlx::Error::Decode(_)
                    | sqlx::Error::ColumnDecode { .. }
                    | sqlx::Error::ColumnNotFound(_)
            ),
            // The host's own text with values that are clean: only an outage refuses it.
            Self::Query(_) | Self::JoinMoved => true,
            _ => false,
        }
    }

    /// Whether PostgreSQL has broken off a transaction, as each of several waited for another.
    pub fn is_deadlock(&self) -> bool {
        let Self::Sql(sqlx::Error::Database(fault)) = self else { return false };
        fault.code().as_deref() == Some("40P01")
    }

    /// Whether a migration failed because the database was away, busy or full, and not by what it says.
    pub fn is_outage(&self) -> bool {
        use cascade_portable_sql::PluginMigrationError as Plugin;
        use sqlx::migrate::MigrateError;
        let error = match self {
            Self::Sql(error)
            | Self::Expand(super::ExpandError::Sql { source: error, .. })
            | Self::PluginMigrate(Plugin::Sql { source: error, .. } | Plugin::Ledger(error))
            | Self::Migrate(
                MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _),
            ) => error,
            _ => return false,
        };
        let sqlx::Error::Database(fault) = error else { return true };
        match fault.code().as_deref() {
            Some(code) if code.len() == 5 => OUTAGES.contains(&&code[..2]),
            Some(code) => {
                code.parse::<i32>().is_ok_and(|n| OUTAGES_OF_SQLITE.contains(&(n & 0xff)))
            }
            None => false,
        }
    }

    pub(crate) fn corrupt(what: &'static str) -> impl FnOnce(String) -> Self {
        move |why| Self::Corrupt { what, why }
    }
}
