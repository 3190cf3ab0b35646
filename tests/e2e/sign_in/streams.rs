//! An open stream ends when who opened it may no longer see what it shows.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{Browser, cli, link, start};
use crate::host::{Host, PATIENCE};

const PASSWORD: &str = "a long enough password";

async fn open(host: &Host, browser: &Browser) -> reqwest::Response {
    let answer = browser.request(host, "GET", "/api/events/stream").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer
}

/// How long after `since` the stream ended.
async fn ends(mut stream: reqwest::Response, since: Instant) -> Duration {
    let rest = async { while stream.chunk().await.unwrap().is_some() {} };
    tokio::time::timeout(PATIENCE, rest).await.expect("the stream did not end");
    since.elapsed()
}

#[tokio::test]
async fn the_end_of_its_token_closes_it_within_two_seconds() {
    let host = start(&[]);
    let (good, token) = cli(&host, "token add owner short --expires-in 3s", "");
    assert!(good, "{token}");
    // The token was made a little before now.
    let end = Instant::now() + Duration::from_secs(3);
    let owner = Browser::by_link(&host, &link(&host)).await;
    let of_owner = open(&host, &owner).await;
    let stream = host.client.get(format!("{}/api/events/stream", host.url));
    let stream = stream.header("authorization", format!("Bearer {}", token.trim())).send();
    let mut stream = stream.await.unwrap();
    assert_eq!(stream.status(), 200);
    let rest = async { while stream.chunk().await.unwrap().is_some() {} };
    tokio::time::timeout(PATIENCE, rest).await.expect("the stream did not end");
    let late = Instant::now().saturating_duration_since(end);
    println!("{late:?} after the token's end");
    // Half a minute would be the next heartbeat, five the next look at all rights.
    assert!(late < Duration::from_secs(20), "{late:?}");
    drop(of_owner);
}

#[tokio::test]
async fn signing_out_and_losing_a_membership_close_it_and_only_it() {
    let host = start(&[]);
    let owner = Browser::by_link(&host, &link(&host)).await;
    cli(&host, "user add ann --project one=viewer --password-stdin", PASSWORD);
    cli(&host, "user add ben --project one=viewer --password-stdin", PASSWORD);
    let ann = Browser::by_password(&host, "ann", PASSWORD).await.1;
    let ben = Browser::by_password(&host, "ben", PASSWORD).await.1;
    let (of_owner, of_ann, of_ben) =
        (open(&host, &owner).await, open(&host, &ann).await, open(&host, &ben).await);

    let since = Instant::now();
    assert_eq!(ann.request(&host, "DELETE", "/api/session").send().await.unwrap().status(), 204);
    println!("after signing out: {:?}", ends(of_ann, since).await);

    // By another process, as from another server.
    let since = Instant::now();
    assert!(cli(&host, "user revoke ben one", "").0);
    println!("after the membership was taken away: {:?}", ends(of_ben, since).await);

    // Who lost nothing still listens.
    let mut of_owner = of_owner;
    let project = owner.get(&host, "/api/projects").await.1["items"][0]["id"].clone();
    let run = json!({ "project_id": project });
    assert_eq!(owner.send(&host, "POST", "/api/jobs/probe/run", run).await.0, 202);
    let mut text = String::new();
    while !text.contains("job_completed") {
        let chunk = tokio::time::timeout(PATIENCE, of_owner.chunk()).await.unwrap().unwrap();
        text.push_str(&String::from_utf8_lossy(&chunk.expect("it ended")));
    }
}
