//! Mail from a server, over TLS and by the rules of `[http] allow`.

use std::path::Path;

use cascade_test_servers::{Dovecot, Redis};
use serde_json::{Value, json};

use crate::host::Host;

const PASSWORD: &str = "Brief-Geheimnis-8264";

fn config(server: &Dovecot, allow: &str) -> String {
    let source = |name: &str, url: &str| {
        format!(
            "{{ project = \"one\", name = \"{name}\", kind = \"imap\", url = \"{url}\", \
             user = \"{}\", password_env = \"MAIL_PASSWORD\" }}",
            server.user()
        )
    };
    let tls = source("tls", &format!("imaps://localhost:{}", server.tls_port()));
    let started = source("started", &format!("imap://127.0.0.1:{}", server.port()));
    format!(
        "[http]\nallow = [{allow}]\n[secrets]\nenv = [\"MAIL_PASSWORD\"]\n[projects]\none = {{}}\n\
         [jobs.connectors_sync_cycle]\nmax_attempts = 1\n\
         params = {{ sources = [{tls}, {started}] }}\n"
    )
}

fn start(server: &Dovecot, allow: &str, authority: &Path) -> Host {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("jobs.toml"), config(server, allow)).unwrap();
    let authority = authority.to_str().unwrap();
    let env = [("MAIL_PASSWORD", PASSWORD), ("SSL_CERT_FILE", authority), ("CASCADE_LOG", "trace")];
    Host::start_as(&[], folder, &[], &env)
}

async fn sync(host: &Host) -> Value {
    let body = json!({"project_id": host.project("one").await});
    let (status, answer) = host.post("/api/jobs/connectors_sync_cycle/run", body).await;
    assert_eq!(status, 202, "{answer}");
    let path = format!("/api/jobs/runs/{}", answer["run_id"].as_str().unwrap());
    host.wait_for(&path, |run| run["finished_at"].is_string()).await
}

#[tokio::test]
async fn a_mail_server_is_reached_over_tls_where_jobs_toml_allows_it() {
    let server = Dovecot::start(PASSWORD);
    server.append("INBOX", "From: a@x.example\nSubject: hello\nMessage-ID: <1@x>\n\nBody.\n");
    let host = start(&server, "", &server.certificates().authority());
    let run = sync(&host).await;
    let said = run["error"].to_string();
    for address in ["localhost", "127.0.0.1"] {
        assert!(said.contains(&format!("`{address}` is a loopback address")), "{run:#}");
    }

    // Allowed while the host runs.
    host.save_config(&config(&server, "\"127.0.0.1\", \"localhost\""));
    host.wait_for("/api/jobs/config", |config| config["http"]["allow"][1] == "localhost").await;
    let run = sync(&host).await;
    assert_eq!(
        run["summary"],
        "2 new messages from 2 sources; tls: 1 new; started: 1 new",
        "{run:#}\n{}",
        server.log()
    );
    // The test itself speaks without TLS, and the refused run connected to nobody.
    let log = server.log();
    let by_tls: Vec<&str> = log.lines().filter(|line| line.contains("TLS")).collect();
    let signs_in = |line: &&str| line.contains("Login: user=<ann>");
    assert!(by_tls.len() == 2 && by_tls.iter().all(signs_in), "{log}");
    assert!(!host.log().contains(PASSWORD), "the password is in the log");
    let page = host.get("/api/data/messages").await;
    assert_eq!(page["items"][0]["subject"], "hello", "{page:#}");
}

#[tokio::test]
async fn a_certificate_of_nobody_known_is_refused() {
    let server = Dovecot::start(PASSWORD);
    let stranger = Redis::start_secured("x");
    let wrong = stranger.certificates().unwrap().authority();
    let host = start(&server, "\"127.0.0.0/8\", \"::1\"", &wrong);
    let run = sync(&host).await;
    let said = run["error"].to_string();
    assert_eq!(said.matches("invalid peer certificate").count(), 2, "{run:#}");
    assert!(!server.log().contains("method=PLAIN"), "{}", server.log());
}
