//! The page on failures says what holds, and people are told, by servers that the test runs.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

use crate::host::{Host, command, root};

/// The blocks of TOML of docs/failures.md.
fn examples() -> Vec<String> {
    let page = std::fs::read_to_string(root().join("docs/failures.md")).unwrap();
    let blocks = page.split("```toml\n").skip(1);
    blocks.map(|block| block.split("```").next().unwrap().to_owned()).collect()
}

#[test]
fn the_examples_of_the_page_are_good_files() {
    let examples = examples();
    assert!(examples.len() > 1);
    for example in examples {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("jobs.toml"), &example).unwrap();
        let mut check = command();
        for variable in ["PAGER_SECRET", "SLACK_WEBHOOK_URL", "MAIL_PASSWORD"] {
            check.env(variable, "a secret that nobody guesses");
        }
        let said = check.arg("check").current_dir(folder.path()).output().unwrap();
        let err = String::from_utf8(said.stderr).unwrap();
        assert!(said.status.success() && err.is_empty(), "{example}\n{err}");
    }
}

/// What a server was sent: the head and the body of each request.
type Heard = Arc<Mutex<Vec<String>>>;

/// Answers every request by 204.
fn web_server() -> (u16, Heard) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = Heard::default();
    let told = heard.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let mut request = String::new();
            while !request.ends_with("\r\n\r\n") {
                stream.read_line(&mut request).unwrap();
            }
            let length = request.lines().find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                name.eq_ignore_ascii_case("content-length").then(|| value.parse().unwrap())
            });
            let mut body = vec![0; length.unwrap_or(0)];
            stream.read_exact(&mut body).unwrap();
            told.lock().unwrap().push(request + &String::from_utf8(body).unwrap());
            let answer = b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";
            stream.get_mut().write_all(answer).unwrap();
        }
    });
    (port, heard)
}

/// Takes every mail.
fn mail_server() -> (u16, Heard) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = Heard::default();
    let told = heard.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            // A client that has said goodbye does not wait for the answer.
            take_mails(stream.unwrap(), &told).ok();
        }
    });
    (port, heard)
}

fn take_mails(stream: TcpStream, told: &Heard) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.get_mut().write_all(b"220 ready\r\n")?;
    let mut line = String::new();
    while stream.read_line(&mut line)? > 0 {
        if line.trim_end() == "DATA" {
            stream.get_mut().write_all(b"354 go on\r\n")?;
            let mut mail = String::new();
            while !mail.ends_with("\r\n.\r\n") {
                stream.read_line(&mut mail)?;
            }
            told.lock().unwrap().push(mail);
        }
        stream.get_mut().write_all(b"250 ok\r\n")?;
        line.clear();
    }
    Ok(())
}

#[tokio::test]
async fn people_are_told_once_that_it_is_broken_and_once_that_it_works() {
    let ((web, requests), (mail, mails)) = (web_server(), mail_server());
    let config = format!(
        r#"
[projects]
one = {{}}
[jobs.notify]
[[jobs.notify.params.webhooks]]
name = "hook"
url = "http://127.0.0.1:{web}/hook"
secret_env = "HOOK_SECRET"
[[jobs.notify.params.emails]]
name = "team"
server = "smtp://127.0.0.1:{mail}"
without_tls = true
from = "cascade@example.com"
to = ["ops@example.com"]
[secrets]
env = ["HOOK_SECRET"]
[http]
allow = ["127.0.0.1"]
"#
    );
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("jobs.toml"), config).unwrap();
    let secret = [("HOOK_SECRET", "a secret that nobody guesses")];
    let host = Host::start_as(&[], folder, &[], &secret);
    let tell = |kind: &str| {
        let args = format!(r#"{{"kind": "{kind}", "job": "sync", "not_reached": ["report"]}}"#);
        let mut process = command();
        process.args(["enqueue", "notify", "--wait", "--server", &host.url, "--args", &args]);
        let said = process.output().unwrap();
        assert!(said.status.success(), "{}\n{}", String::from_utf8_lossy(&said.stderr), host.log());
        String::from_utf8(said.stderr).unwrap()
    };
    assert!(tell("failure").contains("one: sync is broken: told hook, team"));
    assert!(tell("failure").contains("quiet: sync is broken since "));
    assert!(tell("recovered").contains("one: sync works again: told hook, team"));
    let requests = requests.lock().unwrap();
    let [broken, works] = &requests[..] else { panic!("{requests:#?}") };
    assert!(
        broken.contains("webhook-signature: v1,")
            && broken.contains("\"not_reached\":[\"report\"]")
    );
    assert!(works.contains("\"type\":\"recovered\",") && works.contains("\"failures\":2,"));
    let mails = mails.lock().unwrap();
    let [broken, works] = &mails[..] else { panic!("{mails:#?}") };
    assert!(
        broken.contains("Subject: one: sync is broken\r\n")
            && broken.contains("Not reached: report")
    );
    assert!(works.contains("Subject: one: sync works again\r\n"));
}
