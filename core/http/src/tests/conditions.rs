//! Runs by their args and outputs, the queue of a job, and the lines of one attempt.

use std::time::Duration;

use axum::response::IntoResponse;
use cascade_access::{May, NewToken, NewUser, Role, TokenEnd};
use cascade_model::{Fault, Success};
use cascade_sdk::{Level, LogLine};
use cascade_store::RunFilter;
use serde_json::{Value, json};

use super::Bench;
use crate::api::conditions::narrow_enough;

/// A run of `work` with each of these levels, none of which has begun.
async fn asked(bench: &Bench, token: &str, levels: &[i64]) {
    for level in levels {
        let args = json!({"level": level, "token": format!("s3cret-{level}")});
        let body = json!({"project_id": bench.projects[0], "args": args});
        let (status, text) =
            bench.ask("POST", "/api/jobs/work/runs", Some(token), Some(body)).await;
        assert_eq!(status, 201, "{text}");
    }
}

#[tokio::test]
async fn runs_are_found_by_their_args_but_not_by_a_secret() {
    let bench = Bench::new(1).await;
    let token = bench.admin().await;
    let token = token.reveal();
    asked(&bench, token, &[1, 2, 3]).await;
    let run = bench.engine.claim("w", 1, Duration::from_secs(60), &[]).await.unwrap().remove(0);
    let output = Some(json!({"count": 5, "key": "s3cret"}).to_string());
    bench.engine.complete(&run.lease, Success { output, ..Success::default() }).await.unwrap();
    let list = async |query: &str| {
        let path = format!("/api/jobs/runs?{query}");
        let (status, text) = bench.ask("GET", &path, Some(token), None).await;
        (status, serde_json::from_str::<Value>(&text).unwrap())
    };
    for (query, total) in [
        ("where=args.level%3E=2", 2),
        ("where=args.level%3E=2&where=args.level!=3&job_type=work", 1),
        ("where=output.count=5&state=completed", 1),
        ("where=output.count=5&state=available", 0),
        ("where=", 3),
    ] {
        assert_eq!(list(query).await.1["total"], total, "{query}");
    }
    for (query, said) in [
        ("where=args.token=s3cret-1", "asks for a secret of `work`"),
        ("where=args.token~s", "asks for a secret"),
        ("where=args.token.0!=null&job_type=work", "asks for a secret"),
        ("where=output.key%3Es", "asks for a secret"),
        ("where=args.level=1&job_type=gone", "nobody knows which fields of `gone` are secret"),
        ("where=level=1", "query: `where`: `level=1` names no field of args or output"),
        (&"where=args.level=1&".repeat(5), "5 conditions are too many"),
        ("state=failed&state=failed", "`state` is given twice"),
    ] {
        let (status, refused) = list(query.trim_end_matches('&')).await;
        assert_eq!(status, 400, "{query}");
        let message = refused["error"]["message"].as_str().unwrap();
        assert!(message.contains(said), "{query}: {message}");
    }

    // Not among more runs than can be looked into.
    let condition = "args.level=1".parse().unwrap();
    let filter = RunFilter { conditions: vec![condition], ..RunFilter::default() };
    assert!(narrow_enough(&bench.server, "here", &filter, 3).await.is_ok());
    let refused = narrow_enough(&bench.server, "here", &filter, 2).await.unwrap_err();
    let refused = refused.into_response();
    assert_eq!(refused.status(), 400);
    let all = RunFilter::default();
    assert!(narrow_enough(&bench.server, "here", &all, 0).await.is_ok(), "nothing is looked into");

    // The same for actions on all that match.
    let count = async |conditions: &[&str]| {
        let filter = json!({"where": conditions});
        let body = json!({"action": "cancel", "filter": filter});
        let path = "/api/jobs/runs/matching/count";
        let (status, text) = bench.ask("POST", path, Some(token), Some(body)).await;
        (status, serde_json::from_str::<Value>(&text).unwrap())
    };
    assert_eq!(count(&["args.level>2"]).await.1["count"], 1);
    let (status, refused) = count(&["args.token=s3cret-1"]).await;
    let message = refused["error"]["message"].as_str().unwrap();
    assert_eq!(status, 400);
    assert!(message.starts_with("body: `filter.where`: `args.token=s3cret-1` asks"), "{message}");
}

#[tokio::test]
async fn the_queue_of_a_job_is_shown_to_who_may_see_the_project() {
    let bench = Bench::new(2).await;
    let token = bench.admin().await;
    let token = token.reveal();
    asked(&bench, token, &[1, 2, 3]).await;
    bench.engine.claim("w", 1, Duration::from_secs(60), &[]).await.unwrap();
    let ask = async |query: &str| {
        let path = format!("/api/jobs/work/queue{query}");
        let (status, text) = bench.ask("GET", &path, Some(token), None).await;
        (status, serde_json::from_str::<Value>(&text).unwrap())
    };
    let project = bench.projects[0];
    let (_, queue) = ask(&format!("?project_id={project}&limit=1")).await;
    let parts = queue["parts"].as_array().unwrap().iter();
    let counts = parts.map(|part| format!("{} {}", part["part"].as_str().unwrap(), part["count"]));
    let wanted = ["running 1", "waiting 2", "scheduled 0", "behind 0", "retryable 0"];
    assert_eq!(counts.collect::<Vec<_>>(), wanted);
    let waiting = queue["parts"][1]["items"].as_array().unwrap();
    assert_eq!((waiting.len(), &waiting[0]["args"]), (1, &json!({"level": 2, "token": "***"})));
    assert_eq!(ask("").await.0, 400, "the project is not named");
    assert_eq!(ask(&format!("?project_id={project}&limit=101")).await.0, 400);
    let other = bench.projects[1];
    let new = NewUser { name: "bob".into(), ..NewUser::default() };
    let bob = bench.server.accounts.add_user(new).await.unwrap();
    bench.server.accounts.set_role(bob, other, Some(Role::Viewer)).await.unwrap();
    let new = NewToken {
        user: bob,
        name: "t".into(),
        may: May::All,
        project: None,
        ends: TokenEnd::Usual,
    };
    let bob = bench.server.accounts.add_token(new).await.unwrap().token;
    for (project, status) in [(project, 404), (other, 200)] {
        let path = format!("/api/jobs/work/queue?project_id={project}");
        assert_eq!(bench.ask("GET", &path, Some(bob.reveal()), None).await.0, status);
    }
}

#[tokio::test]
async fn an_attempt_has_its_own_lines_of_the_log() {
    let bench = Bench::new(1).await;
    let token = bench.admin().await;
    bench.engine.run_now("work", bench.projects[0]).await.unwrap();
    let mut id = uuid::Uuid::nil();
    for nth in 1..=2 {
        let claim =
            async || bench.engine.claim("w", 1, Duration::from_secs(60), &[]).await.unwrap();
        let run = loop {
            if let Some(run) = claim().await.pop() {
                break run;
            }
            tokio::task::yield_now().await;
        };
        id = run.lease.run_id;
        let line = LogLine {
            at: run.started_at,
            level: Level::Info,
            message: format!("attempt {nth}"),
            fields: json!(null),
        };
        bench.engine.record(id, vec![line], None).await.unwrap();
        // A pause, so that the second attempt does not begin in the millisecond in which the first one ends.
        let fault = Fault { error: "no".into(), retry_in: Some(Duration::from_millis(20)) };
        bench.engine.fail(&run.lease, fault).await.unwrap();
    }
    let lines = async |query: &str| {
        let path = format!("/api/jobs/runs/{id}/logs?{query}");
        let (status, text) = bench.ask("GET", &path, Some(token.reveal()), None).await;
        let page: Value = serde_json::from_str(&text).unwrap();
        let said = page["items"].as_array().into_iter().flatten();
        let said = said.filter_map(|line| line["message"].as_str().map(ToOwned::to_owned));
        (status, said.collect::<Vec<_>>().join(", "), page["total"].clone())
    };
    assert_eq!(lines("").await, (200, "attempt 1, no, attempt 2, no".into(), json!(4)));
    assert_eq!(lines("attempt=1").await, (200, "attempt 1, no".into(), json!(2)));
    assert_eq!(lines("attempt=2").await, (200, "attempt 2, no".into(), json!(2)));
    assert_eq!(lines("attempt=2&q=ATTEMPT").await, (200, "attempt 2".into(), json!(1)));
    assert_eq!(lines("attempt=3").await.0, 404);
    assert_eq!(lines("attempt=0").await.0, 404);
}
