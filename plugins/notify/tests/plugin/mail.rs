//! Mails, to a server that the test runs, over real connections.

#![allow(clippy::unwrap_used, reason = "a panic is the test's failure")]

use std::sync::{Arc, Mutex};

use crate::support::{bench, failure, notify};
use cascade_sdk::{JobError, Level};
use cascade_testkit::{Run, TestBench, loopback};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

/// What a command is answered; `None` ends the connection.
type Answer = dyn Fn(&str) -> Option<String> + Send + Sync;

/// A server that plays a script, and what it was told.
struct Server {
    port: u16,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(answer: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (told, answer): (_, Arc<Answer>) = (heard.clone(), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(play(stream, answer.clone(), told.clone()));
            }
        });
        Self { port, heard }
    }

    async fn notify(&self, bench: &TestBench, extra: Value, args: Value) -> Run {
        let mut email = json!({
            "name": "mail", "server": format!("smtp://127.0.0.1:{}", self.port),
            "without_tls": true, "from": "Cascade <cascade@example.com>", "to": ["ann@example.com"],
        });
        email.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        notify(bench, &json!({ "emails": [email] }), args).await
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

async fn play(
    stream: TcpStream,
    answer: Arc<Answer>,
    heard: Arc<Mutex<Vec<String>>>,
) -> Option<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(answer("")?.as_bytes()).await.ok()?;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let mut command = line.trim_end().to_owned();
        heard.lock().unwrap().push(command.clone());
        if command == "DATA" {
            stream.write_all(b"354 go on\r\n").await.ok()?;
            let mut mail = String::new();
            while !mail.ends_with("\r\n.\r\n") {
                if stream.read_line(&mut mail).await.ok()? == 0 {
                    return None;
                }
            }
            heard.lock().unwrap().push(mail);
            command = "MAIL DONE".into();
        }
        stream.write_all(answer(&command)?.as_bytes()).await.ok()?;
    }
}

/// What a good server says.
fn good(command: &str) -> Option<String> {
    let said = match command.split([' ', ':']).next()? {
        "" => "220-mail.example\r\n220 ready",
        "EHLO" => "250-mail.example\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME",
        "AUTH" => "235 welcome",
        "QUIT" => "221 bye",
        _ => "250 ok",
    };
    Some(format!("{said}\r\n"))
}

async fn connected() -> TestBench {
    let bench = bench().await;
    bench.connections(loopback);
    bench
}

#[tokio::test]
async fn a_mail_is_sent_to_all_who_are_named() {
    let bench = connected().await;
    let server = Server::start(good).await;
    let extra = json!({
        "user": "ann", "password_env": "MAIL_PASSWORD",
        "to": ["Ann <ann@example.com>", "ops@example.com"],
    });
    let args = json!({
        "kind": "failure", "job": "sync", "error": "Grüße\n.\nQUIT", "not_reached": ["report"],
    });
    let run = server.notify(&bench, extra, args).await;
    assert_eq!(run.summary(), "demo: sync is broken: told mail");
    let heard = server.heard();
    let commands: Vec<&str> = heard.iter().map(String::as_str).collect();
    let [ehlo, auth, from, to, more, data, mail, ..] = commands[..] else { panic!("{commands:?}") };
    assert_eq!(ehlo, "EHLO [127.0.0.1]");
    // "\0ann\0p"w\d", as base64.
    assert_eq!(auth, "AUTH PLAIN AGFubgBwIndcZA==");
    assert_eq!(from, "MAIL FROM:<cascade@example.com>");
    assert_eq!((to, more), ("RCPT TO:<ann@example.com>", "RCPT TO:<ops@example.com>"));
    assert_eq!(data, "DATA");
    for part in [
        "From: Cascade <cascade@example.com>\r\n",
        "Subject: demo: sync is broken\r\n",
        "Date: Thu, 15 Jan 2026 12:00:00 +0000\r\n",
        "@example.com>\r\n",
        "Not reached: report",
    ] {
        assert!(mail.contains(part), "{part}: {mail}");
    }
    assert_eq!(run.logged(Level::Warn), Vec::<&str>::new());
    assert!(!run.log_text().contains("p\"w\\d"));
}

#[tokio::test]
async fn login_is_spoken_where_plain_is_not() {
    let bench = connected().await;
    let server = Server::start(|command| match command {
        "AUTH LOGIN" => Some("334 VXNlcm5hbWU6\r\n".into()),
        "YW5u" => Some("334 UGFzc3dvcmQ6\r\n".into()),
        "cCJ3XGQ=" => Some("235 welcome\r\n".into()),
        command if command.starts_with("EHLO") => Some("250-x\r\n250 AUTH LOGIN\r\n".into()),
        command => good(command),
    })
    .await;
    let extra = json!({ "user": "ann", "password_env": "MAIL_PASSWORD" });
    server.notify(&bench, extra, failure("sync")).await.summary();
}

#[tokio::test]
async fn one_whom_the_server_refuses_does_not_keep_the_others_from_it() {
    let bench = connected().await;
    let refusing = |command: &str| match command.contains("nobody@") {
        true => Some("550 no such user\r\n".into()),
        false => good(command),
    };
    let server = Server::start(refusing).await;
    let both = json!({ "to": ["nobody@example.com", "ann@example.com"] });
    let run = server.notify(&bench, both, failure("sync")).await;
    run.summary();
    let warned = run.logged(Level::Warn);
    assert!(warned[0].contains("nobody@example.com") && warned[0].contains("550"), "{warned:?}");

    let only = json!({ "to": ["nobody@example.com"] });
    let run = server.notify(&bench, only, failure("other")).await;
    assert!(run.failure().contains("550 no such user"), "{}", run.failure());
    assert!(matches!(run.error, Some(JobError::Fail { .. })));
}

#[tokio::test]
async fn a_server_that_is_busy_is_tried_again_and_one_that_refuses_is_not() {
    let bench = connected().await;
    let sign_in = json!({ "user": "ann", "password_env": "MAIL_PASSWORD" });
    for (at, answer, again, told) in [
        ("", "421 too many connections", true, "421 too many"),
        ("AUTH", "535 wrong: p\"w\\d", false, "`ann` is not let in"),
        ("AUTH", "454 not now", true, "454 not now"),
        ("MAIL FROM", "451 later", true, "451 later"),
        ("MAIL DONE", "554 spam", false, "554 spam"),
        ("EHLO", "what is this", true, "not SMTP"),
    ] {
        let server = Server::start(move |command| {
            let hit = if at.is_empty() { command.is_empty() } else { command.starts_with(at) };
            if hit { Some(format!("{answer}\r\n")) } else { good(command) }
        })
        .await;
        let run = server.notify(&bench, sign_in.clone(), failure("sync")).await;
        let said = run.failure();
        assert!(said.contains(told) && !said.contains("p\"w\\d"), "{at}: {said}");
        assert_eq!(matches!(run.error, Some(JobError::Retry { .. })), again, "{at}: {said}");
    }
    let server = Server::start(|command| good(command).filter(|_| command != "MAIL DONE")).await;
    let run = server.notify(&bench, sign_in, failure("sync")).await;
    assert!(run.failure().contains("hung up"), "{}", run.failure());
}

#[tokio::test]
async fn without_tls_nobody_is_told_anything_unless_that_is_wanted() {
    let bench = connected().await;
    let server = Server::start(good).await;
    let private = json!({ "without_tls": false, "user": "ann", "password_env": "MAIL_PASSWORD" });
    let run = server.notify(&bench, private, failure("sync")).await;
    assert!(run.failure().contains("no STARTTLS"), "{}", run.failure());
    assert_eq!(server.heard(), ["EHLO [127.0.0.1]"]);
}
