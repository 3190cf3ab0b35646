//! An OpenID Connect provider of the test's own: somebody is always signed in there.

use std::{
    collections::HashMap,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    process::{Command, Stdio},
    sync::{Arc, Mutex},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::Utc;
use reqwest::Url;
use serde_json::{Value, json};

pub const CLIENT: &str = "cascade";
pub const SECRET: &str = "the client's secret";

/// What to sign wrongly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    None,
    Nonce,
    Audience,
    Expired,
    Key,
}

/// Who is signed in at the provider.
#[derive(Debug, Clone)]
pub struct Who {
    pub subject: &'static str,
    pub preferred: Option<&'static str>,
    pub email: Option<(&'static str, bool)>,
}

pub struct Provider {
    pub url: String,
    pub fault: Arc<Mutex<Fault>>,
    pub who: Arc<Mutex<Who>>,
}

/// An RSA key that OpenSSL made and signs with: not the library that the host verifies with.
struct Key {
    file: tempfile::NamedTempFile,
    modulus: String,
}

fn openssl(arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut process = Command::new("openssl")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    process.stdin.take().unwrap().write_all(input).unwrap();
    let ended = process.wait_with_output().unwrap();
    assert!(ended.status.success(), "openssl {arguments:?}");
    ended.stdout
}

impl Key {
    fn new() -> Self {
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path().to_str().unwrap();
        openssl(&["genrsa", "-out", path, "2048"], b"");
        let shown = openssl(&["rsa", "-in", path, "-noout", "-modulus"], b"");
        let shown = String::from_utf8(shown).unwrap();
        let digits = shown.trim().strip_prefix("Modulus=").unwrap();
        let pairs = (0..digits.len()).step_by(2).map(|at| &digits[at..at + 2]);
        let bytes: Vec<_> = pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect();
        Self { modulus: URL_SAFE_NO_PAD.encode(bytes), file }
    }

    fn jwk(&self) -> Value {
        json!({ "kty": "RSA", "use": "sig", "kid": "test", "n": self.modulus, "e": "AQAB" })
    }

    /// RS256.
    fn token(&self, claims: &Value) -> String {
        let header = json!({ "alg": "RS256", "kid": "test" });
        let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let message = format!("{}.{}", part(&header), part(claims));
        let key = self.file.path().to_str().unwrap();
        let signature = openssl(&["dgst", "-sha256", "-sign", key], message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

impl Provider {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let fault = Arc::new(Mutex::new(Fault::None));
        let who = Arc::new(Mutex::new(Who {
            subject: "subject-1",
            preferred: Some("Grace"),
            email: None,
        }));
        let (base, faults, someone) = (url.clone(), fault.clone(), who.clone());
        std::thread::spawn(move || {
            let (key, other) = (Key::new(), Key::new());
            let mut nonces: HashMap<String, String> = HashMap::new();
            for connection in listener.incoming() {
                let mut connection = connection.unwrap();
                let (path, body) = request(&mut connection);
                let asked = Url::parse(&format!("{base}{path}")).unwrap();
                let query: HashMap<String, String> = asked.query_pairs().into_owned().collect();
                let json = match asked.path() {
                    "/.well-known/openid-configuration" => json!({
                        "issuer": base,
                        "authorization_endpoint": format!("{base}/authorize"),
                        "token_endpoint": format!("{base}/token"),
                        "jwks_uri": format!("{base}/jwks"),
                        "response_types_supported": ["code"],
                        "subject_types_supported": ["public"],
                        "id_token_signing_alg_values_supported": ["RS256"],
                    }),
                    "/jwks" => json!({ "keys": [key.jwk()] }),
                    "/authorize" => {
                        assert_eq!(query["client_id"], CLIENT);
                        assert_eq!(query["code_challenge_method"], "S256");
                        let code = format!("code-{}", nonces.len());
                        nonces.insert(code.clone(), query["nonce"].clone());
                        let mut back = Url::parse(&query["redirect_uri"]).unwrap();
                        back.query_pairs_mut()
                            .append_pair("code", &code)
                            .append_pair("state", &query["state"]);
                        let head = format!(
                            "HTTP/1.1 302 Found\r\nlocation: {back}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                        );
                        connection.write_all(head.as_bytes()).unwrap();
                        continue;
                    }
                    "/token" => {
                        let form = Url::parse(&format!("{base}/?{body}")).unwrap();
                        let form: HashMap<String, String> =
                            form.query_pairs().into_owned().collect();
                        assert!(form["code_verifier"].len() >= 43);
                        let fault = *faults.lock().unwrap();
                        let nonce = match fault {
                            Fault::Nonce => "another".into(),
                            _ => nonces.remove(&form["code"]).unwrap(),
                        };
                        let signer = if fault == Fault::Key { &other } else { &key };
                        let token = id_token(&base, nonce, fault, signer, &someone.lock().unwrap());
                        json!({ "access_token": "a", "token_type": "Bearer", "id_token": token })
                    }
                    other => panic!("the provider was asked for {other}"),
                };
                let body = json.to_string();
                let head = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    body.len()
                );
                connection.write_all((head + &body).as_bytes()).unwrap();
            }
        });
        Self { url, fault, who }
    }
}

fn id_token(issuer: &str, nonce: String, fault: Fault, key: &Key, who: &Who) -> String {
    let now = Utc::now().timestamp();
    let mut claims = json!({
        "iss": issuer,
        "sub": who.subject,
        "aud": if fault == Fault::Audience { "somebody else" } else { CLIENT },
        "exp": now + if fault == Fault::Expired { -600 } else { 600 },
        "iat": now - 900,
        "nonce": nonce,
    });
    if let Some(preferred) = who.preferred {
        claims["preferred_username"] = preferred.into();
    }
    if let Some((email, verified)) = who.email {
        claims["email"] = email.into();
        claims["email_verified"] = verified.into();
    }
    key.token(&claims)
}

/// Path and body of a request.
fn request(connection: &mut TcpStream) -> (String, String) {
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    loop {
        let read = connection.read(&mut part).unwrap();
        bytes.extend_from_slice(&part[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("content-length").then(|| value.parse::<usize>().unwrap())
        });
        if body.len() >= length.unwrap_or(0) {
            let path = head.split(' ').nth(1).unwrap().to_owned();
            return (path, body.to_owned());
        }
    }
}
