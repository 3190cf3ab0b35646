//! What a web administrator can make the machine do: nothing by checking a text, and by saving one
//! only what the operator allows.

use cascade_test_servers::Redis;
use serde_json::{Value, json};

use crate::{host::Host, plugins::c_library, topology::Topology};

/// A library whose code leaves a file behind as soon as it is loaded.
const TRAP: &str = r#"
#include <stdio.h>
__attribute__((constructor)) static void loaded(void) {
    FILE *file = fopen(PLACE, "w");
    if (file) fclose(file);
}
const void *cascade_plugin_entry(void) { return 0; }
"#;

async fn save(host: &Host, text: &str) -> (u16, Value) {
    let now = host.get("/api/jobs/config/text").await;
    let body = json!({"text": text, "base_revision": now["revision"]});
    let request = host.client.put(format!("{}/api/jobs/config/text", host.url)).json(&body);
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn checking_a_text_runs_no_code_of_it() {
    let host = Host::start_with("[projects]\none = {}\n", &[]);
    let folder = host.folder.path();
    let place = folder.join("it was loaded");
    let library = folder.join("trap.so");
    let source = folder.join("trap.c");
    std::fs::write(&source, TRAP.replace("PLACE", &format!("{:?}", place.display().to_string())))
        .unwrap();
    c_library(&source, &library, &[]);
    let text = "plugin_files = [\"trap.so\"]\n[projects]\none = {}\n[jobs.unknown]\nevery = \"1h\"\n\
                [CASCADE_CHAINS]\nunknown = [\"also_unknown\"]\n";
    for text in
        [text.to_owned(), text.replace("plugin_files = [\"trap.so\"]", "plugins_dir = \".\"")]
    {
        let (status, answer) = host.post("/api/jobs/config/check", json!({"text": text})).await;
        assert_eq!(status, 200, "{answer}");
        let said = answer["diagnostics"].as_array().unwrap();
        assert_eq!((said.len(), &said[0]["severity"]), (1, &json!("warning")), "{answer:#}");
        assert!(said[0]["message"].as_str().unwrap().contains("checked when the text is saved"));
        assert!(!place.exists(), "its code ran");
        // What is wrong without it is still wrong.
        let bad = text.replace("every = \"1h\"", "every = \"often\"");
        let (_, answer) = host.post("/api/jobs/config/check", json!({"text": bad})).await;
        assert!(answer["diagnostics"].to_string().contains("bad duration"), "{answer:#}");
    }
    // Saving loads it, as this host is alone on its machine: it is no plugin, and refused.
    let (status, answer) = save(&host, text).await;
    assert_eq!(status, 422, "{answer}");
    assert!(place.exists(), "the trap does not work");
}

const OPENING: [&str; 6] = [
    "plugins_dir = \"plugins\"\n",
    "plugin_files = [\"p.so\"]\n",
    "[jobs.x.executable]\ncommand = [\"sh\", \"-c\", \"touch pwned\"]\n",
    "[files]\nallow = [\"/\"]\n",
    "[secrets]\nenv = [\"CLOUD_KEY\"]\n",
    "[http]\nallow = [\"169.254.169.254\"]\n",
];

#[tokio::test]
async fn a_server_keeps_what_reaches_the_machine_unless_it_is_told_otherwise() {
    let config = "[projects]\none = {}\n[http]\nallow = [\"10.0.0.1\"]\n";
    let mut topology = Topology::new(Redis::start(), config);
    topology.add_server();
    let server = &topology.servers[0];
    let plain = "[projects]\none = {}\n";
    for opening in OPENING {
        let text = format!("{opening}{plain}");
        let (status, answer) = save(server, &text).await;
        assert_eq!((status, &answer["error"]["code"]), (403, &json!("forbidden")), "{answer:#}");
        assert!(answer.to_string().contains("--allow-plugins-from-ui"), "{answer:#}");
        let on_disk = std::fs::read_to_string(server.folder.path().join("jobs.toml")).unwrap();
        assert_eq!(on_disk, config);
    }
    // Other settings can be changed, and less can be opened than before.
    let (status, answer) = save(server, plain).await;
    assert_eq!(status, 200, "{answer:#}");
    server.wait_for("/api/jobs/config", |state| state["http"]["allow"] == json!([])).await;
    let (status, _) = save(server, config).await;
    assert_eq!(status, 403);

    topology.env.push(("CASCADE_ALLOW_PLUGINS_FROM_UI".into(), "true".into()));
    topology.add_server();
    let text = format!("{}{plain}", OPENING[2]);
    let (status, answer) = save(&topology.servers[1], &text).await;
    assert_eq!(status, 200, "{answer:#}");
}
