//! What each test of the job begins with.

#![allow(clippy::unwrap_used, reason = "a panic is the test's failure")]

use std::sync::{Arc, Mutex};

use cascade_notify::Notify;
use cascade_sdk::{HttpRequest, HttpResponse};
use cascade_testkit::{Run, TestBench};
use serde_json::{Value, json};

pub const SECRET: &str = "a secret that nobody guesses";

/// Requests that were sent.
#[derive(Default, Clone)]
pub struct Sent(Arc<Mutex<Vec<HttpRequest>>>);

impl Sent {
    /// Answers all requests of a bench by `status`, which is told the address.
    pub fn answering(
        bench: &TestBench,
        status: impl Fn(&str) -> u16 + Send + Sync + 'static,
    ) -> Self {
        let sent = Self::default();
        let kept = sent.clone();
        bench.http(move |request| {
            let status = status(&request.url);
            kept.0.lock().unwrap().push(request);
            Ok(HttpResponse { status, headers: Vec::new(), body: Vec::new() })
        });
        sent
    }

    pub fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// What has been sent since this was asked last.
    pub fn take(&self) -> Vec<HttpRequest> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

pub fn header<'a>(request: &'a HttpRequest, name: &str) -> &'a str {
    let found = request.headers.iter().find(|(known, _)| known == name);
    found.map(|(_, value)| value.as_str()).unwrap()
}

pub fn body(request: &HttpRequest) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

pub async fn bench() -> TestBench {
    TestBench::new()
        .await
        .with_secret("HOOK_SECRET", SECRET)
        .with_secret("SLACK_URL", "https://hooks.example/T0/secret")
        .with_secret("MAIL_PASSWORD", "p\"w\\d")
}

/// One webhook.
pub fn webhook() -> Value {
    json!({ "webhooks": [
        { "name": "ops", "url": "https://ops.example/hook", "secret_env": "HOOK_SECRET" },
    ] })
}

/// Runs the job once with args, as a new run.
pub async fn notify(bench: &TestBench, params: &Value, args: Value) -> Run {
    let mut info = bench.info::<Notify>();
    info.args = args;
    bench.run_with::<Notify>(info, params.clone()).await
}

pub fn failure(job: &str) -> Value {
    json!({ "kind": "failure", "job": job })
}

pub fn recovered(job: &str) -> Value {
    json!({ "kind": "recovered", "job": job })
}
