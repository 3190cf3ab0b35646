//! Plugins connect to public addresses, and to what jobs.toml allows.

use std::{
    io::{Read, Write},
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use serde_json::{Value, json};

use crate::{host::Host, plugins::rust_library};

/// A server that sends everybody to another address, or back to its own `PORT`, and counts them.
fn redirects_to(place: &str) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let count = Arc::new(AtomicUsize::new(0));
    let (place, seen) = (place.replace("PORT", &port.to_string()), count.clone());
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let read = connection.read(&mut [0; 4096]).unwrap();
            assert!(read > 0);
            seen.fetch_add(1, Ordering::SeqCst);
            let answer = format!(
                "HTTP/1.1 302 Found\r\nlocation: {place}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            );
            connection.write_all(answer.as_bytes()).unwrap();
        }
    });
    (port, count)
}

/// What the last check of each address says went wrong.
async fn errors(host: &Host, urls: &[String]) -> Vec<Value> {
    let project_id = host.project("one").await;
    host.set_params("uptime_check", json!({"urls": urls})).await;
    let body = json!({"project_id": project_id});
    let (status, answer) = host.post("/api/jobs/uptime_check/run", body).await;
    assert_eq!(status, 202, "{answer}");
    let path = format!("/api/jobs/runs/{}", answer["run_id"].as_str().unwrap());
    let run = host.wait_for(&path, |run| run["finished_at"].is_string()).await;
    assert_eq!(run["state"], "completed", "{run}");
    let page = host.get("/api/data/uptime?sort=-at&per_page=200").await;
    let items = page["items"].as_array().unwrap();
    let of = |url: &String| items.iter().find(|item| item["url"] == **url).unwrap().clone();
    urls.iter().map(of).collect()
}

fn config(http: &str) -> String {
    let library = rust_library("uptime_check").display().to_string();
    format!(
        "plugin_files = [{library:?}]\n{http}\n[projects]\none = {{}}\n\
         [jobs.uptime_check]\nparams = {{ urls = [\"http://127.0.0.1:1/\"] }}\n"
    )
}

#[tokio::test]
async fn a_plugin_reaches_no_private_address_by_number_name_or_redirect_unless_allowed() {
    let (inner, reached) = redirects_to("http://127.0.0.1:1/");
    let host = Host::start_with(&config(""), &[]);
    let forms =
        ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0x7f.1", "0", "2130706433"];
    let mut urls: Vec<String> =
        forms.iter().map(|form| format!("http://{form}:{inner}/")).collect();
    urls.push("http://169.254.169.254/latest/meta-data/".into());
    for item in errors(&host, &urls).await {
        let said = item.to_string();
        assert!(said.contains("[http] allow"), "{said}");
    }
    assert_eq!(reached.load(Ordering::SeqCst), 0, "something was connected to");

    // Allowed while the host runs; where that sends us to is not.
    let (outer, asked) = redirects_to("http://169.254.169.254/latest/meta-data/");
    host.save_config(&config("[http]\nallow = [\"127.0.0.1\"]"));
    host.wait_for("/api/jobs/config", |config| config["http"]["allow"] == json!(["127.0.0.1/32"]))
        .await;
    let urls = vec![format!("http://127.0.0.1:{outer}/")];
    let said = errors(&host, &urls).await[0].to_string();
    assert!(said.contains("`169.254.169.254` is a metadata address"), "{said}");
    assert_eq!(asked.load(Ordering::SeqCst), 1);

    // By name, wherever it leads. A redirect to an address that is not allowed is refused too.
    host.save_config(&config("[http]\nallow = [\"localhost\"]"));
    host.wait_for("/api/jobs/config", |config| config["http"]["allow"] == json!(["localhost"]))
        .await;
    let urls = vec![format!("http://localhost:{inner}/"), format!("http://127.0.0.1:{inner}/")];
    let items = errors(&host, &urls).await;
    assert!(items[0].to_string().contains("`127.0.0.1` is a loopback address"), "{}", items[0]);
    assert_eq!(reached.load(Ordering::SeqCst), 1, "by its name, and not by its number");
    assert!(items[1].to_string().contains("`127.0.0.1` is a loopback address"), "{}", items[1]);

    // Nothing is allowed any more: not over a connection that is still open either.
    host.save_config(&config(""));
    host.wait_for("/api/jobs/config", |config| config["http"]["allow"] == json!([])).await;
    let said = errors(&host, &urls).await[0].to_string();
    assert!(said.contains("`localhost` is a loopback address"), "{said}");
}

#[tokio::test]
async fn redirects_have_an_end() {
    let (port, count) = redirects_to("http://127.0.0.1:PORT/");
    let host = Host::start_with(&config("[http]\nallow = [\"127.0.0.0/8\"]"), &[]);
    let said = errors(&host, &[format!("http://127.0.0.1:{port}/")]).await[0].to_string();
    assert!(said.contains("more than 5 redirects"), "{said}");
    assert_eq!(count.load(Ordering::SeqCst), 6);
}
