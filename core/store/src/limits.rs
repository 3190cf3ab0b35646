use std::collections::HashMap;

use uuid::Uuid;

/// How many more runs may start, of each job type and each project that has a limit.
#[derive(Debug, Default)]
pub(super) struct Rooms {
    pub jobs: HashMap<String, i64>,
    pub projects: HashMap<Uuid, i64>,
}

/// One row for each limit: `kind` is `job` or `project`. Both databases understand it.
macro_rules! rooms_sql {
    () => {
        "SELECT 'job' AS kind, l.job_type AS name, l.most - (
             SELECT count(*) FROM worker_runs r WHERE r.state = 'running' AND r.job_type = l.job_type
         ) AS room
         FROM (
             SELECT job_type, min(concurrency) AS most FROM scheduled_jobs
             WHERE concurrency IS NOT NULL GROUP BY job_type
         ) l
         UNION ALL
         SELECT 'project', CAST(p.id AS text), p.concurrency - (
             SELECT count(*) FROM worker_runs r WHERE r.state = 'running' AND r.project_id = p.id
         )
         FROM projects p WHERE p.concurrency IS NOT NULL"
    };
}
pub(super) use rooms_sql;

impl Rooms {
    /// Keeps a row of [`rooms_sql`].
    pub fn add(&mut self, kind: &str, name: String, room: i64) {
        match (kind, name.parse()) {
            ("project", Ok(id)) => self.projects.insert(id, room),
            _ => self.jobs.insert(name, room),
        };
    }

    /// Job types that may not start now: those that are full, and those of `except`.
    pub fn closed_jobs(&self, except: &[String]) -> Vec<String> {
        let full = self.jobs.iter().filter(|(_, room)| **room <= 0).map(|(job, _)| job);
        full.chain(except).cloned().collect()
    }

    /// Projects that may not start anything now.
    pub fn full_projects(&self) -> Vec<Uuid> {
        self.projects.iter().filter(|(_, room)| **room <= 0).map(|(id, _)| *id).collect()
    }

    /// Whether one more may start; if so, it counts from now on.
    pub fn take(&mut self, job: &str, project: Uuid) -> bool {
        let free = self.jobs.get(job).is_none_or(|room| *room > 0)
            && self.projects.get(&project).is_none_or(|room| *room > 0);
        if free {
            self.jobs.entry(job.into()).and_modify(|room| *room -= 1);
            self.projects.entry(project).and_modify(|room| *room -= 1);
        }
        free
    }
}
