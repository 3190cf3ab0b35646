//! Makes projects and scheduled jobs what jobs.toml says.
//!
//! Settings are those of a job, rows are those of a job in a project: it is settled job by job what is
//! to be done, and then done in pages of rows, each in a separate transaction. Other writers have
//! their turn in between, and a start or a save with a million rows holds none of them up.
//!
//! The steps are in such an order, and each is such, that what a crash left undone is done by the next
//! start: projects, shared limits, new rows, changed rows, and last the rows that jobs.toml no longer names.

use std::collections::{BTreeMap, BTreeSet};

use cascade_config::{Config, JobSettings, KeySettings};
use cascade_store::{
    KeyValue, KeyedJob, NamedLimit, Queries, Result, Store,
    schedules::{NewJob, NewProject, PAGE, ScheduleGroup, Settings},
};
use chrono::{DateTime, Utc};
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::{key_places, timing};

/// What this process has applied last. While it is unknown, all rows are compared; from then on a save
/// touches the rows of the jobs that it changes.
pub(crate) type Applied = Mutex<Option<Wanted>>;

/// All that jobs.toml says of schedules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    jobs: BTreeMap<String, Settings>,
    projects: BTreeSet<Uuid>,
}

/// The rows of these jobs in these projects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Area {
    jobs: BTreeSet<String>,
    projects: BTreeSet<Uuid>,
}

/// What is to be done.
#[derive(Debug, Default, PartialEq, Eq)]
struct Plan {
    /// Where rows are missing.
    insert: Vec<Area>,
    /// Where rows may keep other settings.
    change: Vec<Area>,
    /// Where rows are no longer named.
    disable: Vec<Area>,
}

impl Area {
    fn new(jobs: impl IntoIterator<Item = String>, projects: &BTreeSet<Uuid>) -> Self {
        Self { jobs: jobs.into_iter().collect(), projects: projects.clone() }
    }

    /// In pages of at most [`PAGE`] rows, in the order of jobs, which is that of the rows' index.
    fn pages(&self) -> impl Iterator<Item = (Vec<&str>, Vec<Uuid>)> {
        let jobs: Vec<_> = self.jobs.iter().map(String::as_str).collect();
        let projects: Vec<_> = self.projects.iter().copied().collect();
        let jobs_a_page = (PAGE / projects.len().max(1)).max(1);
        let jobs: Vec<_> = jobs.chunks(jobs_a_page).map(<[&str]>::to_vec).collect();
        jobs.into_iter().flat_map(move |jobs| {
            let projects: Vec<_> = projects.chunks(PAGE).map(<[Uuid]>::to_vec).collect();
            projects.into_iter().map(move |projects| (jobs.clone(), projects))
        })
    }
}

/// Reconciles the database behind `store` with `config`, and keeps what that is in `applied`.
pub(crate) async fn reconcile(store: &dyn Store, applied: &Applied, config: &Config) -> Result<()> {
    let mut applied = applied.lock().await;
    // Whatever fails half-way, the next attempt looks at everything.
    let before = applied.take();
    store
        .alone(Box::pin(async {
            let now = store.now().await?;
            let projects = store.save_projects(&projects(config)).await?.into_iter().collect();
            store.save_shared_limits(&shared_limits(config)).await?;
            let keys_changed = store.save_keyed_jobs(&keyed_jobs(config)).await?;
            let jobs = config.jobs.iter().map(|(job, settings)| (job.clone(), settings.into()));
            let wanted = Wanted { jobs: jobs.collect(), projects };
            let plan = match &before {
                Some(before) => since(before, &wanted),
                None => {
                    let ids: Vec<_> = wanted.projects.iter().copied().collect();
                    let others = store.other_projects(&ids).await?.into_iter().collect();
                    compared(&store.schedule_groups(&ids).await?, &wanted, &others)
                }
            };
            apply(store, plan, &wanted, config, now).await?;
            if keys_changed || before.is_none() {
                key_places::fill(store).await?;
            }
            *applied = Some(wanted);
            Ok(())
        }))
        .await
}

/// The rows of `projects` that the file asks for: a file without any has one.
fn projects(config: &Config) -> Vec<NewProject> {
    let new = |slug: &str, name: &str, concurrency| NewProject {
        id: Uuid::now_v7(),
        slug: slug.into(),
        name: name.into(),
        concurrency,
    };
    if config.projects.is_empty() {
        return vec![new("default", "Default", None)];
    }
    let named = config.projects.iter();
    named.map(|(slug, settings)| new(slug, &settings.name, settings.concurrency)).collect()
}

/// The limits that the file names, with the jobs that share them.
fn shared_limits(config: &Config) -> Vec<NamedLimit> {
    let names = |limit: &str| {
        let jobs = config.jobs.iter();
        let naming = jobs.filter(|(_, settings)| settings.limits.iter().any(|name| name == limit));
        naming.map(|(job, _)| job.clone()).collect()
    };
    let limits = config.limits.iter();
    limits
        .map(|(name, limit)| NamedLimit {
            name: name.clone(),
            limit: limit.clone(),
            jobs: names(name),
        })
        .collect()
}

/// The jobs of whose keys the file says something.
fn keyed_jobs(config: &Config) -> Vec<KeyedJob> {
    let jobs = config.jobs.iter();
    let says_something = |job: &JobSettings| {
        let of_all = job.key_from.is_some() || job.runs_per_key > 1 || job.rate_per_key.is_some();
        of_all || !job.keys.is_empty()
    };
    let keyed = jobs.filter(|(_, job)| says_something(job));
    keyed
        .map(|(name, job)| {
            let has_rate = |settings: &KeySettings| settings.rate_per_key.is_some();
            let is_rated = job.rate_per_key.is_some() || job.keys.values().any(has_rate);
            let values = job.keys.iter().map(|(key, settings)| KeyValue {
                key: key.clone(),
                runs_per_key: settings.runs_per_key,
                rate: settings.rate_per_key,
            });
            KeyedJob {
                job_type: name.clone(),
                key_from: job.key_from.clone(),
                runs_per_key: job.runs_per_key,
                rate: job.rate_per_key,
                is_rated: is_rated && job.enabled,
                values: values.collect(),
            }
        })
        .collect()
}

/// What is to be done after a save, by what was applied before it.
fn since(before: &Wanted, wanted: &Wanted) -> Plan {
    let all = || wanted.jobs.keys().cloned();
    let of_new = |job: &&String| !before.jobs.contains_key(*job);
    let differs = |(job, settings): &(&String, &Settings)| before.jobs.get(*job) != Some(*settings);
    let new_projects = wanted.projects.difference(&before.projects).copied().collect();
    let removed_projects = before.projects.difference(&wanted.projects).copied().collect();
    let removed = before.jobs.keys().filter(|job| !wanted.jobs.contains_key(*job)).cloned();
    let changed = wanted.jobs.iter().filter(differs).map(|(job, _)| job.clone());
    Plan {
        insert: vec![
            Area::new(wanted.jobs.keys().filter(of_new).cloned(), &wanted.projects),
            Area::new(all(), &new_projects),
        ],
        // What is new may have been there before, and is disabled then.
        change: vec![Area::new(changed, &wanted.projects), Area::new(all(), &new_projects)],
        disable: vec![
            Area::new(removed, &before.projects),
            Area::new(before.jobs.keys().cloned(), &removed_projects),
        ],
    }
}

/// What is to be done so that all rows are as the file says; `others` are the projects that it does not
/// name.
fn compared(groups: &[ScheduleGroup], wanted: &Wanted, others: &BTreeSet<Uuid>) -> Plan {
    let mut rows: BTreeMap<&str, u64> = BTreeMap::new();
    let (mut change, mut removed, mut elsewhere) = (Vec::new(), Vec::new(), Vec::new());
    for group in groups {
        *rows.entry(&group.job_type).or_default() += group.of_projects;
        let job = || group.job_type.clone();
        match wanted.jobs.get(&group.job_type) {
            Some(settings) if group.of_projects > 0 && *settings != group.settings => {
                change.push(job())
            }
            None if group.of_projects > 0 && group.settings.enabled => removed.push(job()),
            _ => {}
        }
        if group.of_others > 0 && group.settings.enabled {
            elsewhere.push(job());
        }
    }
    let complete = wanted.projects.len() as u64;
    let missing = wanted.jobs.keys().filter(|job| rows.get(job.as_str()) != Some(&complete));
    Plan {
        insert: vec![Area::new(missing.cloned(), &wanted.projects)],
        change: vec![Area::new(change, &wanted.projects)],
        disable: vec![Area::new(removed, &wanted.projects), Area::new(elsewhere, others)],
    }
}

async fn apply(
    store: &dyn Store,
    plan: Plan,
    wanted: &Wanted,
    config: &Config,
    now: DateTime<Utc>,
) -> Result<()> {
    let triggered: BTreeSet<_> = config.chains.values().flatten().map(String::as_str).collect();
    let first_due = &|job: &str| {
        let schedule = config.jobs.get(job).and_then(|settings| settings.schedule.as_ref());
        timing::first(schedule, !triggered.contains(job), now)
    };
    let settings = &|job| wanted.jobs.get(job).map(|settings| (job, settings));
    let insert =
        |pages: Vec<(Vec<_>, Vec<_>)>| async move {
            for (jobs, projects) in pages {
                let jobs = jobs.into_iter().filter_map(settings).map(|(job_type, settings)| {
                    NewJob { job_type, settings, first_due: first_due(job_type) }
                });
                store.insert_schedules(&jobs.collect::<Vec<_>>(), &projects).await?;
            }
            Result::Ok(())
        };
    // Two at a time: while the database stores one page, the next is made ready.
    let pages = || plan.insert.iter().flat_map(Area::pages);
    let (even, odd) = (pages().step_by(2).collect(), pages().skip(1).step_by(2).collect());
    futures::try_join!(insert(even), insert(odd))?;
    for (jobs, projects) in plan.change.iter().flat_map(Area::pages) {
        let jobs: Vec<_> = jobs.into_iter().filter_map(settings).collect();
        store
            .change_schedules(&jobs, &projects, &|row| match wanted.jobs.get(&row.job_type) {
                Some(settings) => timing::changed(row, settings),
                None => row,
            })
            .await?;
    }
    // Whatever jobs.toml no longer names stays in the tables, with its history, but does not run.
    for (jobs, projects) in plan.disable.iter().flat_map(Area::pages) {
        store.disable_schedules(&jobs, &projects).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(schedule: &str) -> Settings {
        let schedule = Some(schedule.to_owned());
        Settings { schedule, enabled: true, max_attempts: 3, concurrency: None }
    }

    fn wanted(jobs: &[(&str, &str)], projects: &[u128]) -> Wanted {
        Wanted {
            jobs: jobs.iter().map(|(job, every)| ((*job).into(), settings(every))).collect(),
            projects: ids(projects),
        }
    }

    fn ids(projects: &[u128]) -> BTreeSet<Uuid> {
        projects.iter().copied().map(Uuid::from_u128).collect()
    }

    fn area(jobs: &[&str], projects: &[u128]) -> Area {
        Area::new(jobs.iter().map(ToString::to_string), &ids(projects))
    }

    /// The areas that have rows.
    fn full(mut plan: Plan) -> Plan {
        for areas in [&mut plan.insert, &mut plan.change, &mut plan.disable] {
            areas.retain(|area| !area.jobs.is_empty() && !area.projects.is_empty());
        }
        plan
    }

    fn group(job: &str, settings: Settings, of_projects: u64, of_others: u64) -> ScheduleGroup {
        ScheduleGroup { job_type: job.into(), settings, of_projects, of_others }
    }

    #[test]
    fn a_save_touches_what_it_changes() {
        let before = wanted(&[("a", "every 1h"), ("b", "every 1h"), ("c", "every 1h")], &[1, 2]);
        assert_eq!(full(since(&before, &before)), Plan::default());
        let after = wanted(&[("a", "every 1h"), ("b", "every 2h"), ("d", "every 1h")], &[2, 3]);
        let plan = full(since(&before, &after));
        assert_eq!(plan.insert, [area(&["d"], &[2, 3]), area(&["a", "b", "d"], &[3])]);
        assert_eq!(plan.change, [area(&["b", "d"], &[2, 3]), area(&["a", "b", "d"], &[3])]);
        assert_eq!(plan.disable, [area(&["c"], &[1, 2]), area(&["a", "b", "c"], &[1])]);
    }

    #[test]
    fn a_start_finds_what_is_missing_or_differs_or_is_no_longer_named() {
        let file = wanted(&[("a", "every 1h"), ("b", "every 1h"), ("c", "every 1h")], &[1, 2]);
        let off = Settings { enabled: false, ..settings("every 1h") };
        let same = |job, rows| group(job, settings("every 1h"), rows, 0);
        assert_eq!(
            full(compared(&[same("a", 2), same("b", 2), same("c", 2)], &file, &ids(&[]))),
            Plan::default()
        );
        let groups = [
            same("a", 1),
            group("b", off.clone(), 1, 0),
            group("b", settings("every 1h"), 1, 1),
            group("gone", settings("every 1h"), 2, 1),
            group("gone before", off, 2, 1),
        ];
        let plan = full(compared(&groups, &file, &ids(&[9])));
        assert_eq!(plan.insert, [area(&["a", "c"], &[1, 2])]);
        assert_eq!(plan.change, [area(&["b"], &[1, 2])]);
        assert_eq!(plan.disable, [area(&["gone"], &[1, 2]), area(&["b", "gone"], &[9])]);
    }

    #[test]
    fn no_page_has_more_rows_than_it_may_and_all_rows_come_once() {
        for (jobs, projects) in [(7, 300), (5000, 1), (1, 2500), (3, 0)] {
            let projects: Vec<u128> = (0..projects).collect();
            let names: Vec<_> = (0..jobs).map(|nth| format!("job_{nth}")).collect();
            let area = Area::new(names, &ids(&projects));
            let mut seen = BTreeSet::new();
            for (jobs, projects) in area.pages() {
                assert!(jobs.len() * projects.len() <= PAGE);
                for job in jobs {
                    assert!(projects.iter().all(|project| seen.insert((job.to_owned(), *project))));
                }
            }
            assert_eq!(seen.len(), jobs * projects.len());
        }
    }
}
