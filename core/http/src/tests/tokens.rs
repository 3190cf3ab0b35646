//! Tokens of applications that only ask for runs of one job.

use serde_json::{Value, json};

use super::Bench;
use cascade_access::{May, NewToken, NewUser, TokenEnd};

#[tokio::test]
async fn a_token_that_enqueues_may_ask_for_runs_of_its_job_and_nothing_else() {
    let bench = Bench::new(2).await;
    let accounts = &bench.server.accounts;
    let new = NewUser { name: "ann".into(), admin: true, ..NewUser::default() };
    let user = accounts.add_user(new).await.unwrap();
    let new = NewToken {
        user,
        name: "shop".into(),
        may: May::Enqueue("work".into()),
        project: Some(bench.projects[0]),
        ends: TokenEnd::Usual,
    };
    let token = accounts.add_token(new).await.unwrap().token;
    let ask = async |method: &str, path: &str, body: Option<Value>| {
        bench.ask(method, path, Some(token.reveal()), body).await
    };
    let run = |project: usize| json!({ "project_id": bench.projects[project] });
    for (path, body) in [
        ("/api/jobs/work/runs", run(0)),
        ("/jobs/work/runs", run(0)),
        ("/api/jobs/work/runs/bulk", json!({ "runs": [run(0)] })),
    ] {
        let (status, text) = ask("POST", path, Some(body)).await;
        assert!(status == 201 || status == 200, "{path}: {status} {text}");
    }
    let (status, text) = ask("POST", "/api/jobs/work/runs", Some(run(1))).await;
    assert!(status == 403 || status == 404, "another project: {status} {text}");
    for (method, path, body) in [
        ("POST", "/api/jobs/work/run", Some(run(0))),
        ("POST", "/api/jobs/other/runs", Some(run(0))),
        ("POST", "/api/jobs/work/pause", Some(run(0))),
        ("GET", "/api/jobs/runs", None),
        ("GET", "/api/projects", None),
        ("GET", "/api/jobs/config", None),
        ("GET", "/events/stream", None),
    ] {
        let (status, text) = ask(method, path, body).await;
        assert_eq!(status, 403, "{method} {path}: {text}");
        assert!(text.contains("may only ask for runs of `work`"), "{text}");
    }
    let (_, session) = ask("GET", "/api/session", None).await;
    assert!(!session.contains("ann"), "{session}");
    let shown = accounts.tokens(Some(user)).await.unwrap().remove(0);
    assert_eq!((shown.role.as_str(), shown.enqueue.as_deref()), ("editor", Some("work")));
    assert!(accounts.revoke_token(user, "shop").await.unwrap());
    assert_eq!(ask("POST", "/api/jobs/work/runs", Some(run(0))).await.0, 401);
}
