//! Secrets are planted in jobs.toml, in the environment and in the database, and looked for in every
//! answer of every operation of the API as everybody, and in all else that the host says.

use std::{
    sync::{Arc, Mutex},
    time::Instant,
};

use cascade_test_servers::{Postgres, Redis};
use serde_json::{Map, Value, json};

use crate::{
    hooks::hmac,
    host::{Host, PATIENCE, command},
    observability::collector,
    sign_in::{Browser, answer, cli},
};

const OF_PARAMS: &str = "Planted-Param-1101";
const OF_LIST: &str = "Planted-List-1102";
const OF_CHOICE: &str = "Planted-Choice-1103";
const OF_PROGRAM: &str = "Planted-Program-1104";
const OF_ENVIRONMENT: &str = "Planted-Environment-1105";
const OF_DATABASE: &str = "Planted-Database-1106";
const OF_REDIS: &str = "Planted-Redis-1107";
const OF_OLD_RUN: &str = "Planted-Old-Run-1108";
const OF_BROKEN_FILE: &str = "Planted-Broken-1109";
const OF_UNKNOWN_JOB: &str = "Planted-Unknown-1110";
const OF_ACCOUNT: &str = "Planted-Account-1111";
const OF_HOOK: &str = "Planted-Hook-1112";
const OF_EDGE_ARG: &str = "Planted-Edge-Arg-1113";
const OF_JOIN_ARG: &str = "Planted-Join-Arg-1114";
const OF_HOOK_ARG: &str = "Planted-Hook-Arg-1115";
/// What is looked for; the last one begins every stored hash of a password.
const SECRETS: [&str; 16] = [
    OF_PARAMS,
    OF_LIST,
    OF_CHOICE,
    OF_PROGRAM,
    OF_ENVIRONMENT,
    OF_DATABASE,
    OF_REDIS,
    OF_OLD_RUN,
    OF_BROKEN_FILE,
    OF_UNKNOWN_JOB,
    OF_ACCOUNT,
    OF_HOOK,
    OF_EDGE_ARG,
    OF_JOIN_ARG,
    OF_HOOK_ARG,
    "$argon2",
];

fn jobs_toml() -> String {
    let schema = r##"
type = "object"
[jobs.JOB.executable.params_schema.properties]
place = { type = "string" }
token = { type = "string", format = "password" }
list = { type = "array", items = { "$ref" = "#/$defs/entry" } }
choice = { oneOf = [{ type = "string" }, { "$ref" = "#/$defs/entry" }] }
[jobs.JOB.executable.params_schema."$defs".entry]
type = "object"
properties = { key = { type = "string", writeOnly = true } }
[jobs.JOB.executable.args_schema]
additionalProperties = true
[jobs.JOB.executable.args_schema.properties]
token = { type = "string", writeOnly = true }
"##;
    let job = |name: &str, script: &str| {
        format!(
            "[jobs.{name}]\nmax_attempts = 1\nparams = {{ place = \"shown\", token = \"{OF_PARAMS}\", \
             list = [{{ key = \"{OF_LIST}\" }}], choice = {{ key = \"{OF_CHOICE}\" }} }}\n\
             [jobs.{name}.executable]\ncommand = [\"sh\", \"-c\", {script:?}]\n\
             env = {{ PASSWORD = \"{OF_PROGRAM}\" }}\n\
             [jobs.{name}.executable.view]\nkey = \"rows_of_{name}\"\nrow_schema = {{}}\n\
             [jobs.{name}.executable.params_schema]{}",
            schema.replace("JOB", name)
        )
    };
    // Each has got its params and its environment, or it ends otherwise than the test wants it to.
    let good = format!(
        "test ${{#PASSWORD}} = {} && grep -q Planted.Param.1101 && echo '{{\"type\":\"row\",\"data\":{{\"n\":1}}}}'",
        OF_PROGRAM.len()
    );
    let bad = "cat > /dev/null; echo nothing helps >&2; exit 65";
    let slow = "cat > /dev/null; exec sleep 3600";
    format!(
        "[projects]\none = {{}}\n[secrets]\nenv = [\"SECRET_OF_A_HOOK\"]\n[CASCADE_CHAINS]\ngood = [\"bad\"]\n\
         bad = [{{ job = \"slow\", when = \"output.go\", args = {{ token = \"'{OF_EDGE_ARG}'\" }} }}]\n\
         [CASCADE_JOINS]\nslow = {{ all_of = [\"good\", \"bad\"], args = {{ token = \"'{OF_JOIN_ARG}'\" }} }}\n\
         [hooks.viewer]\njob = \"good\"\nscheme = \"github\"\nsecrets = [\"SECRET_OF_A_HOOK\"]\n\
         when = \"body.go\"\nargs = {{ token = \"'{OF_HOOK_ARG}'\" }}\n{}{}{}",
        job("good", &good),
        job("bad", bad),
        job("slow", slow)
    )
}

/// Everything that was said, each with where.
#[derive(Default, Clone)]
struct Heard(Arc<Mutex<Vec<(String, String)>>>);

impl Heard {
    fn add(&self, place: impl Into<String>, text: impl Into<String>) {
        self.0.lock().unwrap().push((place.into(), text.into()));
    }

    fn holds_no_secret(&self) {
        let mut told = Vec::new();
        for (place, text) in &*self.0.lock().unwrap() {
            for secret in SECRETS.iter().filter(|secret| text.contains(**secret)) {
                let at = text.find(secret).unwrap();
                let around = text.floor_char_boundary(at.saturating_sub(200));
                told.push(format!("{secret} by {place}: {}", &text[around..at + secret.len()]));
            }
        }
        assert!(told.is_empty(), "{}", told.join("\n\n"));
    }

    /// Keeps what a stream says, until the host ends.
    fn follow(&self, place: &str, mut stream: reqwest::Response) {
        let (heard, place) = (self.clone(), place.to_owned());
        tokio::spawn(async move {
            while let Ok(Some(part)) = stream.chunk().await {
                heard.add(&place, String::from_utf8_lossy(&part));
            }
        });
    }

    async fn comes_to_hold(&self, place: &str, text: &str) {
        let began = Instant::now();
        let holds = || {
            let all = self.0.lock().unwrap();
            all.iter().any(|(at, said)| at == place && said.contains(text))
        };
        while !holds() {
            assert!(began.elapsed() < PATIENCE, "{place} never said {text}");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
}

/// Somebody who asks.
enum Asker {
    Session(&'static str, Browser),
    Token(String),
    Nobody,
}

impl Asker {
    fn name(&self) -> &str {
        match self {
            Self::Session(name, _) => name,
            Self::Token(_) => "token",
            Self::Nobody => "nobody",
        }
    }

    fn request(&self, host: &Host, method: &str, path: &str) -> reqwest::RequestBuilder {
        let plain = || host.client.request(method.parse().unwrap(), format!("{}{path}", host.url));
        match self {
            Self::Session(_, browser) => browser.request(host, method, path),
            Self::Token(token) => plain().bearer_auth(token),
            Self::Nobody => plain(),
        }
    }
}

/// What the operations are asked with.
struct Facts {
    project: String,
    runs: Vec<Value>,
    text: String,
    revision: String,
    problem: Value,
    delivery: String,
}

impl Facts {
    /// A value for a part of a request; `None` leaves it out.
    fn value(&self, document: &Value, schema: &Value, name: &str) -> Option<Value> {
        let target = schema["$ref"].as_str().and_then(|at| document.pointer(at.strip_prefix('#')?));
        let schema = target.unwrap_or(schema);
        if let Some(properties) = schema["properties"].as_object() {
            let fields = properties.iter().filter_map(|(name, schema)| {
                Some((name.clone(), self.value(document, schema, name)?))
            });
            return Some(Value::Object(fields.collect::<Map<_, _>>()));
        }
        let value = match name {
            "project_id" => json!(self.project),
            "id" => self.runs[0].clone(),
            "ids" => json!(self.runs),
            "text" => json!(self.text),
            "base_revision" | "revision" => json!(self.revision),
            "job_type" => json!("good"),
            "fingerprint" => self.problem.clone(),
            "until" => json!("2100-01-01T00:00:00Z"),
            "key" => json!("rows_of_good"),
            // One of a list, where the schema has one.
            "action" => schema["enum"].get(0).cloned().unwrap_or_else(|| json!("none")),
            "jobs" => json!(["good"]),
            "job" => json!("good"),
            // Would give on all that it sees.
            "edge" => {
                json!({"job": "good", "key": "string(output)", "args": {"all": "output", "asked": "args"}})
            }
            "expect" => json!(0),
            "name" => json!("viewer"),
            "password" | "new" | "current" => json!(OF_ACCOUNT),
            "role" => json!("viewer"),
            "edits" => json!([]),
            "start_now" => json!(true),
            "disabled" | "admin" => json!(false),
            "link" => json!("no link"),
            "token" => json!("planted"),
            "search" => json!("state=failed"),
            _ => return None,
        };
        Some(value)
    }

    fn path(&self, document: &Value, path: &str) -> String {
        let part = |part: &str| match part.strip_prefix('{').and_then(|part| part.strip_suffix('}'))
        {
            Some("id") if path.contains("/deliveries/") => self.delivery.clone(),
            Some(name) => {
                let value = self.value(document, &Value::Null, name);
                let value = value.unwrap_or_else(|| panic!("{path}: what is {{{name}}}?"));
                value.as_str().unwrap().to_owned()
            }
            None => part.to_owned(),
        };
        path.split('/').map(part).collect::<Vec<_>>().join("/")
    }
}

impl Facts {
    /// The query parameters that an operation cannot do without.
    fn query(&self, document: &Value, operation: &Value) -> String {
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let needed = parameters.filter(|known| known["in"] == "query" && known["required"] == true);
        let each = needed.map(|known| {
            let name = known["name"].as_str().unwrap();
            let value = self.value(document, &known["schema"], name);
            let value = value.unwrap_or_else(|| panic!("what is the parameter {name}?"));
            format!("{name}={}", value.as_str().unwrap())
        });
        let query = each.collect::<Vec<_>>().join("&");
        if query.is_empty() { query } else { format!("?{query}") }
    }
}

async fn ask(
    host: &Host,
    asker: &Asker,
    method: &str,
    path: &str,
    body: Option<&Value>,
    heard: &Heard,
) -> u16 {
    let mut request = asker.request(host, method, path);
    if let Some(body) = body {
        request = request.json(body);
    }
    let mut answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let place = format!("{method} {path} as {}: {status}", asker.name());
    heard.add(&place, format!("{:?}", answer.headers()));
    let stream =
        answer.headers().get("content-type").is_some_and(|kind| kind == "text/event-stream");
    let text = match stream {
        true => String::from_utf8_lossy(&answer.chunk().await.unwrap().unwrap()).into_owned(),
        false => answer.text().await.unwrap(),
    };
    heard.add(place, text);
    status
}

#[tokio::test]
async fn planted_secrets_are_in_no_answer_to_anybody_and_in_nothing_that_the_host_says() {
    let (heard, (otlp, spans)) = (Heard::default(), collector());
    let (postgres, redis) = (Postgres::start_secured(OF_DATABASE), Redis::start_secured(OF_REDIS));
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("jobs.toml"), jobs_toml()).unwrap();
    let (url, redis_url) = (postgres.database(), redis.url());
    let authority = redis.certificates().unwrap().authority();
    let env = [
        ("CASCADE_AUTH", "on"),
        ("DATABASE_URL", url.as_str()),
        ("REDIS_URL", &redis_url),
        ("REDIS_CA_FILE", authority.to_str().unwrap()),
        ("SECRET_OF_THE_HOST", OF_ENVIRONMENT),
        ("SECRET_OF_A_HOOK", OF_HOOK),
        ("CASCADE_LOG", "trace"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &otlp),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
        ("OTEL_BSP_SCHEDULE_DELAY", "100"),
    ];
    let host = Host::start_as(&[], folder, &["--requests-per-second", "0"], &env);

    // Everybody there is.
    let mut askers = Vec::new();
    for (name, right) in [
        ("viewer", "--project one=viewer"),
        ("editor", "--project one=editor"),
        ("owner", "--project one=owner"),
        ("admin", "--admin"),
    ] {
        let add = format!("user --database-url {url} add {name} {right} --password-stdin");
        let (good, said) = cli(&host, &add, OF_ACCOUNT);
        assert!(good, "{said}");
        heard.add(add.replace(&url, "URL"), said);
        let (status, browser) = Browser::by_password(&host, name, OF_ACCOUNT).await;
        assert_eq!(status, 200, "{name}");
        askers.push(Asker::Session(name, browser));
    }
    let Asker::Session(_, admin) = &askers[3] else { unreachable!() };
    let admin = admin.clone();
    let project = admin.get(&host, "/api/projects").await.1["items"][0]["id"].clone();
    let project = project.as_str().unwrap().to_owned();
    let token = admin.send(&host, "POST", "/api/tokens", json!({"name": "planted"})).await.1;
    askers.push(Asker::Token(token["token"].as_str().unwrap().to_owned()));
    askers.push(Asker::Nobody);

    for asker in &askers[..5] {
        let stream = asker.request(&host, "GET", "/api/events/stream?visible=true").send().await;
        heard.follow(&format!("stream of {}", asker.name()), stream.unwrap());
    }

    // Runs that end well and badly, one under way, and params that an earlier version kept.
    let body = json!({ "project_id": project });
    let run = async |job: &str| {
        let path = format!("/api/jobs/{job}/run");
        let (status, answer) = admin.send(&host, "POST", &path, body.clone()).await;
        assert_eq!(status, 202, "{answer}");
        answer["run_id"].clone()
    };
    let (good, slow) = (run("good").await, run("slow").await);
    let state = async |job: &str, state: &str| {
        let path = format!("/api/jobs/runs?job_type={job}&state={state}");
        let began = Instant::now();
        loop {
            let page = admin.get(&host, &path).await.1;
            if page["total"] == 1 {
                return page["items"][0]["id"].clone();
            }
            assert!(began.elapsed() < PATIENCE, "{job} never {state}\n{}", host.log());
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    state("good", "completed").await;
    let bad = state("bad", "failed").await;
    state("slow", "running").await;
    heard.comes_to_hold("stream of viewer", "\"bad\"").await;
    let (_, problems) = admin.get(&host, "/api/problems").await;
    let problem = problems["items"][0]["fingerprint"].clone();
    assert!(problem.is_string(), "{problems}");
    let old = format!("{{\"params\":{{\"token\":\"{OF_OLD_RUN}\",\"place\":\"{OF_OLD_RUN}\"}}}}");
    for table in ["ended_runs", "open_runs", "scheduled_jobs"] {
        let plant = format!("UPDATE {table} SET payload = '{old}'");
        postgres.sql("cascade_0", &plant);
    }

    // A delivery that makes no run.
    let signature = format!("sha256={}", hmac(OF_HOOK, "{}"));
    let sent = host.client.post(format!("{}/hooks/viewer", host.url));
    let sent = sent.header("x-hub-signature-256", signature).body("{}").send().await.unwrap();
    assert_eq!(sent.status(), 200);
    let (_, deliveries) = admin.get(&host, "/api/hooks/viewer/deliveries").await;
    let delivery = deliveries["items"][0]["id"].as_str().unwrap().to_owned();

    // Every operation of the document as everybody: first what only reads, last what may end a session.
    let (_, document) = admin.get(&host, "/api/openapi.json").await;
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            operations.push((method.to_uppercase(), path.as_str(), operation));
        }
    }
    let ends_sessions = |method: &str, path: &str| {
        method != "GET" && (method == "DELETE" || path.contains("/session"))
    };
    operations.sort_by_key(|(method, path, _)| {
        let order = ["GET", "POST", "PATCH", "PUT", "DELETE"].iter().position(|m| m == method);
        (ends_sessions(method, path), order, *path)
    });
    assert!(operations.len() >= 40, "{} operations", operations.len());
    let last = operations.iter().position(|(method, path, _)| ends_sessions(method, path)).unwrap();
    let ask_all = async |operations: &[(String, &str, &Value)]| {
        for (method, path, operation) in operations {
            for asker in &askers {
                let (_, now) = file_text(&host, asker).await;
                let text = now["text"].as_str().unwrap_or_default();
                let facts = Facts {
                    project: project.clone(),
                    runs: vec![good.clone(), bad.clone(), slow.clone()],
                    text: format!("{text}# by {}\n", asker.name()),
                    revision: now["revision"].as_str().unwrap_or("none").to_owned(),
                    problem: problem.clone(),
                    delivery: delivery.clone(),
                };
                let body = &operation["requestBody"]["content"]["application/json"]["schema"];
                let body = facts.value(&document, body, "").filter(|_| !body.is_null());
                let path = facts.path(&document, path) + &facts.query(&document, operation);
                let status = ask(&host, asker, method, &path, body.as_ref(), &heard).await;
                // An action on many runs is known to who asked for it.
                // What has succeeded is not marked as done.
                let refused = path.contains("/matching/") || path.ends_with("/done/preview");
                let known = !path.contains("oidc") && !refused;
                if method == "GET" && asker.name() == "admin" && known {
                    assert_eq!(status, 200, "{path}");
                }
            }
        }
    };
    ask_all(&operations[..last]).await;
    let file = || std::fs::read_to_string(host.folder.path().join("jobs.toml")).unwrap();
    let saved = file();
    assert!(saved.contains("# by admin"), "the text without its secrets was not saved\n{saved}");
    for secret in [OF_PARAMS, OF_LIST, OF_CHOICE, OF_PROGRAM, OF_EDGE_ARG, OF_JOIN_ARG, OF_HOOK_ARG]
    {
        assert_eq!(saved.matches(secret).count(), jobs_toml().matches(secret).count(), "{secret}");
    }

    // Files that are wrong, checked and saved by hand and through the API.
    let broken = [
        format!("{saved}\n[jobs.good2]\nparams = {{ token = \"{OF_BROKEN_FILE}"),
        format!("{saved}\n[jobs.gone]\nparams = {{ token = \"{OF_UNKNOWN_JOB}\" }}\n"),
        saved.replacen(
            &format!("token = \"{OF_PARAMS}\""),
            "token = [\"Planted-Param-1101\", 7]",
            1,
        ),
        saved.replacen("max_attempts = 1", "max_attempts = \"Planted\"", 1).replacen(
            &format!("PASSWORD = \"{OF_PROGRAM}\""),
            &format!("PASSWORD = [\"{OF_PROGRAM}\"]"),
            1,
        ),
    ];
    let asker = &askers[3];
    for (nth, text) in broken.iter().enumerate() {
        let revision = file_text(&host, asker).await.1["revision"].clone();
        for (method, path, body) in [
            ("POST", "/api/jobs/config/check", json!({ "text": text })),
            ("POST", "/api/jobs/config/rehearse", json!({ "text": text, "last_seconds": 3600 })),
            ("PUT", "/api/jobs/config/text", json!({"text": text, "base_revision": revision})),
            ("PUT", "/api/jobs/config/text", json!({"text": text, "base_revision": "another"})),
        ] {
            let status = ask(&host, asker, method, path, Some(&body), &heard).await;
            assert!([200, 409, 422].contains(&status), "{path}: {status}");
        }
        let wrong = host.folder.path().join(format!("wrong{nth}.toml"));
        std::fs::write(&wrong, text).unwrap();
        let checked = command().arg("check").arg(&wrong).output().unwrap();
        assert!(!checked.status.success(), "{nth}");
        heard.add(format!("check {nth}"), String::from_utf8_lossy(&checked.stderr));
        host.save_config(text);
        let began = Instant::now();
        while host.log().matches("jobs.toml refused").count() <= nth {
            assert!(began.elapsed() < PATIENCE, "{nth} was not refused\n{}", host.log());
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        for path in ["/api/jobs/config", "/api/jobs/config/text"] {
            assert_eq!(ask(&host, asker, "GET", path, None, &heard).await, 200);
        }
        host.save_config(&format!("{saved}# again {nth}\n"));
        let began = Instant::now();
        let rejected = async || {
            let path = "/api/jobs/config";
            let (status, config) = answer(asker.request(&host, "GET", path)).await;
            assert_eq!(status, 200);
            !config["rejected"].is_null()
        };
        while rejected().await {
            assert!(began.elapsed() < PATIENCE, "{nth} stayed refused\n{}", host.log());
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }

    let text = file_text(&host, asker).await.1["text"].clone();
    assert!(text.as_str().unwrap().contains("token = \"***\""), "{text}");
    heard.comes_to_hold("stream of admin", "config_changed").await;
    ask_all(&operations[last..]).await;
    let first_span = spans.recv_timeout(PATIENCE).expect("no spans");
    heard.add("traces", first_span.to_string());
    while let Ok(span) = spans.try_recv() {
        heard.add("traces", span.to_string());
    }
    let log = host.log();
    assert!(log.contains("TRACE"), "the log is not at its fullest");
    heard.add("log", log);
    heard.holds_no_secret();
}

/// jobs.toml as the asker may read it.
async fn file_text(host: &Host, asker: &Asker) -> (u16, Value) {
    answer(asker.request(host, "GET", "/api/jobs/config/text")).await
}
