//! IMAP servers that say what no good one does, played by a script.

#![allow(clippy::unwrap_used, reason = "a panic is the test's failure")]

use std::sync::{Arc, Mutex};

use crate::support::{messages, subjects};
use cascade_sdk::Level;
use cascade_testkit::{Run, TestBench, loopback};
use connectors_sync_cycle::ConnectorsSyncCycle;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

/// What a command is answered before its `OK`; `None` ends the connection.
type Answer = dyn Fn(&str) -> Option<Vec<u8>> + Send + Sync;

/// A server that plays a script, and what it was told.
struct Server {
    port: u16,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(
        greeting: &'static str,
        answer: impl Fn(&str) -> Option<Vec<u8>> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (told, answer): (_, Arc<Answer>) = (heard.clone(), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(play(stream, greeting, answer.clone(), told.clone()));
            }
        });
        Self { port, heard }
    }

    async fn sync(&self, bench: &TestBench, extra: Value) -> Run {
        let mut source = json!({
            "project": "demo", "name": "s", "kind": "imap", "user": "ann", "without_tls": true,
            "url": format!("imap://127.0.0.1:{}", self.port), "password_env": "MAIL_PASSWORD",
        });
        source.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        bench.run::<ConnectorsSyncCycle>(json!({ "sources": [source] })).await
    }

    fn heard(&self) -> String {
        self.heard.lock().unwrap().join("\n")
    }
}

async fn play(
    stream: TcpStream,
    greeting: &str,
    answer: Arc<Answer>,
    heard: Arc<Mutex<Vec<String>>>,
) -> Option<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(greeting.as_bytes()).await.ok()?;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        heard.lock().unwrap().push(line.trim_end().to_owned());
        let (tag, command) = line.trim_end().split_once(' ')?;
        let told = answer(command)?;
        stream.write_all(&told).await.ok()?;
        if !told.ends_with(b"ended\r\n") {
            stream.write_all(format!("{tag} OK done\r\n").as_bytes()).await.ok()?;
        }
    }
}

async fn bench() -> TestBench {
    let bench = TestBench::new().await.with_secret("MAIL_PASSWORD", "p\"w\\d");
    bench.connections(loopback);
    bench
}

/// What a server with one folder answers; `fetch` tells of mails by the set of UIDs.
fn folder(command: &str, next: u32, fetch: impl Fn(&str) -> Option<Vec<u8>>) -> Option<Vec<u8>> {
    let sizes = || (1..next).map(|uid| format!("* {uid} FETCH (UID {uid} RFC822.SIZE 90)\r\n"));
    let mut words = command.split(' ');
    match words.next()? {
        "CAPABILITY" => Some(b"* CAPABILITY IMAP4rev1\r\n".to_vec()),
        "LIST" => Some(b"* LIST () \"/\" INBOX\r\n".to_vec()),
        "EXAMINE" => Some(
            format!("* 3 EXISTS\r\n* OK [UIDVALIDITY 9] x\r\n* OK [UIDNEXT {next}] x\r\n").into(),
        ),
        "UID" if command.contains("RFC822.SIZE") => Some(sizes().collect::<String>().into()),
        "UID" => fetch(words.nth(1)?),
        _ => Some(Vec::new()),
    }
}

fn mail(uid: u32) -> Vec<u8> {
    let text =
        format!("From: a@x\r\nSubject: mail {uid}\r\nMessage-ID: <{uid}@x>\r\n\r\nhello\r\n");
    format!("* {uid} FETCH (UID {uid} BODY[] {{{}}}\r\n{text})\r\n", text.len()).into()
}

/// UIDs of a set such as `1:3,7`.
fn uids(set: &str) -> Vec<u32> {
    let run = |run: &str| {
        let (first, last) = run.split_once(':').unwrap_or((run, run));
        first.parse::<u32>().unwrap()..=last.parse().unwrap()
    };
    set.split(',').flat_map(run).collect()
}

#[tokio::test]
async fn a_mail_at_which_the_server_hangs_up_is_skipped_and_not_met_again() {
    let server = Server::start("* OK hello\r\n", |command| {
        folder(command, 6, |set| {
            let asked = uids(set);
            // It hangs up in the middle of a mail.
            let some = asked.iter().take_while(|uid| **uid != 4).flat_map(|uid| mail(*uid));
            (!asked.contains(&4)).then(|| some.collect())
        })
    })
    .await;
    let bench = bench().await;
    let run = server.sync(&bench, json!({})).await;
    assert_eq!(run.summary(), "4 new messages from 1 sources, 1 skipped");
    let warned = run.logged(Level::Warn);
    assert_eq!(warned, ["skipped INBOX, UID 4: the server ended the connection"]);
    assert_eq!(server.sync(&bench, json!({})).await.summary(), "0 new messages from 1 sources");
}

#[tokio::test]
async fn an_answer_that_nobody_can_read_costs_its_mail() {
    let server = Server::start("* OK hello\r\n", |command| {
        folder(command, 5, |set| {
            let answer = |uid: u32| match uid {
                2 => b"* 2 FETCH (UID 2 BODY[] what?)\r\n".to_vec(),
                3 => b"* 3 FETCH (UID 3 INTERNALDATE NIL BODY[] \"Subject: x\")\r\n".to_vec(),
                uid => mail(uid),
            };
            Some(uids(set).into_iter().flat_map(answer).collect())
        })
    })
    .await;
    let bench = bench().await;
    let run = server.sync(&bench, json!({})).await;
    assert_eq!(run.summary(), "2 new messages from 1 sources, 2 skipped", "{}", run.log_text());
    let unread = "the server's answer could not be read";
    let warned = run.logged(Level::Warn);
    assert_eq!(warned, [2, 3].map(|uid| format!("skipped INBOX, UID {uid}: {unread}")));
}

#[tokio::test]
async fn a_size_that_is_a_lie_costs_its_mail_alone() {
    let server = Server::start("* OK hello\r\n", |command| {
        folder(command, 4, |set| {
            let answer = |uid: u32| match uid {
                2 => {
                    let large = vec![b'x'; 40 << 20];
                    let head = format!("* 2 FETCH (UID 2 BODY[] {{{}}}\r\n", large.len());
                    [head.as_bytes(), &large, b")\r\n"].concat()
                }
                uid => mail(uid),
            };
            Some(uids(set).into_iter().flat_map(answer).collect())
        })
    })
    .await;
    let run = server.sync(&bench().await, json!({})).await;
    assert_eq!(run.summary(), "2 new messages from 1 sources, 1 skipped", "{}", run.log_text());
    assert!(run.logged(Level::Warn)[0].contains("INBOX, UID 2: no text, or more of it than"));
}

/// Also one that does not tell what the next UID will be.
#[tokio::test]
async fn a_server_without_uidnext_and_uidvalidity_is_read_whole() {
    let server = Server::start("* OK hello\r\n", |command| match command {
        "EXAMINE \"INBOX\"" => Some(b"* 3 EXISTS\r\n".to_vec()),
        other => folder(other, 4, |set| Some(uids(set).into_iter().flat_map(mail).collect())),
    })
    .await;
    let bench = bench().await;
    let run = server.sync(&bench, json!({})).await;
    assert_eq!(run.summary(), "3 new messages from 1 sources");
    assert!(run.logged(Level::Warn)[0].contains("keeps no UIDs"), "{}", run.log_text());
    assert!(server.heard().contains("UID FETCH 1:* ("), "{}", server.heard());
    assert_eq!(server.sync(&bench, json!({})).await.summary(), "0 new messages from 1 sources");
    assert_eq!(subjects(&messages(&bench).await), ["mail 1", "mail 2", "mail 3"]);
    // Quoted as IMAP wants it, since the server offers no other way.
    assert!(server.heard().contains(r#"LOGIN "ann" "p\"w\\d""#), "{}", server.heard());
}

/// Whoever stands between must not get the password by taking STARTTLS away.
#[tokio::test]
async fn without_tls_no_password_is_sent_unless_it_is_said_so() {
    for (greeting, refusal, told) in [
        ("* OK hello\r\n", "A1 NO what? ended\r\n", "begins no TLS by STARTTLS (what? ended)"),
        ("* OK hello\r\n", "A1 OK\r\n* OK ended\r\n", "went on talking while TLS was to begin"),
        ("* PREAUTH hello\r\n", "A1 NO ended\r\n", "signs everybody in before TLS"),
    ] {
        let server = Server::start(greeting, |command| match command {
            "STARTTLS" => Some(refusal.into()),
            other => folder(other, 1, |_| None),
        })
        .await;
        let run = server.sync(&bench().await, json!({"without_tls": false})).await;
        assert!(run.failure().contains(told), "{}", run.failure());
        assert!(!server.heard().contains("LOGIN"), "{}", server.heard());
    }
    let server = Server::start("* OK hello\r\n", |command| match command {
        "CAPABILITY" => Some(b"* CAPABILITY IMAP4rev1 LOGINDISABLED\r\n".to_vec()),
        other => folder(other, 1, |_| None),
    })
    .await;
    let run = server.sync(&bench().await, json!({})).await;
    assert!(run.failure().contains("takes no password over this connection"), "{}", run.failure());
    assert!(!server.heard().contains("LOGIN"), "{}", server.heard());
}

#[tokio::test]
async fn what_is_no_mail_server_is_told_by_its_first_words() {
    let server = Server::start("SSH-2.0-OpenSSH_9.2\r\n", |_| None).await;
    let run = server.sync(&bench().await, json!({})).await;
    assert!(run.failure().contains("it greets by `SSH-2.0-OpenSSH_9.2`"), "{}", run.failure());
    let server = Server::start("* BYE too many\r\n", |_| None).await;
    let run = server.sync(&bench().await, json!({})).await;
    assert!(run.failure().contains("the server turned us away: too many"), "{}", run.failure());
}
