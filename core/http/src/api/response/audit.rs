//! Who did what.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// An entry as it is read.
#[derive(Debug, Serialize, ToSchema)]
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

impl From<cascade_access::AuditEntry> for AuditEntry {
    fn from(from: cascade_access::AuditEntry) -> Self {
        Self {
            seq: from.seq,
            at: from.at,
            user_name: from.user_name,
            action: from.action,
            target: from.target,
            project_id: from.project_id,
            detail: from.detail,
            address: from.address,
        }
    }
}

/// A page of entries, newest first.
#[derive(Debug, Serialize, ToSchema)]
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

impl From<cascade_access::AuditPage> for AuditPage {
    fn from(from: cascade_access::AuditPage) -> Self {
        Self {
            items: from.items.into_iter().map(Into::into).collect(),
            total: from.total,
            page: from.page,
            per_page: from.per_page,
        }
    }
}
