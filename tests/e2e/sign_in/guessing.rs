//! What somebody without an account can do to those who have one: nothing.

use reqwest::RequestBuilder;
use serde_json::json;

use super::{Browser, answer, cli, link, start};
use crate::host::Host;

const PASSWORD: &str = "a long enough password";
const STRANGER: &str = "203.0.113.5";
const ELSEWHERE: &str = "198.51.100.7";

/// A host behind a proxy, that says who asks.
fn behind_proxy() -> Host {
    start(&["--trusted-proxies", "127.0.0.1"])
}

fn from(host: &Host, address: &str, path: &str, body: serde_json::Value) -> RequestBuilder {
    let request = host.client.post(format!("{}{path}", host.url)).json(&body);
    request.header("x-forwarded-for", address)
}

fn sign_in(host: &Host, address: &str, password: &str) -> RequestBuilder {
    from(host, address, "/api/session", json!({ "name": "ann", "password": password }))
}

#[tokio::test]
async fn a_stranger_cannot_lock_an_account() {
    let host = behind_proxy();
    assert!(cli(&host, "user add ann --password-stdin", PASSWORD).0);
    let (status, _, ann) = Browser::answered(sign_in(&host, "203.0.113.200", PASSWORD)).await;
    assert_eq!(status, 200);
    let mut statuses = Vec::new();
    for n in 0..8 {
        // Each address of a network counts as all of it.
        let wrong = sign_in(&host, &format!("203.0.113.{n}"), "a wrong password");
        statuses.push(answer(wrong).await.0);
    }
    assert_eq!(statuses.last(), Some(&429), "{statuses:?}");
    let refused = sign_in(&host, STRANGER, PASSWORD).send().await.unwrap();
    assert_eq!(refused.status(), 429);
    assert!(refused.headers().contains_key("retry-after"));
    // Ann from another network; and in the stranger's, where she has been before.
    assert_eq!(answer(sign_in(&host, ELSEWHERE, PASSWORD)).await.0, 200);
    let known = sign_in(&host, STRANGER, PASSWORD).header("cookie", &ann.device);
    assert_eq!(answer(known).await.0, 200);
    // What is not signed by us makes nobody known, nor what was signed for somebody else.
    let (id, _) = ann.device.split_once('.').unwrap();
    let forged = format!("{id}.99999999999.{}", "A".repeat(43));
    let forged = sign_in(&host, STRANGER, PASSWORD).header("cookie", forged);
    assert_eq!(answer(forged).await.0, 429);
    assert!(cli(&host, "user add ben --password-stdin", "another long password").0);
    let given = json!({ "name": "ben", "password": "another long password" });
    let (_, _, ben) = Browser::answered(from(&host, ELSEWHERE, "/api/session", given)).await;
    let other = sign_in(&host, STRANGER, PASSWORD).header("cookie", &ben.device);
    assert_eq!(answer(other).await.0, 429);
    // A known browser guesses no more than others.
    let mut statuses = Vec::new();
    for _ in 0..8 {
        let wrong = sign_in(&host, ELSEWHERE, "a wrong password").header("cookie", &ann.device);
        statuses.push(answer(wrong).await.0);
    }
    assert_eq!(statuses.last(), Some(&429), "{statuses:?}");
    // A new password makes all of them strangers.
    assert!(cli(&host, "user password ann", "a different long password").0);
    let old = sign_in(&host, STRANGER, "a different long password").header("cookie", &ann.device);
    assert_eq!(answer(old).await.0, 429);
}

#[tokio::test]
async fn bad_links_shut_the_way_in_for_nobody_else() {
    let host = behind_proxy();
    let good = link(&host);
    let try_link = |address: &'static str, link: &str| {
        answer(from(&host, address, "/api/session/link", json!({ "link": link })))
    };
    let mut last = 0;
    for n in 0..25 {
        last = try_link(STRANGER, &format!("bad {n}")).await.0;
    }
    assert_eq!(last, 429);
    assert_eq!(try_link(ELSEWHERE, &good).await.0, 200);
}

#[tokio::test]
async fn what_is_too_long_is_refused_before_anything_of_it_is_kept() {
    let host = start(&["--requests-per-second", "0"]);
    let before = memory(&host);
    let name = "n".repeat(1_900_000);
    for n in 0..150 {
        let given = json!({ "name": format!("{n}{name}"), "password": PASSWORD });
        let request = host.client.post(format!("{}/api/session", host.url)).json(&given);
        let (status, body) = answer(request).await;
        assert_eq!(status, 400, "{body}");
        assert!(body["error"]["message"].as_str().unwrap().contains("at most 100"), "{body}");
    }
    for (name, password) in [("ann", "p".repeat(257)), ("\u{e9}".repeat(60).as_str(), "p".into())] {
        let given = json!({ "name": name, "password": password });
        let request = host.client.post(format!("{}/api/session", host.url)).json(&given);
        assert_eq!(answer(request).await.0, 400);
    }
    let grown = memory(&host).saturating_sub(before);
    println!("150 names of 1.9 MB: {} MB more", grown >> 20);
    assert!(grown < 150 << 20, "{grown} bytes");
}

/// Of the host, in bytes.
fn memory(host: &Host) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{}/status", host.process.id())).unwrap();
    let line = text.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() << 10
}
