//! What is sent to hooks, by who knows a secret and by who does not.

mod seen;

use std::collections::BTreeMap;

use axum::{
    body::Body,
    http::{Request, header},
};
use cascade_config::environment;
use cascade_model::{ScheduledStatus, Visible};
use cascade_store::{Queries, RunFilter};
use chrono::Utc;
use futures::StreamExt;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use tower::ServiceExt;
use uuid::Uuid;

use super::Bench;
use crate::middleware::auth::SignIn;

const SECRETS: [(&str, &str); 2] =
    [("HOOK_NEW", "new-secret-of-a-hook"), ("HOOK_OLD", "old-secret-of-a-hook")];

const HOOKS: &str = "
[secrets]
env = [\"HOOK_NEW\", \"HOOK_OLD\", \"HOOK_NEVER_SET\"]
[hooks.push]
job = \"work\"
scheme = \"github\"
secrets = [\"HOOK_NEW\", \"HOOK_OLD\"]
project = \"p0\"
args = { level = \"body.level\" }
key = \"string(body.id)\"
when = \"body.action == 'opened'\"
[hooks.paid]
job = \"work\"
scheme = \"stripe\"
secrets = [\"HOOK_NEW\"]
project_from = \"body.project\"
[hooks.once]
job = \"work\"
scheme = \"github\"
secrets = [\"HOOK_NEW\"]
project = \"p1\"
once = \"body.commit\"
[hooks.slow]
job = \"work\"
scheme = \"github\"
secrets = [\"HOOK_NEW\"]
project = \"p0\"
rate = \"2/1h\"
[hooks.bare]
job = \"work\"
scheme = \"github\"
secrets = [\"HOOK_NEVER_SET\"]
project = \"p0\"
";

async fn bench(sign_in: SignIn) -> Bench {
    let secrets = SECRETS.map(|(name, value)| (name.into(), value.into()));
    environment::keep(BTreeMap::from(secrets));
    Bench::with_more(2, sign_in, HOOKS).await
}

fn mac(secret: &str, message: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(message.as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// As GitHub sends, signed by a secret.
fn github(hook: &str, secret: &str, id: &str, body: &str) -> Request<Body> {
    Request::post(format!("/hooks/{hook}"))
        .header("x-hub-signature-256", format!("sha256={}", mac(secret, body)))
        .header("x-github-delivery", id)
        .header("x-github-event", "push")
        .header("content-type", "application/json")
        .header("host", "hooks.example")
        .body(Body::from(body.to_owned()))
        .unwrap()
}

async fn send(bench: &Bench, request: Request<Body>) -> (u16, Value) {
    let answer = bench.router.clone().oneshot(request).await.unwrap();
    let status = answer.status().as_u16();
    if status == 429 {
        assert!(answer.headers().contains_key(header::RETRY_AFTER));
    }
    let mut bytes = Vec::new();
    let mut stream = answer.into_body().into_data_stream();
    while let Some(part) = stream.next().await {
        bytes.extend_from_slice(&part.unwrap());
    }
    (status, serde_json::from_slice(&bytes).unwrap())
}

async fn push(bench: &Bench, id: &str, body: &Value) -> (u16, Value) {
    send(bench, github("push", SECRETS[0].1, id, &body.to_string())).await
}

async fn runs(bench: &Bench) -> u64 {
    bench.store.runs(&RunFilter::default()).await.unwrap().total
}

async fn ask(bench: &Bench, method: &str, path: &str, token: Option<&str>) -> (u16, Value) {
    let (status, body) = bench.ask(method, path, token, None).await;
    (status, serde_json::from_str(&body).unwrap())
}

fn opened(level: i32) -> Value {
    json!({"id": 7, "action": "opened", "level": level})
}

#[tokio::test]
async fn a_signed_delivery_makes_one_run_however_often_it_comes() {
    let bench = bench(SignIn::Required).await;
    let (status, made) = push(&bench, "d-1", &opened(2)).await;
    assert_eq!((status, &made["outcome"]), (202, &json!("run")), "{made}");
    let id: Uuid = made["run_id"].as_str().unwrap().parse().unwrap();
    let run = bench.store.run(&Visible::All, id).await.unwrap().unwrap();
    let request = run.request.unwrap();
    assert_eq!((request.args, request.key.as_deref()), (json!({"level": 2}), Some("7")));
    assert_eq!((run.project_slug.as_str(), request.asked_by.as_deref()), ("p0", Some("hook push")));
    // By the other secret, and under the address with /api: the same delivery.
    let body = opened(2).to_string();
    let mut again = github("push", SECRETS[1].1, "d-1", &body);
    *again.uri_mut() = "/api/hooks/push?by=github".parse().unwrap();
    let (status, again) = send(&bench, again).await;
    assert_eq!((status, &again["outcome"]), (202, &json!("duplicate")), "{again}");
    assert_eq!(again["run_id"], made["run_id"]);
    assert_eq!(runs(&bench).await, 1);
    let (_, another) = push(&bench, "d-2", &opened(2)).await;
    assert_ne!(another["run_id"], made["run_id"]);
}

#[tokio::test]
async fn without_a_good_signature_one_answer_is_given_and_nothing_is_kept() {
    let bench = bench(SignIn::Required).await;
    let body = opened(2).to_string();
    let good = mac(SECRETS[0].1, &body);
    let mut answers = Vec::new();
    for signature in [
        None,
        Some(String::new()),
        Some(good.clone()),
        Some(format!("sha256={}", mac("wrong", &body))),
        Some(format!("sha256={}", mac(SECRETS[0].1, "other"))),
        Some(format!("sha1={good}")),
    ] {
        let mut request = github("push", "", "d-1", &body);
        request.headers_mut().remove("x-hub-signature-256");
        if let Some(signature) = signature {
            request.headers_mut().insert("x-hub-signature-256", signature.parse().unwrap());
        }
        answers.push(send(&bench, request).await);
    }
    assert_eq!(answers[0].0, 401, "{answers:?}");
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    let (status, said) = send(&bench, github("nothing", SECRETS[0].1, "d-1", &body)).await;
    assert_eq!((status, &said["error"]["code"]), (404, &json!("not_found")));
    let (status, _) = send(&bench, github("bare", SECRETS[0].1, "d-1", &body)).await;
    assert_eq!(status, 503, "no secret is set");
    let (status, _) = send(&bench, github("bare", "", "d-1", &body)).await;
    assert_eq!(status, 503, "and an empty one is none");
    assert_eq!(runs(&bench).await, 0);
    for hook in ["push", "bare"] {
        let (_, kept) = ask(
            &bench,
            "GET",
            &format!("/api/hooks/{hook}/deliveries"),
            Some(bench.admin_of(hook).await.as_str()),
        )
        .await;
        assert_eq!(kept, json!({"items": [], "next": null}));
    }
}

#[tokio::test]
async fn an_address_is_slowed_down_before_its_signature_is_looked_at() {
    let bench = bench(SignIn::Required).await;
    let body = json!({}).to_string();
    for _ in 0..2 {
        let (status, _) = send(&bench, github("slow", "wrong", "d-1", &body)).await;
        assert_eq!(status, 401);
    }
    let (status, said) = send(&bench, github("slow", SECRETS[0].1, "d-1", &body)).await;
    assert_eq!((status, &said["error"]["code"]), (429, &json!("too_many_requests")));
    // Before its size, too; other hooks go on.
    let large = "x".repeat((1 << 20) + 1);
    let (status, _) = send(&bench, github("slow", "wrong", "d-1", &large)).await;
    assert_eq!(status, 429);
    let (status, _) = push(&bench, "d-1", &opened(2)).await;
    assert_eq!(status, 202);
}

#[tokio::test]
async fn what_is_too_large_or_no_json_is_refused() {
    let bench = bench(SignIn::Required).await;
    let of = |length: usize| {
        format!(
            "{{\"id\":1,\"action\":\"opened\",\"level\":1,\"x\":\"{}\"}}",
            "x".repeat(length - 43)
        )
    };
    let most = of(1 << 20);
    assert_eq!(most.len(), 1 << 20);
    let (status, _) = send(&bench, github("push", SECRETS[0].1, "d-1", &most)).await;
    assert_eq!(status, 202);
    let (status, said) =
        send(&bench, github("push", SECRETS[0].1, "d-2", &of((1 << 20) + 1))).await;
    assert_eq!((status, &said["error"]["code"]), (413, &json!("too_large")));
    for (body, part) in [("{", "it is no JSON"), ("", "it is no JSON"), ("\u{0}", "it is no JSON")]
    {
        let (status, said) = send(&bench, github("push", SECRETS[0].1, "d-2", body)).await;
        let message = said["error"]["message"].as_str().unwrap();
        assert!(status == 400 && message.contains(part), "{status} {said}");
    }
    let mut form = github("push", SECRETS[0].1, "d-2", "payload=%7B%7D");
    let kind = "application/x-www-form-urlencoded; charset=utf-8";
    form.headers_mut().insert("content-type", kind.parse().unwrap());
    let (status, said) = send(&bench, form).await;
    assert!(
        status == 400 && said["error"]["help"].as_str().unwrap().contains("application/json"),
        "{said}"
    );
    // That the signature is good is known before.
    let (status, _) = send(&bench, github("push", "wrong", "d-2", "{")).await;
    assert_eq!(status, 401);
    assert_eq!(runs(&bench).await, 1);
}

#[tokio::test]
async fn what_makes_no_run_is_kept_with_the_reason() {
    let bench = bench(SignIn::Off).await;
    let cases = [
        (
            "a",
            json!({"id": 1, "action": "closed", "level": 1}),
            200,
            "ignored",
            "`body.action == 'opened'` is false",
        ),
        ("b", json!({"zen": "ping"}), 200, "ignored", "there is no `action`"),
        (
            "c",
            json!({"id": 1, "action": "opened", "level": "x"}),
            422,
            "refused",
            "args.level: value is not",
        ),
        (
            "d",
            json!({"id": 1, "action": "opened"}),
            422,
            "refused",
            "args.level: `body.level` has no value",
        ),
        (
            "e",
            json!({"id": "", "action": "opened", "level": 1}),
            422,
            "refused",
            "it may have 1 to 256",
        ),
    ];
    for (id, body, status, outcome, reason) in &cases {
        let (told, said) = push(&bench, id, body).await;
        assert_eq!(told, *status, "{said}");
        assert!(said.to_string().contains(reason), "{reason}: {said}");
        let path = format!("/api/hooks/push/deliveries?limit=1&outcome={outcome}");
        let (_, kept) = get(&bench, &path).await;
        let kept = &kept["items"][0];
        assert_eq!((&kept["outcome"], &kept["identity"]), (&json!(outcome), &json!(id)));
        assert!(kept["reason"].as_str().unwrap().contains(reason), "{kept}");
        assert_eq!(kept["project"], "p0");
    }
    assert_eq!(runs(&bench).await, 0);
    // A job that takes no runs: the sender hears of it, and may send it again.
    let project = bench.projects[0];
    bench.engine.set_status("work", project, ScheduledStatus::Paused).await.unwrap();
    let (status, _) = push(&bench, "f", &opened(1)).await;
    assert_eq!(status, 202, "runs of a paused job wait");
    // What was refused is tried again when it comes again.
    let (status, _) = push(&bench, "c", &opened(1)).await;
    assert_eq!(status, 202);
    let (_, kept) = get(&bench, "/api/hooks/push/deliveries?outcome=run").await;
    assert_eq!(
        (kept["items"].as_array().unwrap().len(), &kept["items"][1]["times"]),
        (2, &json!(2))
    );
}

async fn get(bench: &Bench, path: &str) -> (u16, Value) {
    let request = Request::get(path).header("host", "localhost").body(Body::empty()).unwrap();
    send(bench, request).await
}

#[tokio::test]
async fn stripe_signs_a_time_and_a_body_may_say_its_project() {
    let bench = bench(SignIn::Required).await;
    let paid = async |time: i64, body: &str| {
        let signature = format!("t={time},v1={}", mac(SECRETS[0].1, &format!("{time}.{body}")));
        let request = Request::post("/hooks/paid").header("stripe-signature", signature);
        send(&bench, request.body(Body::from(body.to_owned())).unwrap()).await
    };
    let now = Utc::now().timestamp();
    let body = json!({"id": "evt_1", "project": "p1"}).to_string();
    let (status, made) = paid(now, &body).await;
    assert_eq!(status, 202, "{made}");
    let id: Uuid = made["run_id"].as_str().unwrap().parse().unwrap();
    let run = bench.store.run(&Visible::All, id).await.unwrap().unwrap();
    assert_eq!((run.project_slug.as_str(), run.request.unwrap().args), ("p1", json!({})));
    // Stripe signs it with a new time when it sends it again.
    let (_, again) = paid(now - 10, &body).await;
    assert_eq!((&again["outcome"], &again["run_id"]), (&json!("duplicate"), &made["run_id"]));
    assert_eq!(paid(now - 600, &body).await.0, 401, "too old");
    for (body, part) in [
        (json!({"id": "evt_2", "project": "p9"}), "there is no project `p9`"),
        (json!({"id": "evt_3"}), "`body.project` has no value"),
    ] {
        let (status, said) = paid(now, &body.to_string()).await;
        assert!(status == 422 && said.to_string().contains(part), "{said}");
    }
    assert_eq!(runs(&bench).await, 1);
}

#[tokio::test]
async fn a_hook_may_tell_deliveries_apart_by_what_is_signed() {
    let bench = bench(SignIn::Required).await;
    let send_as = async |id: &str, body: &Value| {
        send(&bench, github("once", SECRETS[0].1, id, &body.to_string())).await
    };
    let (_, made) = send_as("a", &json!({"commit": "c0ffee"})).await;
    let (_, again) = send_as("b", &json!({"commit": "c0ffee", "more": 1})).await;
    assert_eq!((&again["outcome"], &again["run_id"]), (&json!("duplicate"), &made["run_id"]));
    let (status, said) = send_as("c", &json!({})).await;
    assert!(
        status == 422 && said.to_string().contains("`once`: `body.commit` has no value"),
        "{said}"
    );
    // Without a name, what is the same is the same.
    let body = json!({"commit": "x"}).to_string();
    let unnamed = || {
        let mut request = github("once", SECRETS[0].1, "", &body);
        request.headers_mut().remove("x-github-delivery");
        request
    };
    let (_, first) = send(&bench, unnamed()).await;
    let (_, second) = send(&bench, unnamed()).await;
    assert_eq!(first["run_id"], second["run_id"]);
}
