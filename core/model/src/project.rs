use cascade_sdk::Project;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// A project as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
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

impl From<ProjectRow> for Project {
    fn from(row: ProjectRow) -> Self {
        Self { id: row.id, slug: row.slug, name: row.name }
    }
}
