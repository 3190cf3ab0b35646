//! Who did what: written in the transaction of each change, never changed and never removed.

use cascade_sdk::{Db, Statement, rfc3339, sql};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use cascade_model::border;

use super::{Accounts, Result};
use cascade_model::Visible;
use cascade_store::literal;

/// Something that somebody did.
#[derive(Debug, Clone)]
pub struct Audited<'a> {
    /// Who.
    pub user_name: &'a str,
    /// What, such as `run.start` or `user.add`.
    pub action: &'static str,
    /// To what: a job, a run, a user.
    pub target: String,
    /// In which project; `None` for what concerns all.
    pub project: Option<Uuid>,
    /// More; no secrets.
    pub detail: Value,
    /// The peer's address.
    pub address: Option<String>,
}

/// An entry as it is read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// In the order they were written.
    pub seq: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub user_name: String,
    /// What.
    pub action: String,
    /// To what.
    pub target: String,
    /// In which project.
    pub project_id: Option<Uuid>,
    /// More, as JSON text.
    pub detail: String,
    /// From where.
    pub address: Option<String>,
}

/// A page of entries, newest first.
#[derive(Debug, Serialize)]
pub struct AuditPage {
    /// The entries.
    pub items: Vec<AuditEntry>,
    /// Of all pages.
    pub total: u64,
    /// From 1.
    pub page: u32,
    /// At most 200.
    pub per_page: u32,
}

impl Audited<'_> {
    /// Writes the entry, in the transaction of what was done.
    pub fn entry(self) -> Statement {
        sql("INSERT INTO audit_log (at, user_name, action, target, project_id, detail, address)
             VALUES ($1, $2, $3, $4, $5, $6, $7)")
        .bind(rfc3339(Utc::now()))
        .bind(self.user_name)
        .bind(self.action)
        .bind(border::clean(self.target))
        .bind(self.project)
        .bind(self.detail.to_string())
        .bind(self.address)
    }
}

impl Accounts {
    /// Writes an entry by itself, for what is not done in the host's database.
    ///
    /// # Errors
    /// The database's.
    pub async fn audit(&self, done: Audited<'_>) -> Result<()> {
        self.write(vec![done.entry()]).await?;
        Ok(())
    }

    /// The same accounts, which write this entry in the transaction of each change: either both are there
    /// or neither.
    #[must_use]
    pub fn noting(&self, entry: Statement) -> Self {
        Self { entry: Some(entry), ..self.clone() }
    }

    /// Entries of the projects that somebody owns; of all, and of what concerns all, for an
    /// administrator.
    ///
    /// # Errors
    /// The database's.
    pub async fn audit_page(
        &self,
        owned: &Visible,
        text: &str,
        page: u32,
        per_page: u32,
    ) -> Result<AuditPage> {
        let projects = match owned.list() {
            None => String::new(),
            Some(list) => {
                let ids: Vec<_> = list.iter().map(|id| format!("'{id}'")).collect();
                // Ids are ours, not texts of a request; no list at all is no entry at all.
                match ids.is_empty() {
                    true => "AND 1 = 0".to_owned(),
                    false => format!("AND project_id IN ({})", ids.join(", ")),
                }
            }
        };
        let wanted = format!(
            "FROM audit_log
             WHERE ($1 = '' OR lower(user_name || ' ' || action || ' ' || target) LIKE '%' || lower($1) || '%' ESCAPE '\\')
             {projects}"
        );
        let offset = u64::from(page.saturating_sub(1)) * u64::from(per_page);
        let list = format!(
            "SELECT seq, at, user_name, action, target, project_id, detail, address {wanted}
             ORDER BY seq DESC LIMIT {per_page} OFFSET {offset}"
        );
        let db = Db::over(&*self.database);
        let count = sql(format!("SELECT count(*) AS n {wanted}"));
        let text = literal(text);
        let found = db.fetch_page(sql(list).bind(&text), count.bind(&text)).await?;
        Ok(AuditPage { items: found.items, total: found.total, page, per_page })
    }
}
