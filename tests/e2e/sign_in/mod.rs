//! Who may see and do what, on the real binary.

mod accounts;
mod browser;
mod guessing;
mod oidc;
mod provider;
mod streams;

use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::host::{Host, command};

/// Two projects with a job each; sign-in is on.
pub const CONFIG: &str = "[projects]\none = {}\ntwo = {}\n[jobs.probe]\n\
    [jobs.probe.executable]\ncommand = [\"true\"]\n";

/// A host at which people sign in.
pub fn start(args: &[&str]) -> Host {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("jobs.toml"), CONFIG).unwrap();
    start_in(folder, args)
}

pub fn start_in(folder: TempDir, args: &[&str]) -> Host {
    Host::start_as(&[], folder, args, &[("CASCADE_AUTH", "on")])
}

/// `cascade ...` beside a running host, on its data; returns what it printed.
pub fn cli(host: &Host, line: &str, input: &str) -> (bool, String) {
    use std::io::Write;
    let mut process: Command = command();
    let mut process = process
        .args(line.split(' '))
        .current_dir(host.folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    process.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = process.wait_with_output().unwrap();
    let said = if output.status.success() { output.stdout } else { output.stderr };
    (output.status.success(), String::from_utf8(said).unwrap())
}

/// A browser, as far as the server sees one.
#[derive(Default, Clone)]
pub struct Browser {
    pub cookie: String,
    pub csrf: String,
    /// What it is known by at its next sign-in.
    pub device: String,
}

impl Browser {
    /// Signs in by a link.
    pub async fn by_link(host: &Host, link: &str) -> Self {
        let (status, body, browser) =
            Self::begin(host, "/api/session/link", json!({ "link": link })).await;
        assert_eq!(status, 200, "{body}");
        browser
    }

    pub async fn by_password(host: &Host, name: &str, password: &str) -> (u16, Self) {
        let given = json!({ "name": name, "password": password });
        let (status, _, browser) = Self::begin(host, "/api/session", given).await;
        (status, browser)
    }

    async fn begin(host: &Host, path: &str, given: Value) -> (u16, Value, Self) {
        Self::answered(host.client.post(format!("{}{path}", host.url)).json(&given)).await
    }

    /// What a request to sign in is answered.
    pub async fn answered(request: reqwest::RequestBuilder) -> (u16, Value, Self) {
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let set = answer.headers().get_all("set-cookie").iter();
        let set: Vec<_> = set.map(|set| set.to_str().unwrap().to_owned()).collect();
        let body: Value = answer.json().await.unwrap();
        let mut browser = Self::default();
        for set in set {
            for wanted in ["HttpOnly", "SameSite=Lax", "Path=/"] {
                assert!(set.contains(wanted), "{set}");
            }
            let cookie = set.split(';').next().unwrap().to_owned();
            match cookie.starts_with("cascade_device=") {
                true => browser.device = cookie,
                false => browser.cookie = cookie,
            }
            browser.csrf = body["user"]["csrf_token"].as_str().unwrap().to_owned();
        }
        (status, body, browser)
    }

    pub fn request(&self, host: &Host, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = method.parse().unwrap();
        let request = host.client.request(method, format!("{}{path}", host.url));
        request.header("cookie", &self.cookie).header("x-csrf-token", &self.csrf)
    }

    pub async fn get(&self, host: &Host, path: &str) -> (u16, Value) {
        answer(self.request(host, "GET", path)).await
    }

    pub async fn send(&self, host: &Host, method: &str, path: &str, body: Value) -> (u16, Value) {
        answer(self.request(host, method, path).json(&body)).await
    }
}

pub async fn answer(request: reqwest::RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

/// The link in what the host printed when it started.
pub fn link(host: &Host) -> String {
    let (_, link) = host.sign_in.as_deref().unwrap().split_once("link=").unwrap();
    link.split(' ').next().unwrap().to_owned()
}
