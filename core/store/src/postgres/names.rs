use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use cascade_sdk::Project;
use sqlx::{PgPool, Row};
use uuid::Uuid;

use crate::Result;
use cascade_model::ClaimedRun;

/// Names of projects, so that not every claimed run has to be joined with them.
#[derive(Debug, Default)]
pub(super) struct Names(Mutex<HashMap<Uuid, Project>>);

impl Names {
    /// Forgets them: jobs.toml has changed.
    pub fn forget(&self) {
        self.known().clear();
    }

    /// Fills in the projects of `runs`, of which only the ids are known.
    pub async fn fill(&self, pool: &PgPool, runs: &mut [ClaimedRun]) -> Result<()> {
        let mut unknown: Vec<Uuid> = {
            let known = self.known();
            runs.iter().map(|run| run.project.id).filter(|id| !known.contains_key(id)).collect()
        };
        if !unknown.is_empty() {
            unknown.sort();
            unknown.dedup();
            let rows = sqlx::query("SELECT id, slug, name FROM projects WHERE id = ANY($1)")
                .bind(unknown)
                .fetch_all(pool)
                .await?;
            for row in &rows {
                let (id, slug) = (row.try_get("id")?, row.try_get("slug")?);
                self.known().insert(id, Project { id, slug, name: row.try_get("name")? });
            }
        }
        let known = self.known();
        for run in runs {
            if let Some(project) = known.get(&run.project.id) {
                run.project = project.clone();
            }
        }
        Ok(())
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Uuid, Project>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
