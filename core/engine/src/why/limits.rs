//! Limits that keep runs from beginning.

use chrono::TimeDelta;

use super::{Reason, waits::Around};

/// One for each limit that leaves no room.
pub(super) fn reasons(around: &Around) -> Vec<Reason> {
    let Around { job, project, project_slug, capacity, now, .. } = around;
    let mut found = Vec::new();
    if capacity.job_is_full(job) {
        let text = format!("as many runs of `{job}` as may are running");
        let fix = format!("raise concurrency under [jobs.{job}]");
        found.push(Reason::new("job_limit", text).fix(fix));
    }
    if capacity.full_projects().contains(project) {
        let slug = project_slug.as_deref().unwrap_or("its project");
        let text = format!("as many runs of {slug} as may are running");
        let fix = format!("raise concurrency under [projects.{slug}]");
        found.push(Reason::new("project_limit", text).fix(fix));
    }
    for limit in capacity.closed_for(job) {
        let name = limit.name();
        if let Some((running, most)) = limit.full() {
            let text =
                format!("limit `{name}`: {running} of {most} run, of all jobs that share it");
            let fix = format!("raise concurrency under [limits.{name}]");
            found.push(Reason::new("shared_limit", text).fix(fix));
        }
        if let (Some(opens_in), Some(rate)) = (limit.rate_is_used_for(), limit.rate()) {
            let next = *now + TimeDelta::from_std(opens_in).unwrap_or_default();
            let text = format!("rate of `{name}` ({rate}): next at {next}");
            let fix = format!("raise rate under [limits.{name}]");
            found.push(Reason::new("rate", text).fix(fix));
        }
    }
    found
}
