//! Nobody is ever shown anything of a project that they may not see: over random users, roles,
//! tokens and requests.

use std::collections::BTreeSet;

use cascade_sdk::{Level, LogLine, sql};
use chrono::Utc;
use proptest::{
    prelude::{Just, Strategy, any, prop, prop_oneof},
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Bench, marker};
use cascade_access::{Audited, May, NewToken, NewUser, Role, Secret, TokenEnd};
use cascade_model::Success;
use cascade_sse::Entry;
use cascade_store::Store;

const PROJECTS: usize = 4;
const CASES: u32 = 512;

/// A user: an administrator or a role in some projects; and how much of it their token passes on.
#[derive(Debug, Clone)]
struct Person {
    admin: bool,
    roles: Vec<Option<Role>>,
    most: Option<Role>,
    only: Option<usize>,
}

fn role() -> impl Strategy<Value = Role> {
    prop_oneof![Just(Role::Viewer), Just(Role::Editor), Just(Role::Owner)]
}

fn person() -> impl Strategy<Value = Person> {
    let roles = prop::collection::vec(prop::option::of(role()), PROJECTS);
    (prop::bool::weighted(0.1), roles, prop::option::of(role()), prop::option::of(0..PROJECTS))
        .prop_map(|(admin, roles, most, only)| Person { admin, roles, most, only })
}

impl Person {
    /// What the rules of roles say, written down a second time.
    fn role(&self, project: usize) -> Option<Role> {
        let full = self.admin && self.most.is_none() && self.only.is_none();
        if full {
            return Some(Role::Owner);
        }
        let role = if self.admin { Some(Role::Owner) } else { self.roles[project] }?;
        let role = self.most.map_or(role, |most| role.min(most));
        (self.only.is_none_or(|only| only == project)).then_some(role)
    }
}

/// A request about a project; its answer may hold nothing of the projects that are not for the asker.
#[derive(Debug, Clone)]
struct Ask {
    kind: usize,
    project: usize,
    named: bool,
}

struct Seeded {
    bench: Bench,
    runs: Vec<Uuid>,
}

/// Everything of project `n` says so.
async fn seeded() -> Seeded {
    let bench = Bench::new(PROJECTS).await;
    let database = bench.store.database();
    let create = sql("CREATE TABLE things (project_id text, secret text)");
    let mut statements = vec![create];
    let mut runs = Vec::new();
    for (number, project) in bench.projects.iter().enumerate() {
        let secret = marker(number);
        bench.engine.run_now("work", *project).await.unwrap();
        let run =
            bench.engine.claim("w", 1, std::time::Duration::from_secs(60), &[]).await.unwrap();
        let run = run.into_iter().next().unwrap();
        let line = LogLine {
            at: Utc::now(),
            level: Level::Info,
            message: secret.clone(),
            fields: json!({ "secret": secret }),
        };
        bench.engine.record(run.lease.run_id, vec![line], None).await.unwrap();
        let success = Success { summary: Some(secret.clone()), ..Success::default() };
        bench.engine.complete(&run.lease, success).await.unwrap();
        runs.push(run.lease.run_id);
        let insert = sql("INSERT INTO things (project_id, secret) VALUES ($1, $2)");
        statements.push(insert.bind(project).bind(&secret));
        let done = Audited {
            user_name: "somebody",
            action: "test",
            target: secret,
            project: Some(*project),
            detail: json!({}),
            address: None,
        };
        bench.server.accounts.audit(done).await.unwrap();
    }
    database.batch(statements).await.unwrap();
    Seeded { bench, runs }
}

impl Seeded {
    async fn token(&self, person: &Person) -> Secret {
        let accounts = &self.bench.server.accounts;
        let name = format!("u{}", Uuid::new_v4().simple());
        let new = NewUser { name, admin: person.admin, ..NewUser::default() };
        let user = accounts.add_user(new).await.unwrap();
        for (project, role) in self.bench.projects.iter().zip(&person.roles) {
            if role.is_some() {
                accounts.set_role(user, *project, *role).await.unwrap();
            }
        }
        let project = person.only.map(|only| self.bench.projects[only]);
        let new = NewToken {
            user,
            name: "t".into(),
            may: person.most.map_or(May::All, May::AtMost),
            project,
            ends: TokenEnd::Usual,
        };
        accounts.add_token(new).await.unwrap().token
    }

    fn request(&self, ask: &Ask) -> (&'static str, String, Option<Value>) {
        let project = self.bench.projects[ask.project];
        let run = self.runs[ask.project];
        let query = if ask.named { format!("?project_id={project}") } else { String::new() };
        let and = if ask.named { format!("&project_id={project}") } else { String::new() };
        let named = json!({ "project_id": project });
        match ask.kind {
            0 => ("GET", "/api/projects".into(), None),
            1 => ("GET", format!("/api/jobs/scheduler{query}"), None),
            2 => ("GET", format!("/api/jobs/runs{query}"), None),
            3 => ("GET", format!("/api/jobs/runs?text=secret{and}"), None),
            4 => ("GET", format!("/api/jobs/runs/{run}"), None),
            5 => ("GET", format!("/api/jobs/runs/{run}/logs"), None),
            6 => ("GET", format!("/api/jobs/runs/{run}/cascade"), None),
            7 => ("GET", format!("/api/jobs/trends{query}"), None),
            8 => ("GET", format!("/api/data/things{query}"), None),
            9 => ("GET", format!("/api/data/things?careless=yes{and}"), None),
            10 => ("GET", "/api/jobs/config".into(), None),
            11 => ("GET", "/api/session".into(), None),
            12 => ("GET", "/api/audit?per_page=200".into(), None),
            13 => ("GET", format!("/api/events/stream{query}"), None),
            14 => ("POST", format!("/api/jobs/runs/{run}/retry"), Some(json!({}))),
            15 => ("POST", format!("/api/jobs/runs/{run}/cancel"), Some(json!({}))),
            16 => ("POST", "/api/jobs/runs/retry".into(), Some(json!({ "ids": self.runs }))),
            17 => ("POST", "/api/data/things/actions/show".into(), Some(named)),
            18 => ("POST", "/api/jobs/work/pause".into(), Some(named)),
            19 => ("GET", "/api/users".into(), None),
            20 => ("GET", "/jobs/runs".into(), None),
            21 => ("GET", format!("/api/jobs/summary{query}"), None),
            22 => ("GET", format!("/api/jobs/runs/{run}/logs/download"), None),
            23 => ("GET", format!("/api/jobs/runs/{run}/logs?q=secret"), None),
            24 => {
                let projects = ask.named.then(|| vec![project]);
                let body = json!({ "jobs": ["work"], "project_ids": projects });
                ("POST", "/api/schedules/pause".into(), Some(body))
            }
            25 => {
                let filter = if ask.named { named } else { json!({ "text": "secret" }) };
                let body = json!({ "action": "retry", "filter": filter });
                ("POST", "/api/jobs/runs/matching/count".into(), Some(body))
            }
            26 => ("GET", format!("/api/jobs/work/queue?project_id={project}"), None),
            27 => ("GET", format!("/api/jobs/runs/{run}/logs?attempt=1"), None),
            28 => ("GET", format!("/api/jobs/runs?where=output.none=null{and}"), None),
            _ => ("GET", "/data/things".into(), None),
        }
    }
}

const KINDS: usize = 30;

#[test]
fn no_answer_carries_anything_of_a_project_that_is_not_the_asker_s() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let seeded = runtime.block_on(seeded());
    let ask = (0..KINDS, 0..PROJECTS, any::<bool>());
    let ask = ask.prop_map(|(kind, project, named)| Ask { kind, project, named });
    let mut runner = TestRunner::new(Config { cases: CASES, ..Config::default() });
    let shown = std::cell::Cell::new(0_u32);
    let result = runner.run(&(person(), prop::collection::vec(ask, 1..6)), |(person, asks)| {
        runtime.block_on(async {
            let token = seeded.token(&person).await;
            for ask in &asks {
                let (method, path, body) = seeded.request(ask);
                let (status, text) =
                    seeded.bench.ask(method, &path, Some(token.reveal()), body).await;
                assert_ne!(status, 500, "{method} {path}: {text}");
                for project in 0..PROJECTS {
                    let id = seeded.bench.projects[project].to_string();
                    let named_by_us = ask.named && ask.project == project;
                    let leaks = text.contains(&marker(project))
                        || (text.contains(&id) && !named_by_us && !text.contains("\"error\""));
                    if person.role(project).is_none() {
                        assert!(
                            !leaks,
                            "{method} {path} shows {person:?} project {project}: {text}"
                        );
                    } else if leaks {
                        shown.set(shown.get() + 1);
                    }
                }
                // What changes something takes an editor of that very project.
                if [14, 15, 17, 18].contains(&ask.kind)
                    && person.role(ask.project) < Some(Role::Editor)
                {
                    assert!(status == 403 || status == 404, "{method} {path}: {status} {text}");
                }
            }
        });
        Ok(())
    });
    result.unwrap();
    // The test looks at the right thing: to those who may see them, the markers are shown.
    assert!(shown.get() > CASES, "only {} answers carried a marker", shown.get());
    println!("{CASES} users, {} answers with a marker for who may see it", shown.get());
}

#[tokio::test]
async fn no_stream_carries_an_event_of_a_project_that_is_not_the_listener_s() {
    let seeded = seeded().await;
    let bench = &seeded.bench;
    let served = bench.serve().await;
    let mut runner = TestRunner::deterministic();
    let mut streams = Vec::new();
    for _ in 0..60 {
        let person = person().new_tree(&mut runner).unwrap();
        let person = proptest::strategy::ValueTree::current(&person);
        let token = seeded.token(&person).await;
        for asked in [None, Some(0), Some(3)] {
            if asked.is_some_and(|project| person.role(project).is_none()) {
                continue;
            }
            let query = asked
                .map(|project| format!("?project_id={}", bench.projects[project]))
                .unwrap_or_default();
            let stream = served.stream(&query, &[("authorization", &bearer(&token))]).await;
            streams.push((person.clone(), asked, stream));
        }
    }
    let admin = Person { admin: true, roles: vec![None; PROJECTS], most: None, only: None };
    let token = bearer(&seeded.token(&admin).await);
    let mut all = served.stream("", &[("authorization", &token)]).await;
    for round in 0..5 {
        bench.make_events(round).await;
        for _ in 0..PROJECTS {
            all.until("event: job_completed").await;
        }
        // Streams carry everything in one order: what comes after this is of the next round.
        bench.server.hub.tell(Entry::notice("event: round\ndata: {}\n\n"));
        all.until("event: round").await;
        for (person, asked, stream) in &mut streams {
            let text = stream.until("event: round").await;
            let heard: BTreeSet<_> =
                (0..PROJECTS).filter(|n| text.contains(&bench.projects[*n].to_string())).collect();
            for project in &heard {
                assert!(person.role(*project).is_some(), "{person:?} heard of {project}: {text}");
                assert!(asked.is_none_or(|asked| asked == *project), "{asked:?}: {text}");
            }
            let may = (0..PROJECTS).filter(|n| person.role(*n).is_some()).count();
            assert_eq!(heard.is_empty(), may == 0, "{person:?} heard {heard:?}");
        }
    }
    println!("{} streams, 5 rounds of {PROJECTS} events", streams.len());
    served.stop(bench).await;
}

fn bearer(token: &Secret) -> String {
    format!("Bearer {}", token.reveal())
}

#[tokio::test]
async fn who_is_nobody_gets_nothing() {
    let seeded = seeded().await;
    for kind in (0..KINDS).filter(|kind| *kind != 11) {
        let (method, path, body) = seeded.request(&Ask { kind, project: 0, named: true });
        for token in [None, Some("cascade_wrong"), Some("")] {
            let (status, text) = seeded.bench.ask(method, &path, token, body.clone()).await;
            assert_eq!(status, 401, "{method} {path}: {text}");
            assert!(!text.contains("secret-of"), "{text}");
        }
    }
}
