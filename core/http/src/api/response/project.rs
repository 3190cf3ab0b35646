//! Projects.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A project as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProjectRow {
    /// Id.
    pub id: Uuid,
    /// Short name in jobs.toml and addresses.
    pub slug: String,
    /// Name for people.
    pub name: String,
    /// When it was first seen.
    pub created_at: DateTime<Utc>,
}

impl From<cascade_model::ProjectRow> for ProjectRow {
    fn from(from: cascade_model::ProjectRow) -> Self {
        Self { id: from.id, slug: from.slug, name: from.name, created_at: from.created_at }
    }
}
